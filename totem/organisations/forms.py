"""Organisations and invitations, as they come in."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from totem.organisations.models import Affiliation, Organisation
from totem.organisations.numbers import SirenField, SiretField, of_one_company
from totem.territories.forms import CommuneField

if TYPE_CHECKING:
    OrganisationModelForm = forms.ModelForm[Organisation]
else:
    OrganisationModelForm = forms.ModelForm


class OrganisationForm(OrganisationModelForm):
    """Who an organisation is. The action is called with `cleaned_data`."""

    siren = SirenField(label=_("SIREN"), required=False, help_text=_("Nine digits. Leave empty if it has none yet."))
    siret = SiretField(
        label=_("SIRET"), required=False, help_text=_("Fourteen digits: the establishment people go to.")
    )
    commune = CommuneField(label=_("Commune"), required=False)
    website = forms.URLField(label=_("Website"), required=False, assume_scheme="https")

    class Meta:
        model = Organisation
        fields = ("name", "legal_form", "kind", "siren", "siret", "address", "commune", "website", "email")
        widgets = {"address": forms.Textarea({"rows": 3, "autocomplete": "street-address"})}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                data["siren"] = of_one_company(data["siren"], data["siret"])
            except ValidationError as error:
                self.add_error(None, error)
        return data


class InvitationForm(forms.Form):
    """Somebody to ask into an organisation, known by their address only."""

    email = forms.EmailField(label=_("E-mail address"), help_text=_("They receive a mail, and choose."))
    role = forms.ChoiceField(label=_("Role"), choices=Affiliation.Role.choices, initial=Affiliation.Role.EMPLOYEE)
    can_book = forms.BooleanField(label=_("May book for the organisation"), required=False, initial=True)
