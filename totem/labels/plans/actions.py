"""The plan of a board: owners and due dates, the link that shares it, its contact, the label once granted."""

import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.core.edit_conflicts import check_version
from totem.core.models import assign_changes
from totem.labels.boards.actions import record
from totem.labels.models import Assignment, Board
from totem.territories.approvals import check_may_publish
from totem.territories.models import Workspace


@transaction.atomic
def assign(
    *,
    board: Board,
    requirement: str,
    seen: str,
    person: User | None = None,
    name: str = "",
    email: str = "",
    due_on: datetime.date | None = None,
    by: User,
    now: datetime.datetime,
) -> Assignment:
    """Say who is in charge of a requirement, and until when.

    An address that somebody of the team signs in with is that person. Raises ValidationError, EditConflict where the
    row is not as `seen` (empty: there was none), also where it was removed.
    """
    person = _locked(person or _of_the_team(board, email))
    held = Board.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=board.pk)
    known = Assignment.objects.select_for_update().filter(board=held, requirement=requirement).first()
    row = known or Assignment(board=held, requirement=requirement)
    check_version(row, seen)
    values: dict[str, Any] = {"person": person, "due_on": due_on, "name": "", "email": ""}
    if person is None:
        values |= {"name": name.strip(), "email": email.strip().lower()}
    if not (person or values["name"] or due_on):
        raise ValidationError(_("Say who is in charge, or until when."))
    if values["email"] and not values["name"]:
        raise ValidationError({"name": _("Say whose address this is.")})
    if due_on is not None and due_on < timezone.localdate(now) and due_on != row.due_on:
        raise ValidationError({"due_on": _("This day is past: choose one to come.")})
    changed = assign_changes(row, values)
    if changed:
        row.full_clean()
        row.save()
        record("labels.requirement_assigned", held, by, requirement=requirement, fields=changed)
    return row


def _of_the_team(board: Board, email: str) -> User | None:
    """The one of the team who signs in with that address."""
    members = User.objects.filter(workspaces__workspace=board.workspace, is_active=True)
    return members.filter(email=email.strip().lower()).first() if email.strip() else None


def _locked(person: User | None) -> User | None:
    """The person, whom nobody erases meanwhile. Raises ValidationError for an account that is closed."""
    if person is None:
        return None
    row = User.objects.select_for_update(no_key=True).filter(pk=person.pk, is_active=True).first()
    if row is None:
        raise ValidationError({"person": _("This account is closed.")})
    return row


@transaction.atomic
def unassign(*, assignment: Assignment, seen: str, by: User) -> None:
    """Nobody is in charge any more, and no day is due. Raises EditConflict when the row is not as `seen`."""
    row = Assignment.objects.select_for_update(of=("self",)).select_related("board__workspace").filter(pk=assignment.pk)
    for found in row:
        check_version(found, seen)
        record("labels.requirement_unassigned", found.board, by, requirement=found.requirement)
        found.delete()


@transaction.atomic
def set_plan_shared(*, board: Board, shared: bool, by: User) -> None:
    """Show the plan to who has its link, a new one each time; or to the team alone, whatever link others have."""
    row = Board.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=board.pk)
    if shared:
        check_may_publish(row.workspace)
        row.plan_link += 1
    if shared or row.plan_shared:
        row.plan_shared = shared
        row.save(update_fields=["plan_shared", "plan_link", "updated_at"])
        record("labels.plan_shared", row, by, shared=shared, link=row.plan_link)


@transaction.atomic
def describe_board(*, board: Board, seen: str, by: User, **values: Any) -> Board:
    """Set whom the public writes to, and when the label was granted: fields of Board.

    Raises ValidationError, EditConflict.
    """
    row = Board.objects.select_for_update().get(pk=board.pk)
    check_version(row, seen)
    changed = assign_changes(row, values)
    if changed:
        row.full_clean()
        row.save()
        record("labels.board_described", row, by, fields=changed)
    return row


# -- People -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def join_owner(*, board: Board, person: User, now: datetime.datetime) -> None:
    """What is said of the person's address on that board is theirs, now that they accepted."""
    rows = Assignment.objects.filter(board=board, email=person.email)
    rows.update(person=person, name="", email="", updated_at=now)


@transaction.atomic
def release_owner(*, workspace: Workspace, person: User, now: datetime.datetime) -> None:
    """Who has left the team is somebody without an account on its plans: no reminders, no page, until invited."""
    for row in Assignment.objects.filter(board__workspace=workspace, person=person).select_related("person"):
        released = {"person": None, "name": row.owner, "email": person.email, "updated_at": now}
        Assignment.objects.filter(pk=row.pk, person=person).update(**released)


@transaction.atomic
def forget_owner(*, person: User, now: datetime.datetime) -> None:
    """Take an erased person off the plans and the public pages; what has no due date either goes."""
    rows = Assignment.objects.filter(Q(person=person) | Q(email=person.email))
    rows.filter(due_on=None).delete()
    rows.update(person=None, name="", email="", updated_at=now)
    Board.objects.filter(contact_email__iexact=person.email).update(contact_name="", contact_email="", updated_at=now)
