"""Actions on the people of a hub: its team, who asks to become a member, what is noted of them."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.core import limits, locks
from totem.core.limits import Taker
from totem.hubs.actions.hub import record
from totem.hubs.limits import REQUESTS
from totem.hubs.mails import write_answer, write_request
from totem.hubs.models import Hub, MembershipRequest, PersonNote, Role, TeamMember
from totem.hubs.queries import not_asking


class LastManagerError(Exception):
    """The change would leave the hub without a manager."""


# -- Team -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_team_member(*, hub: Hub, person: User, role: str, by: User) -> TeamMember:
    """Give a role to somebody. Raises ValidationError when they hold it already."""
    limits.lock(Taker.person(person.pk))
    member = TeamMember(hub=hub, person=person, role=role)
    member.full_clean()
    member.save(force_insert=True)
    record("hubs.team_member_added", hub, by, person=person.pk, role=str(role))
    return member


@transaction.atomic
def change_team_role(*, member: TeamMember, role: str, by: User) -> TeamMember:
    """Change a role. Raises ValidationError: the person holds the new one already, or none now; LastManagerError."""
    locks.lock(locks.LockKind.HUB, [member.hub_id])
    limits.lock(Taker.person(member.person_id))
    row = TeamMember.objects.select_related("hub").filter(pk=member.pk).first()
    if row is None:
        raise ValidationError(_("This role was taken away in the meantime."))
    if row.role == role:
        return row
    _keep_a_manager(row)
    before, row.role = row.role, role
    row.full_clean()
    row.save(update_fields=["role", "updated_at"])
    record("hubs.team_role_changed", row.hub, by, person=row.person_id, **{"from": before, "to": str(role)})
    return row


@transaction.atomic
def remove_team_member(*, member: TeamMember, by: User) -> None:
    """Remove a role. Raises LastManagerError."""
    locks.lock(locks.LockKind.HUB, [member.hub_id])
    row = TeamMember.objects.select_related("hub").filter(pk=member.pk).first()
    if row is None:
        return
    _keep_a_manager(row)
    row.delete()
    record("hubs.team_member_removed", row.hub, by, person=row.person_id, role=row.role)


def _keep_a_manager(member: TeamMember) -> None:
    """Raises LastManagerError. Call it under the hub's lock, which serialises two managers who leave."""
    others = TeamMember.objects.filter(hub=member.hub_id, role=Role.MANAGER, person__is_active=True)
    if member.role == Role.MANAGER and not others.exclude(pk=member.pk).exists():
        raise LastManagerError


@transaction.atomic
def leave_hubs(*, person: User) -> None:
    """Remove an erased person from all teams, and delete what is noted and asked. Raises LastManagerError."""
    hubs = Hub.objects.filter(Q(team__person=person) | Q(memberships__person=person))
    locks.lock(locks.LockKind.HUB, hubs.values_list("pk", flat=True))  # all, before any lock of the person
    for member in TeamMember.objects.filter(person=person).order_by("hub_id", "pk"):
        remove_team_member(member=member, by=person)
    PersonNote.objects.filter(person=person).delete()
    MembershipRequest.objects.filter(person=person).delete()


# -- Asking to become a member ----------------------------------------------------------------------------------------


@limits.atomic()
def ask_to_join(*, hub: Hub, person: User, message: str, now: datetime) -> MembershipRequest:
    """Ask the hub for a membership; its managers receive a mail.

    Raises ValidationError where it takes no requests, or one has asked; LimitReached.
    """
    limits.require(REQUESTS, Taker.person(person.pk), now=now)
    if reason := not_asking(hub, person, now):
        raise ValidationError(reason)
    MembershipRequest.objects.filter(hub=hub, person=person).delete()
    request = MembershipRequest.objects.create(hub=hub, person=person, message=message)
    entry = record("hubs.membership_asked", hub, person, request=request.pk)
    for manager in User.objects.filter(team_roles__hub=hub, team_roles__role=Role.MANAGER, is_active=True):
        write_request(request, manager, f"hubs.membership_asked:{entry.pk}:{manager.pk}")
    return request


@transaction.atomic
def withdraw_request(*, request: MembershipRequest, by: User) -> None:
    """Take back a request that waits."""
    if MembershipRequest.objects.filter(pk=request.pk, declined_at=None).delete()[0]:
        record("hubs.membership_request_withdrawn", request.hub, by, request=request.pk)


@transaction.atomic
def decline_request(*, request: MembershipRequest, by: User, now: datetime, reason: str = "") -> None:
    """Decline, and tell them, with the reason if there is one. Raises ValidationError."""
    row = waiting_request(request)
    row.declined_at, row.message = now, ""
    row.save(update_fields=["declined_at", "message", "updated_at"])
    record("hubs.membership_request_declined", row.hub, by, request=row.pk)
    write_answer(row.hub, row.person, f"hubs.request_declined:{row.pk}", reason=reason)


def waiting_request(request: MembershipRequest) -> MembershipRequest:
    """The request, locked. Raises ValidationError where it was answered."""
    rows = MembershipRequest.objects.select_related("hub", "person").select_for_update(of=("self",))
    row = rows.filter(pk=request.pk, declined_at=None).first()
    if row is None:
        raise ValidationError(_("This request was answered or taken back."))
    return row


# -- Notes ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_note(*, hub: Hub, person: User, text: str, by: User) -> PersonNote:
    """Note something about a person, for the team."""
    note = PersonNote.objects.create(hub=hub, person=person, author=by, text=text)
    record("hubs.note_added", hub, by, note=note.pk, person=person.pk)
    return note


@transaction.atomic
def remove_note(*, note: PersonNote, by: User) -> None:
    """Delete a note."""
    if PersonNote.objects.filter(pk=note.pk).delete()[0]:
        record("hubs.note_removed", note.hub, by, note=note.pk, person=note.person_id)
