"""Jobs whose worker died are retried."""

import datetime
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from asgiref.sync import async_to_sync
from django.core import mail as django_mail
from django.db import connection
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from totem.core import mail
from totem.core.jobs import DEAD_AFTER_SECONDS, retry_stalled_jobs, send_mail
from totem.core.models import Mail


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


@pytest.mark.django_db
def test_the_job_of_a_living_worker_is_left_to_it():
    job = taken_by_a_worker_last_seen(DEAD_AFTER_SECONDS - 20)
    retry_stalled()
    job.refresh_from_db()
    assert job.status == "doing"


def test_every_job_of_the_rooms_is_found():
    assert {"core.send_mail", "core.retry_stalled_jobs", "core.purge", "core.forget_finished_jobs"} <= set(app.tasks)


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
