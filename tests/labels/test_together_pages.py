"""The matrix of territories by requirements, and the pages of a search for partners."""

import datetime

import pytest
from django.test import Client
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory, ZoneFactory
from tests.factories.labels import BoardFactory, CharterVersionFactory, content_of, requirement
from tests.factories.territories import CommuneFactory, WorkspaceMemberFactory
from tests.labels.test_partners import (
    CAEN,
    CONTENT,
    DAY,
    LE_HAVRE,
    NOW,
    ROUEN,
    agglomeration,
)
from tests.labels.test_partners import board as board_of_november  # noqa: F401 - the fixture
from totem.core import clock, limits
from totem.labels import jobs
from totem.labels.limits import PARTNERS, SEARCHES
from totem.labels.models import Board, Reading, Search
from totem.territories.actions import publish_perimeter_version
from totem.territories.models import WorkspaceRole

pytestmark = pytest.mark.django_db


@pytest.fixture
def board(board_of_november: Board) -> Board:  # noqa: F811 - the fixture
    """The same with what was counted today: pages judge today, and a figure of November is no longer fresh by then."""
    Reading.objects.update(day=clock.today())
    return board_of_november


def signed(board: Board, role: str = WorkspaceRole.AGENT) -> Client:
    client = Client()
    client.force_login(WorkspaceMemberFactory(workspace=board.workspace, role=role).person)
    return client


def address(board: Board, *keys: str) -> str:
    base = reverse("labels:together", args=[board.workspace.slug, board.slug])
    return base + ("?" + "&".join(f"avec={key}" for key in keys) if keys else "")


def words(content: bytes) -> str:
    return " ".join(content.decode().split())


def test_a_partner_is_added_and_everything_follows(board: Board) -> None:
    client = signed(board)
    alone = {row.requirement.id: row for row in client.get(address(board)).context["rows"]}
    assert (alone["accounts"].joint.value, alone["accounts"].joint.gap) == (1, 2)
    both = client.get(address(board, f"epci:{CAEN}", f"epci:{LE_HAVRE}"))
    assert "CU Caen la Mer" in words(both.content)
    rows = {row.requirement.id: row for row in both.context["rows"]}
    assert rows["accounts"].joint.state == "met"
    assert [cell.decides for cell in rows["accounts"].cells] == [False, True, True]
    assert [cell.decides for cell in rows["companies"].cells] == [False, False, True]
    # Mandatory, and nobody knows anything of it: it stays open, and the sentence above the table says so.
    assert rows["events"].joint.state == "unknown"
    assert [row.requirement.id for row in both.context["missing"]] == ["events"]
    assert both.context["others"] == []
    assert "elles remplissent" not in words(both.content)


def test_the_swapped_part_is_that_of_the_whole_page(board: Board) -> None:
    client = signed(board)
    at = address(board, f"epci:{CAEN}")
    whole = words(client.get(at).content)
    part = words(client.get(at, headers={"hx-request": "true"}).content)
    assert part
    assert part in whole


def test_a_name_is_looked_for_and_the_only_one_is_added(board: Board) -> None:
    answer = signed(board).get(address(board), {"ajouter": LE_HAVRE})
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"?avec=epci:{LE_HAVRE}")


def test_what_is_no_territory_and_too_many_are_not_found(board: Board) -> None:
    client = signed(board)
    assert client.get(address(board, "epci:999999999")).status_code == 404
    assert client.get(address(board, "perimetre:1")).status_code == 404
    assert client.get(address(board, "nimporte")).status_code == 404
    assert client.get(address(board, *(f"epci:{n}" for n in range(9)))).status_code == 404


def test_an_agent_looks_for_partners_and_reads_the_answer(board: Board) -> None:
    bonus = requirement("more", "measure", indicator="events_held", at_least=300, mandatory=False)
    optional = {"id": "q9", "title": {"fr": "Plus", "en": "More"}, "requirements": [bonus]}
    criteria = [*CONTENT["criteria"], optional]
    CharterVersionFactory(data={**CONTENT, "criteria": criteria, "version": "2", "valid_from": "2026-01-02"})
    client = signed(board)
    at = reverse("labels:search", args=[board.workspace.slug, board.slug])
    sent = client.post(at, {"scope": "region:28", "most": "3"})
    search = Search.objects.get()
    page = reverse("labels:search_result", args=[board.workspace.slug, board.slug, search.pk])
    assert (sent.status_code, sent["Location"]) == (302, page)
    assert "hx-get" in words(client.get(page).content)
    jobs.search_partners(search.pk)
    answered = words(client.get(page).content)
    assert "CU Caen la Mer" in answered
    # Nobody knows anything of the events: it is never said that everything is met.
    assert "1 ensemble minimal remplit 2 exigences obligatoires sur les 3" in answered
    assert "Qu’un ensemble remplisse l’autre dépend de chiffres inconnus" in answered
    assert 'hx-trigger="load' not in answered
    assert "Exigé et encore ouvert : events." in answered
    assert "Non rempli, sans être exigé : more." in answered


def test_while_a_search_of_the_board_runs_the_next_request_shows_that_one(board: Board) -> None:
    at = reverse("labels:search", args=[board.workspace.slug, board.slug])
    first = signed(board).post(at, {"scope": "region:28", "most": "3"})
    second = signed(board).post(at, {"scope": "france:fr", "most": "2"}, follow=True)
    assert second.redirect_chain == [(first["Location"], 302)]
    assert "pas encore terminée" in words(second.content)
    assert Search.objects.count() == 1

    ProcrastinateJob.objects.filter(status="todo").update(
        status="failed"
    )  # nobody answers the search any more: another can be asked for
    signed(board).post(at, {"scope": "france:fr", "most": "2"})
    assert list(Search.objects.values_list("state", flat=True)) == ["waiting", "failed"]


def test_a_person_asks_for_so_many_searches_a_day_and_reads_when_the_next_is_free(board: Board) -> None:
    client, at = signed(board), reverse("labels:search", args=[board.workspace.slug, board.slug])
    for _n in range(SEARCHES.defaults["person"] or 0):
        client.post(at, {"scope": "region:28", "most": "3"})
        jobs.search_partners(Search.objects.latest("pk").pk)
    refused = words(client.post(at, {"scope": "region:28", "most": "3"}, follow=True).content)
    assert "la limite est de 10 recherches" in refused
    assert "se libère demain à" in refused
    assert Search.objects.count() == 10
    assert signed(board).post(at, {"scope": "region:28", "most": "3"}).status_code == 302
    assert Search.objects.count() == 11


def test_a_reader_reads_and_asks_for_nothing(board: Board) -> None:
    client = signed(board, WorkspaceRole.READER)
    at = reverse("labels:search", args=[board.workspace.slug, board.slug])
    assert client.get(address(board)).status_code == 200
    assert client.post(at, {"scope": "region:28", "most": "2"}).status_code == 404
    assert not Search.objects.exists()


def test_strangers_find_nothing(board: Board) -> None:
    search = Search.objects.create(
        board=board,
        charter_version_id=_version(),
        day=datetime.date(2026, 11, 1),
        scope="region:28",
        most=2,
        made_at=datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC),
    )
    stranger = Client()
    stranger.force_login(UserFactory())
    page = reverse("labels:search_result", args=[board.workspace.slug, board.slug, search.pk])
    assert stranger.get(page).status_code == 404
    assert stranger.get(address(board)).status_code == 404
    at = reverse("labels:search", args=[board.workspace.slug, board.slug])
    assert stranger.post(at, {"scope": "region:28", "most": "2"}).status_code == 404


def test_a_place_that_is_not_offered_is_refused_with_words(board: Board) -> None:
    client = signed(board)
    at = reverse("labels:search", args=[board.workspace.slug, board.slug])
    answer = client.post(at, {"scope": "region:99", "most": "7"}, follow=True)
    assert answer.status_code == 200
    assert list(answer.context["messages"])
    assert not Search.objects.exists()


def _version() -> int:
    from totem.labels.models import CharterVersion  # noqa: PLC0415

    return CharterVersion.objects.get().pk


def test_what_was_never_computed_of_a_partner_is_computed_when_it_comes() -> None:
    CharterVersionFactory(
        data=content_of(
            [requirement("area", "measure", indicator="hub_area", at_least=500, unit="m²")],
            indicators=[{"name": "hub_area", "measure": "hub_area"}],
        )
    )
    agglomeration(ROUEN, "Métropole Rouen Normandie", 0, rouen=True)
    agglomeration(CAEN, "CU Caen la Mer", 0, caen=True)
    ZoneFactory(hub=HubFactory(commune=CommuneFactory(caen=True), is_published=True), area=700)
    made = BoardFactory()
    assert made.perimeter
    publish_perimeter_version(perimeter=made.perimeter, by=None, now=NOW, valid_from=DAY, parts={"epci": [ROUEN]})
    reader = signed(made, WorkspaceRole.READER)
    limits.set_amounts(scope=None, values={(PARTNERS.name, "person"): 1}, by=UserFactory())
    for _again in range(2):  # counted once
        (row,) = reader.get(address(made, f"epci:{CAEN}")).context["rows"]
        assert (row.joint.state, row.joint.low) == ("met", 700)  # nobody knows what Rouen has
    # Any place can be named in the address: what has to be computed for it is limited.
    limited = reader.get(address(made, f"epci:{CAEN}", f"commune:{CommuneFactory(le_havre=True).pk}"))
    assert "la limite est de 1 partenaire" in words(limited.content)
    assert limited.context["rows"][0].joint.low == 700
    assert set(Reading.objects.values_list("subject", flat=True)) == {f"epci:{CAEN}"}
