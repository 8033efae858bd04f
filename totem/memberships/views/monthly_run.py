"""The first of the month: what would be invoiced, what is odd, then one click; how far it is, and what is left."""

from datetime import date

from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from totem.accounts.permissions import signed_in
from totem.billing.permissions import SELL
from totem.billing.views.frame import billing_page
from totem.core import clock
from totem.core.expensive import apart
from totem.core.pages import SHOW_AND_SEND, errors_as_message
from totem.core.periods import months_before, parse_day
from totem.core.spreadsheets import ListColumn, spreadsheet
from totem.core.wording import month_words
from totem.hubs.permissions import hub_for
from totem.memberships.actions.monthly_run import start_run
from totem.memberships.models import MonthlyRun
from totem.memberships.queries.monthly_run import PreviewRow, preview

ODD_FIRST = 200
"""So many rows are shown; the file has them all."""


def _month(request: HttpRequest, today: date) -> date:
    """The month of the address (`mois=2026-10`), else this one. Raises Http404."""
    text = request.GET.get("mois", "")
    try:
        month = parse_day(f"{text}-01") if text else today.replace(day=1)
    except ValueError as error:
        raise Http404 from error
    if not months_before(today.replace(day=1), 12) <= month <= today:
        raise Http404
    return month


@apart(most=2)
@never_cache
@require_http_methods(SHOW_AND_SEND)
def monthly_run(request: HttpRequest, slug: str) -> HttpResponse:
    """What the run of the month would invoice; sent, the run begins, or begins again with what is left."""
    hub = hub_for(request.user, slug, SELL)
    today = clock.today(hub.zone)
    month = _month(request, today)
    if request.method == "POST":
        with errors_as_message(request):
            start_run(hub=hub, month=month, by=signed_in(request).pk, now=clock.now())
            messages.success(request, _("The invoices are being issued: this page says how far it is."))
        return redirect(f"{request.path}?mois={month:%Y-%m}")
    run = MonthlyRun.objects.filter(hub=hub, month=month).first()
    is_running = run is not None and run.finished_at is None
    rows = [] if is_running else preview(hub, month)
    rows.sort(key=lambda row: not (row.problem or row.odd))  # what a person has to look at comes first
    context = {
        "month": f"{month:%Y-%m}",
        "others": [
            (f"{other:%Y-%m}", month_words(other))
            for other in (months_before(month, 1), months_before(month, -1))
            if other <= today
        ],
        "run": run,
        "is_running": is_running,
        "done": _done(run) if run else None,
        "problems": run.items.exclude(problem="").select_related("customer") if run else [],
        "rows": rows[:ODD_FIRST],
        "count": len(rows),
        "odd": sum(bool(row.odd or row.problem) for row in rows),
        "total": sum((row.total for row in rows if not row.problem), 0),
        "ready": sum(not row.problem for row in rows),
    }
    context["title"] = _("Invoicing of %(month)s") % {"month": month_words(month)}
    return billing_page(request, "memberships/monthly_run", hub, context)


def _done(run: MonthlyRun) -> dict[str, object]:
    """How many invoices the run issued, of how much with VAT, and which of them were mailed, will be or cannot be."""
    issued = Q(document__isnull=False)
    return run.items.aggregate(
        count=Count("document"),
        total=Sum("document__gross"),
        mailed=Count("mailed_at"),
        waiting=Count("pk", filter=issued & Q(mailed_at=None) & ~Q(customer__email="")),
        without_address=Count("pk", filter=issued & Q(customer__email="")),
    )


COLUMNS: tuple[ListColumn[PreviewRow], ...] = (
    ListColumn(gettext_lazy("Customer"), lambda row: row.customer.name),
    ListColumn(gettext_lazy("What for"), lambda row: "; ".join(label for label, _amount in row.lines)),
    ListColumn(gettext_lazy("Amount with VAT"), lambda row: row.total, "amount"),
    ListColumn(gettext_lazy("To look at"), lambda row: " ".join(row.odd)),
    ListColumn(gettext_lazy("Cannot be issued"), lambda row: row.problem),
)


@apart(most=2)
@never_cache
@require_safe
def monthly_run_file(request: HttpRequest, slug: str, extension: str) -> HttpResponseBase:
    """What the run would invoice, as CSV or XLSX."""
    hub = hub_for(request.user, slug, SELL)
    month = _month(request, clock.today(hub.zone))
    name = f"facturation-{hub.slug}-{month:%Y-%m}"
    return spreadsheet(extension, name, COLUMNS, preview(hub, month), zone=hub.zone)
