"""The bookings that are on no draft and no invoice."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from totem.accounts.permissions import signed_in
from totem.billing.permissions import SELL
from totem.billing.views.frame import ON_A_PAGE, billing_page
from totem.bookings import invoicing
from totem.bookings.models import Booking
from totem.core import clock
from totem.core.pages import SHOW_AND_SEND, SeeOther
from totem.hubs.permissions import hub_for


@never_cache
@require_http_methods(SHOW_AND_SEND)
def to_invoice(request: HttpRequest, slug: str) -> HttpResponse:
    """The list; its buttons put one of them, or those of the page, on drafts of their customers.

    Below it, those that are not to be invoiced, and above, the prices that no invoice can have.
    """
    hub = hub_for(request.user, slug, SELL)
    if request.method == "POST":
        if taken_in := request.POST.get("take_in"):
            invoicing.take_in(hub=hub, reference=taken_in, by=signed_in(request))
            return SeeOther(request.path)
        chosen = request.POST.getlist("one") or request.POST.getlist("shown")
        count = invoicing.put_on_drafts(hub=hub, references=chosen[:ON_A_PAGE])
        if count < len(chosen):
            messages.warning(
                request, _("What is on a draft already, or has a VAT rate that invoices do not know, was left out.")
            )
        if count:
            text = ngettext("%(count)s booking is on a draft.", "%(count)s bookings are on drafts.", count)
            messages.success(request, text % {"count": count})
        return SeeOther(request.path)
    page = Paginator(invoicing.to_invoice(hub), ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [(booking, invoicing.unknown_rates(booking)) for booking in page],
        "left_out": invoicing.left_out(hub)[:ON_A_PAGE],
        "prices": invoicing.prices_to_replace(hub, clock.today(hub.zone)),
    }
    return billing_page(request, "bookings/to_invoice", hub, context)


class LeftOutForm(forms.Form):
    """Why a booking is not invoiced."""

    reason = forms.CharField(
        label=gettext_lazy("Why it is not invoiced"),
        max_length=Booking._meta.get_field("not_invoiced").max_length,
        help_text=gettext_lazy("Paid otherwise, offered, by agreement… Your team reads it, the customer does not."),
    )


@require_http_methods(SHOW_AND_SEND)
def leave_out(request: HttpRequest, slug: str, reference: str) -> HttpResponse:
    """Say why a booking is not to be invoiced; what is on a draft or an invoice is not asked."""
    hub = hub_for(request.user, slug, SELL)
    row = get_object_or_404(
        Booking.objects.select_related("space__hub", "person", "organisation"), hub=hub, reference=reference
    )
    form = LeftOutForm(request.POST or None)
    if form.is_valid():
        done = invoicing.leave_out(
            hub=hub, reference=reference, by=signed_in(request), now=clock.now(), **form.cleaned_data
        )
        if done:
            messages.success(request, _("It is not to be invoiced."))
        else:
            messages.error(request, _("It is not among the bookings to invoice any more."))
        return redirect("bookings:to_invoice", hub.slug)
    return billing_page(request, "bookings/leave_out", hub, {"booking": row, "form": form})
