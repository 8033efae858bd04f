"""No link comes from a name: refused where names are typed, and made plain text in mails.

Mail software makes a link of what looks like one (`http://…`, `www.x.fr`, `x.com`, `a@x.fr`), whoever wrote it.
"""

import re
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils.html import escape
from django.utils.translation import gettext as _

_SCHEME = re.compile(r"\b[a-z][a-z0-9+.-]*:/+", re.IGNORECASE)
# The dots that IDNA takes for one (RFC 3490, 3.1), before what may be the end of a domain.
_DOT = re.compile(r"(?<=\w)([.\u3002\uff0e\uff61])(?=[^\W\d_]{2})")
_AT = re.compile(r"(?<=\S)@(?=\S)")
# « Booking.com » is the name of a company: a domain alone is refused with what makes an address of it only.
_ADDRESS = re.compile(rf"{_SCHEME.pattern}|\bwww\.|{_AT.pattern}|{_DOT.pattern}\w+[/:?]", re.IGNORECASE)
_TAG = re.compile(r"(<[^>]*>)")
_BEFORE, _AFTER = r"(?<![^\s(«“\"'\u00a0])", r"(?=[.,;:!?…)»”\"'\u00a0]*(?:\s|$))"


def refuse_address(value: str) -> None:
    """A validator of names. Raises ValidationError for one with a web or an e-mail address in it."""
    if _ADDRESS.search(value):
        raise ValidationError(_("A name holds no web address and no e-mail address."), code="address")


def without_links(text: str, allowed: Iterable[str]) -> str:
    """The text without anything that mail software would make a link of, but for these addresses alone."""
    known = "|".join(re.escape(one) for one in sorted(allowed, key=len, reverse=True) if one)
    parts = re.split(f"{_BEFORE}({known}){_AFTER}", text) if known else [text]
    return "".join(part if odd % 2 else _plain(part) for odd, part in enumerate(parts))


def html_without_links(html: str, allowed: Iterable[str]) -> str:
    """The same for what stands between the tags of a page; attributes are the template's own."""
    known = [str(escape(one)) for one in allowed]
    return "".join(part if odd % 2 else without_links(part, known) for odd, part in enumerate(_TAG.split(html)))


def _plain(text: str) -> str:
    return _AT.sub(" @ ", _DOT.sub(r"\1 ", _SCHEME.sub("", text)))
