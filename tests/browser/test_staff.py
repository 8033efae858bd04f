"""The pages of the installation's staff in a real browser: empty, then with more rows than a page holds."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from tests.browsing import faults_at
from tests.factories.accounts import UserFactory
from tests.factories.territories import DocumentFactory, WorkspaceFactory, WorkspaceMemberFactory
from tests.serving import Site
from totem.core import mail
from totem.core.models import BackupRun, JobFailure, Mail

pytestmark = pytest.mark.browser
NAMES = ("core:state", "core:backups", "core:requests", "territories:staff_workspaces", "core:jobs", "core:mails",
         "accounts:staff")  # fmt: skip
MANY = 60


def fill() -> None:
    """More requests, failed jobs, unsent mails, backups and accounts than a page shows."""
    for n in range(MANY):
        WorkspaceFactory(name=f"Communauté d’agglomération d’exemple {n}", slug=f"t{n}", state="requested")
        mail.queue(key=f"accounts.login_code:{n}", to=f"adresse.assez.longue.{n}@exemple-de-domaine.example.org",
                   language="fr", template="accounts/mail/login_code", context={"code": "1"})  # fmt: skip
        BackupRun.objects.create(
            started_at=timezone.now(), ended_at=timezone.now(), path="/srv/b/totem.backup", size=1, sha256="a" * 64
        )
        UserFactory(is_staff=True)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE status = 'todo'")
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE status = 'doing' RETURNING id")
        jobs = [pk for (pk,) in cursor.fetchall()]
    error = "SMTPServerDisconnected: Connection unexpectedly closed while the server was being asked"
    JobFailure.objects.bulk_create(JobFailure(job_id=pk, error=error, at=timezone.now()) for pk in jobs)


def test_every_page_is_accessible_and_fits_empty_and_full(window: Callable[..., Page], server: Site):
    page = window(user=UserFactory(is_staff=True))
    assert not [fault for name in NAMES for fault in faults_at(page, reverse(name))]
    fill()
    workspace = WorkspaceMemberFactory(workspace__state="asks", workspace__request="Service numérique.").workspace
    DocumentFactory(workspace=workspace)
    urls = [*map(reverse, NAMES), reverse("territories:staff_workspace", args=[workspace.slug])]
    assert not [fault for url in urls for fault in faults_at(page, url)]
    page.goto(reverse("core:mails"))
    assert page.locator(".row-line").count() == 50
    page.locator('a[rel="next"]').click()
    assert page.locator(".row-line").count() == Mail.objects.filter(sent_at=None).count() - 50
