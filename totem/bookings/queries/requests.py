"""Requests that wait in a hub, and who of its team is told of them."""

from datetime import datetime

from totem.accounts.models import User
from totem.bookings.models import Booking, RequestFrequency, RequestNotification, Status
from totem.hubs.models import Hub, Role, TeamMember
from totem.hubs.permissions import WORK_DESK

TOLD_BY_DEFAULT = {Role.MANAGER, Role.DESK}


def waiting_requests(hub: Hub, now: datetime) -> list[Booking]:
    """The requests of the hub that wait for an answer, those that begin first, first."""
    rows = Booking.objects.filter(hub=hub, status=Status.PENDING, starts_at__gt=now)
    return list(rows.select_related("space", "person", "organisation").order_by("starts_at", "pk"))


def request_frequency(hub: Hub, person: User) -> RequestFrequency:
    """How the person is told of the hub's requests: as they chose, or as their role has it."""
    chosen = RequestNotification.objects.filter(hub=hub, person=person).values_list("frequency", flat=True).first()
    if chosen is not None:
        return RequestFrequency(chosen)
    is_told = TeamMember.objects.filter(hub=hub, person=person, role__in=TOLD_BY_DEFAULT).exists()
    return RequestFrequency.EACH if is_told else RequestFrequency.NEVER


def told_of_each_request(hub: Hub) -> list[User]:
    """The people of the team who answer requests and are mailed each of them."""
    team = User.objects.filter(pk__in=TeamMember.objects.filter(hub=hub).values("person"), is_active=True)
    return [
        person
        for person in team.order_by("pk")
        if person.has_perm(WORK_DESK, hub) and request_frequency(hub, person) == RequestFrequency.EACH
    ]
