"""What happened on a board of late: compared with what was kept, declared and judged since."""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

import msgspec
from django.db.models import Max

from totem.core.periods import months_before
from totem.labels.boards.showing import ShownChange, shown_changes
from totem.labels.charters.format import Charter
from totem.labels.charters.wording import amount_words
from totem.labels.figures import DOCUMENT_UNIT, FigureDefinition, figures_of
from totem.labels.judging.evaluations import kept
from totem.labels.judging.facts import Result, State
from totem.labels.models import Board, Evaluation, Judgement, ObservationVersion, Reading
from totem.labels.subjects import Subject

MOST = 12  # lines of each kind that a page shows
KEPT_SHOWN = 60  # evaluations that a history is made of


@dataclass(frozen=True)
class DeclaredFigure:
    """A version of an observation: what its figure is called, and the value with its unit (of a document: none)."""

    version: ObservationVersion
    label: str
    words: str


@dataclass(frozen=True)
class News:
    """What changed since a day: states and figures (None: nothing was kept to compare with), what was declared."""

    since: datetime.date | None
    changes: list[ShownChange]
    declared: list[DeclaredFigure]
    judged: list[tuple[Judgement, str]]

    def __bool__(self) -> bool:
        return bool(self.changes or self.declared or self.judged)


def news_of(board: Board, charter: Charter, subject: Subject, result: Result, day: datetime.date) -> News:
    """What changed in the month before that day, or since the first evaluation that was kept, if that is later."""
    begin = months_before(day, 1)
    rows = Evaluation.objects.filter(board=board, frozen=False)
    before = rows.filter(day__lte=begin).order_by("-day", "-pk").first() or rows.order_by("day", "pk").first()
    changed = shown_changes(kept(before).result, result, charter) if before else []
    titles = {requirement.id: str(requirement.title) for requirement in charter.requirements()}
    judged = Judgement.objects.filter(board=board, made_at__date__gt=begin).select_related("made_by")[:MOST]
    return News(
        max(before.day, begin) if before else None,
        changed,
        _declared(board, charter, subject, begin),
        [(row, titles.get(row.requirement, row.requirement)) for row in judged],
    )


def _declared(board: Board, charter: Charter, subject: Subject, begin: datetime.date) -> list[DeclaredFigure]:
    """The versions of the territory's own observations written since."""
    figures = figures_of(charter)
    rows = ObservationVersion.objects.filter(
        observation__workspace=board.workspace,
        observation__subject__in=[subject.key, *subject.parts],
        observation__indicator__in=figures,
        written_at__date__gt=begin,
    )
    found = rows.select_related("observation").order_by("-written_at", "-pk")[:MOST]
    return [_told(row, figures[row.observation.indicator]) for row in found]


def _told(row: ObservationVersion, figured: FigureDefinition) -> DeclaredFigure:
    shown = row.value is not None and figured.unit is not DOCUMENT_UNIT
    return DeclaredFigure(row, str(figured.label), amount_words(row.value or Decimal(0), figured.unit) if shown else "")


def computed_at(charter: Charter, subject: Subject) -> datetime.datetime | None:
    """When the figures of a subject that Totem computes were last computed; None where none was."""
    names = [figured.measure.name for figured in figures_of(charter).values() if figured.measure is not None]
    rows = Reading.objects.filter(subject__in=[subject.key, *subject.parts], name__in=names)
    last: datetime.datetime | None = rows.aggregate(last=Max("computed_at"))["last"]
    return last


class _Criterion(msgspec.Struct):
    id: str
    state: State


class _Result(msgspec.Struct):
    criteria: list[_Criterion]


class _States(msgspec.Struct):
    """Of a kept evaluation, the states alone: the rest of it is not read."""

    result: _Result


@dataclass(frozen=True)
class Moment:
    """A state, and the day from which it was so."""

    day: datetime.date
    state: State


def history_of(board: Board, criterion: str) -> list[Moment]:
    """The states of a criterion in the daily evaluations, newest first: one line for each change."""
    rows = Evaluation.objects.filter(board=board, frozen=False).order_by("-day", "-pk")
    moments: list[Moment] = []
    for day, state in reversed(list(_states(rows.values_list("day", "content")[:KEPT_SHOWN], criterion))):
        if not moments or moments[-1].state is not state:
            moments.append(Moment(day, state))
    return moments[::-1]


def _states(rows: Iterable[tuple[datetime.date, str]], criterion: str) -> Iterator[tuple[datetime.date, State]]:
    for day, content in rows:
        for found in msgspec.json.decode(content, type=_States).result.criteria:
            if found.id == criterion:
                yield day, found.state
