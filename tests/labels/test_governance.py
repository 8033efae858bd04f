"""Bodies, offices and money of a board: their pages, what is refused, and what the law says of a body's seats."""

import datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory
from tests.factories.labels import (
    AppointmentFactory,
    BoardFactory,
    BodyFactory,
    CharterVersionFactory,
    FundingLineFactory,
    MeetingFactory,
    SeatFactory,
    content_of,
    requirement,
)
from tests.factories.organisations import OrganisationFactory
from tests.factories.territories import (
    CommuneFactory,
    DocumentFactory,
    EpciFactory,
    WorkspaceMemberFactory,
)
from totem.core.edit_conflicts import version_token
from totem.core.models import JournalEntry, JournalPersonalValue
from totem.labels.governance.queries import legality
from totem.labels.judging.evaluations import evaluate
from totem.labels.judging.facts import State
from totem.labels.judging.logic import nth_best, worst
from totem.labels.models import Appointment, Board, Body, FundingLine, Meeting, Seat
from totem.organisations.models import Organisation
from totem.territories.actions import publish_perimeter_version
from totem.territories.models import Document, WorkspaceRole

pytestmark = pytest.mark.django_db

DAY = datetime.date(2026, 1, 1)
NOW = datetime.datetime(2026, 1, 1, 9, tzinfo=datetime.UTC)
CONTENT = content_of(
    [requirement("gov", "body", body="governing", met_within_months=600, classes_represented=["company"])],
    [requirement("vehicle", "body", body="vehicle", forms=["gip", "sem"], legal_rules=True)],
    [requirement("cdo", "appointment", appointed_by=["epci"], entrepreneur=True)],
    [requirement("money", "funding", levels=["state"], purposes=["development_operation"], at_most=0, unit="€")],
)


@pytest.fixture
def board() -> Board:
    CharterVersionFactory(data=CONTENT)
    CommuneFactory(epci=EpciFactory())
    board = BoardFactory()
    publish_perimeter_version(
        perimeter=board.perimeter, by=None, now=NOW, valid_from=DAY, parts={"epci": ["248000531"]}
    )
    return board


@pytest.fixture
def agent(board: Board) -> Client:
    return signed_in(board, WorkspaceRole.AGENT)


def signed_in(board: Board, role: str) -> Client:
    client = Client()
    client.force_login(WorkspaceMemberFactory(workspace=board.workspace, role=role).person)
    return client


def about(board: Board) -> dict[str, object]:
    return {"workspace": board.workspace, "perimeter": board.perimeter}


def at(board: Board, route: str, *arguments: object) -> str:
    return reverse(f"labels:{route}", args=[board.workspace.slug, board.slug, *arguments])


def words(response: object) -> str:
    """The text of a page with plain spaces."""
    return response.content.decode().replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def sent(client: Client, url: str, **changes: object) -> object:
    """The form at that address as its page fills it, with some fields changed, sent."""
    form = client.get(url).context["form"]
    data = {bound.html_name: bound.value() for bound in form}
    data = {name: value for name, value in data.items() if value is not None and value is not False}
    return client.post(url, {**data, **changes})


BODY = {"kind": "vehicle", "name": "GIP du quartier", "legal_form": "gip", "since": "2024-01-01"}
LINE = {
    "level": "region",
    "purpose": "team",
    "amount": "120 000,50",
    "starts_on": "2025-01-01",
    "ends_on": "2025-12-31",
    "source": "Budget",
}


class TestThePage:
    def test_empty_it_says_what_to_do(self, board, agent):
        page = words(agent.get(at(board, "governance")))
        for route in ("appointment_create", "funding_create"):
            assert at(board, route) in page
        for kind in ("governing", "vehicle"):
            assert f"{at(board, 'body_create')}?nature={kind}" in page

    def test_a_reader_is_offered_nothing_to_change(self, board):
        body = BodyFactory(**about(board))
        seat, meeting = SeatFactory(body=body), MeetingFactory(body=body)
        person, line = AppointmentFactory(**about(board)), FundingLineFactory(**about(board))
        reader, before = signed_in(board, WorkspaceRole.READER), JournalEntry.objects.count()
        pages = [words(reader.get(url)) for url in (at(board, "governance"), at(board, "body", body.pk))]
        closed = [
            *(at(board, route) for route in ("body_create", "appointment_create", "funding_create")),
            *(at(board, route, body.pk) for route in ("body_edit", "body_public", "seat_create", "meeting_create")),
            *(at(board, route, body.pk, seat.pk) for route in ("seat_edit", "seat_remove")),
            *(at(board, route, body.pk, meeting.pk) for route in ("meeting_edit", "meeting_remove")),
            *(at(board, f"appointment_{what}", person.pk) for what in ("edit", "end", "public")),
            *(at(board, f"funding_{what}", line.pk) for what in ("edit", "public", "remove")),
        ]
        for url in closed:
            assert not any(f'"{url}"' in page for page in pages)
            assert reader.post(url, {}).status_code == 404, url
        assert JournalEntry.objects.count() == before

    def test_each_part_stands_with_what_the_charter_asks(self, board, agent):
        page = words(agent.get(at(board, "governance")))
        for criterion in ("q1", "q2", "q3", "q4"):
            assert at(board, "criterion", criterion) in page
        asked = agent.get(at(board, "governance")).context
        assert asked["asked_offices"][0].shown.finding.state is State.UNKNOWN
        AppointmentFactory(**about(board))
        asked = agent.get(at(board, "governance")).context
        assert asked["asked_offices"][0].shown.finding.state is State.MET

    def test_no_state_money_for_the_development_operation(self, board, agent):
        def said() -> str:
            (one,) = agent.get(at(board, "governance")).context["asked_money"]
            with override("en"):  # the words are said when they are asked for
                return one.words.replace("\N{NO-BREAK SPACE}", " ")

        assert said().startswith("No funding line is recorded")
        FundingLineFactory(**about(board))
        assert said() == "No State money goes to the development operation."
        FundingLineFactory(**about(board), level="state", purpose="development_operation", amount=5000)
        assert said().startswith("5,000 € of State money goes to the development operation.")

    def test_totals_are_of_what_runs_today(self, board, agent):
        today = timezone.localdate()
        FundingLineFactory(**about(board), amount=100)
        FundingLineFactory(**about(board), level="own", amount=300, starts_on=today, ends_on=today)
        FundingLineFactory(**about(board), amount=1_000_000, ends_on=today - datetime.timedelta(days=1))
        context = agent.get(at(board, "governance")).context
        assert context["total"] == 400
        shares = [(weight.part, weight.share.split("\N{NO-BREAK SPACE}")[0]) for _label, weight in context["by_level"]]
        assert shares == [(300, "75"), (100, "25")]
        assert [weight.part for _label, weight in context["by_purpose"]] == [400]

    def test_two_in_one_office_are_never_silent(self, board, agent):
        AppointmentFactory(**about(board))
        assert not agent.get(at(board, "governance")).context["crowded"]
        AppointmentFactory(**about(board))
        assert len(agent.get(at(board, "governance")).context["crowded"]) == 1

    def test_queries_do_not_grow_with_rows(self, board, agent):
        counts = []
        for _round in range(2):
            for _row in range(1 if not counts else 2):
                body = BodyFactory(**about(board))
                SeatFactory(body=body, organisation=OrganisationFactory())
                MeetingFactory(body=body, document=DocumentFactory(workspace=board.workspace))
                document = {"document": DocumentFactory(workspace=board.workspace)}
                AppointmentFactory(**about(board), **document)
                FundingLineFactory(**about(board), funder=OrganisationFactory(), **document)
            with CaptureQueriesContext(connection) as captured:
                assert agent.get(at(board, "governance")).status_code == 200
            counts.append(len(captured))
        assert counts[0] == counts[1], counts

    def test_queries_of_a_body_do_not_grow_with_rows(self, board, agent):
        body, counts = BodyFactory(**about(board)), []
        for more in (1, 2):
            for _row in range(more):
                SeatFactory(body=body, organisation=OrganisationFactory())
                MeetingFactory(body=body, document=DocumentFactory(workspace=board.workspace))
            with CaptureQueriesContext(connection) as captured:
                assert agent.get(at(board, "body", body.pk)).status_code == 200
            counts.append(len(captured))
        assert counts[0] == counts[1], counts

    def test_where_it_cannot_be_judged_the_page_still_stands(self, agent):
        board = BoardFactory(charter="nothing-published")
        page = signed_in(board, WorkspaceRole.READER).get(at(board, "governance"))
        assert page.status_code == 200
        assert not page.context["judged"]


@pytest.mark.parametrize(
    ("role", "status"), [(WorkspaceRole.READER, 404), (WorkspaceRole.AGENT, 302), (WorkspaceRole.OFFICER, 302)]
)
def test_agents_and_officers_change_what_readers_see(board, role, status):
    client = signed_in(board, role)
    body, line = BodyFactory(**about(board)), FundingLineFactory(**about(board))
    seat = {"holder": "X", "actor_class": "company", "role": "member", "votes": "1"}
    assert client.get(at(board, "body", body.pk)).status_code == 200
    for url, data in (
        (at(board, "body_create"), BODY),
        (at(board, "seat_create", body.pk), seat),
        (at(board, "meeting_create", body.pk), {"held_on": "2025-03-04"}),
        (at(board, "body_public", body.pk), {"public": "yes"}),
        (at(board, "funding_create"), LINE),
        (at(board, "funding_remove", line.pk), {}),
    ):
        assert client.post(url, data).status_code == status, url


def test_a_hubs_board_speaks_of_its_hub():
    CharterVersionFactory(data={**CONTENT, "subject": "hub"})
    board = BoardFactory(perimeter=None, hub=HubFactory())
    agent = signed_in(board, WorkspaceRole.AGENT)
    assert agent.post(at(board, "body_create"), BODY).status_code == 302
    body = Body.objects.get()
    assert (body.hub, body.perimeter) == (board.hub, None)
    page = agent.get(at(board, "governance"))
    assert [one.body for one in page.context["sections"][1]["bodies"]] == [body]
    assert page.context["judged"]


class TestBodies:
    def test_made_seen_and_written_down(self, board, agent):
        response = agent.post(at(board, "body_create"), BODY)
        body = Body.objects.get()
        assert response.url == at(board, "body", body.pk)
        assert (body.workspace, body.perimeter, body.public) == (board.workspace, board.perimeter, False)
        assert "GIP du quartier" in words(agent.get(response.url))
        entry = JournalEntry.objects.get(verb="labels.body_created")
        assert entry.facts == {"kind": "vehicle", "legal_form": "gip"}

    @pytest.mark.parametrize(
        ("field", "changes"),
        [
            ("name", {"name": ""}),
            ("kind", {"kind": "club"}),
            ("until", {"until": "2023-12-31"}),
            ("until", {"until": "2024-01-01"}),
            ("has_capital", {"legal_form": "sem"}),
            ("new_kind", {"organisation": "Nobody here"}),
            ("organisation", {"organisation": "123456782"}),
            ("upload", {"upload": SimpleUploadedFile("statuts.pdf", b"MZ no", content_type="application/pdf")}),
            ("document", {"document": "999999"}),
        ],
    )
    def test_refused_at_the_field_with_all_that_was_typed(self, board, agent, field, changes):
        response = agent.post(at(board, "body_create"), {**BODY, "name": "Typed", **changes})
        assert response.status_code == 422
        assert field in response.context["form"].errors
        assert changes.get("name", "Typed") in words(response)
        assert not Body.objects.exists()
        assert not Organisation.objects.exists()

    def test_another_territorys_document_is_none(self, board, agent):
        foreign = DocumentFactory(public=True)
        response = agent.post(at(board, "body_create"), {**BODY, "document": foreign.pk})
        assert response.status_code == 422
        assert not Body.objects.exists()

    def test_its_organisation_is_noted_on_the_way(self, board, agent):
        agent.post(at(board, "body_create"), {**BODY, "organisation": "GIP Test", "new_kind": "innovation_agency"})
        assert Body.objects.get().organisation == Organisation.objects.get(name="GIP Test")

    def test_who_is_named_already_is_proposed(self, board, agent):
        SeatFactory(body=BodyFactory(**about(board)), organisation=OrganisationFactory(name="Assise ici"))
        SeatFactory(organisation=OrganisationFactory(name="Assise ailleurs"))
        known = agent.get(at(board, "body_create")).context["known"]
        assert [name.partition(" (")[0] for name in known] == ["Assise ici"]

    def test_a_document_is_kept_even_if_the_rest_is_refused(self, board, agent):
        upload = SimpleUploadedFile("statuts.pdf", b"%PDF-1.7\n%%EOF\n", content_type="application/pdf")
        refused = agent.post(at(board, "body_create"), {**BODY, "name": "", "upload": upload})
        kept = Document.objects.get()
        assert refused.context["form"]["document"].value() == str(kept.pk)
        agent.post(at(board, "body_create"), {**BODY, "document": kept.pk})
        assert Body.objects.get().document == kept

    def test_two_who_write_at_once_lose_nothing(self, board, agent):
        body = BodyFactory(**about(board), name="Before")
        url = at(board, "body_edit", body.pk)
        seen = agent.get(url).context["form"]["seen"].value()
        body.name = "Theirs"
        body.save()
        mine = {**BODY, "kind": "governing", "legal_form": "", "name": "Mine", "seen": seen}
        conflict = agent.post(url, mine)
        assert conflict.status_code == 409
        page = words(conflict)
        assert 'value="Mine"' in page
        assert "Theirs" in page
        assert Body.objects.get().name == "Theirs"
        again = conflict.context["form"]["seen"].value()
        assert agent.post(url, {**mine, "seen": again}).status_code == 302
        assert Body.objects.get().name == "Mine"

    def test_without_having_seen_it_nothing_is_changed(self, board, agent):
        body = BodyFactory(**about(board), name="Before")
        assert agent.post(at(board, "body_edit", body.pk), BODY).status_code == 409
        assert Body.objects.get().name == "Before"

    def test_the_public_counts_only_what_is_published(self, board, agent):
        body = BodyFactory(**about(board))
        SeatFactory(body=body)
        MeetingFactory(body=body)

        def states() -> list[State]:
            seen = (board.workspace, None)
            return [evaluate(board, day=DAY, workspace=one).result.finding("gov").state for one in seen]

        assert states() == [State.MET, State.UNKNOWN]
        seen = version_token(body)
        agent.post(at(board, "body_public", body.pk), {"public": "yes", "seen": seen})
        assert states() == [State.MET, State.MET]
        agent.post(at(board, "body_public", body.pk), {"public": "no", "seen": seen})
        assert states() == [State.MET, State.MET]  # saved by somebody else since
        body.refresh_from_db()
        agent.post(at(board, "body_public", body.pk), {"public": "no", "seen": version_token(body)})
        assert states() == [State.MET, State.UNKNOWN]
        assert JournalEntry.objects.filter(verb="labels.body_public_set").count() == 2

    def test_another_territorys_published_body_is_read_and_not_changed(self, board, agent):
        theirs = BodyFactory(public=True, perimeter=board.perimeter)
        assert agent.get(at(board, "body", theirs.pk)).status_code == 200
        assert agent.get(at(board, "body_edit", theirs.pk)).status_code == 404
        hidden = BodyFactory(perimeter=board.perimeter)
        assert agent.get(at(board, "body", hidden.pk)).status_code == 404

    def test_a_body_of_another_perimeter_is_not_of_this_board(self, board, agent):
        other = BodyFactory(workspace=board.workspace)
        for route in ("body", "body_edit", "seat_create", "meeting_create"):
            for pk in (other.pk, 10**25):
                assert agent.get(at(board, route, pk)).status_code == 404


class TestSeats:
    @pytest.fixture
    def body(self, board) -> Body:
        return BodyFactory(**about(board), sem=True)

    def test_a_seat_is_a_members_or_an_offices(self, board, agent, body):
        member = OrganisationFactory(authority=True, noted_by=board.workspace)
        url = at(board, "seat_create", body.pk)
        seat = {"actor_class": "local_authority", "role": "president", "votes": "2", "capital_share": "60.5"}
        assert agent.post(url, {**seat, "organisation": member.siren}).status_code == 302
        assert agent.post(url, {**seat, "capital_share": "39.5", "holder": "La mairie"}).status_code == 302
        assert set(Seat.objects.values_list("organisation", "holder")) == {(member.pk, ""), (None, "La mairie")}
        assert "La mairie" not in str([entry.facts for entry in JournalEntry.objects.all()])

    @pytest.mark.parametrize(
        ("field", "changes"),
        [
            ("organisation", {"holder": ""}),
            ("votes", {"role": "observer"}),
            ("votes", {"votes": "-1"}),
            ("capital_share", {"capital_share": "100.001"}),
            ("capital_share", {"capital_share": "-1"}),
            ("actor_class", {"actor_class": "king"}),
            ("until", {"since": "2025-01-01", "until": "2024-01-01"}),
        ],
    )
    def test_refused_at_the_field(self, board, agent, body, field, changes):
        seat = {"holder": "X", "actor_class": "company", "role": "member", "votes": "1"}
        response = agent.post(at(board, "seat_create", body.pk), {**seat, **changes})
        assert response.status_code == 422
        assert field in response.context["form"].errors
        assert not Seat.objects.exists()

    def test_a_list_of_seats_is_shown_then_saved_whole_or_not_at_all(self, board, agent, body):
        known = OrganisationFactory(name="Métropole", authority=True, noted_by=board.workspace)
        url = at(board, "seats_list", body.pk)
        head = "Nom;SIREN;Collège;Rôle;Voix;Part du capital\n"
        lines = f";{known.siren};local_authority;president;2;60,5\nÉclair;;;;;39,5 %\nVille;;;observateur;;\n"
        shared = {"organisation_kind": "startup", "actor_class": "company", "since": ""}
        refused = agent.post(url, {**shared, "table": f"{head}{lines}Trop;;king;observer;1;1\nTrop;;;;;1"})
        assert refused.status_code == 422
        assert [one.line.number for one in refused.context["outcome"].lines if one.errors] == [5, 6]
        assert agent.post(url, {**shared, "table": "A;123456789"}).status_code == 422
        shown = agent.post(url, {**shared, "table": head + lines})
        assert [one.new for one in shown.context["outcome"].lines] == [False, True, True], shown.context["form"].errors
        assert not Seat.objects.exists()
        token = shown.context["outcome"].token
        assert agent.post(url, {**shared, "table": head + lines, "confirmed": token}).status_code == 302
        assert list(
            Seat.objects.values_list("organisation__name", "actor_class", "role", "votes", "capital_share")
        ) == [
            ("Métropole", "local_authority", "president", 2, Decimal("60.5")),
            ("Éclair", "company", "member", 1, Decimal("39.5")),
            ("Ville", "company", "observer", 0, None),
        ]
        committee = BodyFactory(**about(board))
        answer = agent.post(at(board, "seats_list", committee.pk), {**shared, "table": head + lines})
        assert "table" in answer.context["form"].errors  # it has no capital to share

    def test_a_committee_is_not_asked_for_shares(self, board, agent):
        body = BodyFactory(**about(board))
        assert "capital_share" not in agent.get(at(board, "seat_create", body.pk)).context["form"].fields

    def test_shares_in_force_never_go_beyond_the_whole(self, board, agent, body):
        SeatFactory(body=body, capital_share=60)
        # What is over by then leaves room.
        SeatFactory(body=body, capital_share=40, until=datetime.date(2025, 1, 1))
        seat = {"holder": "X", "actor_class": "company", "role": "member", "votes": "1"}
        url = at(board, "seat_create", body.pk)
        refused = agent.post(url, {**seat, "capital_share": "40", "since": "2024-12-31"})
        assert refused.status_code == 422
        (message,) = refused.context["form"].errors["capital_share"]
        assert "140" in message
        assert agent.post(url, {**seat, "capital_share": "40", "since": "2025-01-01"}).status_code == 302
        last = Seat.objects.latest("pk")
        assert sent(agent, at(board, "seat_edit", body.pk, last.pk), capital_share="40,001").status_code == 422
        assert sent(agent, at(board, "seat_edit", body.pk, last.pk), capital_share="39,999").status_code == 302

    def test_postgresql_refuses_more_than_the_whole(self, body):
        @transaction.atomic
        def write() -> None:
            SeatFactory(body=body, capital_share=60)
            SeatFactory(body=body, capital_share=Decimal("40.001"))
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

        with pytest.raises(IntegrityError, match="at most the whole"):
            write()

    def test_changed_and_removed(self, board, agent, body):
        seat = SeatFactory(body=body)
        url = at(board, "seat_edit", body.pk, seat.pk)
        seen = agent.get(url).context["form"]["seen"].value()
        assert sent(agent, url, votes="3").status_code == 302
        stale = {"holder": "X", "actor_class": "company", "role": "member", "votes": "7", "seen": seen}
        conflict = agent.post(url, stale)
        assert conflict.status_code == 409
        assert 'value="7"' in words(conflict)
        assert [value for _label, value in conflict.context["theirs"] if value == "3"] == ["3"]
        assert agent.get(at(board, "seat_remove", body.pk, seat.pk)).status_code == 405
        removing = at(board, "seat_remove", body.pk, seat.pk)
        assert agent.post(removing, {"seen": seen}).status_code == 302
        assert Seat.objects.get().votes == 3  # what somebody else has saved since is not taken out unseen
        seat.refresh_from_db()
        assert agent.post(removing, {"seen": version_token(seat)}).status_code == 302
        assert not Seat.objects.exists()
        gone = agent.post(url, {**stale, "seen": version_token(seat)})
        assert gone.status_code == 409
        assert 'value="7"' in words(gone)  # what was typed of it in the meantime is not lost
        assert gone.context["removed"]
        assert agent.post(url, {**stale, "seen": gone.context["form"]["seen"].value()}).status_code == 302
        assert Seat.objects.get().votes == 7

    def test_a_seat_stands_under_its_own_body_only(self, board, agent, body):
        seat = SeatFactory(body=BodyFactory(**about(board)))
        assert agent.get(at(board, "seat_edit", body.pk, seat.pk)).status_code == 404


class TestTheLaw:
    def rules(self, body: Body, *seats: tuple[str, object, object]) -> tuple[str, list[str]]:
        rows = [
            SeatFactory.build(body=body, actor_class=name, votes=Decimal(votes), capital_share=share)
            for name, votes, share in seats
        ]
        found = legality(body, rows)
        return str(found.state), [str(rule.state) for rule in found.rules]

    def test_gip(self):
        body = BodyFactory(gip=True)
        assert self.rules(body) == ("unknown", ["unknown"])
        assert self.rules(body, ("state", 1, None), ("company", 1, None)) == ("not_met", ["not_met"])
        assert self.rules(body, ("public_service", 2, None), ("company", 1, None)) == ("met", ["met"])
        body.has_capital = True
        either = self.rules(body, ("state", 1, Decimal(51)), ("company", 1, Decimal(49)))
        assert either == ("met", ["not_met", "met"])

    @pytest.mark.parametrize(
        ("state", "rules", "local", "votes"),
        [
            ("not_met", ["not_met", "met", "met", "met"], "50", 2),
            ("met", ["met", "met", "met", "met"], "50.001", 2),
            ("not_met", ["met", "not_met", "met", "met"], "60", 1),
            ("met", ["met", "met", "met", "met"], "85", 2),
            ("not_met", ["met", "met", "not_met", "met"], "85.001", 2),
        ],
    )
    def test_sem(self, state, rules, local, votes):
        body, share = BodyFactory(sem=True), Decimal(local)
        assert self.rules(body, ("local_authority", votes, share), ("company", 1, 100 - share)) == (state, rules)

    def test_sem_without_a_private_shareholder(self):
        seats = ("local_authority", 2, Decimal(80)), ("state", 1, Decimal(20))
        assert self.rules(BodyFactory(sem=True), *seats) == ("not_met", ["met", "met", "met", "not_met"])

    def test_sem_whose_shares_are_not_all_known(self):
        seats = ("local_authority", 2, Decimal(80)), ("company", 1, None)
        assert self.rules(BodyFactory(sem=True), *seats) == ("unknown", ["met", "met", "unknown", "met"])

    @given(
        form=st.sampled_from(["gip", "sem"]),
        has_capital=st.booleans(),
        seats=st.lists(
            st.tuples(
                st.sampled_from(["local_authority", "state", "public_service", "company"]),
                st.integers(1, 3),
                st.none() | st.sampled_from([0, 5, 10, 15, 20, 25]).map(Decimal),
            ),
            max_size=4,
        ),
    )
    @settings(max_examples=2 * settings.default.max_examples)
    def test_the_rules_say_what_is_judged(self, form, has_capital, seats):
        body = Body(legal_form=form, has_capital=has_capital or form == "sem")
        rows = [Seat(actor_class=name, votes=Decimal(votes), capital_share=share) for name, votes, share in seats]
        found = legality(body, rows)
        states = [rule.state for rule in found.rules]
        assert found.state is (nth_best(states, 1) if form == "gip" else worst(states))

    def test_what_is_not_recorded_may_decide(self):
        body = BodyFactory(sem=True)
        seats = ("local_authority", 2, Decimal("48.5")), ("company", 1, Decimal(31))
        assert self.rules(body, *seats) == ("unknown", ["unknown", "met", "met", "met"])
        rows = [SeatFactory.build(body=body, actor_class=n, votes=v, capital_share=c) for n, v, c in seats]
        with override("en"):
            found = legality(body, rows).rules[0].found
        assert found == "They have 48.5% of the capital. 20.5% is not recorded, and decides."

    def test_the_page_says_what_is_missing_and_which_article(self, board, agent):
        body = BodyFactory(**about(board), sem=True)
        SeatFactory(body=body, actor_class="local_authority", votes=8, capital_share=40)
        SeatFactory(body=body, actor_class="company", votes=12, capital_share=60)
        response = agent.get(at(board, "body", body.pk))
        assert "L1522-1" in words(response)
        with override("en"):
            capital, votes, others, private = (rule.found for rule in legality(body, body.seats.all()).rules)
        assert capital == "They have 40% of the capital. More than 10% of the capital is missing."
        assert votes == "They have 8 of 20 votes: 40%. More than 2 of the votes are missing."
        assert (others, private) == ("They have 60% of the capital.", "Private members: 1.")
        composed = response.context["composition"]
        with override("en"):
            weights = [(line.actor_class, line.votes.share, line.capital) for line in composed.lines]
        assert weights == [("company", "60%", 60), ("local_authority", "40%", 40)]

    @pytest.mark.parametrize(("observers", "share", "apart"), [(False, "50 %", 1), (True, "33,3 %", 0)])
    def test_an_observer_counts_in_a_share_only_where_the_charter_says_so(self, agent, board, observers, share, apart):
        half = {"of": "seats", "classes": ["company"], "at_least": 50, "as_share": True, "observers": observers}
        asked = content_of([requirement("gov", "body", body="governing", seats=[half])])
        CharterVersionFactory(data={**asked, "version": "2", "valid_from": "2026-01-02"})
        body = BodyFactory(**about(board))
        for name in ("company", "local_authority"):
            SeatFactory(body=body, actor_class=name)
        SeatFactory(body=body, actor_class="local_authority", role="observer", votes=0)
        page = agent.get(at(board, "body", body.pk))
        composed = page.context["composition"]
        assert composed.observers == apart
        assert f"({share})" in words(page)
        (one,) = agent.get(at(board, "governance")).context["sections"][0]["bodies"]
        assert one.composition == composed

    def test_a_seat_that_is_over_weighs_nothing(self, board, agent):
        body = BodyFactory(**about(board), gip=True)
        SeatFactory(body=body, actor_class="state", until=timezone.localdate())
        SeatFactory(body=body, actor_class="company")
        context = agent.get(at(board, "body", body.pk)).context
        assert context["composition"].seats == 1
        assert context["legality"].state is State.NOT_MET


class TestMeetings:
    def test_held_changed_and_removed(self, board, agent):
        body = BodyFactory(**about(board))
        url = at(board, "meeting_create", body.pk)
        assert agent.post(url, {"held_on": "2025-03-04", "subject": "Budget"}).status_code == 302
        meeting = Meeting.objects.get()
        edit = at(board, "meeting_edit", body.pk, meeting.pk)
        seen = agent.get(edit).context["form"]["seen"].value()
        assert sent(agent, edit, subject="Statuts").status_code == 302
        conflict = agent.post(edit, {"held_on": "2025-03-04", "subject": "Mine", "seen": seen})
        assert conflict.status_code == 409
        assert "Statuts" in words(conflict)
        assert 'value="Mine"' in words(conflict)
        meeting.refresh_from_db()
        seen = {"seen": version_token(meeting)}
        assert agent.post(at(board, "meeting_remove", body.pk, meeting.pk), seen).status_code == 302
        assert not Meeting.objects.exists()

    def test_neither_to_come_nor_twice_a_day(self, board, agent):
        meeting = MeetingFactory(body=BodyFactory(**about(board)))
        tomorrow = timezone.localdate() + datetime.timedelta(days=1)
        for day in (tomorrow, meeting.held_on):
            response = agent.post(at(board, "meeting_create", meeting.body_id), {"held_on": str(day)})
            assert response.status_code == 422
            assert "held_on" in response.context["form"].errors
        assert Meeting.objects.count() == 1


class TestOffices:
    def fields(self, board: Board, **changes: object) -> dict[str, object]:
        by = OrganisationFactory(authority=True, noted_by=board.workspace)
        said = {"office": "chief_digital_officer", "act": "Délibération 7", "since": "2025-01-01"}
        return {**said, "appointed_by": by.siren, **changes}

    def test_the_name_may_be_left_out_and_is_never_in_the_journal(self, board, agent):
        url = at(board, "appointment_create")
        assert agent.post(url, self.fields(board)).status_code == 302
        assert Appointment.objects.get().holder == ""
        label = self.fields(board, office="label_contact", holder="Camille, fondatrice de Test")
        assert agent.post(url, label).status_code == 302
        assert "Camille" not in str([entry.facts for entry in JournalEntry.objects.all()])
        assert not JournalPersonalValue.objects.exists()

    @pytest.mark.parametrize(
        ("field", "changes"),
        [
            ("act", {"act": ""}),
            ("appointed_by", {"appointed_by": ""}),
            ("new_kind", {"appointed_by": "Nobody"}),
            ("company", {"company": "Nobody"}),
            ("until", {"until": "2024-12-31"}),
        ],
    )
    def test_refused_at_the_field(self, board, agent, field, changes):
        response = agent.post(at(board, "appointment_create"), self.fields(board, **changes))
        assert response.status_code == 422
        assert field in response.context["form"].errors
        assert not Appointment.objects.exists()

    def test_a_second_one_has_to_be_meant(self, board, agent):
        first = AppointmentFactory(**about(board))
        url, fields = at(board, "appointment_create"), self.fields(board, holder="Sacha")
        refused = agent.post(url, fields)
        assert refused.status_code == 422
        assert 'type="checkbox" name="together"' in words(refused)
        assert 'value="Sacha"' in words(refused)
        assert Appointment.objects.count() == 1
        # The first one's end makes room; or both are meant.
        assert agent.post(url, {**fields, "together": "on"}).status_code == 302
        assert sent(agent, at(board, "appointment_end", first.pk), until="2025-06-01").status_code == 302
        assert agent.post(url, {**fields, "since": "2025-06-01"}).status_code == 422

    def test_one_after_the_other_is_no_second(self, board, agent):
        AppointmentFactory(**about(board), until=datetime.date(2025, 1, 1))
        assert agent.post(at(board, "appointment_create"), self.fields(board)).status_code == 302

    def test_changed_at_once_ended_and_published(self, board, agent):
        person = AppointmentFactory(**about(board))
        url = at(board, "appointment_edit", person.pk)
        seen = agent.get(url).context["form"]["seen"].value()
        assert sent(agent, url, act="Arrêté 3").status_code == 302
        conflict = agent.post(url, self.fields(board, act="Mine", seen=seen))
        assert conflict.status_code == 409
        assert "Arrêté 3" in words(conflict)
        assert 'value="Mine"' in words(conflict)
        end = at(board, "appointment_end", person.pk)
        assert sent(agent, end, until="2023-01-01").status_code == 422
        assert sent(agent, end, until="2026-01-01").status_code == 302
        person.refresh_from_db()
        agent.post(at(board, "appointment_public", person.pk), {"public": "yes", "seen": version_token(person)})
        person.refresh_from_db()
        assert (person.act, person.until, person.public) == ("Arrêté 3", datetime.date(2026, 1, 1), True)


class TestMoney:
    def test_written_as_people_write_it(self, board, agent):
        funder = OrganisationFactory(name="Région d’essai", noted_by=board.workspace)
        assert agent.post(at(board, "funding_create"), {**LINE, "funder": funder.name}).status_code == 302
        line = FundingLine.objects.get()
        assert (line.amount, line.public) == (Decimal("120000.50"), False)
        assert sent(agent, at(board, "funding_edit", line.pk), purpose="running").status_code == 302
        line.refresh_from_db()
        agent.post(at(board, "funding_public", line.pk), {"public": "yes", "seen": version_token(line)})
        line.refresh_from_db()
        assert (line.amount, line.purpose, line.public) == (Decimal("120000.50"), "running", True)
        assert line.funder == funder
        assert agent.post(at(board, "funding_remove", line.pk), {"seen": version_token(line)}).status_code == 302
        assert not FundingLine.objects.exists()

    @pytest.mark.parametrize(
        ("field", "changes"),
        [
            ("amount", {"amount": "0"}),
            ("amount", {"amount": "beaucoup"}),
            ("amount", {"amount": "-3"}),
            ("ends_on", {"ends_on": "2024-12-31"}),
            ("source", {"source": ""}),
            ("level", {"level": "moon"}),
            ("new_kind", {"funder": "Nobody"}),
        ],
    )
    def test_refused_at_the_field(self, board, agent, field, changes):
        response = agent.post(at(board, "funding_create"), {**LINE, **changes})
        assert response.status_code == 422
        assert field in response.context["form"].errors
        assert not FundingLine.objects.exists()

    def test_two_who_write_at_once_lose_nothing(self, board, agent):
        line = FundingLineFactory(**about(board))
        url = at(board, "funding_edit", line.pk)
        seen = agent.get(url).context["form"]["seen"].value()
        assert sent(agent, url, source="Theirs").status_code == 302
        conflict = agent.post(url, {**LINE, "source": "Mine", "seen": seen})
        assert conflict.status_code == 409
        assert "Theirs" in words(conflict)
        assert 'value="Mine"' in words(conflict)
        assert FundingLine.objects.get().source == "Theirs"


@pytest.mark.parametrize("role", [None, *WorkspaceRole])
def test_another_territorys_team_finds_nothing(board, role):
    client = Client()
    person = WorkspaceMemberFactory(role=role).person if role else UserFactory()
    client.force_login(person)
    for url in (at(board, "governance"), at(board, "body_create"), at(board, "body", BodyFactory(**about(board)).pk)):
        assert client.get(url).status_code == 404
        assert client.post(url, BODY).status_code in {404, 405}
