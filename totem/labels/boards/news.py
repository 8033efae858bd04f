"""What happened on a board of late: compared with what was kept, declared and judged since."""

import datetime
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from operator import itemgetter

from django.db.models import Max

from totem.core.periods import months_before
from totem.labels.boards.judged import Judged
from totem.labels.boards.showing import ShownChange, shown_changes
from totem.labels.charters.wording import amount_words
from totem.labels.figures import DOCUMENT_UNIT
from totem.labels.judging.evaluations import kept
from totem.labels.judging.facts import State
from totem.labels.models import Board, Evaluation, Judgement, ObservationVersion, Reading

MOST = 12  # lines of each kind that a page shows
KEPT_SHOWN = 60  # evaluations that a history is made of


@dataclass(frozen=True)
class News:
    """What changed since a day: states and figures (None: nothing was kept to compare with), what was declared.

    Of what was declared: the version, what its figure is called, the value with its unit (of a document: none).
    """

    since: datetime.date | None
    changes: list[ShownChange]
    declared: list[tuple[ObservationVersion, str, str]]
    judged: list[tuple[Judgement, str]]

    def __bool__(self) -> bool:
        return bool(self.changes or self.declared or self.judged)


def news_of(judged: Judged) -> News:
    """What changed in the month before its day, or since the first evaluation that was kept, if that is later."""
    begin = months_before(judged.day, 1)
    rows = Evaluation.objects.filter(board=judged.board, frozen=False)
    before = rows.filter(day__lte=begin).order_by("-day", "-pk").first() or rows.order_by("day", "pk").first()
    titles = {requirement.id: str(requirement.title) for requirement in judged.charter.requirements()}
    judgements = Judgement.objects.filter(board=judged.board, made_at__date__gt=begin).select_related("made_by")
    return News(
        max(before.day, begin) if before else None,
        shown_changes(kept(before).result, judged.result, judged.charter) if before else [],
        _declared(judged, begin),
        [(row, titles.get(row.requirement, row.requirement)) for row in judgements[:MOST]],
    )


def _declared(judged: Judged, begin: datetime.date) -> list[tuple[ObservationVersion, str, str]]:
    """The versions of the territory's own observations written since."""
    rows = ObservationVersion.objects.filter(
        observation__workspace=judged.board.workspace,
        observation__subject__in=judged.subjects,
        observation__indicator__in=judged.figures,
        written_at__date__gt=begin,
    )
    found = []
    for row in rows.select_related("observation").order_by("-written_at", "-pk")[:MOST]:
        figured = judged.figures[row.observation.indicator]
        shown = row.value is not None and figured.unit is not DOCUMENT_UNIT
        words = amount_words(row.value or Decimal(0), figured.unit) if shown else ""
        found.append((row, str(figured.label), words))
    return found


def computed_at(judged: Judged) -> datetime.datetime | None:
    """When the figures that Totem computes of its subject were last computed; None where none was."""
    names = [figured.measure.name for figured in judged.figures.values() if figured.measure is not None]
    rows = Reading.objects.filter(subject__in=judged.subjects, name__in=names)
    last: datetime.datetime | None = rows.aggregate(last=Max("computed_at"))["last"]
    return last


def history_of(board: Board, criterion: str) -> list[tuple[datetime.date, State]]:
    """The days from which a criterion was in a state, by the daily evaluations; newest first, one for each change."""
    rows = Evaluation.objects.filter(board=board, frozen=False).order_by("-day", "-pk")[:KEPT_SHOWN]
    states = [
        (row.day, one.state) for row in reversed(rows) for one in kept(row).result.criteria if one.id == criterion
    ]
    return [next(same) for _state, same in groupby(states, itemgetter(1))][::-1]
