"""Mails to a hub's team about requests: each at once, or once a day those that wait, as each member chose."""

from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import override

from totem.accounts.models import User
from totem.bookings import queries, wording
from totem.bookings.models import Booking, RequestFrequency, RequestNotification, Status
from totem.bookings.rules import DIGEST_HOUR
from totem.core import mail
from totem.core.calendar_files import Party
from totem.core.wording import period
from totem.hubs.models import Hub
from totem.hubs.permissions import WORK_DESK


def write_request(booking: Booking, *, now: datetime, occurrence: str) -> None:
    """Queue the mail about a request to each of the team who wants one, once for each occurrence; none if it is over.

    The booking comes with its space and hub.
    """
    if booking.status != Status.PENDING or booking.has_lapsed(now):
        return
    for person in queries.told_of_each_request(booking.space.hub):
        _queue(
            person,
            booking.space.hub,
            key=f"bookings.request:{booking.pk}:{occurrence}:{person.pk}",
            template="bookings/mail/request",
            requests=[booking],
        )


def write_digests(*, now: datetime) -> None:
    """Queue the day's digests that are due: in each hub's own morning, to who chose one, where something waits."""
    for choice in RequestNotification.objects.filter(frequency=RequestFrequency.DAILY).select_related("hub"):
        local = now.astimezone(choice.hub.zone)
        if local.hour >= DIGEST_HOUR and choice.is_due(local.date()):
            _write_digest(choice.pk, local.date(), now)


@transaction.atomic
def _write_digest(pk: int, day: date, now: datetime) -> None:
    """The digest of one member, and the day it was due, in one transaction: whoever runs at the same time waits."""
    rows = RequestNotification.objects.select_related("hub", "person").select_for_update(of=("self",), no_key=True)
    choice = rows.filter(pk=pk, frequency=RequestFrequency.DAILY).first()
    if choice is None or not choice.is_due(day):
        return
    choice.digest_on = day
    choice.save(update_fields=["digest_on", "updated_at"])
    waiting = queries.waiting_requests(choice.hub, now)
    if waiting and choice.person.has_perm(WORK_DESK, choice.hub):
        key = f"bookings.requests:{choice.hub_id}:{choice.person_id}:{day.isoformat()}"
        _queue(choice.person, choice.hub, key=key, template="bookings/mail/requests", requests=waiting)


def _queue(person: User, hub: Hub, *, key: str, template: str, requests: list[Booking]) -> None:
    with override(person.language):
        lines = [
            {
                "who": booking.who,
                "when": period(*booking.period, hub.zone),
                "meta": wording.listed_meta(booking),
                "url": _absolute("bookings:request", hub.slug, booking.reference),
            }
            for booking in requests
        ]
    mail.queue(
        key=key,
        to=person.email,
        language=person.language,
        template=template,
        context={
            "hub": hub,
            "lines": lines,
            "choice_url": _absolute("bookings:notifications", hub.slug),
        },
        sender=Party(hub.name, hub.email),
        links=[line["url"] for line in lines],
    )


def _absolute(route: str, *args: str) -> str:
    return f"{settings.SITE_URL}{reverse(route, args=args)}"
