"""Colours and their contrast, as WCAG 2.2 measures it."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

WHITE = "#FFFFFF"
PAPER = "#FBF8F3"
INK = "#1B2333"
READABLE = 4.5
"""The least contrast of ordinary text, WCAG 2.2 criterion 1.4.3 (level AA)."""

HEX = re.compile(r"#[0-9A-Fa-f]{6}")


def luminance(colour: str) -> float:
    """The relative luminance of `#RRGGBB`, from 0 (black) to 1 (white), as WCAG 2.2 defines it.

    Raises ValueError for anything that is not six hexadecimal digits after a `#`.
    """
    if not HEX.fullmatch(colour):
        raise ValueError(f"{colour!r} is not a colour written #RRGGBB")
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours `#RRGGBB`, from 1 (the same) to 21 (black on white)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def validate_accent(value: str) -> None:
    """Raises ValidationError for an accent below 4.5:1 on paper or under white text."""
    if not HEX.fullmatch(value):
        raise ValidationError(_("Write the colour as # and six hexadecimal digits, such as #0B5C73."), code="hex")
    worst = min(contrast(value, PAPER), contrast(value, WHITE))
    if worst < READABLE:
        raise ValidationError(
            _("Too light to be read: its contrast is %(contrast)s, and 4.5 is needed. Take a darker colour."),
            code="contrast",
            params={"contrast": f"{worst:.1f}"},
        )
