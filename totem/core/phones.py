"""Telephone numbers: kept as E.164 (« +33322224545 »), shown and dialled as their region writes them."""

from typing import Any

import phonenumbers
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

FRANCE = "FR"
FRENCH_CODES = frozenset({33, 262, 508, 590, 594, 596})  # metropolitan and overseas: the same national form is dialled


def parse(text: str, region: str = FRANCE) -> PhoneNumber | None:
    """The number, read in that region (ISO 3166) and else in France; None where it is valid in neither."""
    for each in (region, FRANCE):
        try:
            number = phonenumbers.parse(text, each)
        except NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return number
    return None


def words(text: str) -> str:
    """The number as people read it: « 03 22 22 45 45 », « +44 20 7946 0018 »; what is no number as it is."""
    number = parse(text)
    if number is None:
        return text
    is_french = number.country_code in FRENCH_CODES
    return phonenumbers.format_number(
        number, PhoneNumberFormat.NATIONAL if is_french else PhoneNumberFormat.INTERNATIONAL
    )


def uri(text: str) -> str:
    """What a link dials (RFC 3966): « tel:+33322224545 »; empty for what is no number."""
    number = parse(text)
    return f"tel:{phonenumbers.format_number(number, PhoneNumberFormat.E164)}" if number else ""


class PhoneField(forms.CharField):
    """Cleans a telephone number to E.164. Set `region` where the form knows it; a prefix (+44) says it otherwise."""

    region = FRANCE

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{"max_length": 30, "widget": forms.TextInput({"type": "tel", "autocomplete": "tel"}), **kwargs}
        )

    def prepare_value(self, value: Any) -> Any:
        return words(value) if value else value

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if not text:
            return ""
        number = parse(text, self.region)
        if number is None:
            raise ValidationError(_("This is not a telephone number. Outside France, begin with + and the country."))
        return phonenumbers.format_number(number, PhoneNumberFormat.E164)
