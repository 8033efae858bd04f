"""What the staff reads of the installation: its state, the jobs that failed, the mails that are not sent."""

import importlib.metadata
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import django
from django.conf import settings
from django.db import connection
from django.db.models import BigIntegerField, QuerySet, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from procrastinate.contrib.django.models import ProcrastinateJob

from totem.core import seals
from totem.core.models import JobFailure, Mail, StoredFile
from totem.core.queues import JobFigures, job_figures
from totem.core.seals import Seal

SEND_MAIL = "core.send_mail"


@dataclass(frozen=True, kw_only=True)
class InstallationState:
    """Versions, sizes in bytes (`free_bytes`: of the disk with the data folder), what waits, the last seal."""

    mode: str
    version: str
    django: str
    postgresql: str
    embedded: bool
    database_bytes: int
    document_bytes: int
    free_bytes: int
    jobs: JobFigures
    mails: int
    seal: Seal | None


def installation_state() -> InstallationState:
    """The state of this installation, as the process that answers sees it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), pg_database_size(current_database())")
        postgresql, size = cursor.fetchone()
    return InstallationState(
        mode=settings.MODE,
        version=importlib.metadata.version("totem"),
        django=django.get_version(),
        postgresql=postgresql.split()[0],
        embedded=settings.EMBEDDED,
        database_bytes=size,
        document_bytes=StoredFile.objects.aggregate(total=Sum("size"))["total"] or 0,
        free_bytes=shutil.disk_usage(_existing(settings.DATA_DIR)).free,
        jobs=job_figures(),
        mails=unsent_mails().count(),
        seal=seals.last(),
    )


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


# -- Jobs -------------------------------------------------------------------------------------------------------------


def failed_jobs() -> "QuerySet[ProcrastinateJob]":
    """The jobs that failed for good, the newest first."""
    return ProcrastinateJob.objects.filter(status="failed").order_by("-pk")


@dataclass(frozen=True)
class FailedJob:
    """A job that failed for good, and why where it is known."""

    job: ProcrastinateJob
    failure: JobFailure | None


def with_failures(jobs: Iterable[ProcrastinateJob]) -> list[FailedJob]:
    """The jobs with why each failed."""
    listed = list(jobs)
    failures = JobFailure.objects.in_bulk([job.pk for job in listed])
    return [FailedJob(job, failures.get(job.pk)) for job in listed]


# -- Mails ------------------------------------------------------------------------------------------------------------


def unsent_mails() -> QuerySet[Mail]:
    """The mails that are neither sent nor erased, the oldest first."""
    return Mail.objects.filter(sent_at=None).exclude(text="").order_by("created_at", "pk")


@dataclass(frozen=True)
class UnsentMail:
    """A mail with its last job: neither its subject nor its text, which may hold a code to sign in."""

    mail: Mail
    job: ProcrastinateJob | None
    failure: JobFailure | None

    @property
    def about(self) -> str:
        """What it is about, without of what: `bookings.confirmed`."""
        return self.mail.key.partition(":")[0]

    @property
    def has_failed(self) -> bool:
        return self.job is None or self.job.status == "failed"


def jobs_of_mails(mails: Sequence[Mail]) -> dict[int, ProcrastinateJob]:
    """The last job of each mail, by the mail's id."""
    jobs = ProcrastinateJob.objects.filter(task_name=SEND_MAIL)
    of_these = jobs.annotate(mail=Cast(KT("args__mail_id"), BigIntegerField())).filter(mail__in=[m.pk for m in mails])
    return {job.mail: job for job in of_these.order_by("pk")}


def with_jobs(mails: Iterable[Mail]) -> list[UnsentMail]:
    """The mails with their jobs and why those failed."""
    listed = list(mails)
    jobs = jobs_of_mails(listed)
    failures = JobFailure.objects.in_bulk([job.pk for job in jobs.values()])
    found = ((mail, jobs.get(mail.pk)) for mail in listed)
    return [UnsentMail(mail, job, failures.get(job.pk) if job else None) for mail, job in found]
