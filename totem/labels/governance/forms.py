"""Who governs and who pays, as it comes in. Actions are called with what `said` gives."""

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.db.models import Model, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from totem.core.edit_conflicts import VersionedForm, submitted
from totem.core.forms import DateField, NumberField
from totem.core.tables import Columns, TableForm
from totem.labels.models import ActorClass, Appointment, Body, FundingLine, Meeting, Seat, SeatRole
from totem.organisations.forms import OrganisationField
from totem.organisations.models import LegalForm, OrganisationKind
from totem.premises.forms import EvidencedForm, KnownOrganisationField
from totem.territories.models import Document, Workspace

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Any]
    DocumentChoice = forms.ModelChoiceField[Document]
else:
    ModelForm, DocumentChoice = forms.ModelForm, forms.ModelChoiceField


class ProvenForm(EvidencedForm, VersionedForm):
    """A form with a document, among those of the territory or sent along."""

    def of(self, workspace: Workspace, row: Model | None = None) -> None:
        """Offer the documents of the territory, and the one the row stands on even if its content is erased."""
        there = Q(pk=getattr(row, "document_id", None))
        field = cast("DocumentChoice", self.fields["document"])
        field.queryset = Document.objects.filter(Q(erased_at=None) | there, workspace=workspace)

    def keep(self, document: Document) -> None:
        """A document that was sent is there now, whatever else is wrong: it is the one chosen."""
        self.data = {**submitted(self), self.add_prefix("document"): str(document.pk)}
        self.cleaned_data["document"] = document


class NotingOrganisationField(KnownOrganisationField):
    """Cleans to the Organisation that is meant, to the name of one that has to be noted first, or to None."""

    def clean(self, value: Any) -> Any:
        return OrganisationField.clean(self, value) or None


class NotingForm(forms.Form):
    """Names an organisation that may not be here yet: the field `noted`, with what the new one is.

    The field stands apart from the model's, as what it cleans to may be a name.
    """

    noted = "organisation"
    new_kind = forms.ChoiceField(
        label=_("If it is not here yet: what it is"), required=False, choices=[("", "—"), *OrganisationKind.choices]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        instance = getattr(self, "instance", None)
        self.initial.setdefault(self.noted, getattr(instance, f"{self.noted}_id", None))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        named = data.get(self.noted)
        if isinstance(named, str) and not any(letter.isalpha() for letter in named):
            self.add_error(self.noted, gettext("No organisation has this number here: type its name."))
        elif isinstance(named, str) and not data.get("new_kind"):
            self.add_error("new_kind", gettext("Nobody is called that here yet: say what it is."))
        return data


NOT_SAID = frozenset({"seen", "upload", "new_kind"})


def said(form: forms.Form) -> dict[str, Any]:
    """What the action takes; a name still stands where an organisation has to be noted."""
    return {name: value for name, value in form.cleaned_data.items() if name not in NOT_SAID}


class PeriodForm(forms.Form):
    """From a day until the first one on which it no longer holds; `included`: until the last one on which it does."""

    period, included = ("since", "until"), False

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = (data.get(name) for name in self.period)
        if first and last and (last < first or (last == first and not self.included)):
            self.add_error(self.period[1], gettext("The end comes before the start."))
        return data


DAYS: dict[str, Any] = {"since": DateField, "until": DateField}


class BodyForm(ProvenForm, NotingForm, PeriodForm, ModelForm):
    """A governing body, or a legal vehicle."""

    organisation = NotingOrganisationField(
        label=_("The organisation that it is"),
        required=False,
        help_text=_("Its name, SIREN or SIRET; nothing where it is no organisation of its own."),
    )
    field_order = (
        *("kind", "name", "legal_form", "has_capital", "after_call", "since", "until"),
        *("organisation", "new_kind", "document", "upload", "seen"),
    )

    class Meta:
        model = Body
        fields = ("kind", "name", "legal_form", "has_capital", "after_call", "since", "until", "document")
        field_classes = DAYS
        help_texts = {
            "legal_form": _("Left empty for a committee that is no legal person."),
            "has_capital": _("Its seats then say their share of it. A SEM always has one, a GIP may."),
            "after_call": _("The local authorities asked for candidates before setting it up."),
        }

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("legal_form") == LegalForm.SEM and not data.get("has_capital"):
            self.add_error("has_capital", gettext("A SEM is a company limited by shares: it has capital."))
        return data


class SeatForm(VersionedForm, NotingForm, PeriodForm, ModelForm):
    """A seat of a body; its share of the capital is asked where the body has some."""

    organisation = NotingOrganisationField(label=_("Member"), required=False)
    field_order = (
        *("organisation", "new_kind", "holder", "actor_class", "role", "votes", "capital_share"),
        *("since", "until", "seen"),
    )

    class Meta:
        model = Seat
        fields = ("holder", "actor_class", "role", "votes", "capital_share", "since", "until")
        field_classes = DAYS
        help_texts = {
            "holder": _("An office rather than a name: the mayor, the head of… A name is personal data."),
            "votes": _("0 for an observer."),
        }

    def __init__(self, *args: Any, body: Body, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not body.has_capital and self.instance.capital_share is None:
            del self.fields["capital_share"]
        for name in ("votes", "capital_share"):
            if self.initial.get(name) is not None:
                self.initial[name] = format(self.initial[name].normalize(), "f")  # 1, not 1.00

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not data.get("organisation") and not data.get("holder") and "organisation" not in self.errors:
            self.add_error("organisation", gettext("Name the member, or who sits."))
        if data.get("role") == SeatRole.OBSERVER and data.get("votes"):
            self.add_error("votes", gettext("An observer has no vote."))
        return data


class SeatsListForm(TableForm):
    """Seats by list, and what holds for the lines that do not say."""

    columns: ClassVar[Columns] = {
        "name": ("nom", "name", "membre", "member", "organisation"),
        "number": ("siren", "siret", "siren ou siret", "siren or siret"),
        "actor_class": ("college", "class"),
        "role": ("role",),
        "votes": ("voix", "votes"),
        "capital_share": ("part du capital", "part du capital %", "capital", "share of the capital"),
    }
    organisation_kind = forms.ChoiceField(
        label=_("What it is, if it is not here yet"), required=False, choices=[("", "—"), *OrganisationKind.choices]
    )
    actor_class = forms.ChoiceField(
        label=_("Class, where a line does not say"), required=False, choices=[("", "—"), *ActorClass.choices]
    )
    since = DateField(label=_("Since"), required=False)

    def __init__(self, *args: Any, body: Body, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = _("name; SIREN or SIRET; class; role; votes")
        if body.has_capital:
            names = _("name; SIREN or SIRET; class; role; votes; share of the capital")
        else:
            self.columns = {name: words for name, words in self.columns.items() if name != "capital_share"}  # type: ignore[misc]
        self.fields["table"].help_text = gettext("In this order, or with these headings: {columns}").format(
            columns=names
        )


class MeetingForm(ProvenForm, ModelForm):
    """A meeting that was held; its document is its minutes."""

    class Meta:
        model = Meeting
        fields = ("held_on", "subject", "document")
        field_classes = {"held_on": DateField}


class AppointmentForm(ProvenForm, NotingForm, PeriodForm, ModelForm):
    """Who was named to an office, by whom. `together` is asked where somebody else holds it at the same time."""

    noted = "appointed_by"
    appointed_by = NotingOrganisationField(label=_("Appointed by"))
    company = KnownOrganisationField(label=_("Their company"), required=False)
    together = forms.BooleanField(
        label=_("Two people hold this office at the same time, and that is meant"),
        required=False,
        widget=forms.HiddenInput,
    )
    field_order = (
        *("office", "holder", "company", "is_entrepreneur", "appointed_by", "new_kind", "act"),
        *("since", "until", "together", "document", "upload", "seen"),
    )

    class Meta:
        model = Appointment
        fields = ("office", "holder", "company", "is_entrepreneur", "act", "since", "until", "document")
        field_classes = DAYS
        help_texts = {
            "holder": _(
                "A name is personal data: a first name and what they founded is enough, and it may be left out."
            ),
        }

    def add_error(self, field: str | None, error: Any) -> None:
        """Where somebody else holds the office, show the box to tick."""
        super().add_error(field, error)
        if field == "together":
            self.fields["together"].widget = forms.CheckboxInput()


class EndForm(VersionedForm):
    """The first day somebody no longer holds an office."""

    until = DateField(label=_("They no longer hold it from"))


class FundingForm(ProvenForm, NotingForm, PeriodForm, ModelForm):
    """Money of one level for one purpose."""

    noted, period, included = "funder", ("starts_on", "ends_on"), True
    funder = NotingOrganisationField(label=_("Funder"), required=False)
    field_order = (
        *("level", "purpose", "amount", "starts_on", "ends_on", "funder", "new_kind", "source"),
        *("document", "upload", "seen"),
    )

    class Meta:
        model = FundingLine
        fields = ("level", "purpose", "amount", "starts_on", "ends_on", "source", "document")
        field_classes = {"starts_on": DateField, "ends_on": DateField}
        help_texts = {"source": _("Where this is written: a budget, a deliberation, an agreement.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"] = NumberField(label=_("Amount, in €"), unit="€", max_digits=14, decimal_places=2)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("amount") is not None and data["amount"] <= 0:
            self.add_error("amount", gettext("More than 0 €."))
        return data
