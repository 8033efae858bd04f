"""What holds whatever the facts are."""

import datetime
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.factories.labels import requirement, words
from tests.labels.judging.cases import (
    CHAMPION,
    DAY,
    SEALED,
    between,
    body,
    charter,
    company,
    facts,
    here,
    measure,
    of,
    only,
    parameter,
    seat,
    year,
)
from totem.core.canonical import canonical
from totem.labels.figures import KnownFigure, PlannedAmount
from totem.labels.judging import judge
from totem.labels.judging.facts import (
    FINE,
    RANK,
    STATES,
    AppointmentFact,
    Facts,
    FundingFact,
    JudgementFact,
    OrganisationFact,
    Result,
    RoleFact,
    State,
)
from totem.labels.judging.logic import nth_best

SEATS = {"of": "votes", "as_share": True, "kinds": ["startup"], "more_than": 50, "unit": "%"}
EVERYTHING = charter(
    [
        measure("area", at_least=100, unit="m²"),
        measure("minutes", less_than=30, unit="min"),
        requirement("papers", "document", signed=True),
        requirement("said", "judgement", guide=words("?"), only_if="area"),
    ],
    [
        CHAMPION,
        requirement("venture", "organisations", roles=["invests_in"], stage="venture", with_document=True),
        requirement(
            "seed", "organisations", roles=["invests_in"], stage="seed", with_document=True, distinct_from="venture"
        ),
        requirement(
            "group",
            "group",
            rule_of="at_least",
            n=2,
            requirements=[
                measure("clusters", at_least=1, unit="clusters"),
                requirement("agreement", "organisations", roles=["coordinates_with"], only_if="clusters"),
                requirement(
                    "large",
                    "organisations",
                    roles=["located_in"],
                    number=2,
                    where=[{"fact": "staff", "at_least": 250, "unit": "people"}],
                ),
            ],
        ),
    ],
    [
        requirement("board", "body", body="governing", met_within_months=12, seats=[SEATS]),
        requirement("officer", "appointment", entrepreneur=True),
        requirement("money", "funding", levels=["state"], at_most=0, unit="€"),
    ],
)
IDS = [asked.id for asked in EVERYTHING.requirements()]


def unsaid(draw: st.DrawFn, value: Any) -> Any:
    """The value, or None where it is not told."""
    return value if draw(st.booleans()) else None


@st.composite
def companies(draw: st.DrawFn, pk: int) -> tuple[OrganisationFact, OrganisationFact]:
    """A company as somebody knows it, and as it is: bands instead of numbers, years of which not all is told."""
    known, true = [], []
    for number in draw(st.sampled_from([(), (2025,), (2024, 2025), (2021, 2022)])):
        revenue = draw(st.sampled_from([4_000_000, 5_000_000, 6_250_000, 8_000_000]))
        staff = draw(st.sampled_from([10, 25, 26, 250]))
        share = draw(st.sampled_from([39, 40, 41]))
        low, high = staff - draw(st.sampled_from([0, 1, 10])), draw(st.sampled_from([staff, staff + 1, None]))
        true.append(year(number, revenue, (staff, staff), share))
        told = (low, high) if draw(st.booleans()) else (None, None)
        known.append(year(number, unsaid(draw, revenue), told, unsaid(draw, share)))
    kind = draw(st.sampled_from(["startup", "large_group"]))
    return company(pk, *known, kind=kind), company(pk, *true, kind=kind)


@st.composite
def figures(draw: st.DrawFn, name: str) -> tuple[dict[str, KnownFigure], dict[str, KnownFigure]]:
    """A figure as an interval or not told at all, and as it is."""
    value = draw(st.sampled_from([0, 1, 29, 30, 99, 100]))
    low, high = value - draw(st.sampled_from([0, 1, 100])), value + draw(st.sampled_from([0, 1, 100]))
    told = draw(st.sampled_from([between(low, high), between(low, None), between(None, high), None]))
    return ({name: told} if told else {}), {name: of(value, evidence=(SEALED,))}


@st.composite
def partly_known(draw: st.DrawFn) -> tuple[Facts, Facts]:
    """Facts of which not all is told, and the same ones in full."""
    pairs = [draw(companies(pk)) for pk in range(1, draw(st.integers(1, 4)) + 1)]
    pks = st.integers(1, len(pairs))
    kinds = st.sampled_from(["located_in", "mentors", "coordinates_with", "invests_in"])
    roles, shown = [], []
    for n in range(1, draw(st.integers(0, 7)) + 1):
        role = RoleFact(draw(pks), draw(kinds), n, stage=draw(st.sampled_from(["venture", "seed"])))
        shown_now = draw(st.sampled_from(["", "a"]))
        roles.append(msgspec.structs.replace(role, sha256=shown_now))
        shown.append(msgspec.structs.replace(role, sha256=shown_now or draw(st.sampled_from(["", "b"]))))
    seats = [(draw(pks), Decimal(draw(st.integers(0, 3)))) for _ in range(draw(st.integers(0, 3)))]
    told = [seat("company", votes, organisation=unsaid(draw, pk)) for pk, votes in seats]
    full = [seat("company", votes, organisation=pk) for pk, votes in seats]
    parts = [draw(figures(name)) for name in ("area", "minutes", "clusters")]
    papers = of(1, evidence=draw(st.sampled_from([(), (SEALED,)])))
    lines = draw(st.lists(st.sampled_from(["state", "region"]), max_size=3))
    same = {
        "appointments": tuple(
            AppointmentFact(n, "chief_digital_officer", f"Acte {n}", DAY, entrepreneur=yes)
            for n, yes in enumerate(draw(st.lists(st.booleans(), max_size=2)))
        ),
        "funding": tuple(FundingFact(n, level, "x", Decimal(n)) for n, level in enumerate(lines)) if lines else None,
    }
    verdict = {"said": JudgementFact(1, draw(st.booleans()), DAY)}
    fewer = facts(
        figures={key: value for partly, _full in parts for key, value in partly.items()} | {"essai.papers": papers},
        organisations=tuple(one for one, _full in pairs),
        roles=tuple(roles),
        bodies=(body(*told, last_meeting=DAY),) if seats else (),
        judgements=unsaid(draw, verdict) or {},
        **same,
    )
    more = facts(
        figures={key: value for _partly, full in parts for key, value in full.items()}
        | {"essai.papers": of(1, evidence=(SEALED,))},
        organisations=tuple(one for _partly, one in pairs),
        roles=tuple(shown),
        bodies=(body(*full, last_meeting=DAY),) if seats else (),
        judgements=verdict,
        **same,
    )
    return fewer, more


def shuffled(draw: st.DrawFn, given_facts: Facts) -> Facts:
    """The same facts, their rows in another order."""

    def mixed(rows: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(draw(st.permutations(rows)))

    return msgspec.structs.replace(
        given_facts,
        organisations=tuple(
            msgspec.structs.replace(one, years=mixed(one.years)) for one in mixed(given_facts.organisations)
        ),
        roles=mixed(given_facts.roles),
        bodies=mixed(tuple(msgspec.structs.replace(one, seats=mixed(one.seats)) for one in given_facts.bodies)),
        appointments=mixed(given_facts.appointments),
        funding=given_facts.funding and mixed(given_facts.funding),
        figures=dict(mixed(tuple(given_facts.figures.items()))),
    )


class TestWhateverTheFacts:
    @given(partly_known(), st.data())
    def test_the_order_of_rows_changes_nothing(self, pair: tuple[Facts, Facts], data: st.DataObject) -> None:
        other = shuffled(data.draw, pair[0])
        assert canonical(judge(EVERYTHING, other)) == canonical(judge(EVERYTHING, pair[0]))

    @given(partly_known())
    def test_facts_and_results_come_back_from_json_the_same(self, pair: tuple[Facts, Facts]) -> None:
        for known in pair:
            again = msgspec.json.decode(canonical(known), type=Facts)
            result = judge(EVERYTHING, known)
            assert again == known
            assert canonical(judge(EVERYTHING, again)) == canonical(result)
            assert canonical(msgspec.json.decode(canonical(result), type=Result)) == canonical(result)

    @hypothesis_settings(max_examples=3 * hypothesis_settings.default.max_examples)
    @given(partly_known())
    def test_knowing_more_changes_nothing_that_was_decided(self, pair: tuple[Facts, Facts]) -> None:
        fewer, more = (judge(EVERYTHING, known) for known in pair)
        decided = {State.MET, State.NOT_MET, State.NOT_APPLICABLE}
        for pk in IDS:
            before, after = fewer.finding(pk).state, more.finding(pk).state
            if before in decided:
                assert (before in FINE, before is State.NOT_MET) == (after in FINE, after is State.NOT_MET), pk

    @given(partly_known(), st.data())
    def test_one_more_organisation_never_worsens(self, pair: tuple[Facts, Facts], data: st.DataObject) -> None:
        known, _more = pair
        extra, _true = data.draw(companies(9))
        more = msgspec.structs.replace(
            known,
            organisations=(*known.organisations, extra),
            roles=known.roles + here(9, kinds=["located_in", "mentors"]),
        )
        for pk in ("champion", "large"):
            before = judge(EVERYTHING, known).finding(pk)
            if before.note != "nobody":  # nothing declared is not known; what is declared may not suffice
                assert RANK[judge(EVERYTHING, more).finding(pk).state] >= RANK[before.state]

    @given(st.lists(st.sampled_from(STATES), min_size=1, max_size=5), st.data())
    def test_a_group_lies_between_its_worst_and_its_best(self, members: list[State], data: st.DataObject) -> None:
        state = nth_best(members, data.draw(st.integers(1, len(members))))
        assert min(RANK[m] for m in members) <= RANK[state] <= max(RANK[m] for m in members)

    @given(st.decimals(-1_000, 1_000, places=3), st.decimals(-1_000, 1_000, places=3))
    def test_the_gap_is_what_is_missing_in_the_unit(self, value: Decimal, threshold: Decimal) -> None:
        parameters = {"t": parameter(str(threshold))}
        for comparator, missing in (("at_least", threshold - value), ("at_most", value - threshold)):
            found = only(measure(**{comparator: "$t"}), parameters, figures={"m": of(value)})
            assert (found.gap is None) == (found.state is State.MET) == (missing <= 0)
            if found.gap is not None:
                assert found.gap == missing

    @given(st.lists(st.tuples(st.dates(DAY), st.integers(0, 60)), max_size=6), st.integers(0, 99))
    def test_plans_give_a_day_and_never_a_state(self, plans: list[tuple[datetime.date, int]], value: int) -> None:
        known = of(value, plans=tuple(PlannedAmount(day, Decimal(amount)) for day, amount in plans))
        found = only(measure(at_least=100), figures={"m": known})
        reached = [day for day, _ in plans if value + sum(amount for at, amount in plans if at <= day) >= 100]
        assert found.state is State.NOT_MET
        assert found.expected_on == min(reached, default=None)
