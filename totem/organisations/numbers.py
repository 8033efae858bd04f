"""SIREN and SIRET: normalisation and check digit. Source: Code de commerce, art. R123-220 and R123-221."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


def compact_siren(text: str) -> str:
    """The nine digits of a SIREN typed with or without spaces; "" for an empty text. Raises ValidationError."""
    if not text.strip():
        return ""
    from stdnum.fr import siren  # noqa: PLC0415 - a megabyte, and few pages check a number

    try:
        return _not_zeros(str(siren.validate(text)))
    except ValueError as wrong:
        raise ValidationError(_("This is not a SIREN: nine digits, the last of which checks the others.")) from wrong


def compact_siret(text: str) -> str:
    """The fourteen digits of a SIRET, La Poste's included (no Luhn there); "" for none. Raises ValidationError."""
    if not text.strip():
        return ""
    from stdnum.fr import siret  # noqa: PLC0415 - as above

    try:
        return _not_zeros(str(siret.validate(text)))
    except ValueError as wrong:
        raise ValidationError(_("This is not a SIRET: the SIREN, then five digits that check the whole.")) from wrong


def _not_zeros(number: str) -> str:
    """The number itself. Raises ValueError for a SIREN of zeros: its check digit is right and nobody has it."""
    if not number[:9].strip("0"):
        raise ValueError(number)
    return number


def of_one_company(siren_number: str, siret_number: str) -> str:
    """The SIREN of the pair, read from the SIRET when it is missing. Raises ValidationError when they disagree."""
    if not siret_number:
        return siren_number
    if siren_number and not siret_number.startswith(siren_number):
        raise ValidationError(
            {"siret": _("This SIRET is not of that SIREN: it should begin with the same nine digits.")}
        )
    return siret_number[:9]


class SirenField(forms.CharField):
    """Cleans a SIREN to its nine digits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 20, **kwargs})
        self.widget.attrs["inputmode"] = "numeric"

    def to_python(self, value: Any) -> str:
        return compact_siren(super().to_python(value) or "")


class SiretField(forms.CharField):
    """Cleans a SIRET to its fourteen digits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 25, **kwargs})
        self.widget.attrs["inputmode"] = "numeric"

    def to_python(self, value: Any) -> str:
        return compact_siret(super().to_python(value) or "")
