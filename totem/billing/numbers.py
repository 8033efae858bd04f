"""VAT numbers and bank accounts, checked by `python-stdnum` and kept without spaces."""

from importlib import import_module
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


class CheckedNumberField(forms.CharField):
    """A number cleaned by a module of stdnum, loaded for it alone; `refusal` is what is said of one that is wrong."""

    def __init__(self, *, module: str, refusal: Any, **kwargs: Any) -> None:
        self.module, self.refusal = module, refusal
        super().__init__(**{"required": False, "max_length": 60, **kwargs})

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        if not text:
            return ""
        try:
            return str(import_module(self.module).validate(text))
        except ValueError as wrong:
            raise ValidationError(self.refusal, code="invalid") from wrong


def vat_field(**kwargs: Any) -> CheckedNumberField:
    """A VAT number of a country of the European Union (CGI art. 286 ter for French ones)."""
    refusal = _("This is not a VAT number: FR, two characters, then the SIREN.")
    return CheckedNumberField(label=_("VAT number"), module="stdnum.eu.vat", refusal=refusal, **kwargs)


def iban_field(**kwargs: Any) -> CheckedNumberField:
    """An IBAN (ISO 13616), its check digits verified."""
    refusal = _("This is not an IBAN: a digit is wrong or missing.")
    return CheckedNumberField(label=_("IBAN"), module="stdnum.iban", refusal=refusal, **kwargs)


def bic_field(**kwargs: Any) -> CheckedNumberField:
    """A BIC (ISO 9362)."""
    return CheckedNumberField(label=_("BIC"), module="stdnum.bic", refusal=_("This is not a BIC."), **kwargs)
