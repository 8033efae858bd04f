"""Forms of domiciliation, for the team. `cleaned_data` are the values of the actions."""

from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from totem.core.edit_conflicts import VersionedForm
from totem.core.files import DocumentField
from totem.core.forms import DateField
from totem.core.phones import PhoneField
from totem.hubs.forms import ConstraintsAtFields
from totem.memberships.domiciliation.lists import list_words, periods_over
from totem.memberships.models import (
    AuthoritiesListSending,
    DomiciliationApproval,
    DomiciliationDocument,
    DomiciliationFile,
    VigilanceCheck,
)
from totem.organisations.numbers import SirenField
from totem.spaces.models import Space

if TYPE_CHECKING:
    ApprovalModelForm = forms.ModelForm[DomiciliationApproval]
    FileModelForm = forms.ModelForm[DomiciliationFile]
else:
    ApprovalModelForm = FileModelForm = forms.ModelForm


class DomiciliationApprovalForm(ConstraintsAtFields, VersionedForm, ApprovalModelForm):
    """An approval of the prefect, or why none is needed."""

    file = DocumentField(label=_("The approval (PDF or image)"), required=False)
    constraint_fields = {
        "domiciliation_approval_says_which": "ground",
        "domiciliation_approval_six_years": "ends_on",
        "domiciliation_approval_dates_in_order": "ends_on",
        "domiciliation_approval_once_at_a_time": "starts_on",
    }

    class Meta:
        model = DomiciliationApproval
        fields = ("ground", "number", "prefecture", "reason", "starts_on", "ends_on")
        field_classes = {"starts_on": DateField, "ends_on": DateField}


class DomiciliationFileForm(VersionedForm, FileModelForm):
    """What the hub keeps of a company; nothing but its name is needed to begin."""

    siren = SirenField(label=_("SIREN"), required=False, help_text=_("Leave empty until the company is registered."))
    representative_phone = PhoneField(label=_("Their telephone"), required=False)

    class Meta:
        model = DomiciliationFile
        fields = (
            "company", "siren", "representative", "representative_address", "representative_phone", "beneficial_owner",
            "accounts_here", "accounts_place", "activity_places", "room", "mandate_on", "registry",
        )  # fmt: skip
        field_classes = {"mandate_on": DateField}
        widgets = {"activity_places": forms.Textarea({"rows": 3})}

    def __init__(self, data: Any = None, *, hub_id: int, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["room"].queryset = Space.objects.filter(hub=hub_id)  # type: ignore[attr-defined]


class PaperUploadForm(forms.Form):
    """A paper of a file."""

    kind = forms.ChoiceField(label=_("What it is"), choices=DomiciliationDocument.Kind.choices)
    upload = DocumentField(label=_("The paper (PDF or image)"))
    dated_on = DateField(label=_("Dated"))
    valid_until = DateField(
        label=_("Valid until"), required=False, help_text=_("Of an identity card or a passport. Leave empty: no end.")
    )


class VigilanceCheckForm(forms.Form):
    """A check against money laundering."""

    checked_on = DateField(label=_("Checked on"))
    result = forms.ChoiceField(label=_("Result"), choices=VigilanceCheck.Result.choices, widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("What was looked at"), required=False, max_length=500, widget=forms.Textarea({"rows": 3}),
        help_text=_("Freezing of assets, exposed persons, where the money comes from, what the company does."),
    )  # fmt: skip


class CollectionForm(forms.Form):
    """A day on which mail was collected."""

    collected_on = DateField(label=_("Mail collected on"))


class ToldForm(forms.Form):
    """The day on which the court registry was told."""

    told_on = DateField(label=_("Told on"))


class SendingForm(forms.Form):
    """To whom a list was sent, and when."""

    authority = forms.ChoiceField(label=_("Sent to"), choices=AuthoritiesListSending.Authority.choices)
    sent_on = DateField(label=_("Sent on"))


class ListPeriodForm(forms.Form):
    """A period that is over; `kind` and `starts_on` are its values."""

    period = forms.ChoiceField(label=_("List"))

    def __init__(self, data: Any = None, *, today: date) -> None:
        super().__init__(data)
        self.known = {f"{one.kind}:{one.starts_on}": one for one in periods_over(today)}
        choices = [(key, list_words(one.kind, one.starts_on)) for key, one in self.known.items()]
        self.fields["period"].choices = choices  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        """What `make_list` takes."""
        one = self.known[self.cleaned_data["period"]]
        return {"kind": one.kind, "starts_on": one.starts_on}
