"""Who would complete whom: the three Norman agglomerations, from rows to the answer of a search."""

import datetime
from itertools import combinations
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from tests.factories.hubs import HubFactory, ZoneFactory
from tests.factories.labels import (
    BoardFactory,
    CharterVersionFactory,
    ObservationFactory,
    ReadingFactory,
    content_of,
    requirement,
    words,
)
from tests.factories.organisations import OrganisationFactory, RelationFactory
from tests.factories.territories import CommuneFactory, EpciFactory
from totem.labels import jobs
from totem.labels.charters.format import from_content
from totem.labels.coalitions import actions as coalition_actions
from totem.labels.coalitions.partners import CoalitionTable, partners_in
from totem.labels.coalitions.problem import joined
from totem.labels.judging.facts import FINE
from totem.labels.models import Board, Retention, Search
from totem.labels.subjects import epci_subjects, subject_of
from totem.organisations.models import RelationKind
from totem.territories.actions import publish_perimeter_version
from totem.territories.places import place_for

pytestmark = pytest.mark.django_db

DAY = datetime.date(2026, 11, 1)
NOW = datetime.datetime(2026, 11, 1, 9, tzinfo=datetime.UTC)
ROUEN, CAEN, LE_HAVRE = "200023414", "200065597", "200084952"

CONTENT = content_of(
    [requirement("accounts", "organisations", roles=["large_account_in"], number=3)],
    [requirement("companies", "measure", indicator="digital_companies", at_least=5, unit="entreprises")],
    [requirement("events", "measure", indicator="events_held", at_least=150, unit="événements")],
    [requirement("seen", "judgement", guide=words("Est-ce bien ?"))],
    indicators=[
        {"name": "digital_companies", "measure": "digital_companies"},
        {
            "name": "events_held",
            "label": words("Événements"),
            "unit": "événements",
            "combine": "sum",
            "period": "closed_year",
        },
    ],
)


def agglomeration(code: str, name: str, accounts: int, **commune: bool) -> None:
    """A grouping of one commune, with that many large digital accounts."""
    seat = CommuneFactory(**commune, epci=EpciFactory(code=code, name=name))
    for _n in range(accounts):
        RelationFactory(
            organisation=OrganisationFactory(company=True, commune=seat),
            kind=RelationKind.LARGE_ACCOUNT_IN,
            commune=seat,
            perimeter=None,
            partner=None,
            public=True,
            since=datetime.date(2014, 1, 1),
        )


@pytest.fixture
def board() -> Board:
    CharterVersionFactory(data=CONTENT)
    agglomeration(ROUEN, "Métropole Rouen Normandie", 1, rouen=True)
    agglomeration(CAEN, "CU Caen la Mer", 1, caen=True)
    agglomeration(LE_HAVRE, "CU Le Havre Seine Métropole", 1, le_havre=True)
    agglomeration("248000531", "CA Amiens Métropole", 0, amiens=True)
    board = BoardFactory()
    assert board.perimeter
    publish_perimeter_version(perimeter=board.perimeter, by=None, now=NOW, valid_from=DAY, parts={"epci": [ROUEN]})
    # Companies 1 and 2 have sites in both Rouen and Caen: they count once.
    for key, ids in (
        (f"perimetre:{board.perimeter.pk}", [1, 2, 3]),
        (f"epci:{CAEN}", [1, 2]),
        (f"epci:{LE_HAVRE}", [4, 5]),
    ):
        ReadingFactory(name="digital_companies", subject=key, value=len(ids), ids=ids, day=DAY)
    return board


def declared(board: Board, indicator: str, values: dict[str, int]) -> None:
    """What the territories say of themselves, the lead by its grouping, each retained."""
    for code, value in values.items():
        said = ObservationFactory(
            workspace=board.workspace, epci=EpciFactory(code=code), indicator=indicator, first__value=value
        )
        said.refresh_from_db()
        Retention.objects.create(
            workspace=board.workspace,
            subject=said.subject,
            indicator=said.indicator,
            observation=said,
            automatic=True,
            made_at=NOW,
        )


def events(board: Board, code: str, value: int) -> None:
    declared(board, "events_held", {code: value})


def answered(board: Board, scope: str = "region:28") -> dict[str, Any]:
    search = coalition_actions.ask_for_partners(board=board, scope=scope, most=3, by=None, day=DAY)
    jobs.search_partners(search.pk)
    search.refresh_from_db()
    assert search.state == Search.State.DONE
    return search.answer


def test_rouen_alone_lacks_large_accounts_and_with_caen_and_le_havre_has_them(board: Board) -> None:
    answer = answered(board)
    assert not answer["lead_suffices"]
    assert (answer["count"], answer["by_size"]) == (1, [0, 0, 1, 0])
    (found,) = answer["best"]
    assert set(found["members"]) == {f"epci:{CAEN}", f"epci:{LE_HAVRE}"}
    # Five distinct companies: those of Caen are Rouen's too.
    brings = dict(zip(found["members"], found["brings"], strict=True))
    assert brings[f"epci:{CAEN}"] == ["accounts"]
    assert sorted(brings[f"epci:{LE_HAVRE}"]) == ["accounts", "companies"]
    assert set(answer["irreplaceable"]) == {f"epci:{CAEN}", f"epci:{LE_HAVRE}"}
    # Nobody has said anything of events: a program cannot decide that.
    assert answer["required"] == ["accounts", "companies"]
    assert found["missing"] == ["events"]


def test_what_is_declared_of_the_partners_joins(board: Board) -> None:
    for code, value in ((ROUEN, 60), (CAEN, 50), (LE_HAVRE, 46)):
        events(board, code, value)
    answer = answered(board)
    assert answer["required"] == ["accounts", "companies", "events"]
    assert answer["count"] == 1
    events(board, "248000531", 1)
    assert answered(board)["count"] == 1


def test_without_an_answer_the_nearest_miss_is_told(board: Board) -> None:
    for code, value in ((ROUEN, 60), (CAEN, 50), (LE_HAVRE, 30)):
        events(board, code, value)
    answer = answered(board)
    assert answer["count"] == 0
    nearest = answer["nearest"]
    assert set(nearest["members"]) == {f"epci:{CAEN}", f"epci:{LE_HAVRE}"}
    (unmet,) = nearest["unmet"]
    assert (unmet["id"], unmet["value"], unmet["gap"]) == ("events", "140.000", "10.000")


def test_partners_share_no_commune_with_the_lead(board: Board) -> None:
    lead = subject_of(board, DAY)
    keys = [subject.key for subject in partners_in(place_for("region", "28"), lead)]
    assert keys == [f"epci:{CAEN}", f"epci:{LE_HAVRE}"]
    assert f"epci:{ROUEN}" not in [subject.key for subject in partners_in(place_for("france", "fr"), lead)]


def test_what_another_workspace_keeps_to_itself_is_not_seen(board: Board) -> None:
    RelationFactory(
        organisation=OrganisationFactory(company=True),
        kind=RelationKind.LARGE_ACCOUNT_IN,
        commune=CommuneFactory(caen=True),
        perimeter=None,
        partner=None,
        public=False,
    )
    charter = from_content(CONTENT)
    table = CoalitionTable(charter, [subject_of(board, DAY), *epci_subjects([CAEN])], DAY, workspace=board.workspace)
    assert [len(value) for value in table.clauses["accounts"].values] == [1, 1]  # type: ignore[union-attr, arg-type]


def test_too_many_for_sets_of_four_and_no_such_place_are_refused(board: Board) -> None:
    with pytest.raises(ValidationError):
        coalition_actions.ask_for_partners(board=board, scope="region:99", most=2, by=None, day=DAY)
    for n in range(151):
        CommuneFactory(code=f"{62000 + n}", epci=EpciFactory(code=f"3000{n:05d}", name=f"EPCI {n}"))
    with pytest.raises(ValidationError):
        coalition_actions.ask_for_partners(board=board, scope="france:fr", most=4, by=None, day=DAY)


def test_what_nobody_has_computed_of_the_partners_yet_is_computed_by_the_search() -> None:
    CharterVersionFactory(
        data=content_of(
            [requirement("area", "measure", indicator="hub_area", at_least=500, unit="m²")],
            indicators=[{"name": "hub_area", "measure": "hub_area"}],
        )
    )
    agglomeration(ROUEN, "Métropole Rouen Normandie", 0, rouen=True)
    agglomeration(CAEN, "CU Caen la Mer", 0, caen=True)
    agglomeration(LE_HAVRE, "CU Le Havre Seine Métropole", 0, le_havre=True)
    for area, commune in ((300, {"rouen": True}), (250, {"caen": True}), (50, {"le_havre": True})):
        ZoneFactory(hub=HubFactory(commune=CommuneFactory(**commune), is_published=True), area=area)
    board = BoardFactory()
    assert board.perimeter
    publish_perimeter_version(perimeter=board.perimeter, by=None, now=NOW, valid_from=DAY, parts={"epci": [ROUEN]})
    answer = answered(board)
    assert [found["members"] for found in answer["best"]] == [[f"epci:{CAEN}"]]


JOINING = content_of(
    [requirement("accounts", "organisations", roles=["large_account_in"], number=2)],
    [requirement("companies", "measure", indicator="digital_companies", at_least=5, unit="entreprises")],
    [requirement("share", "measure", indicator="monthly_area_share", at_most=20, unit="%")],
    [requirement("events", "measure", indicator="events_held", at_least=100, unit="événements")],
    [requirement("few", "measure", indicator="events_held", at_most=120, unit="événements")],
    [requirement("rank", "measure", indicator="rank", at_least=7, unit="points")],
    [requirement("speed", "measure", indicator="speed", at_least=30, unit="Mbit/s")],
    [requirement("slow", "measure", indicator="speed", at_most=40, unit="Mbit/s")],
    indicators=[
        {"name": "digital_companies", "measure": "digital_companies"},
        {"name": "monthly_area_share", "measure": "monthly_area_share"},
        *(
            {"name": name, "label": words(name), "unit": unit, "combine": combine, "period": "closed_year"}
            for name, unit, combine in (
                *(("events_held", "événements", "sum"), ("rank", "points", "max")),
                ("speed", "Mbit/s", "all"),
            )
        ),
    ],
)


def test_what_a_set_meets_is_what_the_matrix_says_of_it_whatever_is_unknown(board: Board) -> None:
    declared(board, "events_held", {ROUEN: 60, LE_HAVRE: 50, "248000531": 1})
    declared(board, "rank", {CAEN: 9, LE_HAVRE: 3})
    declared(board, "speed", {ROUEN: 100, CAEN: 50, LE_HAVRE: 10})
    declared(board, "digital_companies", {LE_HAVRE: 4})  # retained rather than what was computed
    for key, part in ((f"perimetre:{board.perimeter_id}", 10), (f"epci:{LE_HAVRE}", 30)):
        ReadingFactory(name="monthly_area_share", subject=key, value=part, part=part, whole=100, day=DAY)
    charter, lead = from_content(JOINING), subject_of(board, DAY)
    subjects = [lead, *epci_subjects([CAEN, LE_HAVRE, "248000531"])]
    table = CoalitionTable(charter, subjects, DAY, workspace=board.workspace)
    assert [*table.clauses] == ["accounts", "companies", "share", "events", "few", "rank", "speed", "slow"]
    met = 0
    for members in (some for size in range(4) for some in combinations((1, 2, 3), size)):
        judged = table.joint([0, *members])
        found = joined(table.problem(most=3, neighbours=None), members).clauses
        said = {one.name: one.met for one in found}
        assert said == {pk: judged.finding(pk).state in FINE for pk in said}, members
        met += sum(said.values())
        # All have to reach it: the lowest counts, and that of who has said nothing may be lower.
        speeds = [{0: 100, 1: None, 2: 50, 3: 10}[one] for one in (0, *members)]
        lowest = None if None in speeds else min(speeds)  # type: ignore[type-var]
        assert judged.finding("speed").value == lowest, members
        assert (said["speed"], said["slow"]) == (lowest in {100, 50}, 3 in members)
    assert 8 < met < 50
