"""The observatory's public pages, on a stock of a few rows whose figures are counted by hand."""

import csv
import json
import math
import re
from datetime import date
from html import unescape
from pathlib import Path

import pytest
import shapely
from django.template.loader import render_to_string
from django.test import Client
from django.utils.html import strip_tags
from django.utils.translation import override

from config import doctor
from tests.conftest import ModuleRows
from tests.factories.accounts import UserFactory
from tests.factories.observatory import ActivityPerimeterFactory, ActivityVersionFactory, establishment, make_stock
from tests.factories.territories import PerimeterFactory, WorkspaceFactory, WorkspaceMemberFactory
from tests.territories.grid import draw
from totem.observatory.activities import DEFAULT, actor_kinds
from totem.observatory.answers import Actors
from totem.observatory.models import ActivityPerimeter, Stock
from totem.organisations.models import Relation
from totem.territories.actions import create_perimeter
from totem.territories.models import Commune, Level, Outline

pytestmark = pytest.mark.django_db
AMIENS = "/observatoire/commune/80021/"
SOMME = "/observatoire/departement/80/"
# Four companies of Amiens (its square: 2.0 to 2.1, 49.1 to 49.2), one of its neighbour, one of another department.
ROWS = [
    {"name": "Grande Ourse", "band": "11", "code": "58.29C", "code25": "58.29Y", "lon": 2.02, "lat": 49.15},
    {"name": "Petite Ourse", "lon": 2.08, "lat": 49.15, "code25": None},
    {"name": "Sans Tranche", "band": None, "head_office": False, "lon": 2.08, "lat": 49.16},
    {"diffusion": "P", "estimated": False},
    {"open": False, "closed": 2024},
    {"name": "Restaurant", "code": "56.10A", "code25": "56.11Y"},
    {"name": "Voisine", "commune": "80016", "lon": 2.15, "lat": 49.15},
    {"name": "Rouennaise", "commune": "76540", "lon": 2.25, "lat": 49.15},
]  # fmt: skip
YEARS = ((2023, 4), (2024, 4), (2025, 5), (2026, 4))
SQUARE = "2.01,49.11;2.05,49.11;2.05,49.19;2.01,49.19"  # in Amiens, around the Grande Ourse alone
DRAWN = f"/observatoire/dessin/?forme={SQUARE}"
LANGUAGE = {"HTTP_ACCEPT_LANGUAGE": "en"}


@pytest.fixture(scope="module")
def stock(module_db: ModuleRows, stock_folder: Path) -> Stock:
    """A synthetic stock of the small country of `tests.territories.grid`, with its outlines."""
    with module_db():
        draw(stock_folder)
        ActivityVersionFactory(perimeter=ActivityPerimeterFactory(slug=DEFAULT, name="Secteur TIC"))
        return make_stock([establishment(**row) for row in ROWS], series=series(), synthetic=True)


def series() -> list[dict[str, object]]:
    return [
        {"commune": "80021", "code": "62.01Z", "year": year, "stock": n, "births": 2, "closures": 1}
        for year, n in YEARS
    ]


def words(client: Client, url: str, status: int = 200, **parameters: str) -> str:
    """The page in English, without its marks and with single spaces."""
    answer = client.get(url, parameters, **LANGUAGE)
    assert answer.status_code == status, answer.content[:500]
    return re.sub(r"\s+", " ", strip_tags(answer.content.decode().replace("<", " <")))


PAGES = ["", "carte/", "comparer/", "entreprises/", "acteurs/", "passerelle-naf/", "qualite/", "donnees/"]


class TestEveryPage:
    @pytest.mark.parametrize("page", PAGES)
    def test_it_says_what_was_counted_and_that_it_is_synthetic(self, client: Client, stock: Stock, page: str):
        answer = client.get(AMIENS + page, **LANGUAGE)
        content = answer.content.decode()
        assert content.count("<h1") == 1
        assert "These figures are synthetic" in content
        assert "edition of the register of 1 November 2026" in content
        assert "?stock=2026-11-01&amp;activites=tic-ocde@1&amp;naf=rev2" in content

    @pytest.mark.parametrize("page", PAGES)
    def test_a_real_register_is_not_called_synthetic(self, client: Client, stock: Stock, page: str):
        Stock.objects.update(synthetic=False)
        assert "synthetic" not in client.get(AMIENS + page, **LANGUAGE).content.decode()

    @pytest.mark.parametrize("page", PAGES)
    def test_a_place_that_is_not_there_is_not_found_and_can_be_looked_for(
        self, client: Client, stock: Stock, page: str
    ):
        for where in ("commune/99999", "epci/1", "region/0", "perimetre/nowhere", "perimetre/x@2", "dessin/0123"):
            answer = client.get(f"/observatoire/{where}/{page}", **LANGUAGE)
            assert answer.status_code == 404
            assert 'role="search"' in answer.content.decode()

    @pytest.mark.parametrize("page", PAGES)
    def test_a_scope_that_is_not_there_is_not_found(self, client: Client, stock: Stock, page: str):
        for asked in (
            "stock=2020-01-01", "stock=never", "stock=2026-11-01'", "activites=nothing", "activites=tic-ocde@2",
            "activites=tic-ocde@99999999999", "activites=tic-ocde@1;drop", "naf=1993",
        ):  # fmt: skip
            assert client.get(f"{AMIENS}{page}?{asked}").status_code == 404, asked

    @pytest.mark.parametrize(
        "url",
        [AMIENS, DRAWN, *(f"{AMIENS}{name}" for name in ("carte.svg", "tableaux/branches.csv", "donnees/archive.zip"))],
    )
    def test_a_day_without_an_edition_of_the_register_is_said_with_those_that_there_are(
        self, client: Client, stock: Stock, url: str
    ):
        for day, said in (
            ("2031-01-01", "1 January 2031 is still to come: the register has no edition of it yet."),
            ("2020-01-01", "There is no edition of the register of 1 January 2020."),
            ("hier", "An edition of the register is named by its day, such as 2026-11-01."),
        ):
            found = words(client, f"{url}{'&' if '?' in url else '?'}naf=rev2&stock={day}", 404)
            assert f"{said} The only edition kept is of 1 November 2026. See the edition in service" in found

    def test_what_an_address_asks_wrongly_is_said(self, client: Client, stock: Stock):
        assert "There is no such list of activities." in words(client, AMIENS, 404, activites="nothing")
        assert "The list ends before that page." in words(client, f"{AMIENS}entreprises/", 404, page="99")

    @pytest.mark.parametrize("page", PAGES)
    def test_the_bar_of_the_territory_one_came_from_stays(self, client: Client, stock: Stock, page: str):
        member = WorkspaceMemberFactory()
        client.force_login(member.person)
        came_from = f"depuis=territoire/{member.workspace.slug}/un-label"
        content = client.get(f"{AMIENS}{page}?{came_from}").content.decode()
        assert f'class="bar-work" aria-label="{member.workspace}"' in content
        main = content[content.index("<main") :]
        others = re.findall(r'href="(/observatoire/[a-z]+/\d[^"]*/(?:[a-z-]+/)?(?:\?[^"#]*)?)"', main)
        led = [href for href in others if "stock=" not in href]  # a permanent address says nothing of the reader
        assert len(led) >= len(PAGES)
        assert all(came_from in href for href in led), led
        assert not any("depuis" in href for href in others if "stock=" in href)
        forms = main.count('method="get"')
        assert main.count(f'name="depuis" value="territoire/{member.workspace.slug}/un-label"') == forms
        stranger = Client().get(f"{AMIENS}{page}?{came_from}").content.decode()
        assert "bar-work" not in stranger
        assert str(member.workspace) not in stranger

    def test_nonsense_is_not_found(self, client: Client, stock: Stock):
        for url in (
            f"{AMIENS}entreprises/?page=0", f"{AMIENS}entreprises/?page=x", f"{AMIENS}entreprises/?page=99",
            f"{AMIENS}entreprises/?branche=9", f"{AMIENS}entreprises/?branche=-1", f"{AMIENS}entreprises/?page=²",
            f"{AMIENS}carte/?chiffre=turnover", f"{AMIENS}carte/?par=planet", f"{AMIENS}carte.svg?largeur=100000",
            f"{AMIENS}carte.svg?par=region", f"{AMIENS}comparer/?tri=name", f"{AMIENS}comparer/?avec=commune:99999",
            f"{AMIENS}comparer/?avec=dessin:abc", f"{AMIENS}comparer/?" + "&".join(f"avec={n}" for n in range(9)),
            "/observatoire/planete/terre/", "/observatoire/commune/80021'--/",
        ):  # fmt: skip
            assert client.get(url).status_code == 404, url

    def test_without_the_files_of_the_stock_each_page_says_so_and_so_does_doctor(
        self, client: Client, stock: Stock, settings, tmp_path: Path
    ):
        """As after a backup is restored without them."""
        settings.OBSERVATORY_DIR = tmp_path
        for page in PAGES:
            assert "The files of the register are missing" in words(client, AMIENS + page, 503)
        for address in ("carte.svg", "etablissements.geojson", "fiche.pdf", "graphiques/age.svg"):
            assert client.get(AMIENS + address).status_code in {404, 503}, address
        entrance = words(client, "/observatoire/")
        assert "The files of the register are missing" in entrance
        assert "has not been imported" not in entrance
        drawn = "2.2,49.8;2.4,49.8;2.4,50.0;2.2,50.0"
        assert client.get("/observatoire/dessin/", {"forme": drawn}).status_code in {422, 503}
        (found,) = doctor._stocks()
        assert found.level == "wrong"
        assert str(tmp_path) in found.text

    def test_nothing_is_written_by_a_page(self, client: Client, stock: Stock):
        assert {client.post(AMIENS + page).status_code for page in PAGES} == {405}


class TestTheEntrance:
    def test_the_stock_the_regions_and_the_map(self, client: Client, stock: Stock):
        found = client.get("/observatoire/", **LANGUAGE).content.decode()
        assert "The register as of 1 November 2026" in found
        assert 'href="/observatoire/region/32/"' in found
        assert "<svg" in found[found.index('id="map-title"') :]
        assert "These figures are synthetic" in found

    def test_one_meaning_leads_to_the_place(self, client: Client, stock: Stock):
        for typed in ("Amiens (80)", "80021", "amiens 80021"):
            answer = client.get("/observatoire/", {"q": typed})
            assert (answer.status_code, answer.url) == (302, AMIENS)

    def test_several_are_listed_and_none_is_said(self, client: Client, stock: Stock):
        assert "Commune 80001 (80)" in words(client, "/observatoire/", q="commune")
        assert "No place is called “zzz”" in words(client, "/observatoire/", q="zzz")

    def test_suggestions_are_the_same_list(self, client: Client, stock: Stock):
        answer = client.get("/observatoire/", {"q": "amie"}, headers={"HX-Request": "true"})
        assert AMIENS in answer.content.decode()
        assert "<h1" not in answer.content.decode()

    def test_its_map_is_drawn_once(self, client: Client, stock: Stock, django_assert_num_queries):
        client.get("/observatoire/")
        with django_assert_num_queries(9):
            client.get("/observatoire/")


class TestFigures:
    def test_the_figures_are_those_counted_by_hand(self, client: Client, stock: Stock):
        found = words(client, AMIENS)
        assert "1,000 inhabitants" in found
        assert re.search(r"Companies with head office here 3 2 estimated active \(67%\)", found)
        assert re.search(r"Establishments 4 3 estimated active \(75%\)", found)
        assert re.search(r"Employing establishments 1 1 estimated active \(100%\)", found)
        assert "Employees 10 to 19, plus 1 establishment of unknown headcount" in found
        assert "Establishments per 1,000 inhabitants 4.0" in found
        assert "Change in 2025 +25.0%" in found
        assert "Weight of the sector 80.0%" in found

    def test_a_larger_place_adds_its_communes(self, client: Client, stock: Stock):
        assert "Establishments 5 4 estimated active" in words(client, SOMME)
        assert "Establishments 6 5 estimated active" in words(client, "/observatoire/france/fr/")

    def test_the_other_nomenclature_counts_its_own_codes(self, client: Client, stock: Stock):
        found = words(client, AMIENS, naf="2025")
        assert "Establishments 3 2 estimated active" in found
        assert "there is no yearly series" in found

    def test_every_drawing_has_its_table_and_its_file(self, client: Client, stock: Stock):
        found = client.get(AMIENS, **LANGUAGE).content.decode()
        drawings = re.findall(r"/graphiques/(\w+)\.svg", found)
        assert {"branches", "serie", "flux", "tailles", "ages", "formes", "specialisation"} <= set(drawings)
        assert set(drawings) <= set(re.findall(r"/tableaux/(\w+)\.csv", found))
        assert found.count("<caption>") > len(set(drawings))
        assert all(re.search(r'alt="[^"]+"', image) for image in re.findall(r"<img[^>]+>", found))

    def test_links_go_up_and_down(self, client: Client, stock: Stock):
        found = client.get("/observatoire/epci/248000531/", **LANGUAGE).content.decode()
        for address in ("/observatoire/region/32/", SOMME, AMIENS):
            assert f'href="{address}"' in found

    def test_the_permanent_address_keeps_the_stock(self, client: Client, stock: Stock):
        found = client.get(AMIENS, **LANGUAGE).content.decode()
        permanent = re.search(r'href="([^"]+)">Permanent address', found)[1].replace("&amp;", "&")
        Stock.objects.update(state=Stock.State.ARCHIVED, complete=False)
        make_stock([establishment()], date=date(2026, 12, 1))
        assert "Establishments 1 1 estimated" in words(client, AMIENS)
        assert "Establishments 4 3 estimated" in words(client, permanent)
        assert "stock=2026-11-01" in client.get(permanent).content.decode()

    @pytest.mark.parametrize(("level", "queries"), [("commune/80021", 4), ("departement/80", 4)])
    def test_its_queries_do_not_grow_with_the_place(
        self, client: Client, stock: Stock, django_assert_num_queries, level: str, queries: int
    ):
        client.get(f"/observatoire/{level}/")
        with django_assert_num_queries(queries):
            client.get(f"/observatoire/{level}/")


class TestWhoIsHere:
    def test_what_may_be_shown_is(self, client: Client, stock: Stock):
        found = words(client, f"{AMIENS}entreprises/")
        assert "4 establishments are counted here. 1 of them are under partial diffusion" in found
        assert found.index("Grande Ourse") < found.index("Petite Ourse")
        assert "From 1 to 3" in found
        assert "Restaurant" not in found
        assert "Rouennaise" not in found

    def test_filters(self, client: Client, stock: Stock):
        assert "Petite Ourse" not in words(client, f"{AMIENS}entreprises/", employeurs="1")
        assert "Grande Ourse" not in words(client, f"{AMIENS}entreprises/", branche="2")
        part = client.get(f"{AMIENS}entreprises/", {"branche": "1"}, headers={"HX-Request": "true"}).content.decode()
        assert "Grande Ourse" in part
        assert "<h1" not in part
        first = client.get(f"{AMIENS}entreprises/", {"branche": "1", "employeurs": "1"}).context["permanent"]
        assert "branche=1&employeurs=1" in first, "the permanent address forgets no filter"


class TestMaps:
    def test_the_table_holds_what_the_map_paints(self, client: Client, stock: Stock):
        found = client.get(f"{SOMME}carte/", **LANGUAGE).content.decode()
        assert re.search(r'data-code="80021" data-class="\d" data-text="Establishments: 4"', found)
        assert 'data-code="80003" data-class="0"' in found
        assert "carte.svg" in found

    @pytest.mark.parametrize("figure", ["etablissements", "employeurs", "pour-mille", "part"])
    def test_each_figure_as_an_image(self, client: Client, stock: Stock, figure: str):
        answer = client.get(f"{SOMME}carte.svg", {"chiffre": figure, "points": "1"}, **LANGUAGE)
        assert answer["Content-Type"].startswith("image/svg+xml")
        assert "synthetic" in answer.content.decode()
        assert answer.content.count(b"<circle") == 4

    def test_points_respect_diffusion(self, client: Client, stock: Stock):
        answer = json.loads(client.get(f"{AMIENS}etablissements.geojson").content)
        names = [feature["properties"]["name"] for feature in answer["features"]]
        assert names == ["Grande Ourse", "Petite Ourse", "Sans Tranche"]
        assert answer["cut"] is False
        assert answer["synthetic"] is True

    def test_outlines_of_what_is_painted(self, client: Client, stock: Stock):
        found = json.loads(client.get(f"{SOMME}contours.geojson", {"par": "commune"}).content)
        assert [feature["properties"]["code"] for feature in found["features"]] == ["80001", "80003", "80016", "80021"]

    def test_the_line_of_a_place_is_that_of_its_areas(self, client: Client, stock: Stock):
        """Outlines of larger places are coarser: drawn over communes, theirs would leave slivers on both sides."""
        Outline.objects.filter(level=Level.DEPARTMENT, code="80").update(shape=shapely.box(1, 49, 3, 51).wkb)
        areas, (edge,) = (
            [
                shapely.from_geojson(json.dumps(feature["geometry"]))
                for feature in json.loads(client.get(f"{SOMME}contours.geojson", {"par": par}).content)["features"]
            ]
            for par in ("commune", "contour")
        )
        assert shapely.equals(edge, shapely.union_all(areas))

    def test_without_outlines_it_says_what_to_run_and_keeps_the_table(self, client: Client, stock: Stock):
        Outline.objects.all().delete()
        found = words(client, f"{SOMME}carte/")
        assert "totem territories outlines" in found
        assert "Amiens" in found
        assert client.get(f"{SOMME}carte.svg").status_code == 404


class TestComparing:
    def test_chosen_territories_stand_side_by_side(self, client: Client, stock: Stock):
        found = client.get(f"{AMIENS}comparer/?avec=departement:80&avec=commune:76540", **LANGUAGE).content.decode()
        chosen = found[found.index('id="comparaison"') :]
        lines = re.findall(
            r"<th scope=\"row\">(?:<a[^>]*>)?([^<]+).*?(?:<td class=\"is-number\">(\d+).*?){2}", chosen, re.DOTALL
        )[:3]
        assert lines == [("Somme", "5"), ("Amiens", "4"), ("Commune 76540", "1")]
        assert "avec=departement:80&amp;avec=commune:76540" in found  # the permanent address
        assert f'href="{AMIENS}comparer/?avec=departement:80"' in found  # takes the other one away

    def test_one_is_added_by_its_name(self, client: Client, stock: Stock):
        answer = client.get(f"{AMIENS}comparer/?avec=departement:80&ajouter=76540")
        assert answer.url == f"{AMIENS}comparer/?avec=departement:80&avec=commune:76540"

    def test_members_are_ranked_in_the_order_asked_for(self, client: Client, stock: Stock):
        found = words(client, f"{SOMME}comparer/", tri="pour-mille")
        assert "The communes of Somme" in found
        assert re.search(
            r"Amiens 1 4 3 1 3 5 80.0% 10 to 19, plus 1 establishment of unknown headcount 1,000 4.00", found
        )

    def rows(self, client: Client, table: str) -> list[dict[str, str]]:
        text = client.get(f"{AMIENS}tableaux/{table}", **LANGUAGE).content.decode("utf-8-sig").replace(",", ".")
        return list(csv.DictReader(text.splitlines(), delimiter=";"))

    def test_growth_is_that_of_the_yearly_series_and_says_what_it_counts(self, client: Client, stock: Stock):
        stocks = {row["Year"]: int(row["Open at the end of the year"]) for row in self.rows(client, "serie.csv")}
        somme, amiens = self.rows(client, "comparaison.csv?avec=departement:80")
        assert float(amiens["Change in 2025"]) == stocks["2025"] / stocks["2024"] - 1 == 0.25
        assert [(row["Territory"], row["Rank"]) for row in (somme, amiens)] == [("Somme", "1"), ("Amiens", "2")]
        assert "some of those registered as open have closed" in words(client, f"{AMIENS}comparer/?avec=departement:80")

    def test_branches_stand_side_by_side_as_shares(self, client: Client, stock: Stock):
        rows = self.rows(client, "branches-comparees.csv?avec=departement:80")
        assert [(float(row["Amiens"]), float(row["Somme"])) for row in rows] == [(0.25, 0.2), (0.75, 0.8)]
        assert "Branches side by side" in words(client, f"{AMIENS}comparer/?avec=departement:80")

    def test_places_of_similar_size_are_chosen_by_a_stated_rule(self, client: Client, stock: Stock):
        Commune.objects.filter(pk="80001").update(population=600)
        Commune.objects.filter(pk="80003").update(population=400)
        found = words(client, f"{AMIENS}comparer/")
        similar = found[found.index("Places of similar size") : found.index("Table as CSV")]
        assert "whose population is nearest, from half to double" in similar
        assert similar.count("Amiens") == 1
        names = {code: Commune.objects.get(pk=code).name for code in ("80001", "80003")}
        assert names["80001"] in similar
        assert names["80003"] not in similar

    def test_a_department_stands_among_those_of_its_region(self, client: Client, stock: Stock):
        assert "The departments of Hauts-de-France" in words(client, f"{SOMME}comparer/")


class TestPerimeters:
    def test_others_private_perimeters_do_not_exist(self, client: Client, stock: Stock):
        member = WorkspaceMemberFactory()
        perimeter = create_perimeter(
            name="À nous", public=False, workspace=member.workspace, by=member.person, parts={"commune": ["80021"]},
            polygon=None, valid_from=date(2026, 1, 1), note="", now=stock.created_at,
        )  # fmt: skip
        urls = [
            f"/observatoire/perimetre/{perimeter.slug}/{page}" for page in (*PAGES, "carte.svg", "contours.geojson")
        ]
        client.force_login(UserFactory())
        assert {client.get(url).status_code for url in urls} == {404}
        assert client.get(f"{AMIENS}comparer/?avec=perimetre:{perimeter.slug}").status_code == 404
        client.force_login(member.person)
        assert {client.get(url).status_code for url in urls[: len(PAGES)]} == {200}
        assert f"/perimetre/{perimeter.slug}@1/" in client.get(urls[0]).content.decode()

    def test_others_private_activities_do_not_exist(self, client: Client, stock: Stock):
        member = WorkspaceMemberFactory()
        mine = ActivityPerimeterFactory(workspace=member.workspace, public=False, slug="a-nous", name="À nous")
        ActivityVersionFactory(perimeter=mine)
        url = f"{AMIENS}?activites=a-nous@1"
        client.force_login(WorkspaceMemberFactory(workspace=WorkspaceFactory()).person)
        assert client.get(url).status_code == 404
        assert "À nous" not in client.get(AMIENS).content.decode()
        client.force_login(member.person)
        assert "À nous, v1" in client.get(url).content.decode()

    def test_a_version_to_come_is_counted_only_when_asked_for(self, client: Client, stock: Stock):
        ActivityVersionFactory(perimeter=ActivityPerimeter.objects.get(), number=2, valid_from=date(2999, 1, 1))
        assert "Secteur TIC, v1, NAF rev. 2" in words(client, AMIENS)
        assert "Secteur TIC, v1, NAF rev. 2" in words(client, AMIENS, activites="tic-ocde")
        assert "Secteur TIC, v2, NAF rev. 2" in words(client, AMIENS, activites="tic-ocde@2")

    def test_an_unpublished_version_does_not_exist(self, client: Client, stock: Stock):
        ActivityVersionFactory(perimeter=ActivityPerimeter.objects.get(), number=2, published_at=None)
        assert client.get(f"{AMIENS}?activites=tic-ocde@2").status_code == 404
        assert client.get(f"/observatoire/perimetre/{PerimeterFactory(public=True).slug}/").status_code == 404


class TestDrawing:
    def test_a_shape_has_its_figures_and_what_cannot_be_decided(self, client: Client, stock: Stock):
        found = words(client, "/observatoire/dessin/", forme=SQUARE)
        assert "Establishments 1 1 estimated active (100%) 1 more cannot be decided (50.0%): no position" in found
        assert "1 commune (1 in part)" in found
        assert "These figures are synthetic" in found

    def test_its_page_map_and_files_are_permanent(self, client: Client, stock: Stock):
        found = client.get("/observatoire/dessin/", {"forme": SQUARE}).content.decode()
        page = re.search(r'href="(/observatoire/dessin/[0-9a-f]{16}/\?[^"]+)"', found)[1].replace("&amp;", "&")
        path, _mark, query = page.partition("?")
        for rest in (
            "",
            "carte/",
            "carte.svg",
            "contours.geojson",
            "qualite/",
            "entreprises/",
            "tableaux/branches.csv",
        ):
            assert client.get(f"{path}{rest}?{query}").status_code == 200, rest
        assert client.get(f"{path[:-2]}0/?{query}").status_code == 404
        assert "Grande Ourse" in words(client, f"{path}entreprises/?{query}")

    def test_whole_communes_are_counted_whole(self, client: Client, stock: Stock):
        found = words(client, "/observatoire/dessin/", forme="1.95,49.05;2.15,49.05;2.15,49.25;1.95,49.25")
        assert "Establishments 4 " in found

    def test_what_is_sent_gets_an_address(self, client: Client, stock: Stock):
        shape = {"type": "Polygon", "coordinates": [[[2.01, 49.11], [2.05, 49.11], [2.05, 49.19], [2.01, 49.11]]]}
        answer = client.post("/observatoire/dessin/?naf=rev2", {"shape": json.dumps(shape)})
        assert answer.status_code == 302
        assert answer.url.startswith("/observatoire/dessin/?naf=rev2&forme=2.0")
        assert client.get(answer.url).status_code == 200

    @pytest.mark.parametrize(
        ("shape", "said", "mended"),
        [
            ([[2.0, 49.0], [2.2, 49.2], [2.2, 49.0], [2.0, 49.2]], "crosses itself near 2.10000, 49.10000", True),
            ([[49.11, 2.01], [49.11, 2.05], [49.19, 2.05]], "longitude first", True),
            ([[640000, 6900000], [660000, 6900000], [660000, 6920000]], "Lambert-93", True),
            ([[2.0, 49.0], [2.2, 49.2]], "fewer than three corners", False),
        ],
    )
    def test_what_is_wrong_is_said_and_corrected(
        self, client: Client, stock: Stock, shape: list[list[float]], said: str, mended: bool
    ):
        text = json.dumps({"type": "Polygon", "coordinates": [[*shape, shape[0]]]})
        answer = client.post("/observatoire/dessin/", {"shape": text}, **LANGUAGE)
        found = answer.content.decode()
        assert answer.status_code == 422
        assert said in found
        assert ("Use the corrected shape" in found) is mended
        if mended:
            corrected = json.loads(re.search(r'name="shape" value="([^"]+)"', found)[1].replace("&quot;", '"'))
            assert client.post("/observatoire/dessin/", {"shape": json.dumps(corrected)}).status_code == 302

    def test_too_many_corners_for_an_address_are_fewer(self, client: Client, stock: Stock):
        ring = [
            [2.05 + 0.04 * math.cos(n * math.tau / 900), 49.15 + 0.04 * math.sin(n * math.tau / 900)]
            for n in range(900)
        ]
        text = json.dumps({"type": "Polygon", "coordinates": [[*ring, ring[0]]]})
        answer = client.post("/observatoire/dessin/", {"shape": text}, **LANGUAGE)
        assert answer.status_code == 422
        corrected = re.search(r'name="shape" value="([^"]+)"', answer.content.decode())[1].replace("&quot;", '"')
        assert client.post("/observatoire/dessin/", {"shape": corrected}).status_code == 302

    def test_an_address_that_is_no_shape_is_told(self, client: Client, stock: Stock):
        for forme in (
            "x",
            "1",
            "1,2;3,4",
            "2,49;2,49;2,49",
            "nan,nan;1,1;2,2",
            "1e999,1;2,2;3,3",
            "é" * 7000,
            ";",
            "|",
            "!",
        ):
            assert "This shape cannot be counted" in words(client, "/observatoire/dessin/", 422, forme=forme)

    def test_far_from_every_outline_it_is_told(self, client: Client, stock: Stock):
        found = words(client, "/observatoire/dessin/", 422, forme="5.0,44.0;5.1,44.0;5.1,44.1")
        assert "No commune is there: this area lies at sea or abroad" in found
        found = words(client, "/observatoire/dessin/", 503, forme="55.4,-21.2;55.6,-21.2;55.6,-21.0")
        assert "not loaded there (La Réunion)" in found

    def test_what_it_cuts_and_what_lies_in_no_commune_are_said(self, client: Client, stock: Stock):
        found = words(client, "/observatoire/dessin/", forme="1.9,49.1;2.04,49.1;2.04,49.2;1.9,49.2")
        assert "71% of this area lies in no known commune" in found
        assert "With the share of their surface in the area: Amiens (80) 40%." in found
        assert "at least 90% of its surface" in found

    def test_an_old_stock_has_no_positions(self, client: Client, stock: Stock):
        Stock.objects.update(state=Stock.State.ARCHIVED, complete=False)
        make_stock([establishment()], date=date(2026, 12, 1))
        found = words(client, "/observatoire/dessin/", 410, forme=SQUARE, stock="2026-11-01")
        assert "positions are no longer kept" in found

    def test_it_can_be_kept_by_those_who_have_a_territory(self, client: Client, stock: Stock):
        member = WorkspaceMemberFactory(workspace=WorkspaceFactory(slug="nous", name="Nous"))
        client.force_login(member.person)
        found = client.get("/observatoire/dessin/", {"forme": SQUARE}, **LANGUAGE).content.decode()
        link = re.search(r'href="(/territoires/espaces/nous/nouveau-perimetre/\?shape=[^"]+)"', found)[1]
        assert "49.11" in client.get(link.replace("&amp;", "&")).content.decode()

    def test_what_each_answer_about_cut_communes_counts_is_shown_before_saving(self, client: Client, stock: Stock):
        member = WorkspaceMemberFactory(workspace=WorkspaceFactory(slug="nous", name="Nous"))
        client.force_login(member.person)
        ring = [[2.01, 49.11], [2.05, 49.11], [2.05, 49.19], [2.01, 49.19], [2.01, 49.11]]
        form = {
            "name": "Nous",
            "shape": json.dumps({"type": "Polygon", "coordinates": [ring]}),
            "valid_from": "2026-01-01",
        }
        found = client.post("/territoires/espaces/nous/nouveau-perimetre/", form, **LANGUAGE)
        page = " ".join(re.sub(r"<[^>]+>", " ", found.content.decode()).split())
        assert found.status_code == 422
        for answer in (
            "Les établissements situés dans la forme : 1 à 2 établissements",
            "sinon non comptées : 0 établissement",
            "Toutes, entières : 4 établissements",
            "Aucune : 0 établissement",
        ):
            assert answer in page


def test_actors_who_may_not_be_named_are_counted_and_not_said_to_be_missing(client: Client, stock: Stock):
    context = client.get(f"{AMIENS}acteurs/", **LANGUAGE).context
    shown = {key: context[key] for key in context.keys()} | {"found": [Actors(actor_kinds()[0], 2, ())]}  # noqa: SIM118
    with override("en"):
        page = render_to_string("observatory/place_actors.html", shown)
    assert "The register keeps their names from being published." in page
    assert "No candidate" not in page


def test_an_establishment_of_the_register_becomes_an_actor_in_one_click(client: Client, stock: Stock):
    page = client.get(f"{AMIENS}entreprises/", **LANGUAGE).content.decode()
    assert "Add to the actors" not in page
    member = WorkspaceMemberFactory(role="agent", person__language="en")
    client.force_login(member.person)
    page = client.get(f"{AMIENS}entreprises/", **LANGUAGE).content.decode()
    assert f"Add to the actors of {member.workspace.name}" in page
    url = unescape(
        re.search(r'href="([^"]+)">Add to the actors of [^<]+<span class="visually-hidden">: Grande Ourse', page)[1]
    )
    form = client.get(url)
    assert form.context["who"].initial["organisation"] == "Grande Ourse"
    assert form.context["form"].initial["kind"] == "located_in"
    sent = {f"who-{name}": value for name, value in form.context["who"].initial.items()}
    said = form.context["form"].initial
    sent |= {name: str(said[name]) for name in ("kind", "commune", "since", "source")} | {"who-kind": "startup"}
    answered = client.post(url, sent)
    assert answered.status_code == 302, (answered.context["who"].errors, answered.context["form"].errors)
    made = Relation.objects.get()
    assert (made.organisation.name, made.kind, made.commune_id) == ("Grande Ourse", "located_in", "80021")
    assert made.source.startswith("SIRENE register, establishment ")
    again = client.get(url).context["who"].initial["organisation"]
    assert again == made.organisation  # known by its SIREN
