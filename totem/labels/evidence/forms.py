"""Figures that people declare, and which one they retain."""

import datetime
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from totem.core.files import CheckedFile, DocumentField, DocumentInput
from totem.core.forms import DateField, NumberField
from totem.core.wording import date_with_year
from totem.labels.evidence.comparison import TEXTS, Comparison
from totem.labels.figures import FigureDefinition
from totem.labels.models import Observation, ObservationVersion
from totem.observatory.models import ActivityVersion, Stock
from totem.territories.models import Document, Workspace

if TYPE_CHECKING:
    VersionModelForm = forms.ModelForm[ObservationVersion]
    DocumentChoices = forms.ModelMultipleChoiceField[Document]
else:
    VersionModelForm = forms.ModelForm
    DocumentChoices = forms.ModelMultipleChoiceField

COMPUTED = "computed"
DOCUMENTS_PROPOSED = 500


class YesNoField(forms.TypedChoiceField):
    """Whether there is something: 1, 0, or None where nothing is said."""

    def __init__(self, **kwargs: Any) -> None:
        choices = [("1", _("Yes")), ("0", _("No"))]
        super().__init__(choices=choices, coerce=Decimal, empty_value=None, widget=forms.RadioSelect, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return str(int(value)) if isinstance(value, Decimal) else value


class DocumentsInput(DocumentInput):
    """Several documents at once."""

    allow_multiple_selected = True


class DocumentsField(DocumentField):
    """Cleans uploads to a list of CheckedFile."""

    widget = DocumentsInput

    def clean(self, data: Any, initial: Any = None) -> list[CheckedFile]:
        sent = data if isinstance(data, list | tuple) else [data] if data else []
        return [super(DocumentsField, self).clean(one, initial) for one in sent]


class KnownDocumentsField(DocumentChoices):
    """Documents of the workspace: the last ones that were sent."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Document) -> str:
        return f"{obj} ({obj.kind})"


class ObservationForm(VersionModelForm):
    """What somebody says of a figure: a value or why there is none, of when, by whom, how far it is to be trusted."""

    source_url = forms.URLField(label=_("Address of the source"), max_length=400, required=False, assume_scheme="https")
    documents = KnownDocumentsField(label=_("Documents that are here"), required=False, queryset=None)
    uploads = DocumentsField(label=_("Documents to send"), required=False)
    public = forms.BooleanField(
        label=_("Publish it now, with its documents"),
        required=False,
        help_text=_("Otherwise only your team sees it, until you publish it."),
    )
    based_on = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = ObservationVersion
        fields = [name for name in TEXTS if name != "withdrawn"]
        field_classes = dict.fromkeys(("starts_on", "ends_on", "source_date", "valid_until"), DateField)
        widgets = {
            "method": forms.Textarea({"rows": 3}),
            "note": forms.Textarea({"rows": 3}),
            "unavailable": forms.TextInput(),
        }
        labels = {
            "unavailable": _("Or why it is not available"),
            "starts_on": pgettext_lazy("period", "From"),
            "ends_on": _("To, or the day itself"),
        }
        help_texts = {
            "unavailable": _("One of the two is needed."),
            "starts_on": _("Leave empty where it tells of a single day."),
            "ends_on": _("The last day of the period, included."),
            "source": _("As it is quoted: council decision, press, operator, survey…"),
            "method": _("How it was counted or measured, and what it leaves out."),
        }

    def __init__(self, *args: Any, figured: FigureDefinition, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["value"] = _value_field(figured)
        if not figured.travel:
            del self.fields["mode"]
        if self.instance.pk:
            del self.fields["public"]
            self.initial["based_on"] = self.instance.number
            self.initial["documents"] = list(self.instance.documents.all())
        self.own = Document.objects.filter(workspace=workspace)
        self.propose(self._chosen())

    def _chosen(self) -> list[int]:
        """The documents chosen, as the form came or as it is first shown."""
        if self.is_bound:
            sent = cast("QueryDict", self.data).getlist("documents")
            return [int(pk) for pk in sent if str(pk).isdecimal() and len(str(pk)) < 10]
        return [document.pk for document in self.initial.get("documents", ())]

    def propose(self, chosen: Iterable[int]) -> None:
        """Offer the documents that are chosen, and the last ones of the workspace."""
        last = self.own.filter(erased_at=None).values_list("pk", flat=True)[:DOCUMENTS_PROPOSED]
        self.fields["documents"].queryset = self.own.filter(pk__in={*chosen, *last})  # type: ignore[attr-defined]

    def keep(self, documents: Sequence[Document]) -> None:
        """Documents that were sent are there now, whatever else is wrong: they are among those chosen."""
        chosen = list(dict.fromkeys([*self._chosen(), *(document.pk for document in documents)]))
        self.put("documents", *chosen)
        self.propose(chosen)
        if "documents" in self.cleaned_data:
            self.cleaned_data["documents"] = self.own.filter(pk__in=chosen)

    def put(self, name: str, *values: object) -> None:
        """The form is shown with these values in the place of those that came."""
        data = cast("QueryDict", self.data).copy()
        data.setlist(name, [str(value) for value in values])
        self.data = data

    def _post_clean(self) -> None:
        """What the model would refuse, the action does, at the fields."""

    @property
    def said(self) -> dict[str, Any]:
        """The fields of a version, as the action takes them."""
        return {name: self.cleaned_data[name] for name in TEXTS if name in self.cleaned_data}


def _value_field(figured: FigureDefinition) -> forms.Field:
    if figured.is_yes_or_no:
        label = gettext("Is there such a document?") if figured.documents else str(figured.label)
        return YesNoField(label=label, required=False)
    unit = str(figured.unit)
    label = gettext("Value, in %(unit)s") % {"unit": unit} if unit else gettext("Value")
    return NumberField(label=label, required=False, unit=unit, max_digits=18, decimal_places=3)


class RetainForm(forms.Form):
    """Which figure counts, and why; the one that counts now is chosen first."""

    observation = forms.ChoiceField(label=_("Which one counts"), widget=forms.RadioSelect)
    reason = forms.CharField(label=_("Why this one"), max_length=500, widget=forms.Textarea({"rows": 2}))

    def __init__(self, *args: Any, found: Comparison, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.declared = {str(one.observation.pk): one for one in found.said}
        words = gettext("%(value)s: %(source)s")
        choices = [
            (pk, words % {"value": one.words or gettext("not available"), "source": one.source})
            for pk, one in self.declared.items()
        ]
        if found.computed_words:
            computed = gettext("%(value)s: computed by Totem") % {"value": found.computed_words}
            choices.insert(0, (COMPUTED, computed))
        self.fields["observation"].choices = choices  # type: ignore[attr-defined]
        counts = next((pk for pk, one in self.declared.items() if one.counts), "")
        self.initial["observation"] = counts or (COMPUTED if found.computed_counts else "")

    def clean_observation(self) -> Observation | None:
        """The observation; None for the computed figure."""
        chosen = self.declared.get(self.cleaned_data["observation"])
        return chosen.observation if chosen is not None else None


class RegisterForm(forms.Form):
    """Which activities and which edition of the register the figures of a board are counted in."""

    activities = forms.ChoiceField(label=_("Activities"), required=False)
    edition = forms.TypedChoiceField(
        label=_("Edition of the register"),
        required=False,
        coerce=datetime.date.fromisoformat,
        empty_value=None,
        help_text=_("An edition that is chosen stays: later ones are not counted."),
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seen = Q(perimeter__workspace=None) | Q(perimeter__public=True) | Q(perimeter__workspace=workspace)
        versions = ActivityVersion.objects.filter(seen, published_at__isnull=False).select_related("perimeter")
        lists = [(f"{row.perimeter.slug}@{row.number}", f"{row.perimeter}, v{row.number}") for row in versions]
        days = Stock.objects.answering().values_list("date", flat=True)
        self.fields["activities"].choices = [("", _("Those counted by default")), *lists]  # type: ignore[attr-defined]
        editions = [(day.isoformat(), date_with_year(day)) for day in days]
        self.fields["edition"].choices = [("", _("The newest one")), *editions]  # type: ignore[attr-defined]
