"""The figures of a board, as its team uses the pages: declaring, correcting together, publishing, choosing."""

import datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory
from tests.factories.labels import (
    BoardFactory,
    CharterVersionFactory,
    ReadingFactory,
    content_of,
    requirement,
    words,
)
from tests.factories.observatory import ActivityVersionFactory
from tests.factories.premises import PhaseFactory
from tests.factories.territories import (
    CommuneFactory,
    DepartmentFactory,
    DocumentFactory,
    EpciFactory,
    FormerRegionFactory,
    WorkspaceFactory,
    WorkspaceMemberFactory,
)
from totem.core.models import JournalEntry
from totem.labels.boards import actions as board_actions
from totem.labels.evidence import actions as evidence_actions
from totem.labels.figures import figures_of
from totem.labels.judging.evaluations import charter_of
from totem.labels.models import Board, CharterVersion, Observation, ObservationVersion, Retention
from totem.labels.subjects import Subject, subject_at, subject_of
from totem.territories.actions import publish_perimeter_version
from totem.territories.models import Document, Workspace, WorkspaceRole

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
NOW = timezone.now()
LAST_YEAR = TODAY.year - 1
PDF = b"%PDF-1.7\n% council\n%%EOF\n"
EPCI = "epci:248000531"

CONTENT = content_of(
    [
        requirement("events", "measure", indicator="events_held", at_least=200, unit="événements"),
        requirement("centre", "travel", to="centre", less_than=30, unit="min"),
        requirement("signed", "document"),
    ],
    sources={"cahier": {"title": "Le cahier des charges", "url": "https://example.org/cahier"}},
    indicators=[
        {
            "name": "events_held",
            "code": "F11",
            "label": words("Événements tenus"),
            "unit": "événements",
            "method": words("Une série compte une fois par date."),
            "combine": "sum",
            "period": "closed_year",
            "validity_months": 24,
            "source": "cahier",
            "note": words("Se déclare tant que le programme n’est pas tenu dans Totem."),
        },
        {"name": "hub_space", "label": words("Surface"), "unit": "m²", "combine": "sum", "period": "day"},
        {"name": "digital_companies", "measure": "digital_companies"},
        {"name": "usable_area", "measure": "usable_area"},
    ],
)


@pytest.fixture
def version() -> CharterVersion:
    return CharterVersionFactory(data=CONTENT)


@pytest.fixture
def board(version: CharterVersion) -> Board:
    return a_board()


def a_board(*epci: str) -> Board:
    """A board of a perimeter made of these groupings; of Amiens Métropole when none is named."""
    CommuneFactory(epci=EpciFactory())
    board = BoardFactory()
    assert board.perimeter
    publish_perimeter_version(
        perimeter=board.perimeter,
        by=None,
        now=NOW,
        valid_from=datetime.date(2020, 1, 1),
        parts={"epci": epci or ["248000531"]},
    )
    return board


def member_of(workspace: Workspace | None, role: str = WorkspaceRole.AGENT) -> Client:
    client = Client()
    client.force_login(WorkspaceMemberFactory(workspace=workspace, role=role).person)
    return client


@pytest.fixture
def agent(board: Board) -> Client:
    return member_of(board.workspace)


def at(board: Board, name: str, *arguments: object, part: str = "") -> str:
    assert board.workspace
    url = reverse(f"labels:{name}", args=[board.workspace.slug, board.slug, *arguments])
    return f"{url}?sur={part}" if part else url


def said(**changes: object) -> dict[str, object]:
    """An observation as the form sends it."""
    return {
        "value": "156",
        "starts_on": f"{LAST_YEAR}-01-01",
        "ends_on": f"{LAST_YEAR}-12-31",
        "source": "Rapport d’activité",
        "confidence": "medium",
        **changes,
    }


def declared(
    board: Board,
    value: int | None = 156,
    *,
    name: str = "events_held",
    workspace: Workspace | None = None,
    subject: Subject | None = None,
    public: bool = False,
    documents: tuple[Document, ...] = (),
    **values: object,
) -> Observation:
    figures = figures_of(charter_of(CharterVersion.objects.get()))
    return evidence_actions.declare(
        workspace=workspace or board.workspace,
        subject=subject or subject_of(board, TODAY),
        figured=figures[name],
        values={
            "value": None if value is None else Decimal(value),
            "ends_on": datetime.date(LAST_YEAR, 12, 31),
            "source": "Rapport d’activité",
            "confidence": "high",
            **values,
        },
        documents=documents,
        public=public,
        by=None,
        now=NOW,
    )


def text(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, response.status_code
    return plain(response)


def plain(response) -> str:
    """The page as one line, spaces that do not break as others."""
    found = response.content.decode().replace("\u00a0", " ").replace("\u202f", " ")
    return " ".join(found.split())


class TestDeclaring:
    def test_a_figure_is_declared_with_a_french_number_and_counts(self, board, agent):
        response = agent.post(at(board, "declare", "events_held"), said(value="1 234,5 événements"))
        assert response.status_code == 302
        assert response.url == at(board, "figure", "events_held")
        made = Observation.objects.get()
        assert (made.workspace, made.public, made.versions.get().value) == (board.workspace, False, Decimal("1234.5"))
        assert "1 234,5 événements" in text(agent, at(board, "figure", "events_held"))

    @pytest.mark.parametrize(
        ("typed", "value"),
        [
            ("12 480", "12480"),
            ("12\u202f480,25", "12480.25"),
            ("1.234.567,5", "1234567.5"),
            ("0,5", "0.5"),
            ("3.5", "3.5"),
            ("0.125", "0.125"),
        ],
    )
    def test_numbers_as_people_write_them(self, board, agent, typed, value):
        agent.post(at(board, "declare", "events_held"), said(value=typed))
        assert ObservationVersion.objects.get().value == Decimal(value)

    @pytest.mark.parametrize("typed", ["10.000", "beaucoup", "1e9", "NaN", "1,2,3", "9" * 20, "1,23456"])
    def test_what_is_no_number_or_could_be_two_is_refused_at_the_field(self, board, agent, typed):
        response = agent.post(at(board, "declare", "events_held"), said(value=typed))
        assert response.status_code == 422
        assert list(response.context["form"].errors) == ["value"]
        assert f'value="{typed}"' in response.content.decode()
        assert not Observation.objects.exists()

    @pytest.mark.parametrize(
        ("typed", "value"), [("12,480.5", "12480.5"), ("1,234,567", "1234567"), ("0.125", "0.125")]
    )
    def test_in_english_as_the_english_write_them(self, board, typed, value):
        person = UserFactory(language="en")
        WorkspaceMemberFactory(workspace=board.workspace, person=person)
        client = Client()
        client.force_login(person)
        response = client.post(at(board, "declare", "events_held"), said(value=typed))
        assert response.status_code == 302, response.context["form"].errors
        assert ObservationVersion.objects.get().value == Decimal(value)

    def test_the_period_of_the_charter_is_proposed(self, board, agent):
        page = text(agent, at(board, "declare", "events_held"))
        assert f'value="{LAST_YEAR}-01-01"' in page
        assert f'value="{LAST_YEAR}-12-31"' in page
        assert f"31/12/{LAST_YEAR + 2}" in page  # 24 months after it

    def test_not_available_is_said_with_a_reason(self, board, agent):
        agent.post(at(board, "declare", "events_held"), said(value="", unavailable="Personne ne les a comptés"))
        assert "Personne ne les a comptés" in text(agent, at(board, "figures"))

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"value": ""}, "value"),
            ({"unavailable": "Non compté"}, "unavailable"),
            ({"ends_on": f"{LAST_YEAR - 1}-12-31"}, "ends_on"),
            ({"ends_on": f"{TODAY.year + 1}-12-31"}, "ends_on"),
            ({"ends_on": "hier"}, "ends_on"),
            ({"valid_until": f"{LAST_YEAR}-06-30"}, "valid_until"),
            ({"source": ""}, "source"),
            ({"source_url": "javascript:alert(1)"}, "source_url"),
            ({"confidence": ""}, "confidence"),
            ({"confidence": "sure"}, "confidence"),
            ({"documents": ["999999"]}, "documents"),
            ({"documents": ["x"]}, "documents"),
        ],
    )
    def test_each_refusal_stands_at_its_field_and_nothing_typed_is_lost(self, board, agent, changes, field):
        response = agent.post(at(board, "declare", "events_held"), said(note="Vu avec l’office", **changes))
        assert response.status_code == 422
        assert list(response.context["form"].errors) == [field]
        assert "Vu avec l’office" in response.content.decode()
        assert not Observation.objects.exists()

    def test_a_travel_time_says_how_one_travels_and_how_it_was_measured_and_shows_it(self, board, agent):
        response = agent.post(at(board, "declare", "minutes_to_centre"), said(value="29"))
        assert response.status_code == 422
        assert set(response.context["form"].errors) == {"mode", "method", None} - {None} | {"documents"}
        paper = DocumentFactory(workspace=board.workspace)
        sent = said(value="29", mode="transit", method="Horaires de la ligne 2", documents=[paper.pk])
        assert agent.post(at(board, "declare", "minutes_to_centre"), sent).status_code == 302
        assert ObservationVersion.objects.get().mode == "transit"

    def test_a_document_is_said_to_be_there_and_sent(self, board, agent):
        sent = said(value="1", uploads=[SimpleUploadedFile("charte.pdf", PDF, "application/pdf")])
        assert agent.post(at(board, "declare", "essai.signed"), sent).status_code == 302
        assert Document.objects.get() in ObservationVersion.objects.get().documents.all()

    def test_a_file_sent_with_a_wrong_form_is_kept_and_chosen(self, board, agent):
        sent = said(value="vingt", uploads=[SimpleUploadedFile("a.pdf", PDF, "application/pdf")])
        response = agent.post(at(board, "declare", "events_held"), sent)
        assert response.status_code == 422
        kept = Document.objects.get()
        assert (kept.workspace, kept.public) == (board.workspace, False)
        box = f'name="documents" value="{kept.pk}"'
        assert f"{box} " in plain(response)
        assert response.context["form"]["documents"].value() == [str(kept.pk)]
        assert agent.post(at(board, "declare", "events_held"), said(documents=[kept.pk])).status_code == 302
        assert list(ObservationVersion.objects.get().documents.all()) == [kept]

    def test_two_files_at_once_beside_one_that_was_here(self, board, agent):
        here = DocumentFactory(workspace=board.workspace)
        files = [SimpleUploadedFile(f"{n}.pdf", PDF + bytes([n + 48]), "application/pdf") for n in range(2)]
        agent.post(at(board, "declare", "events_held"), said(documents=[here.pk], uploads=files))
        assert ObservationVersion.objects.get().documents.count() == 3

    def test_a_file_that_is_not_what_it_says_is_refused_at_its_field(self, board, agent):
        sent = said(uploads=[SimpleUploadedFile("a.pdf", b"MZ", "application/pdf")])
        response = agent.post(at(board, "declare", "events_held"), sent)
        assert (response.status_code, list(response.context["form"].errors)) == (422, ["uploads"])
        assert not Document.objects.exists()

    def test_a_document_of_another_territory_cannot_be_named(self, board, agent):
        foreign = DocumentFactory(public=True)
        response = agent.post(at(board, "declare", "events_held"), said(documents=[foreign.pk]))
        assert (response.status_code, list(response.context["form"].errors)) == (422, ["documents"])

    def test_published_at_once_with_its_documents(self, board, agent):
        paper = DocumentFactory(workspace=board.workspace)
        agent.post(at(board, "declare", "events_held"), said(documents=[paper.pk], public="on"))
        paper.refresh_from_db()
        assert Observation.objects.get().public
        assert paper.public


class TestCorrecting:
    def test_a_correction_is_a_version_more_and_what_changed_is_told(self, board, agent):
        row = declared(board)
        page = agent.get(at(board, "observation_edit", row.pk))
        assert page.context["form"]["value"].value() == "156"
        response = agent.post(at(board, "observation_edit", row.pk), said(value="160", based_on=1))
        assert (response.status_code, response.url) == (302, at(board, "observation", row.pk))
        page = text(agent, response.url)
        assert "<del>156 événements</del> → <ins>160 événements</ins>" in page
        assert list(row.versions.values_list("number", "value")) == [(2, 160), (1, 156)]

    def test_two_people_at_one_text_lose_none_of_it(self, board, agent):
        row, other = declared(board), member_of(board.workspace, WorkspaceRole.OFFICER)
        url = at(board, "observation_edit", row.pk)
        assert agent.post(url, said(value="160", note="Compté deux fois", based_on=1)).status_code == 302
        mine = said(value="170", note="Avec les ateliers", based_on=1)
        response = other.post(url, mine)
        assert response.status_code == 409
        page = plain(response)
        for one in ("160 événements", "170 événements", "Compté deux fois", "Avec les ateliers"):
            assert one in page
        assert "Rapport d’activité</td>" not in page  # only what differs
        form = response.context["form"]
        assert (form["value"].value(), form["note"].value()) == ("170", "Avec les ateliers")
        assert form["based_on"].value() == "2"
        assert row.versions.count() == 2
        # Having seen both, one may save over it; what the other wrote stays in the history.
        assert other.post(url, {**mine, "based_on": "2"}).status_code == 302
        assert list(row.versions.values_list("number", "value")) == [(3, 170), (2, 160), (1, 156)]

    def test_a_text_saved_over_one_that_was_withdrawn_meanwhile_is_a_conflict_too(self, board, agent):
        row = declared(board)
        agent.post(at(board, "observation_withdraw", row.pk), {"based_on": 1})
        response = agent.post(at(board, "observation_edit", row.pk), said(based_on=1))
        assert response.status_code == 409

    @pytest.mark.parametrize("based_on", ["", "x", "0", "9" * 30])
    def test_a_form_that_does_not_say_what_it_read_saves_nothing(self, board, agent, based_on):
        row = declared(board)
        response = agent.post(at(board, "observation_edit", row.pk), said(value="1", based_on=based_on))
        assert response.status_code in {409, 422}
        assert row.versions.count() == 1

    def test_a_file_sent_into_a_conflict_is_kept(self, board, agent):
        row = declared(board)
        url = at(board, "observation_edit", row.pk)
        agent.post(url, said(value="160", based_on=1))
        sent = said(value="170", based_on=1, uploads=[SimpleUploadedFile("a.pdf", PDF, "application/pdf")])
        response = agent.post(url, sent)
        assert response.status_code == 409
        assert response.context["form"]["documents"].value() == [str(Document.objects.get().pk)]


class TestPublishingAndWithdrawing:
    def test_published_then_kept_for_the_team_again(self, board, agent):
        row = declared(board)
        for answer, public in (("yes", True), ("no", False)):
            agent.post(at(board, "observation_public", row.pk), {"public": answer})
            row.refresh_from_db()
            assert row.public is public

    def test_withdrawn_it_does_not_count_and_is_brought_back_by_a_correction(self, board, agent):
        row = declared(board)
        assert agent.post(at(board, "observation_withdraw", row.pk), {"based_on": 1}).status_code == 302
        assert "156" not in text(agent, f"{at(board, 'figures')}?etat=a-remplir").partition("<tbody>")[2]
        page = text(agent, at(board, "observation", row.pk))
        assert "156 événements" in page
        agent.post(at(board, "observation_edit", row.pk), said(value="157", based_on=2))
        assert "157 événements" in text(agent, at(board, "figures"))

    def test_withdrawing_what_one_has_not_seen_is_refused(self, board, agent):
        row = declared(board)
        agent.post(at(board, "observation_edit", row.pk), said(value="160", based_on=1))
        for based_on in ("1", "", "x"):
            agent.post(at(board, "observation_withdraw", row.pk), {"based_on": based_on})
        assert not row.versions.filter(withdrawn=True).exists()


class TestSideBySide:
    def test_three_values_of_one_surface_stand_side_by_side_until_one_is_chosen(self, board, agent):
        rows = [
            declared(board, value, name="hub_space", source=source, ends_on=datetime.date(2014, 5, 1))
            for value, source in ((230, "La presse"), (240, "Le conseil"), (300, "L’exploitant"))
        ]
        page = text(agent, at(board, "figure", "hub_space"))
        for one in ("230 · 240 · 300 m²", "La presse", "Le conseil", "L’exploitant"):
            assert one in page
        assert "Surface" in text(agent, f"{at(board, 'figures')}?etat=contredits")
        url = at(board, "retain", "hub_space")
        refused = agent.post(url, {"observation": rows[1].pk, "reason": " "})
        assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["reason"])
        chosen = {"observation": rows[1].pk, "reason": "Délibération du 12 mars"}
        assert agent.post(url, chosen).status_code == 302
        page = text(agent, at(board, "figure", "hub_space"))
        assert "«&nbsp;Délibération du 12 mars&nbsp;»" in page
        assert '<span class="figure-number">240</span> <span class="figure-unit">m²</span>' in page
        assert "230 · 240 · 300 m²" in page  # a choice does not hide it
        assert [row.observation_id for row in Retention.objects.order_by("pk")] == [rows[0].pk, rows[1].pk]

    def test_the_computed_figure_is_chosen_against_the_one_declared_and_back(self, board, agent):
        row = declared(board, 90, name="digital_companies", ends_on=TODAY)
        ReadingFactory(name="digital_companies", subject=f"perimetre:{board.perimeter_id}", day=TODAY, value=100)
        url, page = at(board, "retain", "digital_companies"), at(board, "figure", "digital_companies")
        assert '<span class="figure-number">100</span>' in text(agent, page)  # before the only one declared
        for chosen, number in ((row.pk, 90), ("computed", 100)):
            assert agent.post(url, {"observation": chosen, "reason": "Recompté"}).status_code == 302
            assert f'<span class="figure-number">{number}</span>' in text(agent, page)

    def test_a_computed_figure_names_its_list_its_edition_and_its_day_and_they_are_chosen(self, board, agent):
        perimeter = ActivityVersionFactory(perimeter__slug="tic-ocde").perimeter
        parameters = "stock=2026-10-01&activites=tic-ocde@1"
        ReadingFactory(
            name="digital_companies", subject=f"perimetre:{board.perimeter_id}", day=TODAY, value=100,
            data_on=datetime.date(2026, 10, 1), parameters=parameters,
        )  # fmt: skip
        page = agent.get(at(board, "figure", "digital_companies"))
        assert page.context["line"].known.on == datetime.date(2026, 10, 1)
        assert f"{perimeter}, v1" in page.content.decode()
        assert f"?{parameters.replace('&', '&amp;')}" in page.content.decode()
        private = ActivityVersionFactory(
            perimeter__slug="autrui", perimeter__public=False, perimeter__workspace=WorkspaceFactory()
        )
        url = at(board, "register")
        assert agent.post(url, {"activities": f"{private.perimeter.slug}@1"}).status_code == 422
        assert agent.post(url, {"activities": "tic-ocde@1", "edition": ""}).status_code == 302
        board.refresh_from_db()
        assert board.parameters == "activites=tic-ocde@1"

    def test_what_nobody_computes_cannot_be_chosen(self, board, agent):
        declared(board)
        for chosen in ("computed", "", "0", "x"):
            response = agent.post(at(board, "retain", "events_held"), {"observation": chosen, "reason": "Pourquoi"})
            assert (response.status_code, list(response.context["form"].errors)) == (422, ["observation"])
            assert "Pourquoi" in response.content.decode()

    def test_what_was_retained_and_is_withdrawn_is_told(self, board, agent):
        row = declared(board)
        agent.post(at(board, "retain", "events_held"), {"observation": row.pk, "reason": "La seule"})
        agent.post(at(board, "observation_withdraw", row.pk), {"based_on": 1})
        assert "Ce que votre équipe avait choisi ne compte plus" in text(agent, at(board, "figure", "events_held"))

    def test_values_of_two_years_do_not_contradict_each_other(self, board, agent):
        declared(board, 156, starts_on=datetime.date(LAST_YEAR, 1, 1))
        declared(
            board,
            140,
            starts_on=datetime.date(LAST_YEAR - 1, 1, 1),
            ends_on=datetime.date(LAST_YEAR - 1, 12, 31),
        )
        assert "140" not in text(agent, f"{at(board, 'figures')}?etat=contredits").partition("<tbody>")[2]

    def test_what_another_territory_publishes_is_seen_with_its_name_and_may_be_retained(self, board, agent):
        other = WorkspaceFactory(name="Le Département")
        mine, theirs = declared(board, 156), declared(board, 200, workspace=other, public=True)
        hidden = declared(board, 999, workspace=other)
        page = text(agent, at(board, "figure", "events_held"))
        assert "Le Département" in page
        assert "999" not in page
        url = at(board, "retain", "events_held")
        assert agent.post(url, {"observation": hidden.pk, "reason": "x"}).status_code == 422
        assert agent.post(url, {"observation": theirs.pk, "reason": "Plus récent"}).status_code == 302
        assert '<span class="figure-number">200</span> <span class="figure-unit">événements</span>' in text(
            agent, at(board, "figure", "events_held")
        )
        assert text(agent, at(board, "observation", theirs.pk))
        assert mine.workspace_id != theirs.workspace_id

    def test_of_another_territory_only_what_it_publishes_today_is_shown(self, board, agent):
        other = WorkspaceFactory()
        theirs = declared(board, 111, workspace=other, note="Brouillon interne")
        figures = figures_of(charter_of(CharterVersion.objects.get()))
        evidence_actions.revise(
            observation=theirs,
            based_on=1,
            figured=figures["events_held"],
            values={
                "value": Decimal(222),
                "ends_on": datetime.date(LAST_YEAR, 12, 31),
                "source": "Bilan",
                "confidence": "high",
            },
            by=WorkspaceMemberFactory(workspace=other).person,
            now=NOW,
        )
        by = WorkspaceMemberFactory(workspace=other).person
        evidence_actions.publish_observation(observation=theirs, public=True, by=by)
        page = text(agent, at(board, "observation", theirs.pk))
        assert "222 événements" in page
        assert "111" not in page
        assert "Brouillon interne" not in page

    def test_stale_says_since_when(self, board, agent):
        yesterday = TODAY - datetime.timedelta(days=1)
        declared(board, name="hub_space", ends_on=yesterday, valid_until=yesterday)
        for url in (f"{at(board, 'figures')}?etat=perimes", at(board, "figure", "hub_space")):
            assert f"{TODAY:%d/%m/%Y}" in text(agent, url)

    def test_a_perimeter_of_several_places_shows_theirs_and_what_they_make(self, version):
        for code, commune in (("200066876", "80001"), ("200066868", "80002")):
            CommuneFactory(code=commune, epci=EpciFactory(code=code, name=f"EPCI {code}"))
        board = a_board("200066876", "200066868")
        agent = member_of(board.workspace)
        declared(board, 100, subject=subject_at("epci:200066876"))
        assert "100" in text(agent, at(board, "figure", "events_held"))
        sent = at(board, "declare", "events_held", part="epci:200066868")
        assert agent.post(sent, said(value="56")).status_code == 302
        page = text(agent, at(board, "figure", "events_held"))
        assert '<span class="figure-number">156</span> <span class="figure-unit">événements</span>' in page
        assert "?sur=epci%3A200066868" in page
        part = text(agent, at(board, "figures", part="epci:200066868"))
        assert f'href="{at(board, "figures")}"' in part
        assert at(board, "figure", "events_held", part="epci%3A200066868") in part
        part = text(agent, at(board, "figure", "events_held", part="epci:200066868"))
        assert '<span class="figure-number">56</span> <span class="figure-unit">événements</span>' in part

    def test_buildings_are_shown_by_place_too(self, version):
        for code, commune, area in (("200066876", "80001", 300), ("200066868", "80002", 45)):
            made = CommuneFactory(code=commune, epci=EpciFactory(code=code, name=f"EPCI {code}"))
            PhaseFactory(building__commune=made, building__public=True, usable_m2=area)
        board = a_board("200066876", "200066868")
        agent = member_of(board.workspace)
        assert "Calculé par Totem" in text(agent, at(board, "figures"))
        page = text(agent, at(board, "figure", "usable_area"))
        for one in ('<span class="figure-number">345</span>', "300 m²", "45 m²"):
            assert one in page

    def test_a_former_region_is_a_part_without_a_page(self, version):
        region = FormerRegionFactory()
        CommuneFactory(department=DepartmentFactory(former_region=region))
        board = BoardFactory()
        publish_perimeter_version(
            perimeter=board.perimeter,
            by=None,
            now=NOW,
            valid_from=datetime.date(2020, 1, 1),
            parts={"former_region": [region.pk]},
        )
        agent = member_of(board.workspace)
        assert "Picardie" in text(agent, at(board, "figure", "events_held"))
        for name in ("figure", "declare"):
            part = f"ancienne-region:{region.pk}"
            assert agent.get(at(board, name, "events_held", part=part)).status_code == 404

    def test_the_charter_says_where_a_figure_comes_from_and_what_reads_it(self, board, agent):
        page = text(agent, at(board, "figure", "events_held"))
        for one in (
            "Une série compte une fois par date.",
            "Se déclare tant que",
            "Le cahier",
            at(board, "criterion", "q1"),
        ):
            assert one in page

    @pytest.mark.parametrize("part", ["epci:999999999", "hub:1", "x", "epci:", "perimetre:0"])
    def test_a_place_that_is_no_part_does_not_exist(self, board, agent, part):
        assert agent.get(at(board, "figure", "events_held", part=part)).status_code == 404


class TestRights:
    def addresses(self, board: Board, row: Observation) -> dict[str, str]:
        of_figure = {name: at(board, name, "events_held") for name in ("figure", "declare", "retain")}
        of_row = {
            name: at(board, name, row.pk)
            for name in ("observation", "observation_edit", "observation_public", "observation_withdraw")
        }
        return {"figures": at(board, "figures"), **of_figure, **of_row}

    def test_readers_see_and_change_nothing(self, board):
        row, reader = declared(board), member_of(board.workspace, WorkspaceRole.READER)
        before = JournalEntry.objects.count()
        shown = {"figures", "figure", "observation"}
        for name, url in self.addresses(board, row).items():
            assert (reader.get(url).status_code == 200) == (name in shown), name
            assert reader.post(url, said(public="yes", based_on=1)).status_code in {404, 405}, name
        assert JournalEntry.objects.count() == before
        page = text(reader, at(board, "figure", "events_held"))
        assert at(board, "declare", "events_held") not in page

    def test_others_find_nothing_and_strangers_are_asked_to_sign_in(self, board):
        row, elsewhere = declared(board), a_board()
        other = member_of(elsewhere.workspace, WorkspaceRole.OFFICER)
        before = JournalEntry.objects.count()
        for name, url in self.addresses(board, row).items():
            for response in (other.get(url), other.post(url, said(based_on=1))):
                assert response.status_code in {404, 405}, name
            for response in (Client().get(url), Client().post(url)):
                assert response.status_code == 405 or response.url.startswith(reverse("account_login")), name
        # Under the address of one's own board neither.
        for name in ("observation", "observation_edit", "observation_public", "observation_withdraw"):
            url = at(elsewhere, name, row.pk)
            assert {other.get(url).status_code, other.post(url).status_code} <= {404, 405}
        assert JournalEntry.objects.count() == before

    def test_what_another_published_is_read_and_not_changed(self, board):
        CommuneFactory(epci=EpciFactory())
        elsewhere = a_board()
        subject = subject_of(board, TODAY)
        theirs = declared(board, 5, workspace=elsewhere.workspace, subject=subject, public=True)
        agent = member_of(board.workspace)
        assert agent.get(at(board, "observation", theirs.pk)).status_code == 200
        for name in ("observation_edit", "observation_public", "observation_withdraw"):
            url = at(board, name, theirs.pk)
            assert agent.post(url, said(public="no", based_on=1)).status_code == 404
        # About another place it is not this board's matter.
        assert member_of(elsewhere.workspace).get(at(elsewhere, "observation", theirs.pk)).status_code == 404

    def test_on_the_public_board_only_what_is_published_counts(self, board):
        board_actions.set_board_public(board=board, public=True, by=UserFactory())
        row = declared(board, 199)
        public = [
            reverse("labels:public_board", args=[board.slug]),
            reverse("labels:public_criterion", args=[board.slug, "q1"]),
        ]
        assert not any("199" in text(Client(), url) for url in public)
        evidence_actions.publish_observation(observation=row, public=True, by=UserFactory())
        assert all("199" in text(Client(), url) for url in public)

    def test_a_document_that_is_not_shown_is_not_named_to_others(self, board, agent):
        other = WorkspaceFactory()
        paper = DocumentFactory(workspace=other, title="Note confidentielle")
        theirs = declared(board, workspace=other, public=True, documents=(paper,))
        Document.objects.filter(pk=paper.pk).update(public=False)
        for url in (at(board, "figure", "events_held"), at(board, "observation", theirs.pk)):
            assert "Note confidentielle" not in text(agent, url)

    @pytest.mark.parametrize("name", ["nothing", "events_held2", "é"])
    def test_a_figure_that_the_charter_does_not_ask_for_does_not_exist(self, board, agent, name):
        assert agent.get(at(board, "figure", name)).status_code == 404
        assert agent.post(at(board, "declare", name), said()).status_code == 404


def test_a_board_of_a_hub_has_figures_too(version):
    board = BoardFactory(perimeter=None, hub=HubFactory())
    agent = member_of(board.workspace)
    assert agent.post(at(board, "declare", "events_held"), said(value="210")).status_code == 302
    assert "210 événements" in text(agent, at(board, "figures"))
    assert Observation.objects.get().hub_id == board.hub_id


def test_every_figure_of_every_shipped_charter_has_its_page_and_its_form(db):
    call_command("load_charters", verbosity=0)
    territory, hub = a_board(), HubFactory()
    agent = member_of(territory.workspace)
    for version in CharterVersion.objects.newest():
        charter = charter_of(version)
        of_hub = charter.subject == "hub"
        board = BoardFactory(
            charter=version.slug,
            workspace=territory.workspace,
            perimeter=None if of_hub else territory.perimeter,
            hub=hub if of_hub else None,
        )
        figures = figures_of(charter)
        assert figures
        assert len(agent.get(at(board, "figures")).context["lines"]) == len(figures)
        for name in figures:
            for page in ("figure", "declare"):
                assert agent.get(at(board, page, name)).status_code == 200, (name, page)


def test_a_perimeter_without_a_version_today_has_no_figures(version):
    board = BoardFactory()
    assert member_of(board.workspace).get(at(board, "figures")).status_code == 404


def queries(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_a_list_costs_the_same_with_one_row_and_with_three(board, agent):
    paper = DocumentFactory(workspace=board.workspace)
    first = declared(board, documents=(paper,))
    urls = [at(board, "figures"), at(board, "figure", "events_held"), at(board, "observation", first.pk)]
    one = [queries(agent, url) for url in urls]
    for value in (157, 158):
        declared(board, value, workspace=WorkspaceFactory(), public=True)
        declared(board, value, name="hub_space", documents=(DocumentFactory(workspace=board.workspace),))
        agent.post(at(board, "observation_edit", first.pk), said(value=value, based_on=value - 156))
    assert [queries(agent, url) for url in urls] == one == [20, 22, 23]
