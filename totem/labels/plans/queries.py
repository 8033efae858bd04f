"""The plan of a board: what is missing in order of effort, who does it, until when."""

import datetime
from dataclasses import dataclass

from django.core.signing import Signer
from django.db.models import QuerySet
from django.http import Http404
from django.utils.crypto import constant_time_compare

from totem.accounts.models import User
from totem.labels.boards.judged import Judged
from totem.labels.boards.showing import ShownRequirement
from totem.labels.models import Assignment, Board
from totem.labels.permissions import SEE
from totem.territories.models import WorkspaceState
from totem.territories.permissions import Person

_signer = Signer(salt="labels.plan")
REMINDED_AHEAD = datetime.timedelta(days=7)


@dataclass(frozen=True)
class PlanRow:
    """What is missing, who is in charge of it, until when."""

    shown: ShownRequirement
    assignment: Assignment | None

    @property
    def is_late(self) -> bool:
        due_on = self.assignment.due_on if self.assignment else None
        return due_on is not None and due_on < self.shown.judged.day

    @property
    def has_owner(self) -> bool:
        return self.assignment is not None and bool(self.assignment.owner)

    def is_of(self, person: Person) -> bool:
        """Whether that account is in charge."""
        return self.assignment is not None and self.assignment.person == person


def assignments_of(board: Board) -> dict[str, Assignment]:
    """The owners and due dates of a board, by requirement."""
    return {row.requirement: row for row in Assignment.objects.filter(board=board).select_related("person")}


def plan_of(judged: Judged) -> list[PlanRow]:
    """What is missing on a judged board, in order of effort, each with its owner and due date."""
    known = assignments_of(judged.board)
    return [PlanRow(one, known.get(one.asked.id)) for one in judged.missing]


def due_around(today: datetime.date) -> QuerySet[Assignment]:
    """What is due within a week, or was in the last one, and has an account in charge, to be reminded."""
    days = (today - REMINDED_AHEAD, today + REMINDED_AHEAD)
    return Assignment.objects.filter(due_on__range=days, person__is_active=True).select_related("person")


def plan_for(person: Person, workspace: str, slug: str) -> Board:
    """The board whose plan the person may read: of its team, or in charge of something there. Raises Http404."""
    rows = Board.objects.select_related("workspace", "perimeter", "hub").filter(workspace__slug=workspace, slug=slug)
    board = rows.first()
    if board is None or not (person.has_perm(SEE, board.workspace) or _is_owner(person, board)):
        raise Http404
    return board


def _is_owner(person: Person, board: Board) -> bool:
    return isinstance(person, User) and Assignment.objects.filter(board=board, person=person).exists()


def plan_key(board: Board) -> str:
    """The signed key of the link that shows the plan; another one each time it is shared again."""
    return _signer.signature(f"{board.pk}:{board.plan_link}")


def shared_board(slug: str, key: str) -> Board:
    """The board whose plan is shared by that link.

    Raises Http404, also once the link is taken back, and while the workspace may not publish.
    """
    rows = Board.objects.select_related("workspace", "perimeter", "hub").filter(slug=slug, plan_shared=True)
    board = rows.filter(workspace__state=WorkspaceState.TRUSTED).first()
    if board is None or not constant_time_compare(plan_key(board), key):
        raise Http404
    return board
