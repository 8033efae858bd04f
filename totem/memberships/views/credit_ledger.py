"""The credits that customers of a hub have: who has some, the lots and the ledger of one, and their correction."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from totem.accounts.permissions import signed_in
from totem.billing.models import Customer
from totem.billing.permissions import SELL, row_for
from totem.billing.views.frame import ON_A_PAGE, billing_page
from totem.core import clock
from totem.core.pages import SHOW_AND_SEND, errors_in
from totem.hubs.permissions import hub_for
from totem.memberships.actions import credits as actions
from totem.memberships.forms.credits import CreditCorrectionForm
from totem.memberships.models import CreditLot
from totem.memberships.queries import credits as queries


@require_safe
def credits_left(request: HttpRequest, slug: str) -> HttpResponse:
    """The customers who have credits left, by name, and what is left to each today."""
    hub = hub_for(request.user, slug, SELL)
    search = request.GET.get("q", "").strip()[:100]
    today = clock.today(hub.zone)
    page = Paginator(queries.holders(hub, today, search), ON_A_PAGE).get_page(request.GET.get("page"))
    left = queries.left_by_customer([customer.pk for customer in page], today)
    rows = [(customer, ", ".join(left[customer.pk])) for customer in page]
    return billing_page(request, "memberships/credits", hub, {"page": page, "rows": rows, "q": search})


@require_safe
def customer_credits(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The lots of a customer that can still be spent, now or later, and what each entry was for."""
    hub, customer = row_for(request.user, slug, Customer, pk)
    entries = queries.entries_of(CreditLot.objects.filter(customer=customer))
    page = Paginator(entries, ON_A_PAGE).get_page(request.GET.get("page"))
    lots = queries.usable(clock.today(hub.zone)).filter(customer=customer).select_related("plan", "document")
    context = {
        "customer": customer,
        "lots": [queries.CreditLotRow(lot, lot.left) for lot in lots.in_order()],
        "page": page,
        "ledger": queries.ledger_rows(list(page)),
    }
    return billing_page(request, "memberships/customer_credits", hub, context)


@require_http_methods(SHOW_AND_SEND)
def correct(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Give more of a lot, or take of it, with a reason: an entry of the ledger."""
    hub = hub_for(request.user, slug, SELL)
    lots = CreditLot.objects.select_related("plan", "customer").with_left()
    lot = get_object_or_404(lots, pk=pk, hub=hub)
    form = CreditCorrectionForm(request.POST or None, lot=lot)
    if form.is_valid():
        data = form.cleaned_data
        with errors_in(form):
            values = {name: data[name] for name in ("quantity", "reason", "seen_left")}
            actions.correct(lot=lot, by=signed_in(request), now=clock.now(), **values)
            messages.success(request, _("The credits are corrected."))
            return redirect("memberships:customer_credits", hub.slug, lot.customer_id)
    return billing_page(
        request, "memberships/correct_credits", hub, {"form": form, "row": queries.CreditLotRow(lot, lot.left)}
    )
