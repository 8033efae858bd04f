"""Forms of a hub's management, but its hours and people. `cleaned_data` are the values of the actions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core.forms import ColourField, DateField, FieldGroups, GroupedFields
from totem.core.images import PhotoField
from totem.core.phones import PhoneField
from totem.core.visible_names import validate_name
from totem.hubs.models import FoundingRequest, Hub, Language, Zone
from totem.organisations.models import LegalForm, Organisation
from totem.organisations.numbers import SirenField
from totem.territories.forms import CommuneField
from totem.territories.models import Level

if TYPE_CHECKING:
    from django.db.models import QuerySet

    HubModelForm = forms.ModelForm[Hub]
    ZoneModelForm = forms.ModelForm[Zone]
    FoundingModelForm = forms.ModelForm[FoundingRequest]
else:
    HubModelForm = ZoneModelForm = FoundingModelForm = forms.ModelForm

# Of mainland France and of every overseas department and collectivity where people live.
TIME_ZONES: list[tuple[str, str | Promise]] = [
    ("Europe/Paris", gettext_lazy("Paris")),
    ("America/Guadeloupe", gettext_lazy("Guadeloupe")),
    ("America/Martinique", gettext_lazy("Martinique")),
    ("America/Cayenne", gettext_lazy("French Guiana")),
    ("Indian/Reunion", gettext_lazy("Réunion")),
    ("Indian/Mayotte", gettext_lazy("Mayotte")),
    ("America/Miquelon", gettext_lazy("Saint-Pierre-et-Miquelon")),
    ("America/St_Barthelemy", gettext_lazy("Saint-Barthélemy")),
    ("America/Marigot", gettext_lazy("Saint-Martin")),
    ("Pacific/Noumea", gettext_lazy("New Caledonia")),
    ("Pacific/Tahiti", gettext_lazy("Tahiti")),
    ("Pacific/Wallis", gettext_lazy("Wallis and Futuna")),
]


POSITION = frozenset({"latitude", "longitude"})


class ConstraintsAtFields:
    """A model form that shows the message of a constraint at its field; see `constraint_fields`."""

    constraint_fields: Mapping[str, str] = {}

    def _update_errors(self, errors: ValidationError) -> None:
        """Move a constraint's message from above the form, where Django puts it, to its field."""
        at_fields = {name: found for name, found in errors.error_dict.items() if name != NON_FIELD_ERRORS}
        if at_fields:
            super()._update_errors(ValidationError(at_fields))  # type: ignore[misc]
        if NON_FIELD_ERRORS in errors.error_dict:
            self._ask_constraints(cast("forms.ModelForm[Any]", self))

    def _ask_constraints(self, form: "forms.ModelForm[Any]") -> None:
        excluded = form._get_validation_exclusions()  # type: ignore[attr-defined]
        for model, constraints in form.instance.get_constraints():
            for constraint in constraints:
                try:
                    constraint.validate(model, form.instance, exclude=excluded)
                except ValidationError as error:
                    form.add_error(self.constraint_fields.get(constraint.name), error.messages)


class HubForm(GroupedFields, ConstraintsAtFields, HubModelForm):
    """Who and where the hub is, and how it shows itself."""

    commune = CommuneField(label=gettext_lazy("Commune"))
    accent = ColourField(label=gettext_lazy("Accent colour"))
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Languages spoken"),
        choices=Language.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        choices=TIME_ZONES,
        help_text=gettext_lazy("Another one keeps the hour of what is to come: bookings, closures, outages."),
    )
    website = forms.URLField(label=gettext_lazy("Website"), required=False, assume_scheme="https")
    step_free = forms.NullBooleanField(
        label=gettext_lazy("Step-free access"),
        widget=forms.Select(
            choices=[("", gettext_lazy("Not known")), ("true", gettext_lazy("Yes")), ("false", gettext_lazy("No"))]
        ),
        required=False,
    )
    phone = PhoneField(label=gettext_lazy("Telephone"), required=False)
    constraint_fields = {"hub_postcode_is_five_digits": "postcode"}

    class Meta:
        model = Hub
        fields: tuple[str, ...] = (
            "name",
            "tagline",
            "description",
            "accent",
            "street",
            "postcode",
            "commune",
            "host_building",
            "latitude",
            "longitude",
            "time_zone",
            "transport",
            "step_free",
            "access_notes",
            "languages",
            "email",
            "phone",
            "website",
            "mail_note",
            "grace_minutes",
            "accepts_requests",
        )
        widgets = {
            "description": forms.Textarea({"rows": 5}),
            "transport": forms.Textarea({"rows": 3}),
            "access_notes": forms.Textarea({"rows": 3}),
            "mail_note": forms.Textarea({"rows": 3}),
            "postcode": forms.TextInput({"inputmode": "numeric", "size": 6}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in POSITION & self.fields.keys():
            self.fields[name].required = False
        if "latitude" in self.fields:  # both, under their map
            self.fields["latitude"].template_name = "hubs/parts/position.html"  # type: ignore[attr-defined]
            self.outline = reverse("territories:contours", args=[Level.COMMUNE, self.instance.commune_id])
        if isinstance(phone := self.fields.get("phone"), PhoneField) and self.instance.commune_id:
            phone.region = self.instance.commune.department.phone_region
        zone = self.instance.time_zone
        if zone not in dict(TIME_ZONES):
            self.fields["time_zone"] = forms.ChoiceField(
                label=_("Time zone"), choices=[*TIME_ZONES, (zone, zone)], initial=zone
            )

    def clean(self) -> dict[str, Any]:
        """The values of the action: without coordinates in another commune than before, unless they are typed too."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        typed = {name for name in POSITION if data.get(name) is not None}
        if len(typed) == 1 and not POSITION & self.errors.keys():
            (missing,) = POSITION - typed
            self.add_error(missing, _("A position is a latitude and a longitude, or neither."))
        if "commune" in self.changed_data and not POSITION & {*self.changed_data}:
            data |= dict.fromkeys(POSITION)
        return data

    groups: FieldGroups = (
        (gettext_lazy("How it shows itself"), ("name", "tagline", "description", "accent")),
        (
            gettext_lazy("Where it is"),
            ("street", "postcode", "commune", "host_building", "latitude", "time_zone"),
        ),
        (gettext_lazy("How to come"), ("transport", "step_free", "access_notes")),
        (gettext_lazy("To get in touch"), ("languages", "email", "phone", "website")),
        (gettext_lazy("For who books"), ("grace_minutes", "mail_note")),
        (gettext_lazy("For who wants to join"), ("accepts_requests",)),
    )


class FoundingForm(FoundingModelForm):
    """What somebody tells the staff who asks for a hub."""

    class Meta:
        model = FoundingRequest
        fields = ("name", "message")
        widgets: ClassVar = {"message": forms.Textarea({"rows": 5})}


class FoundingAnswerForm(forms.Form):
    """What the staff answers."""

    reason = forms.CharField(
        label=gettext_lazy("What you tell the person"),
        max_length=1000,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("Needed to refuse."),
    )


class NewHubForm(HubForm):
    """A new hub: the required fields, and who runs it; the rest follows in its settings.

    Cleans to the values of `founding.found`.
    """

    operator = forms.ModelChoiceField(
        queryset=Organisation.objects.none(),
        label=gettext_lazy("Organisation"),
        empty_label=gettext_lazy("Another one, named below"),
        required=False,
    )
    operator_name = forms.CharField(
        label=gettext_lazy("Name of the organisation"),
        max_length=150,
        required=False,
        validators=[validate_name],
        help_text=gettext_lazy("The association, company or authority that runs the hub. You represent it here."),
    )
    legal_form = forms.ChoiceField(
        label=gettext_lazy("Legal form"), choices=[("", "—"), *LegalForm.choices], required=False
    )
    siren = SirenField(
        label=gettext_lazy("SIREN"),
        required=False,
        help_text=gettext_lazy("Nine digits. Leave empty if it has none yet."),
    )

    class Meta(HubForm.Meta):
        fields: tuple[str, ...] = (
            "name",
            "tagline",
            "street",
            "postcode",
            "commune",
        )

    # Declared above for the settings; not asked here.
    accent = None  # type: ignore[assignment]
    languages = None  # type: ignore[assignment]
    website = None  # type: ignore[assignment]
    phone = None  # type: ignore[assignment]
    time_zone = None  # type: ignore[assignment]
    step_free = None  # type: ignore[assignment]
    groups = (
        (gettext_lazy("The hub"), ("name", "tagline")),
        (gettext_lazy("Who runs it"), ("operator", "operator_name", "legal_form", "siren")),
        (gettext_lazy("Where it is"), ("street", "postcode", "commune")),
    )

    def __init__(self, *args: Any, operators: "QuerySet[Organisation]", **kwargs: Any) -> None:
        """`operators` are the organisations to choose from."""
        super().__init__(*args, **kwargs)
        self.fields["operator"].queryset = operators  # type: ignore[attr-defined]
        if not operators.exists():
            del self.fields["operator"]
            self.fields["operator_name"].required = self.fields["legal_form"].required = True

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        data["operator"] = data.get("operator")
        data["organisation"] = {
            "name": data.pop("operator_name", ""),
            "legal_form": data.pop("legal_form", ""),
            "siren": data.pop("siren", ""),
        }
        if data["operator"] is not None and data["organisation"]["name"]:
            self.add_error("operator_name", _("Choose an organisation or name another one, not both."))
        if data["operator"] is None and "operator" not in self.errors:
            for name, needed in (("operator_name", "name"), ("legal_form", "legal_form")):
                if not data["organisation"][needed] and name not in self.errors:
                    self.add_error(name, forms.Field.default_error_messages["required"])
        return data


class ZoneForm(ConstraintsAtFields, ZoneModelForm):
    """A zone, its m², and the day it opens where that is to come."""

    constraint_fields = {"zone_area_positive": "area", "zone_once": "name"}

    class Meta:
        model = Zone
        fields = ("name", "kind", "area", "opens_on")
        field_classes: ClassVar = {"opens_on": DateField}

    def __init__(self, data: Any = None, *, hub: Hub, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.instance.hub = hub

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"hub"}  # type: ignore[misc,no-any-return]


class LastDayForm(forms.Form):
    """The last day of a membership or of a price."""

    ends_on = DateField(label=gettext_lazy("Last day"))


class PhotoForm(forms.Form):
    """A photo, and what it shows."""

    image = PhotoField(label=gettext_lazy("Photo"), help_text=gettext_lazy("JPEG, PNG or WebP, at most 5 MB."))
    description = forms.CharField(
        label=gettext_lazy("What the photo shows"),
        max_length=200,
        help_text=gettext_lazy("Read to people who do not see it."),
    )
