"""A free slot as pages offer it: its price, and the link that books it or what has to be done first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _

from totem.bookings.addresses import book_url
from totem.bookings.queries import Slot
from totem.bookings.rights import BookingRights
from totem.spaces import queries as space_queries
from totem.spaces.pricing import Quote
from totem.spaces.wording import quote_words


@dataclass(frozen=True)
class BookingOffer:
    """`url` books it; where `advice` says why the person may not, `way` leads to what can be done."""

    url: str
    price: str
    advice: str = ""
    way: str = ""


def offers_of(slots: Sequence[tuple[Slot, int]], rights: BookingRights) -> list[BookingOffer]:
    """What the person is offered of each slot and quantity, in one query."""
    quotes = space_queries.quotes_of(
        (slot.space, slot.period, quantity, rights.is_member(slot.space.hub, _day_of(slot))) for slot, quantity in slots
    )
    return [_offer(slot, quantity, quote, rights) for (slot, quantity), quote in zip(slots, quotes, strict=True)]


def _day_of(slot: Slot) -> date:
    return slot.starts_at.astimezone(slot.space.hub.zone).date()


def _offer(slot: Slot, quantity: int, quote: Quote | None, rights: BookingRights) -> BookingOffer:
    url = book_url(slot.space, slot.period, quantity=quantity)
    if quote is None:
        hub = reverse("website:hub", args=[slot.space.hub.slug])
        return BookingOffer(url, _("price on request"), _("Ask the hub for its price"), hub)
    if advice := rights.advice(slot.space, slot.starts_at):
        return BookingOffer(url, quote_words(quote), advice, rights.way(slot.space, url))
    return BookingOffer(url, quote_words(quote))
