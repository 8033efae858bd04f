"""Judging: a charter and facts in, a result out. Pure: no query, no clock, no guess.

Three-valued logic: what is not known is not met only where it cannot be met. Nothing declared is `unknown`; what is
declared and does not suffice is `not_met`. Thresholds are compared exactly.
"""

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from totem.labels.charter import (
    AppointmentRequirement,
    BodyRequirement,
    Charter,
    CommonCompared,
    Compared,
    DocumentRequirement,
    FundingRequirement,
    GeometryRequirement,
    GroupRequirement,
    JudgementRequirement,
    MeasureRequirement,
    OrganisationsRequirement,
    Requirement,
    Seats,
    TravelRequirement,
    Where,
    indicator_of,
)
from totem.labels.facts import (
    FINE,
    MISSING,
    RANK,
    STATES,
    AppointmentFact,
    BodyFact,
    CriterionFinding,
    Evidence,
    Facts,
    Finding,
    Hold,
    Known,
    Organisation,
    Plan,
    Result,
    Role,
    SeatFact,
    Source,
    State,
    Step,
    Year,
)
from totem.labels.legal import legal_state
from totem.organisations.queries import growth, year_before

Number = Decimal | Fraction | int


def judge(charter: Charter, facts: Facts) -> Result:
    """The state of every requirement, of each criterion, and of the whole."""
    return judged(charter, facts)[0]


def judged(charter: Charter, facts: Facts) -> tuple[Result, dict[str, frozenset[int]]]:
    """The result, and the ids of the organisations that meet each requirement that counts some."""
    judging = _Judging(charter, facts)
    criteria = []
    for criterion in charter.criteria:
        findings = tuple(judging.finding(requirement) for requirement in criterion.requirements)
        asked = [
            finding.state
            for finding, requirement in zip(findings, criterion.requirements, strict=True)
            if requirement.mandatory and not requirement.bonus
        ]
        criteria.append(CriterionFinding(criterion.id, worst(asked), findings))
    states = [found.state for found, said in zip(criteria, charter.criteria, strict=True) if said.mandatory]
    holders = {pk: frozenset(ids) for pk, ids in judging.holders.items()}
    return Result(worst(states), tuple(criteria)), holders


# -- Logic ------------------------------------------------------------------------------------------------------------


def worst(states: Iterable[State]) -> State:
    """The worst state; nothing asked is not applicable."""
    return min(states, key=RANK.__getitem__, default=State.NOT_APPLICABLE)


def nth_best(states: Iterable[State], n: int) -> State:
    """The n-th best: of a group that asks for n, as all others may be worse. Fewer than n: not met."""
    ranked = sorted((RANK[state] for state in states), reverse=True)
    return STATES[ranked[n - 1]] if n <= len(ranked) else State.NOT_MET


def implied(condition: State, state: State) -> State:
    """The state of « if the condition holds, then this »: the better of its contrary and this."""
    if condition in FINE:
        return state
    contrary = State.NOT_APPLICABLE if condition is State.NOT_MET else condition
    return max(contrary, state, key=RANK.__getitem__)


def both(states: Iterable[bool | None]) -> bool | None:
    """And, in three values."""
    known = list(states)
    return False if False in known else None if None in known else True


def passes(comparator: str, value: Number, threshold: Decimal) -> bool:
    """Whether a value passes, exactly: 30 is not less than 30, 50,000 is at least 50,000."""
    found, bound = Fraction(value), Fraction(threshold)
    match comparator:
        case "at_least":
            return found >= bound
        case "more_than":
            return found > bound
        case "at_most":
            return found <= bound
        case _:
            return found < bound


def passes_between(comparator: str, low: Number | None, high: Number | None, threshold: Decimal) -> bool | None:
    """Whether a value that lies between two bounds (None: nothing bounds it) passes; None where that is open."""
    upwards = comparator in {"at_least", "more_than"}
    surely, possibly = (low, high) if upwards else (high, low)
    if surely is not None and passes(comparator, surely, threshold):
        return True
    if possibly is not None and not passes(comparator, possibly, threshold):
        return False
    return None


def _state(passed: bool | None) -> State:
    return State.UNKNOWN if passed is None else State.MET if passed else State.NOT_MET


def months_before(day: datetime.date, months: int) -> datetime.date:
    """The same day of an earlier month, or the last one it has."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    following = datetime.date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return datetime.date(year, month + 1, min(day.day, (following - datetime.timedelta(days=1)).day))


# -- One subject ------------------------------------------------------------------------------------------------------


@dataclass
class _Judging:
    """A charter and facts, with what was found already: conditions are looked at once."""

    charter: Charter
    facts: Facts
    found: dict[str, Finding] = field(default_factory=dict)
    holders: dict[str, set[int]] = field(default_factory=dict)  # of a requirement, the organisations that meet it

    def __post_init__(self) -> None:
        self.named = {requirement.id: requirement for requirement in self.charter.requirements()}
        self.known = {organisation.id: organisation for organisation in self.facts.organisations}

    def finding(self, requirement: Requirement) -> Finding:
        """What is found of a requirement, its condition included."""
        if requirement.id not in self.found:
            finding = _BY_KIND[type(requirement)](self, requirement)
            if requirement.only_if:
                condition = self.finding(self.named[requirement.only_if]).state
                finding = _with_state(finding, implied(condition, finding.state))
            self.found[requirement.id] = finding
        return self.found[requirement.id]

    # -- Figures

    def figure(self, requirement: MeasureRequirement | TravelRequirement) -> Finding:
        known = self.facts.figures.get(indicator_of(self.charter, requirement), MISSING)
        if isinstance(requirement, TravelRequirement) and known.hold is Hold.KNOWN:
            mode = self.charter.text(requirement.mode)
            if mode not in {"any", known.mode}:
                known = Known(Hold.MISSING, reason="mode", evidence=known.evidence)
        return self.compared(requirement, known)

    def compared(self, requirement: CommonCompared, known: Known) -> Finding:
        """A figure against the requirement's threshold, with the gap in its unit."""
        comparator, threshold = self.bound(requirement)
        low, high = known.bounds
        state, step, note = _USE.get(known.hold, (State.UNKNOWN, Step.DECLARE, "missing"))
        if known.hold is Hold.KNOWN:
            passed = passes_between(comparator, low, high, threshold)
            state = _state(passed)
            step = {True: Step.NOTHING, False: Step.REACH, None: Step.SETTLE}[passed]
            note = "interval" if passed is None else ""
        elif known.reason == "mode":
            note = "mode"
        return Finding(
            requirement.id,
            state,
            step,
            value=known.value,
            low=low if known.value is None else None,
            high=high if known.value is None else None,
            comparator=comparator,
            threshold=threshold,
            unit=self.charter.unit_of(requirement),
            gap=None if state in FINE or known.hold is not Hold.KNOWN else _gap(comparator, low, high, threshold),
            note=note,
            about=(known.reason,) if known.hold is Hold.UNAVAILABLE else (),
            evidence=known.evidence,
            expected_on=_expected(comparator, low, threshold, known.plans) if state is State.NOT_MET else None,
        )

    def bound(self, compared: Compared | CommonCompared) -> tuple[str, Decimal]:
        if compared.bound is None:
            raise ValueError("A threshold was expected.")  # `reading.py` lets no such file through
        comparator, value = compared.bound
        return comparator, self.charter.amount(value)

    def document(self, requirement: DocumentRequirement) -> Finding:
        known = self.facts.figures.get(indicator_of(self.charter, requirement), MISSING)
        state, step, note = _USE.get(known.hold, (State.UNKNOWN, Step.DOCUMENT, "no_document"))
        if known.hold is Hold.MISSING:
            step, note = Step.DOCUMENT, "no_document"
        elif known.hold is Hold.KNOWN:
            there, shown = bool(known.value), any(item.sha256 for item in known.evidence)
            state = State.MET if there and shown else State.UNKNOWN if there else State.NOT_MET
            step = Step.NOTHING if state is State.MET else Step.DOCUMENT
            note = "" if state is State.MET else "not_shown" if there else "no_document"
        return Finding(requirement.id, state, step, note=note, evidence=known.evidence)

    def geometry(self, requirement: GeometryRequirement) -> Finding:
        bounds = self.facts.bounds
        if bounds is None:
            return Finding(requirement.id, State.UNKNOWN, Step.DRAW, note="no_place")
        seen = Evidence(Source.PLACE, self.facts.name, source=f"{bounds.area_km2:.2f} km²" if bounds.area_km2 else "")
        fits = bounds.bounded and (bounds.drawn or not requirement.drawn) and bounds.area_km2 != 0
        note = "" if fits else "not_drawn" if bounds.bounded else "no_place"
        step = Step.NOTHING if fits else Step.DRAW
        return Finding(requirement.id, _state(fits), step, note=note, evidence=(seen,))

    # -- Organisations

    def organisations(self, requirement: OrganisationsRequirement) -> Finding:
        number = int(self.charter.amount(requirement.number))
        judged = {
            pk: self.organisation(requirement, self.known[pk], roles)
            for pk, roles in self.candidates(requirement).items()
        }
        states = [state for state, _why in judged.values()]
        meeting = {pk for pk, (state, _why) in judged.items() if state is State.MET}
        self.holders[requirement.id] = meeting
        state = nth_best(states, number) if judged else State.UNKNOWN
        note, about = self.why(state, judged)
        if state is State.MET and (shared := self.shared(requirement, meeting, number)):
            state, note, about = State.NOT_MET, "not_distinct", shared
        return Finding(
            requirement.id,
            state,
            _ORGANISATION_STEPS.get(state, Step.NOTHING) if judged else Step.ORGANISATION,
            value=Decimal(len(meeting)),
            comparator="at_least",
            threshold=Decimal(number),
            unit="",
            gap=None if state in FINE else Decimal(max(number - len(meeting), 1)),
            note=note,
            about=about,
            evidence=self.shown(requirement, judged),
        )

    def candidates(self, requirement: OrganisationsRequirement) -> dict[int, list[Role]]:
        """The organisations that play one of the roles here, with these roles."""
        found: dict[int, list[Role]] = {}
        for role in self.facts.roles:
            fits = role.kind in requirement.roles if requirement.roles else not role.kind
            if not fits or (requirement.stage and role.stage != requirement.stage):
                continue
            if requirement.detail and requirement.detail.casefold() not in role.detail.casefold():
                continue
            if requirement.kinds and self.known[role.organisation].kind not in requirement.kinds:
                continue
            if requirement.partner_kinds and role.partner_kind not in requirement.partner_kinds:
                continue
            found.setdefault(role.organisation, []).append(role)
        return found

    def organisation(
        self, requirement: OrganisationsRequirement, organisation: Organisation, roles: Sequence[Role]
    ) -> tuple[State, str]:
        """Whether one organisation satisfies everything together, and the word that says why not."""
        held = {role.kind for role in self.facts.roles if role.organisation == organisation.id}
        if any(kind not in held for kind in requirement.also_roles):
            return State.NOT_MET, "also_role"
        state, why = State.MET, ""
        if requirement.where:
            state, why = self.filtered(requirement, organisation, roles)
        if state is State.MET and requirement.with_document and not any(role.sha256 for role in roles):
            return State.UNKNOWN, "not_shown"
        return state, why

    def filtered(
        self, requirement: OrganisationsRequirement, organisation: Organisation, roles: Sequence[Role]
    ) -> tuple[State, str]:
        """The filters on roles, and those on one and the same closed year (on each of the last ones, where asked)."""
        of_role = [where for where in requirement.where if where.fact in {"places", "amount"}]
        of_year = [where for where in requirement.where if where not in of_role]
        said = [both(self.of_role(where, role) for where in of_role) for role in roles] if of_role else [True]
        fits = True if True in said else None if None in said else False
        if fits is False:
            return State.NOT_MET, "facts"
        if not of_year:
            return _state(fits), "" if fits else "facts_missing"
        state, why = self.on_last_years(requirement, organisation, of_year)
        return (state, why) if fits else (worst((state, State.UNKNOWN)), why or "facts_missing")

    def of_role(self, where: Where, role: Role) -> bool | None:
        comparator, threshold = self.bound(where)
        value = role.places if where.fact == "places" else role.amount
        return None if value is None else passes(comparator, value, threshold)

    def on_last_years(
        self, requirement: OrganisationsRequirement, organisation: Organisation, filters: Sequence[Where]
    ) -> tuple[State, str]:
        closed = [year for year in organisation.years if year.closed_on <= self.facts.day]
        if not closed:
            return State.UNKNOWN, "no_year"
        running = int(self.charter.amount(requirement.years_running))
        last = max(year.year for year in closed)
        verdicts = [self.in_year(filters, closed, last - back) for back in range(running)]
        passed = both(verdicts)
        oldest = months_before(self.facts.day, requirement.years_within_months)
        if passed is not False and max(year.closed_on for year in closed) < oldest:
            return State.STALE, "old_year"
        return _state(passed), "" if passed else "facts_missing" if passed is None else "facts"

    def in_year(self, filters: Sequence[Where], years: Sequence[Year], number: int) -> bool | None:
        """Whether the figures of one year satisfy all filters: every declarer of that year has to say so."""
        rows = [year for year in years if year.year == number]
        if not rows:
            return None
        said = [both(self.of_year(where, row, years) for where in filters) for row in rows]
        return said[0] if len(set(said)) == 1 else None

    def of_year(self, where: Where, year: Year, years: Sequence[Year]) -> bool | None:
        comparator, threshold = self.bound(where)
        if where.fact == "staff":
            if year.staff_low is None:
                return None
            return passes_between(comparator, year.staff_low, year.staff_high, threshold)
        value = growth(year, year_before(year, years)) if where.fact == "growth" else getattr(year, where.fact)
        return None if value is None else passes(comparator, value, threshold)

    def shared(self, requirement: OrganisationsRequirement, meeting: set[int], number: int) -> tuple[str, ...]:
        """Names of the organisations that would have to serve twice, where that is not allowed; empty where none has.

        Two sets of a and b distinct ones exist together exactly when both are large enough and so is their union.
        """
        if not requirement.distinct_from:
            return ()
        if requirement.distinct_if and not self.charter.says(requirement.distinct_if):
            return ()
        other = self.named[requirement.distinct_from]
        self.finding(other)
        theirs = self.holders.get(other.id, set())
        asked = int(self.charter.amount(getattr(other, "number", 1)))
        if len(meeting | theirs) >= number + min(asked, len(theirs)):
            return ()
        return tuple(sorted(self.known[pk].name for pk in meeting & theirs))

    def why(self, state: State, judged: dict[int, tuple[State, str]]) -> tuple[str, tuple[str, ...]]:
        """The word and the names of those that come closest without meeting it."""
        if state in FINE:
            return "", ()
        if not judged:
            return "nobody", ()
        near = max((s for s, _why in judged.values() if s not in FINE), key=RANK.__getitem__, default=None)
        if near is None:
            return "too_few", ()
        reasons = {why for s, why in judged.values() if s is near}
        names = sorted(self.known[pk].name for pk, (s, _why) in judged.items() if s is near)
        return (reasons.pop() if len(reasons) == 1 else "facts"), tuple(names[:5])

    def shown(
        self, requirement: OrganisationsRequirement, judged: dict[int, tuple[State, str]]
    ) -> tuple[Evidence, ...]:
        """The roles and the years that were looked at, those that meet it first."""
        roles = self.candidates(requirement)
        ranked = sorted(judged, key=lambda pk: (-RANK[judged[pk][0]], self.known[pk].name))
        items: list[Evidence] = []
        for pk in ranked[:SHOWN]:
            organisation = self.known[pk]
            for role in roles[pk]:
                kind = Source.RELATION if role.id else Source.ORGANISATION
                sums = (role.sha256,) if role.sha256 else ()
                items.append(Evidence(kind, organisation.name, role.id or pk, role.source, None, sums))
            if requirement.where:
                items += [
                    Evidence(Source.YEAR, f"{organisation.name}, {year.year}", pk, year.source, year.closed_on)
                    for year in sorted(organisation.years, key=lambda year: -year.year)[:2]
                ]
        return tuple(items)

    # -- Bodies, offices, money

    def body(self, requirement: BodyRequirement) -> Finding:
        bodies = [body for body in self.facts.bodies if body.kind == requirement.body]
        if not bodies:
            return Finding(requirement.id, State.UNKNOWN, Step.BODY, note="no_body")
        parts = {body.id: list(self.parts_of(requirement, body)) for body in bodies}
        best = max(bodies, key=lambda body: RANK[worst(part.state for part in parts[body.id])])
        members = tuple(parts[best.id])
        state = worst(part.state for part in members) if members else State.MET
        weakest = next((part for part in members if part.state is state), None)
        seen = Evidence(Source.BODY, best.name, best.id, "", best.last_meeting, (best.sha256,) if best.sha256 else ())
        if state in FINE or weakest is None:
            return Finding(requirement.id, State.MET, evidence=(seen,))
        return Finding(
            requirement.id,
            state,
            weakest.step,
            value=weakest.value,
            comparator=weakest.comparator,
            threshold=weakest.threshold,
            unit=weakest.unit,
            gap=weakest.gap,
            note=weakest.note,
            about=weakest.about,
            evidence=(seen,),
        )

    def parts_of(self, requirement: BodyRequirement, body: BodyFact) -> Iterable[Finding]:
        """Each thing that is asked of a body, as a finding of its own."""
        pk = requirement.id
        if requirement.forms:
            fits = body.legal_form in requirement.forms
            yield Finding(pk, _state(fits), Step.BODY, note="form", about=(body.legal_form,))
        if requirement.legal_rules:
            state, note = legal_state(body)
            yield Finding(pk, state, Step.MEMBERS, note=note)
        if requirement.after_call:
            yield Finding(pk, _state(body.after_call), Step.BODY, note="no_call")
        if requirement.met_within_months is not None:
            yield self.meeting(pk, body, requirement.met_within_months)
        if requirement.classes_represented:
            seated = {seat.actor_class for seat in body.seats}
            absent = tuple(name for name in requirement.classes_represented if name not in seated)
            yield Finding(pk, _state(not absent), Step.MEMBERS, gap=Decimal(len(absent)), note="classes", about=absent)
        for seats in requirement.seats:
            yield self.seats(pk, seats, body)
        if requirement.with_document:
            yield Finding(pk, State.MET if body.sha256 else State.UNKNOWN, Step.DOCUMENT, note="not_shown")

    def meeting(self, pk: str, body: BodyFact, months: int) -> Finding:
        last = body.last_meeting
        if last is None:
            return Finding(pk, State.NOT_MET, Step.BODY, note="never_met")
        recent = last >= months_before(self.facts.day, months)
        return Finding(pk, State.MET if recent else State.STALE, Step.BODY, note="old_meeting", about=(str(last),))

    def seats(self, pk: str, asked: Seats, body: BodyFact) -> Finding:
        """A share or a number of seats, votes or capital, against its threshold; facts not known leave it open."""
        comparator, threshold = self.bound(asked)
        if not body.seats:
            return Finding(pk, State.UNKNOWN, Step.MEMBERS, note="no_seats")
        if asked.of == "capital" and any(seat.capital is None for seat in body.seats):
            return Finding(pk, State.UNKNOWN, Step.MEMBERS, note="no_capital")
        sure, open_ = Decimal(0), Decimal(0)
        for seat in body.seats:
            fits = self.seat_fits(asked, seat)
            sure += _weight(asked, seat) if fits else 0
            open_ += _weight(asked, seat) if fits is None else 0
        low: Number = sure
        high: Number = sure + open_
        if asked.as_share:
            whole = sum(_weight(asked, seat) for seat in body.seats)
            if not whole:
                return Finding(pk, State.UNKNOWN, Step.MEMBERS, note="no_votes")
            low, high = (100 * Fraction(part) / Fraction(whole) for part in (sure, sure + open_))
        passed = passes_between(comparator, low, high, threshold)
        shown_low, shown_high = _decimal(low), _decimal(high)
        return Finding(
            pk,
            _state(passed),
            Step.MEMBERS,
            value=shown_low if low == high else None,
            low=None if low == high else shown_low,
            high=None if low == high else shown_high,
            comparator=comparator,
            threshold=threshold,
            unit=self.charter.unit_of(asked),
            gap=None if passed else _gap(comparator, shown_low, shown_high, threshold),
            note="seats",
            about=asked.roles + asked.classes + asked.kinds,
        )

    def seat_fits(self, asked: Seats, seat: SeatFact) -> bool | None:
        """Whether a seat is of those asked for; None where its member is not known well enough."""
        if (asked.classes and seat.actor_class not in asked.classes) or (asked.roles and seat.role not in asked.roles):
            return False
        if seat.organisation is None:
            return None if asked.kinds or asked.where else True
        organisation = self.known[seat.organisation]
        if asked.kinds and organisation.kind not in asked.kinds:
            return False
        closed = [year for year in organisation.years if year.closed_on <= self.facts.day]
        if asked.where:
            return self.in_year(asked.where, closed, max(year.year for year in closed)) if closed else None
        return True

    def appointment(self, requirement: AppointmentRequirement) -> Finding:
        named = [one for one in self.facts.appointments if one.office == requirement.office]
        if not named:
            return Finding(requirement.id, State.UNKNOWN, Step.APPOINT, note="nobody_appointed")
        judged = {one.id: _appointed(requirement, one) for one in named}
        best = max(named, key=lambda one: RANK[judged[one.id][0]])
        state, step, note = judged[best.id]
        sums = (best.sha256,) if best.sha256 else ()
        seen = Evidence(Source.APPOINTMENT, best.act, best.id, best.by, best.since, sums)
        return Finding(requirement.id, state, step, note=note, evidence=(seen,))

    def funding(self, requirement: FundingRequirement) -> Finding:
        if self.facts.funding is None:
            return self.compared(requirement, MISSING)
        lines = [
            line
            for line in self.facts.funding
            if (not requirement.levels or line.level in requirement.levels)
            and (not requirement.purposes or line.purpose in requirement.purposes)
        ]
        seen = tuple(
            Evidence(Source.FUNDING, f"{line.level}: {line.amount:f}", line.id, line.source) for line in lines[:SHOWN]
        )
        total = sum((line.amount for line in lines), Decimal(0))
        return self.compared(requirement, Known(Hold.KNOWN, total, evidence=seen))

    def judgement(self, requirement: JudgementRequirement) -> Finding:
        said = self.facts.judgements.get(requirement.id)
        if said is None:
            return Finding(requirement.id, State.HUMAN, Step.JUDGE, note="no_judgement")
        seen = Evidence(Source.JUDGEMENT, said.reason, said.id, "", said.on)
        return Finding(requirement.id, _state(said.met), Step.NOTHING, note="judged", evidence=(seen,))

    # -- Groups

    def group(self, requirement: GroupRequirement) -> Finding:
        members = tuple(self.finding(member) for member in requirement.requirements)
        asked = [
            finding.state for finding, member in zip(members, requirement.requirements, strict=True) if not member.bonus
        ]
        number = {"all": len(asked), "any": 1, "at_least": requirement.n or 1}[requirement.rule_of]
        state = nth_best(asked, number) if number else State.NOT_APPLICABLE
        fine = sum(one in FINE for one in asked)
        return Finding(
            requirement.id,
            state,
            Step.NOTHING if state in FINE else Step.MEMBERS,
            value=Decimal(fine),
            comparator="at_least",
            threshold=Decimal(number),
            gap=None if state in FINE else Decimal(number - fine),
            note="" if state in FINE else "group",
            members=members,
        )


SHOWN = 12  # pieces of evidence that a finding names

_USE = {
    Hold.MISSING: (State.UNKNOWN, Step.DECLARE, "missing"),
    Hold.UNAVAILABLE: (State.UNKNOWN, Step.FIND, "unavailable"),
    Hold.CONTRADICTED: (State.UNKNOWN, Step.RETAIN, "contradicted"),
    Hold.STALE: (State.STALE, Step.RENEW, "stale"),
}
_ORGANISATION_STEPS = {
    State.NOT_MET: Step.ORGANISATION,
    State.STALE: Step.RENEW,
    State.UNKNOWN: Step.SETTLE,
}
_BY_KIND: dict[type, Callable[[_Judging, Any], Finding]] = {
    MeasureRequirement: _Judging.figure,
    TravelRequirement: _Judging.figure,
    OrganisationsRequirement: _Judging.organisations,
    DocumentRequirement: _Judging.document,
    GeometryRequirement: _Judging.geometry,
    BodyRequirement: _Judging.body,
    AppointmentRequirement: _Judging.appointment,
    FundingRequirement: _Judging.funding,
    JudgementRequirement: _Judging.judgement,
    GroupRequirement: _Judging.group,
}


def _appointed(requirement: AppointmentRequirement, one: AppointmentFact) -> tuple[State, Step, str]:
    if requirement.appointed_by and one.by_kind not in requirement.appointed_by:
        return State.NOT_MET, Step.APPOINT, "appointed_by"
    if requirement.entrepreneur and not one.entrepreneur:
        return State.NOT_MET, Step.APPOINT, "not_entrepreneur"
    if requirement.with_document and not one.sha256:
        return State.UNKNOWN, Step.DOCUMENT, "not_shown"
    return State.MET, Step.NOTHING, ""


def _weight(asked: Seats, seat: SeatFact) -> Decimal:
    return {"seats": Decimal(1), "votes": seat.votes, "capital": seat.capital or Decimal(0)}[asked.of]


def _decimal(value: Number) -> Decimal:
    exact = Fraction(value)
    return Decimal(exact.numerator) / Decimal(exact.denominator)


def _gap(comparator: str, low: Decimal | None, high: Decimal | None, threshold: Decimal) -> Decimal | None:
    """How much is missing (or too much), in the unit: at most, where the value is an interval."""
    if comparator in {"at_least", "more_than"}:
        return None if low is None else max(threshold - low, Decimal(0))
    return None if high is None else max(high - threshold, Decimal(0))


def _expected(comparator: str, low: Decimal | None, threshold: Decimal, plans: Sequence[Plan]) -> datetime.date | None:
    """The day on which what is planned, added to what is there, would pass."""
    total = low or Decimal(0)
    for plan in sorted(plans, key=lambda plan: plan.day):
        total += plan.amount
        if passes(comparator, total, threshold):
            return plan.day
    return None


def _with_state(finding: Finding, state: State) -> Finding:
    if finding.state is state:
        return finding
    changed = {name: getattr(finding, name) for name in finding.__struct_fields__}
    cleared = {"gap": None, "step": Step.NOTHING, "note": "not_applicable"} if state in FINE else {"note": "condition"}
    return Finding(**{**changed, **cleared, "state": state})
