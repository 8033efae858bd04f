"""Judging: a charter and facts in, a result out. Pure: no query, no clock, no guess.

Three-valued logic: what is not known is not met only where it cannot be met. Nothing declared is `unknown`; what is
declared and does not suffice is `not_met`. Thresholds are compared exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from totem.labels.charters.format import (
    AppointmentRequirement,
    BodyRequirement,
    Charter,
    DocumentRequirement,
    FundingRequirement,
    GeometryRequirement,
    GroupRequirement,
    JudgementRequirement,
    MeasureRequirement,
    OrganisationsRequirement,
    Requirement,
    TravelRequirement,
)
from totem.labels.judging import bodies, figures
from totem.labels.judging.case import Case, counted
from totem.labels.judging.facts import FINE, CriterionFinding, Facts, Finding, NextStep, Result, State
from totem.labels.judging.logic import implied, nth_best, worst
from totem.labels.judging.organisations import Holders, organisations


def judge(charter: Charter, facts: Facts) -> Result:
    """The state of every requirement, of each criterion, and of the whole."""
    return judged(charter, facts)[0]


def judged(charter: Charter, facts: Facts) -> tuple[Result, dict[str, frozenset[int]]]:
    """The result, and the ids of the organisations that meet each requirement that counts some."""
    judging = _Judging(Case(charter, facts))
    criteria = []
    for criterion in charter.criteria:
        findings = tuple(judging.finding(requirement) for requirement in criterion.requirements)
        criteria.append(CriterionFinding(criterion.id, worst(_asked(criterion.requirements, findings)), findings))
    states = [found.state for found, said in zip(criteria, charter.criteria, strict=True) if said.mandatory]
    return Result(worst(states), tuple(criteria)), {pk: held.surely for pk, held in judging.holders.items()}


def _asked(requirements: tuple[Requirement, ...], findings: tuple[Finding, ...]) -> list[State]:
    """The states of those that count: neither optional nor a bonus."""
    return [
        finding.state
        for finding, requirement in zip(findings, requirements, strict=True)
        if requirement.mandatory and not requirement.bonus
    ]


@dataclass
class _Judging:
    """What was found already: conditions are looked at once."""

    case: Case
    found: dict[str, Finding] = field(default_factory=dict)
    holders: dict[str, Holders] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.named = {requirement.id: requirement for requirement in self.case.charter.requirements()}

    def finding(self, requirement: Requirement) -> Finding:
        """What is found of a requirement, its condition included."""
        if requirement.id not in self.found:
            finding = self.by_itself(requirement)
            said = self.case.facts.judgements.get(requirement.id)
            if requirement.may_not_apply and said is not None and not said.applies:
                finding = figures.declared(requirement.id, said, State.NOT_APPLICABLE)
            elif requirement.only_if:
                finding = _conditioned(finding, self.finding(self.named[requirement.only_if]))
            self.found[requirement.id] = finding
        return self.found[requirement.id]

    def by_itself(self, requirement: Requirement) -> Finding:
        match requirement:
            case GroupRequirement():
                return self.group(requirement)
            case OrganisationsRequirement():
                finding, self.holders[requirement.id] = organisations(self.case, requirement, self.others(requirement))
                return finding
            case _:
                return _BY_KIND[type(requirement)](self.case, requirement)

    def others(self, requirement: OrganisationsRequirement) -> Holders | None:
        """Who holds the requirement whose organisations do not serve this one too, if there is one that is asked."""
        if not requirement.distinct_from:
            return None
        if requirement.distinct_if and not self.case.charter.says(requirement.distinct_if):
            return None
        state = self.finding(self.named[requirement.distinct_from]).state
        return None if state is State.NOT_APPLICABLE else self.holders[requirement.distinct_from]

    def group(self, requirement: GroupRequirement) -> Finding:
        """So many of its members as are asked; bonuses and optional ones are shown and not counted."""
        members = tuple(self.finding(member) for member in requirement.requirements)
        asked = _asked(requirement.requirements, members)
        number = min({"all": len(asked), "any": 1, "at_least": requirement.n or 1}[requirement.rule_of], len(asked))
        state = nth_best(asked, number) if number else State.NOT_APPLICABLE
        step, note = (NextStep.NOTHING, "") if state in FINE else (NextStep.MEMBERS, "group")
        finding = Finding(requirement.id, state, step, note=note, members=members)
        return counted(finding, sum(one in FINE for one in asked), number)


_BY_KIND: dict[type, Callable[[Case, Any], Finding]] = {
    MeasureRequirement: figures.figure,
    TravelRequirement: figures.figure,
    FundingRequirement: figures.funding,
    DocumentRequirement: figures.document,
    GeometryRequirement: figures.geometry,
    JudgementRequirement: figures.judgement,
    BodyRequirement: bodies.body,
    AppointmentRequirement: bodies.appointment,
}


def _conditioned(finding: Finding, condition: Finding) -> Finding:
    """The finding, as its condition lets it stand: where it waits for that, the next step is the condition's."""
    state = implied(condition.state, finding.state)
    if state is finding.state:
        return finding
    if state in FINE:
        settled = {"gap": None, "step": NextStep.NOTHING, "note": "not_applicable", "expected_on": None}
        return msgspec.structs.replace(finding, state=state, **settled)
    return msgspec.structs.replace(finding, state=state, step=condition.step, note="condition")
