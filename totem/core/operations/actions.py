"""What the staff does about jobs and mails that failed. Each is written in the journal."""

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from totem.core import clock, journal
from totem.core.models import Mail
from totem.core.operations.queries import SEND_MAIL, jobs_of_mails


@transaction.atomic
def retry_job(*, job_id: int, actor_id: int) -> bool:
    """Put a job that failed for good back to work; False where it has not failed, or is no longer kept."""
    job = ProcrastinateJob.objects.select_for_update().filter(pk=job_id, status="failed").first()
    if job is None:
        return False
    app.job_manager.retry_job_by_id(job.pk, retry_at=clock.now())
    journal.record("core.job_retried", job, actor_id=actor_id, facts={"task": job.task_name})
    return True


@transaction.atomic
def send_again(*, mail_id: int, actor_id: int) -> bool:
    """Try at once to send a mail that is not sent; False where it is sent or erased."""
    mail = Mail.objects.select_for_update().filter(pk=mail_id, sent_at=None).exclude(text="").first()
    if mail is None:
        return False
    job = jobs_of_mails([mail]).get(mail.pk)
    if job is None or not retry_job(job_id=job.pk, actor_id=actor_id):
        app.configure_task(SEND_MAIL).defer(mail_id=mail.pk)  # a mail that is sent by then is not sent twice
    journal.record("core.mail_sent_again", mail, actor_id=actor_id)
    return True
