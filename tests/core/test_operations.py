"""Pages of the installation's staff: state, jobs that failed, mails that are not sent; and who belongs to the staff."""

import smtplib
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync
from django.core import mail as django_mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.factories.accounts import UserFactory
from totem.core import mail
from totem.core.jobs import send_mail
from totem.core.models import BackupRun, JobFailure, JournalEntry, Mail
from totem.core.operations.failures import forget_failures, keep_failure

pytestmark = pytest.mark.django_db
STATE, JOBS, MAILS, STAFF = (reverse(name) for name in ("core:state", "core:jobs", "core:mails", "accounts:staff"))
BACKUPS = reverse("core:backups")
PAGES = [STATE, BACKUPS, JOBS, MAILS, STAFF]


@pytest.fixture
def staff(client):
    person = UserFactory(is_staff=True)
    client.force_login(person)
    return person


def a_mail(n: int = 0) -> Mail:
    template, context = "accounts/mail/login_code", {"code": "654321"}
    return mail.queue(key=f"accounts.login_code:{n}", to=f"r{n}@example.org", language="fr", template=template,
                      context=context)  # fmt: skip


def job_of(row: Mail) -> ProcrastinateJob:
    return ProcrastinateJob.objects.get(task_name="core.send_mail", args={"mail_id": row.pk})


def failed(row: Mail, error: Exception) -> ProcrastinateJob:
    """The job of the mail as the worker leaves it once it has failed for good."""
    job = job_of(row)

    async def call_next():
        raise error

    context = JobContext(app=app, start_timestamp=0, job=job.procrastinate_job, abort_reason=lambda: None)
    with pytest.raises(type(error)):
        async_to_sync(keep_failure)(call_next, context, None)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = %s", [job.pk])
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE id = %s", [job.pk])
    return job


def test_a_failed_job_says_why_without_addresses_and_is_tried_again(client, staff):
    error = smtplib.SMTPRecipientsRefused({"r0@example.org": (550, b"No such user <r0@example.org>")})
    job = failed(a_mail(), error)
    page = client.get(JOBS).content.decode()
    assert "No such user" in page
    assert "core.send_mail" in page
    assert "r0@example.org" not in page
    client.post(reverse("core:job_retry", args=[job.pk]))
    job.refresh_from_db()
    assert job.status == "todo"
    entry = JournalEntry.objects.get(verb="core.job_retried")
    assert (entry.actor_id, entry.subject_id, entry.facts) == (staff.pk, job.pk, {"task": "core.send_mail"})
    client.post(reverse("core:job_retry", args=[job.pk]))
    assert JournalEntry.objects.filter(verb="core.job_retried").count() == 1


def test_the_failure_of_a_job_is_kept_as_long_as_the_job(staff):
    first, second = a_mail(1), a_mail(2)
    failed(first, OSError("away"))
    job = failed(second, OSError("away"))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE id = %s", [job.pk])
    forget_failures()
    assert list(JobFailure.objects.values_list("job_id", flat=True)) == [job_of(first).pk]


def test_a_mail_that_was_refused_is_listed_without_what_it_says_and_sent_again(client, staff):
    row = a_mail()
    failed(row, OSError("Connection refused"))
    page = client.get(MAILS).content.decode()
    assert "r0@example.org" in page
    assert "Connection refused" in page
    assert "654321" not in page  # with this code the staff would sign in as its reader
    client.post(reverse("core:mail_send", args=[row.pk]))
    assert job_of(row).status == "todo"
    send_mail(row.pk)
    assert len(django_mail.outbox) == 1
    assert "r0@example.org" not in client.get(MAILS).content.decode()
    client.post(reverse("core:mail_send", args=[row.pk]))
    assert JournalEntry.objects.filter(verb="core.mail_sent_again").count() == 1


def test_the_state_counts_what_waits(client, staff):
    failed(a_mail(), OSError("away"))
    state = client.get(STATE).context["state"]
    assert (state.jobs.failed, state.mails, state.mode) == (1, 1, "test")
    assert state.database_bytes > 0
    assert state.free_bytes > 0


def test_the_last_backup_is_shown_or_that_there_is_none(client, staff, settings):
    assert "Aucune sauvegarde" in client.get(BACKUPS).content.decode()
    assert "Aucune sauvegarde" in client.get(STATE).content.decode()
    day = datetime(2026, 11, 29, 3, tzinfo=UTC)
    made = {"started_at": day, "ended_at": day, "path": "/b/totem-1.backup", "size": 5 * 1024**2, "sha256": "a" * 64}
    BackupRun.objects.create(**made)
    BackupRun.objects.create(started_at=day, ended_at=day + timedelta(days=1), path="/b/2", error="The disk is full.")
    page = client.get(BACKUPS).content.decode()
    assert "The disk is full." in page
    assert "totem-1.backup" in page
    assert "29 novembre" in client.get(STATE).content.decode()


@pytest.mark.parametrize("many", [1, 3])
def test_lists_take_a_constant_number_of_queries(client, staff, many, django_assert_num_queries):
    for n in range(many):
        failed(a_mail(n), OSError("away"))
    client.get(JOBS)
    for url, count in ((JOBS, 10), (MAILS, 8), (STAFF, 6)):
        with django_assert_num_queries(count):
            client.get(url)


@pytest.mark.usefixtures("plain_refusals")
def test_for_others_there_is_no_such_page(client):
    client.force_login(UserFactory())
    row = a_mail()
    actions = [("core:job_retry", job_of(row).pk), ("core:mail_send", row.pk), ("accounts:staff_set", UserFactory().pk)]
    assert {client.get(url).status_code for url in PAGES} == {404}
    assert {client.post(reverse(name, args=[pk]), {"staff": "yes"}).status_code for name, pk in actions} == {404}


def test_staff_is_given_and_taken_but_not_from_oneself(client, staff):
    person = UserFactory(name="Zoé Martin", email="zoe@example.org")
    assert "zoe@example.org" not in client.get(STAFF).content.decode()
    assert "zoe@example.org" not in client.get(STAFF, {"q": "--"}).content.decode()
    for asked in ("zoe", "ZOE@EX", "martin zoé"):
        assert "zoe@example.org" in client.get(STAFF, {"q": asked}).content.decode()
    client.post(reverse("accounts:staff_set", args=[person.pk]), {"staff": "yes"})
    other = Client()
    other.force_login(person)
    assert other.get(STATE).status_code == 200
    for row in (staff, UserFactory(superuser=True)):
        client.post(reverse("accounts:staff_set", args=[row.pk]))
        row.refresh_from_db()
        assert row.is_staff
    client.post(reverse("accounts:staff_set", args=[person.pk]))
    assert other.get(STATE).status_code == 404
    facts = JournalEntry.objects.filter(verb="accounts.staff_set", subject_id=person.pk).order_by("pk")
    assert [entry.facts["is_staff"] for entry in facts] == [True, False]
