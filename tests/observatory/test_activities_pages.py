"""The pages of activity perimeters: read by everybody who may, changed by a territory's people alone."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.accounts import UserFactory
from tests.factories.observatory import ActivityPerimeterFactory, ActivityVersionFactory
from tests.factories.territories import WorkspaceFactory, WorkspaceMemberFactory
from totem.core.edit_conflicts import version_token
from totem.observatory import actions
from totem.observatory.models import Activity, ActivityPerimeter, Nomenclature
from totem.territories.models import WorkspaceRole

pytestmark = pytest.mark.django_db
SIREN = "552100554"


def address(name: str, *arguments: object) -> str:
    return reverse(f"observatory:{name}", args=arguments)


@pytest.fixture
def officer():
    return WorkspaceMemberFactory()


@pytest.fixture
def perimeter(officer) -> ActivityPerimeter:
    perimeter = ActivityPerimeterFactory(name="Filière de l’Estuaire", workspace=officer.workspace, public=False)
    ActivityVersionFactory(perimeter=perimeter, published_at=None)
    return perimeter


@pytest.fixture
def editor(client: Client, officer) -> Client:
    client.force_login(officer.person)
    return client


def sent(perimeter: ActivityPerimeter, *branches: tuple[str, str, str], **more: str) -> dict[str, str]:
    """What the draft's form sends: (name, codes of rev. 2, codes of 2025) a branch."""
    perimeter.refresh_from_db()
    data = {
        "seen": version_token(perimeter), "valid_from": "2026-12-01", "source": "", "note": "",
        "branches-TOTAL_FORMS": str(len(branches)), "branches-INITIAL_FORMS": "0",
    }  # fmt: skip
    for number, (name, rev2, naf2025) in enumerate(branches):
        data |= {
            f"branches-{number}-name": name, f"branches-{number}-rev2": rev2, f"branches-{number}-naf2025": naf2025,
        }  # fmt: skip
    return data | more


def branches_of(perimeter: ActivityPerimeter) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return [(b.name, b.rev2, b.naf2025) for b in actions.words_of(actions.draft_of(perimeter)).branches]


# -- Reading ----------------------------------------------------------------------------------------------------------


def test_everybody_reads_a_public_perimeter_its_codes_and_who_was_corrected(client: Client):
    version = ActivityVersionFactory(corrections={SIREN: 1, "732829320": None}, source="Une étude")
    page = client.get(address("activities_one", version.perimeter.slug)).content.decode()
    for words in ("58.21Z", "Activité 62.10Y", "Édition de logiciels", SIREN, "Vu sur place.", "Une étude"):
        assert words in page
    assert version.perimeter.name in client.get(address("activities")).content.decode()
    assert client.get(address("activities_version", version.perimeter.slug, 1)).status_code == 200
    assert client.get(address("activities_version", version.perimeter.slug, 2)).status_code == 404


def test_a_private_perimeter_exists_for_its_team_alone(client: Client, perimeter, officer):
    version = ActivityVersionFactory(perimeter=perimeter, number=7)
    outsider = WorkspaceMemberFactory().person
    reader = WorkspaceMemberFactory(workspace=officer.workspace, role=WorkspaceRole.READER).person
    urls = [
        address("activities_one", perimeter.slug),
        address("activities_version", perimeter.slug, version.number),
        address("activities_draft", perimeter.slug),
    ]
    for person, statuses in ((None, [404, 404, 302]), (outsider, [404] * 3), (reader, [200, 200, 404])):
        if person:
            client.force_login(person)
        assert [client.get(url).status_code for url in urls] == statuses, person
        assert (perimeter.name in client.get(address("activities")).content.decode()) == (person == reader)


def test_a_draft_is_not_shown_to_the_public_of_a_public_perimeter(client: Client, perimeter):
    perimeter.public = True
    perimeter.save()
    assert client.get(address("activities_one", perimeter.slug)).status_code == 404
    ActivityVersionFactory(perimeter=perimeter, number=7)
    assert client.get(address("activities_one", perimeter.slug)).status_code == 200
    assert client.get(address("activities_version", perimeter.slug, 1)).status_code == 404


@pytest.mark.parametrize("typed", ["edition de LOGI", "5829A", "58.29", "logiciels outils"])
def test_activities_are_found_by_words_without_accents_and_by_the_beginning_of_a_code(client: Client, typed: str):
    Activity.objects.create(
        nomenclature=Nomenclature.REV2, code="58.29A", label="Édition de logiciels système et de réseau, outils"
    )
    Activity.objects.create(nomenclature=Nomenclature.REV2, code="01.11Z", label="Culture de céréales")
    page = client.get(address("activities_codes"), {"q": typed}).content.decode()
    assert "58.29A" in page
    assert "01.11Z" not in page


# -- Changing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [WorkspaceRole.READER, None])
def test_only_officers_and_agents_make_and_change(client: Client, perimeter, officer, role):
    person = UserFactory() if role is None else WorkspaceMemberFactory(workspace=officer.workspace, role=role).person
    client.force_login(person)
    assert client.get(address("activities_new")).status_code == 404
    before = branches_of(perimeter)
    for name in ("draft", "settings"):
        assert client.get(address(f"activities_{name}", perimeter.slug)).status_code == 404
    for name in ("draft", "settings", "revise", "add_codes", "correct", "publish", "drop"):
        assert client.post(address(f"activities_{name}", perimeter.slug), sent(perimeter)).status_code == 404
    assert client.post(address("activities_uncorrect", perimeter.slug, SIREN)).status_code == 404
    assert branches_of(perimeter) == before


def test_an_agent_makes_a_perimeter_from_one_that_is_there(client: Client):
    agent = WorkspaceMemberFactory(role=WorkspaceRole.AGENT)
    start = ActivityVersionFactory()
    client.force_login(agent.person)
    assert client.get(address("activities_new")).status_code == 200
    answer = client.post(
        address("activities_new"),
        {"workspace": agent.workspace.pk, "name": "Numérique de la Baie", "start": start.pk},
    )
    made = ActivityPerimeter.objects.get(slug="numerique-de-la-baie")
    assert answer.url == address("activities_draft", made.slug)
    assert made.workspace == agent.workspace
    assert "58.21Z" in client.get(answer.url).content.decode()


def test_a_perimeter_is_made_in_ones_own_territory_only(editor: Client):
    other = WorkspaceFactory()
    answer = editor.post(address("activities_new"), {"workspace": other.pk, "name": "Ailleurs"})
    assert answer.status_code == 422
    assert not ActivityPerimeter.objects.filter(name="Ailleurs").exists()


def test_codes_are_pasted_as_people_have_them(editor: Client, perimeter):
    pasted = "62.01Z Programmation informatique\n6202a, 62.03z\n\n58.21Z Édition, jeux"
    answer = editor.post(address("activities_draft", perimeter.slug), sent(perimeter, ("Tout", pasted, "62.10Y")))
    assert answer.status_code == 302
    assert branches_of(perimeter) == [("Tout", ("58.21Z", "62.01Z", "62.02A", "62.03Z"), ("62.10Y",))]


@pytest.mark.parametrize(
    ("codes", "words"),
    [("62.99Z", "62.99Z"), ("62.10Y", "62.10Y"), ("6201", "6201"), ("62.01Z, 6202", "6202"), ("conseil", "conseil")],
)
def test_what_is_not_a_code_is_named_at_its_field_and_kept_as_typed(editor: Client, perimeter, codes, words):
    before = branches_of(perimeter)
    answer = editor.post(address("activities_draft", perimeter.slug), sent(perimeter, ("Tout", codes, "")))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert re.search(rf'id="id_branches-0-rev2_error"[^>]*>[^<]*(<[^>]*>[^<]*)*{re.escape(words)}', page)
    assert codes in page
    assert branches_of(perimeter) == before


def test_a_code_in_two_branches_is_named_at_the_second(editor: Client, perimeter):
    answer = editor.post(
        address("activities_draft", perimeter.slug), sent(perimeter, ("Un", "62.01Z", ""), ("Deux", "62.01Z", ""))
    )
    assert answer.status_code == 422
    assert "id_branches-1-rev2_error" in answer.content.decode()


def test_branches_are_put_in_order_and_removed(editor: Client, perimeter):
    data = sent(perimeter, ("Un", "62.01Z", ""), ("Deux", "58.21Z", ""), ("Trois", "62.03Z", ""))
    data |= {
        "branches-0-ORDER": "3", "branches-1-ORDER": "2", "branches-2-ORDER": "1", "branches-1-DELETE": "on",
    }  # fmt: skip
    assert editor.post(address("activities_draft", perimeter.slug), data).status_code == 302
    assert [name for name, _rev2, _naf2025 in branches_of(perimeter)] == ["Trois", "Un"]


def test_the_second_of_two_writers_sees_both_texts_and_then_may_save(editor: Client, perimeter):
    mine = sent(perimeter, ("Mon texte", "62.01Z", ""))
    theirs = sent(perimeter, ("Leur texte", "58.21Z", ""))
    assert editor.post(address("activities_draft", perimeter.slug), theirs).status_code == 302
    answer = editor.post(address("activities_draft", perimeter.slug), mine)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Mon texte" in page
    assert "Leur texte" in page
    assert [name for name, *_codes in branches_of(perimeter)] == ["Leur texte"]
    again = sent(perimeter, ("Mon texte", "62.01Z", ""))
    assert again["seen"] in page
    assert editor.post(address("activities_draft", perimeter.slug), again).status_code == 302
    assert [name for name, *_codes in branches_of(perimeter)] == ["Mon texte"]


def test_activities_are_ticked_and_added_to_a_branch(editor: Client, perimeter):
    found = Activity.objects.create(nomenclature=Nomenclature.REV2, code="73.11Z", label="Agences de publicité")
    page = editor.get(address("activities_draft", perimeter.slug), {"q": "publicite"}).content.decode()
    assert "Agences de publicité" in page
    data = {"seen": version_token(perimeter), "branch": "Services informatiques", "activities": found.pk}
    assert editor.post(address("activities_add_codes", perimeter.slug), data).status_code == 302
    assert "73.11Z" in branches_of(perimeter)[1][1]
    assert editor.post(address("activities_add_codes", perimeter.slug), data).status_code == 409


def test_a_company_is_corrected_with_a_reason_and_taken_back(editor: Client, perimeter):
    url = address("activities_correct", perimeter.slug)
    wrong = editor.post(url, {"correction-siren": "123", "correction-reason": ""})
    assert wrong.status_code == 422
    assert "id_correction-siren_error" in wrong.content.decode()
    assert "id_correction-reason_error" in wrong.content.decode()
    right = {"correction-siren": "552 100 554", "correction-branch": "", "correction-reason": "Holding sans activité."}
    assert editor.post(url, right).status_code == 302
    assert "Holding sans activité." in editor.get(address("activities_draft", perimeter.slug)).content.decode()
    assert editor.post(address("activities_uncorrect", perimeter.slug, SIREN)).status_code == 302
    assert not actions.draft_of(perimeter).corrections.exists()


def test_publishing_shows_it_and_a_stale_or_empty_draft_says_why_not(editor: Client, perimeter):
    url = address("activities_publish", perimeter.slug)
    assert editor.post(url, {"seen": "2020"}).status_code == 409
    editor.post(address("activities_draft", perimeter.slug), sent(perimeter))
    perimeter.refresh_from_db()
    assert editor.post(url, {"seen": version_token(perimeter)}).status_code == 422
    editor.post(address("activities_draft", perimeter.slug), sent(perimeter, ("Tout", "62.01Z", "")))
    perimeter.refresh_from_db()
    answer = editor.post(url, {"seen": version_token(perimeter)}, follow=True)
    assert answer.redirect_chain == [(address("activities_one", perimeter.slug), 302)]
    assert "62.01Z" in answer.content.decode()
    assert editor.get(address("activities_draft", perimeter.slug)).status_code == 404
    assert editor.post(address("activities_revise", perimeter.slug), follow=True).status_code == 200


def test_names_and_readers_are_changed_and_a_draft_given_up(editor: Client, perimeter):
    url = address("activities_settings", perimeter.slug)
    assert editor.post(url, {"name": ""}).status_code == 422
    assert editor.post(url, {"name": "Autre nom", "public": "on"}).status_code == 302
    perimeter.refresh_from_db()
    assert (perimeter.name, perimeter.public) == ("Autre nom", True)
    drop = address("activities_drop", perimeter.slug)
    assert editor.post(drop, {"seen": "2020"}).status_code == 409
    assert editor.post(drop, {"seen": version_token(perimeter)}).status_code == 302
    assert not ActivityPerimeter.objects.filter(pk=perimeter.pk).exists()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_as_many_questions_for_one_perimeter_as_for_three(
    editor: Client, rows: int, django_assert_num_queries
):
    for _number in range(rows):
        ActivityVersionFactory()
    editor.get(address("activities"))
    with django_assert_num_queries(LIST_QUERIES):
        editor.get(address("activities"))


LIST_QUERIES = 8
