"""From rows to a judged board, and back from what was kept."""

import datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories.labels import (
    AppointmentFactory,
    BoardFactory,
    BodyFactory,
    CharterVersionFactory,
    FundingLineFactory,
    content_of,
    requirement,
    words,
)
from tests.factories.organisations import OrganisationFactory, RelationFactory
from tests.factories.territories import CommuneFactory, EpciFactory, WorkspaceMemberFactory
from totem.core.models import JournalEntry
from totem.labels.boards import actions as board_actions
from totem.labels.evidence import actions as evidence_actions
from totem.labels.evidence.gathering import gather
from totem.labels.figures import figures_of
from totem.labels.judging.evaluations import charter_of, computed_again, evaluate
from totem.labels.judging.facts import State
from totem.labels.models import Board, CharterVersion
from totem.labels.subjects import epci_subjects, subject_of
from totem.territories.actions import publish_perimeter_version
from totem.territories.models import Commune

pytestmark = pytest.mark.django_db

DAY = datetime.date(2026, 11, 1)
NOW = datetime.datetime(2026, 11, 1, 9, tzinfo=datetime.UTC)

CONTENT = content_of(
    [
        requirement("events", "measure", indicator="events_held", at_least=200, unit="événements"),
        requirement("area", "measure", indicator="usable_area", at_least=50_000, unit="m²"),
    ],
    [requirement("seen", "judgement", guide=words("Est-ce bien ?"))],
    [requirement("accounts", "organisations", roles=["large_account_in"], number=2)],
    indicators=[
        {
            "name": "events_held",
            "label": words("Événements"),
            "unit": "événements",
            "combine": "sum",
            "period": "closed_year",
            "validity_months": 24,
        },
        {"name": "usable_area", "measure": "usable_area"},
    ],
)


@pytest.fixture
def version() -> CharterVersion:
    return CharterVersionFactory(data=CONTENT)


@pytest.fixture
def board(version: CharterVersion) -> Board:
    CommuneFactory(epci=EpciFactory())
    board = BoardFactory()
    assert board.perimeter
    publish_perimeter_version(
        perimeter=board.perimeter, by=None, now=NOW, valid_from=DAY, parts={"epci": ["248000531"]}
    )
    return board


def declared(board: Board, version: CharterVersion, value: int, **values: object) -> object:
    return evidence_actions.declare(
        workspace=board.workspace,
        subject=subject_of(board, DAY),
        figured=figures_of(charter_of(version))["events_held"],
        values={
            "value": Decimal(value),
            "ends_on": datetime.date(2025, 12, 31),
            "source": "Rapport",
            "confidence": "high",
            **values,
        },
        by=None,
        now=NOW,
    )


def test_what_is_declared_is_judged_and_the_gap_is_told(board: Board, version: CharterVersion) -> None:
    assert evaluate(board, day=DAY, workspace=board.workspace).result.finding("events").state is State.UNKNOWN
    declared(board, version, 156)
    found = evaluate(board, day=DAY, workspace=board.workspace).result.finding("events")
    assert (found.state, found.value, found.gap, found.unit) == (State.NOT_MET, 156, 44, "événements")
    # What is not published is nothing to the public.
    assert evaluate(board, day=DAY, workspace=None).result.finding("events").state is State.UNKNOWN


def test_beyond_its_validity_it_does_not_count(board: Board, version: CharterVersion) -> None:
    declared(board, version, 250, valid_until=datetime.date(2026, 10, 31))
    assert evaluate(board, day=DAY, workspace=board.workspace).result.finding("events").state is State.STALE


def test_a_frozen_evaluation_is_computed_again_from_what_was_kept(board: Board, version: CharterVersion) -> None:
    declared(board, version, 200)
    frozen = board_actions.freeze(
        evaluated=evaluate(board, day=DAY, workspace=board.workspace), note="Dépôt", by=None, now=NOW
    )
    declared(board, version, 3)
    assert computed_again(frozen)
    assert frozen.frozen


def test_that_a_requirement_does_not_apply_is_declared_with_a_reason_where_the_charter_allows_it(board):
    version = CharterVersionFactory(
        data=content_of(
            [
                requirement("coast", "measure", indicator="usable_area", at_least=1, unit="m²", may_not_apply=True),
                requirement("area", "measure", indicator="usable_area", at_least=1, unit="m²"),
            ],
            version="2026.3",
        )
    )
    by = WorkspaceMemberFactory(workspace=board.workspace, role="officer").person
    client = Client()
    client.force_login(by)

    def said(pk: str, **said: str) -> int:
        url = reverse("labels:judge", args=[board.workspace.slug, board.slug, pk])
        return client.post(url, {"version": "2026.3", "conflicts": "Aucun", **said}).status_code

    def state() -> State:
        return (
            evaluate(board, day=timezone.localdate(), workspace=board.workspace, version=version)
            .result.finding("coast")
            .state
        )

    assert said("coast", verdict="not_applicable", reason="") == 422
    assert said("area", verdict="not_applicable", reason="Sans objet") == 404
    assert state() is State.UNKNOWN
    assert said("coast", verdict="not_applicable", reason="Pas de littoral") == 302
    assert state() is State.NOT_APPLICABLE
    assert JournalEntry.objects.get(verb="labels.requirement_judged").facts["verdict"] == "not_applicable"
    assert said("coast", verdict="applies", reason="Un port a ouvert") == 302
    assert state() is State.UNKNOWN


def test_what_has_ended_is_zero_and_not_unknown(board):
    CharterVersionFactory(
        data=content_of(
            [
                requirement("role", "organisations", roles=["large_account_in"]),
                requirement("body", "body", body="governing"),
                requirement("office", "appointment"),
                requirement("money", "funding", more_than=0, unit="€"),
            ],
            version="2026.2",
        )
    )
    states = lambda: {one.id: one.state for one in evaluate(  # noqa: E731
        board, day=DAY, workspace=board.workspace, version=CharterVersion.objects.get(version="2026.2")
    ).result.criteria[0].findings}  # fmt: skip
    assert set(states().values()) == {State.UNKNOWN}
    about = {"workspace": board.workspace, "perimeter": board.perimeter}
    RelationFactory(kind="large_account_in", workspace=board.workspace, perimeter=board.perimeter,
                    since=datetime.date(2025, 1, 1), until=DAY)  # fmt: skip
    BodyFactory(**about, since=datetime.date(2025, 1, 1), until=DAY)
    AppointmentFactory(**about, since=datetime.date(2025, 1, 1), until=DAY)
    FundingLineFactory(**about, starts_on=datetime.date(2025, 1, 1), ends_on=datetime.date(2025, 12, 31))
    assert set(states().values()) == {State.NOT_MET}


def test_the_number_of_queries_depends_neither_on_requirements_nor_on_territories(
    board: Board, version: CharterVersion
) -> None:
    charter = charter_of(version)
    for n in range(5):
        CommuneFactory(code=f"8010{n}", epci=EpciFactory(code=f"24800000{n}", name=f"EPCI {n}"))
    counts = []
    for codes in (["248000531"], None):
        subjects = epci_subjects(codes)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert len(gather(charter, subjects, DAY, workspace=None)) == (6 if codes is None else 1)
        counts.append(len(captured))
    assert counts[0] == counts[1] == 8, [query["sql"][:90] for query in captured]


def test_a_day_is_kept_only_where_something_changed(board: Board, version: CharterVersion) -> None:
    assert board_actions.keep_daily(board=board, day=DAY, now=NOW) is not None
    later = DAY + datetime.timedelta(days=1)
    assert board_actions.keep_daily(board=board, day=later, now=NOW) is None
    declared(board, version, 156)
    assert board_actions.keep_daily(board=board, day=later, now=NOW) is not None
    assert board_actions.keep_daily(board=board, day=later, now=NOW) is None


def test_an_address_here_is_the_role_of_being_located_here(board: Board) -> None:
    """Alone, or beside another role that the same organisation plays."""
    asks = [
        requirement("here", "organisations", roles=["located_in"], kinds=["startup"]),
        requirement("both", "organisations", roles=["mentors"], also_roles=["located_in"]),
    ]
    CharterVersionFactory(data=content_of(asks, version="2", valid_from="2026-01-01"))
    here = Commune.objects.get(code=subject_of(board, DAY).place.communes[0])
    for commune in (here, CommuneFactory(code="76540", epci=EpciFactory(code="200023414"))):
        organisation = OrganisationFactory(kind="startup", commune=commune)
        RelationFactory(organisation=organisation, kind="mentors", perimeter=board.perimeter, workspace=board.workspace)
    result = evaluate(board, day=DAY, workspace=board.workspace).result
    assert [result.finding(name).value for name in ("here", "both")] == [1, 1]
