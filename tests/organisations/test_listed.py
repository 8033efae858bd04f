"""Actors by list: what is shown before it is saved, what is refused at its line, nothing by halves."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from stdnum import luhn

from tests.factories.organisations import OrganisationFactory, siren
from tests.factories.territories import CommuneFactory, WorkspaceFactory, WorkspaceMemberFactory
from totem.core.models import JournalEntry
from totem.organisations.models import Organisation, Relation
from totem.territories.models import Workspace, WorkspaceRole

pytestmark = pytest.mark.django_db

HEAD = "Nom ; SIREN ; Type ; Rôle ; Depuis ; Source"


@pytest.fixture
def workspace() -> Workspace:
    return WorkspaceFactory()


@pytest.fixture
def url(workspace) -> str:
    return reverse("organisations:actors_list", args=[workspace.slug])


@pytest.fixture
def agent(workspace) -> Client:
    client = Client()
    client.force_login(WorkspaceMemberFactory(workspace=workspace, role=WorkspaceRole.AGENT).person)
    return client


def sent(table: str, **changes: object) -> dict[str, object]:
    shared = {"organisation_kind": "school", "kind": "trains_in", "since": "2025-03-01", "source": "Annuaire"}
    return {"table": table, "commune": CommuneFactory().label, **shared, **changes}


def siret(number: int) -> str:
    """An establishment of the nth SIREN that passes the Luhn check."""
    return (stem := f"{siren(number)}0001") + luhn.calc_check_digit(stem)


def test_all_is_shown_first_then_saved_and_a_known_siren_is_never_doubled(agent, workspace, url):
    known = OrganisationFactory(name="Éclair Numérique", siren=siren(82_001), noted_by=workspace)
    spaced = f"{known.siren[:3]} {known.siren[3:6]}\u00a0{known.siren[6:]}"
    table = "\n".join(
        [
            HEAD,
            f"Eclair;{spaced}; ;PARRAINE de jeunes entreprises;01/02/2024;Convention",
            "",
            f"École A;{siret(82_002)}",
            f";{siren(82_002)};;mentors",
        ]
    )
    journal = JournalEntry.objects.count()
    shown = agent.post(url, sent(table))
    assert shown.status_code == 200, shown.context["form"].errors
    outcome = shown.context["outcome"]
    assert [(one.line.number, one.new, list(one.errors)) for one in outcome.lines] == [
        (2, False, []), (4, True, []), (5, False, []),
    ]  # fmt: skip
    assert (Relation.objects.count(), Organisation.objects.count(), JournalEntry.objects.count()) == (0, 1, journal)
    # What was not shown is not saved: it is shown.
    assert agent.post(url, sent(table, source="Autre", confirmed=outcome.token)).status_code == 200
    assert not Relation.objects.exists()
    saved = agent.post(url, sent(table, confirmed=outcome.token))
    assert saved.url == reverse("organisations:actors", args=[workspace.slug])
    assert list(
        Relation.objects.order_by("pk").values_list(
            "organisation__name", "organisation__siren", "kind", "since__year", "source", "public"
        )
    ) == [
        ("Éclair Numérique", known.siren, "mentors", 2024, "Convention", False),
        ("École A", siren(82_002), "trains_in", 2025, "Annuaire", False),
        ("École A", siren(82_002), "mentors", 2025, "Annuaire", False),
    ]
    assert Organisation.objects.count() == 2


def test_the_list_or_its_file_is_asked_for_and_neither_is_called_optional(agent, url):
    page = agent.get(url).content.decode()
    for field in ("table", "file"):
        label = page.partition(f'for="id_{field}"')[2].partition("</label>")[0]
        assert "(l’un ou l’autre)" in label
        assert "(facultatif)" not in label


def test_one_refused_line_is_told_with_its_number_and_nothing_is_saved(agent, url):
    lines = ["Bonne,", "Mauvaise,123456789", "Rôle,,school,befriends", "Jour,,,,31/02/2025", "Bonne,", "A,,magicien"]
    shown = agent.post(url, sent("\n".join(lines)))
    assert shown.status_code == 422
    outcome = shown.context["outcome"]
    assert [one.line.number for one in outcome.lines if one.errors] == [2, 3, 4, 5, 6]
    assert "SIREN" in outcome.lines[1].errors[0][1]
    again = agent.post(url, sent("\n".join(lines), confirmed=outcome.token))
    assert again.status_code == 422
    assert not Relation.objects.exists()
    assert not Organisation.objects.exists()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_a_file_of_a_spreadsheet_is_read_and_confirmed_without_choosing_it_again(agent, url, encoding):
    content = f'{HEAD}\r\n"Lycée « Élan »; site 2"\r\n'.encode(encoding)
    shown = agent.post(url, sent("", file=SimpleUploadedFile("acteurs.csv", content, "application/vnd.ms-excel")))
    assert shown.status_code == 200, shown.context["form"].errors
    form, outcome = shown.context["form"], shown.context["outcome"]
    agent.post(url, sent(form["table"].value(), kind="trains_in", confirmed=outcome.token))
    assert Organisation.objects.get().name == "Lycée « Élan »; site 2"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("table", {"table": " \n;;\n"}),
        ("table", {"table": HEAD}),
        ("table", {"table": 'A;"B'}),
        ("table", {"table": "A;B;C;D;E;F;G"}),
        ("table", {"table": "nom;siren;chiffre d’affaires\nA"}),
        ("table", {"table": "nom;siren;siret\nA"}),
        ("table", {"table": "A\x01"}),
        ("table", {"table": "A\x00"}),
        ("table", {"table": "A\n" * 501}),
        ("file", {"file": SimpleUploadedFile("a.pdf", b"%PDF-1.7\n%%EOF\n", "application/pdf")}),
        ("file", {"file": SimpleUploadedFile("a.csv", b"\x00\x81PK", "text/csv")}),
        ("perimeter", {"commune": ""}),
        ("commune", {"commune": "Nulle-Part"}),
    ],
)
def test_what_is_no_list_is_refused_with_the_reason_and_nothing_is_written(agent, url, field, changes):
    answer = agent.post(url, sent("A") | changes)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors, answer.context["form"].errors
    assert not Organisation.objects.exists()


def test_a_line_more_is_written_and_nothing_else_is_asked_of_the_database_for_it(agent, url):
    def statements(numbers: range) -> int:
        with CaptureQueriesContext(connection) as asked:
            shown = agent.post(url, data | {"table": "\n".join(f"Nouvelle {n};{siren(83_000 + n)}" for n in numbers)})
        assert [(one.new, list(one.errors)) for one in shown.context["outcome"].lines] == [(True, [])] * len(numbers)
        return len(asked)

    data = sent("")
    statements(range(1))
    # Three savepoints, a lock, the organisation and its relation, each with its line of the journal.
    assert statements(range(2, 6)) - statements(range(6, 7)) == 3 * (3 * 2 + 1 + 4)
