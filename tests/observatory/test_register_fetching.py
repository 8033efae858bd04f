"""Downloads of the register, from a server on the loopback that cuts, forgets and changes its files."""

import hashlib
import json
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.observatory.registers import quiet
from totem.observatory.register import fetching
from totem.observatory.register.fetching import fetch, in_catalogue, resolved
from totem.observatory.register.published import FileKind, ImportRefused

CONTENT = bytes(range(256)) * 40_000  # ten megabytes, so that a cut is a cut
SHA1 = hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest()


class Served(ThreadingHTTPServer):
    """Files by path; `cuts` are the numbers of bytes after which the next answers end."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.cuts: list[int] = []
        self.etag = '"first"'
        self.asked: list[dict[str, str]] = []

    def at(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    server: Served

    def do_GET(self) -> None:
        self.server.asked.append(dict(self.headers.items()))
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "file:///etc/hostname")
            self.end_headers()
            return
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        start = 0
        if self.headers.get("If-Range") == self.server.etag and "Range" in self.headers:
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("ETag", self.server.etag)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        end = start + self.server.cuts.pop(0) if self.server.cuts else len(content)
        self.wfile.write(content[start:end])
        self.close_connection = True

    def log_message(self, *_args: Any) -> None:
        """Nothing is said."""


@pytest.fixture
def server() -> Iterator[Served]:
    with Served() as served:
        served.files["/stock.zip"] = CONTENT
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield served
        served.shutdown()
        thread.join()


def test_a_cut_download_is_taken_up_where_it_stopped(server: Served, tmp_path: Path) -> None:
    server.cuts = [3_000_000, 4_000_000]
    said: list[str] = []
    given = fetch(
        server.at("/stock.zip"), tmp_path, checksum=("sha1", SHA1), progress=said.append, pause=lambda _seconds: None
    )
    assert given.path.read_bytes() == CONTENT
    assert given.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert given.address == server.at("/stock.zip")
    assert [asked.get("Range") for asked in server.asked] == [None, "bytes=3000000-", "bytes=7000000-"]
    assert any("100 %" in line for line in said)
    assert [path.name for path in tmp_path.iterdir()] == ["stock.zip"]


def test_what_came_is_kept_for_the_next_time(server: Served, tmp_path: Path) -> None:
    server.cuts = [1_000_000] * fetching.ATTEMPTS
    with pytest.raises(ImportRefused, match=r"cannot be fetched: 5000000 of 10240000 bytes came"):
        fetch(server.at("/stock.zip"), tmp_path, progress=quiet, pause=lambda _seconds: None)
    assert not (tmp_path / "stock.zip").exists()
    server.asked.clear()
    assert fetch(server.at("/stock.zip"), tmp_path, progress=quiet).path.read_bytes() == CONTENT
    assert server.asked[0]["Range"] == "bytes=5000000-"


def test_a_file_that_changed_meanwhile_is_fetched_from_its_beginning(server: Served, tmp_path: Path) -> None:
    server.cuts = [1_000_000]

    def changed(_seconds: float) -> None:
        server.etag, server.files["/stock.zip"] = '"second"', CONTENT[::-1]

    assert fetch(server.at("/stock.zip"), tmp_path, progress=quiet, pause=changed).path.read_bytes() == CONTENT[::-1]


def test_a_file_that_is_not_the_one_published_is_refused(server: Served, tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match=r"stock.zip is not the file that was published: its sha256 is another"):
        fetch(server.at("/stock.zip"), tmp_path, checksum=("sha256", "0" * 64), progress=quiet)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_here_already_is_not_fetched_again(server: Served, tmp_path: Path) -> None:
    for _ in range(2):
        fetch(server.at("/stock.zip"), tmp_path, checksum=("sha1", SHA1), progress=quiet)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("path", "message"),
    [("/gone.zip", "answers 404"), ("/elsewhere", "answers 302|cannot be fetched|not allowed")],
)
def test_an_address_that_gives_no_file_is_said(server: Served, tmp_path: Path, path: str, message: str) -> None:
    with pytest.raises(ImportRefused, match=message):
        fetch(server.at(path), tmp_path, progress=quiet, pause=lambda _seconds: None)


@pytest.mark.parametrize("address", ["file:///etc/hostname", "ftp://127.0.0.1/stock.zip", "http:///stock.zip"])
def test_only_http_is_fetched(tmp_path: Path, address: str) -> None:
    with pytest.raises(ImportRefused, match="not an http or https address"):
        fetch(address, tmp_path, progress=quiet)


# -- The catalogue ----------------------------------------------------------------------------------------------------


def resource(server: Served, kind: str, form: str, day: str = "01 Novembre 2026", **more: Any) -> dict[str, Any]:
    suffix = f" (format {form})" if form == "parquet" else ""
    return {
        "title": f"Sirene : Fichier {kind} du {day}{suffix}",
        "url": server.at(f"/{kind}_utf8.{form}"),
        "format": form,
        "filesize": None,
        "checksum": None,
        "last_modified": "2026-11-01T08:10:00.000000+00:00",
        **more,
    }


def catalogue(server: Served, *resources: dict[str, Any]) -> str:
    server.files["/dataset/"] = json.dumps({"resources": resources}).encode()
    return server.at("/dataset/")


def test_the_files_of_this_month_are_found_parquet_first(server: Served) -> None:
    known = [
        resource(server, kind, form, day)
        for kind in (
            "StockEtablissement", "StockUniteLegale", "StockEtablissementHistorique", "StockUniteLegaleHistorique",
            "StockEtablissementLiensSuccession", "StockDoublons",
        )
        for form in ("zip", "parquet")
        for day in ("01 Octobre 2026", "01 Novembre 2026")
    ]  # fmt: skip
    known.append({"title": "Dessin de fichier StockEtablissement", "url": server.at("/dessin.pdf"), "format": "pdf"})
    found = in_catalogue(catalogue(server, *known))
    assert [(one.kind, one.format, one.day) for one in found] == [
        (kind, "parquet", date(2026, 11, 1))
        for kind in (FileKind.ESTABLISHMENTS, FileKind.UNITS, FileKind.HISTORY, FileKind.LINKS)
    ]


def test_files_of_the_catalogue_are_fetched_with_their_day(server: Served, tmp_path: Path) -> None:
    checksum = {"type": "sha1", "value": SHA1}
    server.files["/StockEtablissement_utf8.zip"] = server.files["/StockUniteLegale_utf8.zip"] = CONTENT
    address = catalogue(
        server,
        resource(server, "StockEtablissement", "zip", checksum=checksum, filesize=len(CONTENT)),
        resource(server, "StockUniteLegale", "zip", checksum=checksum),
    )
    given, day = resolved([], from_catalogue=address, day=None, downloads=tmp_path, progress=quiet)
    assert day == date(2026, 11, 1)
    assert [one.path.name for one in given] == ["StockEtablissement_utf8.zip", "StockUniteLegale_utf8.zip"]
    assert {one.published for one in given} == {"2026-11-01"}


def test_without_a_day_in_the_title_it_is_the_month_of_publication(server: Served) -> None:
    known = [
        resource(server, kind, "zip", title=f"{kind}", last_modified="2026-11-02T01:00:00+00:00")
        for kind in ("StockEtablissement", "StockUniteLegale")
    ]
    assert {one.day for one in in_catalogue(catalogue(server, *known))} == {date(2026, 11, 1)}


def test_a_catalogue_in_the_middle_of_its_publication_is_said(server: Served) -> None:
    known = [
        resource(server, "StockEtablissement", "zip"), resource(server, "StockUniteLegale", "zip", "01 Octobre 2026"),
    ]  # fmt: skip
    with pytest.raises(ImportRefused, match=r"several days: .*2026-11-01, StockUniteLegale 2026-10-01"):
        in_catalogue(catalogue(server, *known))


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b"[1]"])
def test_a_catalogue_that_says_something_else(server: Served, answer: bytes) -> None:
    server.files["/dataset/"] = answer
    with pytest.raises(ImportRefused, match="something else than a data set"):
        in_catalogue(server.at("/dataset/"))


def test_a_catalogue_without_the_files(server: Served) -> None:
    with pytest.raises(ImportRefused, match="names no file StockUniteLegale"):
        in_catalogue(catalogue(server, resource(server, "StockEtablissement", "zip")))
    with pytest.raises(ImportRefused, match="does not answer"):
        in_catalogue(server.at("/gone/"))


def test_a_day_has_to_be_said_for_files(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="Say the day"):
        resolved(["stock.csv"], from_catalogue="", day=None, downloads=tmp_path, progress=quiet)
    with pytest.raises(ImportRefused, match="Say which files"):
        resolved([], from_catalogue="", day=None, downloads=tmp_path, progress=quiet)
