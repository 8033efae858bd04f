"""Figures, money, documents, shapes and judgements: one value each."""

import datetime
from collections.abc import Sequence
from decimal import Decimal
from functools import partial

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
from totem.labels.figures import (
    FROM_ZERO,
    MISSING,
    Evidence,
    EvidenceKind,
    FigureState,
    KnownFigure,
    PlannedAmount,
    digests,
)
from totem.labels.judging.case import SHOWN, Case, counted
from totem.labels.judging.facts import Finding, JudgementFact, NextStep, State
from totem.labels.judging.logic import UPWARDS, gap_to, passes, passes_between, state_of

# The state, the next step, and the word that says why: of a figure that cannot be used, and of one that is compared.
_UNUSABLE = {
    FigureState.MISSING: (State.UNKNOWN, NextStep.DECLARE, "missing"),
    FigureState.UNAVAILABLE: (State.UNKNOWN, NextStep.FIND, "unavailable"),
    FigureState.CONTRADICTED: (State.UNKNOWN, NextStep.RETAIN, "contradicted"),
    FigureState.STALE: (State.STALE, NextStep.RENEW, "stale"),
}
_COMPARED = {
    True: (State.MET, NextStep.NOTHING, ""),
    False: (State.NOT_MET, NextStep.REACH, ""),
    None: (State.UNKNOWN, NextStep.SETTLE, "interval"),
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
    state, step, note = _verdict(comparator, known, threshold)
    is_open = known.is_known and state is not State.MET
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
        gap=gap_to(comparator, low, high, threshold) if is_open else None,
        note=note,
        about=(known.reason,) if known.state is FigureState.UNAVAILABLE else (),
        evidence=known.evidence,
        expected_on=_expected(comparator, low, threshold, known.plans) if state is State.NOT_MET else None,
    )


def _verdict(comparator: str, known: KnownFigure, threshold: Decimal) -> tuple[State, NextStep, str]:
    """A bound from zero up is no figure that somebody gave: it never meets what has to be reached."""
    if not known.is_known:
        state, step, note = _UNUSABLE[known.state]
        return state, step, known.reason if known.reason in {"mode", FROM_ZERO} else note
    passed = passes_between(comparator, *known.bounds, threshold)
    if passed and known.reason == FROM_ZERO and comparator in UPWARDS:
        return State.UNKNOWN, NextStep.DECLARE, FROM_ZERO
    return _COMPARED[passed]


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
        if line.level in (asked.levels or (line.level,)) and line.purpose in (asked.purposes or (line.purpose,))
    ]
    seen = tuple(
        Evidence(EvidenceKind.FUNDING, f"{row.level}: {row.amount:f}", row.id, row.source, None, digests(row.sha256))
        for row in lines[:SHOWN]
    )
    total = sum((line.amount for line in lines), Decimal(0))
    return compared(case, asked, KnownFigure(FigureState.KNOWN, total, evidence=seen))


DOCUMENTS = UnitWords(fr="documents", en="documents", fr_one="document", en_one="document")


def document(case: Case, asked: DocumentRequirement) -> Finding:
    """A document that is declared to be there, and shown; so many of them, or until when it holds, where asked."""
    known = case.facts.figures.get(indicator_of(case.charter, asked), MISSING)
    if known.is_known and known.value:
        return _declared_document(case, asked, known)
    state, step, note = _UNUSABLE.get(known.state, (State.NOT_MET, NextStep.DOCUMENT, "no_document"))
    if known.state is FigureState.MISSING:
        step, note = NextStep.DOCUMENT, "no_document"
    return Finding(asked.id, state, step, note=note, evidence=known.evidence)


def _declared_document(case: Case, asked: DocumentRequirement, known: KnownFigure) -> Finding:
    number = int(case.charter.amount(asked.number))
    shown = len({sha256 for item in known.evidence for sha256 in item.sha256})
    finding = Finding(asked.id, State.MET, evidence=known.evidence)
    found = partial(msgspec.structs.replace, counted(finding, shown, number, DOCUMENTS) if number > 1 else finding)
    if not shown:
        return found(state=State.UNKNOWN, step=NextStep.DOCUMENT, note="not_shown", gap=None)
    if shown < number:
        return found(state=State.NOT_MET, step=NextStep.DOCUMENT)
    if asked.term and known.until is None:
        return found(state=State.UNKNOWN, step=NextStep.DECLARE, note="no_term")
    return found(note="holds_until", about=(str(known.until),)) if asked.term else found()


def geometry(case: Case, asked: GeometryRequirement) -> Finding:
    """Whether the place has limits, drawn ones where that is asked, and an area."""
    bounds = case.facts.bounds
    if bounds is None:
        return Finding(asked.id, State.UNKNOWN, NextStep.DRAW, note="no_place")
    seen = Evidence(EvidenceKind.PLACE, case.facts.name, source=f"{bounds.area_km2:.2f} km²" if bounds.area_km2 else "")
    fits = bounds.bounded and (bounds.drawn or not asked.drawn) and bounds.area_km2 != 0
    note = "" if fits else "not_drawn" if bounds.bounded else "no_place"
    return Finding(asked.id, state_of(fits), NextStep.NOTHING if fits else NextStep.DRAW, note=note, evidence=(seen,))


def judgement(case: Case, asked: JudgementRequirement) -> Finding:
    """What an authorised person said, or that somebody has to."""
    said = case.facts.judgements.get(asked.id)
    if said is None:
        return Finding(asked.id, State.HUMAN, NextStep.JUDGE, note="no_judgement")
    return declared(asked.id, said, state_of(said.met))


def declared(pk: str, said: JudgementFact, state: State) -> Finding:
    """What a person said of a requirement, with the reason: how it stands, or that it does not apply."""
    seen = Evidence(EvidenceKind.JUDGEMENT, said.reason, said.id, "", said.on)
    return Finding(pk, state, note="judged", evidence=(seen,))
