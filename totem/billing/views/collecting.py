"""Amounts to collect of a public operator under a régie: what waits, what was exported, and its files."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from totem.accounts.models import User
from totem.accounts.permissions import signed_in
from totem.billing.actions.collecting import export_amounts
from totem.billing.collecting import COLUMNS, rows_of, sums, to_collect
from totem.billing.models import CollectionExport
from totem.billing.permissions import SELL, row_for
from totem.billing.queries import seller_of, vat_status
from totem.billing.views.frame import ON_A_PAGE, billing_page
from totem.core import clock
from totem.core.pages import SHOW_AND_SEND, errors_as_message
from totem.core.spreadsheets import spreadsheet
from totem.hubs.permissions import hub_for


@never_cache
@require_http_methods(SHOW_AND_SEND)
def collect(request: HttpRequest, slug: str) -> HttpResponse:
    """What waits to be exported, ticked, and former exports with their files. Not of a seller that invoices (404)."""
    hub = hub_for(request.user, slug, SELL)
    seller = seller_of(hub)
    exports = CollectionExport.objects.filter(hub=hub)
    if not (seller and seller.is_regie) and not exports.exists():
        raise Http404
    if request.method == "POST":
        with errors_as_message(request):
            tokens = request.POST.getlist("draft")
            export_amounts(hub=hub, tokens=tokens, by=signed_in(request).pk, now=clock.now())
            messages.success(request, _("Exported: the file is below, and can be downloaded again."))
        return redirect("billing:collect", hub.slug)
    status = vat_status(seller, clock.today(hub.zone)) if seller and seller.is_regie else None
    page = Paginator(exports, ON_A_PAGE).get_page(request.GET.get("page"))
    people = User.objects.in_bulk([export.exported_by for export in page if export.exported_by])
    context = {
        "waiting": to_collect(hub, status) if status else [],
        "page": page,
        "exports": [(export, people.get(export.exported_by or 0), sums(rows_of(export))) for export in page],
    }
    return billing_page(request, "collect", hub, context)


@never_cache
@require_safe
def export_file(request: HttpRequest, slug: str, pk: int, extension: str) -> HttpResponseBase:
    """An export as CSV or XLSX, always the same lines."""
    hub, export = row_for(request.user, slug, CollectionExport, pk)
    name = f"sommes-a-percevoir-{hub.slug}-{export.exported_at.astimezone(hub.zone):%Y-%m-%d}-{export.pk}"
    return spreadsheet(extension, name, COLUMNS, rows_of(export), zone=hub.zone)
