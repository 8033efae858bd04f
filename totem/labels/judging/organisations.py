"""A number of distinct organisations in a role here, each of which satisfies everything together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from totem.core.periods import months_before
from totem.labels.charters.format import OrganisationsRequirement, Where
from totem.labels.figures import Evidence, EvidenceKind, digests
from totem.labels.judging.case import SHOWN, Case, counted
from totem.labels.judging.facts import FINE, RANK, Finding, NextStep, OrganisationFact, RoleFact, State
from totem.labels.judging.logic import both, either, nth_best, state_of, worst

NAMED = 5  # organisations that a finding names
_OF_ROLE = frozenset({"places", "amount"})  # facts of a role; the others are of a year
_STEPS = {State.NOT_MET: NextStep.ORGANISATION, State.STALE: NextStep.RENEW, State.UNKNOWN: NextStep.SETTLE}


class Verdict(NamedTuple):
    """What is found of one organisation: the word that says why it is not met, and the facts that fail or are open."""

    state: State
    why: str = ""
    facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Holders:
    """How many organisations a requirement asks for, those that meet it, and those that do or may."""

    number: int
    surely: frozenset[int]
    possibly: frozenset[int]

    def left_by(self, others: "Holders | None") -> tuple[int, int]:
        """How many are left, surely and possibly, once the other requirement has taken its own."""
        if others is None:
            return len(self.surely), len(self.possibly)
        return (
            _left(self.surely, others.number, shared=others.possibly, apart=others.surely),
            _left(self.possibly, others.number, shared=others.surely, apart=others.possibly),
        )


def _left(ours: frozenset[int], number: int, *, shared: frozenset[int], apart: frozenset[int]) -> int:
    """How many of ours are left: the others take of ours only as many as they lack apart from them."""
    return len(ours) - max(min(number - len(apart - ours), len(shared & ours)), 0)


def organisations(
    case: Case, asked: OrganisationsRequirement, others: Holders | None = None
) -> tuple[Finding, Holders]:
    """What is found, and who holds it. `others` are those of a requirement whose organisations do not serve twice."""
    number = int(case.charter.amount(asked.number))
    candidates = _candidates(case, asked, case.facts.roles)
    ended = () if candidates else _names(case, _candidates(case, asked, case.facts.ended_roles))[:NAMED]
    judged = {pk: _verdict(case, asked, case.organisations[pk], roles) for pk, roles in candidates.items()}
    holders = Holders(
        number,
        frozenset(pk for pk, said in judged.items() if said.state is State.MET),
        frozenset(pk for pk, said in judged.items() if said.state is not State.NOT_MET),
    )
    surely, possibly = holders.left_by(others)
    none = State.NOT_MET if ended else State.UNKNOWN  # those who were there and are there no more are none
    state = nth_best((said.state for said in judged.values()), number) if judged else none
    if judged and surely < number:
        state = worst((state, State.UNKNOWN if possibly >= number else State.NOT_MET))
    note, about, facts = ("ended", ended, ()) if ended else _why(case, state, judged)
    if others and surely < number <= len(holders.surely):
        note, about, facts = "not_distinct", _names(case, holders.surely & others.possibly), ()
    step = _STEPS.get(state, NextStep.NOTHING) if judged else NextStep.ORGANISATION
    evidence = _shown(case, asked, candidates, judged)
    finding = Finding(asked.id, state, step, note=note, about=about, facts=facts, evidence=evidence)
    return counted(finding, surely, number), holders


LOCATED = ("", "located_in")  # its address is here, or somebody says that it is


def _names(case: Case, pks: Iterable[int]) -> tuple[str, ...]:
    return tuple(sorted(case.organisations[pk].name for pk in pks))


def _candidates(case: Case, asked: OrganisationsRequirement, roles: Iterable[RoleFact]) -> dict[int, list[RoleFact]]:
    """The organisations of these roles that play one that is asked, with those."""
    found: dict[int, list[RoleFact]] = {}
    for role in roles:
        fits = role.kind in (asked.roles or LOCATED)
        if not fits or (asked.stage and role.stage != asked.stage):
            continue
        if asked.detail and asked.detail.casefold() not in role.detail.casefold():
            continue
        if asked.kinds and case.organisations[role.organisation].kind not in asked.kinds:
            continue
        if asked.partner_kinds and role.partner_kind not in asked.partner_kinds:
            continue
        found.setdefault(role.organisation, []).append(role)
    return found


def _verdict(
    case: Case, asked: OrganisationsRequirement, organisation: OrganisationFact, roles: Sequence[RoleFact]
) -> Verdict:
    """Whether one organisation satisfies everything together."""
    held = {role.kind for role in case.roles[organisation.id]}
    if not held.issuperset(asked.also_roles):
        return Verdict(State.NOT_MET, "also_role")
    verdicts = _on_last_years(case, asked, organisation), _in_role(case, asked, roles)
    return min(verdicts, key=lambda said: RANK[said.state])


def _in_role(case: Case, asked: OrganisationsRequirement, roles: Sequence[RoleFact]) -> Verdict:
    """Whether one of its roles satisfies the filters on roles, and is shown by a document where that is asked."""
    filters = [where for where in asked.where if where.fact in _OF_ROLE]
    said = [
        both(case.passes(where, fact, fact) for where in filters for fact in (getattr(role, where.fact),))
        for role in roles
    ]
    fits = either(said)
    if not fits:
        return Verdict(state_of(fits), _why_not(fits), tuple(where.fact for where in filters))
    if asked.with_document and not any(role.sha256 for role, good in zip(roles, said, strict=True) if good):
        return Verdict(State.UNKNOWN, "not_shown")
    return Verdict(State.MET)


def _on_last_years(case: Case, asked: OrganisationsRequirement, organisation: OrganisationFact) -> Verdict:
    """Whether one and the same closed year satisfies all filters; and growth each of the last ones, where asked."""
    filters: list[Where] = [where for where in asked.where if where.fact not in _OF_ROLE]
    if not filters:
        return Verdict(State.MET)
    closed = case.closed_years(organisation)
    if not closed:
        return Verdict(State.UNKNOWN, "no_year")
    running = int(case.charter.amount(asked.years_running))
    last = max(year.year for year in closed)
    said = [
        (where.fact, case.in_year(where, closed, last - back))
        for where in filters
        for back in range(running if where.fact == "growth" else 1)
    ]
    passed = both(one for _fact, one in said)
    oldest = months_before(case.facts.day, asked.years_within_months)
    if passed is not False and max(year.closed_on for year in closed) < oldest:
        return Verdict(State.STALE, "old_year")
    facts = () if passed else tuple(dict.fromkeys(fact for fact, one in said if one is passed))
    return Verdict(state_of(passed), _why_not(passed), facts)


def _why_not(passed: bool | None) -> str:
    return "" if passed else "facts_missing" if passed is None else "facts"


def _why(case: Case, state: State, judged: Mapping[int, Verdict]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The word, the names of those that come closest without meeting it, and the facts in which they do not."""
    if state in FINE:
        return "", (), ()
    if not judged:
        return "nobody", (), ()
    near = max((said.state for said in judged.values() if said.state not in FINE), key=RANK.__getitem__, default=None)
    if near is None:
        return "too_few", (), ()
    ranked = sorted(
        ((len(said.facts), case.organisations[pk].name, pk) for pk, said in judged.items() if said.state is near)
    )[:NAMED]
    reasons = {judged[pk].why for _failing, _name, pk in ranked}
    facts = tuple(dict.fromkeys(fact for _failing, _name, pk in ranked for fact in judged[pk].facts))
    return reasons.pop() if len(reasons) == 1 else "facts", tuple(name for _failing, name, _pk in ranked), facts


def _shown(
    case: Case,
    asked: OrganisationsRequirement,
    candidates: Mapping[int, Sequence[RoleFact]],
    judged: Mapping[int, Verdict],
) -> tuple[Evidence, ...]:
    """The roles and the years that were looked at, those that meet it first."""
    ranked = sorted(judged, key=lambda pk: (-RANK[judged[pk].state], case.organisations[pk].name, pk))
    items: list[Evidence] = []
    for pk in ranked[:SHOWN]:
        organisation = case.organisations[pk]
        for role in sorted(candidates[pk], key=lambda role: role.id or 0):
            kind = EvidenceKind.RELATION if role.id else EvidenceKind.ORGANISATION
            items.append(Evidence(kind, organisation.name, role.id or pk, role.source, None, digests(role.sha256)))
        years = sorted(organisation.years, key=lambda year: (-year.year, year.id))[:2] if asked.where else ()
        for year in years:
            title, shown = f"{organisation.name}, {year.year}", digests(year.sha256)
            items.append(Evidence(EvidenceKind.YEAR, title, pk, year.source, year.closed_on, shown))
    return tuple(items)
