"""Places as people type them, in searches, in fields and in lists, against the whole packaged list of communes."""

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db.models import F
from django.test import Client
from django.urls import reverse

from tests.factories.territories import CommuneFactory, EpciFactory, WorkspaceMemberFactory
from totem.territories.forms import CommuneField, PlacesField
from totem.territories.models import (
    Commune,
    Department,
    Epci,
    FormerCommune,
    FormerRegion,
    PerimeterPart,
    Region,
    WorkspaceRole,
)
from totem.territories.places import fold, folding, place_for
from totem.territories.search import find_places, match_places, search_matches, sole_match

pytestmark = pytest.mark.django_db

# A line of a list, and the places that it matches.
LINES = {
    "35238 Rennes": "commune:35238",
    "35238;Rennes": "commune:35238",
    "Rennes;35238;230890": "commune:35238",
    "35000 RENNES CEDEX 7": "commune:35238",
    "Rennes (35238)": "commune:35238",
    "35238 Nantes": "",
    "ST JACQUES DE LA LANDE": "commune:35281",
    "35281\tSt-Jacques de la Lande": "commune:35281",
    "STE ADRESSE": "commune:76552",
    "HAVRE (LE)": "commune:76351",
    "L’HAY LES ROSES": "commune:94038",
    "oeuilly": "commune:51410 commune:02565",
    "2a004 Ajaccio": "commune:2A004",
    "01280": "commune:01280 commune:01313",
    "1280": "commune:01280 commune:01313",
    "01280 Prévessin-Moëns": "commune:01313",
    "02230 Couvrelles": "commune:02230",
    "75011": "commune:75056",
    "75111": "commune:75056",
    "Paris 11e": "commune:75056",
    "Lyon 3ème arrondissement": "commune:69123",
    "29200": "commune:29019",
    "29200 Ploujean": "commune:29151",
    "Ploujean": "commune:29151",
    "01033 Bellegarde-sur-Valserine": "commune:01033",
    "Vire": "commune:14762 commune:71584",
    "Viré": "commune:71584",
    "Vire (14)": "commune:14762",
    "EVRY": "commune:91228 commune:89162",
    "Vitré": "commune:35360",
    "Lyon": "commune:69123",
    "Amiens Métropole": "epci:248000531",
    "Communauté de communes du Val de Somme": "epci:248000499",
    "200023414 Métropole Rouen Normandie": "epci:200023414",
}
# A search, and what it offers first.
SEARCHES = {
    "Caen": ["Caen (14)", "CU Caen la Mer (EPCI)"],
    "amiens": ["Amiens (80)", "CA Amiens Métropole (EPCI)"],
    "Vire": ["Vire, aujourd’hui Vire Normandie (14)", "Viré (71)"],
    "Paris 11e": ["Paris 11e Arrondissement, dans Paris (75)"],
    "75044": ["75044, aujourd’hui Levallois-Perret (92)"],
    "rouen metropole": ["Métropole Rouen Normandie (EPCI)"],
}


def test_the_whole_list(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_communes")
    assert "34969" in capsys.readouterr().out
    codes = folding()
    assert (codes["75101"], codes["69381"], codes["13216"]) == ("75056", "69123", "13055")
    assert set(codes.values()) == set(Commune.objects.filter(current=True).values_list("code", flat=True))
    assert len(codes) == 34_969 + FormerCommune.objects.exclude(code=F("current")).count()
    merged = FormerCommune.objects.filter(kind=FormerCommune.Kind.MERGED)
    assert merged.count() == 2_248
    assert list(merged.filter(pk__in=["01126", "29200", "75044"]).values_list("name", "current__name")) == [
        ("Coupy", "Valserhône"), ("Ploujean", "Morlaix"), ("Levallois-Perret", "Levallois-Perret"),
    ]  # fmt: skip
    assert place_for("commune", "29200").name == "Morlaix"
    for code in ("75101", "80021", "01039", "99999", "2A004"):
        assert fold(code) == codes.get(code)
    former = FormerRegion.objects.get(name="Picardie")
    assert former.population == sum(d.population for d in Department.objects.filter(pk__in=["02", "60", "80"]))
    assert Department.objects.filter(former_region=None).exclude(pk__gte="97").count() == 0
    assert Region.objects.get(pk="32").population == place_for("region", "32").population
    assert place_for("france", "fr").population > 68_000_000

    assert {line: " ".join(place.key for place in match_places(line)) for line in LINES} == LINES
    assert {text: [place.title for place in find_places(text)][: len(SEARCHES[text])] for text in SEARCHES} == SEARCHES
    for epci in Epci.objects.filter(communes__isnull=False).distinct()[::40]:
        assert [place.key for place in search_matches(epci.name)] == [f"epci:{epci.code}"]
    for commune in Commune.objects.filter(current=True)[::700]:
        for line in (f"{commune.code} {commune.name.upper()}", f"{commune.name};{commune.code}"):
            assert [place.code for place in match_places(line)] == [commune.code]
    for former in FormerCommune.objects.select_related("current")[::100]:
        assert [place.code for place in match_places(f"{former.code} {former.name}")] == [former.current_id]
    call_command("load_communes")
    assert "already there" in capsys.readouterr().out
    assert Commune.objects.get(pk="76351").label == "Le Havre (76)"
    assert Commune.objects.get(pk="97411").department.region.name == "La Réunion"


@pytest.fixture
def rennes() -> None:
    """Pacé, whose code is the postcode of Parcé; Rennes; Cesson, which Saint-Jacques is imagined to have become."""
    CommuneFactory(code="35210", name="Pacé", postcodes=["35740"])
    CommuneFactory(code="35214", name="Parcé", postcodes=["35210"])
    CommuneFactory(code="35238", name="Rennes", postcodes=["35000", "35200"])
    cesson = CommuneFactory(code="35051", name="Cesson", postcodes=[])
    FormerCommune.objects.create(code="35281", name="Saint-Jacques", kind="commune-ancienne", current=cesson)


@pytest.mark.usefixtures("rennes")
class TestTyped:
    @pytest.mark.parametrize("field", [CommuneField(), PlacesField()])
    def test_a_number_with_two_meanings_is_asked_about(self, field: CommuneField | PlacesField) -> None:
        with pytest.raises(ValidationError) as refused:
            field.clean("35210")
        assert "code INSEE de la première" in refused.value.messages[0]
        assert "Pacé (80), Parcé (80)" in refused.value.messages[0]

    def test_a_refused_number_is_shown_again_as_it_was_typed(self) -> None:
        class OfCommune(forms.Form):
            commune = CommuneField()

        assert 'value="35210"' in str(OfCommune({"commune": "35210"})["commune"])
        assert 'value="Pacé (80)"' in str(OfCommune(initial={"commune": "35210"})["commune"])

    @pytest.mark.parametrize(
        ("lines", "codes"),
        [
            ("35210\n35238", ["35210", "35238"]),
            ("35210\n35000", None),
            ("35210 Parcé\n35238;Rennes", ["35214", "35238"]),
            ("ST JACQUES\n35281", ["35051"]),
        ],
    )
    def test_a_list_of_codes_and_one_of_postcodes(self, lines: str, codes: list[str] | None) -> None:
        if codes is None:
            with pytest.raises(ValidationError, match="35210"):
                PlacesField().clean(lines)
        else:
            assert [place.code for place in PlacesField().clean(lines)] == codes

    def test_an_unknown_line_says_what_its_code_is(self) -> None:
        with pytest.raises(ValidationError, match=r"Peut-être Rennes \(80\)"):
            PlacesField().clean("35238 Nantes")

    def test_lines_that_mean_nothing_are_refused_at_once(self, django_assert_max_num_queries) -> None:
        lines = [
            "Q" * 5000,
            "a" + " " * 50_000 + "b",
            "a" + "- " * 50_000,
            "(" * 50_000,
            *map("Nowhere {}".format, range(1500)),
        ]
        with django_assert_max_num_queries(1200), pytest.raises(ValidationError) as refused:
            PlacesField().clean("\n".join(lines))
        assert len(refused.value.messages) == 10

    def test_a_former_commune_is_said_when_a_perimeter_or_an_organisation_is_saved(self, client: Client) -> None:
        member = WorkspaceMemberFactory(role=WorkspaceRole.OFFICER)
        client.force_login(member.person)
        sent = {"name": "Nous", "places": "Saint-Jacques\nRennes", "valid_from": "2026-01-01"}
        page = client.post(reverse("territories:perimeter_create", args=[member.workspace.slug]), sent, follow=True)
        assert "Saint-Jacques, aujourd’hui Cesson (80)" in page.content.decode()
        assert sorted(PerimeterPart.objects.values_list("commune", flat=True)) == ["35051", "35238"]
        sent = {"name": "Exemple", "legal_form": "association", "kind": "state_service", "commune": "35281"}
        page = client.post(reverse("organisations:create"), sent, follow=True)
        assert "Saint-Jacques, aujourd’hui Cesson (80)" in page.content.decode()

    def test_a_search_goes_to_the_only_place_but_never_folds_in_silence(self, client: Client) -> None:
        assert client.get(reverse("observatory:home"), {"q": "rennes"}).status_code == 302
        page = client.get(reverse("observatory:home"), {"q": "saint jacques"})
        assert "Saint-Jacques, aujourd’hui Cesson (80)" in page.content.decode()
        EpciFactory(code="243500139", name="Rennes Métropole")
        Commune.objects.filter(pk="35238").update(epci="243500139")
        assert sole_match("rennes") is None
        assert "Rennes Métropole (EPCI)" in client.get(reverse("observatory:home"), {"q": "rennes"}).content.decode()
