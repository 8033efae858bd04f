"""What is answered to a hold or a request: the code of a guest, the team's decision, its end; and cancelling."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.bookings import limits, mails, rules, signals
from totem.bookings.actions import paying
from totem.bookings.actions.state import (
    WrongStateError,
    change_status,
    check_changeable,
    firm_status,
    lock_credits,
    locked_booking,
    record,
)
from totem.bookings.costs import Payer, tariff_of
from totem.bookings.models import LIVE, Booking, Status
from totem.bookings.reasons import Reason
from totem.core import limits as policy
from totem.core.codes import new_code, parse
from totem.core.limits import Taker


class WrongCodeError(Exception):
    """The code is wrong; `attempts_left` is how many attempts remain."""

    def __init__(self, attempts_left: int) -> None:
        super().__init__(f"{attempts_left} attempts left")
        self.attempts_left = attempts_left


def send_code(*, booking: Booking, now: datetime) -> None:
    """Send a guest the code that confirms a held booking; an earlier code becomes invalid.

    Raises WrongStateError, or LimitReached where their mailbox has received too many.
    """
    code = new_code()
    with policy.atomic():
        policy.require(limits.CODES, Taker.mailbox(booking.guest_email), now=now)
        row = locked_booking(booking, Status.HELD)
        row.code_digest = _digest(row, code)
        row.save(update_fields=["code_digest", "updated_at"])
        mails.write_code(row, code)


def _digest(booking: Booking, code: str) -> str:
    return salted_hmac("bookings.code", f"{booking.reference}:{parse(code)}", algorithm="sha256").hexdigest()


def confirm_with_code(*, booking: Booking, code: str, now: datetime) -> Booking:
    """Confirm a guest's hold. Raises WrongCodeError or WrongStateError; five wrong codes end the hold."""
    with transaction.atomic():
        row = locked_booking(booking, Status.HELD)
        if row.hold_has_run_out(now):
            raise WrongStateError(_("The time to type the code has run out. Please book again."))
        if row.code_digest and constant_time_compare(row.code_digest, _digest(row, code)):
            return _make_firm(row, by=None, now=now, by_team=False)
        row.code_attempts += 1
        row.save(update_fields=["code_attempts", "updated_at"])
        if row.code_attempts >= rules.CODE_ATTEMPTS:
            change_status(row, Status.CANCELLED)
            record("bookings.code_failed", row, None, {})
    # Raised outside the transaction, so that the counted attempt is committed.
    raise WrongCodeError(rules.CODE_ATTEMPTS - row.code_attempts)


@transaction.atomic
def confirm_hold(*, booking: Booking, by: User, now: datetime) -> Booking:
    """The team confirms an option. Raises WrongStateError."""
    row = locked_booking(booking, Status.HELD)
    if row.hold_has_run_out(now):
        raise WrongStateError(_("This option has run out."))
    return _make_firm(row, by=by, now=now, by_team=True)


@transaction.atomic
def approve(*, booking: Booking, by: User, now: datetime) -> Booking:
    """The team approves a pending booking that has not begun. Raises WrongStateError."""
    row = locked_booking(booking, Status.PENDING)
    if row.has_lapsed(now):
        raise WrongStateError(_("The time of this request has come: it can no longer be approved."))
    return _make_firm(row, by=by, now=now, by_team=True)


@transaction.atomic
def refuse(*, booking: Booking, by: User, now: datetime, reason: str, words: str = "") -> Booking:
    """The team refuses a pending booking and says why (`Reason`, and its own words); the space is free again.

    Raises WrongStateError, or ValidationError at `reason` or `reason_words`.
    """
    row = locked_booking(booking, Status.PENDING)
    _give_reason(row, reason, words)
    paying.return_credits(row, now=now, by=by.pk)
    change_status(row, Status.REFUSED)
    entry = record("bookings.refused", row, by, {"reason": reason})
    signals.refused.send(Booking, booking=row, now=now)
    mails.notify(row, str(Status.REFUSED), entry)
    return row


def _give_reason(booking: Booking, reason: str, words: str) -> None:
    if not reason:
        raise ValidationError({"reason": _("Say why: the person reads it.")})
    if reason == Reason.OTHER and not words.strip():
        raise ValidationError({"reason_words": _("Write the reason here.")})
    booking.reason, booking.reason_words = reason, words.strip()


def expire_requests(*, now: datetime) -> int:
    """Expire the requests whose time has come without an answer, and tell their authors; returns how many."""
    lapsed = Booking.objects.filter(status=Status.PENDING, starts_at__lte=now).order_by("pk")
    with transaction.atomic():
        rows = list(lapsed.select_for_update(no_key=True))
        lock_credits(rows)
        for row in rows:
            paying.return_credits(row, now=now, by=None)
            change_status(row, Status.EXPIRED)
            mails.notify(row, str(Status.EXPIRED), record("bookings.expired", row, None, {}))
    return len(rows)


@transaction.atomic
def cancel(
    *, booking: Booking, by: User | None, now: datetime, by_team: bool, reason: str = "", words: str = ""
) -> Booking:
    """Cancel a booking; its space is free again. The team says why, as in `refuse`; whoever booked it may.

    Its credits are given back, unless its own author is late and does it as one of the team.

    Raises WrongStateError after the deadline, or once they are here; ValidationError as `refuse`.
    """
    row = locked_booking(booking, *LIVE)
    check_changeable(row, now, row.withdrawn_until, by_team=by_team)
    is_by_the_hub = by_team and (by is None or by.pk != row.person_id)
    if is_by_the_hub:
        _give_reason(row, reason, words)
    else:
        row.reason_words = words.strip()
    if is_by_the_hub or now <= row.withdrawn_until:
        paying.return_credits(row, now=now, by=by.pk if by else None)
    change_status(row, Status.CANCELLED)
    entry = record("bookings.cancelled", row, by, {"reason": row.reason})
    signals.cancelled.send(Booking, booking=row, now=now)
    mails.notify(row, str(Status.CANCELLED), entry)
    return row


def _make_firm(booking: Booking, *, by: User | None, now: datetime, by_team: bool) -> Booking:
    """Confirm a hold, an option or a request, or make a guest's hold a request; announced and mailed.

    An option spends credits now: nothing was spent while it was held.
    """
    status = firm_status(booking.space, by_team=by_team)
    by_id = by.pk if by else None
    tariff = None
    if booking.status == Status.HELD and by_team:
        tariff = tariff_of(booking.space, booking.period, booking.quantity, Payer.of(booking))
        paying.cover(booking, tariff, keeps_price=True, now=now, by=by_id)
    booking.code_digest = ""
    booking.save()
    if tariff is not None:
        paying.spend(booking, tariff, now=now, by=by_id)
    change_status(booking, status)
    entry = record(f"bookings.{status}", booking, by, {})
    if status == Status.CONFIRMED:
        signals.confirmed.send(Booking, booking=booking, now=now)
    mails.notify(booking, str(status), entry)
    return booking
