"""The two queues of jobs, each done by worker processes of its own, and how late what waits in them is.

A search for partners takes minutes and anybody with an account may ask for one: it must never stand before a mail.
"""

from dataclasses import dataclass
from typing import Final

from django.db import connection

URGENT: Final = "urgent"
"""Mails, and what has to happen within the minute; a job here is short."""
LONG: Final = "long"
"""Computations and nightly work, which may take minutes."""
QUEUES: Final = (URGENT, LONG)


@dataclass(frozen=True, kw_only=True)
class WaitingJobs:
    """The jobs of a queue that are due and not begun: their number, and for how many seconds the oldest has been."""

    queue: str
    count: int
    seconds: int

    @property
    def minutes(self) -> int:
        return self.seconds // 60


@dataclass(frozen=True, kw_only=True)
class JobFigures:
    """What waits, by queue; the jobs that failed for good; for how many seconds the oldest mail has not been sent."""

    waiting: tuple[WaitingJobs, ...]
    failed: int
    oldest_mail_seconds: int

    @property
    def oldest_mail_minutes(self) -> int:
        return self.oldest_mail_seconds // 60


# When a job became due: its event of creation says it where it was never scheduled for later.
_DUE = """
    SELECT queue_name, coalesce(scheduled_at, (SELECT min(at) FROM procrastinate_events WHERE job_id = job.id)) AS due
    FROM procrastinate_jobs job WHERE status = 'todo'
"""
_WAITING = f"""
    SELECT queue_name, count(*), coalesce(extract(epoch FROM now() - min(due)), 0)::integer
    FROM ({_DUE}) AS jobs WHERE due <= now() GROUP BY queue_name
"""  # noqa: S608 - constant
# A mail that failed for good counts among the failed jobs: it waits no more.
_OLDEST_MAIL = """
    SELECT coalesce(extract(epoch FROM now() - min(mail.created_at)), 0)::integer
    FROM core_mail mail JOIN procrastinate_jobs job ON mail.id = (job.args ->> 'mail_id')::bigint
    WHERE job.task_name = 'core.send_mail' AND job.status IN ('todo', 'doing') AND mail.sent_at IS NULL
"""


def job_figures() -> JobFigures:
    """What waits and since when, by the database's clock. A queue in which nothing is due is there with zeros."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        due = {name: (count, seconds) for name, count, seconds in cursor.fetchall()}
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'")
        (failed,) = cursor.fetchone()
        cursor.execute(_OLDEST_MAIL)
        (oldest,) = cursor.fetchone()
    waiting = [(name, *due.get(name, (0, 0))) for name in sorted({*QUEUES, *due})]
    return JobFigures(
        waiting=tuple(WaitingJobs(queue=name, count=count, seconds=seconds) for name, count, seconds in waiting),
        failed=failed,
        oldest_mail_seconds=oldest,
    )


def waits(queueing_lock: str) -> bool:
    """Whether the job of that queueing lock waits, not begun: it will see what is committed by now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE queueing_lock = %s AND status = 'todo')",
            [queueing_lock],
        )
        return bool(cursor.fetchone()[0])
