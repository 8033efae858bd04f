"""Who governs: what a body is made of, that it met, the rules of its form; who was named, and by whom."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import count

import msgspec

from totem.core.periods import months_before
from totem.labels.charters.format import AppointmentRequirement, BodyRequirement, Seats, UnitWords
from totem.labels.figures import Evidence, EvidenceKind, digests
from totem.labels.judging.case import Case, counted
from totem.labels.judging.facts import FINE, RANK, AppointmentFact, BodyFact, Finding, NextStep, SeatFact, State
from totem.labels.judging.legal import legal_state
from totem.labels.judging.logic import (
    UPWARDS,
    Number,
    both,
    decimal_of,
    gap_to,
    passes,
    passes_between,
    state_of,
    worst,
)


def body(case: Case, asked: BodyRequirement) -> Finding:
    """The body of that kind that comes closest, and the part of it that decides."""
    bodies = sorted((one for one in case.facts.bodies if one.kind == asked.body), key=lambda one: one.id)
    if not bodies:
        ended = asked.body in case.facts.ended
        return _none(asked.id, ended, NextStep.BODY, "body_ended" if ended else "no_body")
    parts = {one.id: tuple(_parts(case, asked, one)) for one in bodies}
    best = max(bodies, key=lambda one: RANK[worst(part.state for part in parts[one.id])])
    decisive = min(parts[best.id], key=lambda part: (RANK[part.state], part.threshold is None))
    seen = Evidence(EvidenceKind.BODY, best.name, best.id, "", best.last_meeting, digests(best.sha256))
    settled = {"step": NextStep.NOTHING, "gap": None, "note": "", "about": ()} if decisive.state in FINE else {}
    return msgspec.structs.replace(decisive, evidence=(seen,), **settled)


def _none(pk: str, ended: bool, step: NextStep, note: str) -> Finding:
    """Nothing in force: not known where nothing was ever recorded, none where it has ended."""
    return Finding(pk, State.NOT_MET if ended else State.UNKNOWN, step, note=note)


def _no_seats(pk: str, one: BodyFact) -> Finding:
    return _none(pk, one.had_seats, NextStep.MEMBERS, "seats_ended" if one.had_seats else "no_seats")


def _parts(case: Case, asked: BodyRequirement, one: BodyFact) -> Iterator[Finding]:
    """Each thing that is asked of a body, as a finding of its own; that it exists is the first."""
    pk = asked.id
    yield Finding(pk, State.MET)
    if asked.forms:
        fits = one.legal_form in asked.forms if one.legal_form else None
        yield Finding(pk, state_of(fits), NextStep.BODY, note="form", about=(one.legal_form,) if one.legal_form else ())
    if asked.legal_rules:
        state, note = legal_state(one)
        yield Finding(pk, state, NextStep.MEMBERS, note=note)
    if asked.after_call:
        yield Finding(pk, state_of(one.after_call), NextStep.BODY, note="no_call")
    if asked.met_within_months is not None:
        yield _meeting(case, pk, asked.met_within_months, one)
    if asked.classes_represented:
        yield _classes(pk, asked.classes_represented, one)
    for seats in asked.seats:
        yield _seats(case, pk, seats, one)
    if asked.with_document:
        yield Finding(pk, State.MET if one.sha256 else State.UNKNOWN, NextStep.DOCUMENT, note="not_shown")


def _meeting(case: Case, pk: str, months: int, one: BodyFact) -> Finding:
    last = one.last_meeting
    if last is None:
        return Finding(pk, State.UNKNOWN, NextStep.BODY, note="never_met")
    recent = last >= months_before(case.facts.day, months)
    return Finding(pk, State.MET if recent else State.STALE, NextStep.BODY, note="old_meeting", about=(str(last),))


def _classes(pk: str, classes: tuple[str, ...], one: BodyFact) -> Finding:
    if not one.seats:
        return _no_seats(pk, one)
    seated = {seat.actor_class for seat in one.seats}
    absent = tuple(name for name in classes if name not in seated)
    return Finding(pk, state_of(not absent), NextStep.MEMBERS, gap=Decimal(len(absent)), note="classes", about=absent)


def _seats(case: Case, pk: str, asked: Seats, one: BodyFact) -> Finding:
    """A share or a number of seats, votes or capital, against its threshold; facts not known leave it open."""
    comparator, threshold = case.bound(asked)
    seats = _seats_that_count(case, asked, one)
    if not seats:
        return _no_seats(pk, one)
    if asked.of == "capital" and any(seat.capital is None for seat in seats):
        return Finding(pk, State.UNKNOWN, NextStep.MEMBERS, note="no_capital")
    fits = [(_weight(asked, seat), _fits(case, asked, seat)) for seat in seats]
    low: Number = sum((weight for weight, fit in fits if fit), Decimal(0))
    high: Number = sum((weight for weight, fit in fits if fit is not False), Decimal(0))
    if asked.as_share:
        whole = Fraction(sum((weight for weight, _fit in fits), Decimal(0)))
        if not whole:
            return Finding(pk, State.UNKNOWN, NextStep.MEMBERS, note="no_votes")
        low, high = 100 * Fraction(low) / whole, 100 * Fraction(high) / whole
    passed = passes_between(comparator, low, high, threshold)
    return Finding(
        pk,
        state_of(passed),
        NextStep.MEMBERS,
        value=decimal_of(low) if low == high else None,
        low=None if low == high else decimal_of(low),
        high=None if low == high else decimal_of(high),
        comparator=comparator,
        threshold=threshold,
        unit=case.charter.unit_of(asked),
        gap=gap_to(comparator, low, high, threshold),
        note="seats",
        about=asked.roles + asked.classes + asked.kinds,
        seats_missing=_seats_missing(case, asked, fits) if passed is False else None,
    )


def _seats_that_count(case: Case, asked: Seats, one: BodyFact) -> tuple[SeatFact, ...]:
    """The seats that count: in a share, those of observers only where the charter says so."""
    if case.facts.rules < 2 or not asked.as_share or asked.observers or "observer" in asked.roles:
        return one.seats
    return tuple(seat for seat in one.seats if seat.role != "observer")


def _seats_missing(case: Case, asked: Seats, fits: Sequence[tuple[Decimal, bool | None]]) -> int | None:
    """How many seats more of those asked for would reach a share of the seats; None where that is no answer."""
    comparator, threshold = case.bound(asked)
    if case.facts.rules < 2 or asked.of != "seats" or not asked.as_share:
        return None
    if comparator not in UPWARDS or threshold >= 100:
        return None
    ours, whole = sum(fit is True for _weight, fit in fits), len(fits)
    return next(more for more in count(1) if passes(comparator, Fraction(100 * (ours + more), whole + more), threshold))


def _weight(asked: Seats, seat: SeatFact) -> Decimal:
    return {"seats": Decimal(1), "votes": seat.votes, "capital": seat.capital or Decimal(0)}[asked.of]


def _fits(case: Case, asked: Seats, seat: SeatFact) -> bool | None:
    """Whether a seat is of those asked for; None where its member is not known well enough."""
    if (asked.classes and seat.actor_class not in asked.classes) or (asked.roles and seat.role not in asked.roles):
        return False
    if seat.organisation is None:
        return None if asked.kinds or asked.where or asked.member_roles else True
    organisation = case.organisations[seat.organisation]
    if asked.kinds and organisation.kind not in asked.kinds:
        return False
    if asked.member_roles:
        roles = case.roles.get(organisation.id, [])
        detail = asked.detail.casefold()
        if not any(role.kind in asked.member_roles and detail in role.detail.casefold() for role in roles):
            return False if roles else None
    closed = case.closed_years(organisation)
    last = max((year.year for year in closed), default=0)
    return both(case.in_year(where, closed, last) for where in asked.where)


def appointment(case: Case, asked: AppointmentRequirement) -> Finding:
    """The person in that office who comes closest; of so many posts, the state of the last that is needed."""
    named = sorted((one for one in case.facts.appointments if one.office == asked.office), key=lambda one: one.id)
    if not named:
        ended = asked.office in case.facts.ended
        return _none(asked.id, ended, NextStep.APPOINT, "appointment_ended" if ended else "nobody_appointed")
    judged = {one.id: _appointed(asked, one) for one in named}
    best = sorted(named, key=lambda one: -RANK[judged[one.id][0]])
    number = int(case.charter.amount(asked.number))
    state, step, note = judged[best[number - 1].id] if number <= len(best) else (State.NOT_MET, NextStep.APPOINT, "")
    seen = tuple(
        Evidence(EvidenceKind.APPOINTMENT, one.act, one.id, one.by, one.since, digests(one.sha256))
        for one in best[:number]
    )
    finding = Finding(asked.id, state, step, note=note, evidence=seen)
    filled = sum(one[0] is State.MET for one in judged.values())
    return finding if number == 1 else counted(finding, filled, number, POSTS)


POSTS = UnitWords(fr="postes", en="posts", fr_one="poste", en_one="post")


def _appointed(asked: AppointmentRequirement, one: AppointmentFact) -> tuple[State, NextStep, str]:
    if asked.appointed_by and one.by_kind not in asked.appointed_by:
        return State.NOT_MET, NextStep.APPOINT, "appointed_by"
    if asked.entrepreneur and not one.entrepreneur:
        return State.NOT_MET, NextStep.APPOINT, "not_entrepreneur"
    if asked.with_document and not one.sha256:
        return State.UNKNOWN, NextStep.DOCUMENT, "not_shown"
    return State.MET, NextStep.NOTHING, ""
