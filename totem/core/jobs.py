"""The jobs of every installation: sending mails, retrying jobs whose worker died, and nightly purges.

A room's own jobs stand in `totem/ROOM/jobs.py`, where procrastinate discovers them. Each job must be idempotent: a
worker can be killed after its work and before marking it done.
"""

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status

from totem.core import clock, demonstration, limits, mail, seals, signatures
from totem.core.backups import runs
from totem.core.operations.failures import forget_failures
from totem.core.queues import LONG, QUEUES, URGENT
from totem.core.rendering import queued

# A worker writes a heartbeat every ten seconds; three missed ones mean that it is dead.
DEAD_AFTER_SECONDS = 30
# What is done every minute goes before mails: a mail server that does not answer holds the job of each for a while.
FIRST = 1


# Eleven tries: after 2, 4, 8 ... s to half an hour, then the job is marked failed and `totem doctor` shows it.
@app.task(name="core.send_mail", queue=URGENT, retry=RetryStrategy(max_attempts=10, exponential_wait=2))
def send_mail(mail_id: int) -> None:
    """Send one mail of the outbox, unless it was sent already."""
    mail.deliver(mail_id)


@app.periodic(cron="* * * * *")
@app.task(
    name="core.retry_stalled_jobs",
    queue=URGENT,
    priority=FIRST,
    queueing_lock="core.retry_stalled_jobs",
    pass_context=True,
)
async def retry_stalled_jobs(context: JobContext, timestamp: int) -> None:  # noqa: ARG001
    """Retry the jobs whose worker has missed its heartbeats; drop those that wait again under their queueing lock."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER_SECONDS):
        try:
            await manager.retry_job(job)
        except UniqueViolation:
            await manager.finish_job(job, Status.ABORTED, delete_job=True)


@app.periodic(cron="* * * * *")
@app.task(name="core.move_jobs", queue=URGENT, priority=FIRST, queueing_lock="core.move_jobs")
def move_jobs(timestamp: int) -> None:  # noqa: ARG001
    """Move jobs that wait under another queue than their task declares.

    A process of the former version, which may run beside this one during an upgrade, queues them where no worker looks.
    """
    declared = {name: task.queue for name, task in app.tasks.items() if task.queue in QUEUES}
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET queue_name = declared.queue"
            " FROM unnest(%s::text[], %s::text[]) AS declared (task, queue)"
            " WHERE status = 'todo' AND task_name = declared.task AND queue_name <> declared.queue",
            [list(declared), list(declared.values())],
        )


@app.task(name="core.draw", queue=LONG, priority=FIRST)
def draw(address: str, language: str, person: int | None, client: str) -> None:  # noqa: ARG001 - counted by `queued`
    """Draw what the web processes had no time for, before other long work: somebody looks at an empty place."""
    queued.draw(queued.Wanted(address, language, person))


@app.periodic(cron="17 3 * * *")
@app.task(name="core.purge", queue=LONG, queueing_lock="core.purge")
def purge(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute it was due, by a worker's clock
    """Once a night: erase the content of old mails, end what was not signed in time, delete what is kept for a time."""
    mail.erase_old_mails(now=clock.now())
    limits.erase_old(now=clock.now())
    signatures.expire(now=clock.now())
    signatures.forget(now=clock.now())
    forget_failures()
    call_command("clearsessions")


# Not more than one at a time: two seals of the same entries would both follow the last one, and one be refused.
@app.periodic(cron="*/5 * * * *")
@app.task(name="core.seal_journal", queue=URGENT, queueing_lock="core.seal_journal", lock="core.seal_journal")
def seal_journal(timestamp: int) -> None:  # noqa: ARG001
    """Seal what the journal holds since the last seal; where writers leave no room, the next run does."""
    seals.seal_journal()


@app.periodic(cron="7 4 * * *")
@app.task(name="core.mail_last_seal", queue=LONG, queueing_lock="core.mail_last_seal")
def mail_last_seal(timestamp: int) -> None:  # noqa: ARG001
    """Once a night: mail the last seal to the staff."""
    seals.queue_mails()


@app.periodic(cron="47 3 * * *")
@app.task(name="core.forget_finished_jobs", queue=LONG, queueing_lock="core.forget_finished_jobs", pass_context=True)
async def forget_finished_jobs(context: JobContext, timestamp: int) -> None:  # noqa: ARG001
    """Once a night: delete jobs that succeeded over a week ago, and any job that ended over ninety days ago."""
    await context.app.job_manager.delete_old_jobs(nb_hours=7 * 24)
    await context.app.job_manager.delete_old_jobs(nb_hours=90 * 24, include_failed=True, include_cancelled=True)


@app.task(
    name="core.back_up",
    queue=LONG,
    lock="core.back_up",
    queueing_lock="core.back_up",
    retry=RetryStrategy(max_attempts=2, wait=1800),
)
def back_up(timestamp: int) -> None:  # noqa: ARG001
    """Once a night, where TOTEM_BACKUPS names a folder: make a backup in it and remove those no longer kept."""
    runs.run_scheduled_backup()


@app.task(
    name="core.keep_demonstration_alive",
    queue=LONG,
    lock="core.keep_demonstration_alive",
    queueing_lock="core.keep_demonstration_alive",
)
def keep_demonstration_alive(timestamp: int) -> None:  # noqa: ARG001
    """Every twenty minutes, in the demonstration only: people arrive and leave, and somebody is late again."""
    demonstration.keep_alive(demonstration.InventedWorld(folder=settings.BASE_DIR / "demo", now=clock.now()))


if settings.BACKUPS_DIR is not None:
    app.periodic(cron=f"7 {settings.BACKUPS_HOUR} * * *")(back_up)
if settings.DEMO:
    app.periodic(cron="*/20 * * * *")(keep_demonstration_alive)
