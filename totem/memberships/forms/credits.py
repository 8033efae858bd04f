"""Correcting credits: what the team gives or takes of a lot, and why."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from totem.core.forms import NumberField
from totem.memberships.models import GRAIN, CreditLot, CreditUnit


class CreditCorrectionForm(forms.Form):
    """So much more or less, in hours, days or events; `quantity` is cleaned to grains of the unit, with its sign."""

    GIVE, TAKE = "give", "take"

    seen_left = forms.IntegerField(required=False, widget=forms.HiddenInput)
    way = forms.ChoiceField(
        label=_("Correction"), choices=[(GIVE, _("Give more")), (TAKE, _("Take back"))], widget=forms.RadioSelect
    )
    quantity = NumberField(label=_("How many"), min_value=Decimal("0.01"), max_value=10_000)
    reason = forms.CharField(label=_("Why"), max_length=200, help_text=_("The person reads it among their credits."))

    def __init__(self, data: Any = None, *, lot: CreditLot, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.grains = GRAIN[CreditUnit(lot.unit)]
        self.fields["seen_left"].initial = lot.left
        self.fields["quantity"].help_text = lot.get_unit_display()

    def clean_quantity(self) -> int:
        grains = self.cleaned_data["quantity"] * self.grains
        if grains != int(grains):
            raise ValidationError(_("Whole minutes, half-days or events."))
        return int(grains)

    def clean(self) -> None:
        if self.cleaned_data.get("way") == self.TAKE and "quantity" in self.cleaned_data:
            self.cleaned_data["quantity"] *= -1
