"""Health checks (liveness, readiness), metrics, the pages of a bad request and of an unhandled exception."""

import json
import sys

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_safe
from django.views.defaults import server_error as django_server_error

from totem.core import clock
from totem.core.backups.runs import last_backups
from totem.core.client_address import ProxyMismatchError
from totem.core.database_errors import is_database_unavailable, unavailable_page
from totem.core.pages import NotFound
from totem.core.queues import job_figures

_migrated = False


@login_not_required
@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers; the database is not asked."""
    return _plain("live", 200)


@login_not_required
@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 when requests can be served: the database answers and every migration is applied; 503 with a word if not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _is_migrated():
            return _plain("not migrated", 503)
    except Exception as error:
        if is_database_unavailable(error):
            return _plain("database unavailable", 503)
        raise
    return _plain("ready", 200)


@login_not_required
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """What waits and how late it is, in the text format of Prometheus, for who sends TOTEM_METRICS_TOKEN; else 404."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN or not constant_time_compare(given, settings.METRICS_TOKEN):
        raise Http404
    figures = job_figures()
    lines = [f"totem_mail_oldest_seconds {figures.oldest_mail_seconds}", f"totem_jobs_failed {figures.failed}"]
    for one in figures.waiting:
        lines.append(f'totem_jobs_due{{queue="{one.queue}"}} {one.count}')
        lines.append(f'totem_jobs_oldest_due_seconds{{queue="{one.queue}"}} {one.seconds}')
    now = clock.now()
    if made := last_backups(now).made:
        lines.append(f"totem_backup_age_seconds {round((now - made.ended_at).total_seconds())}")
    return _plain("\n".join(lines), 200)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page of a request that cannot be read, or that did not come through the proxies that are declared."""
    return render(request, "400.html", {"is_misconfigured": isinstance(exception, ProxyMismatchError)}, status=400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page of an address where nothing stands; with the sentence of a `NotFound`."""
    known = exception if isinstance(exception, NotFound) else None
    return render(request, "404.html", {"said": known and known.said, "link": known and known.link}, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """The page of an exception nobody caught; the one that says the database is unavailable, when that is why."""
    return unavailable_page(request) if is_database_unavailable(sys.exception()) else django_server_error(request)


def _is_migrated() -> bool:
    # Once true it stays true for this process: its code brings no new migration.
    global _migrated  # noqa: PLW0603
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


@login_not_required
@cache_control(public=True, max_age=3600)
@require_safe
def site_address(request: HttpRequest) -> HttpResponse:
    """The site's address as a stylesheet: paper shows whole addresses, of which pages know the path alone."""
    content = f":root {{ --site: {json.dumps(settings.SITE_URL)}; }}\n"
    return HttpResponse(content, content_type="text/css; charset=utf-8")


def _plain(text: str, status: int) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
