"""Looking for the territories that would complete a board: asked here, answered by a job."""

import datetime
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from totem.accounts.models import User
from totem.core import clock, journal, limits
from totem.core.models import JournalEntry
from totem.core.periods import months_before
from totem.labels.charters.format import Charter, GroupRequirement, MeasureRequirement, Requirement
from totem.labels.coalitions.partners import FEW, CoalitionTable, partners_in, touching
from totem.labels.coalitions.problem import ClauseStanding, CoalitionAnswer, TooManySets
from totem.labels.evidence.actions import take_readings
from totem.labels.figures import FigureDefinition, figures_of
from totem.labels.judging.evaluations import charter_of, version_for
from totem.labels.limits import DAY, PARTNER_COMPUTED, PARTNERS, SEARCHES
from totem.labels.models import Board, Reading, Search
from totem.labels.subjects import Subject, subject_at, subject_of
from totem.premises.figures import FIGURES
from totem.territories.places import PlaceNotFound, place_for

EVERY_SECONDS = 1  # how often an answer that grows is written down


class SearchRunningError(Exception):
    """A search of the board has not ended; `search` is that one."""

    def __init__(self, search: Search) -> None:
        super().__init__(search.pk)
        self.search = search


@limits.atomic()
def ask_for_partners(*, board: Board, scope: str, most: int, by: User | None, day: datetime.date) -> Search:
    """A search among the groupings of communes of a place (`region:28`, `france:fr`), to be done by a job.

    Raises SearchRunningError, and ValidationError: no such place, too many partners for sets of that size, or the
    limit of the person in a day.
    """
    _refuse_while_running(board)
    level, _colon, code = scope.partition(":")
    try:
        place = place_for(level, code)
    except PlaceNotFound:
        raise ValidationError({"scope": _("There is no such place.")}) from None
    count = len(partners_in(place, subject_of(board, day)))
    if most > 3 and count > FEW:
        words = _("Sets of four are looked for among up to %(few)s territories: there are %(count)s here.")
        raise ValidationError({"most": words % {"few": FEW, "count": count}})
    now = clock.now()
    if by is not None:
        limits.require(SEARCHES, limits.Taker.person(by.pk), now=now)
    search = Search(
        board=board,
        charter_version=version_for(board.charter, day),
        day=day,
        scope=scope,
        most=most,
        made_by=by,
        made_at=now,
    )
    try:
        with transaction.atomic():
            search.save()
    except IntegrityError:
        _refuse_while_running(board)
        raise
    app.configure_task("labels.search_partners").defer(search_id=search.pk)
    return search


def _refuse_while_running(board: Board) -> None:
    """Raises SearchRunningError. A search whose job has failed for good does not run: it is given up."""
    running = board.searches.filter(state__in=Search.RUNNING).first()
    if running is None:
        return
    jobs = ProcrastinateJob.objects.filter(task_name="labels.search_partners", args__search_id=running.pk)
    if jobs.filter(status__in=["todo", "doing"]).exists():
        raise SearchRunningError(running)
    give_up_search(search=running)


def search_partners(*, search: Search) -> None:
    """Answer a search; what is found is written down as it comes. One that was answered is left alone."""
    if search.state not in Search.RUNNING:
        return
    level, _colon, code = search.scope.partition(":")
    lead = subject_of(search.board, search.day)
    partners = partners_in(place_for(level, code), lead)
    charter = charter_of(search.charter_version)
    compute_missing(charter, [*map(subject_at, lead.parts), *partners], search.day)
    board, version = search.board, search.charter_version
    subjects = [lead, *partners]
    table = CoalitionTable(charter, subjects, search.day, workspace=board.workspace, board=board, version=version)
    problem = table.problem(most=search.most, neighbours=touching(table.subjects))
    from totem.labels.coalitions.search import solve  # noqa: PLC0415 - loads NumPy, which pages do without

    written, state, content = 0.0, Search.State.FAILED, {"error": "too_many"}
    with suppress(TooManySets):
        for answer in solve(problem):
            state, content = Search.State.DONE, answer_content(answer, table)
            if answer.count and time.monotonic() - written >= EVERY_SECONDS:
                _write(search, Search.State.SEARCHING, content)
                written = time.monotonic()
    _write(search, state, content)


def compute_missing(charter: Charter, subjects: Sequence[Subject], day: datetime.date) -> None:
    """Compute the figures that join over territories, of those of which none was computed in the last month."""
    for figure, missing in _missing(charter, subjects, day):
        take_readings(figures=[figure], subjects=missing, day=day, now=clock.now())


@limits.atomic()
def compute_partners(
    *, board: Board, charter: Charter, partners: Sequence[Subject], day: datetime.date, by: User
) -> None:
    """Compute what is missing of partners that a page shows, once a day: each counts for the person.

    Raises LimitReached, and computes none.
    """
    now = clock.now()
    asked = JournalEntry.objects.filter(
        verb=PARTNER_COMPUTED, scope=limits.scope_key(board.workspace), at__gt=now - DAY
    )
    recent = set(asked.values_list("facts__subject", flat=True))
    missing = {one.key: one for _figure, those in _missing(charter, partners, day) for one in those}
    new = [one for key, one in missing.items() if key not in recent]
    if new:
        limits.require(PARTNERS, limits.Taker.person(by.pk), adding=len(new), now=now)
        for one in new:
            facts = {"subject": one.key}
            journal.record(PARTNER_COMPUTED, board, actor_id=by.pk, scope=board.workspace, facts=facts)
        compute_missing(charter, new, day)


def _missing(
    charter: Charter, subjects: Sequence[Subject], day: datetime.date
) -> Iterator[tuple[FigureDefinition, list[Subject]]]:
    figures = figures_of(charter)
    asked = [one for criterion in charter.criteria if criterion.mandatory for one in criterion.requirements]
    rows = Reading.objects.filter(subject__in=[subject.key for subject in subjects])
    known = set(rows.filter(day__lte=day, day__gt=months_before(day, 1)).values_list("subject", "name"))
    for name in sorted(set(_indicators(asked))):
        measure = figures[name].measure
        if measure is not None and measure.name not in FIGURES:
            missing = [subject for subject in subjects if (subject.key, measure.name) not in known]
            if missing:
                yield figures[name], missing


def _indicators(requirements: Iterable[Requirement]) -> Iterator[str]:
    """The figures of what is mandatory: what is not is looked at with what is known."""
    for requirement in requirements:
        if isinstance(requirement, MeasureRequirement) and requirement.mandatory and not requirement.bonus:
            yield requirement.indicator
        elif isinstance(requirement, GroupRequirement) and requirement.mandatory:
            yield from _indicators(requirement.requirements)


def give_up_search(*, search: Search) -> None:
    """Say that a search broke: nobody waits for it any more."""
    _write(search, Search.State.FAILED, {"error": "broken"})


def _write(search: Search, state: Search.State, answer: dict[str, Any]) -> None:
    ended = clock.now() if state in {Search.State.DONE, Search.State.FAILED} else None
    Search.objects.filter(pk=search.pk).update(state=state, answer=answer, ended_at=ended)


def answer_content(answer: CoalitionAnswer, table: CoalitionTable) -> dict[str, Any]:
    """The answer as JSON: territories by key, requirements by id, figures as text."""
    keys = [subject.key for subject in table.subjects]
    return {
        "among": len(keys) - 1,
        "size": answer.size,
        "whole": answer.whole,
        "count": answer.count,
        "by_size": list(answer.by_size),
        "lead_suffices": answer.lead_suffices,
        "required": list(table.clauses),
        "open": list(table.open_),
        "best": [
            {
                "members": [keys[index] for index in found.members],
                "pieces": found.pieces,
                "missing": list(found.missing),
                "brings": [list(names) for names in found.brings],
            }
            for found in answer.best
        ],
        "irreplaceable": [keys[index] for index in answer.irreplaceable],
        "only_from": [[name, [keys[index] for index in indexes]] for name, indexes in answer.only_from],
        "nearest": answer.nearest
        and {
            "members": [keys[index] for index in answer.nearest.members],
            "unmet": [_unmet(standing) for standing in answer.nearest.unmet],
        },
        "names": _names(answer, table),
    }


def _unmet(standing: ClauseStanding) -> dict[str, str | None]:
    if standing.parts and all(part.name == standing.name for part in standing.parts):
        standing = min(standing.parts, key=lambda part: part.share)  # two ways of reading one figure
    value = None if standing.value is None else f"{float(standing.value):.3f}"
    gap = None if standing.gap is None else f"{float(standing.gap):.3f}"
    return {"id": standing.name, "value": value, "gap": gap}


def _names(answer: CoalitionAnswer, table: CoalitionTable) -> dict[str, str]:
    """The names of the territories that the answer speaks of, by key."""
    spoken = {0, *answer.irreplaceable}
    spoken.update(index for found in answer.best for index in found.members)
    spoken.update(index for _name, indexes in answer.only_from for index in indexes)
    spoken.update(answer.nearest.members if answer.nearest else ())
    return {table.subjects[index].key: table.subjects[index].name for index in sorted(spoken)}
