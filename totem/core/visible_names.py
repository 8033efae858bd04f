"""What a name may be: something that is seen, and no address."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from totem.core.links import refuse_address

# Letters to Unicode, and blank: the fillers of Hangul.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")
# They turn what follows around, to look like another name (Unicode Standard Annex 9).
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def validate_name(value: str) -> None:
    """A validator. Raises ValidationError for a name without a letter or digit that is seen, and for an address."""
    refuse_address(value)
    if _TURNING & set(value) or not any(unicodedata.category(c)[0] in "LN" and c not in _BLANK_LETTERS for c in value):
        raise ValidationError(_("A name has letters or digits that are seen."), code="invisible")
