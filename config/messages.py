"""The catalogues: `python -m config.messages` updates them from the source and lists missing translations.

Babel does the work, so that no gettext binary is needed; Django's own `templatize` turns a template's tags into calls.
"""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import django
from babel.messages import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from totem.core import languages

ROOT = Path(__file__).resolve().parent.parent
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
    "gettext_noop": None,
}
TEMPLATES = {".html", ".txt"}
# Messages of Django and allauth on our pages that our catalogues replace with plainer ones; a pair has a plural.
FOREIGN: tuple[str | tuple[str, str], ...] = (
    "Enter a valid email address.",
    "Enter a valid URL.",
    "Enter a valid date.",
    "Enter a valid time.",
    "Ensure this value is greater than or equal to %(limit_value)s.",
    "Ensure this value is less than or equal to %(limit_value)s.",
    (
        "Ensure this value has at most %(limit_value)d character (it has %(show_value)d).",
        "Ensure this value has at most %(limit_value)d characters (it has %(show_value)d).",
    ),
    "Select a valid choice. That choice is not one of the available choices.",
    "Select a valid choice. %(value)s is not one of the available choices.",
    "The submitted file is empty.",
    "A user is already registered with this email address.",
    "This email address is already associated with this account.",
    "The new value must be different from the current one.",
    "Please type your current password.",
    "Too many failed login attempts. Try again later.",
    "Be patient, you are sending too many requests.",
)
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = "# The {language} catalogue of Totem. Source strings are English; docs/glossary.md has the words.\n"


def catalogue_of(language: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / "django.po"


def sources() -> Iterator[Path]:
    """The files that contain translatable strings, in a stable order."""
    for folder in ("config", "totem"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", *TEMPLATES} and "migrations" not in path.parts:
                yield path


def extracted() -> Catalog:
    """Every string of the source, with its files (no line numbers: they would change at each edit)."""
    found = Catalog(project="Totem", charset="utf-8")
    for words in FOREIGN:
        found.add(words, locations=[("config/messages.py", None)])
    for path in sources():
        text = path.read_text(encoding="utf-8")
        if path.suffix in TEMPLATES:
            # The converted template is parsed as Python, where indentation would have a meaning.
            text = "\n".join(line.lstrip() for line in templatize(text, origin=str(path)).splitlines())
        for _line, message, comments, context in extract(
            "python", BytesIO(text.encode()), keywords=KEYWORDS, comment_tags=["Translators:"]
        ):
            place = [(path.relative_to(ROOT).as_posix(), None)]
            found.add(message, locations=place, auto_comments=comments, context=context)
    return found


def updated(language: str) -> Catalog:
    """The catalogue of `language` with the current strings: translations kept, none guessed, obsolete ones dropped."""
    path = catalogue_of(language)
    known = Catalog(locale=language, charset="utf-8")
    if path.exists():
        with path.open("rb") as file:
            known = read_po(file, locale=language)
    known.update(extracted(), no_fuzzy_matching=True, update_header_comment=False)
    known.obsolete.clear()
    return known


def missing(catalogue: Catalog) -> list[str]:
    """The source strings without a translation, or with a doubtful one."""
    return [_source(m.id) for m in catalogue if m.id and (m.fuzzy or not _is_translated(m.string))]


def _source(identifier: str | tuple[str, ...] | list[str]) -> str:
    return identifier if isinstance(identifier, str) else identifier[0]


def _is_translated(string: str | tuple[str, ...] | list[str] | None) -> bool:
    if not string or isinstance(string, str):
        return bool(string)
    return all(string)


def write(language: str) -> Catalog:
    """Write the catalogue of `language` for translators and return it."""
    catalogue = updated(language)
    catalogue.header_comment = HEADER.format(language=languages.name(language, in_language=languages.ENGLISH))
    catalogue.fuzzy = False
    # Without dates, which would change the file at every run; git has them.
    catalogue.creation_date = catalogue.revision_date = EPOCH
    path = catalogue_of(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=120, sort_output=True, omit_header=False, ignore_obsolete=True)
    return catalogue


def compile_all() -> None:
    """Write the `.mo` file of every catalogue beside it; they are not kept in git."""
    for path in sorted((ROOT / "locale").glob("*/LC_MESSAGES/django.po")):
        with path.open("rb") as source, path.with_suffix(".mo").open("wb") as compiled:
            write_mo(compiled, read_po(source, locale=path.parts[-3]))


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    lacking = {language: missing(write(language)) for language in languages.codes() if language != languages.ENGLISH}
    for language, untranslated in lacking.items():
        for message in untranslated:
            print(f"{language}: {message!r}")
    compile_all()
    # French has to be complete; what another language lacks is shown in French.
    return 1 if lacking[languages.FRENCH] else 0


if __name__ == "__main__":
    sys.exit(main())
