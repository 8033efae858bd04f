"""Form fields for communes, places and shapes, with suggestions where JavaScript runs; forms of workspaces."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core.files import DocumentField
from totem.core.forms import EmailField
from totem.territories.models import Commune, ErasureReason, WorkspaceRole
from totem.territories.places import PlaceRef
from totem.territories.search import is_commune_code, match_communes, match_places, parse, similar_communes


class CommuneInput(forms.TextInput):
    """A text input with a datalist of communes that the server fills while one types."""

    template_name = "territories/commune_input.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        own = context["widget"]["attrs"]
        listed = f"{own.get('id', name)}_list"
        own.update(
            {
                "list": listed,
                "autocomplete": "off",
                "spellcheck": "false",
                "hx-get": reverse("territories:communes"),
                "hx-trigger": "input changed delay:150ms",
                "hx-target": f"#{listed}",
            }
        )
        context["listed"] = listed
        return context


class _TypedText(str):
    """What a person typed, which is shown again as it was: five digits of theirs may be a postcode."""

    __slots__ = ()


class CommuneField(forms.CharField):
    """Cleans what `match_communes` parses to a Commune (None when empty and not required)."""

    widget = CommuneInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", gettext_lazy("Its name, its INSEE code or its postcode."))
        super().__init__(**{"max_length": 120, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        """A Commune or its code (as a model form gives it) shown as its label; what was typed as it was."""
        if isinstance(value, Commune):
            return value.label
        if isinstance(value, str) and len(value) == 5 and not isinstance(value, _TypedText):
            known = Commune.objects.filter(pk=value).first()
            return known.label if known else value
        return value

    def bound_data(self, data: Any, initial: Any) -> Any:  # noqa: ARG002 - as Django calls it
        return _TypedText(data) if isinstance(data, str) else data

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        meant = match_communes(text)
        if len(meant) == 1:
            return meant[0]
        if meant:
            raise _which(text, [_distinct_label(commune, meant) for commune in meant])
        raise _unknown(text, _("No commune is called that."))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


def _distinct_label(commune: Commune, others: list[Commune]) -> str:
    """The label, with the code beside it where another has the same."""
    same = sum(other.label == commune.label for other in others) > 1
    return f"{commune.label} {commune.code}" if same else commune.label


def _which(text: str, labels: list[str]) -> ValidationError:
    words = _("Several places answer to “%(text)s”: %(names)s. Which one?")
    if is_commune_code(text):
        words = _(
            "“%(text)s” is the INSEE code of the first of these, and the postcode of the others: %(names)s. Which one?"
        )
    return ValidationError(words % {"text": text[:80], "names": ", ".join(labels[:6])}, code="ambiguous")


def _unknown(text: str, words: str) -> ValidationError:
    near = ", ".join(commune.label for commune in similar_communes(text))
    hint = _("Perhaps %(names)s?") % {"names": near} if near else ""
    return ValidationError(f"{words} {hint}".strip(), code="unknown")


def say_former_communes(request: HttpRequest, form: forms.BaseForm) -> None:
    """Messages for the former communes that a saved form was given, each with the one of today that was kept."""
    for value in form.cleaned_data.values():
        if isinstance(value, Commune) and value.found_as:
            messages.info(request, value.title)
        for place in value if isinstance(value, list) else ():
            if isinstance(place, PlaceRef) and place.former:
                messages.info(request, place.former)


# -- Several places ---------------------------------------------------------------------------------------------------

MOST_LINES = 2000
MOST_ERRORS = 10


class PlacesInput(forms.Textarea):
    """One place a line; with JavaScript, a search field beside it adds lines."""

    template_name = "territories/places_input.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"rows": 5, "spellcheck": "false", "autocomplete": "off", **(attrs or {})})

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["search"] = reverse("territories:find")
        return context


class PlacesField(forms.CharField):
    """Cleans « Amiens (80) », « Picardie (ancienne région) » or codes, one a line, to a list of `places.PlaceRef`."""

    widget = PlacesInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault(
            "help_text",
            gettext_lazy(
                "One a line: a commune, an EPCI, a department, a region of today or of before 2016, or a code."
            ),
        )
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Places shown by their labels; what was typed as it was."""
        if isinstance(value, Iterable) and not isinstance(value, str):
            return "\n".join(named.label for named in value)
        return value

    def clean(self, value: Any) -> list[PlaceRef]:
        lines = [line.strip() for line in (super().clean(value) or "").splitlines() if line.strip()]
        if len(lines) > MOST_LINES:
            raise ValidationError(_("At most %(most)s places.") % {"most": MOST_LINES}, code="many")
        numbers = [line for line in lines if line.isalnum() and parse(line).number]
        # A list of codes: each is one, though a few are postcodes too.
        codes = len(numbers) > 1 and all(map(is_commune_code, numbers))
        found: dict[str, PlaceRef] = {}
        errors: list[ValidationError] = []
        for line in lines:
            meant = match_places(line, codes=codes)
            if len(meant) == 1:
                found[meant[0].key] = meant[0]
            elif len(errors) < MOST_ERRORS:
                errors.append(_line_error(line, meant))
            else:
                break
        if errors:
            raise ValidationError(errors)
        return list(found.values())


def _line_error(line: str, meant: list[PlaceRef]) -> ValidationError:
    if not meant:
        return _unknown(line, _("“%(line)s” is no place that is known.") % {"line": line[:80]})
    same = len({place.label for place in meant}) < len(meant)
    return _which(line, [place.key if same else place.label for place in meant])


# -- Workspaces -------------------------------------------------------------------------------------------------------


class ApprovalForm(forms.Form):
    """What a team asks the installation's staff."""

    request = forms.CharField(
        label=gettext_lazy("For the installation’s team"),
        max_length=1000,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("For which public body you work, in which office, and what you want to show."),
    )


class AnswerForm(forms.Form):
    """What the staff answers, to the state they have seen."""

    seen = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label=gettext_lazy("What you tell the team"),
        max_length=1000,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("Needed to refuse."),
    )


class QuotaForm(forms.Form):
    """How much a workspace may send, in megabytes."""

    megabytes = forms.IntegerField(
        label=gettext_lazy("Documents at most, in megabytes"),
        min_value=0,
        max_value=1_000_000,
        required=False,
        help_text=gettext_lazy("Leave empty for what the settings say."),
    )


class WorkspaceForm(ApprovalForm):
    """A new workspace."""

    field_order = ("name", "request")

    name = forms.CharField(
        label=gettext_lazy("Name of the territory"),
        max_length=120,
        help_text=gettext_lazy("As its people call it: Amiens Métropole, Picardie numérique…"),
    )


class MemberForm(forms.Form):
    """A person's address and their role in the team."""

    email = EmailField(label=gettext_lazy("E-mail address"), help_text=gettext_lazy("The one they sign in with."))
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=WorkspaceRole.choices, initial=WorkspaceRole.AGENT)


# -- Documents --------------------------------------------------------------------------------------------------------


class DocumentForm(forms.Form):
    """A document sent as evidence."""

    file = DocumentField(label=gettext_lazy("The document"))
    title = forms.CharField(
        label=gettext_lazy("What it is"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("As evidence is quoted: council decision of 12 March 2014, audited accounts for 2013…"),
    )


class ErasureForm(forms.Form):
    """Why a document's content is erased, and the description that stays."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Why"),
        choices=ErasureReason.choices,
        widget=forms.RadioSelect,
        initial=ErasureReason.PERSONAL,
    )
    title = forms.CharField(
        label=gettext_lazy("What stays written of it"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Without anybody’s name, if that is why it goes."),
    )

    def clean_reason(self) -> ErasureReason:
        """The reason as an ErasureReason."""
        return ErasureReason(self.cleaned_data["reason"])
