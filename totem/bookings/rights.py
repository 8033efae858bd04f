"""What the person who looks at a page may book, and what to do about the rest."""

from datetime import date, datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.bookings.rules import audiences_of
from totem.hubs.models import Hub
from totem.hubs.queries import Standings
from totem.spaces.models import Audience, Space


class BookingRights:
    """The rights of a person, or of a visitor, in all hubs; one query at most."""

    def __init__(self, person: User | None) -> None:
        self.person = person
        self._standings = Standings(person)
        self._audiences: dict[tuple[int, date], frozenset[str]] = {}

    def may_book(self, space: Space, day: date) -> bool:
        """Whether the person belongs to those whom the space is for, on a local day of its hub."""
        key = space.hub_id, day
        if key not in self._audiences:
            standing = self._standings.on(*key)
            self._audiences[key] = audiences_of(standing, signed_in=self.person is not None)
        return space.audience in self._audiences[key]

    def may_book_once_signed_in(self, space: Space, day: date) -> bool:
        """Whether the person may book it, or a visitor may with no more than an account."""
        return space.audience == Audience.SIGNED_IN or self.may_book(space, day)

    def is_team(self, hub: Hub, day: date) -> bool:
        """Whether the person may book there at short notice and far ahead."""
        return self._standings.on(hub.pk, day).is_team

    def is_member(self, hub: Hub, day: date) -> bool:
        """Whether the person pays there what members do."""
        return self._standings.on(hub.pk, day).is_member

    def advice(self, space: Space, starts_at: datetime) -> str:
        """What keeps the person from booking the space then, and what to do; empty where nothing does."""
        if self.may_book(space, starts_at.astimezone(space.hub.zone).date()):
            return ""
        if self.person is None:
            return {
                Audience.SIGNED_IN: _("Sign in to book"),
                Audience.MEMBERS: _("Member? Sign in"),
                Audience.NETWORK: _("Member of another hub? Sign in"),
                Audience.TEAM: _("The team books it"),
            }[Audience(space.audience)]
        return {
            Audience.NETWORK: _("For members of other hubs"),
            Audience.MEMBERS: _("For members of this hub"),
        }.get(Audience(space.audience), _("The team books it"))

    def way(self, space: Space, address: str) -> str:
        """Where the advice leads: signing in, then `address` as chosen; asking to become a member; else the hub."""
        if self.person is None:
            return f"{reverse('account_login')}?{urlencode({'next': address})}"
        if space.audience == Audience.MEMBERS and space.hub.accepts_requests:
            return reverse("hubs:ask", args=[space.hub.slug])
        return reverse("website:hub", args=[space.hub.slug])
