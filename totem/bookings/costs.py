"""What a booking costs: the price of the moment for who it is for, less what their credits cover.

Credits cover its beginning or its end, whichever leaves less to pay; what is left is priced as a booking of its own. No
more of them is spent than lowers what is due, so that none is lost where a day costs the same with and without. Minutes
pay for rooms and machines, half-days of four hours for desks. Those of the local day on which it begins count.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.bookings.models import Booking
from totem.core import wording
from totem.core.periods import MINUTE, Period, intersect, local_day, local_days
from totem.hubs.queries import standing
from totem.memberships.models import CreditEntry, CreditUnit
from totem.memberships.models.credits import CreditLotQuerySet
from totem.memberships.queries import credits as credit_queries
from totem.memberships.queries.credits import Spender
from totem.organisations.models import Organisation
from totem.spaces import queries as space_queries
from totem.spaces.models import Price, Space, SpaceKind
from totem.spaces.pricing import Quote, QuoteLine, UnpricedError, addition

UNIT_OF = {
    SpaceKind.MEETING_ROOM: CreditUnit.ROOM,
    SpaceKind.EVENT_ROOM: CreditUnit.ROOM,
    SpaceKind.MACHINE: CreditUnit.MACHINE,
    SpaceKind.HOT_DESKS: CreditUnit.DAY,
    SpaceKind.FIXED_DESK: CreditUnit.DAY,
    SpaceKind.VISITING_DESKS: CreditUnit.DAY,
}
HALF_DAY = Price.Per.HALF_DAY * MINUTE


@dataclass(frozen=True)
class Payer:
    """Who a booking is priced for; a guest by their key (`Customer.guest`), where the team knows who they are."""

    person: User | None = None
    guest: str = ""
    organisation: Organisation | None = None
    uses_credits: bool = True

    @classmethod
    def of(cls, booking: Booking) -> "Payer":
        """Whose prices and credits a booking has. A guest who books alone has not proved who they are."""
        is_known = booking.person_id is None and booking.made_by_id is not None
        guest = (booking.guest_email.lower() or _spent_by(booking)) if is_known else ""
        return cls(booking.person, guest, booking.organisation, booking.uses_credits)


def _spent_by(booking: Booking) -> str:
    """The key of the guest without an address whose pass the booking has spent; else empty."""
    if not booking.credits_spent:
        return ""
    entries = CreditEntry.objects.filter(source=f"booking:{booking.pk}").order_by("-pk")
    return entries.values_list("lot__customer__guest", flat=True).first() or ""


def cost_key(due: Decimal, spent: int) -> str:
    """Names what is paid and how many grains are spent, for a page that has shown it."""
    return f"{due:.2f}.{spent}"


@dataclass(frozen=True)
class Cost:
    """`due` is what is paid; `spent` so many grains of credits, of the `available` ones."""

    due: Quote
    unit: str = ""
    spent: int = 0
    available: int = 0

    @property
    def key(self) -> str:
        """What a page has shown of it."""
        return cost_key(self.due.total, self.spent)

    @property
    def is_free(self) -> bool:
        return not self.due.total and not self.spent


@dataclass(frozen=True)
class Tariff:
    """The prices that hold for a booking of a payer, and the lots of credits that may cover it."""

    space: Space
    period: Period
    quantity: int
    prices: Sequence[Price]
    is_member: bool
    unit: str = ""
    lots: CreditLotQuerySet | None = None

    def customers(self) -> set[int]:
        """The ids of those whose credits may cover it."""
        return set() if self.lots is None else set(self.lots.order_by().values_list("customer_id", flat=True))

    def quote(self, period: Period) -> Quote:
        """The price of another period, without credits. Raises UnpricedError."""
        return space_queries.quote_at(self.space, self.prices, period, self.quantity, is_member=self.is_member)

    def cost(self, available: int | None = None) -> Cost:
        """What it costs with so many grains, else with what is left now. Raises UnpricedError."""
        full = self.quote(self.period)
        if self.lots is None or not full.total:
            return Cost(full)
        grains = credit_queries.left(self.lots) if available is None else available
        cuts = list(self._cuts())
        most = min(grains // self.quantity, len(cuts) - 1)
        best = self._due(most, cuts) if most else full
        if best.total >= full.total:
            return Cost(full, self.unit, 0, grains)
        few, many = 1, most  # the fewest that leave as little to pay
        while few < many:
            middle = (few + many) // 2
            if self._due(middle, cuts).total <= best.total:
                many = middle
            else:
                few = middle + 1
        return Cost(self._due(few, cuts), self.unit, few * self.quantity, grains)

    def _cuts(self) -> Iterator[datetime]:
        """Where each grain that covers the booking begins, and its end."""
        if self.unit == CreditUnit.DAY:
            for day in local_days(self.period, self.space.hub.zone):
                [part] = intersect([local_day(day, self.space.hub.zone)], [self.period])
                yield part.starts_at
                if part.length > HALF_DAY:
                    yield part.starts_at + HALF_DAY
        else:
            yield from (self.period.starts_at + n * MINUTE for n in range(self.period.minutes))
        yield self.period.ends_at

    def _due(self, covered: int, cuts: Sequence[datetime]) -> Quote:
        """The lower price of what is left when so many grains a unit cover the beginning, or the end."""
        if covered >= len(cuts) - 1:
            return Quote()
        ends = Period(cuts[covered], cuts[-1]), Period(cuts[0], cuts[-1 - covered])
        found = []
        for rest in ends:
            with suppress(UnpricedError):
                found.append(self.quote(rest))
        return min(found, key=lambda quote: quote.total, default=self.quote(self.period))


def tariff_of(
    space: Space,
    period: Period,
    quantity: int,
    payer: Payer,
    *,
    prices: Sequence[Price] | None = None,
    is_member: bool | None = None,
) -> Tariff:
    """The tariff of a booking; `prices` and `is_member` where the caller has read them already."""
    day = period.starts_at.astimezone(space.hub.zone).date()
    if prices is None:
        prices = space_queries.prices_during(space, period)
    if is_member is None:
        is_member = standing(payer.person, space.hub, day).is_member
    unit = UNIT_OF.get(SpaceKind(space.kind), "") if space.takes_credits else ""
    lots = None
    if unit and prices and payer.uses_credits and (payer.person or payer.guest):
        spender = Spender(space.hub, payer.person, payer.guest, payer.organisation)
        lots = credit_queries.spendable(spender, unit, day)
    return Tariff(space, period, quantity, prices, is_member, unit if lots is not None else "", lots)


def cost_if_moved(booking: Booking, tariff: Tariff) -> Cost | None:
    """What it costs at another time, with the credits that it has spent now; None where no price holds then."""
    available = credit_queries.left(tariff.lots) if tariff.lots is not None else 0
    if tariff.lots is not None and booking.credits_spent:
        spent = CreditEntry.objects.filter(source=f"booking:{booking.pk}", lot__in=tariff.lots.order_by().values("pk"))
        available -= sum(spent.values_list("quantity", flat=True))
    try:
        return tariff.cost(available)
    except UnpricedError:
        return None


def lengthened(
    booking: Booking, ends_at: datetime, tariff: Tariff, available: int | None = None
) -> tuple[QuoteLine | None, int]:
    """What lengthening adds at the prices of `tariff`, and how many more grains it spends. Raises UnpricedError.

    Both are compared with the booking priced today with the credits that it has spent. `available`: what is left.
    """
    priced_until = booking.priced_until or booking.ends_at
    if ends_at <= priced_until:
        return None, 0
    has_credits = tariff.lots is not None and (not booking.credit_unit or booking.credit_unit == tariff.unit)
    usable = tariff if has_credits else replace(tariff, lots=None)
    if available is None:
        available = credit_queries.left(tariff.lots) if has_credits and tariff.lots is not None else 0
    longer, booked = (
        replace(usable, period=Period(booking.starts_at, until)).cost(booking.credits_spent + more)
        for until, more in ((ends_at, available), (priced_until, 0))
    )
    line = addition(longer.due, booked.due, (ends_at - priced_until) // MINUTE)
    return line, max(0, min(longer.spent - booking.credits_spent, available))


# -- In words ---------------------------------------------------------------------------------------------------------


def spent_words(unit: str, quantity: int) -> str:
    """« 2 h de forfait »: so many grains of credits."""
    return _("%(quantity)s from credits") % {"quantity": credit_queries.quantity_words(unit, quantity)}


def cost_words(cost: Cost) -> str:
    """« 2 h de forfait, il en restera 6 h »: the credits that it takes; why not where there are some; else empty."""
    if not cost.unit:
        return ""
    words = {"left": credit_queries.quantity_words(cost.unit, cost.available - cost.spent)}
    if cost.spent:
        return _("%(spent)s; %(left)s will be left") % {**words, "spent": spent_words(cost.unit, cost.spent)}
    if cost.available:
        return _("No credits are used, as they would not lower the price; %(left)s are left") % words
    return ""


@credit_queries.describe_source("booking")
def name_bookings(pks: Collection[int]) -> dict[int, str]:
    """« lundi 12 octobre, salle Jules-Verne, 2 h », by id."""
    rows = Booking.objects.filter(pk__in=pks).select_related("space", "hub")
    return {
        row.pk: ", ".join(
            [
                wording.date_words(row.starts_at, row.hub.zone),
                row.space.name,
                wording.minutes_words(row.period.minutes),
            ]
        )
        for row in rows
    }
