"""The languages of the site, and the marks and names of each.

A language is one line of `settings.LANGUAGES` and a folder `locale/CODE`: the words of pages, mails and documents, and
the patterns of dates, hours and lengths (`totem.core.wording`). By its code the CLDR gives the rest, through Babel:
names of days and months, marks of numbers and money, plurals, the language's own name.

What a language does not translate is read in French, then in English (`FALLBACKS`): of catalogues by Django, whose
default language is French and whose source strings are English; of texts kept as data by `first_written`. Formats that
people type in follow the same order: `config/formats/CODE` where there is one, else the French ones.

Languages spoken at the desk of a hub are another thing: `totem.hubs.models.Language`.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache

from babel import Locale, localedata
from babel.core import get_global
from django.conf import settings
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import get_language

FRENCH = "fr"
ENGLISH = "en"  # English is the language of the source strings too
FALLBACKS = (FRENCH, ENGLISH)
# Of the CLDR, what neither a text nor a formatted amount uses: it is given back once loaded.
_UNUSED_GLOBALS = ("likely_subtags", "territory_languages")
_UNUSED = (
    *("unit_patterns", "unit_display_names", "compound_unit_patterns", "meta_zones", "time_zones", "date_fields"),
    *("interval_formats", "datetime_skeletons", "compact_decimal_formats", "compact_currency_formats"),
)
_NUMBER = re.compile(r"[#0,.]+")


def choices() -> list[tuple[str, str | Promise]]:
    """Code and name of every language of the site, in the order of the settings."""
    return list(settings.LANGUAGES)


def codes() -> tuple[str, ...]:
    """The codes of the languages of the site."""
    return tuple(code for code, _name in settings.LANGUAGES)


def active() -> str:
    """The code of the reader's language, without a region; the default one where none is active."""
    return (get_language() or settings.LANGUAGE_CODE).partition("-")[0]


def first_written(texts: Mapping[str, str]) -> tuple[str, str]:
    """(code, text): the text in the reader's language, else in French, else in English; an empty text is none.

    `("en", "")` where nothing is written.
    """
    return next(((code, texts[code]) for code in (active(), *FALLBACKS) if texts.get(code)), (ENGLISH, ""))


@cache
def cldr(code: str) -> Locale:
    """What the CLDR knows of a language, without `_UNUSED`. Raises babel.UnknownLocaleError."""
    locale = Locale.parse(code)
    for name in ("root", str(locale)):
        data = localedata.load(name)  # the one that the locale reads, too
        for key in _UNUSED:
            data.pop(key, None)
    for key in _UNUSED_GLOBALS:
        get_global(key).clear()
    return locale


def marks(code: str) -> tuple[str, str]:
    """(decimal, thousands): the separators of numbers."""
    symbols = cldr(code).number_symbols["latn"]
    return symbols["decimal"], symbols["group"]


def with_percent(code: str, written: str) -> str:
    """A formatted number with the percent sign where the language has it: « 42 % », “42%”."""
    pattern: str = cldr(code).percent_formats[None].pattern
    return _NUMBER.sub(lambda _number: written, pattern)


def is_single(code: str, value: Decimal | int) -> bool:
    """Whether that many take the singular: French has it below two, English for one alone."""
    return str(cldr(code).plural_form(value if value % 1 else int(value))) == "one"


def own_name(code: str) -> str:
    """« Français », « English »: a language's own name."""
    return capfirst(str(cldr(code).get_display_name()))


def name(code: str, *, in_language: str = "") -> str:
    """« français », “French”: its name in `in_language`, or else in the reader's language, as in a sentence."""
    return str(cldr(code).get_display_name(in_language or active()))
