"""Selling a pass at the desk: the customer, the invoice, the payment and the credits in one page."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from totem.accounts.permissions import signed_in
from totem.billing.permissions import SELL
from totem.billing.views.frame import billing_page
from totem.core import clock
from totem.core.pages import SHOW_AND_SEND, errors_in
from totem.hubs.permissions import hub_for
from totem.memberships.actions import passes
from totem.memberships.forms.passes import PassForm


@require_http_methods(SHOW_AND_SEND)
def sell(request: HttpRequest, slug: str) -> HttpResponse:
    """Sell a pass that is paid now; the invoice's page then offers its receipt."""
    hub, now = hub_for(request.user, slug, SELL), clock.now()
    form = PassForm(request.POST or None, prices=passes.prices_sold(hub, now))
    if form.is_valid():
        data = form.cleaned_data
        with errors_in(form):
            document = passes.sell(
                price=data["price"], buyer=data["who"], means=data["means"], by=signed_in(request), now=now
            )
            messages.success(request, _("The pass is sold and paid, and can be used now. Its receipt is here."))
            return redirect("billing:document", hub.slug, document.reference)
    return billing_page(request, "memberships/sell_pass", hub, {"form": form})
