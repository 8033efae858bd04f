"""Several territories as one: their facts together, to be judged as those of a board are."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from totem.core.measures import Combine
from totem.labels.charters.format import Charter, TravelRequirement
from totem.labels.figures import (
    MISSING,
    EvidenceKind,
    FigureDefinition,
    FigureState,
    KnownFigure,
    figures_of,
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
    # Documents are the candidacy's, and no partner raises the lowest.
    joining = [one for one in figures_of(charter).values() if not one.documents and one.combine is not Combine.ALL]
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


def _joint_figure(figure: FigureDefinition, facts: Sequence[Facts], readings: Readings) -> KnownFigure:
    """As figures of the parts of a place join; of a union and of a ratio what was computed says it exactly."""
    day, parts = facts[0].day, [one.figures.get(figure.name, MISSING) for one in facts]
    exact = [
        reading
        for one, part in zip(facts, parts, strict=True)
        if part.is_known and part.value is not None and all(it.kind is EvidenceKind.COMPUTED for it in part.evidence)
        if (reading := readings.get((one.subject, figure.name))) is not None
    ]
    whole = sum(reading.whole or 0 for reading in exact)
    if len(exact) == len(parts) and figure.combine is Combine.UNION:
        value = Decimal(len({pk for reading in exact for pk in reading.ids}))
    elif len(exact) == len(parts) and figure.combine is Combine.RATIO and whole:
        value = 100 * sum((reading.part or Decimal(0) for reading in exact), Decimal(0)) / whole
    else:
        return together(figure, parts, day)
    evidence = tuple(item for part in parts for item in part.evidence)
    return KnownFigure(FigureState.KNOWN, value, on=day, evidence=evidence)
