"""Why jobs failed, kept for the page of the staff: procrastinate only logs it."""

import contextlib
import re

from asgiref.sync import sync_to_async
from django.db import DatabaseError
from django.db.models.functions import Now
from procrastinate import JobContext
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Job
from procrastinate.middleware import AsyncCallNext
from procrastinate.worker import Worker

from totem.core.models import JobFailure

_ADDRESS = re.compile(r"[^\s<>'\"(]+@[^\s<>'\")]+")


async def keep_failure(call_next: AsyncCallNext, context: JobContext, worker: Worker) -> object:  # noqa: ARG001
    """Middleware of the workers: keeps why a job failed, and lets it fail."""
    try:
        return await call_next()
    except Exception as error:
        await sync_to_async(_keep)(context.job, error)
        raise


def _keep(job: Job, error: Exception) -> None:
    """The error without the e-mail addresses that mail servers repeat; not kept while the database is unavailable."""
    words = _ADDRESS.sub("…@…", f"{type(error).__name__}: {error}")[:500]
    with contextlib.suppress(DatabaseError):
        JobFailure.objects.update_or_create(pk=job.id or 0, defaults={"error": words, "at": Now()})


def forget_failures() -> None:
    """Delete the failures of jobs that are no longer kept, or that succeeded since."""
    kept = ProcrastinateJob.objects.exclude(status="succeeded").values("pk")
    JobFailure.objects.exclude(job_id__in=kept).delete()
