"""Customers of a hub: the list, a customer's page with its balance, and the form."""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from totem.accounts.permissions import signed_in
from totem.billing import queries
from totem.billing.actions.customers import save_customer
from totem.billing.forms import CustomerForm
from totem.billing.models import Customer
from totem.billing.permissions import SELL, row_for
from totem.billing.views.frame import ON_A_PAGE, billing_page
from totem.core import clock
from totem.core.edit_conflicts import EditConflict, differences
from totem.core.pages import SHOW_AND_SEND, errors_in
from totem.hubs.models import Hub
from totem.hubs.permissions import hub_for


@require_safe
def customers(request: HttpRequest, slug: str) -> HttpResponse:
    """The customers by name, each with what is due; searched by name, SIREN or SIRET."""
    hub = hub_for(request.user, slug, SELL)
    search = request.GET.get("q", "").strip()[:100]
    page = Paginator(queries.customers(hub, search), ON_A_PAGE).get_page(request.GET.get("page"))
    due = queries.due_by_customer([customer.pk for customer in page])
    rows = [(customer, due.get(customer.pk), abs(due.get(customer.pk, 0))) for customer in page]
    return billing_page(request, "customers", hub, {"page": page, "rows": rows, "q": search})


@require_safe
def customer(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A customer: what is due in all, drafts, and each document with its balance."""
    hub, row = row_for(request.user, slug, Customer, pk)
    documents = queries.with_balance(row.documents.select_related("customer"))
    due = documents.aggregate(total=Sum("balance"))["total"] or Decimal(0)
    context = {
        "customer": row,
        "drafts": row.drafts.all(),
        "page": Paginator(documents, ON_A_PAGE).get_page(request.GET.get("page")),
        "due": due,
        "still_due": abs(due),
        "today": clock.today(hub.zone),
    }
    return billing_page(request, "customer", hub, context)


@require_http_methods(SHOW_AND_SEND)
def add(request: HttpRequest, slug: str) -> HttpResponse:
    """Note a customer; a quote or an invoice is the next step."""
    hub = hub_for(request.user, slug, SELL)
    return _form(request, hub, Customer(hub=hub))


@require_http_methods(SHOW_AND_SEND)
def edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Change a customer; what is issued keeps what it said."""
    return _form(request, *row_for(request.user, slug, Customer, pk))


def _form(request: HttpRequest, hub: Hub, row: Customer) -> HttpResponse:
    form = CustomerForm(request.POST or None, instance=row)
    form.show_version(row)
    conflict = None
    if form.is_valid():
        values: dict[str, Any] = dict(form.cleaned_data)
        try:
            with errors_in(form):
                saved = save_customer(hub=hub, by=signed_in(request), customer=row if row.pk else None, **values)
                messages.success(request, _("The customer is saved."))
                if "ensuite" in request.GET:  # noted on the way to a quote or an invoice
                    return redirect(f"{reverse('billing:draft_start', args=[hub.slug])}?client={saved.pk}")
                return redirect("billing:customer", hub.slug, saved.pk)
        except EditConflict as met:
            conflict = differences(form, values, met.current)
            form.accept_version(met.current)
    context = {"form": form, "customer": row, "conflict": conflict}
    return billing_page(request, "customer_form", hub, context, refused=409 if conflict is not None else 422)
