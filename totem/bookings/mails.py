"""Mails about bookings: requested inside the transaction that changes them, rendered and queued by a job."""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from totem.bookings.models import Booking, Status
from totem.bookings.rules import GUEST_HOLD
from totem.core import mail
from totem.core.periods import MINUTE

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


def notify(booking: Booking, event: str) -> None:
    """Queue the job that mails about `event` (a status, `moved` or `reminder`) when the transaction commits."""
    app.configure_task("bookings.tell").defer(booking_id=booking.pk, event=event)


def _headline(event: str) -> str:
    return {
        Status.CONFIRMED: _("Your booking is confirmed"),
        Status.PENDING: _("Your request has reached the hub"),
        Status.REFUSED: _("The hub cannot host you this time"),
        Status.CANCELLED: _("Your booking is cancelled"),
        "moved": _("Your booking has changed"),
        "reminder": _("We are expecting you"),
    }[event]


def _sentence(event: str) -> str:
    return {
        Status.CONFIRMED: _("The space is yours. We will remind you the day before."),
        Status.PENDING: _("The team answers each request for this space; nobody else can take it meanwhile."),
        Status.REFUSED: _("The space is not available for this request. Please look for another time or space."),
        Status.CANCELLED: _("The space is free again; nothing is due."),
        "moved": _("Here is what holds now."),
        "reminder": _("If you cannot come, please cancel: somebody else may need the space."),
    }[event]


def write(booking: Booking, event: str) -> None:
    """Queue the mail about `event`, once for each state of the booking, in its reader's language.

    The booking comes with its space, hub and person.
    """
    if booking.person is not None and booking.person.erased_at is not None:
        return
    language = booking.guest_language if booking.person is None else booking.person.language
    with translation.override(language):
        context = {"headline": _headline(event), "sentence": _sentence(event)}
    mail.queue(
        key=f"bookings.{event}:{booking.pk}:{booking.starts_at:%Y%m%dT%H%M}:{booking.space_id}",
        to=booking.guest_email if booking.person is None else booking.person.email,
        language=language,
        template="bookings/mail/news",
        context={
            **context,
            "event": event,
            "booking": booking,
            "space": booking.space,
            "hub": booking.space.hub,
            "address": address_of(booking),
        },
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
    )
