"""Documents that people send: checked, kept by the sum of their bytes, forgotten.

Nothing is ever unpacked whole: of an office document, which is a zip, only the part that says what it is, and no more
of it than its own limit.
"""

import hashlib
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from typing import Any, Final

import psycopg
import puremagic
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import connection
from django.db.models import BinaryField, ProtectedError
from django.db.models.functions import Substr
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core.models import StoredFile

NAME_LENGTH: Final = 150
MEGABYTE: Final = 1024 * 1024
SLICE: Final = MEGABYTE


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file that is what it says it is. `size` in bytes, `sha256` in hexadecimal; `name` is fit to be shown."""

    name: str
    content_type: str
    size: int
    sha256: str
    content: bytes = field(repr=False)


# -- What a content is ------------------------------------------------------------------------------------------------

# An archive of more entries than that is no office document; so are two of one name, or one packed in a rare manner.
MOST_ENTRIES: Final = 5000
LONGEST_PART: Final = 256 * 1024
PACKED: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
ENCRYPTED: Final = 0x1
BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ArithmeticError,
    LookupError,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)
MACROS: Final = re.compile(r"(^|/)vbaProject\.bin$|^(Basic|Scripts)/", re.IGNORECASE)
OPEN_XML_TYPES: Final = "[Content_Types].xml"
DECLARED_TYPE: Final = re.compile(rb"""ContentType\s*=\s*["']([^"']{1,200})["']""")
# Text that a reader of web pages, drawings, scripts or rich text would take for its own.
MARKUP: Final = re.compile(r"\s*(<[!?/a-z]|%!?PDF-|%!PS|\{\\rtf|#!)", re.IGNORECASE)
CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")


def _begins_as(extension: str, length: int, content: bytes) -> bool:
    """Whether the signature of that type, of at least `length` bytes, stands at the head of the content."""
    try:
        found = puremagic.magic_string(content)
    except puremagic.PureError:
        return False
    return any(m.extension == extension and m.offset >= 0 and len(m.byte_match) >= length for m in found)


def _part(content: bytes, name: str) -> bytes:
    """One entry of the zip, cut at LONGEST_PART; empty when it has none, is no plain zip, or carries macros."""
    # Each entry costs memory; their number is known from their signatures before any is read.
    if not content.startswith(b"PK\x03\x04") or content.count(b"PK\x01\x02") > MOST_ENTRIES:
        return b""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = archive.namelist()
            if len(set(names)) != len(names) or any(map(MACROS.search, names)):
                return b""
            entry = archive.getinfo(name) if name in names else None
            # bzip2 and LZMA give all that a block holds, whatever one asks for.
            if entry is None or entry.compress_type not in PACKED or entry.flag_bits & ENCRYPTED:
                return b""
            with archive.open(entry) as part:
                return part.read(LONGEST_PART)
    except BROKEN:
        return b""


def _is_open_xml(main_part: str, content: bytes) -> bool:
    """Office Open XML (ECMA-376, part 2, 10.1.2.2): `[Content_Types].xml` names the type of the main part."""
    declared = {found.decode("latin-1").lower() for found in DECLARED_TYPE.findall(_part(content, OPEN_XML_TYPES))}
    macros = any("macroenabled" in name or "vbaproject" in name for name in declared)
    return f"application/vnd.openxmlformats-officedocument.{main_part}.main+xml" in declared and not macros


def _is_open_document(kind: str, content: bytes) -> bool:
    """OpenDocument (ISO/IEC 26300-3, 3.3): the entry `mimetype` holds the type and nothing else."""
    return _part(content, "mimetype").strip() == f"application/vnd.oasis.opendocument.{kind}".encode()


def _is_text(content: bytes) -> bool:
    """UTF-8 or Windows-1252, without control characters, and no markup."""
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return not CONTROLS.search(text) and not MARKUP.match(text)
    return False


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of file that is taken: what it is called, its type, other types that browsers announce it under."""

    word: str
    content_type: str
    holds: Callable[[bytes], bool]
    also: frozenset[str] = frozenset()


OFFICE: Final = "application/vnd.openxmlformats-officedocument."
OASIS: Final = "application/vnd.oasis.opendocument."
ZIPPED: Final = frozenset({"application/zip", "application/x-zip-compressed"})
_JPEG = Kind("JPEG", "image/jpeg", partial(_begins_as, ".jpg", 3), frozenset({"image/jpg", "image/pjpeg"}))


def _open_xml(word: str, kind: str, main_part: str) -> Kind:
    return Kind(word, OFFICE + kind, partial(_is_open_xml, main_part), ZIPPED)


def _open_document(word: str, kind: str) -> Kind:
    return Kind(word, OASIS + kind, partial(_is_open_document, kind), ZIPPED)


# By the end of the name. Nothing that runs: no macros, no web page, no SVG.
KINDS: Final[dict[str, Kind]] = {
    "pdf": Kind("PDF", "application/pdf", partial(_begins_as, ".pdf", 4), frozenset({"application/x-pdf"})),
    "png": Kind("PNG", "image/png", partial(_begins_as, ".png", 8), frozenset({"image/x-png"})),
    "jpg": _JPEG,
    "jpeg": _JPEG,
    "webp": Kind("WebP", "image/webp", partial(_begins_as, ".webp", 8)),
    "odt": _open_document("ODT", "text"),
    "ods": _open_document("ODS", "spreadsheet"),
    "odp": _open_document("ODP", "presentation"),
    "docx": _open_xml("DOCX", "wordprocessingml.document", "wordprocessingml.document"),
    "xlsx": _open_xml("XLSX", "spreadsheetml.sheet", "spreadsheetml.sheet"),
    "pptx": _open_xml("PPTX", "presentationml.presentation", "presentationml.presentation"),
    # Windows announces a CSV file as what opens it.
    "csv": Kind(
        "CSV",
        "text/csv",
        _is_text,
        frozenset({"text/plain", "text/x-csv", "application/csv", "application/x-csv", "application/vnd.ms-excel"}),
    ),
    "txt": Kind("TXT", "text/plain", _is_text),
}
TEXTS: Final = ("csv", "txt")
TYPES: Final = ", ".join(dict.fromkeys(kind.word for kind in KINDS.values()))
# What a browser announces when it does not know.
UNSAID: Final = frozenset({"", "application/octet-stream"})


def word_for(content_type: str) -> str:
    """The short name of a type of document, as people say it: `PDF`."""
    return next((kind.word for kind in KINDS.values() if kind.content_type == content_type), content_type)


# -- Checking ---------------------------------------------------------------------------------------------------------


def clean_name(name: str) -> str:
    """The name of a file without folders, control and invisible characters, in NFC, at most 150 characters.

    A longer one is cut before its extension; one of which nothing is left is called `document`.
    """
    last = re.split(r"[/\\]", name)[-1]
    # Category C: controls, and the marks that turn the reading direction (`fdp.exe` shown as `exe.pdf`).
    seen = "".join(c if not unicodedata.category(c).startswith("C") else " " * c.isspace() for c in last)
    stem, dot, extension = unicodedata.normalize("NFC", " ".join(seen.split())).rpartition(".")
    if not dot or not extension.strip() or len(extension) > 10:
        stem, dot, extension = f"{stem}{dot}{extension}", "", ""
    end = f"{dot}{extension.strip()}"
    return f"{stem[: NAME_LENGTH - len(end)].strip(' .') or 'document'}{end}"


def checked(upload: "UploadedFile[bytes]") -> CheckedFile:
    """What was sent, when it is small enough and is what its name and its announced type say.

    Raises ValidationError (codes `heavy`, `empty`, `kind`, `announced`, `content`). Never holds more than the limit.
    """
    name = clean_name(upload.name or "")
    kind = KINDS.get(name.rpartition(".")[2].lower()) if "." in name else None
    content = _read(upload)
    if kind is None:
        words = _("Documents of this type are not taken. Send one of: %(types)s.")
        raise ValidationError(words, code="kind", params={"types": TYPES})
    announced = (upload.content_type or "").partition(";")[0].strip().lower()
    if announced not in UNSAID | {kind.content_type} | kind.also:
        words = _("“%(name)s” is called %(word)s, but was announced as %(announced)s.")
        params = {"name": name, "word": kind.word, "announced": announced[:100]}
        raise ValidationError(words, code="announced", params=params)
    if not kind.holds(content):
        raise _other_content(name, kind, content)
    return CheckedFile(name, kind.content_type, len(content), hashlib.sha256(content).hexdigest(), content)


def _read(upload: "UploadedFile[bytes]") -> bytes:
    """All of it, once its size is known to be within the limit."""
    most = settings.DOCUMENT_MAX_BYTES
    # One byte more than the limit tells, should the size that was said be wrong.
    content = b"" if (upload.size or 0) > most else upload.read(most + 1)
    if (upload.size or 0) > most or len(content) > most:
        words = _("This file is too heavy: at most %(limit)s MB.")
        raise ValidationError(words, code="heavy", params={"limit": f"{most / MEGABYTE:g}"})
    if not content:
        raise ValidationError(_("This file is empty."), code="empty")
    return content


def _other_content(name: str, kind: Kind, content: bytes) -> ValidationError:
    """The words for a file whose content is not what its name says; with what it is, where that is known."""
    params = {"name": name, "word": kind.word}
    if kind.holds is _is_text:
        words = _("“%(name)s” is not text that can be read: save it in UTF-8, without formatting.")
        return ValidationError(words, code="content", params=params)
    known = next((k.word for end, k in KINDS.items() if end not in TEXTS and k.holds(content)), "")
    if known:
        words = _("“%(name)s” is called %(word)s, but its content is %(known)s.")
        return ValidationError(words, code="content", params={**params, "known": known})
    words = _("“%(name)s” is called %(word)s, but its content is not: it may be damaged, protected or hold macros.")
    return ValidationError(words, code="content", params=params)


class DocumentInput(forms.FileInput):
    """Proposes only the documents that are taken, where the browser can."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"accept": ",".join(f".{end}" for end in KINDS), **(attrs or {})})


class DocumentField(forms.FileField):
    """Cleans an upload to a CheckedFile (None when empty and not required)."""

    widget = DocumentInput

    def __init__(self, **kwargs: Any) -> None:
        limit = f"{settings.DOCUMENT_MAX_BYTES / MEGABYTE:g}"
        words = format_lazy(gettext_lazy("{types}; at most {limit} MB."), types=TYPES, limit=limit)
        super().__init__(**{"help_text": words, **kwargs})

    def clean(self, data: Any, initial: Any = None) -> Any:
        upload = super().clean(data, initial)
        return checked(upload) if isinstance(upload, UploadedFile) else upload


# -- Keeping ----------------------------------------------------------------------------------------------------------


def lock_content(sha256: str) -> None:
    """One at a time for these bytes until the transaction ends: what stores them and what forgets them see each other.

    The key is 63 bits of the sum, with the upper bit set: negative, so never one of `core.locks`.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(sha256[:16], 16) % 2**63 - 2**63])


def store(file: CheckedFile) -> StoredFile:
    """Keep the bytes, once for all who send the same; nobody else stores or forgets them in this transaction."""
    lock_content(file.sha256)
    if not StoredFile.objects.filter(pk=file.sha256).exists():
        _insert(file)
    return StoredFile.objects.defer("content").get(pk=file.sha256)


def _insert(file: CheckedFile) -> None:
    """As a binary parameter: written out in a statement, ten megabytes would cost seventy."""
    insert = "INSERT INTO core_storedfile (sha256, size, content, created_at) VALUES (%s, %s, %b, now())"
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(insert, [file.sha256, file.size, file.content])


def content_of(sha256: str) -> bytes | None:
    """The bytes with that sum; None when they were never sent, or are forgotten."""
    rows = StoredFile.objects.filter(pk=sha256)
    size = rows.values_list("size", flat=True).first()
    if size is None:
        return None
    content = bytearray()
    # By slices: a connection keeps for good as much memory as its longest row has taken.
    for start in range(1, size + 1, SLICE):
        part = Substr("content", start, SLICE, output_field=BinaryField())
        content += rows.values_list(part, flat=True).first() or b""
    return bytes(content) if len(content) == size else None


def forget(sha256: str) -> bool:
    """Delete the bytes, unless something still stands on them: False then. Inside the caller's transaction."""
    lock_content(sha256)
    try:
        StoredFile.objects.filter(pk=sha256).defer("content").delete()
    except ProtectedError:
        return False
    return True
