"""The plan of a board: who does what is missing, until when; reminders, calendar, the link of partners."""

import datetime
import re
from html import unescape

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from icalendar import Calendar

from tests.factories.accounts import UserFactory
from tests.factories.labels import BoardFactory, CharterVersionFactory, content_of, requirement, words
from tests.factories.territories import CommuneFactory, EpciFactory, WorkspaceMemberFactory
from totem.accounts import invitations
from totem.accounts.actions import erase_person
from totem.accounts.models import Invitation
from totem.accounts.signals import person_erasing, personal_data_requested
from totem.core.edit_conflicts import EditConflict, version_token
from totem.core.models import JournalEntry, Mail
from totem.labels.boards import actions as board_actions
from totem.labels.boards.judged import Judged
from totem.labels.judging.evaluations import charter_of
from totem.labels.judging.facts import CriterionFinding, Facts, Result, State
from totem.labels.models import Assignment, Board, CharterVersion
from totem.labels.plans import actions
from totem.labels.plans.mails import remind
from totem.labels.plans.queries import plan_key
from totem.territories import actions as territories
from totem.territories import approvals as workspaces
from totem.territories.actions import publish_perimeter_version

pytestmark = pytest.mark.django_db

NOW, TODAY = timezone.now(), timezone.localdate()
SOON = TODAY + datetime.timedelta(days=5)
CONTENT = content_of(
    [
        requirement("area", "measure", indicator="area", at_least=50_000, unit="m²"),
        requirement("accounts", "organisations", roles=["large_account_in"], number=3),
        requirement("seen", "judgement", guide=words("Comparez.")),
    ],
    indicators=[{"name": "area", "label": words("Surface"), "unit": "m²", "combine": "sum"}],
)


@pytest.fixture
def board() -> Board:
    CharterVersionFactory(data=CONTENT)
    CommuneFactory(epci=EpciFactory())
    made = BoardFactory(slug="essai-amiens")
    parts = {"epci": ["248000531"]}
    publish_perimeter_version(
        perimeter=made.perimeter, by=None, now=NOW, valid_from=datetime.date(2015, 1, 1), parts=parts
    )
    return made


@pytest.fixture
def agent(board: Board, client: Client):
    person = WorkspaceMemberFactory(workspace=board.workspace, role="agent", person__language="en").person
    client.force_login(person)
    return person


@pytest.fixture
def client() -> Client:
    return Client(headers={"accept-language": "en"})


def at(name: str, board: Board, *more: object) -> str:
    return reverse(f"labels:{name}", args=[board.workspace.slug, board.slug, *more])


def text(answer) -> str:
    """What the page says, tags and no-break spaces left out."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def shared_url(board: Board, route: str = "shared_plan") -> str:
    board.refresh_from_db()
    return reverse(f"labels:{route}", args=[board.slug, plan_key(board)])


def board_version(board: Board) -> CharterVersion:
    return CharterVersion.objects.get(slug=board.charter)


def assigned(board: Board, by, **fields) -> Assignment:
    said = {"requirement": "area", "seen": "", "due_on": SOON, "by": by, "now": NOW, **fields}
    return actions.assign(board=board, **said)


class TestWhoAndUntilWhen:
    def test_what_is_missing_stands_first_in_order_of_effort_with_who_and_until_when(self, board, agent, client):
        answer = client.get(at("board", board))
        rows = answer.context["rows"]
        assert [row.shown.asked.id for row in rows] == ["seen", "area", "accounts"]
        page = text(answer)
        assert page.index("Where do we stand?", page.index("Compute the figures")) < page.index("Criteria Q1")
        assert page.count("Nobody in charge yet") == 3
        assert "Only an officer of the territory judges: ask one of them." in page
        sent = {"person": agent.pk, "name": "", "email": "", "due_on": "31/12/2099", "seen": ""}
        assert client.post(at("assign", board, "area"), sent).url == f"{at('plan', board)}#plan-area"
        page = text(client.get(at("board", board)))
        assert f"31 December 2099 area Declare the figure, with its source. In charge: {agent.name}" in page
        entry = JournalEntry.objects.get(verb="labels.requirement_assigned")
        assert entry.facts == {"requirement": "area", "fields": ["due_on", "person"]}

    def test_what_was_judged_not_to_be_met_is_missing_too(self, board, agent, client):
        judged = {"requirement": "seen", "verdict": "not_met", "reason": "Trop peu", "conflicts": "Aucun"}
        board_actions.record_judgement(board=board, version=board_version(board), by=agent, now=NOW, **judged)
        page = text(client.get(at("plan", board)))
        assert "seen Answer the reason of the judgement, then have it judged again." in page
        assert "3 mandatory things are missing, from the quickest" in text(client.get(at("board", board)))

    def test_of_two_of_which_one_suffices_one_is_missing(self, board, agent, client):
        either = [
            requirement("plan", "judgement", guide=words("Lu.")),
            requirement("lab", "judgement", guide=words("Vu.")),
        ]
        asked = [requirement("place", "group", rule_of="any", requirements=either)]
        CharterVersionFactory(data=content_of(asked, version="2", valid_from="2014-01-01"))
        page = text(client.get(at("board", board)))
        assert "1 mandatory thing is missing, from the quickest" in page
        assert page.count("(place: one is enough)") == 2

    def test_of_many_rows_those_of_somebody_those_late_and_those_of_nobody_are_counted_and_shown(
        self, board, agent, client
    ):
        assigned(board, agent, person=agent, due_on=None)
        late = assigned(board, agent, requirement="accounts", name="Le Port")
        Assignment.objects.filter(pk=late.pk).update(due_on=TODAY - datetime.timedelta(days=1))

        def shown(query: str) -> list[str]:
            return [row.shown.asked.id for row in client.get(at("plan", board) + query).context["rows"]]

        filters = client.get(at("plan", board)).context["filters"]
        assert [(str(one.label), one.count) for one in filters] == [
            *(("All", 3), ("Mine", 1), ("Late", 1), ("Without an owner", 1)),
        ]
        assert [shown("?" + one.url.partition("?")[2]) for one in filters] == [
            ["seen", "area", "accounts"], ["area"], ["accounts"], ["seen"],
        ]  # fmt: skip
        Assignment.objects.filter(pk=late.pk).update(due_on=SOON)
        answer = text(client.get(at("plan", board) + "?voir=retard"))
        assert "None of what is missing." in answer
        assert "everything that is asked is met" not in answer

    def test_a_form_that_is_refused_says_why_at_its_field(self, board, agent, client):
        def errors(**sent: str):
            return client.post(at("assign", board, "area"), {"seen": "", **sent}).context["form"].errors

        assert "Say who is in charge, or until when." in str(errors())
        assert "Say whose address this is." in errors(email="a@example.org", due_on="31/12/2099")["name"]
        assert "This day is past: choose one to come." in errors(name="Le Port", due_on="01/02/2020")["due_on"]
        assert "email" in errors(name="Le Port", invited="on")
        assert "name" in errors(person=str(agent.pk), name="Le Port")
        stranger = UserFactory()
        assert "person" in errors(person=str(stranger.pk))
        assert not Assignment.objects.exists()
        assert client.get(at("assign", board, "nothing")).status_code == 404

    def test_a_save_over_somebody_elses_is_a_conflict_with_both(self, board, agent, client):
        first = assigned(board, agent, name="Le Port")
        sent = {"name": "La Région", "due_on": "31/12/2099", "seen": ""}
        answer = client.post(at("assign", board, "area"), sent)
        assert answer.status_code == 409
        assert "Le Port" in text(answer)
        assert "La Région" in answer.content.decode()
        with pytest.raises(EditConflict):
            assigned(board, agent, name="Autre", seen="2000-01-01")
        first.refresh_from_db()
        assert first.name == "Le Port"

    def test_a_save_of_what_somebody_removed_is_a_conflict_too(self, board, agent, client):
        known = assigned(board, agent, name="Le Port")
        seen = client.get(at("assign", board, "area")).context["form"].initial["seen"]
        actions.unassign(assignment=known, seen=version_token(known), by=agent)
        sent = {"name": "La Région", "due_on": "31/12/2099", "seen": seen}
        answer = client.post(at("assign", board, "area"), sent)
        assert answer.status_code == 409
        assert "Somebody else has removed this in the meantime." in text(answer)
        assert "La Région" in answer.content.decode()
        assert not Assignment.objects.exists()
        again = sent | {"seen": answer.context["form"]["seen"].value()}
        assert client.post(at("assign", board, "area"), again).status_code == 302  # by choice
        assert Assignment.objects.get().name == "La Région"

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"email": "a@example.org", "due_on": SOON},
            {"name": "x", "email": "A@example.org"},
        ],
    )
    def test_the_database_refuses_what_means_nothing(self, board, fields):
        with pytest.raises(IntegrityError), transaction.atomic():
            Assignment.objects.create(board=board, requirement="area", **fields)

    def test_an_address_of_the_team_is_that_person(self, board, agent):
        made = assigned(board, agent, name="Elle", email=agent.email.upper())
        assert (made.person, made.name, made.email) == (agent, "", "")

    def test_nobody_any_more(self, board, agent, client):
        first = assigned(board, agent, name="Le Port")
        page = client.get(at("assign", board, "area")).content.decode()
        seen = {"seen": version_token(first)}
        assert page.count(f'name="seen" value="{seen["seen"]}"') == 2  # of the form, and of the button
        newer = assigned(board, agent, name="La Région", seen=version_token(first))
        answer = client.post(at("unassign", board, "area"), seen, follow=True)
        assert "Nothing was done: read what stands now." in text(answer)
        assert Assignment.objects.get().name == "La Région"
        client.post(at("unassign", board, "area"), {"seen": version_token(newer)})
        assert not Assignment.objects.exists()


class TestSomebodyWithoutAnAccount:
    def test_is_invited_once_asked_and_joined_to_their_account(self, board, agent, client):
        sent = {"name": "Le Port", "email": "Port@Example.org", "invited": "on", "due_on": "31/12/2099", "seen": ""}
        client.post(at("assign", board, "area"), sent)
        assigned(board, agent, requirement="accounts", name="Le Port", email="port@example.org")
        written = Mail.objects.get(to="port@example.org")
        assert "be in charge of requirements of a label" in written.text
        person = UserFactory(email="port@example.org", language="en")
        client.force_login(person)
        assert client.get(at("plan", board)).status_code == 404
        home = invitations.accept(invitation=Invitation.objects.get(), person=person, now=NOW)
        assert list(Assignment.objects.values_list("person", "name", "email")) == [(person.pk, "", "")] * 2
        answer = client.get(home)
        assert answer.status_code == 200
        assert "Say who, and until when" not in text(answer)
        assert client.get(at("board", board)).status_code == 404

    def test_what_forbids_to_invite_is_said_though_the_owner_is_kept(self, board, agent, client):
        sent = {"name": "Le Port", "email": "port@example.org", "invited": "on", "due_on": "31/12/2099", "seen": ""}
        client.post(at("assign", board, "area"), sent)
        invitations.decline(invitation=Invitation.objects.get(), by=UserFactory(email="port@example.org"), now=NOW)
        answer = client.post(at("assign", board, "accounts"), sent, follow=True)
        assert "This person declined: they are not written to again." in text(answer)
        assert Assignment.objects.get(requirement="accounts").email == "port@example.org"

    def test_an_address_is_kept_in_the_one_spelling_of_accounts(self, board, agent, client):
        sent = {"name": "Le Port", "email": "Port@Café.example", "invited": "on", "due_on": "31/12/2099", "seen": ""}
        assert client.post(at("assign", board, "area"), sent).status_code == 302
        assert Assignment.objects.get().email == Invitation.objects.get().email == "port@xn--caf-dma.example"

    def test_who_left_the_team_reads_nothing_and_is_kept_no_more_once_erased(self, board, agent, client):
        gone = WorkspaceMemberFactory(workspace=board.workspace, role="agent", person__language="en")
        assigned(board, agent, person=gone.person)
        client.force_login(gone.person)
        assert client.get(at("plan", board)).status_code == 200
        territories.remove_member(member=gone, by=agent)
        assert client.get(at("plan", board)).status_code == 404
        remind(board.pk, today=SOON)
        assert not Mail.objects.filter(key__startswith="labels.due").exists()
        assert Assignment.objects.get().owner == gone.person.name
        erase_person(person=gone.person, actor_id=gone.person.pk, now=NOW)
        assert Assignment.objects.get().owner == Assignment.objects.get().email == ""

    def test_a_member_who_is_erased_is_in_charge_of_nothing(self, board, agent):
        assigned(board, agent, person=WorkspaceMemberFactory(workspace=board.workspace, role="agent").person)
        erase_person(person=Assignment.objects.get().person, actor_id=agent.pk, now=NOW)
        assert Assignment.objects.get().owner == ""

    def test_an_erased_person_is_in_charge_of_nothing(self, board, agent):
        person = UserFactory()
        contact = {"contact_name": "Elle", "contact_email": person.email.upper()}
        Board.objects.filter(pk=board.pk).update(**contact)
        assigned(board, agent, person=person)
        assigned(board, agent, requirement="accounts", name="Elle", email=person.email, due_on=None)
        given = {}
        for _receiver, found in personal_data_requested.send(sender=None, person=person):
            given |= found
        assert [row["requirement"] for row in given["in charge of"]] == ["area", "accounts"]
        assert given["contact of boards"] == [{"board": board.slug, "name": "Elle"}]
        person_erasing.send(sender=None, person=person, now=NOW)
        assert list(Assignment.objects.values_list("requirement", "person", "name")) == [("area", None, "")]
        board.refresh_from_db()
        assert (board.contact_name, board.contact_email) == ("", "")


class TestReminders:
    def test_one_ahead_and_one_on_the_day_each_once_while_it_is_not_met(self, board, agent):
        assigned(board, agent, person=agent)
        assigned(board, agent, requirement="seen", person=agent)
        assigned(board, agent, requirement="accounts", name="Le Port", email="port@example.org")
        for day in (SOON - datetime.timedelta(days=8), SOON - datetime.timedelta(days=7), SOON, SOON):
            remind(board.pk, today=day)
        found = Mail.objects.filter(key__startswith="labels.due").order_by("pk")
        assert sorted(row.key.partition(":")[0] for row in found) == ["labels.due"] * 2 + ["labels.due_soon"] * 2
        assert {row.to for row in found} == {agent.email}
        mail = found.get(key__startswith="labels.due_soon", text__contains="area")
        assert "it is due on" in mail.text
        url = f"{settings.SITE_URL}{at('plan', board)}#plan-area"
        assert url in mail.text
        assert f'href="{url}"' in mail.html

    def test_none_for_what_is_met(self, board, agent):
        assigned(board, agent, requirement="seen", person=agent)
        board_actions.record_judgement(
            board=board,
            version=board_version(board),
            requirement="seen",
            verdict="met",
            reason="Vu",
            conflicts="Aucun",
            by=agent,
            now=NOW,
        )
        remind(board.pk, today=SOON)
        assert not Mail.objects.filter(key__startswith="labels.due").exists()


class TestTheLinkOfPartners:
    def test_shows_the_plan_until_it_is_taken_back(self, board, agent, client):
        assigned(board, agent, person=agent)
        stranger = Client(headers={"accept-language": "en"})
        assert stranger.get(shared_url(board)).status_code == 404
        client.post(at("plan_share", board), {"shared": "yes"})
        url, feed = shared_url(board), shared_url(board, "shared_calendar")
        assert url in client.get(at("plan", board)).content.decode()
        answer = stranger.get(url)
        assert f"In charge: {agent.name}" in text(answer)
        assert board.workspace.slug not in answer.content.decode()  # no page of the team
        assert agent.email not in answer.content.decode()
        assert answer["X-Robots-Tag"] == "noindex"
        (event,) = Calendar.from_ical(stranger.get(feed).content).walk("VEVENT")
        assert event["dtstart"].dt == SOON
        assert str(event["summary"]) == f"area ({agent.name})"
        assert stranger.get(url.replace("essai-amiens", "essai-autre")).status_code == 404
        client.post(at("plan_share", board), {"shared": "no"})
        assert stranger.get(url).status_code == stranger.get(feed).status_code == 404
        client.post(at("plan_share", board), {"shared": "yes"})
        assert stranger.get(url).status_code == 404  # another link
        assert stranger.get(shared_url(board)).status_code == 200

    def test_a_territory_that_may_not_publish_shares_nothing(self, board, agent):
        board.workspace.state = "requested"
        board.workspace.save()
        with pytest.raises(ValidationError):
            actions.set_plan_shared(board=board, shared=True, by=agent)

    def test_closes_with_the_trust_of_its_territory_and_names_nobody_by_their_address(self, board, agent, client):
        agent.name = ""
        agent.save()
        assigned(board, agent, person=agent)
        actions.set_plan_shared(board=board, shared=True, by=agent)
        url, feed = shared_url(board), shared_url(board, "shared_calendar")
        stranger = Client(headers={"accept-language": "en"})
        (event,) = Calendar.from_ical(stranger.get(feed).content).walk("VEVENT")
        assert event["url"].endswith(url)  # not a page of the team
        for answer in (stranger.get(url), stranger.get(feed)):
            assert agent.email not in answer.content.decode()
        for address in (f"{url}?le=2999-01-01", f"{url}?charte=none", f"{url[:-1]}x/"):
            answer = stranger.get(address)
            assert (answer.status_code, answer["Referrer-Policy"]) == (404, "no-referrer")
        workspaces.answer(workspace=board.workspace, seen="trusted", yes=False, reason="Closed", by=None)
        assert stranger.get(url).status_code == stranger.get(feed).status_code == 404

    def test_what_the_charter_asks_no_more_is_not_in_the_calendar(self, board, agent, client):
        assigned(board, agent, person=agent)
        Assignment.objects.create(board=board, requirement="gone", name="Le Port", due_on=SOON)
        (event,) = Calendar.from_ical(client.get(at("plan_calendar", board)).content).walk("VEVENT")
        assert str(event["summary"]) == f"area ({agent.name})"


class TestThePublicBoard:
    def test_says_it_in_one_sentence_with_a_contact_and_shows_a_label_that_is_granted(self, board, agent, client):
        board_actions.set_board_public(board=board, public=True, by=agent)
        public = reverse("labels:public_board", args=[board.slug])
        page = text(client.get(public))
        assert f"what is published does not say yet whether {board.perimeter} meets the criteria" in page
        assert "The team gives no contact." in page
        answer = client.get(at("describe", board))
        sent = {
            "contact_name": "Mission numérique",
            "contact_email": "numerique@example.org",
            "labelled_on": "12/03/2025",
            "labelled_until": "01/01/2025",
            "seen": answer.context["form"].initial["seen"],
        }
        answer = client.post(at("describe", board), sent)
        assert "The label ends before it was granted." in text(answer)
        client.post(at("describe", board), sent | {"labelled_until": ""})
        page = text(client.get(public))
        assert "has had the label « Essai » since 12 March 2025" in page
        assert "Mission numérique numerique@example.org" in page
        assert "Labelled" in page

    @pytest.mark.parametrize(
        ("states", "said"),
        [
            ("unknown human unknown", "what is published does not say yet whether Vire meets the criteria"),
            ("met not_applicable met", "by what is published, Vire meets all mandatory criteria"),
            ("met not_met stale", "meets 1 mandatory criterion of 3 of the label « Essai » (not met: 1; "),
            ("stale unknown human", "meets 0 mandatory criteria of 3 of the label « Essai » (not met: 0; "),
        ],
    )
    @pytest.mark.parametrize("granted", [None, datetime.date(2025, 3, 12)])
    def test_what_can_be_quoted_is_true_in_every_state(self, states, said, granted):
        asked = [[requirement(f"r{n}", "document")] for n in range(3)]
        version = CharterVersionFactory.build(data=content_of(*asked))
        found = [CriterionFinding(f"q{n}", State(state), ()) for n, state in enumerate(states.split(), 1)]
        facts = Facts("perimeter:1", "Vire", TODAY)
        board = Board(labelled_on=granted)
        judged = Judged(board, version, charter_of(version), None, facts, Result(State.UNKNOWN, tuple(found)))
        with translation.override("en"):
            assert said in judged.quote
            assert ("has had the label « Essai » since 12 March 2025." in judged.quote) == bool(granted)
