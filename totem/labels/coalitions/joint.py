"""Several territories as one: their facts together, to be judged as those of a board are."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from totem.core.measures import Combine, Figure
from totem.labels.charters.format import Charter, TravelRequirement
from totem.labels.figures import (
    MISSING,
    EvidenceKind,
    FigureDefinition,
    KnownFigure,
    figures_of,
    known_figure,
    together,
)
from totem.labels.judging.facts import RANK, Facts, Result
from totem.labels.models import Reading

Readings = Mapping[tuple[str, str], Reading]


def joint_facts(charter: Charter, facts: Sequence[Facts], results: Sequence[Result], readings: Readings) -> Facts:
    """What the first territory, the lead, and its partners have together; documents, bodies and money are the lead's.

    `results` are how each is judged alone: of travel times the one that stands best counts.
    """
    lead, *partners = facts
    if not partners:
        return lead
    joining = [one for one in figures_of(charter).values() if not one.documents]  # documents are the candidacy's
    figures = lead.figures | {one.name: _joint_figure(one, facts, readings) for one in joining}
    for requirement in charter.requirements():
        if isinstance(requirement, TravelRequirement):
            ranks = [RANK[result.finding(requirement.id).state] for result in results]
            name = requirement.indicator
            figures[name] = facts[ranks.index(max(ranks))].figures.get(name, MISSING)
    organisations = {organisation.id: organisation for one in facts for organisation in one.organisations}
    roles = dict.fromkeys(role for one in facts for role in one.roles)
    return msgspec.structs.replace(
        lead, figures=figures, organisations=tuple(organisations.values()), roles=tuple(roles)
    )


def exact_reading(name: str, facts: Facts, readings: Readings) -> Reading | None:
    """What was computed of a figure that joins by its ids or parts, where nothing else is retained of the subject."""
    known = facts.figures.get(name, MISSING)
    computed = known.value is not None and all(it.kind is EvidenceKind.COMPUTED for it in known.evidence)
    return readings.get((facts.subject, name)) if known.is_known and computed else None


def _joint_figure(figure: FigureDefinition, facts: Sequence[Facts], readings: Readings) -> KnownFigure:
    """As figures of the parts of a place join; of a union and of a ratio what was computed says it exactly.

    Where the ids of some are known, a union has them at least.
    """
    parts = [one.figures.get(figure.name, MISSING) for one in facts]
    whole = together(figure, parts, facts[0].day)
    found = [exact_reading(figure.name, one, readings) for one in facts]
    exact = [reading for reading in found if reading is not None]
    base = sum(reading.whole or 0 for reading in exact)
    if figure.combine is Combine.UNION and exact:
        ids, (low, high) = Decimal(len({pk for reading in exact for pk in reading.ids})), whole.bounds
        joint = Figure(ids) if len(exact) == len(parts) else Figure.between(max(ids, low or ids), high)
    elif figure.combine is Combine.RATIO and base and len(exact) == len(parts):
        joint = Figure(100 * sum((reading.part or Decimal(0) for reading in exact), Decimal(0)) / base)
    else:
        return whole
    return known_figure(joint, on=facts[0].day, evidence=tuple(item for part in parts for item in part.evidence))
