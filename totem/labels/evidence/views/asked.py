"""What the pages of evidence share: the figures that a charter asks for, about the whole or one of its parts."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import pgettext
from msgspec import structs

from totem.core import clock
from totem.labels.boards.views.frame import board_frame
from totem.labels.charters.format import Charter, indicator_of
from totem.labels.charters.wording import COMBINED, PERIODS
from totem.labels.figures import FigureDefinition, figures_of
from totem.labels.judging.evaluations import NoCharter, charter_of, version_for
from totem.labels.models import Board
from totem.labels.permissions import SEE, board_for
from totem.labels.subjects import Subject, subject_at, subject_of
from totem.territories.models import Workspace
from totem.territories.places import PlaceNotFound, part_refs, version_of


@dataclass(frozen=True)
class BoardFigures:
    """A board, the figures its charter asks for, and the place one looks at: the whole or one of its parts."""

    board: Board
    workspace: Workspace
    charter: Charter
    figures: dict[str, FigureDefinition]
    whole: Subject
    subject: Subject
    day: datetime.date

    @property
    def query(self) -> str:
        """What an address adds to speak of the same part."""
        return "" if self.subject is self.whole else f"?{urlencode({'sur': self.subject.key})}"

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The names of the parts, by key."""
        if not self.whole.parts or self.board.perimeter is None:
            return {}
        version = version_of(self.board.perimeter, on=self.day)
        return {named.key: named.name for named in part_refs(version)} if version is not None else {}

    def figured(self, name: str) -> FigureDefinition:
        """The figure of that name. Raises Http404."""
        if name not in self.figures:
            raise Http404
        return self.figures[name]

    def at(self, route: str, *arguments: object) -> str:
        """The address of a page of this board."""
        return reverse(f"labels:{route}", args=[self.workspace.slug, self.board.slug, *arguments])

    def here(self, route: str, *arguments: object) -> str:
        """The address of a page of this board about the same place."""
        return self.at(route, *arguments) + self.query


def asked_for(request: HttpRequest, workspace: str, slug: str, permission: str = SEE, part: str = "") -> BoardFigures:
    """The board if the person may do that there, and the place of `?sur=`. Raises Http404."""
    board = board_for(request.user, workspace, slug, permission)
    day = clock.today()
    if board.workspace is None:
        raise Http404
    try:
        whole = subject_of(board, day)
        charter = charter_of(version_for(board.charter, day))
        key = part or request.GET.get("sur", "") or whole.key
        if key != whole.key and key not in whole.parts:
            raise PlaceNotFound(key)
        subject = whole if key == whole.key else subject_at(key)
    except (NoCharter, PlaceNotFound):
        raise Http404 from None
    return BoardFigures(board, board.workspace, charter, figures_of(charter), whole, subject, day)


def frame_of(request: HttpRequest, asked: BoardFigures, *steps: tuple[str, str]) -> dict[str, Any]:
    """What every page here shows: the board's frame, and the place when it is a part."""
    part = asked.subject if asked.query else None
    return {**board_frame(request, asked.board, *steps), "asked": asked, "part": part}


def steps_above(asked: BoardFigures, figured: FigureDefinition | None = None) -> list[tuple[str, str]]:
    """The way back from a figure, or from something about it: the bar leads to the figures of the whole alone."""
    steps = [(pgettext("tab", "Figures"), asked.here("figures"))] if asked.query else []
    if figured is not None:
        steps.append((str(figured.label), asked.here("figure", figured.name)))
    return steps


def charter_says(asked: BoardFigures, figured: FigureDefinition) -> dict[str, Any]:
    """What the charter says of a figure: its period, how it combines, where it comes from, what reads it."""
    indicator = next((one for one in asked.charter.indicators if one.name == figured.name), None)
    return {
        "figured": figured,
        "combined": COMBINED[figured.combine],
        "period": PERIODS[figured.period],
        "note": indicator.note if indicator is not None else None,
        "asked_by": asked.charter.sources.get(indicator.source) if indicator is not None else None,
        "readers": [
            (criterion, requirement)
            for criterion in asked.charter.criteria
            for requirement in structs.replace(asked.charter, criteria=(criterion,)).requirements()
            if indicator_of(asked.charter, requirement) == figured.name
        ],
    }
