"""Booking a space and moving a booking. Every write takes the same locks in the same order; see `totem.core.locks`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.bookings import limits, mails, queries, rules, signals
from totem.bookings.actions import paying
from totem.bookings.actions.state import (
    WrongStateError,
    change_status,
    check_changeable,
    facts,
    firm_status,
    locked_booking,
    record,
)
from totem.bookings.costs import Payer, tariff_of
from totem.bookings.models import LIVE, Booking, Occupancy, Status
from totem.bookings.rules import RuleBrokenError
from totem.core import languages, locks
from totem.core import limits as policy
from totem.core.limits import Exemption, LimitReached
from totem.core.periods import MINUTE, Period
from totem.hubs.queries import Standing, standing
from totem.organisations.models import Organisation
from totem.organisations.queries import bookable_by
from totem.spaces import queries as space_queries
from totem.spaces.models import Space
from totem.spaces.rules import cancellation_deadline


class SlotTakenError(Exception):
    """The space is not free for the whole period. `queries.alternatives` gives the nearest free slots."""

    def __init__(self, space: Space, period: Period, quantity: int = 1) -> None:
        super().__init__(f"{space} is not free")
        self.space = space
        self.period = period
        self.quantity = quantity


class AudienceError(Exception):
    """The space is not open to this booker: it is reserved to members, or to the team."""


@dataclass(frozen=True)
class Guest:
    """Somebody without an account; `client` is the digest of the address they book from (`core.limits`).

    `email` may be empty where the team books for them; `phone` is E.164 or empty (`core.phones`). `key` is the
    `Customer.guest` of who has bought a pass without an address.
    """

    name: str
    email: str = ""
    client: str = ""
    phone: str = ""
    key: str = ""


@dataclass(frozen=True)
class Booker:
    """For whom a booking is (a person or a guest, possibly for an organisation) and who makes it.

    `by` is None where a guest books for themself, and the team member where the team books for somebody else.
    """

    by: User | None
    person: User | None = None
    guest: Guest | None = None
    organisation: Organisation | None = None
    uses_credits: bool = True

    @classmethod
    def oneself(cls, person: User, organisation: Organisation | None = None) -> "Booker":
        return cls(by=person, person=person, organisation=organisation)

    @property
    def for_oneself(self) -> bool:
        return self.by is not None and self.by == self.person

    @property
    def payer(self) -> Payer:
        """Whose prices and credits the booking has; a guest's where the team books for them."""
        guest = (self.guest.key or self.guest.email.lower()) if self.guest and self.by else ""
        return Payer(self.person, guest, self.organisation, self.uses_credits)

    @property
    def whose(self) -> Q:
        """The bookings for the same person, or for the guest of the same name, address and telephone."""
        if self.guest is None:
            return Q(person=self.person)
        name, email, phone = self.guest.name, self.guest.email, self.guest.phone
        return Q(person__isnull=True, guest_name__iexact=name, guest_email__iexact=email, guest_phone=phone)


def book(
    *,
    space: Space,
    period: Period,
    booker: Booker,
    now: datetime,
    quantity: int = 1,
    purpose: str = "",
    hold_for: timedelta | None = None,
    exemption: Exemption | None = None,
    shown: str = "",
) -> Booking:
    """Book `period`; the state is held (a guest, or `hold_for`), pending (approval needed) or confirmed.

    `exemption` is why it does not count in the limits; what the team books never does. `shown` is the cost that was
    shown (`costs.cost_key`), where one was. Raises RuleBrokenError, AudienceError, SlotTakenError, LimitReached or
    PriceChangedError; then nothing is written.
    """
    try:
        return _book(
            space,
            period,
            booker,
            now,
            quantity=quantity,
            purpose=purpose,
            hold_for=hold_for,
            exemption=exemption,
            shown=shown,
        )
    except IntegrityError as error:
        raise constraint_error(error, space, period, quantity) from error


def constraint_error(error: IntegrityError, space: Space, period: Period, quantity: int) -> Exception:
    """SlotTakenError for a violation of the exclusion constraint, the last line of defence; else the error itself."""
    diagnosis = getattr(error.__cause__, "diag", None)
    if diagnosis is not None and diagnosis.constraint_name == "never_twice":
        return SlotTakenError(space, period, quantity)
    return error


@policy.atomic()
def _book(
    space: Space,
    period: Period,
    booker: Booker,
    now: datetime,
    *,
    quantity: int,
    purpose: str,
    hold_for: timedelta | None,
    exemption: Exemption | None,
    shown: str,
) -> Booking:
    space, space_ids = locked_rules(space)
    stand = standing(booker.by, space.hub, period.starts_at.astimezone(space.hub.zone).date())
    _check_booker(space, booker, stand, hold_for, period)
    _check_rules(space, period, quantity, now, by_team=stand.is_team)
    status, expires_at = _first_status(space, booker, stand, hold_for, now)
    booking = Booking(
        hub=space.hub,
        space=space,
        quantity=quantity,
        status=status,
        hold_expires_at=expires_at,
        person=booker.person,
        guest_name=booker.guest.name if booker.guest else "",
        guest_email=booker.guest.email if booker.guest else "",
        guest_phone=booker.guest.phone if booker.guest else "",
        guest_language=languages.active() if booker.guest else "",
        client=booker.guest.client if booker.guest else "",
        organisation=booker.organisation,
        made_by=booker.by,
        purpose=purpose,
        uses_credits=booker.uses_credits,
    )
    _set_period(booking, period)
    is_member = stand.is_member if booker.by == booker.person else None
    tariff = tariff_of(space, period, quantity, booker.payer, is_member=is_member)
    paying.set_price(booking, tariff)
    booking.cancellable_until = _with_grace(booking, now)
    # A slot already taken is refused without waiting for the locks of concurrent bookings.
    if not queries.free_units(space, space_ids, period, quantity=quantity, now=now):
        raise SlotTakenError(space, period, quantity)
    _require_limits(booking, booker, stand, exemption, now)
    locks.lock(locks.LockKind.SPACE, space_ids)
    if space.is_pool and _has_already(space, period, booker, now):
        raise SlotTakenError(space, period, quantity)
    units = find_units(space, space_ids, period, quantity, now)
    by = booker.by.pk if booker.by else None
    if status != Status.HELD:
        paying.cover(booking, tariff, shown=shown, now=now, by=by)
    booking.save(force_insert=True)
    paying.spend(booking, tariff, now=now, by=by)
    occupy(booking, units, booking.taken_periods())
    entry = record("bookings.made", booking, booker.by, facts(booking))
    signals.made.send(Booking, booking=booking, now=now)
    if status == Status.CONFIRMED:
        signals.confirmed.send(Booking, booking=booking, now=now)
    if status != Status.HELD:
        mails.notify(booking, str(status), entry)
    return booking


def locked_rules(space: Space) -> tuple[Space, list[int]]:
    """The space with its rules, and the ids of the spaces that a booking of it takes, under the hub's shared lock.

    Changes of rules, parts or opening hours take that lock exclusively, so what is read here stays true; the lock of
    the space, for which others wait, is then held only while units are chosen and rows written.
    """
    locks.lock_shared(locks.LockKind.HUB, space.hub_id)
    space_ids = space_queries.needed_space_ids(space.pk)
    return Space.objects.select_related("hub__commune__department").get(pk=space.pk), space_ids


def _check_booker(space: Space, booker: Booker, stand: Standing, hold_for: timedelta | None, period: Period) -> None:
    if not rules.may_book(space, stand, signed_in=booker.by is not None):
        raise AudienceError
    if not stand.is_team and ((booker.by is not None and not booker.for_oneself) or hold_for is not None):
        raise AudienceError
    if hold_for is not None and not timedelta() < hold_for <= rules.LONGEST_HOLD:
        raise RuleBrokenError(_("An option lasts at most seven days."), "hold")
    day = period.starts_at.astimezone(space.hub.zone).date()
    if booker.organisation and not stand.is_team and not _may_book_for(booker, day):
        raise RuleBrokenError(_("You cannot book for this organisation."), "organisation")


def _may_book_for(booker: Booker, day: date) -> bool:
    return booker.by is not None and booker.organisation in bookable_by(booker.by, on=day)


def _has_already(space: Space, period: Period, booker: Booker, now: datetime) -> bool:
    """Whether the booker has this very booking already: a form sent twice must not take two units of a pool.

    False for visitors, who must not learn what an address they typed has booked; their holds expire by themselves.
    """
    if booker.by is None:
        return False
    return queries.same_booking(space, period, now, booker.whose) is not None


def _require_limits(
    booking: Booking, booker: Booker, stand: Standing, exemption: Exemption | None, now: datetime
) -> None:
    """Raises LimitReached; SlotTakenError where it is reached by this very booking, whose form was sent twice."""
    exemption = exemption or (policy.TEAM if stand.is_team else None)
    booking.exemption = exemption.name if exemption else ""
    try:
        limits.require_new(booking, is_member=stand.is_member, exemption=exemption, now=now)
    except LimitReached:
        if booking.space.is_pool and _has_already(booking.space, booking.period, booker, now):
            raise SlotTakenError(booking.space, booking.period, booking.quantity) from None
        raise


def _check_rules(space: Space, period: Period, quantity: int, now: datetime, *, by_team: bool) -> None:
    opening = space_queries.open_periods([space], period)[space.pk]
    for broken in rules.broken_rules(space, period, quantity=quantity, opening=opening, now=now, by_team=by_team):
        raise broken


def find_units(
    space: Space,
    space_ids: list[int],
    period: Period,
    quantity: int,
    now: datetime,
    *,
    lengthened: Booking | None = None,
) -> list[int]:
    """The ids of the units that a booking takes. Raises SlotTakenError. Call it under the locks of the spaces."""
    units = queries.free_units(space, space_ids, period, quantity=quantity, now=now, lengthened=lengthened)
    if not units:
        raise SlotTakenError(space, period, quantity)
    if any(unit.has_rows for unit in units):
        release_expired_holds(now=now, space_ids=space_ids)
    return [unit.pk for unit in units]


def _first_status(
    space: Space, booker: Booker, stand: Standing, hold_for: timedelta | None, now: datetime
) -> tuple[Status, datetime | None]:
    if booker.by is None:
        return Status.HELD, now + rules.GUEST_HOLD
    if hold_for is not None:
        return Status.HELD, now + hold_for
    return firm_status(space, by_team=stand.is_team), None


def _set_period(booking: Booking, period: Period) -> None:
    """Set the period, with the cancellation deadline computed today."""
    space = booking.space
    booking.starts_at, booking.ends_at = period
    booking.priced_until = None
    booking.cancellable_until = cancellation_deadline(space, period.starts_at)


def _with_grace(booking: Booking, now: datetime) -> datetime:
    """Until when who has just booked may cancel: the deadline, or the minutes to change one's mind if that is later."""
    grace = now + booking.space.hub.grace_minutes * MINUTE
    return max(booking.cancellable_until, min(booking.starts_at, grace))


def occupy(booking: Booking, unit_ids: list[int], spans: Sequence[tuple[Period, bool]]) -> None:
    """Write the occupancy rows of each unit: the time taken, and the buffers (True) around it."""
    Occupancy.objects.bulk_create(
        Occupancy(
            booking=booking, unit_id=unit_id, during=span, is_buffer=is_buffer, held_until=booking.hold_expires_at
        )
        for unit_id in unit_ids
        for span, is_buffer in spans
    )


def release_expired_holds(*, now: datetime, space_ids: list[int] | None = None) -> int:
    """Expire the holds that have run out, of all spaces or of those locked by the caller; returns how many.

    Rows are locked in id order, as everywhere, so that concurrent calls wait for each other and cannot deadlock.
    """
    expired = Booking.objects.filter(status=Status.HELD, hold_expires_at__lte=now)
    if space_ids is not None:
        taken = Occupancy.objects.filter(held_until__lte=now, unit__space_id__in=space_ids)
        expired = expired.filter(pk__in=taken.values("booking_id"))
    with transaction.atomic(savepoint=False):
        bookings = list(expired.order_by("pk").select_for_update(no_key=True))
        for booking in bookings:
            change_status(booking, Status.EXPIRED)
            record("bookings.expired", booking, None, {})
    return len(bookings)


def move(
    *,
    booking: Booking,
    space: Space,
    period: Period,
    by: User | None,
    now: datetime,
    by_team: bool,
    shown: str = "",
) -> Booking:
    """Move a booking to another period or another space of the hub, under today's rules and price.

    Where it stands already nothing changes: no price of today, no new approval.

    A longer one counts in the limits, unless the team moves it; its credits are given back and spent anew. Raises what
    `book` and `cancel` raise; the booking is then unchanged.
    """
    try:
        return _move(booking, space, period, by, now, by_team=by_team, shown=shown)
    except IntegrityError as error:
        raise constraint_error(error, space, period, booking.quantity) from error


@policy.atomic()
def _move(
    booking: Booking, space: Space, period: Period, by: User | None, now: datetime, *, by_team: bool, shown: str
) -> Booking:
    if space.hub_id != booking.hub_id:
        raise ValueError("A booking moves within its hub.")
    space, space_ids = locked_rules(space)
    stand = standing(by, space.hub, period.starts_at.astimezone(space.hub.zone).date())
    if not by_team:
        policy.lock(limits.taker_of(booking))
    locks.lock(locks.LockKind.SPACE, [*space_ids, *space_queries.needed_space_ids(booking.space_id)])
    row = locked_booking(booking, *LIVE)
    if row.hold_has_run_out(now):
        raise WrongStateError(_("This option has run out."))
    check_changeable(row, now, row.cancellable_until, by_team=by_team)
    if (row.space_id, row.period) == (space.pk, period):
        return row
    if not by_team and not rules.may_book(space, stand, signed_in=by is not None):
        raise AudienceError
    before = facts(row)
    row.occupancy.all().delete()
    _check_rules(space, period, row.quantity, now, by_team=by_team)
    if not by_team:
        limits.require_moved(row, period, is_member=stand.is_member, now=now)
    units = find_units(space, space_ids, period, row.quantity, now)
    row.space = space
    _set_period(row, period)
    if row.status != Status.HELD:
        row.status = firm_status(space, by_team=by_team)
    tariff = tariff_of(space, period, row.quantity, Payer.of(row))
    paying.set_price(row, tariff)
    by_id = by.pk if by else None
    if row.status != Status.HELD:
        paying.cover(row, tariff, shown=shown, now=now, by=by_id)
    row.save()
    paying.spend(row, tariff, now=now, by=by_id)
    occupy(row, units, row.taken_periods())
    entry = record("bookings.moved", row, by, {"from": before, "to": facts(row)})
    signals.moved.send(Booking, booking=row, now=now)
    if row.status != Status.HELD:
        mails.notify(row, "moved" if row.status == Status.CONFIRMED else str(row.status), entry)
    return row
