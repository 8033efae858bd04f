"""What is paid: payments and their receipts, the cash drawer, and months that are closed."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from totem.accounts.permissions import signed_in
from totem.billing import queries
from totem.billing.actions import payments as actions
from totem.billing.forms import DrawerForm, PaymentForm
from totem.billing.models import DrawerCount, IssuedDocument, Means, Payment, Seller
from totem.billing.permissions import KEEP_BOOKS, SELL, document_for, keeps_all_books, row_for
from totem.billing.views.frame import billing_page
from totem.core import clock
from totem.core.pages import SHOW_AND_SEND, errors_as_message, errors_in
from totem.core.periods import months_before
from totem.core.wording import month_words, months_words, percent
from totem.hubs.models import Hub
from totem.hubs.permissions import hub_for

SHOWN = 24


@require_http_methods(SHOW_AND_SEND)
def pay(request: HttpRequest, slug: str, reference: str) -> HttpResponse:
    """Write down what was received for an invoice, or given back; a document that is not paid says why."""
    hub, row = document_for(request.user, slug, reference)
    with errors_as_message(request):
        actions.require_payable(row)
        return _pay(request, hub, row)
    return redirect("billing:document", hub.slug, row.reference)


def _pay(request: HttpRequest, hub: Hub, row: IssuedDocument) -> HttpResponse:
    now = clock.now()
    balance = queries.with_balance(IssuedDocument.objects.filter(pk=row.pk)).get().balance
    initial = {"is_given_back": balance < 0, "amount": abs(balance) or None, "received_on": clock.today(hub.zone)}
    form = PaymentForm(request.POST or None, initial=initial)
    if form.is_valid():
        with errors_in(form):
            values = {**form.cleaned_data, "means": Means(form.cleaned_data["means"])}
            actions.record_payment(document=row, by=signed_in(request).pk, now=now, **values)
            messages.success(request, _("The payment is written down."))
            return redirect("billing:document", hub.slug, row.reference)
    return billing_page(
        request, "pay", hub, {"document": row, "balance": balance, "still_due": abs(balance), "form": form}
    )


@require_POST
def cancel(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Cancel a payment that was typed by mistake, by a row of its own."""
    hub, row = row_for(request.user, slug, Payment, pk)
    with errors_as_message(request):
        actions.cancel_payment(payment=row, by=signed_in(request).pk, now=clock.now())
        messages.success(request, _("The payment is cancelled by an opposite one."))
    return redirect("billing:document", hub.slug, row.document.reference)


@never_cache
@require_POST
def receipt(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A receipt to print: each print is logged, and from the second on says that it is a duplicate."""
    hub, row = row_for(request.user, slug, Payment, pk)
    printed = actions.print_receipt(payment=row, by=signed_in(request).pk, now=clock.now())
    context = {
        "payment": row,
        "amount": abs(row.amount),
        "printed": printed,
        "by": json.loads(row.document.content)["seller"],
        "rates": [_rate(rate) for rate in json.loads(row.link.content)["rates"]],
    }
    return billing_page(request, "receipt", hub, context, refused=200)


def _rate(share: dict[str, str]) -> dict[str, Any]:
    amounts = {name: abs(Decimal(share[name])) for name in ("gross", "vat")}
    rate = Decimal(share["vat_rate"])
    return {"rate": percent(rate / 100, 1 if rate % 1 else 0), **amounts}


@require_http_methods(SHOW_AND_SEND)
def drawer(request: HttpRequest, slug: str) -> HttpResponse:
    """The cash that should be in the drawer and since when; counted here, with the difference."""
    hub = hub_for(request.user, slug, SELL)
    seller = queries.seller_of(hub)
    expected, since = actions.expected_in_drawer(hub)
    form = DrawerForm(request.POST or None)
    if form.is_valid():
        if seller is None:
            raise Http404
        with errors_in(form):
            actions.count_drawer(hub=hub, seller=seller, by=signed_in(request).pk, now=clock.now(), **form.cleaned_data)
            messages.success(request, _("The drawer is counted."))
            return redirect("billing:drawer", hub.slug)
    counts = [(count, count.counted - count.expected) for count in DrawerCount.objects.filter(hub=hub)[:SHOWN]]
    context = {"form": form, "expected": expected, "since": since, "counts": counts, "days": _closings(hub.closed_days)}
    return billing_page(request, "drawer", hub, context)


@require_http_methods(SHOW_AND_SEND)
def months(request: HttpRequest, slug: str) -> HttpResponse:
    """The months that are closed, and the one to close next: it accepts nothing afterwards.

    They are of all hubs of the seller: who does not keep the books of each reads no amount here, and closes nothing.
    """
    hub = hub_for(request.user, slug, KEEP_BOOKS)
    seller = queries.seller_of(hub)
    if seller and not keeps_all_books(request.user, hub):
        return billing_page(request, "months_of_all", hub)
    closed = _closings(seller.closed_months) if seller else []
    closed = [{**one, "words": month_words(one["row"].month)} for one in closed]
    to_close = _to_close(seller) if seller else []
    if request.method == "POST":
        if seller is None or not to_close or request.POST.get("month") != str(to_close[-1]):
            raise Http404
        with errors_as_message(request):
            actions.close_month(seller=seller, month=to_close[-1], by=signed_in(request).pk, now=clock.now())
            messages.success(request, _("Closed: nothing more is accepted until the end of this month."))
        return redirect("billing:months", hub.slug)
    words = months_words(to_close[0], to_close[-1]) if to_close else ""
    context = {"closed": closed, "to_close": to_close[-1] if to_close else None, "months_to_close": words}
    return billing_page(request, "months", hub, context)


def _to_close(seller: Seller) -> list[date]:
    """The months that are over and not closed."""
    last = months_before(queries.today_of(seller, clock.now()).replace(day=1), 1)
    return queries.months_to_close(seller, last)


def _closings(rows: Any) -> list[dict[str, Any]]:
    """The latest closed days or months, with their totals in euros."""
    return [
        {"row": row, **{name: Decimal(amount) for name, amount in row.content.items()}}
        for row in rows.select_related("link")[:SHOWN]
    ]
