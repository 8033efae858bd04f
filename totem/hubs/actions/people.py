"""Actions on the people of a hub: its team and its members."""

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.core import locks
from totem.hubs.actions.hub import record
from totem.hubs.models import Hub, Membership, Role, TeamMember


class LastManagerError(Exception):
    """The change would leave the hub without a manager."""


# -- Team -------------------------------------------------------------------------------------------------------------


def _person_at(email: str) -> User:
    person = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if person is None:
        raise ValidationError({"email": _("Nobody signs in with this address. Ask them to create an account first.")})
    return person


@transaction.atomic
def add_team_member(*, hub: Hub, email: str, role: str, by: User) -> TeamMember:
    """Give a role to the person who signs in with that address. Raises ValidationError."""
    member = TeamMember(hub=hub, person=_person_at(email), role=role)
    member.full_clean()
    member.save(force_insert=True)
    record("hubs.team_member_added", hub, by, person=member.person_id, role=str(role))
    return member


@transaction.atomic
def change_team_role(*, member: TeamMember, role: str, by: User) -> TeamMember:
    """Change a role. Raises ValidationError when the person holds the new one already, LastManagerError."""
    locks.lock(locks.LockKind.HUB, [member.hub_id])
    row = TeamMember.objects.select_related("hub").get(pk=member.pk)
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


# -- Members ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_membership(*, hub: Hub, email: str, starts_on: date, by: User, ends_on: date | None = None) -> Membership:
    """A membership of the person with that address, both days included. Raises ValidationError."""
    _check_order(starts_on, ends_on)
    membership = Membership(hub=hub, person=_person_at(email), starts_on=starts_on, ends_on=ends_on)
    membership.full_clean()
    membership.save(force_insert=True)
    record(
        "hubs.membership_added",
        hub,
        by,
        membership=membership.pk,
        person=membership.person_id,
        starts_on=str(starts_on),
        ends_on=str(ends_on) if ends_on else None,
    )
    return membership


@transaction.atomic
def end_membership(*, membership: Membership, ends_on: date, by: User) -> Membership:
    """Set the last day of a membership, earlier or later than before.

    Raises ValidationError before its start, or over another membership of the same person.
    """
    row = Membership.objects.select_related("hub").select_for_update(of=("self",)).get(pk=membership.pk)
    _check_order(row.starts_on, ends_on)
    row.ends_on = ends_on
    row.full_clean()
    row.save(update_fields=["ends_on", "updated_at"])
    record("hubs.membership_ended", row.hub, by, membership=row.pk, ends_on=str(ends_on))
    return row


@transaction.atomic
def leave_hubs(*, person: User, now: datetime) -> None:
    """Remove an erased person from all teams and end their memberships today. Raises LastManagerError."""
    for member in TeamMember.objects.filter(person=person).order_by("hub_id", "pk"):
        remove_team_member(member=member, by=person)
    for membership in Membership.objects.filter(person=person).select_related("hub").order_by("pk"):
        today = now.astimezone(membership.hub.zone).date()
        if membership.starts_on > today:
            membership.delete()
        elif membership.ends_on is None or membership.ends_on > today:
            end_membership(membership=membership, ends_on=today, by=person)


def _check_order(starts_on: date, ends_on: date | None) -> None:
    if ends_on is not None and ends_on < starts_on:
        raise ValidationError({"ends_on": _("The end is before the start.")})
