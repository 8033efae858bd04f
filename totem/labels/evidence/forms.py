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
from totem.labels.evidence.comparison import TEXTS
from totem.labels.figures import FigureDefinition
from totem.labels.models import ObservationVersion
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


class FigureField(NumberField):
    """The value of a figure, with its unit."""

    def __init__(self, *, unit: str, **kwargs: Any) -> None:
        super().__init__(unit=unit, max_digits=18, decimal_places=3, **kwargs)


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

    def __init__(
        self, *args: Any, figured: FigureDefinition, workspace: Workspace, correcting: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        unit = str(figured.unit)
        self.fields["value"] = self._value(figured, unit)
        if not figured.travel:
            del self.fields["mode"]
        else:
            self.fields["method"].required = self.fields["mode"].required = False  # as long as there is no value
        if correcting:
            del self.fields["public"]
        self.workspace = workspace
        self.propose(self._chosen())

    @staticmethod
    def _value(figured: FigureDefinition, unit: str) -> forms.Field:
        if figured.documents and figured.is_yes_or_no:
            return YesNoField(label=_("Is there such a document?"), required=False)
        if figured.is_yes_or_no:
            return YesNoField(label=str(figured.label), required=False)
        label = gettext("Value, in %(unit)s") % {"unit": unit} if unit else gettext("Value")
        return FigureField(label=label, required=False, unit=unit)

    def _chosen(self) -> list[int]:
        """The documents chosen, as the form came or as it is first shown."""
        if self.is_bound:
            sent = cast("QueryDict", self.data).getlist("documents")
            return [int(pk) for pk in sent if str(pk).isdecimal() and len(str(pk)) < 10]
        return [document.pk for document in self.initial.get("documents", ())]

    def propose(self, chosen: Iterable[int]) -> None:
        """Offer the documents that are chosen, and the last ones of the workspace."""
        own = Document.objects.filter(workspace=self.workspace)
        last = own.filter(erased_at=None).values_list("pk", flat=True)[:DOCUMENTS_PROPOSED]
        field = self.fields["documents"]
        field.queryset = own.filter(pk__in={*chosen, *last})  # type: ignore[attr-defined]

    def keep(self, documents: Sequence[Document]) -> None:
        """Documents that were sent are there now, whatever else is wrong: they are among those chosen."""
        pks = [document.pk for document in documents]
        chosen = [*self._chosen(), *pks]
        self.put("documents", *dict.fromkeys(chosen))
        self.propose(chosen)
        if "documents" in self.cleaned_data:
            own = Document.objects.filter(workspace=self.workspace)
            self.cleaned_data["documents"] = own.filter(pk__in=chosen)

    def put(self, name: str, *values: object) -> None:
        """The form is shown with these values in the place of those that came."""
        data = cast("QueryDict", self.data).copy()
        data.setlist(name, [str(value) for value in values])
        self.data = data

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        value, reason = data.get("value"), data.get("unavailable", "")
        if "value" not in self.errors and "unavailable" not in self.errors:
            if value is None and not reason:
                self.add_error("value", gettext("Give a value, or say why there is none."))
            elif value is not None and reason:
                self.add_error("unavailable", gettext("There is a value: leave this empty, or take the value away."))
        start, end, valid = data.get("starts_on"), data.get("ends_on"), data.get("valid_until")
        if start and end and start > end:
            self.add_error("ends_on", gettext("The period ends before it starts."))
        if valid and end and valid < end:
            words = gettext("It cannot stop being valid before the period it tells of is over.")
            self.add_error("valid_until", words)
        return data

    def _post_clean(self) -> None:
        """What the model would say is said above at the fields, and by the action."""

    @property
    def said(self) -> dict[str, Any]:
        """The fields of a version, as the action takes them."""
        return {name: self.cleaned_data[name] for name in TEXTS if name in self.cleaned_data}


class RetainForm(forms.Form):
    """Which figure counts, and why."""

    observation = forms.ChoiceField(label=_("Which one counts"), widget=forms.RadioSelect)
    reason = forms.CharField(label=_("Why this one"), max_length=500, widget=forms.Textarea({"rows": 2}))

    def __init__(self, *args: Any, choices: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["observation"].choices = choices  # type: ignore[attr-defined]

    @property
    def chosen(self) -> int | None:
        """The id of an observation; None for the computed figure."""
        chosen = self.cleaned_data["observation"]
        return None if chosen == COMPUTED else int(chosen)


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
