"""All bookings of a hub, as its team filters them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Case, Count, F, Q, Sum, Value, When
from django.db.models.functions import Coalesce

from totem.bookings.models import Booking, BookingQuerySet, Status
from totem.core import codes
from totem.core.periods import local_day
from totem.core.sort_keys import words_begin
from totem.hubs.models import Hub
from totem.spaces.models import Space

NO_SHOW = "no_show"
BY_NAME = Coalesce(F("person__sort_key"), F("guest_key"), Value(""))
ORDERS = {
    "latest": ("-starts_at", "-pk"),
    "first": ("starts_at", "pk"),
    "made": ("-created_at", "-pk"),
    "name": (BY_NAME, "-starts_at", "-pk"),
}


@dataclass(frozen=True)
class BookingFilter:
    """What a list of bookings is narrowed to; the days are those on which they begin, both included.

    `state` is a Status as it holds now, whatever a job has written yet, or NO_SHOW: confirmed, nobody arrived, and over
    or marked as absent. `order` is a key of ORDERS; without one, what is not over comes first, the next at the top,
    and then what is over, the last at the top.
    """

    words: str = ""
    space: Space | None = None
    state: str = ""
    first_day: date | None = None
    last_day: date | None = None
    order: str = ""


@dataclass(frozen=True)
class BookingTotals:
    """How many bookings a list has, how many of them are confirmed, and the sum of the prices of these in euros."""

    count: int
    confirmed: int
    amount: Decimal


def bookings_of(hub: Hub, wanted: BookingFilter, now: datetime, *, with_contact: bool) -> BookingQuerySet:
    """The bookings of the hub that answer to the filter, in its order, with space, person and organisation.

    `with_contact`: whether who asks may read addresses; for others a whole address finds nothing, as it confirms one.
    """
    found = Booking.objects.filter(hub=hub).select_related("space", "person", "organisation")
    if wanted.words:
        found = found.filter(_of_words(wanted.words, with_contact=with_contact))
    if wanted.space:
        found = found.filter(space=wanted.space)
    if wanted.state:
        found = found.filter(_in_state(wanted.state, now))
    if wanted.first_day:
        found = found.filter(starts_at__gte=local_day(wanted.first_day, hub.zone).starts_at)
    if wanted.last_day:
        found = found.filter(starts_at__lt=local_day(wanted.last_day, hub.zone).ends_at)
    ahead = Case(When(ends_at__gt=now, then=F("starts_at")))  # NULL, which stands last, once it is over
    return found.order_by(*ORDERS.get(wanted.order, (ahead, *ORDERS["latest"])))


def _of_words(words: str, *, with_contact: bool) -> Q:
    """A name of a person, guest or organisation in words that begin it, a whole address, or a reference."""
    typed = words.strip()
    names = (words_begin(typed, key) for key in ("person__sort_key", "guest_key", "organisation__sort_key"))
    found = Q(reference=codes.parse(typed))
    if with_contact:
        found |= Q(person__email__iexact=typed) | Q(guest_email__iexact=typed)
    for name in names:
        found |= name
    return found


def _in_state(state: str, now: datetime) -> Q:
    lapsed = Q(status=Status.PENDING, starts_at__lte=now) | Q(status=Status.HELD, hold_expires_at__lte=now)
    if state == NO_SHOW:
        absent = Q(no_show_at__isnull=False) | Q(ends_at__lte=now)
        return Q(absent, status=Status.CONFIRMED, checked_in_at__isnull=True)
    if state == Status.EXPIRED:
        return Q(status=Status.EXPIRED) | lapsed
    return Q(status=state) & ~lapsed


def booking_totals(bookings: BookingQuerySet) -> BookingTotals:
    """The totals of the list, in one query."""
    confirmed = Q(status=Status.CONFIRMED)
    found = bookings.order_by().aggregate(
        count=Count("pk"), confirmed=Count("pk", filter=confirmed), amount=Sum("price", filter=confirmed)
    )
    return BookingTotals(found["count"], found["confirmed"], found["amount"] or Decimal(0))
