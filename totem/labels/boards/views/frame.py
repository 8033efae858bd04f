"""Pages of labels: what the pages of one board share."""

from typing import Any

from django.http import HttpRequest

from totem.core import clock
from totem.labels.judging.evaluations import NoCharter, charter_of, version_for
from totem.labels.models import Board
from totem.labels.permissions import EDIT, JUDGE
from totem.territories.models import Workspace


def title_of(board: Board) -> str:
    """The title of the label that a board is for; its bare name where no version of it is published."""
    try:
        return str(charter_of(version_for(board.charter, clock.today())).title)
    except NoCharter:
        return board.charter


def workspace_of(board: Board) -> Workspace:
    """Whose board it is."""
    if board.workspace is None:
        raise ValueError(board.slug)  # the constraint `board_of_one` lets no such row be
    return board.workspace


def board_frame(request: HttpRequest, board: Board, *steps: tuple[str, str]) -> dict[str, Any]:
    """What `labels/board_base.html` needs: the board, whose it is, rights.

    `steps` are the pages between the entry or tab of the bar and this one, as (label, address).
    """
    title, workspace = title_of(board), workspace_of(board)
    return {
        "board": board,
        "workspace": workspace,
        "label_title": title,
        "subject_name": str(board.hub or board.perimeter),
        "trail": steps,
        "may_edit": request.user.has_perm(EDIT, workspace),
        "may_judge": request.user.has_perm(JUDGE, workspace),
    }
