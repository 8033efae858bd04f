"""Receivers of the signals about people: export and erasure of personal data."""

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from totem.accounts.actions import ErasureRefused
from totem.accounts.models import User
from totem.accounts.signals import person_erasing, personal_data_requested
from totem.hubs.actions import LastManagerError, leave_hubs
from totem.hubs.models import FoundingRequest, Membership, MembershipRequest, PersonNote, TeamMember


@receiver(person_erasing, dispatch_uid="hubs.leave")
def leave_when_erased(person: User, **_kwargs: object) -> None:
    """An erased person leaves teams; refused where a hub would lose its only manager."""
    FoundingRequest.objects.filter(person=person).delete()
    try:
        leave_hubs(person=person)
    except LastManagerError as last:
        raise ErasureRefused(_("A hub would lose its only manager: name another one first.")) from last


@receiver(personal_data_requested, dispatch_uid="hubs.places")
def give_places(person: User, **_kwargs: object) -> dict[str, Any]:
    """The person's roles in hubs and memberships, past ones too; what they asked, and what teams note of them."""
    roles = TeamMember.objects.filter(person=person).select_related("hub").order_by("pk")
    memberships = Membership.objects.filter(person=person).select_related("hub").order_by("starts_on")
    return {
        "team_roles": [{"hub": row.hub.name, "role": row.role} for row in roles],
        "memberships": [
            {
                "hub": row.hub.name,
                "from": row.starts_on.isoformat(),
                "until": row.ends_on.isoformat() if row.ends_on else None,
            }
            for row in memberships
        ],
        "requests_for_hubs": list(
            FoundingRequest.objects.filter(person=person).order_by("pk").values("name", "message", "state", "answer")
        ),
        "membership_requests": [
            {"hub": row.hub.name, "at": row.created_at.isoformat(), "message": row.message}
            for row in MembershipRequest.objects.filter(person=person).select_related("hub").order_by("pk")
        ],
        "notes_of_teams": [
            {"hub": row.hub.name, "at": row.created_at.isoformat(), "text": row.text}
            for row in PersonNote.objects.filter(person=person).select_related("hub").order_by("pk")
        ],
    }
