"""Writes of hubs, by what they are about."""

from totem.hubs.actions.hub import (
    AddedExceptionalHours,
    HoursOverlapError,
    add_exceptional_hours,
    add_photo,
    add_zone,
    check_hours,
    create_hub,
    remove_exceptional_hours,
    remove_photo,
    remove_zone,
    set_opening_hours,
    update_hub,
    update_zone,
)
from totem.hubs.actions.partners import add_partner, remove_partner
from totem.hubs.actions.people import (
    LastManagerError,
    add_membership,
    add_team_member,
    change_team_role,
    end_membership,
    leave_hubs,
    remove_team_member,
)

__all__ = [
    "AddedExceptionalHours",
    "HoursOverlapError",
    "LastManagerError",
    "add_exceptional_hours",
    "add_membership",
    "add_partner",
    "add_photo",
    "add_team_member",
    "add_zone",
    "change_team_role",
    "check_hours",
    "create_hub",
    "end_membership",
    "leave_hubs",
    "remove_exceptional_hours",
    "remove_partner",
    "remove_photo",
    "remove_team_member",
    "remove_zone",
    "set_opening_hours",
    "update_hub",
    "update_zone",
]
