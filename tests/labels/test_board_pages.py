"""The boards of a territory as its team and everybody see them."""

import datetime
import hashlib
import json
import re
from decimal import Decimal
from html import unescape

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.labels import BoardFactory, CharterVersionFactory, content_of, requirement, words
from tests.factories.territories import (
    CommuneFactory,
    DocumentFactory,
    EpciFactory,
    PerimeterFactory,
    WorkspaceMemberFactory,
)
from totem.core.models import JournalEntry
from totem.core.wording import date_with_year
from totem.labels.boards import actions as board_actions
from totem.labels.evidence import actions as evidence_actions
from totem.labels.figures import figures_of
from totem.labels.judging.evaluations import charter_of, evaluate
from totem.labels.models import Board, CharterVersion, Evaluation, Judgement
from totem.labels.subjects import subject_of
from totem.territories.actions import publish_perimeter_version

pytestmark = pytest.mark.django_db

NOW = timezone.now()
TODAY = timezone.localdate()
LONG_AGO = datetime.date(2015, 1, 1)

CONTENT = content_of(
    [
        requirement("area", "measure", indicator="area", at_least=50_000, unit="m²", next_step=words("Livrer.")),
        requirement("accounts", "organisations", roles=["large_account_in"], number="$accounts"),
    ],
    [
        requirement(
            "both",
            "group",
            rule_of="any",
            requirements=[
                requirement("seen", "judgement", guide=words("Comparez à deux autres.")),
                requirement("signed", "document"),
            ],
        ),
        requirement("deal", "document", only_if="area"),
    ],
    parameters={
        "accounts": {
            "label": words("Grands comptes"),
            "value": 3,
            "unit": words("grands comptes"),
            "assumption": True,
            "why": words("La source ne le dit pas."),
        }
    },
    indicators=[
        {"name": "area", "label": words("Surface"), "unit": "m²", "combine": "sum", "validity_months": 24},
    ],
)


@pytest.fixture
def version() -> CharterVersion:
    return CharterVersionFactory(data=CONTENT)


@pytest.fixture
def board(version: CharterVersion) -> Board:
    CommuneFactory(epci=EpciFactory())
    made = BoardFactory(slug="essai-amiens")
    assert made.perimeter
    publish_perimeter_version(
        perimeter=made.perimeter, by=None, now=NOW, valid_from=LONG_AGO, parts={"epci": ["248000531"]}
    )
    return made


@pytest.fixture
def client() -> Client:
    return Client(headers={"accept-language": "en"})


@pytest.fixture
def team(board: Board, client: Client):
    """Signs in as somebody of the board's workspace in that role."""

    def sign_in(role: str = "officer"):
        person = WorkspaceMemberFactory(workspace=board.workspace, role=role, person__language="en").person
        client.force_login(person)
        return person

    return sign_in


def at(name: str, board: Board, *more: object) -> str:
    return reverse(f"labels:{name}", args=[board.workspace.slug, board.slug, *more])


def declared(board: Board, version: CharterVersion, value: int, *, public: bool = False):
    observation = evidence_actions.declare(
        workspace=board.workspace,
        subject=subject_of(board, TODAY),
        figured=figures_of(charter_of(version))["area"],
        values={"value": Decimal(value), "ends_on": TODAY, "source": "Relevé", "confidence": "high"},
        by=None,
        now=NOW,
    )
    if public:
        evidence_actions.publish_observation(observation=observation, public=True, by=UserFactory())
    return observation


def text_of(response) -> str:
    """What the page says, tags and no-break spaces left out."""
    words = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", unescape(words))


def judged(board: Board, version: CharterVersion, verdict: str = "met", **values: object) -> Judgement:
    said = {"reason": "Vu sur place.", "conflicts": "Aucun", "by": UserFactory(), "now": NOW} | values
    return board_actions.record_judgement(board=board, version=version, requirement="seen", verdict=verdict, **said)


def frozen(board: Board, note: str = "Dépôt") -> Evaluation:
    evaluated = evaluate(board, day=TODAY, workspace=board.workspace)
    return board_actions.freeze(evaluated=evaluated, note=note, by=None, now=NOW)


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


class TestTheBoard:
    def test_says_the_whole_state_and_each_gap_in_its_unit(self, board, version, team, client):
        team("reader")
        declared(board, version, 10_000)
        page = text_of(client.get(at("board", board)))
        assert "0 criteria of 2 are met; 1 is not, 1 has to be judged." in page
        assert "10,000 m² of 50,000: 40,000 m² missing." in page
        assert "Asked: at least 3 grands comptes. No large digital account is recorded here yet." in page
        assert "Totem’s assumption: Grands comptes" in page
        assert "by version 1 of the charter" in page
        assert "Livrer." in page  # what to do next, in the charter's own words

    def test_what_to_do_next_is_ordered_and_leads_to_the_right_page(self, board, version, team, client):
        team()
        declared(board, version, 10_000)
        rows = client.get(at("board", board)).context["rows"]
        assert [row.shown.asked.id for row in rows] == ["seen", "signed", "area", "accounts"]
        urls = {row.shown.asked.id: row.shown.next_url for row in rows}
        assert urls["area"] == at("figure", board, "area")
        add = reverse("organisations:actor_add", args=[board.workspace.slug])
        assert urls["accounts"] == f"{add}?nature=large_account_in"
        assert urls["signed"] == at("declare", board, "essai.signed")
        assert urls["seen"] == at("judge", board, "seen")

    def test_only_an_officer_is_sent_to_judge(self, board, team, client):
        team("agent")
        rows = client.get(at("board", board)).context["rows"]
        assert {row.shown.asked.id: row.shown.next_url for row in rows}["seen"] == ""

    def test_what_changed_is_told_against_what_was_kept(self, board, version, team, client):
        team()
        then = NOW - datetime.timedelta(days=40)
        board_actions.keep_daily(board=board, day=then.date(), now=then)
        assert text_of(client.get(at("board", board))).count("Nothing since") == 1
        declared(board, version, 60_000)
        judged(board, version, "not_met")
        news = client.get(at("board", board)).context["news"]
        assert [(change.title, change.before, change.after) for change in news.changes] == [
            ("area", "unknown", "met"),
            ("seen", "human", "not_met"),
        ]
        assert [(label, words) for _version, label, words in news.declared] == [("Surface", "60,000\xa0m²")]
        assert [title for _judgement, title in news.judged] == ["seen"]

    def test_without_anything_kept_it_says_so(self, board, team, client):
        team()
        assert "no earlier evaluation to compare with" in text_of(client.get(at("board", board)))

    def test_another_day_and_another_version(self, board, version, team, client):
        team()
        CharterVersionFactory(data={**CONTENT, "version": "2", "valid_from": "2014-01-01"})
        page = text_of(client.get(at("board", board), {"le": "2015-03-31", "charte": "1"}))
        assert "As of 31 March 2015" in page
        assert "by version 1 of" in page
        assert (
            "?le=2015-03-31&amp;charte=1"
            in client.get(at("board", board), {"le": "2015-03-31", "charte": "1"}).content.decode()
        )
        assert "by version 2 of" in text_of(client.get(at("board", board)))

    @pytest.mark.parametrize("said", ["2015-02-30", "hier", "0001-01-01", "9999-12-31", "2015-3-1' --", "1989-12-31"])
    def test_what_is_no_day_is_not_there(self, board, team, client, said):
        team()
        assert client.get(at("board", board), {"le": said}).status_code == 404
        assert client.get(at("criterion", board, "q1"), {"le": said}).status_code == 404

    def test_before_the_perimeter_is_made_of_something_it_says_why(self, board, team, client):
        team()
        bare = BoardFactory(workspace=board.workspace, perimeter=PerimeterFactory(workspace=board.workspace))
        response = client.get(at("board", bare))
        assert response.status_code == 200
        assert "Nothing says yet what the perimeter is made of" in text_of(response)
        assert client.get(at("criterion", bare, "q1")).status_code == 404
        refused = client.post(at("freeze", bare), {"day": TODAY, "version": "1"})
        assert (refused.status_code, refused.context["form"].errors.keys()) == (422, {"day"})

    def test_no_such_version_is_not_there(self, board, team, client):
        team()
        assert client.get(at("board", board), {"charte": "99"}).status_code == 404

    def test_the_number_of_queries_does_not_grow_with_evidence(self, board, version, team, client):
        team()
        declared(board, version, 1)
        few = queries(client, at("board", board))
        for value in (2, 3):
            declared(board, version, value)
            judged(board, version)
        assert queries(client, at("board", board)) == few == 26


class TestACriterion:
    def test_shows_rule_figure_gap_evidence_source_and_the_logic_of_its_groups(self, board, version, team, client):
        team()
        declared(board, version, 10_000)
        page = text_of(client.get(at("criterion", board, "q1")))
        for words_shown in ("area…", "40,000 m² missing", "Relevé", "declared", "La source ne le dit pas."):
            assert words_shown in page
        group = text_of(client.get(at("criterion", board, "q2")))
        assert "0 of 2 met: one is enough." in group
        assert "Asked only if « area » is met." in group
        assert "The condition does not hold: it is not asked." in group
        assert "Comparez à deux autres." in group

    def test_shows_who_judged_and_when(self, board, version, team, client):
        person = team()
        judged(board, version, by=person, conflicts="Actionnaire de la SEM")
        page = text_of(client.get(at("criterion", board, "q2")))
        for words_shown in (person.name, "Vu sur place.", "Actionnaire de la SEM", "on version 1"):
            assert words_shown in page

    def test_tells_its_history_from_what_was_kept(self, board, version, team, client):
        team()
        then = NOW - datetime.timedelta(days=40)
        board_actions.keep_daily(board=board, day=then.date(), now=then)
        judged(board, version, "met")
        declared(board, version, 10_000)
        board_actions.keep_daily(board=board, day=TODAY, now=NOW)
        history = client.get(at("criterion", board, "q2")).context["history"]
        assert history == [(TODAY, "met"), (then.date(), "unknown")]

    def test_a_document_is_the_one_of_its_own_observation(self, board, version, team, client):
        team()
        figured = figures_of(charter_of(version))["essai.signed"]
        documents = [DocumentFactory(workspace=board.workspace) for _n in range(3)]
        declared(board, version, 1)  # the ids of versions and of documents are not the same ones
        evidence_actions.declare(
            workspace=board.workspace,
            subject=subject_of(board, TODAY),
            figured=figured,
            values={"value": Decimal(1), "ends_on": TODAY, "source": "Préfecture", "confidence": "high"},
            documents=documents[2:],
            by=None,
            now=NOW,
        )
        page = client.get(at("criterion", board, "q2")).content.decode()
        assert documents[2].sha256 in page
        assert reverse("territories:document", args=[board.workspace.slug, documents[2].pk]) in page
        assert documents[0].sha256 not in page
        assert documents[1].sha256 not in page

    def test_an_unknown_one_is_not_there(self, board, team, client):
        team()
        assert client.get(at("criterion", board, "q9")).status_code == 404


class TestJudging:
    SAID = {"verdict": "met", "reason": "Trois laboratoires.", "conflicts": "Aucun", "version": "1"}

    def test_an_officer_records_it_on_the_version_that_was_read(self, board, version, team, client):
        person = team()
        CharterVersionFactory(data={**CONTENT, "version": "2", "valid_from": "2014-01-01"})
        assert "Comparez à deux autres." in text_of(client.get(at("judge", board, "seen"), {"charte": "1"}))
        response = client.post(at("judge", board, "seen"), self.SAID)
        assert response.status_code == 302
        assert response.url.endswith("/criteres/q2/#seen")
        made = Judgement.objects.get()
        assert (made.charter_version, made.made_by, made.verdict) == (version, person, "met")
        assert JournalEntry.objects.filter(verb="labels.requirement_judged").count() == 1

    @pytest.mark.parametrize("field", ["verdict", "reason", "conflicts"])
    def test_nothing_is_left_unsaid_and_nothing_typed_is_lost(self, board, team, client, field):
        team()
        response = client.post(at("judge", board, "seen"), {**self.SAID, field: " "})
        assert response.status_code == 422
        assert response.context["form"].errors.keys() == {field}
        if field != "reason":
            assert "Trois laboratoires." in response.content.decode()
        assert not Judgement.objects.exists()

    @pytest.mark.parametrize("role", ["agent", "reader"])
    def test_nobody_else_does(self, board, team, client, role):
        team(role)
        assert client.get(at("judge", board, "seen")).status_code == 404
        assert client.post(at("judge", board, "seen"), self.SAID).status_code == 404
        assert not Judgement.objects.exists()

    def test_only_what_a_person_judges(self, board, team, client):
        team()
        for requirement_id in ("area", "both", "nothing"):
            assert client.post(at("judge", board, requirement_id), self.SAID).status_code == 404
        assert client.post(at("judge", board, "seen"), {**self.SAID, "version": "99"}).status_code == 404
        assert not Judgement.objects.exists()


class TestEvaluations:
    def test_a_frozen_one_stays_as_it_was_and_is_compared_with_today(self, board, version, team, client):
        team()
        declared(board, version, 60_000)
        response = client.post(at("freeze", board), {"day": TODAY, "version": "1", "note": "Appel de novembre"})
        made = Evaluation.objects.get()
        assert response.url == at("evaluation", board, made.pk)
        page = text_of(client.get(response.url))
        assert "Appel de novembre" in page
        assert made.sha256 in page
        assert "Computed again today: same result." in page
        assert "today’s states and figures are the same" in page
        judged(board, version, "not_met")
        after = client.get(response.url)
        assert [change.title for change in after.context["changes"]] == ["seen"]
        assert "60,000 m²; asked: at least 50,000 m²." in text_of(after)

    def test_the_json_hashes_to_its_sum(self, board, team, client):
        team("reader")
        made = frozen(board)
        response = client.get(at("evaluation_json", board, made.pk))
        assert hashlib.sha256(response.content).hexdigest() == made.sha256
        assert response["Content-Type"] == "application/json"
        assert json.loads(response.content)["charter"]["slug"] == "essai"

    def test_one_that_does_not_come_out_the_same_is_told(self, board, team, client):
        team()
        made = frozen(board)
        content = json.loads(made.content)
        content["result"]["state"] = "met"
        forged = json.dumps(content, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
        other = Evaluation.objects.create(
            board=board,
            charter_version=made.charter_version,
            day=TODAY,
            content=forged,
            sha256=hashlib.sha256(forged.encode()).hexdigest(),
            state="met",
            frozen=True,
            made_at=NOW,
        )
        assert "another result" in text_of(client.get(at("evaluation", board, other.pk)))

    @pytest.mark.parametrize(
        ("field", "value"),
        [("day", "2999-01-01"), ("day", "1989-01-01"), ("day", "hier"), ("version", "99"), ("note", "x" * 301)],
    )
    def test_what_cannot_be_frozen_is_refused_at_its_field(self, board, team, client, field, value):
        team()
        said = {"day": TODAY, "version": "1", "note": "Gardé", field: value}
        response = client.post(at("freeze", board), said)
        assert response.status_code == 422
        assert response.context["form"].errors.keys() == {field}
        assert said["note"] in response.content.decode()
        assert not Evaluation.objects.exists()

    def test_a_reader_freezes_nothing(self, board, team, client):
        team("reader")
        assert client.post(at("freeze", board), {"day": TODAY, "version": "1"}).status_code == 404
        assert not Evaluation.objects.exists()

    def test_the_list_asks_as_much_for_one_as_for_three(self, board, team, client):
        team()
        frozen(board)
        one = queries(client, at("evaluations", board))
        frozen(board, "b")
        frozen(board, "c")
        assert queries(client, at("evaluations", board)) == one == 10


class TestBoardsOfATerritory:
    def test_the_list_tells_the_last_state_and_asks_as_much_for_one_as_for_three(self, board, version, team, client):
        team("reader")
        url = reverse("labels:boards", args=[board.workspace.slug])
        board_actions.keep_daily(board=board, day=TODAY, now=NOW)
        page = text_of(client.get(url))
        assert f"Essai, {board.perimeter}" in page
        assert "Not known" in page
        one = queries(client, url)
        for n in range(2):
            BoardFactory(workspace=board.workspace, perimeter=PerimeterFactory(workspace=board.workspace, name=f"P{n}"))
        assert queries(client, url) == one == 9
        BoardFactory()
        assert len(client.get(url).context["boards"]) == 3

    def test_opening_one_for_a_perimeter(self, board, version, team, client):
        team("agent")
        perimeter = PerimeterFactory(workspace=board.workspace, name="Quartier de la gare")
        publish_perimeter_version(
            perimeter=perimeter, by=None, now=NOW, valid_from=LONG_AGO, parts={"epci": ["248000531"]}
        )
        foreign = PerimeterFactory(name="D’un autre")
        url = reverse("labels:board_create", args=[board.workspace.slug])
        assert "Essai" in text_of(client.get(url))
        page = text_of(client.get(url, {"charte": "essai"}))
        assert "Quartier de la gare" in page
        assert "D’un autre" not in page
        assert client.post(f"{url}?charte=essai", {"perimeter": foreign.pk}).status_code == 422
        assert client.post(f"{url}?charte=essai", {"perimeter": ""}).status_code == 422
        response = client.post(f"{url}?charte=essai", {"perimeter": perimeter.pk})
        made = Board.objects.get(perimeter=perimeter)
        assert response.url == at("board", made)
        job = ProcrastinateJob.objects.get(task_name="labels.refresh_board")
        assert job.args == {"board_id": made.pk}
        assert client.post(f"{url}?charte=essai", {"perimeter": perimeter.pk}).status_code == 422  # once is enough
        assert Board.objects.filter(perimeter=perimeter).count() == 1

    def test_opening_one_for_a_hub_that_one_manages(self, board, team, client):
        person = team()
        CharterVersionFactory(data={**CONTENT, "slug": "cantine-essai", "subject": "hub"})
        mine, theirs = HubFactory(name="La nôtre"), HubFactory(name="La leur")
        hidden = HubFactory(name="Pas encore", is_published=False)
        TeamMemberFactory(hub=mine, person=person)
        TeamMemberFactory(hub=hidden, person=person)
        TeamMemberFactory(hub=theirs, person=person, role="desk")
        url = reverse("labels:board_create", args=[board.workspace.slug]) + "?charte=cantine-essai"
        assert list(client.get(url).context["form"].fields["hub"].queryset) == [mine, hidden]
        assert client.post(url, {"hub": theirs.pk}).status_code == 422
        response = client.post(url, {"hub": mine.pk})
        assert response.url == at("board", Board.objects.get(hub=mine))
        assert client.get(response.url).status_code == 200

    def test_a_charter_that_is_not_there(self, board, team, client):
        team()
        url = reverse("labels:board_create", args=[board.workspace.slug])
        assert client.get(url, {"charte": "rien"}).status_code == 404

    def test_a_reader_opens_none(self, board, team, client):
        team("reader")
        url = reverse("labels:board_create", args=[board.workspace.slug]) + "?charte=essai"
        assert client.get(url).status_code == 404
        assert client.post(url, {"perimeter": board.perimeter.pk}).status_code == 404

    def test_figures_are_asked_for_once(self, board, team, client):
        team("agent")
        for _twice in range(2):
            assert client.post(at("refresh", board)).status_code == 302
        assert ProcrastinateJob.objects.filter(task_name="labels.refresh_board").count() == 1
        team("reader")
        assert client.post(at("refresh", board)).status_code == 404


class TestRights:
    GETS = (
        ("board", ()),
        ("criterion", ("q1",)),
        ("evaluations", ()),
    )

    @pytest.mark.parametrize("role", ["officer", "agent", "reader"])
    def test_the_team_reads(self, board, team, client, role):
        team(role)
        for name, more in self.GETS:
            assert client.get(at(name, board, *more)).status_code == 200
        page = client.get(at("board", board)).content.decode()
        assert (at("board_public", board) in page) == (role != "reader")
        assert (at("refresh", board) in page) == (role != "reader")

    def test_another_territorys_team_finds_nothing_even_under_its_own_address(self, board, client):
        made = frozen(board)
        theirs = WorkspaceMemberFactory()
        own = BoardFactory(workspace=theirs.workspace)
        client.force_login(theirs.person)
        gets = [at(name, board, *more) for name, more in self.GETS]
        gets += [at("evaluation", board, made.pk), at("evaluation_json", board, made.pk), at("judge", board, "seen")]
        gets += [
            reverse("labels:board", args=[theirs.workspace.slug, board.slug]),
            at("evaluation", own, made.pk),
            at("evaluation_json", own, made.pk),
        ]
        for url in gets:
            assert client.get(url).status_code == 404, url
        before = JournalEntry.objects.count()
        for name in ("board_public", "refresh", "freeze"):
            said = {"public": "yes", "day": TODAY, "version": "1"}
            assert client.post(at(name, board), said).status_code == 404, name
        board.refresh_from_db()
        assert not board.public
        assert JournalEntry.objects.count() == before

    def test_publishing_and_taking_back(self, board, team, client):
        team("agent")
        public = reverse("labels:public_board", args=[board.slug])
        assert Client().get(public).status_code == 404
        client.post(at("board_public", board), {"public": "yes"})
        assert Client().get(public).status_code == 200
        client.post(at("board_public", board), {"public": "no"})
        assert Client().get(public).status_code == 404
        team("reader")
        assert client.post(at("board_public", board), {"public": "yes"}).status_code == 404


class TestThePublicBoard:
    @pytest.fixture
    def shown(self, board) -> Board:
        board_actions.set_board_public(board=board, public=True, by=UserFactory())
        return board

    def test_only_what_is_published_counts_there(self, shown, version, client):
        observation = declared(shown, version, 10_000)
        url = reverse("labels:public_board", args=[shown.slug])
        criterion = reverse("labels:public_criterion", args=[shown.slug, "q1"])
        for address in (url, criterion):
            page = text_of(client.get(address))
            assert "10,000" not in page
            assert "No figure is known yet." in page
        evidence_actions.publish_observation(observation=observation, public=True, by=UserFactory())
        assert "10,000 m² of 50,000: 40,000 m² missing." in text_of(client.get(url))

    def test_there_is_no_form_nor_a_way_into_the_teams_pages(self, shown, version, client):
        declared(shown, version, 10_000, public=True)
        judged(shown, version)
        for name, more in (("public_board", ()), ("public_criterion", ("q1",)), ("public_criterion", ("q2",))):
            response = client.get(reverse(f"labels:{name}", args=[shown.slug, *more]))
            main = response.content.decode().split("<main", 1)[1].split("</main>", 1)[0]
            assert "<form" not in main
            assert "/espaces/" not in main

    def test_who_judged_is_not_told_there(self, shown, version, client):
        person = UserFactory(name="Une personne du jury")
        judged(shown, version, by=person, conflicts="Parente du président")
        page = text_of(client.get(reverse("labels:public_criterion", args=[shown.slug, "q2"])))
        assert "Vu sur place." in page
        assert person.name not in page
        assert "Parente" not in page

    def test_what_is_not_there(self, shown, board, client):
        assert client.get(reverse("labels:public_criterion", args=[shown.slug, "q9"])).status_code == 404
        assert client.get(reverse("labels:public_board", args=[shown.slug]), {"le": "x"}).status_code == 404
        hidden = BoardFactory()
        bare = client.get(reverse("labels:public_board", args=[BoardFactory(public=True).slug]))
        assert (bare.status_code, "Nothing says yet what the perimeter is made of" in text_of(bare)) == (200, True)
        assert client.get(reverse("labels:public_criterion", args=[hidden.slug, "q1"])).status_code == 404


class TestOnPaper:
    def test_page_one_sums_up_with_rule_day_whole_addresses_and_a_place_to_sign(self, board, version, team, client):
        team()
        declared(board, version, 10_000)
        edition = datetime.date(2026, 11, 1)
        board_actions.choose_register(board=board, activities="", edition=edition, by=UserFactory())
        page = client.get(at("board", board)).content.decode()
        summary = page[page.index("print-summary") : page.index("</section>", page.index("print-summary"))]
        said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", unescape(summary)))
        assert f"As of {date_with_year(TODAY)} Rule Essai, version 1" in said
        assert settings.SITE_URL + reverse("labels:charter_version", args=["essai", "1"]) in said
        assert settings.SITE_URL + at("board", board) in said
        assert version.sha256 in said
        assert "Counted in the register Activities in force; stock of 1 November 2026" in said
        assert "Signature" in said
        assert settings.SITE_URL in client.get(reverse("core:site_address")).content.decode()

    def test_every_date_has_its_year(self, board, version, team, client):
        team()
        declared(board, version, 10_000)
        for url in (at("board", board), at("evaluation", board, frozen(board).pk)):
            days = re.findall(r"<time[^>]*>([^<]*)</time>", client.get(url).content.decode())
            assert days
            assert [day for day in days if str(TODAY.year) not in day] == []

    def test_the_frozen_one_tells_each_requirement_once(self, board, version, team, client):
        team()
        declared(board, version, 10_000)
        page = client.get(at("evaluation", board, frozen(board).pk)).content.decode()
        told = page[page.index('<ol class="criteria">') :]
        for requirement_ in charter_of(version).requirements():
            assert told.count(f"<strong>{requirement_.title}</strong>") == 1
