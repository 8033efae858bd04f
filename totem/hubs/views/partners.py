"""The partners that a hub shows on its page."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from totem.accounts.permissions import signed_in
from totem.core.pages import SHOW_AND_SEND, errors_in, form_status
from totem.hubs import actions
from totem.hubs.forms import ConstraintsAtFields
from totem.hubs.models import Hub, Partner
from totem.hubs.permissions import MANAGE, hub_for

if TYPE_CHECKING:
    PartnerModelForm = forms.ModelForm[Partner]
else:
    PartnerModelForm = forms.ModelForm


class PartnerForm(ConstraintsAtFields, PartnerModelForm):
    """A partner: the name, and where to read about them."""

    website = forms.URLField(label=gettext_lazy("Website"), required=False, assume_scheme="https")
    constraint_fields = {"partner_once": "name"}

    class Meta:
        model = Partner
        fields = ("name", "website")

    def __init__(self, data: Any = None, *, hub: Hub) -> None:
        super().__init__(data, instance=Partner(hub=hub))

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"hub"}  # type: ignore[misc,no-any-return]


@require_http_methods(SHOW_AND_SEND)
def partners(request: HttpRequest, slug: str) -> HttpResponse:
    """The partners in their order; one more is added here."""
    hub = hub_for(request.user, slug, MANAGE)
    form = PartnerForm(request.POST or None, hub=hub)
    if form.is_valid():
        with errors_in(form):
            actions.add_partner(hub=hub, by=signed_in(request), **form.cleaned_data)
            messages.success(request, _("The partner is added."))
            return redirect("hubs:partners", hub.slug)
    context = {"hub": hub, "partners": hub.partners.order_by("pk"), "form": form}
    return render(request, "hubs/partners.html", context, status=form_status(request))


@require_POST
def remove_partner(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Drop a partner."""
    hub = hub_for(request.user, slug, MANAGE)
    actions.remove_partner(partner=get_object_or_404(Partner, hub=hub, pk=pk), by=signed_in(request))
    messages.success(request, _("The partner is removed."))
    return redirect("hubs:partners", hub.slug)
