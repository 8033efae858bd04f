"""Who may do what with boards and evidence: a workspace's rights, and what is published."""

from django.db.models import Q, QuerySet
from django.http import Http404

from totem.accounts.models import User
from totem.labels.models import Board
from totem.territories.models import Workspace
from totem.territories.permissions import EDIT, SEE, TEAM, Person, workspaces_of

KNOWN = "_boards_by_workspace"
JUDGE = TEAM  # an officer answers for what only a person can say
__all__ = ["EDIT", "JUDGE", "SEE", "board_for", "boards_of", "public_board", "public_boards"]


def board_for(person: Person, workspace: str, slug: str, permission: str = SEE) -> Board:
    """The board of that workspace if the person may do that in it. Raises Http404 for anything else."""
    rows = Board.objects.select_related("workspace", "perimeter", "hub")
    board = rows.filter(slug=slug, workspace__slug=workspace).first()
    if board is None or not person.has_perm(permission, board.workspace):
        raise Http404
    return board


def boards_of(person: User, workspace: Workspace) -> list[str]:
    """The slugs of the boards of a workspace whose bar the person has, the oldest first.

    Those of all of their own workspaces are asked together, once a request: the answer stays on the person.
    """
    known: dict[int, list[str]] | None = getattr(person, KNOWN, None)
    if known is None or workspace.pk not in known:
        known = {one.pk: [] for one in (*workspaces_of(person), workspace)}
        rows = Board.objects.filter(workspace__in=known).order_by("pk")
        for of_workspace, slug in rows.values_list("workspace__pk", "slug"):
            known[of_workspace].append(slug)
        setattr(person, KNOWN, known)
    return known[workspace.pk]


def public_boards() -> QuerySet[Board]:
    """The boards that are shown to everybody; not of a hub that is not published any more."""
    rows = Board.objects.select_related("workspace", "perimeter", "hub")
    return rows.filter(Q(hub=None) | Q(hub__is_published=True), public=True)


def public_board(slug: str) -> Board:
    """A board that is shown to everybody. Raises Http404."""
    board = public_boards().filter(slug=slug).first()
    if board is None:
        raise Http404
    return board
