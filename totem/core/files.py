"""Uploaded documents: their format is checked, their bytes are stored once by SHA-256 digest, and deleted on erasure.

An archive is never unpacked whole: of an office document, which is a zip, only the part that declares its type is read,
and no more of it than a limit, so that a decompression bomb costs nothing.
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
    """A file whose content has the format of its name. `size` in bytes, `sha256` in hexadecimal; `name` is cleaned."""

    name: str
    content_type: str
    size: int
    sha256: str
    content: bytes = field(repr=False)


# -- Formats ----------------------------------------------------------------------------------------------------------

# An archive with more entries, with two of one name or with a rare compression is not an office document.
MOST_ENTRIES: Final = 5000
LONGEST_PART: Final = 256 * 1024
COMPRESSIONS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
ENCRYPTED: Final = 0x1
ARCHIVE_ERRORS: Final = (
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
# Text that would be interpreted as a web page, SVG, script or rich text.
MARKUP: Final = re.compile(r"\s*(<[!?/a-z]|%!?PDF-|%!PS|\{\\rtf|#!)", re.IGNORECASE)
CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")


def _begins_as(extension: str, length: int, content: bytes) -> bool:
    """Whether the content begins with a signature of that type of at least `length` bytes."""
    import puremagic  # noqa: PLC0415 - 1 MB that only uploads need

    try:
        found = puremagic.magic_string(content)
    except puremagic.PureError:
        return False
    return any(m.extension == extension and m.offset >= 0 and len(m.byte_match) >= length for m in found)


def _part(content: bytes, name: str) -> bytes:
    """One entry of the zip, cut at LONGEST_PART bytes; empty when missing, not a plain zip, or with macros."""
    # Each entry costs memory; their number is known from their signatures before any is read.
    if not content.startswith(b"PK\x03\x04") or content.count(b"PK\x01\x02") > MOST_ENTRIES:
        return b""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = archive.namelist()
            if len(set(names)) != len(names) or any(map(MACROS.search, names)):
                return b""
            entry = archive.getinfo(name) if name in names else None
            # bzip2 and LZMA decompress a whole block, whatever length is asked for.
            if entry is None or entry.compress_type not in COMPRESSIONS or entry.flag_bits & ENCRYPTED:
                return b""
            with archive.open(entry) as part:
                return part.read(LONGEST_PART)
    except ARCHIVE_ERRORS:
        return b""


def _is_open_xml(main_part: str, content: bytes) -> bool:
    """Office Open XML (ECMA-376, part 2, 10.1.2.2): `[Content_Types].xml` names the type of the main part."""
    declared = {found.decode("latin-1").lower() for found in DECLARED_TYPE.findall(_part(content, OPEN_XML_TYPES))}
    macros = any("macroenabled" in name or "vbaproject" in name for name in declared)
    return f"application/vnd.openxmlformats-officedocument.{main_part}.main+xml" in declared and not macros


def _is_open_document(kind: str, content: bytes) -> bool:
    """OpenDocument (ISO/IEC 26300-3, 3.3): the entry `mimetype` holds the type and nothing else."""
    return _part(content, "mimetype").strip() == f"application/vnd.oasis.opendocument.{kind}".encode()


def decode_text(content: bytes) -> str | None:
    """The text in UTF-8, else in Windows-1252; None where it is neither."""
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _is_text(content: bytes) -> bool:
    """UTF-8 or Windows-1252, without control characters, and no markup."""
    text = decode_text(content)
    return text is not None and not CONTROLS.search(text) and not MARKUP.match(text)


@dataclass(frozen=True, slots=True)
class FileFormat:
    """An accepted format: its label, its content type, the other content types that browsers announce it under."""

    label: str
    content_type: str
    matches: Callable[[bytes], bool]
    aliases: frozenset[str] = frozenset()


OFFICE: Final = "application/vnd.openxmlformats-officedocument."
OASIS: Final = "application/vnd.oasis.opendocument."
ZIPPED: Final = frozenset({"application/zip", "application/x-zip-compressed"})
_JPEG = FileFormat("JPEG", "image/jpeg", partial(_begins_as, ".jpg", 3), frozenset({"image/jpg", "image/pjpeg"}))


def _open_xml(word: str, kind: str, main_part: str) -> FileFormat:
    return FileFormat(word, OFFICE + kind, partial(_is_open_xml, main_part), ZIPPED)


def _open_document(word: str, kind: str) -> FileFormat:
    return FileFormat(word, OASIS + kind, partial(_is_open_document, kind), ZIPPED)


# By file extension. Nothing that can run code: no macros, no web page, no SVG.
FORMATS: Final[dict[str, FileFormat]] = {
    "pdf": FileFormat("PDF", "application/pdf", partial(_begins_as, ".pdf", 4), frozenset({"application/x-pdf"})),
    "png": FileFormat("PNG", "image/png", partial(_begins_as, ".png", 8), frozenset({"image/x-png"})),
    "jpg": _JPEG,
    "jpeg": _JPEG,
    "webp": FileFormat("WebP", "image/webp", partial(_begins_as, ".webp", 8)),
    "odt": _open_document("ODT", "text"),
    "ods": _open_document("ODS", "spreadsheet"),
    "odp": _open_document("ODP", "presentation"),
    "docx": _open_xml("DOCX", "wordprocessingml.document", "wordprocessingml.document"),
    "xlsx": _open_xml("XLSX", "spreadsheetml.sheet", "spreadsheetml.sheet"),
    "pptx": _open_xml("PPTX", "presentationml.presentation", "presentationml.presentation"),
    # Windows announces a CSV file as what opens it.
    "csv": FileFormat(
        "CSV",
        "text/csv",
        _is_text,
        frozenset({"text/plain", "text/x-csv", "application/csv", "application/x-csv", "application/vnd.ms-excel"}),
    ),
    "txt": FileFormat("TXT", "text/plain", _is_text),
}
TEXT_FORMATS: Final = ("csv", "txt")
FORMAT_LABELS: Final = ", ".join(dict.fromkeys(kind.label for kind in FORMATS.values()))
# What a browser announces when it does not know the type.
UNANNOUNCED: Final = frozenset({"", "application/octet-stream"})


def format_label(content_type: str) -> str:
    """The short label of a content type: `PDF`; the content type itself where it is unknown."""
    return next((kind.label for kind in FORMATS.values() if kind.content_type == content_type), content_type)


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


def check_upload(upload: "UploadedFile[bytes]") -> CheckedFile:
    """The upload, when it is small enough and its content matches its extension and its announced type.

    Raises ValidationError (codes `heavy`, `empty`, `kind`, `announced`, `content`). Never reads more than the limit.
    """
    name = clean_name(upload.name or "")
    kind = FORMATS.get(name.rpartition(".")[2].lower()) if "." in name else None
    content = _read(upload)
    if kind is None:
        words = _("Documents of this type are not taken. Send one of: %(types)s.")
        raise ValidationError(words, code="kind", params={"types": FORMAT_LABELS})
    announced = (upload.content_type or "").partition(";")[0].strip().lower()
    if announced not in UNANNOUNCED | {kind.content_type} | kind.aliases:
        words = _("“%(name)s” is called %(word)s, but was announced as %(announced)s.")
        params = {"name": name, "word": kind.label, "announced": announced[:100]}
        raise ValidationError(words, code="announced", params=params)
    if not kind.matches(content):
        raise _other_content(name, kind, content)
    return CheckedFile(name, kind.content_type, len(content), hashlib.sha256(content).hexdigest(), content)


def _read(upload: "UploadedFile[bytes]") -> bytes:
    """All bytes, once the size is known to be within the limit."""
    most = settings.DOCUMENT_MAX_BYTES
    # One byte more than the limit reveals a declared size that is too small.
    content = b"" if (upload.size or 0) > most else upload.read(most + 1)
    if (upload.size or 0) > most or len(content) > most:
        words = _("This file is too heavy: at most %(limit)s MB.")
        raise ValidationError(words, code="heavy", params={"limit": f"{most / MEGABYTE:g}"})
    if not content:
        raise ValidationError(_("This file is empty."), code="empty")
    return content


def _other_content(name: str, kind: FileFormat, content: bytes) -> ValidationError:
    """The message for a file whose content does not match its name; with its real format, where that is known."""
    params = {"name": name, "word": kind.label}
    if kind.matches is _is_text:
        words = _("“%(name)s” is not text that can be read: save it in UTF-8, without formatting.")
        return ValidationError(words, code="content", params=params)
    known = next((k.label for end, k in FORMATS.items() if end not in TEXT_FORMATS and k.matches(content)), "")
    if known:
        words = _("“%(name)s” is called %(word)s, but its content is %(known)s.")
        return ValidationError(words, code="content", params={**params, "known": known})
    words = _("“%(name)s” is called %(word)s, but its content is not: it may be damaged, protected or hold macros.")
    return ValidationError(words, code="content", params=params)


class DocumentInput(forms.FileInput):
    """Lets the browser's file dialog propose accepted formats only."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"accept": ",".join(f".{end}" for end in FORMATS), **(attrs or {})})


class DocumentField(forms.FileField):
    """Cleans an upload to a CheckedFile (None when empty and not required)."""

    widget = DocumentInput

    def __init__(self, **kwargs: Any) -> None:
        limit = f"{settings.DOCUMENT_MAX_BYTES / MEGABYTE:g}"
        words = format_lazy(gettext_lazy("{types}; at most {limit} MB."), types=FORMAT_LABELS, limit=limit)
        super().__init__(**{"help_text": words, **kwargs})

    def clean(self, data: Any, initial: Any = None) -> Any:
        upload = super().clean(data, initial)
        return check_upload(upload) if isinstance(upload, UploadedFile) else upload


# -- Storage ----------------------------------------------------------------------------------------------------------


def lock_content(sha256: str) -> None:
    """Take the advisory lock of these bytes until the transaction ends: storing and deleting exclude each other.

    The key is 63 bits of the digest, with the upper bit set: negative, so never one of `core.locks`.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(sha256[:16], 16) % 2**63 - 2**63])


def store(file: CheckedFile) -> StoredFile:
    """Store the bytes, once for all who send the same; their lock is held until the caller's transaction ends."""
    lock_content(file.sha256)
    if not StoredFile.objects.filter(pk=file.sha256).exists():
        _insert(file)
    return StoredFile.objects.defer("content").get(pk=file.sha256)


def _insert(file: CheckedFile) -> None:
    """Insert with a binary parameter: as text in the statement, ten megabytes would cost seventy in memory."""
    insert = "INSERT INTO core_storedfile (sha256, size, content, created_at) VALUES (%s, %s, %b, now())"
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(insert, [file.sha256, file.size, file.content])


def content_of(sha256: str) -> bytes | None:
    """The bytes with that digest; None when they were never stored, or are deleted."""
    rows = StoredFile.objects.filter(pk=sha256)
    size = rows.values_list("size", flat=True).first()
    if size is None:
        return None
    content = bytearray()
    # In slices: a connection never releases the memory of its longest row.
    for start in range(1, size + 1, SLICE):
        part = Substr("content", start, SLICE, output_field=BinaryField())
        content += rows.values_list(part, flat=True).first() or b""
    return bytes(content) if len(content) == size else None


def delete_content(sha256: str) -> bool:
    """Delete the bytes inside the caller's transaction; False, and nothing done, while a row refers to them."""
    lock_content(sha256)
    try:
        StoredFile.objects.filter(pk=sha256).defer("content").delete()
    except ProtectedError:
        return False
    return True
