"""What belongs to a territory's label, tried as everybody at every address."""

import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.conftest import ModuleRows
from tests.factories.labels import (
    BoardFactory,
    BodyFactory,
    CharterVersionFactory,
    ObservationFactory,
    content_of,
    requirement,
    words,
)
from tests.factories.premises import PhaseFactory
from tests.factories.territories import (
    CommuneFactory,
    EpciFactory,
    WorkspaceMemberFactory,
)
from tests.test_access import ADDRESSES, World
from totem.core.models import JournalEntry
from totem.labels.boards import actions as board_actions
from totem.labels.judging.evaluations import evaluate
from totem.territories.actions import publish_perimeter_version
from totem.territories.models import Workspace, WorkspaceMember, WorkspaceRole

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("plain_refusals")]

NOW = timezone.now()
TODAY = timezone.localdate()
LONG_AGO = datetime.date(2015, 1, 1)
ROOMS = {"labels", "premises", "organisations", "territories"}
NOT_FOUND, WRONG_METHOD = 404, 405

OF_A_TEAM = sorted(
    name
    for name, wanted in ADDRESSES.items()
    if name.partition(":")[0] in ROOMS and "workspace" in wanted and ":staff_" not in name  # the installation's
)
# What only an officer does: answer for a judgement, look after the team, erase a document.
OFFICERS = {"labels:judge", "territories:member_set", "territories:member_remove", "territories:document_erase"}
# What readers read.
READ = {
    "labels:boards", "labels:board", "labels:criterion", "labels:evaluations", "labels:evaluation",
    "labels:evaluation_json", "labels:figures", "labels:figure", "labels:observation", "labels:governance",
    "labels:body", "labels:together", "labels:search_result", "labels:plan", "labels:plan_calendar",
    "premises:buildings", "premises:building",
    "organisations:actors", "organisations:actor", "territories:workspace", "territories:documents",
    "territories:document",
}  # fmt: skip


class Territory(World):
    """One of everything, judged, with the observation about its own place."""

    def __init__(self) -> None:
        super().__init__()
        self.workspace: Workspace = self.perimeter.workspace
        publish_perimeter_version(
            perimeter=self.perimeter, by=None, now=NOW, valid_from=LONG_AGO, parts={"epci": ["248000531"]}
        )
        evaluated = evaluate(self.board, day=TODAY, workspace=self.workspace)
        self.pks["evaluation"] = board_actions.freeze(evaluated=evaluated, note="Dépôt", by=None, now=NOW).pk
        epci = {"workspace": self.workspace, "epci_id": "248000531"}
        self.pks["observation"] = ObservationFactory(**epci, epci=None, indicator="events_held").pk

    def url(self, name: str, **other: object) -> str:
        return reverse(name, kwargs={**self.arguments(name, ADDRESSES[name]), **other})


@pytest.fixture(scope="module")
def territory(module_db: ModuleRows) -> Territory:
    with module_db():
        CharterVersionFactory(
            data=content_of(
                [requirement("q1a", "judgement", guide=words("?"))],
                [requirement("q2a", "measure", indicator="events_held", at_least=200, unit="événements")],
                indicators=[
                    {"name": "events_held", "label": words("Événements"), "unit": "événements", "combine": "sum"},
                ],
                version="2",
                valid_from="2014-01-01",
            )
        )
        CommuneFactory(epci=EpciFactory())
        return Territory()


def member(workspace: Workspace, role: str) -> Client:
    client = Client()
    client.force_login(WorkspaceMemberFactory(workspace=workspace, role=role).person)
    return client


def test_readers_read_what_is_theirs_and_change_nothing(territory: Territory) -> None:
    reader = member(territory.workspace, WorkspaceRole.READER)
    before = JournalEntry.objects.count()
    for name in OF_A_TEAM:
        status = reader.get(territory.url(name)).status_code
        assert (status == 200) == (name in READ), (name, status)
        assert status in {200, NOT_FOUND, WRONG_METHOD}, (name, status)
        sent = reader.post(territory.url(name), {"public": "yes"}).status_code
        assert sent in {NOT_FOUND, WRONG_METHOD}, (name, sent)
    assert JournalEntry.objects.count() == before


@pytest.mark.parametrize("role", [WorkspaceRole.AGENT, WorkspaceRole.OFFICER])
def test_agents_do_what_officers_do_but_answer_for_judgements_and_the_team(territory: Territory, role: str) -> None:
    client = member(territory.workspace, role)
    for name in OF_A_TEAM:
        status = client.get(territory.url(name)).status_code
        refused = name in OFFICERS and role == WorkspaceRole.AGENT
        assert status in ({NOT_FOUND, WRONG_METHOD} if refused else {200, WRONG_METHOD}), (name, status)
        if refused:
            assert client.post(territory.url(name), {"role": "officer"}).status_code == NOT_FOUND, name
        elif status == 200 and name not in READ:
            sent = client.post(territory.url(name), {}).status_code  # an empty form: never a crash
            assert sent in {200, 302, 409, 422}, (name, sent)


def test_who_is_taken_off_the_team_loses_everything_at_once(territory: Territory) -> None:
    client = member(territory.workspace, WorkspaceRole.OFFICER)
    assert client.get(territory.url("labels:evaluation_json")).status_code == 200
    WorkspaceMember.objects.filter(workspace=territory.workspace).delete()
    for name in OF_A_TEAM:
        assert client.get(territory.url(name)).status_code in {NOT_FOUND, WRONG_METHOD}, name
        assert client.post(territory.url(name)).status_code in {NOT_FOUND, WRONG_METHOD}, name


@pytest.mark.parametrize("role", list(WorkspaceRole))
def test_a_territory_under_anothers_address_is_nothing(territory: Territory, role: str) -> None:
    """Their board, building, document, relation, evaluation… under one's own workspace, board or building."""
    own = BoardFactory()
    publish_perimeter_version(
        perimeter=own.perimeter, by=None, now=NOW, valid_from=LONG_AGO, parts={"epci": ["248000531"]}
    )
    building = PhaseFactory(building__workspace=own.workspace).building_id
    body = BodyFactory(workspace=own.workspace, perimeter=own.perimeter)
    client = member(own.workspace, role)
    before = JournalEntry.objects.count()
    mine = {"workspace": own.workspace.slug, "board": own.slug, "building": building, "body": body.pk}
    tried = 0
    for name in OF_A_TEAM:
        wanted = ADDRESSES[name]
        for kept in ({"workspace"}, {"workspace", "board"}, {"workspace", "building"}, {"workspace", "board", "body"}):
            other = wanted - kept - {"criterion", "requirement", "name"}
            if not kept <= wanted or not other:
                continue  # nothing of theirs would be left in it
            url = territory.url(name, **{key: mine[key] for key in kept})
            tried += 1
            assert client.get(url).status_code in {NOT_FOUND, WRONG_METHOD}, url
            assert client.post(url, {"public": "yes"}).status_code in {NOT_FOUND, WRONG_METHOD}, url
    assert tried > 40
    assert JournalEntry.objects.count() == before
