"""The jobs of every installation: sending mails, retrying jobs whose worker died, and nightly purges.

A room's own jobs stand in `totem/ROOM/jobs.py`, where procrastinate discovers them. Each job must be idempotent: a
worker can be killed after its work and before marking it done.
"""

from django.core.management import call_command
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from totem.core import clock, limits, mail

# A worker writes a heartbeat every ten seconds; three missed ones mean that it is dead.
DEAD_AFTER_SECONDS = 30


# Eleven tries: after 2, 4, 8 ... s to half an hour, then the job is marked failed and `totem doctor` shows it.
@app.task(name="core.send_mail", retry=RetryStrategy(max_attempts=10, exponential_wait=2))
def send_mail(mail_id: int) -> None:
    """Send one mail of the outbox, unless it was sent already."""
    mail.deliver(mail_id)


@app.periodic(cron="* * * * *")
@app.task(name="core.retry_stalled_jobs", queueing_lock="core.retry_stalled_jobs", pass_context=True)
async def retry_stalled_jobs(context: JobContext, timestamp: int) -> None:  # noqa: ARG001
    """Retry the jobs whose worker has missed its heartbeats."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER_SECONDS):
        await manager.retry_job(job)


@app.periodic(cron="17 3 * * *")
@app.task(name="core.purge", queueing_lock="core.purge")
def purge(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute it was due, by a worker's clock
    """Once a night: erase the content of old mails, delete old refusals of limits and expired sessions."""
    mail.erase_old_mails(now=clock.now())
    limits.erase_old(now=clock.now())
    call_command("clearsessions")


@app.periodic(cron="47 3 * * *")
@app.task(name="core.forget_finished_jobs", queueing_lock="core.forget_finished_jobs", pass_context=True)
async def forget_finished_jobs(context: JobContext, timestamp: int) -> None:  # noqa: ARG001
    """Once a night: delete jobs that succeeded over a week ago, and any job that ended over ninety days ago."""
    await context.app.job_manager.delete_old_jobs(nb_hours=7 * 24)
    await context.app.job_manager.delete_old_jobs(nb_hours=90 * 24, include_failed=True, include_cancelled=True)
