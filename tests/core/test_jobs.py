"""Jobs whose worker died are retried; mails never wait for long work; what waits is measured."""

import datetime
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from asgiref.sync import async_to_sync
from django.core import mail as django_mail
from django.db import connection
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from config.worker import CONCURRENCY
from tests.serving import Totem
from totem.core import mail
from totem.core.jobs import DEAD_AFTER_SECONDS, move_jobs, retry_stalled_jobs, send_mail
from totem.core.models import Mail
from totem.core.queues import job_figures
from totem.labels.jobs import search_partners


def a_mail() -> Mail:
    return mail.queue(
        key="test:stalled",
        to="reader@example.org",
        language="fr",
        template="accounts/mail/login_code",
        context={"code": "1"},
    )


def taken_by_a_worker_last_seen(seconds_ago: int) -> ProcrastinateJob:
    """The job of a mail, being done by a worker whose last heartbeat is so many seconds old."""
    a_mail()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - %s) RETURNING id",
            [datetime.timedelta(seconds=seconds_ago)],
        )
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE task_name = 'core.send_mail'",
            [cursor.fetchone()[0]],
        )
    return ProcrastinateJob.objects.get(task_name="core.send_mail")


def retry_stalled() -> None:
    context = JobContext(app=app, start_timestamp=0, job=None, abort_reason=lambda: None)
    async_to_sync(retry_stalled_jobs.func)(context, 0)


@pytest.mark.django_db
def test_the_job_of_a_dead_worker_is_put_back_to_work():
    job = taken_by_a_worker_last_seen(DEAD_AFTER_SECONDS + 5)
    retry_stalled()
    job.refresh_from_db()
    assert job.status == "todo"


def test_the_job_of_a_dead_worker_that_waits_again_is_done_once(committed_db):
    job = taken_by_a_worker_last_seen(DEAD_AFTER_SECONDS + 5)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET queueing_lock = 'one' WHERE id = %s", [job.pk])
    again = app.configure_task("core.send_mail", queueing_lock="one").defer(mail_id=0)
    retry_stalled()
    assert list(ProcrastinateJob.objects.values_list("id", "status")) == [(again, "todo")]
    retry_stalled()


@pytest.mark.django_db
def test_the_job_of_a_living_worker_is_left_to_it():
    job = taken_by_a_worker_last_seen(DEAD_AFTER_SECONDS - 20)
    retry_stalled()
    job.refresh_from_db()
    assert job.status == "doing"


def test_every_job_of_the_rooms_is_found():
    assert {"core.send_mail", "core.retry_stalled_jobs", "core.purge", "core.forget_finished_jobs"} <= set(app.tasks)


# -- Queues -----------------------------------------------------------------------------------------------------------


def waits(seconds: int) -> None:
    """Every job that waits was queued so long ago."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_events SET at = at - %s", [datetime.timedelta(seconds=seconds)])


@pytest.mark.django_db
def test_what_waits_and_since_when_is_measured():
    written = a_mail()
    Mail.objects.filter(pk=written.pk).update(created_at=written.created_at - datetime.timedelta(minutes=9))
    search_partners.defer(search_id=1)
    waits(300)
    search_partners.configure(schedule_in={"hours": 1}).defer(search_id=2)
    figures = job_figures()
    assert [(one.queue, one.count, one.seconds) for one in figures.waiting] == [("long", 1, 300), ("urgent", 1, 300)]
    assert (figures.failed, figures.oldest_mail_seconds) == (0, 540)

    ProcrastinateJob.objects.filter(task_name="core.send_mail").update(status="failed")
    assert (job_figures().failed, job_figures().oldest_mail_seconds) == (1, 0)


@pytest.mark.django_db
def test_jobs_queued_by_the_former_version_are_done_by_this_one():
    a_mail()
    search_partners.defer(search_id=1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET queue_name = 'default'")
    move_jobs(0)
    found = dict(ProcrastinateJob.objects.values_list("task_name", "queue_name"))
    assert found == {"core.send_mail": "urgent", "labels.search_partners": "long"}


def test_a_mail_leaves_while_searches_take_all_that_does_long_work(committed_db, silent_mail_server, tmp_path: Path):
    """The searches, twice as many as run at the same time, wait for a locked table."""
    with psycopg.connect(committed_db) as locking:
        locking.execute("LOCK TABLE labels_search")
        for pk in range(2 * CONCURRENCY):
            search_partners.defer(search_id=pk)
        a_mail()
        worker = Totem(
            "worker",
            DATABASE_URL=committed_db,
            TOTEM_DATA=str(tmp_path),
            TOTEM_SMTP_HOST="127.0.0.1",
            TOTEM_SMTP_PORT=str(silent_mail_server.getsockname()[1]),
            TOTEM_SMTP_TLS="no",
        )
        try:
            silent_mail_server.accept()[0].close()
        finally:
            silent_mail_server.close()
            locking.rollback()
            worker.stop()


@pytest.fixture
def silent_mail_server() -> Iterator[socket.socket]:
    """A server that accepts connections and never answers: a worker that sends a mail through it blocks."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


def test_a_mail_whose_worker_is_killed_in_the_middle_is_sent_by_the_next(committed_db, silent_mail_server):
    written = a_mail()
    worker = subprocess.Popen(
        [sys.executable, "-m", "django", "procrastinate", "worker"],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "TOTEM_SMTP_HOST": "127.0.0.1",
            "TOTEM_SMTP_PORT": str(silent_mail_server.getsockname()[1]),
            "TOTEM_SMTP_TLS": "no",
        },
        stderr=subprocess.DEVNULL,
    )
    try:
        held, _address = silent_mail_server.accept()
    finally:
        worker.kill()
        worker.wait()
    held.close()
    written.refresh_from_db()
    assert written.sent_at is None
    job = ProcrastinateJob.objects.get(task_name="core.send_mail")
    assert job.status == "doing"

    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 hour'")
    retry_stalled()
    job.refresh_from_db()
    assert job.status == "todo"
    send_mail(**job.args)
    written.refresh_from_db()
    assert written.sent_at is not None
    assert [sent.message()["Message-ID"] for sent in django_mail.outbox] == [written.message_id]
