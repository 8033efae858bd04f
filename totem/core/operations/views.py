"""Pages of the installation's staff: its state, what waits for their approval, jobs, mails."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from totem.core import clock
from totem.core.approvals import WaitingRequests
from totem.core.backups.runs import last_backups
from totem.core.models import BackupRun
from totem.core.operations import actions, queries
from totem.core.pages import staff_only
from totem.core.queues import job_figures

ON_A_PAGE = 50


@staff_only
@require_safe
def state(request: HttpRequest) -> HttpResponse:
    """The state of the installation on one page."""
    context = {
        "state": queries.installation_state(),
        "requests": len(WaitingRequests()),
        "backups": last_backups(clock.now()),
    }
    return render(request, "core/operations/state.html", context)


@staff_only
@require_safe
def backups(request: HttpRequest) -> HttpResponse:
    """The backups that were made or failed, the newest first; whether a scheduled one is overdue."""
    page = Paginator(BackupRun.objects.order_by("-ended_at", "-pk"), ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "last": last_backups(clock.now()), "scheduled": settings.BACKUPS_DIR is not None}
    return render(request, "core/operations/backups.html", context)


@staff_only
@require_safe
def requests(request: HttpRequest) -> HttpResponse:
    """What waits for an answer of the staff, of every room, the oldest of each kind first."""
    waiting: Paginator[Any] = Paginator(WaitingRequests(), ON_A_PAGE)  # type: ignore[arg-type]
    return render(request, "core/operations/requests.html", {"page": waiting.get_page(request.GET.get("page"))})


@staff_only
@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    """The queues of jobs, and the jobs that failed for good with why."""
    page = Paginator(queries.failed_jobs(), ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "rows": queries.with_failures(page), "figures": job_figures()}
    return render(request, "core/operations/jobs.html", context)


@staff_only
@require_POST
def retry_job(request: HttpRequest, pk: int) -> HttpResponse:
    """Try a job that failed again."""
    if actions.retry_job(job_id=pk, actor_id=request.user.pk):  # type: ignore[arg-type]
        messages.success(request, _("The job is tried again."))
    else:
        messages.info(request, _("This job does not wait for anybody any more."))
    return redirect("core:jobs")


@staff_only
@require_safe
def mails(request: HttpRequest) -> HttpResponse:
    """The mails that are not sent, with why."""
    page = Paginator(queries.unsent_mails(), ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "core/operations/mails.html", {"page": page, "rows": queries.with_jobs(page)})


@staff_only
@require_POST
def send_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Try to send a mail now."""
    if actions.send_again(mail_id=pk, actor_id=request.user.pk):  # type: ignore[arg-type]
        messages.success(request, _("The mail is tried again."))
    else:
        messages.info(request, _("This mail is sent already."))
    return redirect("core:mails")
