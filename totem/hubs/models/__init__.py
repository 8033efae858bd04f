"""A hub, when it is open, and its people."""

from totem.hubs.models.hub import (
    FoundingRequest,
    Hub,
    HubPhoto,
    Language,
    Partner,
    Photo,
    Zone,
    ZoneKind,
    known_zone,
)
from totem.hubs.models.opening import (
    ExceptionalHours,
    OpeningHours,
    WeeklyHoursBase,
)
from totem.hubs.models.people import (
    Membership,
    MembershipRequest,
    PersonNote,
    Role,
    TeamMember,
)

__all__ = [
    "ExceptionalHours",
    "FoundingRequest",
    "Hub",
    "HubPhoto",
    "Language",
    "Membership",
    "MembershipRequest",
    "OpeningHours",
    "Partner",
    "PersonNote",
    "Photo",
    "Role",
    "TeamMember",
    "WeeklyHoursBase",
    "Zone",
    "ZoneKind",
    "known_zone",
]
