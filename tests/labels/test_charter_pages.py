"""The charters as everybody reads them, and their files."""

import hashlib
import json
import tomllib
from html import unescape

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories.labels import BoardFactory, CharterVersionFactory, content_of, requirement, words
from totem.labels.models import CharterVersion

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return Client(headers={"accept-language": "en"})


def text_of(response) -> str:
    return unescape(response.content.decode()).replace("\xa0", " ").replace("\u202f", " ")


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


CONTENT = content_of(
    [
        requirement(
            "champion",
            "organisations",
            roles=["mentors"],
            where=[
                {"fact": "revenue", "more_than": 5_000_000, "unit": "€"},
                {"fact": "growth", "at_least": "$growth"},
            ],
            years_running="$years",
            source="rapport",
            evidence=words("Les comptes certifiés."),
        ),
        requirement("near", "travel", to="airport", less_than=30, unit="min"),
    ],
    [
        requirement(
            "either",
            "group",
            rule_of="at_least",
            n=1,
            requirements=[
                requirement("seen", "judgement", guide=words("Comparez.")),
                requirement(
                    "seats",
                    "body",
                    body="governing",
                    seats=[{"of": "votes", "as_share": True, "classes": ["company"], "more_than": 50, "unit": "%"}],
                ),
            ],
        ),
        requirement("asset", "measure", indicator="events", at_least=200, unit="events", mandatory=False, bonus=True),
        requirement("deal", "document", only_if="asset", signed=True),
    ],
    sources={"rapport": {"title": "Rapport Mayenobe", "url": "https://example.org/rapport", "page": "25-33"}},
    parameters={
        "growth": {"label": words("Croissance"), "value": 25, "unit": "%"},
        "years": {
            "label": words("Exercices de suite"),
            "value": 1,
            "assumption": True,
            "why": words("La source ne dit pas combien."),
        },
    },
    indicators=[
        {
            "name": "events",
            "code": "C1",
            "label": words("Événements tenus"),
            "unit": "events",
            "combine": "sum",
            "period": "closed_year",
            "note": words("Brest : plus de 200."),
        },
    ],
    authority=words("L’État"),
    process={
        "steps": [
            {
                "id": "depot",
                "title": words("Dépôt"),
                "body": words("Le porteur"),
                "months": 1,
                "outcomes": [{"id": "vu", "title": words("Examiné"), "to": "comite"}],
                "source": "rapport",
            },
            {"id": "comite", "title": words("Comité")},
        ],
        "validity_months": 12,
        "renewal": words("Revue au bout d’un an."),
    },
)


@pytest.fixture
def version() -> CharterVersion:
    return CharterVersionFactory(data=CONTENT, file="format = 1\n")


class TestTheIndex:
    def test_names_the_charters_and_the_boards_that_are_shown(self, client, version):
        BoardFactory(public=True, perimeter__name="Quartier de la gare")
        BoardFactory(perimeter__name="Quartier secret")
        page = text_of(client.get(reverse("labels:index")))
        for said in ("Essai", "L’État", "Une charte d’essai", "Version 1", "Quartier de la gare"):
            assert said in page
        assert "Quartier secret" not in page

    def test_one_that_is_over_is_told_from_those_in_force(self, client):
        CharterVersionFactory(data=content_of(valid_from="2013-01-01"), valid_until="2014-01-01")
        assert "It has not been in force since 1 January 2014." in text_of(client.get(reverse("labels:index")))

    def test_one_that_is_published_ahead_takes_the_place_of_none(self, client):
        CharterVersionFactory(data=content_of(valid_from="2013-01-01", version="1"), valid_until="2014-01-01")
        CharterVersionFactory(data=content_of(valid_from="2999-01-01", version="2"))
        CharterVersionFactory(data={**CONTENT, "slug": "a-venir", "valid_from": "2999-01-01"})
        page = text_of(client.get(reverse("labels:index")))
        assert "It has not been in force since 1 January 2014." in page
        assert page.count("It is not in force before 1 January 2999.") == 1  # of the charter that has no other

    def test_without_a_charter_it_says_what_will_stand_there(self, client):
        assert "The charters will stand here" in text_of(client.get(reverse("labels:index")))

    def test_it_asks_as_much_for_one_as_for_three(self, client, version):
        BoardFactory(public=True)
        one = queries(client, reverse("labels:index"))
        for n in (1, 2):
            CharterVersionFactory(data={**CONTENT, "slug": f"essai-{n}"})
            BoardFactory(public=True, charter=f"essai-{n}")
        assert queries(client, reverse("labels:index")) == one == 2


class TestACharter:
    def test_says_what_it_asks_with_every_number_and_where_it_comes_from(self, client, version):
        page = text_of(client.get(reverse("labels:charter", args=["essai"])))
        for said in (
            "at least 1 organisation",
            "what it does here: Mentors",
            "revenue: more than 5,000,000 €",
            "growth of revenue over a year: at least 25%",
            "all together, on the same closed year",
            "Rapport Mayenobe",
            "https://example.org/rapport",
            "25-33",
            "Les comptes certifiés.",
            "less than 30 min",
            "at least 1 is needed",
            "2 criteria, 6 requirements.",
            "votes (Company): more than 50%",
            "Comparez.",
            "an asset, not a duty",
            "Asked only if « asset » is met.",
            "a signed document",
        ):
            assert said in page, said

    def test_marks_totems_assumptions_with_their_why(self, client, version):
        page = text_of(client.get(reverse("labels:charter", args=["essai"])))
        assert "1 value is given by no source" in page
        assert page.count("La source ne dit pas combien.") == 1
        left_open, _heading, given = page.partition("Values that a source gives")
        assert 'id="parametre-years"' in left_open  # and what a source gives is not among them
        assert 'id="parametre-growth"' in given
        assert 'href="#parametre-years"' in page or "#parametre-years" in page
        assert 'id="parametre-years"' in page

    def test_a_figure_without_a_threshold_is_said_so_once(self, client):
        floor = {"label": words("Seuil"), "value": 0, "unit": "m²", "assumption": True, "why": words("Inconnu.")}
        asks = [
            requirement(name, "measure", indicator="usable_area", at_least="$filled", unit="m²") for name in ("a", "b")
        ]
        CharterVersionFactory(data=content_of(asks, parameters={"filled": floor}))
        page = text_of(client.get(reverse("labels:charter", args=["essai"])))
        assert page.count("No threshold is known for 2 figures: giving them is enough, zero included.") == 1
        assert page.count("Totem’s assumption") == 0
        assert page.count("Inconnu.") == 1

    def test_lists_the_figures_to_fill(self, client, version):
        page = text_of(client.get(reverse("labels:charter", args=["essai"])))
        for said in (
            "C1",
            "Événements tenus",
            "Brest : plus de 200.",
            "over the last calendar year that is over",
            "added up",
            "Declared by the territory",
        ):
            assert said in page, said

    def test_tells_how_it_is_given(self, client, version):
        page = text_of(client.get(reverse("labels:charter", args=["essai"])))
        for said in (
            "Dépôt",
            "Le porteur",
            "1 month",
            "Examiné",
            "#etape-comite",
            "12 months",
            "Revue au bout d’un an.",
        ):
            assert said in page, said

    def test_shows_the_version_in_force_and_keeps_the_others(self, client, version):
        CharterVersionFactory(
            data={**CONTENT, "version": "2", "title": words("La seconde"), "valid_from": "2014-01-01"}
        )
        CharterVersionFactory(data={**CONTENT, "version": "9", "title": words("À venir"), "valid_from": "2999-01-01"})
        page = text_of(client.get(reverse("labels:charter", args=["essai"])))
        assert "<h1>La seconde</h1>" in page
        assert version.sha256 in page
        assert "<h1>Essai</h1>" in text_of(client.get(reverse("labels:charter_version", args=["essai", "1"])))
        ahead = text_of(client.get(reverse("labels:charter_version", args=["essai", "9"])))
        assert "It is not in force before 1 January 2999." in ahead

    def test_what_is_not_there(self, client, version):
        for name, arguments in (
            ("charter", ["rien"]),
            ("charter_version", ["essai", "99"]),
            ("charter_file", ["essai", "99"]),
            ("charter_json", ["rien", "1"]),
        ):
            assert client.get(reverse(f"labels:{name}", args=arguments)).status_code == 404

    def test_it_asks_as_much_for_one_version_as_for_three(self, client, version):
        url = reverse("labels:charter_version", args=["essai", "1"])
        one = queries(client, url)
        for n in ("2", "3"):
            CharterVersionFactory(data={**CONTENT, "version": n})
        assert queries(client, url) == one == 2


class TestFiles:
    def test_the_toml_is_the_file_and_the_json_hashes_to_the_sum(self, client, version):
        file = client.get(reverse("labels:charter_file", args=["essai", "1"]))
        assert file.content == b"format = 1\n"
        assert "essai-1.toml" in file["Content-Disposition"]
        content = client.get(reverse("labels:charter_json", args=["essai", "1"])).content
        assert hashlib.sha256(content).hexdigest() == version.sha256

    def test_the_schema_is_json(self, client):
        response = client.get(reverse("labels:schema"))
        assert response["Content-Type"] == "application/schema+json"
        assert json.loads(response.content)["$schema"].startswith("https://json-schema.org/")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_shipped_charters_are_read_in_both_languages(language: str, capsys):
    call_command("charter", "load", "--shipped")
    client = Client(headers={"accept-language": language})
    for row in CharterVersion.objects.all():
        page = client.get(reverse("labels:charter_version", args=[row.slug, row.version]))
        assert page.status_code == 200
        content = json.loads(row.content)
        assert content["title"][language] in text_of(page)
        file = client.get(reverse("labels:charter_file", args=[row.slug, row.version])).content.decode()
        assert tomllib.loads(file)["slug"] == row.slug
