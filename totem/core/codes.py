"""Codes and references that people read, say and type: shown in two groups, read however they are typed."""

import secrets
import unicodedata
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

# Without letters and digits that are easily confused over the telephone.
REFERENCE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
LENGTH = 8  # digits of a mailed code; what allauth mails has as many (`ALLAUTH_USER_CODE_FORMAT`)


def new_code() -> str:
    """A random mailed code: eight digits."""
    return f"{secrets.randbelow(10**LENGTH):0{LENGTH}}"


def new_reference() -> str:
    """Ten characters out of thirty-two: 50 bits, infeasible to guess."""
    return "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(10))


def words(code: str) -> str:
    """The code as it is shown everywhere, in two groups: « 1234-5678 », « K7QXM-3NPAR »."""
    half = -(-len(code) // 2)
    return f"{code[:half]}-{code[half:]}"


def parse(text: str) -> str:
    """What was typed or pasted, as codes are kept: capitals and digits, without spaces, dashes and other marks."""
    return "".join(mark for mark in unicodedata.normalize("NFKC", text) if mark.isalnum()).upper()


class CodeField(forms.CharField):
    """Cleans a mailed code (`parse`)."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput({"inputmode": "numeric", "autocomplete": "one-time-code", "class": "code"})
        super().__init__(
            **{
                "label": _("Code received by e-mail"),
                "help_text": _("Eight digits, with or without the dash."),
                "max_length": 40,
                "widget": widget,
                **kwargs,
            }
        )

    def clean(self, value: Any) -> str:
        return parse(super().clean(value))


class ReferenceConverter:
    """A reference in an address, in whatever form it was copied."""

    regex = "[A-Za-z0-9-]+"

    def to_python(self, value: str) -> str:
        return parse(value)

    def to_url(self, value: str) -> str:
        return value
