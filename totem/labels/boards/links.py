"""Pages of the team that a judged board leads to: where the next thing is done, where a piece of evidence stands."""

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.http import urlencode

from totem.labels.charters.format import (
    AppointmentRequirement,
    BodyRequirement,
    FundingRequirement,
    GeometryRequirement,
    GroupRequirement,
    JudgementRequirement,
    OrganisationsRequirement,
)
from totem.labels.figures import Evidence, EvidenceKind
from totem.labels.judging.facts import FINE, NextStep
from totem.labels.models import Board
from totem.organisations.models import RelationKind
from totem.premises.figures import FIGURES as OF_PREMISES

if TYPE_CHECKING:
    from totem.labels.boards.judged import Judged
    from totem.labels.boards.showing import ShownRequirement


def page_of(board: Board, route: str, *arguments: object) -> str:
    """The address of a page of the board for its team."""
    return reverse(f"labels:{route}", args=[slug_of(board), board.slug, *arguments])


def slug_of(board: Board) -> str:
    return board.workspace.slug if board.workspace else ""


def perimeter_url(board: Board) -> str:
    """The page of the board's perimeter; empty for a hub, which has no limits to draw."""
    return reverse("territories:perimeter", args=[board.perimeter.slug]) if board.perimeter else ""


def next_url(one: "ShownRequirement") -> str:
    """Where the next thing is done; empty where there is nothing to do, or nothing for this person."""
    url, board = "", one.judged.board
    if not one.judged.team or one.finding.state in FINE:
        return url
    match one.asked:
        case GroupRequirement():
            url = f"{one.criterion.url}#{one.asked.id}"
        case JudgementRequirement():
            url = one.judge_url
        case OrganisationsRequirement():
            url = _actors_url(one.asked, one.judged)
        case BodyRequirement() | AppointmentRequirement() | FundingRequirement():
            url = page_of(board, "governance")
        case GeometryRequirement():
            url = perimeter_url(board)
        case _figure:
            url = _figure_step(one)
    return url


def _actors_url(asked: OrganisationsRequirement, judged: "Judged") -> str:
    """The form of an actor with what is asked proposed, « Est implanté » where no role is; else the list."""
    own = [slug_of(judged.board)]
    if not judged.may_edit:
        return reverse("organisations:actors", args=own)
    kind = asked.roles[0] if asked.roles else RelationKind.LOCATED_IN
    return f"{reverse('organisations:actor_add', args=own)}?{urlencode({'nature': str(kind)})}"


def _figure_step(one: "ShownRequirement") -> str:
    board, step, measure = one.judged.board, one.finding.step, one.judged.figures[one.indicator].measure
    if measure is not None and measure.name in OF_PREMISES and step is not NextStep.RETAIN:
        return reverse("premises:buildings", args=[slug_of(board)])
    declared = step in {NextStep.DECLARE, NextStep.FIND, NextStep.DOCUMENT} and measure is None
    return page_of(board, "declare" if declared else "figure", one.indicator)


def evidence_url(one: "ShownRequirement", item: Evidence) -> str:
    """The page of a piece of evidence; empty where it has none, or none for whoever looks."""
    url, board, playing = "", one.judged.board, one.judged.playing.get(item.id or 0)
    match item.kind:
        case _ if not one.judged.team:
            pass
        case EvidenceKind.OBSERVATION:
            url = page_of(board, "observation", item.id)
        case EvidenceKind.COMPUTED:
            url = page_of(board, "figure", one.indicator)
        case EvidenceKind.RELATION if playing:
            url = reverse("organisations:actor", args=[slug_of(board), playing])
        case EvidenceKind.ORGANISATION | EvidenceKind.YEAR:
            url = reverse("organisations:actor", args=[slug_of(board), item.id])
        case EvidenceKind.BUILDING:
            url = reverse("premises:building", args=[slug_of(board), item.id])
        case EvidenceKind.BODY:
            url = page_of(board, "body", item.id)
        case EvidenceKind.APPOINTMENT | EvidenceKind.FUNDING:
            url = page_of(board, "governance")
        case EvidenceKind.PLACE:
            url = perimeter_url(board)
    return url
