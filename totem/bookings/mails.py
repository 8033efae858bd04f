"""Mails about bookings: requested inside the transaction that changes them, rendered and queued by a job."""

from datetime import datetime
from email.utils import parseaddr

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from totem.bookings.costs import spent_words
from totem.bookings.models import LIVE, Booking, Status
from totem.bookings.rules import GUEST_HOLD, REMINDED_AHEAD
from totem.core import mail, wording
from totem.core.calendar_files import CalendarEntry, Method, Party, calendar_file
from totem.core.models import JournalEntry
from totem.core.periods import MINUTE
from totem.hubs.models import Hub

_signer = Signer(salt="bookings.manage")


def manage_key(booking: Booking) -> str:
    """The signed key in the link of a guest's mail: its holder may see, move and cancel the booking."""
    return _signer.signature(booking.reference)


def is_manage_key(booking: Booking, key: str) -> bool:
    """Whether `key` is the valid key of this booking."""
    try:
        return _signer.unsign(f"{booking.reference}:{key}") == booking.reference
    except BadSignature:
        return False


def address_of(booking: Booking) -> str:
    """The absolute address of the booking's page; a guest's carries the key that opens it."""
    key = f"?key={manage_key(booking)}" if booking.person_id is None else ""
    return f"{plain_address_of(booking)}{key}"


def plain_address_of(booking: Booking) -> str:
    """The absolute address without the key, for people with an account."""
    return f"{settings.SITE_URL}{reverse('bookings:detail', args=[booking.reference])}"


def notify(booking: Booking, event: str, entry: JournalEntry) -> None:
    """Queue the job that mails about `event` (a status or `moved`), which `entry` records; it starts at the commit."""
    app.configure_task("bookings.tell").defer(booking_id=booking.pk, event=event, occurrence=entry.pk)


def _headline(booking: Booking, event: str) -> str:
    return {
        Status.CONFIRMED: _("Your booking is confirmed"),
        Status.PENDING: _("Your request has reached the hub"),
        Status.REFUSED: _("Your request was not accepted"),
        Status.CANCELLED: _("The hub has cancelled your booking") if booking.reason else _("Your booking is cancelled"),
        Status.EXPIRED: _("Your request had no answer in time"),
        "moved": _("Your booking has changed"),
        "personal": _("Your booking is in your own name now"),
        "reminder": _("We are expecting you"),
    }[event]


def _sentence(booking: Booking, event: str, now: datetime) -> str:
    return {
        Status.CONFIRMED: _reminder_promise(booking, now),
        Status.PENDING: _("The team answers each request for this space; nobody else can take it meanwhile."),
        Status.REFUSED: _("Nothing is booked, and nothing is due."),
        Status.CANCELLED: _("Nothing is due."),
        Status.EXPIRED: _("The hub did not answer before its time came: nothing is booked, and nothing is due."),
        "moved": _("Here is what holds now."),
        "personal": _(
            "You are no longer in the organisation that it was for. Cancel it if you do not need it any more."
        ),
        "reminder": _("If you cannot come, please cancel: somebody else may need the space.")
        if booking.can_cancel(now, by_team=False)
        else _("If you cannot come, please tell the hub: somebody else may need the space."),
    }[event]


def _reminder_promise(booking: Booking, now: datetime) -> str:
    if now < booking.starts_at - REMINDED_AHEAD:
        return _("The space is yours. We will remind you the day before.")
    return _("The space is yours.")


def _change_deadline(booking: Booking, now: datetime) -> str:
    """Until when the reader may change the booking; empty where they may not any more."""
    can_move = booking.can_move(now, by_team=False)
    if not can_move and not booking.can_cancel(now, by_team=False):
        return ""
    zone, until = booking.space.hub.zone, booking.cancellable_until if can_move else booking.withdrawn_until
    when = {"day": wording.date_words(until, zone), "hour": wording.hour(until, zone)}
    if can_move:
        return _("You may move or cancel it until %(day)s at %(hour)s.") % when
    return _("You may cancel it until %(day)s at %(hour)s.") % when


def calendar_entry(booking: Booking, url: str) -> CalendarEntry:
    """The booking for a calendar. It comes with its space, hub, commune and person; `url` is its page's address."""
    hub = booking.space.hub
    changes = JournalEntry.objects.filter(subject_model="bookings.booking", subject_id=booking.pk).count()
    status = "CONFIRMED" if booking.status == Status.CONFIRMED else "TENTATIVE"
    return CalendarEntry(
        uid=booking.reference,
        sequence=changes,
        changed_at=booking.updated_at,
        period=booking.period,
        summary=f"{booking.space.name}, {hub.name}",
        location=f"{hub.name}, {hub.street}, {hub.postcode} {hub.commune.name}",
        url=url,
        status=status if booking.status in LIVE else "CANCELLED",
        organizer=_sender(hub),
        attendee=Party(booking.who, booking.email),
    )


def _sender(hub: Hub) -> Party:
    return Party(hub.name, hub.email or parseaddr(settings.DEFAULT_FROM_EMAIL)[1])


def _invitation(booking: Booking) -> bytes:
    """What puts the booking into the reader's calendar, or takes it out; empty while it waits for the team."""
    if booking.status in {Status.PENDING, Status.HELD}:
        return b""
    method = Method.REQUEST if booking.status == Status.CONFIRMED else Method.CANCEL
    return calendar_file(calendar_entry(booking, plain_address_of(booking)), method)


def occurrence_of(booking: Booking, occurrence: int | None) -> str:
    """What a mail's key says of its occurrence: the journal entry, or without one where and when the booking begins."""
    return str(occurrence or f"{booking.starts_at:%Y%m%dT%H%M}:{booking.space_id}")


def write(booking: Booking, event: str, *, now: datetime, occurrence: int | None = None) -> None:
    """Queue the mail about `event` in its reader's language: once for each occurrence, or a reminder for each start.

    None where there is nobody to write to: an erased person, a guest without an address. The booking comes with its
    space, hub, commune and person.
    """
    if not booking.email or (booking.person is not None and booking.person.erased_at is not None):
        return
    hub = booking.space.hub
    language = booking.guest_language if booking.person is None else booking.person.language
    with translation.override(language):
        reason = booking.given_reason if booking.reason else ""  # what the team said
        words = {
            "headline": _headline(booking, event),
            "sentence": _sentence(booking, event, now),
            "deadline": _change_deadline(booking, now),
            "reason": reason,
            "credits": spent_words(booking.credit_unit, booking.credits_spent) if booking.credits_spent else "",
        }
    mail.queue(
        key=f"bookings.{event}:{booking.pk}:{occurrence_of(booking, occurrence)}",
        to=booking.email,
        language=language,
        template="bookings/mail/news",
        context={
            **words,
            "event": event,
            "booking": booking,
            "space": booking.space,
            "hub": hub,
            "address": address_of(booking),
        },
        sender=Party(hub.name, hub.email),
        links=[*hub.mail_note.split(), *reason.split()],  # the team means them
        calendar=b"" if event == "reminder" else _invitation(booking),
    )


def write_code(booking: Booking, code: str) -> None:
    """Queue the mail with the code that confirms a guest's hold."""
    mail.queue(
        key=f"bookings.code:{booking.pk}:{booking.code_digest[:16]}",
        to=booking.guest_email,
        language=booking.guest_language,
        template="bookings/mail/code",
        context={
            "booking": booking,
            "space": booking.space,
            "hub": booking.space.hub,
            "code": code,
            "hold_minutes": GUEST_HOLD // MINUTE,
        },
        sender=Party(booking.space.hub.name, booking.space.hub.email),
    )
