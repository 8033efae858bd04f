"""Territories wait for the staff's approval, and their first publication for another; the database holds to it."""

from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse

from tests.core.test_files import PDF, upload
from tests.factories.accounts import UserFactory
from tests.factories.labels import BoardFactory
from tests.factories.territories import DocumentFactory, PerimeterFactory, WorkspaceFactory, WorkspaceMemberFactory
from totem.core.files import check_upload
from totem.core.models import JournalEntry, Mail
from totem.territories import actions, approvals
from totem.territories.models import Document, Workspace, WorkspaceState
from totem.territories.queries import BYTES_BEFORE_APPROVAL, quota_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
REQUESTS = reverse("core:requests")
STATES = [state for state in WorkspaceState if state != WorkspaceState.TRUSTED]


def page_of(workspace: Workspace, name: str = "workspace") -> str:
    return reverse(f"territories:{name}", args=[workspace.slug])


def publishable() -> list[type]:
    """The models of every room whose rows a workspace publishes."""
    return [m for m in apps.get_models() if {"workspace", "public"} <= {field.name for field in m._meta.fields}]


def test_from_the_request_to_the_first_publication(client):
    staff, person = UserFactory(is_staff=True), UserFactory()
    client.force_login(person)
    asked = {"name": "Amiens Métropole", "request": "Service numérique de l’agglomération."}
    page = client.post(reverse("territories:workspace_create"), asked, follow=True).content.decode()
    workspace = Workspace.objects.get()
    assert workspace.state == "requested"
    assert "attend un accord" in page
    assert Mail.objects.get(to=staff.email).text.count("Service numérique de l’agglomération.") == 1

    other = UserFactory()
    assert client.post(page_of(workspace, "member_set"), {"email": other.email, "role": "agent"}).status_code == 422
    perimeter = PerimeterFactory(workspace=workspace)
    publish = reverse("territories:perimeter_public", args=[perimeter.slug])
    assert "demandez-le" in client.post(publish, {"public": "yes"}, follow=True).content.decode()

    client.force_login(staff)
    assert "Amiens Métropole" in client.get(REQUESTS).content.decode()
    answer = page_of(workspace, "staff_workspace")
    assert client.get(reverse("territories:perimeter", args=[perimeter.slug])).status_code == 404
    assert client.post(answer, {"seen": "requested", "answer": "yes"}).status_code == 302
    assert Mail.objects.filter(to=person.email).count() == 1
    assert "Amiens Métropole" not in client.get(REQUESTS).content.decode()

    client.force_login(person)
    assert client.post(page_of(workspace, "member_set"), {"email": other.email, "role": "agent"}).status_code == 302
    client.post(publish, {"public": "yes"})
    client.post(page_of(workspace, "approval_ask"), {"request": "Notre périmètre."})

    client.force_login(staff)
    assert (
        client.get(reverse("territories:perimeter", args=[perimeter.slug])).status_code == 200
    )  # to answer, one reads
    client.post(answer, {"seen": "asks", "answer": "yes", "reason": "Bienvenue."})
    assert client.get(page_of(workspace)).status_code == 404

    client.force_login(person)
    perimeter.refresh_from_db()
    assert not perimeter.public
    client.post(publish, {"public": "yes"})
    perimeter.refresh_from_db()
    assert perimeter.public
    verbs = JournalEntry.objects.filter(verb__startswith="territories.approval").values_list("actor_id", "facts__state")
    assert list(verbs.order_by("pk")) == [(staff.pk, "approved"), (person.pk, "asks"), (staff.pk, "trusted")]


@pytest.mark.parametrize("state", STATES)
def test_the_database_refuses_what_an_untrusted_workspace_publishes(state):
    workspace = WorkspaceFactory(state=state, answer="Non.")
    hidden = PerimeterFactory(workspace=workspace)
    for write in (
        lambda: DocumentFactory(workspace=workspace, public=True),
        lambda: BoardFactory(workspace=workspace, public=True, perimeter=hidden),
        lambda: type(hidden).objects.filter(pk=hidden.pk).update(public=True),
    ):
        with pytest.raises(IntegrityError, match="not approved"), transaction.atomic():
            write()


def test_every_model_that_a_workspace_publishes_has_the_trigger():
    assert len(publishable()) >= 11
    for model in publishable():
        names = [trigger.name for trigger in model._meta.triggers]
        assert any(name.endswith("_published_by_trusted") for name in names), model


def test_trust_is_withdrawn_once_nothing_is_public_and_the_action_hides_all(client):
    workspace, staff = WorkspaceFactory(), UserFactory(is_staff=True)
    perimeter = PerimeterFactory(workspace=workspace, public=True)
    document, board = DocumentFactory(workspace=workspace, public=True), BoardFactory(workspace=workspace, public=True)
    elsewhere = PerimeterFactory(public=True)
    with pytest.raises(IntegrityError, match="still shows"), transaction.atomic():
        Workspace.objects.filter(pk=workspace.pk).update(state="approved")
    client.force_login(staff)
    url = page_of(workspace, "staff_workspace")
    assert client.post(url, {"seen": "trusted", "answer": "no", "reason": ""}).status_code == 422
    assert client.post(url, {"seen": "trusted", "answer": "no", "reason": "Usurpation."}).status_code == 302
    for row in (perimeter, document, board, elsewhere):
        row.refresh_from_db()
    assert [perimeter.public, document.public, board.public, elsewhere.public] == [False, False, False, True]


def test_two_answers_at_one_request_the_second_is_refused():
    workspace, staff = WorkspaceFactory(state="requested"), UserFactory(is_staff=True)
    approvals.answer(workspace=workspace, seen="requested", yes=False, reason="Inconnu.", by=staff)
    with pytest.raises(ValidationError):
        approvals.answer(workspace=workspace, seen="requested", yes=True, reason="", by=staff)
    workspace.refresh_from_db()
    assert (workspace.state, workspace.answer) == ("refused", "Inconnu.")


def test_one_person_has_few_requests_waiting():
    person = UserFactory()
    for n in range(3):
        actions.create_workspace(name=f"T{n}", request="x", by=person)
    with pytest.raises(ValidationError):
        actions.create_workspace(name="T", request="x", by=person)
    assert Workspace.objects.count() == 3


@pytest.mark.usefixtures("plain_refusals")
def test_pages_of_the_staff_do_not_exist_for_others(client):
    workspace = WorkspaceMemberFactory().workspace
    client.force_login(workspace.members.get().person)
    urls = [REQUESTS, reverse("territories:staff_workspaces"), page_of(workspace, "staff_workspace")]
    assert {client.get(url).status_code for url in urls} == {404}
    assert client.post(page_of(workspace, "staff_quota"), {"megabytes": 9}).status_code == 404


@pytest.mark.parametrize("many", [1, 3])
def test_the_lists_of_the_staff_take_a_constant_number_of_queries(client, many, django_assert_num_queries):
    for n in range(many):
        WorkspaceFactory(state="requested", name=f"Territoire {n}")
    client.force_login(UserFactory(is_staff=True))
    client.get(REQUESTS)
    with django_assert_num_queries(7):  # session, person, their hubs and territories, the counts of two kinds, the rows
        assert "Territoire 0" in client.get(REQUESTS).content.decode()
    with django_assert_num_queries(6):
        client.get(reverse("territories:staff_workspaces"))


class TestQuotas:
    def add(self, workspace: Workspace, content: bytes = PDF) -> Document:
        checked = check_upload(upload("a.pdf", content))
        return actions.add_document(workspace=workspace, checked=checked, title="", by=None)

    def test_more_than_the_quota_is_refused_at_the_field_with_what_is_used(self, client, settings):
        settings.WORKSPACE_MAX_BYTES = 2 * len(PDF) + 10
        member = WorkspaceMemberFactory()
        for n in range(2):
            self.add(member.workspace, PDF + b"%d" % n)
        client.force_login(member.person)
        sent = {"file": SimpleUploadedFile("c.pdf", PDF + b"two", "application/pdf"), "title": "Le titre"}
        response = client.post(page_of(member.workspace, "documents"), sent)
        assert response.status_code == 422
        assert f"{2 * len(PDF) + 2}\xa0octets" in response.context["form"].errors["file"][0]
        assert "Le titre" in response.content.decode()
        assert Document.objects.count() == 2

    def test_erasing_gives_room_the_staff_gives_more_and_unapproved_ones_have_little(self, client, settings):
        settings.WORKSPACE_MAX_BYTES = len(PDF)
        workspace, staff = WorkspaceFactory(), UserFactory(is_staff=True)
        first = self.add(workspace)
        with pytest.raises(ValidationError):
            self.add(workspace, PDF + b"%")
        actions.erase_document(document=first, reason="mistake", title="", by=staff, now=NOW)
        self.add(workspace)
        client.force_login(staff)
        client.post(page_of(workspace, "staff_quota"), {"megabytes": "1"})
        self.add(workspace, PDF + b"%")
        assert JournalEntry.objects.get(verb="territories.quota_set").facts == {"bytes": 1024 * 1024}
        assert quota_of(WorkspaceFactory.build(state="requested", quota=10**12)) == BYTES_BEFORE_APPROVAL
