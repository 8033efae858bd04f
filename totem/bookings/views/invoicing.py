"""The bookings that are on no draft and no invoice."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from totem.billing.permissions import SELL
from totem.billing.views.frame import ON_A_PAGE, billing_page
from totem.bookings import invoicing
from totem.core.pages import SHOW_AND_SEND, SeeOther
from totem.hubs.permissions import hub_for


@never_cache
@require_http_methods(SHOW_AND_SEND)
def to_invoice(request: HttpRequest, slug: str) -> HttpResponse:
    """The list; its buttons put one of them, or those of the page, on drafts of their customers."""
    hub = hub_for(request.user, slug, SELL)
    if request.method == "POST":
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
    return billing_page(request, "bookings/to_invoice", hub, {"page": page})
