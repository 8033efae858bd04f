"""What is paid: payments and their receipts, the cash drawer, and months that are closed."""

from datetime import date
from decimal import Decimal

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
from totem.billing.models import ClosedMonth, DrawerCount, Means, Payment
from totem.billing.permissions import KEEP_BOOKS, SELL, document_for, row_for
from totem.billing.views.frame import billing_page
from totem.core import clock
from totem.core.pages import SHOW_AND_SEND, errors_as_message, errors_in
from totem.core.periods import months_before
from totem.core.wording import month_words
from totem.hubs.permissions import hub_for

SHOWN = 24


@require_http_methods(SHOW_AND_SEND)
def pay(request: HttpRequest, slug: str, reference: str) -> HttpResponse:
    """Write down what was received for an invoice, or given back."""
    hub, row = document_for(request.user, slug, reference)
    now = clock.now()
    balance = queries.with_balance(type(row).objects.filter(pk=row.pk)).get().balance
    form = PaymentForm(request.POST or None, initial={"amount": balance, "received_on": clock.today(hub.zone)})
    if form.is_valid():
        with errors_in(form):
            values = {**form.cleaned_data, "means": Means(form.cleaned_data["means"])}
            actions.record_payment(document=row, by=signed_in(request).pk, now=now, **values)
            messages.success(request, _("The payment is written down."))
            return redirect("billing:document", hub.slug, row.reference)
    return billing_page(
        request, "pay", hub, {"document": row, "balance": balance, "still_due": abs(balance), "form": form}
    )


@never_cache
@require_POST
def receipt(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A receipt to print: each print is logged, and from the second on says that it is a duplicate."""
    hub, row = row_for(request.user, slug, Payment, pk)
    printed = actions.print_receipt(payment=row, by=signed_in(request).pk, now=clock.now())
    return billing_page(request, "receipt", hub, {"payment": row, "printed": printed})


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
    context = {"form": form, "expected": expected, "since": since, "counts": counts}
    return billing_page(request, "drawer", hub, context)


@require_http_methods(SHOW_AND_SEND)
def months(request: HttpRequest, slug: str) -> HttpResponse:
    """The months that are closed, and the one to close next: it accepts nothing afterwards."""
    hub = hub_for(request.user, slug, KEEP_BOOKS)
    seller = queries.seller_of(hub)
    today = clock.today(hub.zone)
    last = months_before(today.replace(day=1), 1)
    closed = list(ClosedMonth.objects.filter(seller=seller)[:SHOWN]) if seller else []
    to_close: date | None = last if seller and not (closed and closed[0].month >= last) else None
    if request.method == "POST":
        if seller is None or to_close is None or request.POST.get("month") != str(to_close):
            raise Http404
        with errors_as_message(request):
            actions.close_month(seller=seller, month=to_close, by=signed_in(request).pk, now=clock.now())
            messages.success(request, _("The month is closed: it accepts nothing more."))
        return redirect("billing:months", hub.slug)
    rows = [
        {"words": month_words(one.month), **{name: Decimal(amount) for name, amount in one.content.items()}}
        for one in closed
    ]
    words = month_words(to_close) if to_close else ""
    return billing_page(request, "months", hub, {"closed": rows, "to_close": to_close, "month_to_close": words})
