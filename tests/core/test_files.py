"""Uploaded files: those accepted, those refused and the message, and the constraints on stored files."""

import unicodedata
import zipfile
from contextlib import suppress
from hashlib import sha256
from io import BytesIO

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.db import IntegrityError, ProgrammingError, transaction
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from totem.core import files
from totem.core.files import FORMATS, NAME_LENGTH, CheckedFile, DocumentField, check_upload, clean_name
from totem.core.models import StoredFile

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
OPEN_XML = {
    "docx": "wordprocessingml.document",
    "xlsx": "spreadsheetml.sheet",
    "pptx": "presentationml.presentation",
}
OPEN_DOCUMENT = {"odt": "text", "ods": "spreadsheet", "odp": "presentation"}


def image(kind: str) -> bytes:
    content = BytesIO()
    Image.new("RGB", (3, 2)).save(content, kind)
    return content.getvalue()


def archive(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w", method) as made:
        for name, part in entries:
            made.writestr(name, part)
    return content.getvalue()


def content_types(main: str, *more: str) -> bytes:
    types = [f"application/vnd.openxmlformats-officedocument.{main}.main+xml", *more]
    overrides = "".join(f'<Override PartName="/p{n}.xml" ContentType="{name}"/>' for n, name in enumerate(types))
    head = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    return f"{head}{overrides}</Types>".encode()


def office(end: str, *more: tuple[str, bytes], types: tuple[str, ...] = ()) -> bytes:
    return archive(("[Content_Types].xml", content_types(OPEN_XML[end], *types)), *more)


def open_document(end: str, *more: tuple[str, bytes]) -> bytes:
    kind = f"application/vnd.oasis.opendocument.{OPEN_DOCUMENT[end]}".encode()
    return archive(("mimetype", kind), ("content.xml", b"<x/>"), *more)


SOUND = {
    "pdf": PDF,
    "png": image("PNG"),
    "jpg": image("JPEG"),
    "jpeg": image("JPEG"),
    "webp": image("WEBP"),
    **{end: office(end) for end in OPEN_XML},
    **{end: open_document(end) for end in OPEN_DOCUMENT},
    "csv": "année;m²\n2013;10000\n".encode(),
    "txt": "Délibération n° 12".encode("cp1252"),
}


def upload(name: str, content: bytes, announced: str | None = None) -> SimpleUploadedFile:
    """An upload with the type that the browser announces; by default that of a browser that does not know the type."""
    return SimpleUploadedFile(name, content, "application/octet-stream" if announced is None else announced)


def refusal(name: str, content: bytes, announced: str | None = None) -> ValidationError:
    with pytest.raises(ValidationError) as refused:
        check_upload(upload(name, content, announced))
    return refused.value


class TestTaken:
    @pytest.mark.parametrize("end", FORMATS)
    def test_each_type_under_its_own_name_however_it_is_written(self, end: str):
        for name in (f"pièce.{end}", f"PIÈCE.{end.upper()}"):
            for announced in ("", "application/octet-stream", FORMATS[end].content_type):
                file = check_upload(upload(name, SOUND[end], announced))
                assert (file.name, file.content_type) == (name, FORMATS[end].content_type)
                assert (file.size, file.content) == (len(SOUND[end]), SOUND[end])
                assert file.sha256 == sha256(SOUND[end]).hexdigest()

    def test_what_windows_announces_for_a_csv_file(self):
        assert check_upload(upload("a.csv", SOUND["csv"], "application/vnd.ms-excel")).content_type == "text/csv"

    def test_the_parameters_of_an_announced_type_do_not_matter(self):
        assert check_upload(upload("a.txt", b"Oui", "text/plain; charset=utf-8")).content_type == "text/plain"


class TestRefused:
    @pytest.mark.parametrize(("end", "of"), [(a, b) for a in FORMATS for b in FORMATS if FORMATS[a] != FORMATS[b]])
    def test_no_type_passes_for_another(self, end: str, of: str):
        if {end, of} != {"csv", "txt"}:  # any text is a valid CSV file
            assert refusal(f"a.{end}", SOUND[of]).code == "content"

    def test_a_pdf_named_png_is_refused_as_a_pdf(self):
        words = refusal("bilan.png", PDF, "image/png").messages[0]
        assert all(word in words for word in ("bilan.png", "PNG", "PDF"))

    @pytest.mark.parametrize("end", [end for end in FORMATS if FORMATS[end].label != "HTML"])
    @pytest.mark.parametrize(
        "page",
        [
            b"<!DOCTYPE html><script>alert(1)</script>",
            b"\xef\xbb\xbf\n <HTML><body>",
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            b"<?xml version='1.0'?><x/>",
            b"<!-- --><script>",
            b"#!/bin/sh\nrm -rf /",
            b"MZ\x90\x00\x03",
        ],
    )
    def test_nothing_that_a_browser_or_a_machine_would_run(self, end: str, page: bytes):
        assert refusal(f"a.{end}", page).code == "content"

    def test_html_called_and_announced_as_pdf(self):
        assert refusal("a.pdf", b"<html></html>", "application/pdf").code == "content"

    @pytest.mark.parametrize(
        "name",
        [
            "page.html", "dessin.svg", "a.xml", "a.exe", "a.docm", "a.xlsm", "a.pptm", "a.doc", "a.zip", "a.js", "pdf",
            ".pdf.", "a.pdf.html", "a.pdf\x00.html", "a.pdf\u202e.exe", "a", "", ".", "a.pdf/", "a.pdf/.html",
        ],
    )  # fmt: skip
    def test_only_the_end_of_the_name_as_it_is_shown_counts(self, name: str):
        file = upload("x", PDF)
        file._name = name  # as no browser and no other reader of multipart would send it
        with pytest.raises(ValidationError) as refused:
            check_upload(file)
        assert refused.value.code == "kind"
        assert "PDF" in refused.value.messages[0]

    def test_the_announced_type_has_to_be_that_of_the_name(self):
        error = refusal("a.pdf", PDF, "text/html")
        assert error.code == "announced"
        assert "text/html" in error.messages[0]
        assert refusal("a.png", SOUND["png"], "image/svg+xml").code == "announced"

    def test_an_empty_file(self):
        assert refusal("a.pdf", b"").code == "empty"

    def test_a_file_above_the_limit_with_the_limit_in_words(self, settings):
        settings.DOCUMENT_MAX_BYTES = 3 * 1024 * 1024 // 2
        assert check_upload(upload("a.txt", b"a" * settings.DOCUMENT_MAX_BYTES))
        error = refusal("a.txt", b"a" * (settings.DOCUMENT_MAX_BYTES + 1))
        assert error.code == "heavy"
        assert "1.5" in error.messages[0] or "1,5" in error.messages[0]

    def test_a_huge_body_is_never_read(self, settings):
        class Body(BytesIO):
            def read(self, *_size: int | None) -> bytes:
                raise AssertionError("read before its size was known to be within the limit")

        with pytest.raises(ValidationError):
            check_upload(UploadedFile(Body(), "a.pdf", "application/pdf", settings.DOCUMENT_MAX_BYTES + 1))

    def test_a_body_that_is_longer_than_announced_is_read_to_the_limit_only(self, settings):
        settings.DOCUMENT_MAX_BYTES = 100
        body = BytesIO(PDF * 100)
        with pytest.raises(ValidationError):
            check_upload(UploadedFile(body, "a.pdf", "application/pdf", 10))
        assert body.tell() == 101

    @pytest.mark.parametrize("content", [b"a\x00b", "année".encode("utf-16"), b"\x81\x8d\x8f", b"\x1b[2J", PDF])
    def test_a_list_that_is_no_text(self, content: bytes):
        assert "UTF-8" in refusal("a.csv", content).messages[0]


class TestOfficeDocuments:
    def test_macros_are_refused_wherever_they_stand(self):
        macro = "application/vnd.ms-word.document.macroEnabled.main+xml"
        assert refusal("a.docx", office("docx", types=(macro,))).code == "content"
        assert refusal("a.xlsx", office("xlsx", ("xl/vbaProject.bin", b"x"))).code == "content"
        assert refusal("a.xlsx", office("xlsx", types=("application/vnd.ms-office.vbaProject",))).code == "content"
        assert refusal("a.odt", open_document("odt", ("Basic/Standard/Module1.xml", b"<x/>"))).code == "content"
        assert refusal("a.ods", open_document("ods", ("Scripts/python/a.py", b"1"))).code == "content"

    def test_a_bomb_is_not_unpacked(self, monkeypatch):
        """Of an entry of 300 MB no more is unpacked than the limit of an entry; the others are not unpacked."""
        unpacked = []
        read = zipfile.ZipExtFile.read

        def counted(self: zipfile.ZipExtFile, n: int | None = -1) -> bytes:
            unpacked.append(read(self, n))
            return unpacked[-1]

        bomb = b"\0" * 300_000_000
        content = archive(("[Content_Types].xml", content_types(OPEN_XML["docx"])), ("word/document.xml", bomb))
        lying = archive(("[Content_Types].xml", bomb))
        del bomb
        monkeypatch.setattr(zipfile.ZipExtFile, "read", counted)
        assert check_upload(upload("a.docx", content)).size < 1_000_000
        assert sum(map(len, unpacked)) < 1000
        unpacked.clear()
        assert refusal("a.docx", lying).code == "content"
        assert max(map(len, unpacked)) == files.LONGEST_PART

    def test_more_entries_than_any_document_has(self):
        entries = [(f"word/{n}.xml", b"") for n in range(files.MOST_ENTRIES)]
        assert refusal("a.docx", office("docx", *entries)).code == "content"

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_packed_in_a_manner_that_gives_more_than_one_asks_for(self, method: int):
        content = archive(("[Content_Types].xml", content_types(OPEN_XML["docx"])), method=method)
        assert refusal("a.docx", content).code == "content"

    def test_two_parts_of_one_name(self):
        twice = [("[Content_Types].xml", content_types(OPEN_XML[end])) for end in ("docx", "xlsx")]
        with pytest.warns(UserWarning, match="Duplicate"):
            content = archive(*twice)
        assert refusal("a.xlsx", content).code == refusal("a.docx", content).code == "content"

    def test_a_document_behind_something_else(self):
        for head in (PDF, b"GIF89a", b"MZ"):
            assert refusal("a.docx", head + SOUND["docx"]).code == "content"

    def test_a_plain_archive(self):
        assert refusal("a.docx", archive(("a.txt", b"a"))).code == "content"

    @given(st.sampled_from(["docx", "ods"]), st.data())
    def test_a_damaged_one_is_refused_or_taken_and_never_an_error(self, end: str, data: st.DataObject):
        content = bytearray(SOUND[end])
        for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=8)):
            content[place] = data.draw(st.integers(0, 255))
        cut = data.draw(st.integers(1, len(content)))
        for damaged in (bytes(content), bytes(content[:cut])):
            with suppress(ValidationError):
                assert check_upload(upload(f"a.{end}", damaged)).content == damaged


class TestNames:
    @pytest.mark.parametrize(
        ("sent", "kept"),
        [
            ("bilan.pdf", "bilan.pdf"),
            ("C:\\Users\\x\\bilan.pdf", "bilan.pdf"),
            ("../../etc/bilan.pdf", "bilan.pdf"),
            ("a\x00b\x07.pdf", "ab.pdf"),
            ("exe.\u202efdp", "exe.fdp"),
            ("  deux   mots\n.pdf", "deux mots.pdf"),
            ("De\u0301libe\u0301ration.pdf", "Délibération.pdf"),
            (".pdf", "document.pdf"),
            ("...", "document"),
            ("", "document"),
            ("x" * 300 + ".xlsx", "x" * 145 + ".xlsx"),
            ("a" * 200, "a" * 150),
        ],
    )
    def test_as_people_read_them(self, sent: str, kept: str):
        assert clean_name(sent) == kept

    @given(st.text(max_size=400) | st.from_regex(r"[^\x00]{0,200}\.(pdf|jpeg|csv)", fullmatch=True))
    @example("\u0301.pdf")
    @example("e\u200d\u0301" * 100 + ".pdf")
    @example("a. ")
    def test_any_name_becomes_one_that_can_be_kept_and_shown(self, sent: str):
        name = clean_name(sent)
        assert 0 < len(name) <= NAME_LENGTH
        assert not {"/", "\\"} & set(name)
        assert not [c for c in name if unicodedata.category(c)[0] == "C"]
        assert name == name.strip() == unicodedata.normalize("NFC", name) == clean_name(name)

    @given(st.text(max_size=400), st.sampled_from(sorted(FORMATS)))
    def test_the_extension_stays(self, stem: str, end: str):
        assert clean_name(f"{stem}.{end}").endswith(f".{end}")


class TestField:
    class Form(forms.Form):
        file = DocumentField()

    def test_it_cleans_to_the_file_and_refuses_at_its_field(self):
        form = self.Form({}, {"file": upload("a.pdf", PDF)})
        assert form.is_valid()
        assert isinstance(form.cleaned_data["file"], CheckedFile)
        for sent in ({"file": upload("a.png", PDF)}, {"file": upload("a.pdf", b"")}, {}):
            form = self.Form({}, sent)
            assert not form.is_valid()
            assert list(form.errors) == ["file"]

    def test_it_says_what_is_taken(self):
        html = str(self.Form())
        assert ".pdf,.png," in html
        assert "10" in html
        assert "html" not in html.partition("accept=")[2].partition(">")[0]

    def test_it_may_be_left_empty_where_the_form_says_so(self):
        assert DocumentField(required=False).clean(None) is None


@pytest.mark.django_db
class TestKept:
    def test_the_same_bytes_once_and_given_back(self):
        for name in ("a.pdf", "b.pdf"):
            files.store(check_upload(upload(name, PDF)))
        row = StoredFile.objects.get()
        assert (row.sha256, row.size, files.content_of(row.sha256)) == (sha256(PDF).hexdigest(), len(PDF), PDF)

    def test_a_long_one_is_read_in_slices(self, monkeypatch):
        monkeypatch.setattr(files, "SLICE", 7)
        for content in (PDF, PDF[:14], PDF[:7]):
            row = files.store(
                CheckedFile("a.pdf", "application/pdf", len(content), sha256(content).hexdigest(), content)
            )
            assert files.content_of(row.sha256) == content

    def test_a_deleted_content_is_gone(self):
        row = files.store(check_upload(upload("a.pdf", PDF)))
        assert files.delete_content(row.sha256)
        assert files.content_of(row.sha256) is None
        assert files.delete_content(row.sha256)  # again: nothing to do

    @pytest.mark.parametrize("change", [{"content": b"other"}, {"size": 1}, {"sha256": "0" * 64}])
    def test_the_database_changes_no_stored_file(self, change: dict[str, object]):
        files.store(check_upload(upload("a.pdf", PDF)))
        with pytest.raises(ProgrammingError, match=r"is kept|permission denied"), transaction.atomic():
            StoredFile.objects.update(**change)
        assert files.content_of(sha256(PDF).hexdigest()) == PDF

    @pytest.mark.parametrize(
        ("change", "constraint"),
        [({"content": PDF[::-1]}, "is_its_sum"), ({"sha256": "0" * 64}, "is_its_sum"), ({"size": 1}, "has_its_size")],
    )
    def test_the_database_refuses_a_content_that_has_not_its_digest(self, change: dict[str, object], constraint: str):
        sound = {"sha256": sha256(PDF).hexdigest(), "size": len(PDF), "content": PDF}
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            StoredFile.objects.create(**{**sound, **change})
