"""Forms of buildings, phases, lots and network offers. `values` are what the actions take."""

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core.edit_conflicts import VersionedForm
from totem.core.files import DocumentField
from totem.core.forms import CoordinateField, DateField
from totem.organisations.forms import OrganisationField, search_for
from totem.organisations.models import Organisation
from totem.premises.models import Building, Lot, Network, Offer, Phase, PhaseRevision, PhaseState
from totem.territories.forms import CommuneField
from totem.territories.models import Document, Workspace

if TYPE_CHECKING:
    BuildingModelForm = forms.ModelForm[Building]
    LotModelForm = forms.ModelForm[Lot]
    OfferModelForm = forms.ModelForm[Offer]
    PhaseModelForm = forms.ModelForm[Phase]
    RevisionModelForm = forms.ModelForm[PhaseRevision]
else:
    BuildingModelForm = LotModelForm = OfferModelForm = PhaseModelForm = RevisionModelForm = forms.ModelForm


class KnownOrganisationField(OrganisationField):
    """Cleans a name, a SIREN or a SIRET to the matching Organisation (None when empty and not required)."""

    def prepare_value(self, value: Any) -> Any:
        """The organisation's label for a primary key, which model forms give."""
        if isinstance(value, int):
            value = Organisation.objects.filter(pk=value).first()
        return super().prepare_value(value)

    def clean(self, value: Any) -> Any:
        meant = super().clean(value)
        if isinstance(meant, str) and meant:
            words = _("No organisation here answers to that. It has to be noted first, among the territory's actors.")
            raise ValidationError(words, code="unknown")
        return meant or None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class EvidencedForm(forms.Form):
    """A document chosen among the territory's, or uploaded with the form, which takes precedence."""

    document = forms.ModelChoiceField(
        Document.objects.none(), label=gettext_lazy("Document, among those of the territory"), required=False
    )
    upload = DocumentField(label=gettext_lazy("Or a new document"), required=False)

    def of(self, workspace: Workspace) -> None:
        """Limit the choices to the documents of that territory, and to the organisations it sees."""
        search_for(self, workspace)
        field = cast("forms.ModelChoiceField[Document]", self.fields["document"])
        field.queryset = Document.objects.filter(workspace=workspace, erased_at__isnull=True)

    @property
    def values(self) -> dict[str, Any]:
        """The values of the action, without the uploaded document."""
        return {name: value for name, value in self.cleaned_data.items() if name not in {"upload", "seen"}}


class BuildingForm(EvidencedForm, VersionedForm, BuildingModelForm):
    """Identity and address of a building."""

    commune = CommuneField(label=gettext_lazy("Commune"))
    latitude = CoordinateField(
        label=gettext_lazy("Latitude"),
        required=False,
        min_value=-90,
        max_value=90,
        help_text=gettext_lazy("In degrees (WGS 84): it tells on which side of a drawn limit the building is."),
    )
    longitude = CoordinateField(label=gettext_lazy("Longitude"), required=False, min_value=-180, max_value=180)
    owner = KnownOrganisationField(label=gettext_lazy("Owner"), required=False)

    class Meta:
        model = Building
        fields = ("name", "address", "commune", "latitude", "longitude", "owner", "source", "note", "document")
        widgets = {"note": forms.Textarea({"rows": 4})}
        help_texts = {
            "source": gettext_lazy("Where this is written: a decision, a newspaper, a page."),
        }

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        for given, missing in (("latitude", "longitude"), ("longitude", "latitude")):
            if data.get(given) is not None and missing in data and data[missing] is None:
                self.add_error(missing, _("A position is a latitude and a longitude, or neither."))
        return data


class PhaseFiguresForm(EvidencedForm):
    """The validation common to phases and announcements."""

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        state, delivered = data.get("state"), data.get("delivered_on")
        if state == PhaseState.DELIVERED and delivered is None and "delivered_on" in data:
            self.add_error("delivered_on", _("When was it delivered?"))
        if delivered is not None and data.get("announced_on") is not None and delivered > data["announced_on"]:
            self.add_error("delivered_on", _("A delivery is announced once it has taken place."))
        if state and state != PhaseState.DELIVERED:
            if delivered is not None:
                self.add_error("delivered_on", _("Only what is delivered has a date of delivery."))
            if data.get("due_on") is None and "due_on" in data:
                self.add_error("due_on", _("When is it foreseen? The date that was announced, even a distant one."))
        return data


DAYS: dict[str, Any] = dict.fromkeys(("due_on", "delivered_on", "announced_on"), DateField)
PHASE_HELP = {
    "announced_on": gettext_lazy("The day of the decision, the article or the letter that says it."),
    "source": gettext_lazy("Where this is written: a decision, a newspaper, a page."),
}


class PhaseForm(PhaseFiguresForm, PhaseModelForm):
    """A new phase, with its first announcement."""

    announced_on = DateField(label=gettext_lazy("Announced on"), help_text=PHASE_HELP["announced_on"])
    source = forms.CharField(
        label=gettext_lazy("Source"), max_length=300, required=False, help_text=PHASE_HELP["source"]
    )
    field_order = (
        *("name", "state", "usable_m2", "due_on", "delivered_on", "cost"),
        *("announced_on", "source", "document", "upload"),
    )

    class Meta:
        model = Phase
        fields = ("name", "state", "usable_m2", "due_on", "delivered_on", "cost", "document")
        field_classes = DAYS


class RevisionForm(PhaseFiguresForm, RevisionModelForm):
    """A later announcement about a phase."""

    field_order = (
        *("state", "usable_m2", "due_on", "delivered_on", "cost", "announced_on"),
        *("source", "retained", "reason", "document", "upload"),
    )

    class Meta:
        model = PhaseRevision
        fields = (
            *("state", "usable_m2", "due_on", "delivered_on", "cost", "announced_on"),
            *("source", "retained", "reason", "document"),
        )
        field_classes = DAYS
        help_texts = PHASE_HELP | {
            "retained": gettext_lazy(
                "Sources contradict each other: what is not retained stays beside and does not count."
            )
        }


class LotForm(EvidencedForm, VersionedForm, LotModelForm):
    """A lot; its document is the template of the agreement, or the price list."""

    class Meta:
        model = Lot
        fields = ("name", "usable_m2", "use", "lease_form", "period_months", "notice_months", "document")


class OfferForm(EvidencedForm, OfferModelForm):
    """A network offer; its document is the attestation."""

    operator = KnownOrganisationField(label=gettext_lazy("Operator"))

    class Meta:
        model = Offer
        fields = (
            *("operator", "network", "technology", "generation", "mbits_down", "mbits_up", "coverage_percent"),
            *("since", "until", "attested_on", "document"),
        )
        field_classes = {"since": DateField, "until": DateField, "attested_on": DateField}
        help_texts = {"technology": gettext_lazy("Of a fixed network.")}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        fixed = data.get("network") == Network.FIXED
        needed = ("technology", "mbits_down") if fixed else ("generation", "coverage_percent")
        for name in needed if data.get("network") else ():
            if name in data and data[name] in (None, ""):
                self.add_error(name, _("An offer of this network says it."))
        if fixed and data.get("generation") is not None:
            self.add_error("generation", _("Only a mobile network has a generation."))
        if data.get("network") == Network.MOBILE and data.get("technology"):
            self.add_error("technology", _("A mobile network is known by its generation."))
        return data


class OfferEndForm(forms.Form):
    """The first day without an offer."""

    on = DateField(label=gettext_lazy("It no longer holds from"))
