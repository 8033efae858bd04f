"""Actions on bookings. Every write takes the same locks in the same order; see `totem.core.locks`."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, Value
from django.db.models.functions import Concat, Lower
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.bookings import limits, mails, queries, rules, signals
from totem.bookings.models import EARLY_ARRIVAL, LIVE, Booking, Occupancy, Status
from totem.bookings.rules import RuleBrokenError
from totem.core import journal, languages, locks
from totem.core import limits as policy
from totem.core.limits import Exemption, LimitReached, Taker
from totem.core.models import JournalEntry
from totem.core.periods import MINUTE, Period, local_day
from totem.hubs.models import Hub
from totem.hubs.queries import Standing, standing
from totem.organisations.models import Organisation
from totem.organisations.queries import bookable_by
from totem.spaces import queries as space_queries
from totem.spaces.models import Space
from totem.spaces.pricing import UnpricedError
from totem.spaces.rules import cancellation_deadline

ERASED = "@erased.invalid"


class SlotTakenError(Exception):
    """The space is not free for the whole period. `queries.alternatives` gives the nearest free slots."""

    def __init__(self, space: Space, period: Period, quantity: int = 1) -> None:
        super().__init__(f"{space} is not free")
        self.space = space
        self.period = period
        self.quantity = quantity


class AudienceError(Exception):
    """The space is not open to this booker: it is reserved to members, or to the team."""


class WrongStateError(Exception):
    """The state of the booking does not allow this action; `message` says why."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class WrongCodeError(Exception):
    """The code is wrong; `attempts_left` is how many attempts remain."""

    def __init__(self, attempts_left: int) -> None:
        super().__init__(f"{attempts_left} attempts left")
        self.attempts_left = attempts_left


@dataclass(frozen=True)
class Guest:
    """Somebody without an account; `client` is the digest of the address they book from (`core.limits`)."""

    name: str
    email: str
    client: str = ""


@dataclass(frozen=True)
class Booker:
    """For whom a booking is (a person or a guest, possibly for an organisation) and who makes it.

    `by` is None where a guest books for themself, and the team member where the team books for somebody else.
    """

    by: User | None
    person: User | None = None
    guest: Guest | None = None
    organisation: Organisation | None = None

    @classmethod
    def oneself(cls, person: User, organisation: Organisation | None = None) -> "Booker":
        return cls(by=person, person=person, organisation=organisation)

    @property
    def for_oneself(self) -> bool:
        return self.by is not None and self.by == self.person


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
) -> Booking:
    """Book `period`; the state is held (a guest, or `hold_for`), pending (approval needed) or confirmed.

    `exemption` is why it does not count in the limits; what the team books never does. Raises RuleBrokenError,
    AudienceError, SlotTakenError or LimitReached; then nothing is written.
    """
    try:
        return _book(
            space, period, booker, now, quantity=quantity, purpose=purpose, hold_for=hold_for, exemption=exemption
        )
    except IntegrityError as error:
        raise _constraint_error(error, space, period, quantity) from error


def _constraint_error(error: IntegrityError, space: Space, period: Period, quantity: int) -> Exception:
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
) -> Booking:
    space, space_ids = _locked_rules(space)
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
        guest_language=languages.active() if booker.guest else "",
        client=booker.guest.client if booker.guest else "",
        organisation=booker.organisation,
        made_by=booker.by,
        purpose=purpose,
    )
    _set_period(booking, period)
    booking.cancellable_until = _with_grace(booking, now)
    # A slot already taken is refused without waiting for the locks of concurrent bookings.
    if not queries.free_units(space, space_ids, period, quantity=quantity, now=now):
        raise SlotTakenError(space, period, quantity)
    _require_limits(booking, booker, stand, exemption, now)
    locks.lock(locks.LockKind.SPACE, space_ids)
    if space.is_pool and _has_already(space, period, booker, now):
        raise SlotTakenError(space, period, quantity)
    units = _find_units(space, space_ids, period, quantity, now)
    booking.save(force_insert=True)
    _occupy(booking, units)
    entry = _record("bookings.made", booking, booker.by, _facts(booking))
    signals.made.send(Booking, booking=booking, now=now)
    if status == Status.CONFIRMED:
        signals.confirmed.send(Booking, booking=booking, now=now)
    if status != Status.HELD:
        mails.notify(booking, str(status), entry)
    return booking


def _locked_rules(space: Space) -> tuple[Space, list[int]]:
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
    email = booker.guest.email if booker.guest else ""
    return queries.same_booking(space, period, now, person=booker.person, guest_email=email) is not None


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


def _find_units(space: Space, space_ids: list[int], period: Period, quantity: int, now: datetime) -> list[int]:
    """The ids of the units that a booking takes. Raises SlotTakenError. Call it under the locks of the spaces."""
    release_expired_holds(now=now, space_ids=space_ids)
    units = queries.free_units(space, space_ids, period, quantity=quantity, now=now)
    if not units:
        raise SlotTakenError(space, period, quantity)
    return units


def _first_status(
    space: Space, booker: Booker, stand: Standing, hold_for: timedelta | None, now: datetime
) -> tuple[Status, datetime | None]:
    if booker.by is None:
        return Status.HELD, now + rules.GUEST_HOLD
    if hold_for is not None:
        return Status.HELD, now + hold_for
    return _firm_status(space, by_team=stand.is_team), None


def _firm_status(space: Space, *, by_team: bool) -> Status:
    return Status.PENDING if space.needs_approval and not by_team else Status.CONFIRMED


def _set_period(booking: Booking, period: Period) -> None:
    """Set the period, with the price and the cancellation deadline computed today."""
    space = booking.space
    try:
        price = space_queries.quote_of(space, period, quantity=booking.quantity)
    except UnpricedError as error:
        raise RuleBrokenError(_("No price is known yet for this date. Please ask the team."), "day") from error
    booking.starts_at, booking.ends_at = period
    booking.price, booking.vat = price.total, price.vat
    booking.price_lines = [line.as_json() for line in price.lines]
    booking.cancellable_until = cancellation_deadline(space, period.starts_at)


def _with_grace(booking: Booking, now: datetime) -> datetime:
    """Until when who has just booked may cancel: the deadline, or the minutes to change one's mind if that is later."""
    grace = now + booking.space.hub.grace_minutes * MINUTE
    return max(booking.cancellable_until, min(booking.starts_at, grace))


def _occupy(booking: Booking, unit_ids: list[int]) -> None:
    """Write the occupancy rows of each unit: the period taken, and the buffers before and after it."""
    Occupancy.objects.bulk_create(
        Occupancy(
            booking=booking, unit_id=unit_id, during=span, is_buffer=is_buffer, held_until=booking.hold_expires_at
        )
        for unit_id in unit_ids
        for span, is_buffer in booking.taken_periods()
    )


def _facts(booking: Booking) -> dict[str, Any]:
    return {
        "space": booking.space_id,
        "starts_at": booking.starts_at.isoformat(),
        "ends_at": booking.ends_at.isoformat(),
        "quantity": booking.quantity,
        "status": str(booking.status),
        "price": str(booking.price),
        "organisation": booking.organisation_id,
        "person": booking.person_id,
    }


def _record(verb: str, booking: Booking, by: User | None, facts: dict[str, Any]) -> JournalEntry:
    return journal.record(verb, booking, actor_id=by.pk if by else None, scope=Hub(pk=booking.hub_id), facts=facts)


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
            _change(booking, Status.EXPIRED)
            _record("bookings.expired", booking, None, {})
    return len(bookings)


def _change(booking: Booking, status: Status) -> None:
    booking.status = status
    booking.hold_expires_at = None
    booking.save(update_fields=["status", "hold_expires_at", "updated_at"])


def _locked_booking(booking: Booking, *states: Status) -> Booking:
    """The booking's row, locked; raises WrongStateError when it is in none of `states`."""
    row = (
        Booking.objects.select_related("space__hub__commune__department")
        .select_for_update(of=("self",), no_key=True)
        .get(pk=booking.pk)
    )
    if row.status not in states:
        message = _("This booking is already in another state: %(status)s.")
        raise WrongStateError(message % {"status": row.get_status_display()})
    return row


# -- Guests: the code sent by mail ------------------------------------------------------------------------------------


def send_code(*, booking: Booking, now: datetime) -> None:
    """Send a guest the six-digit code that confirms a held booking; an earlier code becomes invalid.

    Raises WrongStateError, or LimitReached where their mailbox has received too many.
    """
    code = f"{secrets.randbelow(10**6):06}"
    with policy.atomic():
        policy.require(limits.CODES, Taker.mailbox(booking.guest_email), now=now)
        row = _locked_booking(booking, Status.HELD)
        row.code_digest = _digest(row, code)
        row.save(update_fields=["code_digest", "updated_at"])
        mails.write_code(row, code)


def _digest(booking: Booking, code: str) -> str:
    return salted_hmac("bookings.code", f"{booking.reference}:{code}", algorithm="sha256").hexdigest()


def confirm_with_code(*, booking: Booking, code: str, now: datetime) -> Booking:
    """Confirm a guest's hold. Raises WrongCodeError or WrongStateError; five wrong codes end the hold."""
    with transaction.atomic():
        row = _locked_booking(booking, Status.HELD)
        if row.hold_has_run_out(now):
            raise WrongStateError(_("The time to type the code has run out. Please book again."))
        if row.code_digest and constant_time_compare(row.code_digest, _digest(row, code)):
            return _make_firm(row, by=None, now=now, by_team=False)
        row.code_attempts += 1
        row.save(update_fields=["code_attempts", "updated_at"])
        if row.code_attempts >= rules.CODE_ATTEMPTS:
            _change(row, Status.CANCELLED)
            _record("bookings.code_failed", row, None, {})
    # Raised outside the transaction, so that the counted attempt is committed.
    raise WrongCodeError(rules.CODE_ATTEMPTS - row.code_attempts)


def _make_firm(booking: Booking, *, by: User | None, now: datetime, by_team: bool) -> Booking:
    status = _firm_status(booking.space, by_team=by_team)
    booking.code_digest = ""
    booking.save(update_fields=["code_digest"])
    _change(booking, status)
    entry = _record(f"bookings.{status}", booking, by, {})
    if status == Status.CONFIRMED:
        signals.confirmed.send(Booking, booking=booking, now=now)
    mails.notify(booking, str(status), entry)
    return booking


# -- Decisions --------------------------------------------------------------------------------------------------------


@transaction.atomic
def confirm_hold(*, booking: Booking, by: User, now: datetime) -> Booking:
    """The team confirms an option. Raises WrongStateError."""
    row = _locked_booking(booking, Status.HELD)
    if row.hold_has_run_out(now):
        raise WrongStateError(_("This option has run out."))
    return _make_firm(row, by=by, now=now, by_team=True)


@transaction.atomic
def approve(*, booking: Booking, by: User, now: datetime) -> Booking:
    """The team approves a pending booking that has not begun. Raises WrongStateError."""
    row = _locked_booking(booking, Status.PENDING)
    if row.has_lapsed(now):
        raise WrongStateError(_("The time of this request has come: it can no longer be approved."))
    return _make_firm(row, by=by, now=now, by_team=True)


@transaction.atomic
def refuse(*, booking: Booking, by: User, now: datetime) -> Booking:
    """The team refuses a pending booking; the space is free again. Raises WrongStateError."""
    row = _locked_booking(booking, Status.PENDING)
    _change(row, Status.REFUSED)
    entry = _record("bookings.refused", row, by, {})
    signals.refused.send(Booking, booking=row, now=now)
    mails.notify(row, str(Status.REFUSED), entry)
    return row


def expire_requests(*, now: datetime) -> int:
    """Expire the requests whose time has come without an answer, and tell their authors; returns how many."""
    lapsed = Booking.objects.filter(status=Status.PENDING, starts_at__lte=now).order_by("pk")
    with transaction.atomic():
        rows = list(lapsed.select_for_update(no_key=True))
        for row in rows:
            _change(row, Status.EXPIRED)
            mails.notify(row, str(Status.EXPIRED), _record("bookings.expired", row, None, {}))
    return len(rows)


@transaction.atomic
def cancel(*, booking: Booking, by: User | None, now: datetime, by_team: bool) -> Booking:
    """Cancel a booking; its space is free again. Raises WrongStateError after the deadline, or once they are here."""
    row = _locked_booking(booking, *LIVE)
    _check_changeable(row, now, row.withdrawn_until, by_team=by_team)
    _change(row, Status.CANCELLED)
    entry = _record("bookings.cancelled", row, by, {})
    signals.cancelled.send(Booking, booking=row, now=now)
    mails.notify(row, str(Status.CANCELLED), entry)
    return row


def _check_changeable(booking: Booking, now: datetime, until: datetime, *, by_team: bool) -> None:
    if booking.has_lapsed(now):
        raise WrongStateError(_("The time of this request has come."))
    if booking.checked_in_at is not None:
        raise WrongStateError(_("They have already arrived."))
    if booking.ends_at <= now:
        raise WrongStateError(_("This booking is over."))
    if not by_team and now > until:
        raise WrongStateError(_("It is too late to change this booking. Please call the hub."))


def move(*, booking: Booking, space: Space, period: Period, by: User | None, now: datetime, by_team: bool) -> Booking:
    """Move a booking to another period or another space of the hub, under today's rules and price.

    Where it stands already nothing changes: no price of today, no new approval.

    A longer one counts in the limits, unless the team moves it. Raises what `book` and `cancel` raise; the booking is
    then unchanged.
    """
    try:
        return _move(booking, space, period, by, now, by_team=by_team)
    except IntegrityError as error:
        raise _constraint_error(error, space, period, booking.quantity) from error


@policy.atomic()
def _move(booking: Booking, space: Space, period: Period, by: User | None, now: datetime, *, by_team: bool) -> Booking:
    if space.hub_id != booking.hub_id:
        raise ValueError("A booking moves within its hub.")
    space, space_ids = _locked_rules(space)
    stand = standing(by, space.hub, period.starts_at.astimezone(space.hub.zone).date())
    if not by_team:
        policy.lock(limits.taker_of(booking))
    locks.lock(locks.LockKind.SPACE, [*space_ids, *space_queries.needed_space_ids(booking.space_id)])
    row = _locked_booking(booking, *LIVE)
    if row.hold_has_run_out(now):
        raise WrongStateError(_("This option has run out."))
    _check_changeable(row, now, row.cancellable_until, by_team=by_team)
    if (row.space_id, row.period) == (space.pk, period):
        return row
    if not by_team and not rules.may_book(space, stand, signed_in=by is not None):
        raise AudienceError
    before = _facts(row)
    row.occupancy.all().delete()
    _check_rules(space, period, row.quantity, now, by_team=by_team)
    if not by_team:
        limits.require_moved(row, period, is_member=stand.is_member, now=now)
    units = _find_units(space, space_ids, period, row.quantity, now)
    row.space = space
    _set_period(row, period)
    if row.status != Status.HELD:
        row.status = _firm_status(space, by_team=by_team)
    row.save()
    _occupy(row, units)
    entry = _record("bookings.moved", row, by, {"from": before, "to": _facts(row)})
    signals.moved.send(Booking, booking=row, now=now)
    if row.status != Status.HELD:
        mails.notify(row, "moved" if row.status == Status.CONFIRMED else str(row.status), entry)
    return row


# -- Privacy ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def anonymise_person(*, person: User, now: datetime) -> None:
    """Cancel the future bookings of an erased person and erase what they wrote; the rows stay for the figures."""
    to_come = Booking.objects.live().filter(person=person, ends_at__gt=now, checked_in_at__isnull=True)
    for booking in to_come.order_by("pk"):
        cancel(booking=booking, by=person, now=now, by_team=True)
    Booking.objects.filter(person=person).update(purpose="")


def anonymise_guests(*, now: datetime) -> int:
    """Erase the name and address of guests a year after their booking ended; returns how many bookings."""
    over = Booking.objects.filter(person__isnull=True, ends_at__lt=now - rules.GUESTS_KEPT)
    return over.exclude(guest_email__endswith=ERASED).update(
        guest_name="–", guest_email=Concat(Lower("reference"), Value(ERASED)), purpose=""
    )


def erase_clients(*, now: datetime) -> int:
    """Erase the digests of network addresses from bookings that no longer count; returns how many."""
    over = Q(ends_at__lte=now) | ~Q(status__in=LIVE) | Q(hold_expires_at__lte=now)
    return Booking.objects.filter(over).exclude(client="").update(client="")


# -- At the desk ------------------------------------------------------------------------------------------------------


@transaction.atomic
def check_in(*, booking: Booking, by: User, now: datetime) -> Booking:
    """Record the arrival, on the day of the booking or at most two hours before it. Raises WrongStateError."""
    row = _locked_booking(booking, Status.CONFIRMED)
    if row.checked_in_at is not None:
        raise WrongStateError(_("They have already arrived."))
    first_day = local_day(row.starts_at.astimezone(row.space.hub.zone).date(), row.space.hub.zone)
    if now < min(first_day.starts_at, row.starts_at - EARLY_ARRIVAL):
        raise WrongStateError(_("This booking is not today."))
    if now >= row.ends_at:
        raise WrongStateError(_("This booking is over."))
    row.checked_in_at = now
    row.save(update_fields=["checked_in_at", "updated_at"])
    _record("bookings.checked_in", row, by, {})
    signals.checked_in.send(Booking, booking=row, now=now)
    return row


@transaction.atomic
def undo_check_in(*, booking: Booking, by: User) -> Booking:
    """Take back a check-in made by mistake. Raises WrongStateError when not checked in, or already checked out."""
    row = _locked_booking(booking, Status.CONFIRMED)
    if row.checked_in_at is None or row.checked_out_at is not None:
        raise WrongStateError(_("They are not here."))
    row.checked_in_at = None
    row.save(update_fields=["checked_in_at", "updated_at"])
    _record("bookings.check_in_undone", row, by, {})
    return row


@transaction.atomic
def check_out(*, booking: Booking, by: User, now: datetime) -> Booking:
    """Record the departure. Raises WrongStateError when not checked in."""
    row = _locked_booking(booking, Status.CONFIRMED)
    if row.checked_in_at is None or row.checked_out_at is not None:
        raise WrongStateError(_("They are not here."))
    row.checked_out_at = max(now, row.checked_in_at)
    row.save(update_fields=["checked_out_at", "updated_at"])
    _record("bookings.checked_out", row, by, {})
    return row
