"""How much one person, or one network address of guests, may have booked in a hub; how many codes a mailbox receives.

What the team books, series, events and what is imported are exempt: their rows keep the exemption and are not counted.
Approving or confirming with a code adds nothing: both were counted when they were asked for.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Min
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext

from totem.bookings.models import LIVE, Booking, Status
from totem.core import limits
from totem.core.limits import EVENTS, IMPORTS, SERIES, TEAM, Amount, Exemption, Limit, Scope, Taker, TakerKind
from totem.core.models import Mail
from totem.core.periods import Period
from totem.core.wording import number
from totem.hubs.models import Hub, Membership

MEMBER = "member"
EXEMPT = frozenset({TEAM, SERIES, IMPORTS, EVENTS})
CODES_COUNTED = timedelta(hours=1)

# No booking is longer than 31 days: the index of a person's bookings is read from there on.
_TAKEN = """
SELECT count(*) FILTER (WHERE status <> 'confirmed'),
       coalesce(sum(quantity * extract(epoch FROM ends_at - greatest(starts_at, %(now)s))) / 3600, 0)
  FROM bookings_booking
 WHERE hub_id = %(hub)s AND {whose} AND exemption = '' AND status = ANY(%(live)s)
   AND ends_at > %(now)s AND starts_at > %(now)s - interval '31 days'
   AND (hold_expires_at IS NULL OR hold_expires_at > %(now)s)
"""
_WHOSE = {TakerKind.PERSON: "person_id = %(key)s", TakerKind.ADDRESS: "person_id IS NULL AND client = %(key)s"}


def _taken(taker: Taker, hub: Scope, now: datetime) -> tuple[int, Decimal]:
    """How many live bookings of the taker wait for a code or an answer, and its unit-hours ahead."""
    parameters: dict[str, Any] = {"hub": hub.pk if hub else None, "key": taker.key, "now": now, "live": list(LIVE)}
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN.format(whose=_WHOSE[taker.kind]), parameters)
        waiting, hours = cursor.fetchone()
    return waiting, hours


def unit_hours(quantity: int, period: Period, now: datetime) -> Decimal:
    """What a booking counts: its hours still to come, for each unit."""
    ahead = period.ends_at - max(period.starts_at, now)
    return Decimal(quantity * max(0, int(ahead.total_seconds()))) / 3600


def _hours_words(hours: Amount) -> str:
    return pgettext("length", "{hours}\N{NO-BREAK SPACE}h").format(hours=number(round(Decimal(hours), 1)))


def _next_hold_ends_at(taker: Taker, hub: Scope, now: datetime) -> datetime | None:
    """When the first hold runs out of an address; requests of a person end with their answer."""
    if taker.kind != TakerKind.ADDRESS:
        return None
    of_taker = Booking.objects.filter(hub_id=getattr(hub, "pk", 0), client=taker.key)
    held = of_taker.filter(status=Status.HELD, hold_expires_at__gt=now)
    first: datetime | None = held.aggregate(first=Min("hold_expires_at"))["first"]
    return first


def _codes_sent(mailbox: Taker, now: datetime) -> Any:
    codes = Mail.objects.filter(key__startswith="bookings.code:", created_at__gt=now - CODES_COUNTED)
    return codes.filter(to__iexact=mailbox.key)


def _next_code_at(mailbox: Taker, _scope: Scope, now: datetime) -> datetime | None:
    first: datetime | None = _codes_sent(mailbox, now).aggregate(first=Min("created_at"))["first"]
    return first + CODES_COUNTED if first else None


HOLDS = limits.register(
    Limit(
        "bookings.holds",
        label=_("Bookings that wait for a code or an answer"),
        defaults={"person": 3, MEMBER: 6, "address": 3},
        words=lambda count: ngettext("%(count)s booking", "%(count)s bookings", int(count)) % {"count": count},
        taken=lambda taker, hub, now: _taken(taker, hub, now)[0],
        frees_at=_next_hold_ends_at,
        scope="hubs.hub",
        exempt=EXEMPT,
    )
)
HOURS = limits.register(
    Limit(
        "bookings.hours",
        label=_("Hours booked ahead, for each place or room"),
        defaults={"person": 80, MEMBER: 240, "address": 80},
        words=_hours_words,
        taken=lambda taker, hub, now: _taken(taker, hub, now)[1],
        scope="hubs.hub",
        exempt=EXEMPT,
    )
)
CODES = limits.register(
    Limit(
        "bookings.codes",
        label=_("Codes sent within an hour"),
        defaults={"mailbox": 6},
        words=lambda count: ngettext("%(count)s code", "%(count)s codes", int(count)) % {"count": count},
        taken=lambda mailbox, _scope, now: _codes_sent(mailbox, now).count(),
        frees_at=_next_code_at,
    )
)


def taker_of(booking: Booking, *, is_member: bool = False) -> Taker:
    """Whose limits a booking counts in: its person's, or those of the address its guest booked from."""
    if booking.person_id is None:
        return Taker.address(booking.client)
    return Taker.person(booking.person_id, MEMBER if is_member else "")


def taker_in(hub: Hub, person_id: int, now: datetime) -> Taker:
    """The person as a taker in the hub today: a member or not."""
    today = now.astimezone(hub.zone).date()
    is_member = Membership.objects.on(today).filter(hub=hub, person=person_id).exists()
    return Taker.person(person_id, MEMBER if is_member else "")


def require_new(booking: Booking, *, is_member: bool, exemption: Exemption | None, now: datetime) -> None:
    """Raises LimitReached where its booker would have too much with this booking, which is not saved yet."""
    taker = taker_of(booking, is_member=is_member)
    hours = unit_hours(booking.quantity, booking.period, now)
    limits.require(HOURS, taker, adding=hours, scope=booking.hub, now=now, exemption=exemption)
    if booking.status != Status.CONFIRMED:
        limits.require(HOLDS, taker, scope=booking.hub, now=now, exemption=exemption)
    if booking.made_by is None:
        limits.require(CODES, Taker.mailbox(booking.guest_email), now=now)


def require_moved(booking: Booking, period: Period, *, is_member: bool, now: datetime) -> None:
    """Raises LimitReached where its booker would have too much with it moved to `period`; a shorter one never has.

    A booking that was exempt counts in full once its booker has made it longer.
    """
    new, old = (unit_hours(booking.quantity, one, now) for one in (period, booking.period))
    if new <= old:
        return
    adding = new if booking.exemption else new - old
    limits.require(HOURS, taker_of(booking, is_member=is_member), adding=adding, scope=booking.hub, now=now)
    booking.exemption = ""
