"""From a charter and what is known of territories to the question which of them would complete each other.

A requirement that joins over territories becomes a clause: figures as their measure combines, organisations as
distinct ones, travel times where one of them passes. What belongs to a candidacy and not to a territory (documents,
bodies, offices, money, shape, judgements) is left out: it remains to be done whoever comes along.
"""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from django.db.models import Q

from totem.core.measures import Combine
from totem.labels.charters.format import (
    Charter,
    Common,
    Criterion,
    GroupRequirement,
    MeasureRequirement,
    OrganisationsRequirement,
    Requirement,
    TravelRequirement,
    indicator_of,
)
from totem.labels.coalitions.joint import exact_reading, joint_facts
from totem.labels.coalitions.problem import AtLeast, Atom, Clause, CoalitionProblem, Value
from totem.labels.evidence.gathering import gather
from totem.labels.figures import MISSING, figures_of
from totem.labels.judging import judge, judged
from totem.labels.judging.facts import FINE, Result, State
from totem.labels.models import Board, CharterVersion, Reading
from totem.labels.subjects import Subject, epci_subjects
from totem.territories.models import Commune, Outline, Workspace
from totem.territories.places import FRANCE, Place, shape_from

TOUCH = 0.002  # degrees, about 200 m: outlines are simplified each for itself
FEW = 150  # partners among whom sets of four are looked for; beyond, sets of three


class CoalitionTable:
    """Territories by requirements, as a workspace sees them: the lead first, then possible partners.

    `clauses` are by id of the requirement; those of `open_` are looked at but not required, as nobody knows anything of
    them or as they are a bonus; `beside` are the requirements that no partner changes. What was judged on the board, by
    that version of the charter, is of the lead alone.
    """

    def __init__(
        self,
        charter: Charter,
        subjects: Sequence[Subject],
        day: datetime.date,
        *,
        workspace: Workspace | None,
        board: Board | None = None,
        version: CharterVersion | None = None,
    ) -> None:
        self.charter, self.subjects, self.figures = charter, subjects, figures_of(charter)
        lead, *others = gather(charter, subjects, day, workspace=workspace, board=board, version=version)
        self.facts = [lead, *(msgspec.structs.replace(one, judgements={}) for one in others)]
        both = [judged(charter, one) for one in self.facts]
        self.results, self.holders = [result for result, _holders in both], [holders for _result, holders in both]
        self.readings = _readings(self.figures.values(), subjects, day)
        self.clauses: dict[str, Clause] = {}
        self.open_: dict[str, Clause] = {}
        self.beside: list[Requirement] = []
        for criterion in charter.criteria:
            for requirement in criterion.requirements:
                clause = self.clause(requirement)
                if clause is None:
                    self.beside.append(requirement)
                elif not is_mandatory(criterion, requirement) or not _is_known(clause):
                    self.open_[requirement.id] = clause
                else:
                    self.clauses[requirement.id] = clause

    def problem(self, *, most: int, neighbours: frozenset[tuple[int, int]] | None) -> CoalitionProblem:
        keys = tuple(subject.key for subject in self.subjects)
        return CoalitionProblem(keys, tuple(self.clauses.values()), tuple(self.open_.values()), neighbours, most)

    def joint(self, members: Sequence[int]) -> Result:
        """How these territories, the lead first, are judged as one."""
        facts, results = [self.facts[one] for one in members], [self.results[one] for one in members]
        return judge(self.charter, joint_facts(self.charter, facts, results, self.readings))

    def clause(self, requirement: Requirement) -> Clause | None:
        """The clause of a requirement; None for what no partner changes."""
        if requirement.only_if:
            return None
        match requirement:
            case MeasureRequirement():
                return self.measured(requirement)
            case TravelRequirement():
                states = [result.finding(requirement.id).state for result in self.results]
                return Atom(requirement.id, "any", tuple(map(_SAID.get, states)), 1)
            case OrganisationsRequirement():
                return self.organisations(requirement)
            case GroupRequirement():
                return self.group(requirement)
            case _:
                return None

    def group(self, requirement: GroupRequirement) -> Clause | None:
        """A group joins where one of its members does; the others stand as they do at the lead's."""
        asked = [member for member in requirement.requirements if member.mandatory and not member.bonus]
        parts = [self.clause(member) for member in asked]
        if not any(parts):
            return None
        whole = [part or self.as_lead(member) for part, member in zip(parts, asked, strict=True)]
        number = min({"all": len(whole), "any": 1, "at_least": requirement.n or 1}[requirement.rule_of], len(whole))
        return AtLeast(number, tuple(whole), requirement.id)

    def as_lead(self, requirement: Common) -> Atom:
        met = self.results[0].finding(requirement.id).state in FINE
        return Atom(requirement.id, "any", (int(met), *([0] * (len(self.subjects) - 1))), 1)

    def measured(self, requirement: MeasureRequirement) -> Clause | None:
        """What the territories surely have: of an amount that must not be exceeded, the most that it may be."""
        if requirement.bound is None:
            return None
        name = indicator_of(self.charter, requirement)
        comparator, amount = requirement.bound
        downwards = comparator in {"at_most", "less_than"}

        def atom(combine: str, values: Iterable[Value], *, complete: bool = downwards) -> Atom:
            strict = comparator in {"more_than", "less_than"}
            threshold = self.charter.amount(amount)
            return Atom(requirement.id, combine, tuple(values), threshold, strict, downwards, complete)  # type: ignore[arg-type]

        known = [one.figures.get(name, MISSING) for one in self.facts]
        sure = [one.bounds[downwards] if one.is_known else None for one in known]
        exact = [exact_reading(name, one, self.readings) for one in self.facts]
        match self.figures[name].combine:
            case Combine.ALL:  # one that is not known may be the lowest
                return atom("min", sure, complete=not downwards)
            case Combine.UNION:  # of those whose ids are not known, their number
                ids = [None if one is None else frozenset(one.ids) for one in exact]
                clauses = atom("union", ids), atom("sum" if downwards else "max", sure)
            case Combine.RATIO:  # of the lead alone, the ratio itself
                parts = [(one.part, one.whole) if one is not None and one.whole else None for one in exact]
                alone = [sure[0], *[None] * (len(sure) - 1)]
                clauses = atom("ratio", parts, complete=True), atom("sum", alone, complete=True)
            case combine:
                return atom(combine.value, sure)
        known_otherwise = any(value is not None and one is None for value, one in zip(sure, exact, strict=True))
        return AtLeast(1, clauses, requirement.id) if known_otherwise else clauses[0]

    def organisations(self, requirement: OrganisationsRequirement) -> Clause:
        """Distinct organisations; with those of the other requirement where the same may not serve twice."""
        number = self.charter.amount(requirement.number)
        meeting = [holders.get(requirement.id, frozenset()) for holders in self.holders]
        atom = Atom(requirement.id, "union", tuple(meeting), number)
        if not requirement.distinct_from:
            return atom
        others = [holders.get(requirement.distinct_from, frozenset()) for holders in self.holders]
        both = tuple(mine | theirs for mine, theirs in zip(meeting, others, strict=True))
        named = {one.id: one for one in self.charter.requirements()}
        asked = self.charter.amount(getattr(named[requirement.distinct_from], "number", 1))
        if requirement.distinct_if and not self.charter.says(requirement.distinct_if):
            return atom
        together = Atom(f"{requirement.id} + {requirement.distinct_from}", "union", both, number + asked)
        return AtLeast(2, (atom, together), requirement.id)


def is_mandatory(criterion: Criterion, requirement: Requirement) -> bool:
    """Whether the whole depends on it."""
    return criterion.mandatory and requirement.mandatory and not requirement.bonus


def _is_known(clause: Clause) -> bool:
    """Whether anybody knows anything of it: of all of a group, as a group is as open as what is not known in it."""
    if isinstance(clause, Atom):
        return any(value is not None for value in clause.values)
    return any(_is_known(part) for part in clause.clauses)


_SAID = dict.fromkeys(FINE, 1) | {State.NOT_MET: 0}


def _readings(
    figures: Iterable[Any], subjects: Sequence[Subject], day: datetime.date
) -> dict[tuple[str, str], Reading]:
    """The last readings of the figures that join by their ids or by their parts, by subject and name of the figure."""
    joining = {Combine.UNION, Combine.RATIO}
    names = {
        (one.measure.name, str(one.period)): one.name
        for one in figures
        if one.measure is not None and one.combine in joining
    }
    if not names:
        return {}
    rows = (
        Reading.objects.filter(subject__in=[subject.key for subject in subjects], day__lte=day)
        .filter(name__in=[name for name, _period in names])
        .order_by("subject", "name", "period", "-day")
        .distinct("subject", "name", "period")
    )
    return {(row.subject, names[row.name, row.period]): row for row in rows if (row.name, row.period) in names}


# -- Who may come along -----------------------------------------------------------------------------------------------


def partners_in(place: Place, lead: Subject) -> list[Subject]:
    """The groupings of communes of a place that share no commune with the lead, by name."""
    mine = set(lead.place.communes)
    everywhere = place.level == FRANCE
    inside = Commune.objects.filter(current=True, epci__isnull=False)
    if not everywhere:
        inside = inside.filter(code__in=place.communes)
    codes = set(inside.values_list("epci_id", flat=True))
    return [subject for subject in epci_subjects(codes) if mine.isdisjoint(subject.place.communes)]


def touching(subjects: Sequence[Subject]) -> frozenset[tuple[int, int]] | None:
    """Pairs of indexes of territories that touch, by their outlines; None where one of them has none."""
    import shapely  # noqa: PLC0415 - only where shapes are

    levels = Q()
    keys = [_outlines_of(subject) for subject in subjects]
    for level, code in {key for of in keys for key in of}:
        levels |= Q(level=level, code=code)
    if not levels or not all(keys):
        return None
    shapes = {(row.level, row.code): shape_from(row.shape) for row in Outline.objects.filter(levels)}
    if any(key not in shapes for of in keys for key in of):
        return None
    whole = [shapely.union_all([shapes[key] for key in of]) for of in keys]
    tree = shapely.STRtree(whole)
    left, right = tree.query(whole, predicate="dwithin", distance=TOUCH)
    return frozenset((int(one), int(other)) for one, other in zip(left, right, strict=True) if one < other)


def _outlines_of(subject: Subject) -> tuple[tuple[str, str], ...]:
    """Level and code of the outlines that a subject is made of."""
    keys = subject.parts or ((subject.key,) if subject.perimeter is None and subject.hub is None else ())
    return tuple((level, code) for level, _colon, code in (key.partition(":") for key in keys))
