"""Jobs whose worker died are taken up again."""

import datetime

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from totem.core import mail
from totem.core.jobs import DEAD_AFTER_SECONDS, retry_stalled_jobs


def taken_by_a_worker_last_seen(seconds_ago: int) -> ProcrastinateJob:
    """A mail's job in the hands of a worker that last gave a sign of life then."""
    mail.queue(
        key="test:stalled",
        to="reader@example.org",
        language="fr",
        template="accounts/mail/login_code",
        context={"code": "1"},
    )
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


def run_the_minute() -> None:
    context = JobContext(
        app=app.current_app if hasattr(app, "current_app") else app,
        start_timestamp=0,
        job=None,
        abort_reason=lambda: None,
    )
    async_to_sync(retry_stalled_jobs.func)(context, 0)


@pytest.mark.django_db
def test_the_job_of_a_dead_worker_is_put_back_to_work():
    job = taken_by_a_worker_last_seen(DEAD_AFTER_SECONDS + 5)
    run_the_minute()
    job.refresh_from_db()
    assert job.status == "todo"


@pytest.mark.django_db
def test_the_job_of_a_living_worker_is_left_to_it():
    job = taken_by_a_worker_last_seen(DEAD_AFTER_SECONDS - 20)
    run_the_minute()
    job.refresh_from_db()
    assert job.status == "doing"


def test_every_job_of_the_rooms_is_found():
    assert {"core.send_mail", "core.retry_stalled_jobs", "core.purge", "core.forget_finished_jobs"} <= set(app.tasks)
