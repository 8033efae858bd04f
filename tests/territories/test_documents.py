"""A territory's documents: who sends, sees, publishes and erases them; how they are served; race conditions."""

from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.urls import reverse

from tests.concurrency import at_once, outcomes_at_once
from tests.core.test_files import PDF, SOUND, upload
from tests.factories.accounts import UserFactory
from tests.factories.territories import DocumentFactory, WorkspaceFactory, WorkspaceMemberFactory
from totem.accounts.actions import erase_person, export_personal_data
from totem.core.files import check_upload, content_of
from totem.core.models import JournalEntry, StoredFile
from totem.territories import actions
from totem.territories.models import Document, ErasureReason, Workspace

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
ROLES = ("officer", "agent", "reader")
db = pytest.mark.django_db


@pytest.fixture
def workspace() -> Workspace:
    return WorkspaceFactory(name="Amiens")


@pytest.fixture
def team(workspace, client):
    """Signs in as somebody of the team in that role."""

    def sign_in(role: str = "officer"):
        person = WorkspaceMemberFactory(workspace=workspace, role=role).person
        client.force_login(person)
        return person

    return sign_in


def listing(workspace: Workspace) -> str:
    return reverse("territories:documents", args=[workspace.slug])


def url_of(document: Document, name: str = "document") -> str:
    return reverse(f"territories:{name}", args=[document.workspace.slug, document.pk])


def document_form(name: str = "Délibération.pdf", content: bytes = PDF, kind: str = "application/pdf", title: str = ""):
    return {"file": SimpleUploadedFile(name, content, kind), "title": title}


def erase(document: Document, by=None, title: str = "") -> Document:
    return actions.erase_document(
        document=document, reason=ErasureReason.PERSONAL, title=title, by=by or UserFactory(), now=NOW
    )


@db
class TestSending:
    @pytest.mark.parametrize("role", ["officer", "agent"])
    def test_it_stands_in_the_list_with_its_digest(self, client, team, workspace, role):
        person = team(role)
        response = client.post(listing(workspace), document_form(title="Délibération du 12 mars 2014"))
        document = Document.objects.get()
        assert response.url == f"{listing(workspace)}#document-{document.pk}"
        assert (document.added_by, document.workspace, document.public) == (person, workspace, False)
        page = client.get(listing(workspace)).content.decode()
        for words in ("Délibération du 12 mars 2014", "Délibération.pdf", "PDF", document.sha256, person.name):
            assert words in page
        assert content_of(document.sha256) == PDF
        entry = JournalEntry.objects.get(verb="territories.document_added")
        assert entry.facts["sha256"] == document.sha256
        assert "Délibération" not in str(entry.facts)

    def test_a_reader_sees_them_and_adds_none(self, client, team, workspace):
        document = DocumentFactory(workspace=workspace)
        team("reader")
        page = client.get(listing(workspace)).content.decode()
        assert document.sha256 in page
        assert 'type="file"' not in page
        assert client.post(listing(workspace), document_form()).status_code == 404
        assert client.post(url_of(document, "document_public"), {"public": "yes"}).status_code == 404
        assert Document.objects.get().public is False

    def test_a_refused_one_keeps_what_was_typed(self, client, team, workspace):
        team()
        response = client.post(listing(workspace), document_form("a.png", PDF, "image/png", title="Le titre"))
        assert response.status_code == 422
        page = response.content.decode()
        assert "Le titre" in page
        assert "a.png" in page
        assert not Document.objects.exists()
        assert not StoredFile.objects.exists()

    def test_above_the_limit(self, client, team, workspace, settings):
        settings.DOCUMENT_MAX_BYTES = 1024 * 1024
        team()
        response = client.post(listing(workspace), document_form(content=PDF + b"%" * settings.DOCUMENT_MAX_BYTES))
        assert response.status_code == 422
        assert "1 M" in response.content.decode().replace("\xa0", " ")

    def test_without_a_file_or_with_a_title_too_long(self, client, team, workspace):
        team()
        assert client.post(listing(workspace), {"title": "x"}).status_code == 422
        assert client.post(listing(workspace), document_form(title="x" * 201)).status_code == 422
        assert not Document.objects.exists()

    def test_the_same_bytes_again_are_the_same_document(self, workspace):
        def add(name: str, space: Workspace | None, title: str) -> Document:
            return actions.add_document(
                workspace=space, checked=check_upload(upload(name, PDF)), title=title, by=UserFactory()
            )

        first = add("a.pdf", workspace, "Le premier")
        assert add("b.pdf", workspace, "Le second") == first
        elsewhere, public = add("a.pdf", WorkspaceFactory(), ""), add("a.pdf", None, "")
        assert len({first.pk, elsewhere.pk, public.pk}) == 3
        assert (first.public, public.public) == (False, True)
        assert StoredFile.objects.count() == 1
        assert JournalEntry.objects.filter(verb="territories.document_added").count() == 3

    @pytest.mark.parametrize("rows", [1, 3])
    def test_the_list_costs_the_same_however_long(self, client, team, workspace, rows, django_assert_num_queries):
        for _ in range(rows):
            DocumentFactory(workspace=workspace, added_by=UserFactory())
        team("agent")
        with django_assert_num_queries(8):
            client.get(listing(workspace))

    def test_the_workspace_links_to_its_documents(self, client, team, workspace):
        team("reader")
        page = client.get(reverse("territories:workspace", args=[workspace.slug])).content.decode()
        assert f'href="{listing(workspace)}"' in page


@db
class TestServing:
    @pytest.mark.parametrize("role", ROLES)
    def test_the_team_gets_the_bytes_as_they_came(self, client, team, workspace, role):
        document = DocumentFactory(workspace=workspace, stored__content=PDF, name="Délibération n° 2.pdf")
        team(role)
        response = client.get(url_of(document))
        assert response.content == PDF
        assert response["Content-Type"] == "application/pdf"
        disposition = response["Content-Disposition"]
        assert disposition.startswith("attachment")
        assert "filename*=utf-8''D%C3%A9lib%C3%A9ration%20n%C2%B0%202.pdf" in disposition
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"] == "sandbox"
        assert response["ETag"] == f'"{document.sha256}"'
        assert {"private", "no-cache"} == {part.strip() for part in response["Cache-Control"].split(",")}

    def test_unchanged_bytes_are_not_sent_again(self, client, team, workspace):
        document = DocumentFactory(workspace=workspace)
        team("reader")
        response = client.get(url_of(document), headers={"if-none-match": f'"{document.sha256}"'})
        assert (response.status_code, response.content) == (304, b"")
        assert client.get(url_of(document), headers={"if-none-match": '"x"'}).status_code == 200

    def test_the_digest_of_a_document_reveals_nothing_to_a_stranger(self, client, workspace):
        document = DocumentFactory(workspace=workspace)
        headers = {"if-none-match": f'"{document.sha256}"'}
        assert client.get(url_of(document), headers=headers).status_code == 404

    def test_strangers_and_other_teams_find_nothing(self, client, workspace):
        document = DocumentFactory(workspace=workspace)
        other = WorkspaceMemberFactory()
        for sign_in in (None, UserFactory(), other.person):
            if sign_in is not None:
                client.force_login(sign_in)
            assert client.get(url_of(document)).status_code == 404
            assert client.get(reverse("territories:public_document", args=[document.pk])).status_code == 404
        under_own = reverse("territories:document", args=[other.workspace.slug, document.pk])
        assert client.get(under_own).status_code == 404
        erasing = reverse("territories:document_erase", args=[other.workspace.slug, document.pk])
        assert client.post(erasing, {"reason": "mistake"}).status_code == 404
        assert client.get(listing(workspace)).status_code == 404
        assert client.post(listing(workspace), document_form()).status_code == 404
        assert content_of(document.sha256)

    def test_what_is_public_is_for_everybody_until_it_is_withdrawn(self, client, team, workspace):
        document = DocumentFactory(workspace=workspace)
        team("agent")
        assert client.post(url_of(document, "document_public"), {"public": "yes"}).status_code == 302
        client.logout()
        assert client.get(url_of(document)).status_code == 200
        team("agent")
        client.post(url_of(document, "document_public"), {"public": "no"})
        client.logout()
        assert client.get(url_of(document)).status_code == 404
        facts = JournalEntry.objects.filter(verb="territories.document_public_set").order_by("pk")
        assert [entry.facts["public"] for entry in facts] == [True, False]

    def test_public_data_have_an_address_without_a_workspace(self, client):
        document = DocumentFactory(workspace=None, public=True)
        assert client.get(document.get_absolute_url()).status_code == 200

    def test_a_page_sent_as_text_never_runs(self, client, team, workspace):
        """Text that contains markup is served as a download, never displayed."""
        team()
        client.post(listing(workspace), document_form("a.txt", b"note\n<script>alert(1)</script>", "text/plain"))
        response = client.get(url_of(Document.objects.get()))
        assert response["Content-Type"] == "text/plain"
        assert response["Content-Disposition"].startswith("attachment")
        assert (response["Content-Security-Policy"], response["X-Content-Type-Options"]) == ("sandbox", "nosniff")


@db
class TestErasing:
    def test_the_officer_erases_and_the_page_says_so(self, client, team, workspace):
        document = DocumentFactory(workspace=workspace, name="CV de Zoé Unique.pdf", title="CV de Zoé Unique")
        officer = team()
        assert "CV de Zoé Unique" in client.get(url_of(document, "document_erase")).content.decode()
        answer = client.post(url_of(document, "document_erase"), {"reason": "asked", "title": "Un CV"})
        assert answer.url == f"{listing(workspace)}#document-{document.pk}"
        row = Document.objects.get()
        assert (row.name, row.title, row.sha256, row.stored_id) == ("document.pdf", "Un CV", document.sha256, None)
        assert content_of(row.sha256) is None
        page = client.get(listing(workspace)).content.decode()
        assert "Un CV" in page
        assert "Zoé Unique" not in page
        assert f'href="{url_of(row)}"' not in page
        gone = client.get(url_of(row))
        assert gone.status_code == 410
        assert row.sha256 in gone.content.decode()
        entry = JournalEntry.objects.get(verb="territories.document_erased")
        assert entry.actor_id == officer.pk
        assert entry.facts == {"sha256": row.sha256, "reason": "asked", "bytes_deleted": True}

    @pytest.mark.parametrize("role", ["agent", "reader"])
    def test_nobody_else_does(self, client, team, workspace, role):
        document = DocumentFactory(workspace=workspace)
        team(role)
        assert client.get(url_of(document, "document_erase")).status_code == 404
        assert client.post(url_of(document, "document_erase"), {"reason": "asked"}).status_code == 404
        assert url_of(document, "document_erase") not in client.get(listing(workspace)).content.decode()
        assert Document.objects.get().erased_at is None

    def test_without_a_reason_nothing_goes(self, client, team, workspace):
        document = DocumentFactory(workspace=workspace)
        team()
        for sent_form in ({"title": "Gardé"}, {"reason": "because", "title": "Gardé"}):
            response = client.post(url_of(document, "document_erase"), sent_form)
            assert response.status_code == 422
            assert "Gardé" in response.content.decode()
        assert content_of(document.sha256)

    def test_a_territory_erases_its_own_only(self, workspace):
        mine, theirs = (
            DocumentFactory(workspace=space, stored__content=PDF) for space in (workspace, WorkspaceFactory())
        )
        erase(mine)
        assert content_of(theirs.sha256) == PDF
        assert JournalEntry.objects.get(verb="territories.document_erased").facts["bytes_deleted"] is False
        erase(theirs)
        assert content_of(theirs.sha256) is None

    def test_sent_again_it_is_another_document(self, client, team, workspace):
        erased = erase(DocumentFactory(workspace=workspace, stored__content=PDF))
        team()
        client.post(listing(workspace), document_form())
        new = Document.objects.exclude(pk=erased.pk).get()
        assert client.get(url_of(new)).content == PDF
        assert client.get(url_of(erased)).status_code == 410

    def test_again_changes_nothing(self, workspace):
        document = erase(DocumentFactory(workspace=workspace), title="Avant")
        assert erase(document, title="Après").title == "Avant"

    def test_whoever_sent_one_can_be_erased(self, workspace):
        person = WorkspaceMemberFactory(workspace=workspace, role="agent").person
        WorkspaceMemberFactory(workspace=workspace)
        document = DocumentFactory(workspace=workspace, added_by=person, title="Un plan")
        rows = export_personal_data(person=person)["documents"]
        assert [(row["title"], row["sha256"]) for row in rows] == [("Un plan", document.sha256)]
        erase_person(person=person, actor_id=person.pk, now=NOW)
        document.refresh_from_db()
        assert document.added_by.name == ""
        assert content_of(document.sha256)

    def test_the_list_does_not_show_the_address_of_whoever_was_erased(self, client, team, workspace):
        person = UserFactory()
        DocumentFactory(workspace=workspace, added_by=person)
        erase_person(person=person, actor_id=person.pk, now=NOW)
        team()
        assert "erased.invalid" not in client.get(listing(workspace)).content.decode()


@db
class TestTheDatabase:
    @pytest.mark.parametrize(
        "change",
        [{"sha256": "0" * 64}, {"size": 1}, {"content_type": "text/html"}, {"name": "x.pdf"}, {"workspace": None}],
    )
    def test_a_document_stays_what_was_sent(self, change):
        DocumentFactory(public=True)
        with pytest.raises(ProgrammingError, match="is kept"), transaction.atomic():
            Document.objects.update(**change)

    def test_a_document_is_never_deleted(self):
        with pytest.raises(ProgrammingError, match=r"is kept|permission denied"), transaction.atomic():
            DocumentFactory().delete()

    def test_an_erased_one_stays_erased(self, workspace):
        document = erase(DocumentFactory(workspace=workspace, stored__content=PDF))
        other = DocumentFactory(stored__content=PDF)
        for change in ({"erased_at": None, "stored": other.stored}, {"name": "x.pdf"}):
            with pytest.raises(ProgrammingError, match="is kept"), transaction.atomic():
                Document.objects.filter(pk=document.pk).update(**change)

    @pytest.mark.parametrize("change", [{"stored": None}, {"erased_at": NOW}])
    def test_no_document_without_its_bytes_and_no_bytes_of_an_erased_one(self, change):
        DocumentFactory()
        with pytest.raises(IntegrityError, match="document_has_its_bytes_until_erased"), transaction.atomic():
            Document.objects.update(**change)

    def test_its_bytes_have_its_digest(self):
        with pytest.raises(IntegrityError, match="document_has_its_bytes_until_erased"), transaction.atomic():
            DocumentFactory(sha256="0" * 64)

    def test_a_document_of_nobody_is_public(self):
        with pytest.raises(IntegrityError, match="document_has_readers"), transaction.atomic():
            DocumentFactory(workspace=None)

    def test_a_workspace_has_a_document_once(self, workspace):
        DocumentFactory(workspace=workspace, stored__content=PDF)
        with pytest.raises(IntegrityError, match="document_once"), transaction.atomic():
            DocumentFactory(workspace=workspace, stored__content=PDF)

    def test_the_bytes_that_a_document_stands_on_are_not_deleted(self):
        document = DocumentFactory()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            with pytest.raises(IntegrityError, match="foreign key"), transaction.atomic():
                cursor.execute("DELETE FROM core_storedfile WHERE sha256 = %s", [document.sha256])
        assert content_of(document.sha256)


class TestTwoAtOnce:
    def test_one_file_sent_by_eight_is_kept_once_and_all_succeed(self, committed_db):
        here, there, person = WorkspaceFactory(), WorkspaceFactory(), UserFactory()
        file = check_upload(upload("a.pdf", PDF))

        def add(space: Workspace):
            return lambda: actions.add_document(workspace=space, checked=file, title="", by=person).pk

        results = at_once(*(add(space) for space in (here, there) * 4))
        assert len(set(results[::2])) == len(set(results[1::2])) == 1
        assert set(results) == set(Document.objects.values_list("pk", flat=True))
        assert StoredFile.objects.count() == 1

    def test_eight_files_at_once_take_no_more_than_the_quota(self, committed_db):
        workspace = WorkspaceFactory(quota=2 * len(PDF) + 10)

        def add(number: int):
            file = check_upload(upload("a.pdf", PDF + b"%d" % number))
            return lambda: actions.add_document(workspace=workspace, checked=file, title="", by=None)

        outcomes = outcomes_at_once(*map(add, range(8)))
        assert (outcomes["done"], outcomes["ValidationError"]) == (2, 6)

    def test_erased_by_one_while_others_send_it(self, committed_db):
        person, file = UserFactory(), check_upload(upload("a.docx", SOUND["docx"]))
        spaces = [WorkspaceFactory() for _ in range(4)]
        document = actions.add_document(workspace=spaces[0], checked=file, title="", by=person)

        def add(space: Workspace):
            return lambda: actions.add_document(workspace=space, checked=file, title="", by=person)

        results = at_once(lambda: erase(document, person), *(add(space) for space in spaces))
        assert all(isinstance(result, Document) for result in results), results
        assert content_of(file.sha256) == file.content  # three other documents have the same stored file
        living = Document.objects.filter(erased_at=None)
        assert all(row.stored_id == file.sha256 for row in living)
        assert len(living) in {3, 4}
