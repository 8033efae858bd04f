"""How forms look, and the fields that several rooms share.

`{{ form }}` gives the error summary and every field; `{{ form.name.as_field_group }}` one field with its label, help
and errors; `{% form_errors form %}` the summary alone, for forms laid out by hand.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import django.forms
from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import DjangoTemplates
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from totem.core import languages
from totem.core.colour import validate_accent
from totem.core.email_addresses import canonical_address
from totem.core.money import VAT_RATES
from totem.core.periods import validate_day
from totem.core.wording import minutes_words, number, percent

PLAIN = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
HOUR = re.compile(
    r"\s*(?P<hour>[01]?\d|2[0-3])\s*(?:[h:.]\s*(?P<minute>[0-5]\d)?)?\s*(?:(?P<half>[ap])\.?m\.?)?\s*",
    re.ASCII | re.IGNORECASE,
)
SPACES = re.compile(r"[\s\u00a0\u202f\u2009'’]+")


def vat_rate_field() -> forms.TypedChoiceField:
    """A rate of VAT in percent, one of those of invoices, as Decimal."""
    return forms.TypedChoiceField(
        label=_("VAT"),
        coerce=Decimal,
        choices=lambda: [(str(rate), percent(rate / 100, 1 if rate % 1 else 0)) for rate in VAT_RATES],
        initial="20",
    )


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
                "OPTIONS": {
                    "builtins": [
                        "totem.core.templatetags.totem",
                        "totem.core.templatetags.components",
                        "django.templatetags.i18n",
                    ]
                },
            }
        )


FieldGroups = tuple[tuple[str | Promise, tuple[str, ...]], ...]
"""The names of fields under each heading."""


class GroupedFields:
    """A form whose fields stand under headings (`core/forms/groups.html`): `groups` names those of each."""

    groups: FieldGroups

    def grouped(self) -> Iterator[tuple[str | Promise, list[forms.BoundField]]]:
        """The fields under their headings, without those that the form does not have."""
        for title, names in self.groups:
            yield title, [self[name] for name in names if name in self.fields]  # type: ignore[index, attr-defined]


class DateInput(forms.DateInput):
    """The browser's own calendar; the value travels as 2026-11-26 in every language."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class DateField(forms.DateField):
    """A day; one too far away for arithmetic, or for sense, is refused (`core.periods.validate_day`)."""

    widget = DateInput
    default_validators = [validate_day]


class EmailField(forms.EmailField):
    """The e-mail address of somebody, in its one spelling (`core.email_addresses`)."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return canonical_address(text) if text else text


class TimeInput(forms.TimeInput):
    """The browser's own clock, in steps of `step_minutes`."""

    input_type = "time"

    def __init__(self, attrs: dict[str, Any] | None = None, *, step_minutes: int = 15) -> None:
        super().__init__({"step": step_minutes * 60, **(attrs or {})}, format="%H:%M")


class HourField(forms.TimeField):
    """An hour as people type it: 17h, 8 h, 13h30, 17:00, 5 pm.

    A text input: a browser's own clock drops « 17h » without a word. Give it `TimeInput` where the hour is required.
    """

    default_error_messages = {"invalid": _("As 17h or 13:30.")}

    def __init__(self, **kwargs: Any) -> None:
        text = forms.TimeInput({"class": "is-hour", "autocomplete": "off", "placeholder": "00:00"}, format="%H:%M")
        super().__init__(**{"widget": text, **kwargs})

    def to_python(self, value: Any) -> Any:
        match = HOUR.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            return super().to_python(value)
        hour = int(match["hour"]) % 12 + 12 * (match["half"].lower() == "p") if match["half"] else match["hour"]
        return super().to_python(f"{hour}:{match['minute'] or '00'}")


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


class NumberField(forms.DecimalField):
    """A number as people of the active language write it, with its unit or without: « 1 234,5 m² ».

    A text input: browsers drop the comma typed in `type=number` when their own language has a point.
    """

    widget = forms.TextInput

    def __init__(self, *, unit: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.unit = unit
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def prepare_value(self, value: Any) -> Any:
        """The initial value as the reader's language writes it; what was typed as it was."""
        if not isinstance(value, Decimal):
            return value
        return number(value, max(2 if self.unit == "€" else 0, -int(value.normalize().as_tuple().exponent)))

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        if isinstance(value, Decimal):  # the initial value, which Django compares
            return value
        text = str(value if value is not None else "").strip()
        if self.unit and text.casefold().endswith(self.unit.casefold()):
            text = text[: -len(self.unit)]
        plain = self.plain(text)
        if plain and not PLAIN.fullmatch(plain):  # no « 1e9 »
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(plain)

    def plain(self, text: str) -> str:
        """The text as `1234.5`. Raises ValidationError for one that could be two numbers."""
        return plain_number(text)


class CoordinateField(NumberField):
    """Degrees, with a point or a comma, rounded to six decimals (11 cm): a map gives ten or more."""

    def plain(self, text: str) -> str:
        return SPACES.sub("", text).replace("\N{MINUS SIGN}", "-").replace(",", ".").removesuffix("°")

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        degrees = super().to_python(value)
        # What is no angle is refused as it is: rounding fails beyond 28 digits.
        return degrees if degrees is None or abs(degrees) > 360 else round(degrees, 6)

    def prepare_value(self, value: Any) -> Any:
        return number(value, 6) if isinstance(value, Decimal | float) else value


def plain_number(text: str) -> str:
    """« 1 234,5 » as `1234.5`, by the active language's marks; the other decimal mark is read too: « 12.5 » in French.

    Raises ValidationError for one that could be two numbers: « 10.000 » in French.
    """
    text = SPACES.sub("", text).replace("\N{MINUS SIGN}", "-")
    decimal = languages.marks(languages.active())[0]
    thousands = "," if decimal == "." else "."
    grouped = re.fullmatch(rf"-?[1-9]\d{{0,2}}(\{thousands}\d{{3}})+(\{decimal}\d+)?", text)
    if grouped and thousands == "." and text.count(".") == 1 and decimal not in text:
        words = gettext("Write %(thousands)s for thousands, or %(decimals)s with decimals.")
        whole = text.replace(".", "")
        params = {"thousands": number(Decimal(whole)), "decimals": text.replace(".", ",")}
        raise ValidationError(words, code="ambiguous", params=params)
    if grouped:
        text = text.replace(thousands, "")
    return text.replace(",", ".")


class ColourField(forms.CharField):
    """An accent, as #RRGGBB in capitals; refused where it cannot be read on paper or under white."""

    widget = forms.ColorInput
    default_validators = [validate_accent]

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("Dark enough to be read on the page, and under white text."))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).upper()
