"""The VAT due for a month of all hubs of a seller, for who keeps the books of each: what it is made of, to be filed."""

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from totem.billing.amounts import RateTotal
from totem.billing.models import Seller
from totem.billing.permissions import KEEP_BOOKS, keeps_all_books
from totem.billing.queries import seller_of, today_of
from totem.billing.vat import VatRow, vat_due, vat_rows
from totem.billing.views.frame import billing_page
from totem.core import clock
from totem.core.periods import months_before, parse_day
from totem.core.spreadsheets import ListColumn, spreadsheet
from totem.core.wording import month_words, percent
from totem.hubs.permissions import hub_for

EARLIEST = date(2000, 1, 1)


@never_cache
@require_safe
def due(request: HttpRequest, slug: str) -> HttpResponse:
    """The VAT due per rate, and of which invoices. Who does not keep the books of all hubs reads no amount here."""
    hub = hub_for(request.user, slug, KEEP_BOOKS)
    seller = seller_of(hub)
    if seller is None:
        raise Http404
    if not keeps_all_books(request.user, hub):
        return billing_page(request, "months_of_all", hub)
    this_month = today_of(seller, clock.now()).replace(day=1)
    month = _month(request, seller)
    rows = vat_rows(seller, month)
    rates = vat_due(rows)
    context = {
        "month": month,
        "words": month_words(month),
        "is_over": month < this_month,
        "others": [
            (other, month_words(other))
            for other in (months_before(month, 1), months_before(month, -1))
            if EARLIEST <= other <= this_month
        ],
        "rates": [(_label(rate), rate) for rate in rates],
        "vat": sum(rate.vat for rate in rates),
        "rows": [(row, _basis(row), _label(row.rate)) for row in rows],
        "several_hubs": len({row.document.hub_id for row in rows}) > 1,
    }
    return billing_page(request, "vat_due", hub, context)


def _label(rate: RateTotal) -> Any:
    """« 5,5 % », or that it is exempt."""
    if rate.exemption:
        return _("Exempt or outside the scope")
    return percent(rate.vat_rate / 100, 1 if rate.vat_rate % 1 else 0)


def _basis(row: VatRow) -> Any:
    return _("invoices (option for debits)") if row.is_on_debits else _("payments")


COLUMNS: tuple[ListColumn[VatRow], ...] = (
    ListColumn(_("Number"), lambda row: row.document.reference),
    ListColumn(_("Issued on"), lambda row: row.document.issued_on, "date"),
    ListColumn(_("Hub"), lambda row: row.document.hub.name),
    ListColumn(_("Customer"), lambda row: row.document.customer.name),
    ListColumn(_("VAT due on"), _basis),
    ListColumn(_("Rate of VAT (%)"), lambda row: row.rate.vat_rate, "number"),
    ListColumn(_("Exempt as"), lambda row: row.rate.exemption),
    ListColumn(_("Without VAT"), lambda row: row.rate.net, "amount"),
    ListColumn(_("VAT"), lambda row: row.rate.vat, "amount"),
    ListColumn(_("With VAT"), lambda row: row.rate.gross, "amount"),
)


@never_cache
@require_safe
def export_file(request: HttpRequest, slug: str, extension: str) -> HttpResponseBase:
    """The same lines as CSV or XLSX. Raises Http404 for who does not keep the books of all hubs."""
    hub = hub_for(request.user, slug, KEEP_BOOKS)
    seller = seller_of(hub)
    if seller is None or not keeps_all_books(request.user, hub):
        raise Http404
    month = _month(request, seller)
    return spreadsheet(extension, f"tva-{month:%Y-%m}", COLUMNS, vat_rows(seller, month), zone=hub.zone)


def _month(request: HttpRequest, seller: Seller) -> date:
    """The first day of the month that is asked, "2026-09"; else of the last one that is over."""
    last = months_before(today_of(seller, clock.now()).replace(day=1), 1)
    try:
        month = parse_day(f"{request.GET.get('mois', f'{last:%Y-%m}')}-01")
    except ValueError:
        raise Http404 from None
    if not EARLIEST <= month <= months_before(last, -1):
        raise Http404
    return month
