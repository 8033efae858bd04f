"""Pages of buildings: permissions, validation errors, edit conflicts, and the number of queries of a list."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import shapely
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories.accounts import UserFactory
from tests.factories.organisations import OrganisationFactory
from tests.factories.premises import BuildingFactory, LotFactory, OfferFactory, PhaseFactory
from tests.factories.territories import (
    CommuneFactory,
    DocumentFactory,
    PerimeterFactory,
    WorkspaceFactory,
    WorkspaceMemberFactory,
)
from tests.territories.grid import SIDE, SOUTH, WEST, draw
from totem.core.models import JournalEntry
from totem.premises import actions
from totem.premises.models import Building, Lot, Offer, Phase
from totem.territories.actions import create_perimeter
from totem.territories.models import Document, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return WorkspaceFactory(name="Rouen")


@pytest.fixture
def building(workspace) -> Building:
    return BuildingFactory(workspace=workspace, name="Seine Innopolis")


@pytest.fixture
def team(workspace, client):
    """Signs in as somebody of the team in that role."""

    def sign_in(role: str = "agent"):
        person = WorkspaceMemberFactory(workspace=workspace, role=role).person
        client.force_login(person)
        return person

    return sign_in


def at(name: str, building: Building, *more: int) -> str:
    return reverse(f"premises:{name}", args=[building.workspace.slug, building.pk, *more])


def text(response) -> str:
    return response.content.decode()


def building_form(building: Building, **more) -> dict[str, object]:
    """The fields that the form of a building submits."""
    row = Building.objects.get(pk=building.pk)
    fields = {"name": row.name, "commune": row.commune.label, "note": row.note, "seen": row.updated_at.isoformat()}
    return fields | more


def phase_form(**more) -> dict[str, object]:
    """The fields that the form of a phase submits."""
    return {
        "name": "Cité numérique",
        "state": "planned",
        "usable_m2": "3000",
        "due_on": "2027-12-31",
        "announced_on": "2025-11-10",
        "retained": "on",
    } | more


def lot_form(**more) -> dict[str, object]:
    """The fields that the form of a lot submits."""
    return {
        "name": "Plateau 1",
        "usable_m2": "100",
        "lease_form": "service",
        "period_months": "1",
        "notice_months": "1",
    } | more


class TestRights:
    def addresses(self, building: Building) -> dict[str, list[str]]:
        phase, lot, offer = (
            PhaseFactory(building=building),
            LotFactory(building=building),
            OfferFactory(building=building),
        )
        return {
            "see": [reverse("premises:buildings", args=[building.workspace.slug]), at("building", building)],
            "change": [
                reverse("premises:building_create", args=[building.workspace.slug]),
                *(at(name, building) for name in ("building_edit", "phase_add", "lot_add", "offer_add")),
                at("phase_revise", building, phase.pk),
                at("lot_edit", building, lot.pk),
                at("offer_end", building, offer.pk),
            ],
            "post": [at("building_public", building), at("lot_remove", building, lot.pk)],
        }

    @pytest.mark.parametrize(("role", "changes"), [("officer", True), ("agent", True), ("reader", False)])
    def test_a_reader_sees_agents_and_officers_change(self, client, team, building, role, changes):
        addresses = self.addresses(building)
        team(role)
        assert {client.get(url).status_code for url in addresses["see"]} == {200}
        assert {client.get(url).status_code for url in addresses["change"]} == {200 if changes else 404}
        assert {client.post(url).status_code for url in addresses["change"]} == {422 if changes else 404}
        assert {client.post(url).status_code for url in addresses["post"]} == {302 if changes else 404}
        assert ("batiments/nouveau" in text(client.get(addresses["see"][0]))) is changes
        assert (at("phase_add", building) in text(client.get(at("building", building)))) is changes

    @pytest.mark.parametrize("signed", [True, False])
    def test_for_strangers_it_does_not_exist(self, client, building, signed):
        addresses = [url for urls in self.addresses(building).values() for url in urls]
        if signed:
            client.force_login(WorkspaceMemberFactory().person)
        before = JournalEntry.objects.count()
        for url in addresses:
            assert client.post(url).status_code in ({404, 405} if signed else {302, 404, 405})
            assert client.get(url).status_code in ({404, 405} if signed else {302, 404, 405})
        assert client.get(reverse("premises:public", args=[building.pk])).status_code == 404
        assert JournalEntry.objects.count() == before

    def test_nobody_changes_what_is_under_another_building(self, client, team, building):
        other = BuildingFactory()
        lot = LotFactory(building=PhaseFactory(building=other).building)
        team()
        for name in ("building", "building_edit", "phase_add"):
            url = reverse(f"premises:{name}", args=[building.workspace.slug, other.pk])
            assert client.get(url).status_code == 404
        assert client.post(at("lot_remove", building, lot.pk)).status_code == 404
        assert Lot.objects.filter(pk=lot.pk).exists()

    def test_a_public_building_is_everybodys_but_for_documents_that_are_not(self, client, building):
        PhaseFactory(building=building, document=DocumentFactory(workspace=building.workspace, title="Secret lease"))
        shown = DocumentFactory(workspace=building.workspace, title="Council decision", public=True)
        LotFactory(building=building, document=shown)
        OfferFactory(building=building)
        actions.publish_building(building=building, by=UserFactory())
        page = text(client.get(reverse("premises:public", args=[building.pk])))
        assert "Seine Innopolis" in page
        assert "Council decision" in page
        assert "Secret lease" not in page
        assert at("phase_add", building) not in page
        assert client.get(at("building", building)).status_code == 302

    def test_what_came_with_public_data_has_a_page_and_no_team(self, client):
        row = PhaseFactory(building__of_everybody=True).building
        assert client.get(reverse("premises:public", args=[row.pk])).status_code == 200


class TestBuildingForms:
    def test_a_building_is_declared_for_its_team_then_published(self, client, team, workspace):
        team()
        owner = OrganisationFactory(name="Métropole de Rouen", noted_by=workspace)
        commune = CommuneFactory(rouen=True)
        sent = {
            "name": "Seine Innopolis",
            "commune": "Rouen (76)",
            "latitude": "49.43",
            "longitude": "1.08",
            "owner": owner.siren,
            "source": "Journal des entreprises",
        }
        response = client.post(reverse("premises:building_create", args=[workspace.slug]), sent)
        made = Building.objects.get()
        assert response.url == at("building", made)
        assert (made.commune, made.owner, made.public, made.workspace) == (commune, owner, False, workspace)
        assert client.post(at("building_public", made), {"public": "yes"}).status_code == 302
        assert Client().get(reverse("premises:public", args=[made.pk])).status_code == 200
        assert client.post(at("building_public", made), {"public": "no"}).status_code == 302
        assert Client().get(reverse("premises:public", args=[made.pk])).status_code == 404

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"name": ""}, "name"),
            ({"commune": "Nulle-Part"}, "commune"),
            ({"latitude": "49"}, "longitude"),
            ({"longitude": "1"}, "latitude"),
            ({"latitude": "91", "longitude": "1"}, "latitude"),
            ({"latitude": "nan", "longitude": "1"}, "latitude"),
            ({"owner": "Nobody at all"}, "owner"),
            ({"document": "999999"}, "document"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(self, client, team, building, wrong, field):
        team()
        response = client.post(
            at("building_edit", building), building_form(building, note="A long note of mine", **wrong)
        )
        assert response.status_code == 422
        assert list(response.context["form"].errors) == [field]
        assert "A long note of mine" in text(response)
        assert Building.objects.get().note == ""

    @pytest.mark.parametrize("seen", ["yesterday", ""])
    def test_without_the_version_that_was_seen_nothing_is_written_and_nothing_is_lost(
        self, client, team, building, seen
    ):
        team()
        response = client.post(
            at("building_edit", building), building_form(building, note="A long note of mine", seen=seen)
        )
        assert response.status_code == 409
        assert "A long note of mine" in text(response)
        assert Building.objects.get().note == ""

    def test_a_document_of_others_is_not_proposed_nor_taken(self, client, team, building):
        team()
        theirs = DocumentFactory(workspace=WorkspaceFactory(), title="Theirs")
        assert "Theirs" not in text(client.get(at("building_edit", building)))
        sent = building_form(building, document=theirs.pk)
        assert client.post(at("building_edit", building), sent).status_code == 422

    def test_a_document_is_sent_with_the_form(self, client, team, building):
        team()
        upload = SimpleUploadedFile("plan.txt", b"A plan of five floors.", "text/plain")
        assert client.post(at("building_edit", building), building_form(building, upload=upload)).status_code == 302
        assert Building.objects.get().document == Document.objects.get()
        assert not Document.objects.get().public
        wrong = SimpleUploadedFile("plan.pdf", b"MZ not what it says", "application/pdf")
        response = client.post(at("building_edit", building), building_form(building, upload=wrong))
        assert list(response.context["form"].errors) == ["upload"]
        assert Document.objects.count() == 1

    def test_a_form_that_is_refused_keeps_no_document(self, client, team, building):
        team()
        BuildingFactory(workspace=building.workspace, name="Taken")
        upload = SimpleUploadedFile("plan.txt", b"A plan of five floors.", "text/plain")
        response = client.post(at("building_edit", building), building_form(building, name="taken", upload=upload))
        assert response.status_code == 422
        assert not Document.objects.exists()

    def test_two_people_at_once_lose_nothing(self, client, team, building):
        team()
        mine = building_form(building, note="What I wrote", address="Same")
        theirs = actions.change_building(building=building, by=UserFactory(), note="What they wrote", address="Same")
        response = client.post(at("building_edit", building), mine)
        assert response.status_code == 409
        assert list(response.context["form"].errors) == ["__all__", "note"]
        assert "What I wrote" in text(response)
        assert "What they wrote" in text(response)
        assert Building.objects.get().note == "What they wrote"
        again = mine | {"seen": theirs.updated_at.isoformat()}
        assert again["seen"] in text(response)
        assert client.post(at("building_edit", building), again).status_code == 302
        assert Building.objects.get().note == "What I wrote"

    def test_a_building_with_a_public_namesake_is_not_published(self, client, team, building):
        team()
        BuildingFactory(name="seine innopolis", public=True)
        response = client.post(at("building_public", building), {"public": "yes"})
        assert response.status_code == 409
        assert not Building.objects.get(pk=building.pk).public


class TestPhaseForms:
    def test_a_phase_slips_and_every_announcement_is_shown(self, client, team, building):
        team()
        assert client.post(at("phase_add", building), phase_form(source="Paris-Normandie")).status_code == 302
        phase = Phase.objects.get()
        later = phase_form(due_on="2030-02-28", usable_m2="3600", announced_on="2026-03-01", source="Tendance Ouest")
        assert client.post(at("phase_revise", building, phase.pk), later).status_code == 302
        contradiction = later | {"cost": "24100000", "source": "Seinomedia", "reason": "Without the school"}
        del contradiction["retained"]
        assert client.post(at("phase_revise", building, phase.pk), contradiction).status_code == 302
        phase.refresh_from_db()
        assert (phase.due_on, phase.usable_m2, phase.cost) == (date(2030, 2, 28), 3600, None)
        for url in (at("building", building), reverse("premises:buildings", args=[building.workspace.slug])):
            response = client.get(url, headers={"accept-language": "en"})
            assert "26 months late" in text(response) or "26 mois" in text(response)
        page = text(client.get(at("building", building)))
        for words in ("Paris-Normandie", "Tendance Ouest", "Seinomedia", "Without the school"):
            assert words in page

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"state": "delivered"}, "delivered_on"),
            ({"delivered_on": "2026-01-01"}, "delivered_on"),
            ({"due_on": ""}, "due_on"),
            ({"usable_m2": "-1"}, "usable_m2"),
            ({"usable_m2": "a lot"}, "usable_m2"),
            ({"cost": "-1"}, "cost"),
            ({"announced_on": "2999-01-01"}, "announced_on"),
            ({"state": "delivered", "delivered_on": "2999-01-01"}, "delivered_on"),
        ],
    )
    def test_what_cannot_be_is_said_at_its_field(self, client, team, building, wrong, field):
        team()
        response = client.post(at("phase_add", building), phase_form(**wrong))
        assert response.status_code == 422
        assert list(response.context["form"].errors) == [field]
        phase = PhaseFactory(building=building, planned=True)
        response = client.post(at("phase_revise", building, phase.pk), phase_form(**wrong))
        assert response.status_code == 422
        assert list(response.context["form"].errors) == [field]
        assert phase.revisions.count() == 1

    def test_a_phase_delivered_tomorrow_is_refused(self, client, team, building):
        team()
        tomorrow = str(timezone.localdate() + timedelta(1))
        sent = phase_form(state="delivered", delivered_on=tomorrow, announced_on=str(timezone.localdate()))
        response = client.post(at("phase_add", building), sent)
        assert (response.status_code, list(response.context["form"].errors)) == (422, ["delivered_on"])

    def test_a_phase_with_a_name_that_is_taken_is_refused(self, client, team, building):
        team()
        phase = PhaseFactory(building=building)
        assert client.post(at("phase_add", building), phase_form(name=phase.name)).status_code == 422

    def test_a_phase_smaller_than_the_lots_is_refused(self, client, team, building):
        team()
        phase = PhaseFactory(building=building, planned=True)
        LotFactory(building=building, usable_m2=Decimal(600))
        response = client.post(at("phase_revise", building, phase.pk), phase_form(usable_m2="500"))
        assert list(response.context["form"].errors) == ["usable_m2"]


class TestLotAndOfferForms:
    def test_a_lot_comes_changes_and_goes(self, client, team, building):
        team()
        PhaseFactory(building=building)
        assert client.post(at("lot_add", building), lot_form()).status_code == 302
        lot = Lot.objects.get()
        response = client.post(at("lot_add", building), lot_form(name="Plateau 2", usable_m2="901"))
        assert (response.status_code, list(response.context["form"].errors)) == (422, ["usable_m2"])
        assert client.post(at("lot_add", building), lot_form(period_months="0")).status_code == 422
        changed = lot_form(usable_m2="300", seen=lot.updated_at.isoformat())
        assert client.post(at("lot_edit", building, lot.pk), changed).status_code == 302
        assert Lot.objects.get().usable_m2 == 300
        response = client.post(at("lot_edit", building, lot.pk), changed | {"usable_m2": "400"})
        assert (response.status_code, list(response.context["form"].errors)) == (409, ["__all__", "usable_m2"])
        assert client.post(at("lot_remove", building, lot.pk)).status_code == 302
        assert not Lot.objects.exists()

    def test_an_offer_is_attested_and_ends(self, client, team, building):
        team()
        operator = OrganisationFactory(name="Opérateur d’exemple", noted_by=building.workspace)
        sent = {"operator": "opérateur d'exemple", "network": "fixed", "technology": "fibre", "mbits_down": "1000"}
        sent |= {"since": "2025-01-01", "attested_on": "2025-02-01"}
        assert client.post(at("offer_add", building), sent).status_code == 302
        offer = Offer.objects.get()
        assert offer.operator == operator
        response = client.post(at("offer_end", building, offer.pk), {"on": "2024-12-31"})
        assert (response.status_code, list(response.context["form"].errors)) == (422, ["on"])
        assert client.post(at("offer_end", building, offer.pk), {"on": "2025-06-01"}).status_code == 302
        offer.refresh_from_db()
        assert offer.until == date(2025, 6, 1)

    @pytest.mark.parametrize(
        ("sent", "fields"),
        [
            ({"network": "fixed"}, {"technology", "mbits_down"}),
            ({"network": "fixed", "technology": "fibre", "mbits_down": "9", "generation": "5"}, {"generation"}),
            ({"network": "mobile"}, {"generation", "coverage_percent"}),
            (
                {"network": "mobile", "technology": "fibre", "generation": "5", "coverage_percent": "98"},
                {"technology"},
            ),
            ({"network": "mobile", "generation": "1", "coverage_percent": "101"}, {"generation", "coverage_percent"}),
            (
                {"network": "mobile", "generation": "5", "coverage_percent": "98", "attested_on": "2999-01-01"},
                {"attested_on"},
            ),
            ({"network": "mobile", "generation": "5", "coverage_percent": "98", "operator": "Nobody"}, {"operator"}),
        ],
    )
    def test_what_is_missing_is_said_at_its_field(self, client, team, building, sent, fields):
        team()
        operator = OrganisationFactory(noted_by=building.workspace)
        response = client.post(at("offer_add", building), {"operator": operator.siren, "since": "2025-01-01"} | sent)
        assert response.status_code == 422
        assert set(response.context["form"].errors) == fields
        assert not Offer.objects.exists()


class TestWhatAListCosts:
    def cost(self, client, url: str) -> int:
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        return len(queries)

    def fill(self, building: Building, names: str) -> None:
        document = DocumentFactory(workspace=building.workspace)
        for _name in names:
            phase = PhaseFactory(building=building, document=document)
            LotFactory(building=phase.building, document=document)
            OfferFactory(building=phase.building, document=document)

    def test_the_list_and_the_page_cost_the_same_with_1_and_3_rows(self, client, team, building):
        team()
        urls = (reverse("premises:buildings", args=[building.workspace.slug]), at("building", building))
        self.fill(building, "a")
        before = [self.cost(client, url) for url in urls]
        self.fill(building, "bc")
        for _more in range(2):
            self.fill(BuildingFactory(workspace=building.workspace), "a")
        assert [self.cost(client, url) for url in urls] == before == [11, 11]

    def test_an_empty_list_says_what_to_do(self, client, team, workspace):
        team()
        page = text(client.get(reverse("premises:buildings", args=[workspace.slug])))
        assert 'class="empty' in page
        assert reverse("premises:building_create", args=[workspace.slug]) in page


class TestWhatStandsInAPerimeter:
    def test_ones_own_and_public_ones_with_those_that_may_be_outside(self, client, team, workspace, tmp_path):
        draw(tmp_path)
        team()
        here = {"workspace": workspace, "commune_id": "80021"}
        PhaseFactory(building=BuildingFactory(name="Inside", **here), usable_m2=Decimal(700))
        PhaseFactory(building=BuildingFactory(name="Of others", of_everybody=True, commune_id="80021"))
        PhaseFactory(building=BuildingFactory(name="Perhaps", workspace=workspace, commune_id="80016"))
        BuildingFactory(name="Elsewhere", workspace=workspace, commune_id="76540")
        BuildingFactory(name="Hidden", commune_id="80021")
        polygon = shapely.box(WEST, SOUTH + SIDE, WEST + 1.5 * SIDE, SOUTH + 2 * SIDE)
        perimeter = create_perimeter(
            name="District",
            workspace=workspace,
            public=False,
            by=None,
            now=timezone.now(),
            valid_from=date(2026, 1, 1),
            polygon=polygon,
        )
        url = reverse("premises:buildings", args=[workspace.slug])
        page = client.get(url, {"perimetre": perimeter.slug})
        assert [(line.building.name, line.undecided) for line in page.context["listed"]] == [
            ("Inside", False),
            ("Of others", False),
            ("Perhaps", True),
        ]
        assert (page.context["delivered"], page.context["undecided"]) == (1700, 1000)
        assert [line.building.name for line in client.get(url).context["listed"]] == ["Elsewhere", "Inside", "Perhaps"]

    def test_a_perimeter_of_others_does_not_exist(self, client, team, workspace):
        team()
        url = reverse("premises:buildings", args=[workspace.slug])
        for slug in (PerimeterFactory().slug, "x"):
            assert client.get(url, {"perimetre": slug}).status_code == 404
