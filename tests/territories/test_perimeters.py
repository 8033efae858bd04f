"""Workspaces and perimeters: permissions, validation errors, published versions, export and erasure of people."""

import json
import re
from datetime import UTC, date, datetime

import pytest
import shapely
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.factories.accounts import UserFactory
from tests.factories.territories import PerimeterFactory, WorkspaceFactory, WorkspaceMemberFactory
from tests.territories.grid import CELLS, cell, collection, communes, draw, feature
from totem.accounts.actions import ErasureRefused, erase_person, export_personal_data
from totem.core.models import JournalEntry
from totem.territories import actions
from totem.territories.actions import LastOfficerError
from totem.territories.models import Outline, Perimeter, PerimeterVersion, Workspace, WorkspaceMember
from totem.territories.places import area_km2, place_for, shape_from
from totem.territories.shapes import as_geojson

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
FIRST = date(2026, 1, 1)
BOW = {"type": "Polygon", "coordinates": [[[2.0, 49.0], [2.2, 49.2], [2.2, 49.0], [2.0, 49.2], [2.0, 49.0]]]}


@pytest.fixture
def workspace() -> Workspace:
    return WorkspaceFactory(name="Amiens")


@pytest.fixture
def team(workspace, client):
    """Signs in as somebody of the team in that role."""

    def sign_in(role: str = "officer"):
        member = WorkspaceMemberFactory(workspace=workspace, role=role)
        client.force_login(member.person)
        return member.person

    return sign_in


def publish(workspace: Workspace | None, **more) -> Perimeter:
    defaults = {"parts": {"commune": ["80021"]}, "public": False, "name": "Nous"} | more
    return actions.create_perimeter(workspace=workspace, by=UserFactory(), now=NOW, valid_from=FIRST, **defaults)


def answered(client: Client, url: str, form: dict[str, object], cut: str = "inside"):
    """Posts a shape whose edge cuts communes, then the same with the answer to what is asked of them."""
    asked = client.post(url, form).context["form"]
    data = {name: asked[name].value() for name in ("shape", "cut_of")}
    return client.post(url, {**{k: v for k, v in form.items() if k != "shape_file"}, **data, "cut": cut})


def perimeter_form(**more) -> dict[str, object]:
    return {"name": "Nous", "places": "", "shape": "", "valid_from": "2026-01-01", "note": "", **more}


class TestWorkspaces:
    def test_whoever_makes_one_is_its_officer(self, client):
        person = UserFactory()
        client.force_login(person)
        response = client.post(
            reverse("territories:workspace_create"), {"name": "Amiens Métropole", "request": "Pour elle."}
        )
        assert response.url == reverse("territories:workspace", args=["amiens-metropole"])
        assert WorkspaceMember.objects.get().role == "officer"
        assert "Amiens Métropole" in client.get(response.url).content.decode()
        assert "Amiens Métropole" in client.get(reverse("territories:index")).content.decode()

    def test_namesakes_have_addresses_of_their_own(self):
        made = [actions.create_workspace(name="Amiens", by=UserFactory()) for _ in range(3)]
        assert [row.slug for row in made] == ["amiens", "amiens-2", "amiens-3"]

    def test_a_name_is_needed(self, client):
        client.force_login(UserFactory())
        assert client.post(reverse("territories:workspace_create"), {"name": " "}).status_code == 422
        assert not Workspace.objects.exists()

    def test_the_team_grows_and_roles_change(self, client, team, workspace):
        team()
        other = UserFactory()
        url = reverse("territories:member_set", args=[workspace.slug])
        for role in ("reader", "agent"):
            assert client.post(url, {"email": other.email.upper(), "role": role}).status_code == 302
            assert workspace.members.get(person=other).role == role
        assert workspace.members.count() == 2

    @pytest.mark.parametrize(
        "wrong",
        [
            {"email": "nobody@example.org", "role": "agent"},
            {"email": "x", "role": "agent"},
            {"email": "", "role": "emperor"},
        ],
    )
    def test_what_is_wrong_is_said_at_its_field(self, client, team, workspace, wrong):
        team()
        response = client.post(reverse("territories:member_set", args=[workspace.slug]), wrong)
        assert response.status_code == 422
        assert "field-error" in response.content.decode()
        assert workspace.members.count() == 1

    def test_the_last_officer_stays(self, client, team, workspace):
        officer = team()
        member = workspace.members.get(person=officer)
        WorkspaceMemberFactory(workspace=workspace, role="agent")
        client.post(reverse("territories:member_remove", args=[workspace.slug, member.pk]))
        client.post(
            reverse("territories:member_set", args=[workspace.slug]), {"email": officer.email, "role": "reader"}
        )
        member.refresh_from_db()
        assert member.role == "officer"
        with pytest.raises(LastOfficerError):
            actions.remove_member(member=member, by=officer)
        second = WorkspaceMemberFactory(workspace=workspace)
        actions.remove_member(member=member, by=officer)
        assert workspace.members.filter(role="officer").get() == second

    def test_a_member_of_another_workspace_is_not_removed_here(self, client, team, workspace):
        team()
        other = WorkspaceMemberFactory()
        url = reverse("territories:member_remove", args=[workspace.slug, other.pk])
        assert client.post(url).status_code == 404
        assert WorkspaceMember.objects.filter(pk=other.pk).exists()


class TestRights:
    @pytest.mark.parametrize(
        ("role", "edits", "rules_team"),
        [("officer", True, True), ("agent", True, False), ("reader", False, False)],
    )
    def test_each_role_sees_and_does_what_it_may(self, client, team, workspace, role, edits, rules_team):
        communes()
        perimeter = publish(workspace)
        team(role)
        seen = [
            reverse("territories:workspace", args=[workspace.slug]),
            reverse("territories:perimeter", args=[perimeter.slug]),
        ]
        assert [client.get(url).status_code for url in seen] == [200, 200]
        editing = [
            reverse("territories:perimeter_create", args=[workspace.slug]),
            reverse("territories:perimeter_publish", args=[perimeter.slug]),
        ]
        assert {client.get(url).status_code for url in editing} == {200 if edits else 404}
        shown = client.post(reverse("territories:perimeter_public", args=[perimeter.slug]), {"public": "yes"})
        assert shown.status_code == (302 if edits else 404)
        assert Perimeter.objects.get().public is edits
        added = client.post(reverse("territories:member_set", args=[workspace.slug]), {})
        assert added.status_code == (422 if rules_team else 404)

    @pytest.mark.parametrize("signed", [True, False])
    def test_what_is_private_does_not_exist_for_others(self, client, workspace, signed):
        communes()
        private, public = publish(workspace), publish(workspace, public=True, name="Public")
        if signed:
            client.force_login(WorkspaceMemberFactory().person)
        assert client.get(reverse("territories:perimeter", args=[private.slug])).status_code == 404
        assert client.get(reverse("territories:perimeter", args=[public.slug])).status_code == 200
        address = reverse("territories:contours", args=["perimetre", private.slug])
        assert client.get(address).status_code == 404
        page = client.get(reverse("territories:index")).content.decode()
        assert reverse("territories:perimeter", args=[public.slug]) in page
        assert private.slug not in page
        found = client.get(reverse("territories:find"), {"q": "nous"}).content.decode()
        assert "Nous (" not in found

    def test_what_is_hidden_again_is_no_longer_seen(self, client, workspace):
        communes()
        perimeter = publish(workspace, public=True)
        actions.set_public(perimeter=perimeter, public=False, by=UserFactory())
        assert client.get(reverse("territories:perimeter", args=[perimeter.slug])).status_code == 404

    def test_a_perimeter_of_nobody_is_the_publics(self):
        communes()
        perimeter = publish(None, public=True)
        with pytest.raises(ValidationError):
            actions.set_public(perimeter=perimeter, public=False, by=UserFactory())
        with pytest.raises(ValidationError):
            publish(None, public=False)


class TestPublishing:
    @pytest.fixture(autouse=True)
    def country(self, tmp_path):
        draw(tmp_path)

    def test_places_one_a_line(self, client, team, workspace):
        person = team("agent")
        lines = "Amiens (80)\n\n Seine-Maritime (département)\n80002\n80021"
        response = client.post(
            reverse("territories:perimeter_create", args=[workspace.slug]), perimeter_form(places=lines)
        )
        assert response.status_code == 302
        version = PerimeterVersion.objects.get()
        assert (version.number, version.part_count, version.created_by) == (1, 3, person)
        assert version.population == 4000
        assert place_for("perimetre", "nous", user=person).communes == ("76351", "76540", "80001", "80021")
        page = client.get(response.url).content.decode()
        assert "Seine-Maritime (département)" in page
        assert 'data-code="80021"' in page

    @pytest.mark.parametrize(
        ("field", "typed", "words"),
        [
            ("places", "Nowhere", "Nowhere"),
            ("places", "80\nXyz", "Xyz"),
            ("places", "", ""),
            ("places", "<script>alert(1)</script>", "&lt;script&gt;"),
            ("valid_from", "31/02/2026", ""),
            ("name", "", ""),
            ("shape", "{", "1"),
            ("shape", json.dumps({"type": "Point", "coordinates": [2, 49]}), "Point"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field(self, client, team, workspace, field, typed, words):
        team()
        others = {} if field in ("places", "shape") else {"places": "80021"}
        response = client.post(
            reverse("territories:perimeter_create", args=[workspace.slug]), perimeter_form(**{**others, field: typed})
        )
        page = response.content.decode()
        assert response.status_code == 422
        assert response.context["form"].errors.keys() == {field}
        assert words in page
        assert "<script>alert" not in page
        assert not Perimeter.objects.exists()

    def test_places_and_a_shape_together_are_refused(self, client, team, workspace):
        team()
        url = reverse("territories:perimeter_create", args=[workspace.slug])
        response = client.post(url, perimeter_form(places="80021", shape=as_geojson(cell("80021"))))
        assert response.status_code == 422
        assert "shape" in response.context["form"].errors

    def test_a_shape_drawn(self, client, team, workspace):
        person = team()
        url = reverse("territories:perimeter_create", args=[workspace.slug])
        shape = shapely.box(1.95, 49.05, 2.15, 49.25)
        assert answered(client, url, perimeter_form(shape=as_geojson(shape))).status_code == 302
        version = PerimeterVersion.objects.get()
        assert version.area_km2 == pytest.approx(area_km2(shape))
        assert version.population is None
        place = place_for("perimetre", "nous", user=person)
        assert (place.whole, place.partial) == (("80021",), ("80001", "80003", "80016"))
        assert place.polygon.equals(shape)
        edge = reverse("territories:contours", args=["perimetre", "nous"])
        drawn = json.loads(client.get(edge, {"maille": "contour"}).content)
        assert shapely.geometry.shape(drawn["features"][0]["geometry"]).equals(shape)

    def test_what_counts_of_cut_communes_is_asked_with_their_shares(self, client, team, workspace):
        person = team()
        url = reverse("territories:perimeter_create", args=[workspace.slug])
        shape = shapely.box(2.0, 49.0, 2.16, 49.13)
        upload = SimpleUploadedFile("shape.geojson", as_geojson(shape).encode())
        response = client.post(url, perimeter_form(shape_file=upload))
        page = response.content.decode()
        assert (response.status_code, Perimeter.objects.exists()) == (422, False)
        assert response.context["form"].errors.keys() == {"cut"}
        shares = re.findall(r">(Commune \d+|Amiens) \(\d\d\)</th><td[^>]*>(\d+)", page)
        assert shares == [("Commune 80003", "60"), ("Amiens", "30"), ("Commune 80016", "18")]
        assert page.count("\u00a0: inconnu") == 4  # no register here: no effect, and it is said
        assert answered(client, url, perimeter_form(shape=as_geojson(shape)), cut="majority").status_code == 302
        version = PerimeterVersion.objects.get()
        assert (version.cut, version.population) == ("majority", 2000)
        assert place_for("perimetre", "nous", user=person).communes == ("80001", "80003")
        rows = dict(
            re.findall(
                r'data-code="(\d+)".*?data-text="([^"]+)"', client.get("/territoires/perimetres/nous/").content.decode()
            )
        )
        assert rows == {"80001": "Entière", "80003": "Entière", "80016": "Non comptée", "80021": "Non comptée"}

    @pytest.mark.parametrize("name", ["insee", "CODE_INSEE", "INSEE_COM"])
    def test_a_file_of_communes_with_their_codes_is_offered_as_places(self, client, team, workspace, name):
        team()
        url = reverse("territories:perimeter_create", args=[workspace.slug])
        rows = {"80021": "80021", "80001": "80002"}  # the second by its former code
        features = [{**feature(code), "properties": {name: named}} for code, named in rows.items()]
        upload = SimpleUploadedFile("communes.geojson", json.dumps(collection(*features)).encode())
        form = client.post(url, perimeter_form(shape_file=upload)).context["form"]
        assert "2 communes" in form.errors["shape_file"][0]
        assert form["places"].value() == "Amiens (80)\nCommune 80001 (80)"
        assert client.post(url, perimeter_form(places=form["places"].value())).status_code == 302
        assert PerimeterVersion.objects.get().part_count == 2

    def test_codes_of_the_communes_where_shapes_lie_do_not_make_them_communes(self, client, team, workspace):
        team()
        url = reverse("territories:perimeter_create", args=[workspace.slug])
        park = collection(feature("80021", shapely.Point(2.05, 49.15).buffer(0.01), code_insee="80021"))
        upload = SimpleUploadedFile("park.geojson", json.dumps(park).encode())
        assert client.post(url, perimeter_form(shape_file=upload)).context["form"].errors.keys() == {"cut"}

    def test_another_shape_than_the_one_asked_about_is_asked_again(self, client, team, workspace):
        team()
        url = reverse("territories:perimeter_create", args=[workspace.slug])
        asked = client.post(url, perimeter_form(shape=as_geojson(shapely.box(2.0, 49.0, 2.16, 49.13)))).context["form"]
        other = {"shape": as_geojson(shapely.box(2.0, 49.0, 2.15, 49.13)), "cut_of": asked["cut_of"].value()}
        assert client.post(url, perimeter_form(**other, cut="none")).status_code == 422

    def test_an_answer_that_leaves_nothing_is_refused(self, client, team, workspace):
        team()
        url = reverse("territories:perimeter_create", args=[workspace.slug])
        form = perimeter_form(shape=as_geojson(shapely.Point(2.05, 49.15).buffer(0.01)))
        response = answered(client, url, form, cut="none")
        assert (response.status_code, Perimeter.objects.exists()) == (422, False)
        assert "Aucune commune ne compterait" in response.content.decode()

    def test_a_shape_that_follows_the_limits_of_communes_is_asked_nothing(self, client, team, workspace):
        """Drawn again by somebody else, to some hundred metres: its communes count whole, its neighbours do not."""
        team()
        url = reverse("territories:perimeter_create", args=[workspace.slug])
        shape = shapely.box(1.998, 49.003, 2.204, 49.197)
        assert client.post(url, perimeter_form(shape=as_geojson(shape))).status_code == 302
        assert PerimeterVersion.objects.get().population == 4000

    @pytest.mark.parametrize(("corners", "words"), [
        ((5.0, 44.0, 5.1, 44.1), "en mer ou à l’étranger"),
        ((55.4, -21.2, 55.6, -21.0), "totem territories outlines"),  # La Réunion, of which nothing is loaded
        ((2.25, 49.0, 2.35, 49.2), "50"),
    ])  # fmt: skip
    def test_a_shape_at_sea_or_overseas_says_so(self, client, team, workspace, corners, words):
        team()
        publish(workspace, parts=None, polygon=shapely.box(*corners))
        page = client.get("/territoires/perimetres/nous/").content.decode()
        assert words in page
        assert "dans aucune commune connue" in page or words != "50"

    def test_a_file_that_crosses_itself_is_offered_corrected_and_then_taken(self, client, team, workspace):
        team()
        url = reverse("territories:perimeter_create", args=[workspace.slug])
        upload = SimpleUploadedFile("shape.geojson", json.dumps(BOW).encode())
        response = client.post(url, perimeter_form(shape_file=upload))
        form = response.context["form"]
        assert response.status_code == 422
        assert "2.10000, 49.10000" in form.errors["shape_file"][0]
        offered = form["shape"].value()
        assert shapely.from_geojson(offered).is_valid
        assert shapely.from_geojson(offered).area == pytest.approx(0.02)
        assert not Perimeter.objects.exists()
        assert answered(client, url, perimeter_form(shape=offered)).status_code == 302
        assert shape_from(PerimeterVersion.objects.get().polygon).equals(shapely.from_geojson(offered))

    def test_a_file_in_a_projection_that_is_chosen(self, client, team, workspace):
        team()
        url = reverse("territories:perimeter_create", args=[workspace.slug])
        metres = {"type": "Polygon", "coordinates": [[[417e3, 6.42e6], [430e3, 6.42e6], [430e3, 6.43e6]]]}
        upload = SimpleUploadedFile("shape.geojson", json.dumps(metres).encode())
        form = client.post(url, perimeter_form(shape_file=upload, projection="3857")).context["form"]
        assert shapely.from_geojson(form["shape"].value()).centroid.x == pytest.approx(3.8, abs=0.2)

    @pytest.mark.parametrize("content", [b"", b"\x00\xff", b" " * (10 * 1024 * 1024 + 1)])
    def test_a_file_that_cannot_be_read(self, client, team, workspace, content):
        team()
        url = reverse("territories:perimeter_create", args=[workspace.slug])
        response = client.post(url, perimeter_form(shape_file=SimpleUploadedFile("shape.geojson", content)))
        assert response.status_code == 422
        assert "shape_file" in response.context["form"].errors

    def test_without_outlines_a_shape_is_kept_and_the_page_says_how_to_get_them(self, client, team, workspace):
        team()
        Outline.objects.all().delete()
        url = reverse("territories:perimeter_create", args=[workspace.slug])
        response = client.post(url, perimeter_form(shape=as_geojson(cell("80021"))))
        assert response.status_code == 302
        assert "totem territories outlines" in client.get(response.url).content.decode()

    def test_versions_follow_each_other_and_stay(self, client, team, workspace):
        person = team()
        perimeter = publish(workspace)
        url = reverse("territories:perimeter_publish", args=[perimeter.slug])
        assert "Amiens (80)" in client.get(url).content.decode()
        response = client.post(url, perimeter_form(places="80", valid_from="2026-06-01", note="Wider"))
        assert response.status_code == 302
        assert place_for("perimetre", perimeter.slug, user=person).population == 4000
        assert place_for("perimetre", f"{perimeter.slug}@1", user=person).communes == ("80021",)
        page = client.get(response.url).content.decode()
        assert "Wider" in page
        assert 'data-code="80003"' in page
        old = client.get(response.url, {"version": "1"}).content.decode()
        assert 'data-code="80003"' not in old
        for nonsense in ("x", "99", "-1", "99999999999"):
            assert client.get(response.url, {"version": nonsense}).status_code == 200

    def test_a_shape_is_taken_up_in_the_next_version(self, client, team, workspace):
        team()
        perimeter = publish(workspace, parts=None, polygon=cell("80021"))
        page = client.get(reverse("territories:perimeter_publish", args=[perimeter.slug]))
        assert ">Enregistrer cette version</button>" in page.content.decode()  # who sees it is another choice
        assert shapely.from_geojson(page.context["form"]["shape"].value()).equals(cell("80021"))

    @pytest.mark.parametrize("wrong", [{"parts": None}, {"parts": {}}, {"polygon": cell("80021")}])
    def test_a_version_is_made_of_one_thing(self, workspace, wrong):
        with pytest.raises(ValidationError):
            publish(workspace, **wrong)
        assert not Perimeter.objects.exists() or not PerimeterVersion.objects.exists()

    def test_the_journal_tells_what_was_done_without_names(self, workspace):
        publish(workspace)
        entries = JournalEntry.objects.filter(scope=f"workspace:{workspace.pk}").order_by("pk")
        assert [entry.verb for entry in entries] == [
            "territories.perimeter_created", "territories.perimeter_version_published",
        ]  # fmt: skip
        assert entries[1].facts == {"number": 1, "valid_from": "2026-01-01", "parts": 1}


class TestContours:
    @pytest.fixture(autouse=True)
    def country(self, tmp_path):
        draw(tmp_path)

    def get(self, client, level, code, **params):
        return client.get(reverse("territories:contours", args=[level, code]), params)

    @pytest.mark.parametrize(
        ("level", "code", "mesh", "codes"),
        [
            ("departement", "80", "", ["80001", "80003", "80016", "80021"]),
            ("epci", "248000531", "", ["80001", "80021"]),
            ("france", "fr", "", ["76", "80"]),
            ("france", "fr", "commune", sorted(CELLS)),
            ("region", "32", "epci", ["248000531"]),
            ("departement", "80", "contour", ["80"]),
            ("ancienne-region", "22", "departement", ["80"]),
        ],
    )
    def test_a_place_in_its_parts(self, client, level, code, mesh, codes):
        response = self.get(client, level, code, **({"maille": mesh} if mesh else {}))
        document = json.loads(response.content)
        assert [feature["properties"]["code"] for feature in document["features"]] == codes
        assert response.headers["Content-Type"] == "application/geo+json"
        assert "public" in response.headers["Cache-Control"]

    def test_an_unchanged_contour_is_not_sent_again(self, client):
        response = self.get(client, "departement", "80")
        url = reverse("territories:contours", args=["departement", "80"])
        again = client.get(url, headers={"If-None-Match": response.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert (
            client.get(url, {"maille": "epci"}, headers={"If-None-Match": response.headers["ETag"]}).status_code == 200
        )

    @pytest.mark.parametrize(
        ("level", "code", "mesh"), [("planet", "x", ""), ("commune", "99999", ""), ("departement", "80", "street")]
    )
    def test_what_is_nowhere_is_not_found(self, client, level, code, mesh):
        assert self.get(client, level, code, maille=mesh).status_code == 404

    def test_without_outlines_it_is_empty(self, client):
        Outline.objects.all().delete()
        assert json.loads(self.get(client, "departement", "80").content)["features"] == []

    def test_queries_do_not_grow_with_the_place(self, client, django_assert_num_queries):
        for level, code in (("epci", "248000531"), ("departement", "80")):
            with django_assert_num_queries(19):  # the first time: its map is kept
                made = self.get(client, level, code)
            with django_assert_num_queries(5):  # it is kept
                assert self.get(client, level, code).content == made.content


class TestSearch:
    @pytest.fixture(autouse=True)
    def country(self):
        communes()

    def test_a_page_or_the_options_of_a_field(self, client):
        url = reverse("territories:find")
        page = client.get(url, {"q": "picar"}).content.decode()
        assert "Picardie (ancienne région)" in page
        options = client.get(url, {"q": "picar"}, headers={"hx-request": "true"}).content.decode()
        assert options.strip() == '<option value="Picardie (ancienne région)"></option>'

    @pytest.mark.parametrize("typed", ["<script>x", "%", "x" * 500, "'", "(((", " "])
    def test_anything_may_be_typed(self, client, typed):
        response = client.get(reverse("territories:find"), {"q": typed})
        assert response.status_code == 200
        assert "<script>x" not in response.content.decode()

    def test_without_a_script_there_is_a_link_and_a_field(self, client, team, workspace):
        team()
        page = client.get(reverse("territories:perimeter_create", args=[workspace.slug])).content.decode()
        assert '<textarea name="places"' in page
        assert '<textarea name="shape"' in page
        assert f'href="{reverse("territories:find")}"' in page


class TestPeople:
    def test_the_export_holds_their_roles_and_versions(self, workspace):
        communes()
        person = WorkspaceMemberFactory(workspace=workspace, role="agent").person
        actions.create_perimeter(name="Nous", workspace=workspace, public=False, by=person, now=NOW, valid_from=FIRST,
                                 parts={"commune": ["80021"]})  # fmt: skip
        data = export_personal_data(person=person)
        assert data["workspaces"] == [{"workspace": "Amiens", "role": "agent"}]
        assert data["perimeter_versions"][0]["perimeter"] == "Nous"

    def test_who_is_erased_leaves_and_what_they_published_stays(self, workspace):
        communes()
        WorkspaceMemberFactory(workspace=workspace)
        person = WorkspaceMemberFactory(workspace=workspace).person
        actions.create_perimeter(name="Nous", workspace=workspace, public=False, by=person, now=NOW, valid_from=FIRST,
                                 parts={"commune": ["80021"]})  # fmt: skip
        erase_person(person=person, actor_id=person.pk, now=NOW)
        assert workspace.members.count() == 1
        assert PerimeterVersion.objects.count() == 1

    def test_the_only_officer_names_another_first(self, workspace):
        person = WorkspaceMemberFactory(workspace=workspace).person
        WorkspaceMemberFactory(workspace=workspace, role="reader")
        with pytest.raises(ErasureRefused):
            erase_person(person=person, actor_id=person.pk, now=NOW)
        assert workspace.members.count() == 2

    def test_who_was_alone_may_go(self, workspace):
        person = WorkspaceMemberFactory(workspace=workspace).person
        PerimeterFactory(workspace=workspace)
        erase_person(person=person, actor_id=person.pk, now=NOW)
        assert not workspace.members.exists()
