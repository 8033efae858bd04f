"""Communes: loading the package, searching by name; and the public holidays of each department."""

import datetime
import json
from pathlib import Path

import pytest
from django import forms
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import translation

from tests.factories.hubs import HubFactory
from tests.factories.organisations import OrganisationFactory
from tests.factories.premises import BuildingFactory
from tests.factories.territories import CommuneFactory, DepartmentFactory, WorkspaceFactory
from totem.core.sort_keys import sort_key
from totem.territories.forms import CommuneField
from totem.territories.loading import PackageMissing, load_communes
from totem.territories.models import Commune, Department, Edition, FormerCommune, FormerRegion
from totem.territories.public_holidays import holidays_between
from totem.territories.search import find_communes

COMMUNES = reverse("territories:communes")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("L'Haÿ-les-Roses", "l hay les roses"),
        ("Đặng Thị", "dang thi"),
        ("Işık", "isik"),
        ("Дмитрий", "dmitriy"),
        ("محمد علي", "mhmd ly"),
        ("Œuilly", "oeuilly"),
        ("SAINT-ÉTIENNE", "saint etienne"),
        ("  ", ""),
    ],
)
def test_names_are_compared_without_accents_case_or_hyphens(name, key):
    assert sort_key(name) == key


class TestHolidays:
    def of(self, department: Department) -> dict[datetime.date, str]:
        return holidays_between(department, datetime.date(2026, 1, 1), datetime.date(2026, 12, 31))

    def test_eleven_days_nearly_everywhere(self):
        days = self.of(DepartmentFactory.build())
        assert len(days) == 11
        assert days[datetime.date(2026, 7, 14)] == "Fête nationale"
        assert datetime.date(2026, 12, 26) not in days

    @pytest.mark.parametrize("trait", ["bas_rhin", "moselle"])
    def test_alsace_moselle_has_two_more(self, trait):
        days = self.of(DepartmentFactory.build(**{trait: True}))
        assert days[datetime.date(2026, 12, 26)] == "Saint-Étienne"
        assert days[datetime.date(2026, 4, 3)] == "Vendredi saint"
        assert len(days) == 13

    @pytest.mark.parametrize(
        ("code", "month", "day"),
        [
            ("971", 5, 27),
            ("972", 5, 22),
            ("973", 6, 10),
            ("974", 12, 20),
            ("976", 4, 27),
            ("977", 10, 9),
            ("978", 5, 27),
        ],
    )
    def test_overseas_has_the_day_of_the_law_and_no_custom(self, code: str, month: int, day: int):
        days = self.of(Department(code=code))
        assert days[datetime.date(2026, month, day)] == "Abolition de l’esclavage"
        assert len(days) == 12

    def test_a_custom_is_added_where_it_is_chosen(self):
        year = datetime.date(2026, 1, 1), datetime.date(2026, 12, 31)
        days = holidays_between(Department(code="971"), *year, customs=["good_friday", "mid_lent", "schoelcher"])
        assert [day for day in days if day in {datetime.date(2026, 3, 12), datetime.date(2026, 4, 3)}] == [
            datetime.date(2026, 3, 12),
            datetime.date(2026, 4, 3),
        ]
        assert days[datetime.date(2026, 7, 21)] == "Fête de Victor Schœlcher (21 juillet)"

    def test_names_are_in_the_language_of_the_page(self):
        with translation.override("en"):
            days = self.of(Department(code="972"))
        assert days[datetime.date(2026, 12, 25)] == "Christmas Day"
        assert days[datetime.date(2026, 5, 22)] == "Abolition of slavery"

    def test_both_ends_count_and_years_are_crossed(self):
        days = holidays_between(DepartmentFactory.build(), datetime.date(2025, 12, 25), datetime.date(2026, 1, 1))
        assert list(days) == [datetime.date(2025, 12, 25), datetime.date(2026, 1, 1)]

    def test_a_first_day_after_the_last_gives_nothing(self):
        assert holidays_between(DepartmentFactory.build(), datetime.date(2026, 1, 2), datetime.date(2026, 1, 1)) == {}

    @pytest.mark.parametrize("code", ["975", "977", "978", "984", "986", "987", "988", "989"])
    def test_every_collectivity_has_its_days(self, code):
        assert datetime.date(2026, 1, 1) in self.of(Department(code=code))


@pytest.mark.django_db
class TestFinding:
    @pytest.fixture(autouse=True)
    def communes(self):
        CommuneFactory(amiens=True)
        CommuneFactory(le_havre=True)
        CommuneFactory(rouen=True)
        CommuneFactory(code="80721", name="Saint-Valery-sur-Somme", population=2_500, postcodes=[])
        CommuneFactory(code="76552", name="Sainte-Adresse", population=7_500, postcodes=[])
        CommuneFactory(code="93072", name="Stains", population=38_000, postcodes=[])
        CommuneFactory(code="75056", name="Paris", population=2_100_000, postcodes=[])
        CommuneFactory(code="69123", name="Lyon", population=520_000, postcodes=[])
        for code, name, city in (
            ("75111", "Paris 11e Arrondissement", "75056"),
            ("75101", "Paris 1er Arrondissement", "75056"),
            ("69383", "Lyon 3e Arrondissement", "69123"),
        ):
            FormerCommune.objects.create(code=code, name=name, kind=FormerCommune.Kind.DISTRICT, current_id=city)
        CommuneFactory(code="71343", name="Paris-l’Hôpital", population=300, postcodes=[])
        CommuneFactory(code="80016", name="Albert", population=10_000, postcodes=["80300"])
        CommuneFactory(code="80001", name="Amiéville", population=5, postcodes=["80999"])
        CommuneFactory(code="80002", name="Amiens-l’Ancienne", current=False, postcodes=["80000"])
        CommuneFactory(code="14999", name="Albert", department=DepartmentFactory(calvados=True), postcodes=["14999"])

    @pytest.mark.parametrize(
        ("typed", "found"),
        [
            ("ami", ["Amiens", "Amiéville"]),
            ("AMIÉ", ["Amiens", "Amiéville"]),
            ("le hav", ["Le Havre"]),
            ("havre", ["Le Havre"]),
            ("80080", ["Amiens"]),
            ("76351", ["Le Havre"]),
            ("Amiens (80)", ["Amiens"]),
            ("St Valery", ["Saint-Valery-sur-Somme"]),
            ("st-valery s/ somme", ["Saint-Valery-sur-Somme"]),
            ("Ste-Adr", ["Sainte-Adresse"]),
            ("sta", ["Stains"]),
            ("st", ["Stains"]),
            ("Paris 11e", ["Paris"]),
            ("paris 1er arrondissement", ["Paris"]),
            ("Lyon 3ème", ["Lyon"]),
            ("Paris-l’Hôpital", ["Paris-l’Hôpital"]),
            ("xyz", []),
            ("", []),
            ("()", []),
        ],
    )
    def test_as_people_type(self, typed, found):
        assert [commune.name for commune in find_communes(typed)] == found

    def test_the_page_and_the_options_say_the_same(self, client):
        page = client.get(COMMUNES, {"q": "ami"}).content.decode()
        options = client.get(COMMUNES, {"q": "ami"}, headers={"hx-request": "true"}).content.decode()
        assert options.strip() in page
        assert '<option value="Amiens (80)">' in options
        assert "<html" not in options

    def test_a_field_sends_itself_under_its_own_name(self, client):
        assert (
            "Amiens (80)" in client.get(COMMUNES, {"commune": "ami"}, headers={"hx-request": "true"}).content.decode()
        )

    def test_what_is_typed_is_never_markup(self, client):
        assert "<script>x" not in client.get(COMMUNES, {"q": "<script>x"}).content.decode()


@pytest.mark.django_db
class TestField(TestFinding):
    class Form(forms.Form):
        commune = CommuneField(required=False)

    def test_as_people_type(self):
        for typed in ("Amiens (80)", "amiens", "80000", "80021", " AMIENS ( 80 ) "[1:-1].replace("( 80 )", "(80)")):
            form = self.Form({"commune": typed})
            assert form.is_valid(), typed
            assert form.cleaned_data["commune"].code == "80021"

    def test_namesakes_are_told_apart(self):
        form = self.Form({"commune": "Albert"})
        assert not form.is_valid()
        assert "Albert (80)" in form.errors["commune"][0]
        assert "Albert (14)" in form.errors["commune"][0]
        assert self.Form({"commune": "Albert (14)"}).is_valid()

    def test_an_unknown_name_gives_the_near_ones(self):
        form = self.Form({"commune": "Amienz"})
        assert not form.is_valid()
        assert "Amiens (80)" in form.errors["commune"][0]

    @pytest.mark.parametrize("typed", ["Zzz", "99999", "80002", "Amiens (76)"])
    def test_what_is_no_commune_is_refused(self, typed):
        assert not self.Form({"commune": typed}).is_valid()

    def test_empty_is_none(self):
        form = self.Form({"commune": ""})
        assert form.is_valid()
        assert form.cleaned_data["commune"] is None

    def test_it_shows_a_label_and_proposes_while_typing(self):
        html = str(self.Form(initial={"commune": Commune.objects.get(pk="80021")})["commune"])
        assert 'value="Amiens (80)"' in html
        assert f'hx-get="{COMMUNES}"' in html
        assert '<datalist id="id_commune_list">' in html


def package(folder: Path, *communes: dict[str, object], version: str = "1.0.0") -> Path:
    """A small package of the same shape as the real one."""
    (folder / "data").mkdir(exist_ok=True)
    lists = {
        "regions": [{"code": "32", "nom": "Hauts-de-France"}],
        "departements": [{"code": "80", "nom": "Somme", "region": "32"}],
        "epci": [
            {
                "code": "248000531",
                "nom": "CA Amiens Métropole",
                "type": "CA",
                "populationMunicipale": 1,
                "membres": [{"code": "80021"}],
            }
        ],
        "communes": list(communes),
    }
    for name, rows in lists.items():
        (folder / "data" / f"{name}.json").write_text(json.dumps(rows), encoding="utf-8")
    (folder / "package.json").write_text(json.dumps({"version": version}), encoding="utf-8")
    return folder


def row(code: str, name: str, **more: object) -> dict[str, object]:
    return {"code": code, "nom": name, "type": "commune-actuelle", "departement": "80", "codesPostaux": [code], **more}


@pytest.mark.django_db
class TestLoading:
    def test_communes_with_all_that_is_around_them(self, tmp_path):
        former = row("80900", "Ancienne", type="commune-deleguee")
        assert load_communes(package(tmp_path, row("80021", "Amiens", population=7), former))
        amiens = Commune.objects.get()
        assert (amiens.name, amiens.sort_key, amiens.population, amiens.postcodes) == ("Amiens", "amiens", 7, ["80021"])
        assert (amiens.department.name, amiens.department.region.name) == ("Somme", "Hauts-de-France")
        assert amiens.epci.name == "CA Amiens Métropole"

    def test_the_same_edition_is_loaded_once(self, tmp_path):
        folder = package(tmp_path, row("80021", "Amiens"))
        assert load_communes(folder)
        Commune.objects.update(name="Changed")
        assert not load_communes(folder)
        assert Commune.objects.get().name == "Changed"
        assert load_communes(folder, force=True)
        assert Commune.objects.get().name == "Amiens"

    def test_former_communes_and_districts_and_what_they_fold_to(self, tmp_path):
        load_communes(
            package(
                tmp_path,
                row("80021", "Amiens", population=7),
                row("80900", "Ancienne", type="commune-deleguee", chefLieu="80021"),
                row("80901", "Associée", type="commune-associee", chefLieu="80021"),
                row("80902", "Premier", type="arrondissement-municipal", commune="80021"),
                row("80021", "Amiens", type="commune-deleguee", chefLieu="80021"),
                row("80022", "Neuve", population=0, anciensCodes=["80900", "80903", "80904"]),
                row("80022", "Siège", type="commune-deleguee", chefLieu="80022"),
            )
        )
        assert sorted(FormerCommune.objects.values_list("code", "name", "current")) == [
            ("80022", "Siège", "80022"),
            ("80900", "Ancienne", "80021"),
            ("80901", "Associée", "80021"),
            ("80902", "Premier", "80021"),
            ("80903", "Neuve", "80022"),
            ("80904", "Neuve", "80022"),
        ]
        somme = Department.objects.get()
        assert (somme.population, somme.region.population, somme.former_region.population) == (7, 7, 7)
        assert somme.former_region.name == "Picardie"
        assert FormerRegion.objects.count() == 22

    def test_an_installation_at_this_edition_gets_the_tables_added_since(self, tmp_path):
        folder = package(tmp_path, row("80021", "Amiens"), row("80900", "A", type="commune-associee", chefLieu="80021"))
        load_communes(folder)
        FormerCommune.objects.all().delete()
        Edition.objects.update(revision=1)
        assert load_communes(folder)
        assert FormerCommune.objects.count() == 1
        assert not load_communes(folder)

    def test_a_population_that_is_not_known_is_not_summed(self, tmp_path):
        load_communes(package(tmp_path, row("80021", "Amiens", population=7), row("80022", "Petite")))
        assert Department.objects.get().population is None

    def test_a_newer_edition_renames_and_keeps_what_was_merged(self, tmp_path):
        load_communes(package(tmp_path, row("80021", "Amiens"), row("80022", "Petite")))
        load_communes(package(tmp_path, row("80021", "Grand-Amiens"), version="2.0.0"))
        assert Commune.objects.get(pk="80021").sort_key == "grand amiens"
        assert not Commune.objects.get(pk="80022").current
        assert Edition.objects.get().version == "2.0.0"

    def test_what_stands_in_a_commune_merged_since_stands_in_that_of_today(self, tmp_path):
        load_communes(package(tmp_path, row("80021", "Amiens"), row("80022", "Petite")))
        amiens, small = Commune.objects.order_by("code")
        hub, organisation = HubFactory(commune=small), OrganisationFactory(commune=small)
        workspace = WorkspaceFactory()
        halls = [BuildingFactory(workspace=workspace, commune=one, name="Halle") for one in (amiens, small)]
        lines = []
        merged = row("80021", "Amiens", anciensCodes=["80022"])
        load_communes(package(tmp_path, merged, version="2.0.0"), progress=lines.append)
        for one in (hub, organisation, *halls):
            one.refresh_from_db()
        assert (hub.commune_id, organisation.commune_id) == ("80021", "80021")
        assert [hall.commune_id for hall in halls] == ["80021", "80022"]  # two of one name cannot stand in one commune
        assert f"premises.Building {halls[1].pk} stays in 80022" in str(lines)

    def test_a_broken_package_changes_nothing(self, tmp_path):
        folder = package(tmp_path, row("80021", "Amiens"))
        (folder / "data" / "communes.json").write_text("[{", encoding="utf-8")
        with pytest.raises(PackageMissing, match="npm ci"):
            load_communes(folder)
        assert not Edition.objects.exists()

    def test_without_the_package_one_line_says_what_to_do(self, tmp_path, settings):
        settings.NODE_MODULES = tmp_path
        with pytest.raises(CommandError, match="npm ci"):
            call_command("load_communes")
