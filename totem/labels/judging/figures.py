"""Figures, money, documents, shapes and judgements: one value each."""

import datetime
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from totem.labels.charters.format import (
    CommonCompared,
    DocumentRequirement,
    FundingRequirement,
    GeometryRequirement,
    JudgementRequirement,
    MeasureRequirement,
    TravelRequirement,
    UnitWords,
    indicator_of,
)
from totem.labels.figures import FROM_ZERO, MISSING, Evidence, EvidenceKind, FigureState, KnownFigure, PlannedAmount
from totem.labels.judging.case import SHOWN, Case
from totem.labels.judging.facts import Finding, JudgementFact, NextStep, State
from totem.labels.judging.logic import UPWARDS, gap_to, passes, passes_between, state_of

# Of a figure that cannot be used: its state, the next step, and the word that says why.
_UNUSABLE = {
    FigureState.MISSING: (State.UNKNOWN, NextStep.DECLARE, "missing"),
    FigureState.UNAVAILABLE: (State.UNKNOWN, NextStep.FIND, "unavailable"),
    FigureState.CONTRADICTED: (State.UNKNOWN, NextStep.RETAIN, "contradicted"),
    FigureState.STALE: (State.STALE, NextStep.RENEW, "stale"),
}


def figure(case: Case, asked: MeasureRequirement | TravelRequirement) -> Finding:
    """An indicator against its threshold; a travel time counts in the mode that is asked for."""
    known = case.facts.figures.get(indicator_of(case.charter, asked), MISSING)
    if isinstance(asked, TravelRequirement) and known.state is FigureState.KNOWN:
        mode = case.charter.text(asked.mode)
        if mode not in {"any", known.mode}:
            known = KnownFigure(FigureState.MISSING, reason="mode", evidence=known.evidence)
    return compared(case, asked, known)


def compared(case: Case, asked: CommonCompared, known: KnownFigure) -> Finding:
    """A figure against the requirement's threshold, with the gap in its unit."""
    comparator, threshold = case.bound(asked)
    low, high = known.bounds
    gap = None
    if known.state is FigureState.KNOWN:
        passed = passes_between(comparator, low, high, threshold)
        given = not (passed and known.reason == FROM_ZERO and comparator in UPWARDS)
        passed = passed if given else None
        state = state_of(passed)
        step = {True: NextStep.NOTHING, False: NextStep.REACH, None: NextStep.SETTLE}[passed]
        step, note = (step, "interval" if passed is None else "") if given else (NextStep.DECLARE, FROM_ZERO)
        gap = None if passed else gap_to(comparator, low, high, threshold)
    else:
        state, step, note = _UNUSABLE[known.state]
        note = known.reason if known.reason in {"mode", FROM_ZERO} else note
    return Finding(
        asked.id,
        state,
        step,
        value=known.value,
        low=low if known.value is None else None,
        high=high if known.value is None else None,
        comparator=comparator,
        threshold=threshold,
        unit=case.charter.unit_of(asked),
        gap=gap,
        note=note,
        about=(known.reason,) if known.state is FigureState.UNAVAILABLE else (),
        evidence=known.evidence,
        expected_on=_expected(comparator, low, threshold, known.plans) if state is State.NOT_MET else None,
    )


def _expected(
    comparator: str, low: Decimal | None, threshold: Decimal, plans: Sequence[PlannedAmount]
) -> datetime.date | None:
    """The day on which what is planned, added to what is there, would pass."""
    total = low or Decimal(0)
    for plan in sorted(plans, key=lambda plan: plan.day):
        total += plan.amount
        if passes(comparator, total, threshold):
            return plan.day
    return None


def funding(case: Case, asked: FundingRequirement) -> Finding:
    """The sum of the lines that are meant; where nobody has said anything of money, it is not known."""
    if case.facts.funding is None:
        return compared(case, asked, MISSING)
    lines = [
        line
        for line in sorted(case.facts.funding, key=lambda line: line.id)
        if (not asked.levels or line.level in asked.levels) and (not asked.purposes or line.purpose in asked.purposes)
    ]
    seen = tuple(
        Evidence(
            EvidenceKind.FUNDING,
            f"{line.level}: {line.amount:f}",
            line.id,
            line.source,
            sha256=(line.sha256,) if line.sha256 else (),
        )
        for line in lines[:SHOWN]
    )
    total = sum((line.amount for line in lines), Decimal(0))
    return compared(case, asked, KnownFigure(FigureState.KNOWN, total, evidence=seen))


def document(case: Case, asked: DocumentRequirement) -> Finding:
    """A document that is declared to be there, and shown; so many of them, or until when it holds, where asked."""
    known = case.facts.figures.get(indicator_of(case.charter, asked), MISSING)
    match known.state:
        case FigureState.KNOWN if known.value:
            return _declared_document(case, asked, known)
        case FigureState.KNOWN:
            state, step, note = State.NOT_MET, NextStep.DOCUMENT, "no_document"
        case FigureState.MISSING:
            state, step, note = State.UNKNOWN, NextStep.DOCUMENT, "no_document"
        case _:
            state, step, note = _UNUSABLE[known.state]
    return Finding(asked.id, state, step, note=note, evidence=known.evidence)


DOCUMENTS = UnitWords(fr="documents", en="documents", fr_one="document", en_one="document")


def _declared_document(case: Case, asked: DocumentRequirement, known: KnownFigure) -> Finding:
    shown = len({sha256 for item in known.evidence for sha256 in item.sha256})
    number = int(case.charter.amount(asked.number))
    finding = Finding(asked.id, State.MET, evidence=known.evidence)
    if number > 1:
        counted = {"value": Decimal(shown), "comparator": "at_least", "threshold": Decimal(number), "unit": DOCUMENTS}
        finding = msgspec.structs.replace(finding, **counted)
    if 0 < shown < number:
        gap = Decimal(number - shown)
        return msgspec.structs.replace(finding, state=State.NOT_MET, step=NextStep.DOCUMENT, gap=gap)
    if not shown:
        return msgspec.structs.replace(finding, state=State.UNKNOWN, step=NextStep.DOCUMENT, note="not_shown")
    if asked.term and known.until is None:
        return msgspec.structs.replace(finding, state=State.UNKNOWN, step=NextStep.DECLARE, note="no_term")
    return msgspec.structs.replace(finding, note="holds_until", about=(str(known.until),)) if asked.term else finding


def geometry(case: Case, asked: GeometryRequirement) -> Finding:
    """Whether the place has limits, drawn ones where that is asked, and an area."""
    bounds = case.facts.bounds
    if bounds is None:
        return Finding(asked.id, State.UNKNOWN, NextStep.DRAW, note="no_place")
    seen = Evidence(EvidenceKind.PLACE, case.facts.name, source=f"{bounds.area_km2:.2f} km²" if bounds.area_km2 else "")
    fits = bounds.bounded and (bounds.drawn or not asked.drawn) and bounds.area_km2 != 0
    note = "" if fits else "not_drawn" if bounds.bounded else "no_place"
    return Finding(asked.id, state_of(fits), NextStep.NOTHING if fits else NextStep.DRAW, note=note, evidence=(seen,))


def not_applicable(finding: Finding, said: JudgementFact) -> Finding:
    """The finding of a requirement that somebody declared, with a reason, not to apply."""
    seen = Evidence(EvidenceKind.JUDGEMENT, said.reason, said.id, "", said.on)
    return Finding(finding.id, State.NOT_APPLICABLE, note="judged", evidence=(seen,))


def judgement(case: Case, asked: JudgementRequirement) -> Finding:
    """What an authorised person said, or that somebody has to."""
    said = case.facts.judgements.get(asked.id)
    if said is None:
        return Finding(asked.id, State.HUMAN, NextStep.JUDGE, note="no_judgement")
    seen = Evidence(EvidenceKind.JUDGEMENT, said.reason, said.id, "", said.on)
    return Finding(asked.id, state_of(said.met), note="judged", evidence=(seen,))
