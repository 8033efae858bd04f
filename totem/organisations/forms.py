"""Forms of organisations and invitations; forms of what a territory declares of organisations."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from totem.core.files import DocumentField
from totem.core.forms import DateField, EmailField
from totem.core.tables import Columns, TableForm
from totem.organisations.models import (
    Affiliation,
    LegalForm,
    Organisation,
    OrganisationKind,
    Relation,
    RelationKind,
    YearFigures,
)
from totem.organisations.numbers import SirenField, SiretField, of_one_company
from totem.organisations.queries import OrganisationMatches
from totem.territories.forms import CommuneField
from totem.territories.models import Document, Perimeter, Workspace

if TYPE_CHECKING:
    OrganisationModelForm = forms.ModelForm[Organisation]
    RelationModelForm = forms.ModelForm[Relation]
    FiguresModelForm = forms.ModelForm[YearFigures]
else:
    OrganisationModelForm = RelationModelForm = FiguresModelForm = forms.ModelForm


class OrganisationForm(OrganisationModelForm):
    """Identity of an organisation; `cleaned_data` are the values of the action."""

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
    """An invitation by e-mail address, with a role."""

    email = EmailField(label=_("E-mail address"), help_text=_("They receive a mail, and choose."))
    role = forms.ChoiceField(label=_("Role"), choices=Affiliation.Role.choices, initial=Affiliation.Role.EMPLOYEE)
    can_book = forms.BooleanField(label=_("May book for the organisation"), required=False, initial=True)


class LeavingForm(forms.Form):
    """What becomes of the bookings of a person who leaves."""

    KEEP, CANCEL = "keep", "cancel"
    bookings = forms.ChoiceField(
        label=_("The bookings for the organisation"),
        choices=[(KEEP, _("The person keeps them in their own name")), (CANCEL, _("Cancel those that still can be"))],
        initial=KEEP,
        required=False,
        widget=forms.RadioSelect,
    )


# -- What a territory says of organisations ---------------------------------------------------------------------------


def label_of(organisation: Organisation) -> str:
    """The label of an organisation in a field, which the field parses again: « Exemple SAS (123456782) »."""
    number = organisation.siret or organisation.siren
    return f"{organisation.name} ({number})" if number else organisation.name


class OrganisationField(forms.CharField):
    """Cleans a name, a SIREN or a SIRET to the matching Organisation, or to the text itself when none matches."""

    workspace: Workspace | None = None  # whose organisations are found, beside the one that is named: `search_for`
    named: Organisation | int | None = None
    known: OrganisationMatches | None = None  # what the text may mean, where it is read already

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("Its name, SIREN or SIRET."))
        super().__init__(**{"max_length": 180, **kwargs})
        self.widget.attrs |= {"list": "organisations-known", "autocomplete": "off", "spellcheck": "false"}

    def prepare_value(self, value: Any) -> Any:
        return label_of(value) if isinstance(value, Organisation) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        named = Organisation.objects.filter(pk=getattr(self.named, "pk", self.named)).first() if self.named else None
        if named is not None and text == label_of(named):
            return named
        meant = (self.known or OrganisationMatches([text], self.workspace)).of(text) if text else []
        if len(meant) > 1:
            names = ", ".join(f"{label_of(one)}, {one.commune}" if one.commune else label_of(one) for one in meant)
            words = gettext("Several organisations answer to that: %(names)s. Which one?") % {"names": names}
            raise ValidationError(words, code="ambiguous")
        return meant[0] if meant else text


def search_for(form: forms.BaseForm, workspace: Workspace) -> None:
    """Let the fields of the form find the organisations that this workspace sees."""
    for name, field in form.fields.items():
        if isinstance(field, OrganisationField):
            named = form.get_initial_for_field(field, name)
            field.workspace, field.named = workspace, named if isinstance(named, Organisation | int) else None


class EvidenceForm(forms.Form):
    """The source and document of a declaration, and the version token that its author saw."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    source_url = forms.URLField(label=_("Address of the source"), max_length=500, required=False, assume_scheme="https")
    file = DocumentField(label=_("Or a document to send"), required=False)

    def of(self, workspace: Workspace) -> None:
        """Limit the choices to what this workspace may name."""
        search_for(self, workspace)
        documents = Document.objects.filter(workspace=workspace, erased_at=None)
        self.fields["document"].queryset = documents  # type: ignore[attr-defined]

    @property
    def values(self) -> dict[str, Any]:
        """The values of the action, without an uploaded document, which is stored first."""
        return {name: value for name, value in self.cleaned_data.items() if name not in ("seen", "file")}


def _seen_perimeters(workspace: Workspace) -> QuerySet[Perimeter]:
    return Perimeter.objects.filter(public=True) | Perimeter.objects.filter(workspace=workspace)


class RelationForm(EvidenceForm, RelationModelForm):
    """A relation: what the organisation does, for whom or where, and since when."""

    partner = OrganisationField(
        label=_("Another organisation"),
        required=False,
        help_text=_("Its name, SIREN or SIRET. Leave empty for a place."),
    )
    partner_kind = forms.ChoiceField(
        label=_("If it is not here yet: what it is"), required=False, choices=[("", "—"), *OrganisationKind.choices]
    )
    commune = CommuneField(label=_("A commune"), required=False)

    class Meta:
        model = Relation
        fields = ("kind", "stage", "perimeter", "commune", "since", "until", "detail", "places", "amount", "source",
                  "source_url", "document")  # fmt: skip
        field_classes = {"since": DateField, "until": DateField}
        labels = {"perimeter": _("A perimeter"), "document": _("A document that is here")}

    field_order = ("kind", "stage", "detail", "partner", "partner_kind", "perimeter", "commune", "since", "until",
                   "places", "amount", "source", "source_url", "document", "file")  # fmt: skip

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.of(workspace)
        self.fields["perimeter"].queryset = _seen_perimeters(workspace)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        named = [name for name in ("partner", "perimeter", "commune") if data.get(name)]
        if len(named) != 1 and not {"partner", "perimeter", "commune"} & self.errors.keys():
            self.add_error(named[-1] if named else "partner", self._one_target())
        if isinstance(data.get("partner"), str) and data["partner"] and not data.get("partner_kind"):
            self.add_error("partner_kind", gettext("Nobody is called that here yet: say what it is."))
        if data.get("stage") and data.get("kind") not in (None, RelationKind.INVESTS_IN):
            self.add_error("stage", gettext("Only an investor has a stage of investment."))
        if data.get("since") and data.get("until") and data["until"] <= data["since"]:
            self.add_error("until", gettext("The end comes before the start."))
        data["partner"] = data.get("partner") or None
        return data

    def _one_target(self) -> str:
        return gettext("Name one other organisation, one perimeter or one commune.")

    @property
    def values(self) -> dict[str, Any]:
        return {name: value for name, value in super().values.items() if name != "partner_kind"}


class WhoForm(forms.Form):
    """The organisation that a declaration is about: an existing one, or a new one."""

    organisation = OrganisationField(label=_("Organisation"))
    siren = SirenField(label=_("SIREN"), required=False, help_text=_("Nine digits. Leave empty if it has none yet."))
    kind = forms.ChoiceField(label=_("What it is"), required=False, choices=[("", "—"), *OrganisationKind.choices])
    legal_form = forms.ChoiceField(label=_("Legal form"), required=False, choices=[("", "—"), *LegalForm.choices])
    commune = CommuneField(label=_("Commune"), required=False)

    def __init__(
        self, *args: Any, workspace: Workspace, known: OrganisationMatches | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        search_for(self, workspace)
        self.fields["organisation"].known = known  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        meant, number = data.get("organisation"), data.get("siren")
        if isinstance(meant, str):
            self._check_new(data)
        elif meant is not None and number and meant.siren != number:
            words = gettext("%(name)s is here with another SIREN, or without one: %(siren)s.")
            self.add_error("siren", words % {"name": meant.name, "siren": meant.siren or "–"})
        return data

    def _check_new(self, data: dict[str, Any]) -> None:
        if not any(letter.isalpha() for letter in data["organisation"]):
            self.add_error(
                "organisation", gettext("No organisation has this number here: type its name, and the SIREN below.")
            )
        if not data.get("kind"):
            self.add_error("kind", gettext("Nobody is called that here yet: say what it is."))


class ActorLineForm(forms.Form):
    """What a line of a list says of its organisation, beside where."""

    kind = forms.ChoiceField(label=_("What it does"), choices=RelationKind.choices)
    since = DateField(label=_("From"))
    source = forms.CharField(label=_("Source"), required=False, max_length=300)


class ActorsListForm(TableForm):
    """Actors by list, and what holds for the lines that do not say."""

    columns: ClassVar[Columns] = {
        "name": ("nom", "name", "organisation", "denomination", "raison sociale"),
        "number": ("siren", "siret", "siren ou siret", "siren or siret"),
        "type": ("type", "nature", "kind"),
        "role": ("role", "ce qu elle fait", "relation"),
        "since": ("depuis", "since", "date"),
        "source": ("source",),
    }
    organisation_kind = forms.ChoiceField(
        label=_("What it is, where a line does not say"), required=False, choices=[("", "—"), *OrganisationKind.choices]
    )
    kind = forms.ChoiceField(
        label=_("What it does, where a line does not say"), required=False, choices=[("", "—"), *RelationKind.choices]
    )
    since = DateField(label=_("Since, where a line does not say"), required=False)
    source = forms.CharField(label=_("Source, where a line does not say"), required=False, max_length=300)
    perimeter = forms.ModelChoiceField(Perimeter.objects.none(), label=_("A perimeter"), required=False)
    commune = CommuneField(label=_("A commune"), required=False)

    field_order = ("table", "file", "perimeter", "commune", "organisation_kind", "kind", "since", "source")

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["perimeter"].queryset = _seen_perimeters(workspace)  # type: ignore[attr-defined]
        self.fields["perimeter"].help_text = _("Where they do it: a perimeter or a commune, for all the lines.")
        self.fields["table"].help_text = _("In this order, or with these headings: {columns}").format(
            columns=_("name; SIREN or SIRET; type; role; since; source")
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        places = [name for name in ("perimeter", "commune") if data.get(name) or name in self.errors]
        if len(places) != 1:
            self.add_error("perimeter", gettext("Name one perimeter or one commune."))
        return data


class FiguresForm(EvidenceForm, FiguresModelForm):
    """Figures of a closed year. Growth is computed from two years, so it is not asked."""

    class Meta:
        model = YearFigures
        fields = ("closing_date", "accounts", "revenue", "staff_low", "staff_high", "international_share", "source",
                  "source_url", "document")  # fmt: skip
        field_classes = {"closing_date": DateField}
        labels = {"document": _("A document that is here")}

    field_order = ("closing_date", "revenue", "accounts", "staff_low", "staff_high", "international_share", "source",
                   "source_url", "document", "file")  # fmt: skip

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.of(workspace)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        low, high, share = (data.get(name) for name in ("staff_low", "staff_high", "international_share"))
        if high is not None and "staff_low" not in self.errors and (low is None or high < low):
            self.add_error("staff_high", gettext("The band of staff ends below where it starts."))
        if share is not None and not 0 <= share <= 100:
            self.add_error("international_share", gettext("A share lies between 0 and 100 %%.") % ())
        return data


class RelationEndForm(forms.Form):
    """The day a relation ends."""

    until = DateField(label=_("The first day it no longer holds"))


class ActorsFilterForm(forms.Form):
    """Which relations are listed."""

    hide_optional = True
    kind = forms.ChoiceField(label=_("What they do"), required=False, choices=[("", _("All")), *RelationKind.choices])
    when = forms.ChoiceField(
        label=_("In force"), required=False, choices=[("", _("Today")), ("all", _("Past and coming too"))]
    )
