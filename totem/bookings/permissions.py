"""Permissions on bookings. Fetching and authorising are one call; what is not allowed is a 404."""

from collections.abc import Container
from dataclasses import dataclass

from django.http import Http404

from totem.accounts.models import User
from totem.bookings.models import Booking
from totem.hubs.models import Role
from totem.hubs.permissions import SEE_DESK, WORK_DESK, Person, roles_in
from totem.spaces.models import Space


@dataclass(frozen=True)
class Access:
    """A booking and in which capacity one may see it: `by` is None for a guest; deadlines do not bind the team."""

    booking: Booking
    by: User | None
    is_own: bool
    sees_desk: bool
    by_team: bool

    @property
    def acts_for_team(self) -> bool:
        """Whether the booking is somebody else's to whom the team owes a reason."""
        return self.by_team and self.by != self.booking.person

    @property
    def may_change(self) -> bool:
        return self.is_own or self.by_team


def booking_for(person: Person, reference: str, known: Container[str] = ()) -> Access:
    """The booking of that reference, with place and people, for its person, the hub's team, or a guest.

    `known` holds the references that this browser has proved to be its guest's. Raises Http404 for everybody else.
    """
    booking = (
        Booking.objects.select_related("space__hub__commune__department", "person", "organisation")
        .filter(reference=reference)
        .first()
    )
    if booking is None:
        raise Http404
    by = person if isinstance(person, User) else None
    is_own = by == booking.person if booking.person is not None else reference in known
    hub = booking.space.hub
    access = Access(booking, by, is_own, person.has_perm(SEE_DESK, hub), person.has_perm(WORK_DESK, hub))
    if not (is_own or access.sees_desk):
        raise Http404
    return access


def space_for(person: Person, slug: str, space: str) -> Space:
    """The space of that hub, with hub, commune and department: shown to the public, or the person's own hub's.

    One query for a space that everybody may see. Raises Http404.
    """
    found = Space.objects.select_related("hub__commune__department").filter(hub__slug=slug, slug=space).first()
    if found is None or not ((found.is_active and found.hub.is_published) or roles_in(person, found.hub)):
        raise Http404
    return found


def may_book_for_others(person: Person, space: Space) -> bool:
    """Whether the person may book for others and hold options: any team role but reader."""
    return bool(roles_in(person, space.hub) - {Role.READER})
