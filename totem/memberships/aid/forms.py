"""Forms about aid, for the team. `cleaned_data` are the values of the actions."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.billing.models import Customer
from totem.core.forms import DateField, NumberField
from totem.hubs.models import Hub
from totem.memberships.aid.actions import OtherAid
from totem.memberships.aid.register import RegisterRow
from totem.memberships.models import AidDecision, Plan
from totem.memberships.models.aid import NACE
from totem.memberships.periods import Days
from totem.organisations.numbers import compact_siren

if TYPE_CHECKING:
    AidForms = forms.BaseFormSet["OtherAidForm"]
else:
    AidForms = forms.BaseFormSet


class DeclarationForm(forms.Form):
    """What a customer declares, beside the lines of aid."""

    declared_on = DateField(label=gettext_lazy("Declared on"))
    declared_by = forms.CharField(
        label=gettext_lazy("Declared by"), max_length=150, help_text=gettext_lazy("The name, and in what capacity.")
    )
    activity = forms.CharField(
        label=gettext_lazy("Code of activity (NACE or APE)"), max_length=6, validators=[NACE],
        help_text=gettext_lazy("The register asks for the sector: 62.01Z, for example."),
    )  # fmt: skip
    linked = forms.CharField(
        label=gettext_lazy("SIREN of the companies of the same single undertaking"), required=False, max_length=300,
        help_text=gettext_lazy(
            "One controls the other, by its capital, votes, contract or managers (article 2, paragraph 2). Between "
            "commas."
        ),
    )  # fmt: skip
    none = forms.BooleanField(
        label=gettext_lazy("The customer declares no other de minimis aid in three years"), required=False
    )

    def clean_linked(self) -> list[str]:
        parts = self.cleaned_data["linked"].replace(";", ",").split(",")
        return [number for part in parts if (number := compact_siren(part))]


class OtherAidForm(forms.Form):
    """De minimis aid that somebody else granted; an empty one is left out."""

    granted_on = DateField(label=gettext_lazy("Granted on"))
    amount = NumberField(
        label=gettext_lazy("Amount (€)"), unit="€", min_value=Decimal("0.01"), max_digits=9, decimal_places=2
    )
    body = forms.CharField(label=gettext_lazy("Granted by"), max_length=150)
    measure = forms.CharField(label=gettext_lazy("Measure"), max_length=150)


class _AidFormSet(AidForms):
    """What was known is shown, and left out of the declaration where it is emptied."""

    def add_fields(self, form: OtherAidForm, index: int | None) -> None:
        super().add_fields(form, index)
        form.empty_permitted = True

    def aid(self) -> list[OtherAid]:
        """The lines that were filled in. Of a valid formset."""
        return [OtherAid(**form.cleaned_data) for form in self.forms if form.cleaned_data]


OtherAidFormSet: Any = forms.formset_factory(OtherAidForm, formset=_AidFormSet, extra=3, max_num=50)


def declared_values(form: DeclarationForm, lines: Any) -> dict[str, Any]:
    """The values of `declare_aid`. Raises ValidationError where neither aid nor none is declared, or both."""
    data, aid = dict(form.cleaned_data), lines.aid()
    if data.pop("none") == bool(aid):
        raise ValidationError({"none": _("Write down the aid that is declared, or tick that there is none; not both.")})
    return {**data, "aid": aid}


class AidDecisionForm(forms.Form):
    """Why a place is granted without a declaration, or under which other regime."""

    plan = forms.ModelChoiceField(
        Plan.objects.none(), label=gettext_lazy("Place of"), empty_label=gettext_lazy("Choose a plan")
    )
    kind = forms.TypedChoiceField(
        label=gettext_lazy("Decision"), coerce=AidDecision.Kind, choices=AidDecision.Kind.choices,
        widget=forms.RadioSelect,
    )  # fmt: skip
    legal_basis = forms.CharField(
        label=gettext_lazy("Legal basis"), required=False, max_length=200,
        help_text=gettext_lazy("Of another regime: Regulation (EU) 651/2014, article 22, for example."),
    )  # fmt: skip
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=300, help_text=gettext_lazy("Kept with who decides.")
    )

    def __init__(self, data: Any = None, *, hub: Hub, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["plan"].queryset = Plan.objects.filter(hub=hub, is_incubation=True)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        if "kind" in data and (data["kind"] == AidDecision.Kind.OTHER_REGIME) != bool(data.get("legal_basis")):
            text = _("Another regime has a legal basis; granting without a declaration has none.")
            raise ValidationError({"legal_basis": text})
        return data


class AttestationForm(forms.Form):
    """The days that an attestation is of."""

    starts_on = DateField(label=gettext_lazy("From"))
    ends_on = DateField(label=gettext_lazy("Until (included)"))

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if "starts_on" not in data or "ends_on" not in data:
            return data
        if data["ends_on"] < data["starts_on"]:
            raise ValidationError({"ends_on": _("The end is before the start.")})
        return {"days": Days(data["starts_on"], data["ends_on"])}


class EnteredForm(forms.Form):
    """Which of what is due was entered in the register, and when."""

    keys = forms.MultipleChoiceField(required=False)
    entered_on = DateField(label=gettext_lazy("Entered in the register on"))

    def __init__(self, data: Any = None, *, due: Sequence[RegisterRow], today: date) -> None:
        super().__init__(data, initial={"entered_on": today})
        self.fields["keys"].choices = [(row.key, row.key) for row in due]  # type: ignore[attr-defined]
        self.fields["keys"].error_messages["invalid_choice"] = _(
            "Choose what was entered: somebody has noted it since, or an amount has changed."
        )


class BeneficiaryForm(forms.Form):
    """The customer whose aid is looked at."""

    customer = forms.ModelChoiceField(
        Customer.objects.none(), label=gettext_lazy("Customer"), empty_label=gettext_lazy("Choose a customer")
    )

    def __init__(self, data: Any = None, *, hub: Hub) -> None:
        super().__init__(data)
        self.fields["customer"].queryset = Customer.objects.filter(hub=hub)  # type: ignore[attr-defined]
