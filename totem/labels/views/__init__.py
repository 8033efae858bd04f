"""Pages of labels: what the pages of one board share."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from totem.core import clock
from totem.core.components import Tab
from totem.labels.evaluating import NoCharter, charter_of, version_for
from totem.labels.models import Board
from totem.labels.permissions import EDIT, JUDGE
from totem.territories.views import trail


def title_of(board: Board) -> str:
    """The title of the label that a board is for; its bare name where no version of it is published."""
    try:
        return str(charter_of(version_for(board.charter, clock.today())).title)
    except NoCharter:
        return board.charter


def board_frame(request: HttpRequest, board: Board, current: str, *steps: tuple[str, str]) -> dict[str, Any]:
    """What `labels/board_base.html` needs: the board, its tabs with the `current` one, the way back, rights.

    `current` is a name of `TABS`; `steps` are the pages between the board and this one, as (label, address).
    """
    title, workspace = title_of(board), board.workspace
    if workspace is None:
        raise ValueError(board.slug)  # the constraint `board_of_one` lets no such row be
    at = [workspace.slug, board.slug]
    places = [
        (workspace.name, reverse("territories:workspace", args=[workspace.slug])),
        (_("Labels"), reverse("labels:boards", args=[workspace.slug])),
    ]
    if current != "criteria" or steps:
        places.append((title, reverse("labels:board", args=at)))
    return {
        "board": board,
        "workspace": workspace,
        "label_title": title,
        "subject_name": str(board.hub or board.perimeter),
        "trail": trail(*places, *steps),
        "tabs": board_tabs(board, current),
        "may_edit": request.user.has_perm(EDIT, workspace),
        "may_judge": request.user.has_perm(JUDGE, workspace),
    }


def board_tabs(board: Board, current: str) -> list[Tab]:
    """The pages of a board, for its team."""
    slug = board.workspace.slug if board.workspace else ""
    own, territory = [slug, board.slug], [slug]
    pages = [
        ("criteria", pgettext("tab", "Criteria"), "labels:board", own),
        ("figures", pgettext("tab", "Figures"), "labels:figures", own),
        ("governance", pgettext("tab", "Governance"), "labels:governance", own),
        ("actors", pgettext("tab", "Actors"), "organisations:actors", territory),
        ("buildings", pgettext("tab", "Buildings"), "premises:buildings", territory),
        ("together", pgettext("tab", "Together"), "labels:together", own),
        ("evaluations", pgettext("tab", "Evaluations"), "labels:evaluations", own),
    ]
    return [Tab(label, reverse(route, args=at), current=name == current) for name, label, route, at in pages]
