"""A commune in a form: typed as people write it, with names proposed while typing where there is a script."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.territories.models import Commune
from totem.territories.queries import communes_meant, near_names


class CommuneInput(forms.TextInput):
    """A text field with a list of communes that the server fills as one types."""

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


class CommuneField(forms.CharField):
    """Cleans « Amiens (80) », « amiens », 80021 or 80000 to a Commune (None when empty and not required)."""

    widget = CommuneInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", gettext_lazy("Its name, or its postcode."))
        super().__init__(**{"max_length": 120, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        """A Commune or its code (as a model form gives it) shown as its label; what was typed as it was."""
        if isinstance(value, Commune):
            return value.label
        if isinstance(value, str) and len(value) == 5:
            known = Commune.objects.filter(pk=value).first()
            return known.label if known else value
        return value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        meant = communes_meant(text)
        if len(meant) == 1:
            return meant[0]
        if meant:
            labels = [f"{commune.label} {commune.code}" if _same(meant) else commune.label for commune in meant[:6]]
            raise ValidationError(
                _("Several communes answer to that: %(names)s. Which one?") % {"names": ", ".join(labels)},
                code="ambiguous",
            )
        near = near_names(text)
        if near:
            raise ValidationError(
                _("No commune is called that. Perhaps %(names)s?") % {"names": ", ".join(c.label for c in near)},
                code="unknown",
            )
        raise ValidationError(_("No commune is called that. Its postcode can be typed instead."), code="unknown")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


def _same(communes: list[Commune]) -> bool:
    """Whether some of them cannot be told apart by their label (namesakes in one department)."""
    return len({commune.label for commune in communes}) < len(communes)
