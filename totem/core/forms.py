"""How forms look, and the fields that several rooms share.

`{{ form }}` gives the error summary and every field; `{{ form.name.as_field_group }}` one field with its label, help
and errors; `{% form_errors form %}` the summary alone, for forms laid out by hand.
"""

from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import django.forms
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.translation import gettext_lazy as _

from totem.core import languages
from totem.core.colour import validate_accent
from totem.core.wording import minutes_words


class TotemRenderer(DjangoTemplates):
    """Renders forms with the templates of `core/forms/`, with Totem's tags at hand."""

    form_template_name = "core/forms/form.html"
    field_template_name = "core/forms/field.html"
    formset_template_name = "core/forms/formset.html"

    @cached_property
    def engine(self) -> Any:
        return self.backend(
            {
                "APP_DIRS": True,
                # Ours first: it overrides Django's groups of radio buttons and boxes.
                "DIRS": [Path(__file__).parent / "templates", Path(django.forms.__file__).parent / "templates"],
                "NAME": "totem_forms",
                "OPTIONS": {"builtins": ["totem.core.templatetags.totem", "django.templatetags.i18n"]},
            }
        )


class DateInput(forms.DateInput):
    """The browser's own calendar; the value travels as 2026-11-26 in every language."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    """The browser's own clock, in steps of `step_minutes`."""

    input_type = "time"

    def __init__(self, attrs: dict[str, Any] | None = None, *, step_minutes: int = 15) -> None:
        super().__init__({"step": step_minutes * 60, **(attrs or {})}, format="%H:%M")


class DateTimeInput(forms.DateTimeInput):
    """A day and an hour in one control, in the current time zone."""

    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None, *, step_minutes: int = 15) -> None:
        super().__init__({"step": step_minutes * 60, **(attrs or {})}, format="%Y-%m-%dT%H:%M")


@lru_cache(maxsize=64)
def _lengths(minimum: int, maximum: int, step: int, language: str) -> list[tuple[int, str]]:  # noqa: ARG001
    """Each length in minutes with its words in the active language; `language` is the key of the cache."""
    return [(n, minutes_words(n)) for n in range(minimum, maximum + 1, step)]


class MinutesField(forms.TypedChoiceField):
    """A length chosen in a list, « 1 h 30 »; cleaned to whole minutes, or None when nothing is chosen."""

    def __init__(self, *, minimum: int = 30, maximum: int = 480, step: int = 30, **kwargs: Any) -> None:
        def lengths() -> list[tuple[int | str, str]]:
            blank = [] if self.required and self.initial is not None else [("", "—")]
            return [*blank, *_lengths(minimum, maximum, step, languages.active())]

        kwargs.setdefault("empty_value", None)
        super().__init__(choices=lengths, coerce=int, **kwargs)


class ColourField(forms.CharField):
    """An accent, as #RRGGBB in capitals; refused where it cannot be read on paper or under white."""

    widget = forms.ColorInput
    default_validators = [validate_accent]

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("Dark enough to be read on the page, and under white text."))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).upper()
