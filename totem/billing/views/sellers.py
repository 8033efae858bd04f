"""Who sells in a hub: the legal entity, its VAT status, the wording of its invoices."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from totem.accounts.permissions import signed_in
from totem.billing.actions import sellers as actions
from totem.billing.forms import SellerForm, VatStatusForm, WordingForm
from totem.billing.models import IssuedDocument, Seller, VatPeriod
from totem.billing.permissions import KEEP_BOOKS
from totem.billing.queries import seller_of
from totem.billing.views.frame import billing_page
from totem.billing.wording import NAMES, texts_on
from totem.core import clock
from totem.core.edit_conflicts import EditConflict, differences
from totem.core.pages import SHOW_AND_SEND, errors_as_message, errors_in
from totem.hubs.models import Hub
from totem.hubs.permissions import hub_for


def _known(hub: Hub) -> dict[str, Any]:
    """What is known of the hub's operator before anything is typed."""
    operator = hub.operator
    return {
        "name": operator.name,
        "legal_form": operator.get_legal_form_display(),
        "siren": operator.siren,
        "siret": operator.siret,
        "street": hub.street,
        "postcode": hub.postcode,
        "city": hub.commune.name,
        "email": hub.email,
        "phone": hub.phone,
    }


@require_http_methods(SHOW_AND_SEND)
def seller(request: HttpRequest, slug: str) -> HttpResponse:
    """The legal entity as invoices name it; its VAT and its wording have pages of their own."""
    hub = hub_for(request.user, slug, KEEP_BOOKS)
    row = seller_of(hub) or Seller(organisation=hub.operator, **_known(hub))
    form = SellerForm(request.POST or None, instance=row)
    form.show_version(row)
    conflict = None
    if form.is_valid():
        values = dict(form.cleaned_data)
        try:
            with errors_in(form):
                saved = actions.save_seller(hub=hub, by=signed_in(request), **values)
                messages.success(request, _("Saved. What is issued keeps what it said."))
                return redirect("billing:seller" if saved.vat_periods.exists() else "billing:seller_vat", hub.slug)
        except EditConflict as met:
            conflict = differences(form, values, met.current)
            form.accept_version(met.current)
    context = {"form": form, "conflict": conflict}
    return billing_page(request, "seller", hub, context, refused=409 if conflict is not None else 422)


@require_http_methods(SHOW_AND_SEND)
def vat(request: HttpRequest, slug: str) -> HttpResponse:
    """The VAT statuses, each from its day on, and where the year stands towards the threshold."""
    hub = hub_for(request.user, slug, KEEP_BOOKS)
    row = seller_of(hub)
    if row is None:
        return redirect("billing:seller", hub.slug)
    today = clock.today(hub.zone)
    form = VatStatusForm(request.POST or None, instance=VatPeriod(seller=row), initial={"starts_on": today})
    if form.is_valid():
        with errors_in(form):
            actions.start_vat_status(hub=hub, seller=row, by=signed_in(request), **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("billing:seller_vat", hub.slug)
    last = IssuedDocument.objects.filter(seller=row).aggregate(day=Max("issued_on"))["day"]
    context = {"form": form, "periods": row.vat_periods.order_by("-starts_on"), "last_issued_on": last}
    return billing_page(request, "vat", hub, context)


@require_POST
def remove_vat(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take out a VAT status that no invoice has used."""
    hub = hub_for(request.user, slug, KEEP_BOOKS)
    period = get_object_or_404(VatPeriod, seller=seller_of(hub), pk=pk)
    with errors_as_message(request):
        actions.remove_vat_status(hub=hub, period=period, by=signed_in(request))
        messages.success(request, _("It is taken out."))
    return redirect("billing:seller_vat", hub.slug)


@require_http_methods(SHOW_AND_SEND)
def wording(request: HttpRequest, slug: str) -> HttpResponse:
    """The texts that invoices carry today; one's own from a day on."""
    hub = hub_for(request.user, slug, KEEP_BOOKS)
    row = seller_of(hub)
    if row is None:
        return redirect("billing:seller", hub.slug)
    today = clock.today(hub.zone)
    form = WordingForm(request.POST or None, initial={"starts_on": today})
    if form.is_valid():
        with errors_in(form):
            actions.start_wording(hub=hub, seller=row, by=signed_in(request), **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("billing:seller_wording", hub.slug)
    context = {
        "form": form,
        "texts": [(NAMES[code], text) for code, text in texts_on(row, today).items()],
        "law_language": settings.LANGUAGE_CODE,
        "own": [(one, NAMES.get(one.code, "")) for one in row.wordings.order_by("-starts_on")],
    }
    return billing_page(request, "wording", hub, context)
