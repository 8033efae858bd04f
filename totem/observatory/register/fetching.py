"""Fetching the files of the register: from an address, or from those that the public catalogue names this month.

The address of a stock carries the day of its publication, so that it changes every month: the catalogue is asked. A
download that was cut is taken up where it stopped, the next time too, as long as the file is still the same there.
"""

import hashlib
import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from totem.observatory.register.published import FileKind, ImportRefused
from totem.observatory.register.sources import CHUNK, DISK_FULL, Given, Progress, disk_is_full, require_space, sha256_of

TIMEOUT = 60  # seconds without a byte
ATTEMPTS = 5
PAUSE = 5.0  # seconds before the second attempt, twice as many before each other
SCHEMES = ("http", "https")
WANTED = (FileKind.ESTABLISHMENTS, FileKind.UNITS, FileKind.HISTORY, FileKind.LINKS)
FORMATS = ("parquet", "zip", "csv")  # the first is the smallest and the fastest to read
MONTHS = (
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Resource:
    """A file of the catalogue: its address, what it is of, and how to know that it is whole."""

    kind: FileKind
    format: str
    url: str
    day: date
    size: int | None
    checksum: tuple[str, str] | None


def is_address(text: str) -> bool:
    """Whether this is an address and not a path."""
    return "://" in text


def resolved(
    files: Iterable[str], *, from_catalogue: str, day: date | None, downloads: Path, progress: Progress
) -> tuple[list[Given], date]:
    """What to import and the day that it is of, everything fetched into `downloads`.

    `from_catalogue` is the address of the catalogue's data set, or empty. Raises ImportRefused.
    """
    given: list[Given] = []
    if from_catalogue:
        for resource in in_catalogue(from_catalogue):
            day = day or resource.day
            given.append(
                fetch(
                    resource.url, downloads, size=resource.size, checksum=resource.checksum,
                    published=resource.day.isoformat(), progress=progress,
                )
            )  # fmt: skip
    given += [fetch(file, downloads, progress=progress) if is_address(file) else Given(Path(file)) for file in files]
    if not given:
        raise ImportRefused("Say which files, or --from-catalogue.")
    if day is None:
        raise ImportRefused("Say the day of the edition: --date YYYY-MM-DD.")
    return given, day


# -- The catalogue ----------------------------------------------------------------------------------------------------


def in_catalogue(address: str) -> list[Resource]:
    """The files of the newest stock that the catalogue's data set names, one a kind, Parquet before the others.

    Raises ImportRefused when establishments or legal units are missing, or of different days: half published.
    """
    known = [resource for item in _resources(address) if (resource := _resource(item))]
    chosen: list[Resource] = []
    for kind in WANTED:
        of_kind = [resource for resource in known if resource.kind == kind]
        if of_kind:
            newest = max(resource.day for resource in of_kind)
            chosen.append(
                min((r for r in of_kind if r.day == newest), key=lambda resource: FORMATS.index(resource.format))
            )
    for kind in (FileKind.ESTABLISHMENTS, FileKind.UNITS):
        if kind not in {resource.kind for resource in chosen}:
            raise ImportRefused(f"The catalogue {address} names no file {kind}.")
    if len({resource.day for resource in chosen}) > 1:
        days = ", ".join(f"{resource.kind} {resource.day:%Y-%m-%d}" for resource in chosen)
        raise ImportRefused(f"The catalogue is being published, its files are of several days: {days}.")
    return chosen


def _resources(address: str) -> list[dict[str, object]]:
    _refuse_other_schemes(address)
    try:
        with _OPENER.open(_request(address), timeout=TIMEOUT) as answer:
            return list(json.load(answer)["resources"])
    except (OSError, http.client.HTTPException) as error:
        raise ImportRefused(f"The catalogue {address} does not answer: {error}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ImportRefused(f"The catalogue {address} answers something else than a data set.") from error


def _resource(item: dict[str, object]) -> Resource | None:
    """One of the wanted files, or None for the many others of the data set (documentation, other stocks)."""
    title, url, form = (str(item.get(name) or "") for name in ("title", "url", "format"))
    words = {word.lower() for word in re.findall(r"[A-Za-z]+", f"{title} {Path(urlsplit(url).path).stem}")}
    kind = next((kind for kind in WANTED if kind.lower() in words), None)
    day = _day_of(title, str(item.get("last_modified") or ""))
    if kind is None or day is None or form.lower() not in FORMATS or urlsplit(url).scheme not in SCHEMES:
        return None
    size, published = item.get("filesize"), item.get("checksum")
    checksum = (str(published["type"]).lower(), str(published["value"])) if isinstance(published, dict) else None
    return Resource(kind, form.lower(), url, day, size if isinstance(size, int) else None, checksum)


def _day_of(title: str, modified: str) -> date | None:
    """The day that the title says (« du 01 Novembre 2026 »), else the first of the month of its publication."""
    said = re.search(r"(\d{1,2})(?:er)? +(\w+) +(\d{4})", title.lower())
    if said and said[2] in MONTHS:
        return date(int(said[3]), MONTHS.index(said[2]) + 1, int(said[1]))
    try:
        return datetime.fromisoformat(modified).date().replace(day=1)
    except ValueError:
        return None


# -- Downloads --------------------------------------------------------------------------------------------------------


def fetch(
    url: str,
    folder: Path,
    *,
    progress: Progress,
    size: int | None = None,
    checksum: tuple[str, str] | None = None,
    published: str = "",
    pause: Callable[[float], None] = time.sleep,
) -> Given:
    """The file at an address, whole, in `folder`; `checksum` is (sha1|sha256|md5, hexadecimal).

    A file of the same name that has the published checksum is not fetched again. Raises ImportRefused.
    """
    _refuse_other_schemes(url)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / _name_of(url)
    if checksum and target.exists() and _is_as_published(target, checksum):
        progress(f"{target.name}: already here")
    else:
        part = target.with_name(f"{target.name}.part")
        for attempt in range(ATTEMPTS):
            try:
                _continue(url, part, size=size, progress=progress)
                break
            except (OSError, http.client.HTTPException) as error:
                if disk_is_full(error):
                    raise ImportRefused(DISK_FULL) from error
                if isinstance(error, urllib.error.HTTPError) and error.code < 500:
                    raise ImportRefused(f"{url} answers {error.code} {error.reason}.") from error
                if attempt == ATTEMPTS - 1:
                    raise ImportRefused(f"{url} cannot be fetched: {error}. What is here is kept for later.") from error
                progress(f"{target.name}: cut ({error}), again")
                pause(PAUSE * 2**attempt)
        if checksum and not _is_as_published(part, checksum):
            part.unlink()
            _marks(part).unlink(missing_ok=True)
            raise ImportRefused(f"{target.name} is not the file that was published: its {checksum[0]} is another.")
        part.replace(target)
        _marks(part).unlink(missing_ok=True)
    return Given(target, sha256=sha256_of(target), address=url, published=published)


class _Cut(OSError):
    """Fewer bytes came than were announced."""


def _continue(url: str, part: Path, *, size: int | None, progress: Progress) -> None:
    """Fetch what is missing of the file; from its beginning when it is another one there now."""
    mark = _marks(part).read_text(encoding="utf-8") if _marks(part).exists() else ""
    there = part.stat().st_size if mark and part.exists() else 0
    request = _request(url)
    if there:
        request.add_header("Range", f"bytes={there}-")
        request.add_header("If-Range", mark)
    try:
        answer = _OPENER.open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        error.close()
        if size is not None and there == size:
            return
        part.unlink()
        _continue(url, part, size=size, progress=progress)
        return
    with answer:
        if answer.status != http.HTTPStatus.PARTIAL_CONTENT:
            there = 0
        left = answer.headers.get("Content-Length")
        total = there + int(left) if left else size
        if total:
            require_space(part.parent, total - there)
        etag = answer.headers.get("ETag", "")
        _marks(part).write_text(
            etag if etag and not etag.startswith("W/") else answer.headers.get("Last-Modified", ""), encoding="utf-8"
        )
        with part.open("r+b" if there else "wb") as file:
            file.seek(there)
            _copy(answer, file.write, there, total, lambda text: progress(f"{part.stem}: {text}"))


def _copy(
    answer: http.client.HTTPResponse, write: Callable[[bytes], object], there: int, total: int | None, say: Progress
) -> None:
    said = -1
    while chunk := answer.read(CHUNK):
        write(chunk)
        there += len(chunk)
        if total and there * 10 // total > said:
            said = there * 10 // total
            say(f"{said * 10} % of {total >> 20} MiB")
    if total is not None and there != total:
        raise _Cut(f"{there} of {total} bytes came")


def _is_as_published(path: Path, checksum: tuple[str, str]) -> bool:
    name, published = checksum
    if name not in {"md5", "sha1", "sha256", "sha512"}:
        raise ImportRefused(f"A checksum {name} is published, which Totem does not know.")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.new(name, usedforsecurity=False))
    return digest.hexdigest() == published.lower()


def _marks(part: Path) -> Path:
    """What told the file from another one at the same address: its ETag, or its date."""
    return part.with_name(f"{part.name}.mark")


def _name_of(url: str) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]", "_", unquote(urlsplit(url).path).rsplit("/", 1)[-1]).lstrip(".")
    return name or "register"


def _request(url: str) -> urllib.request.Request:
    return urllib.request.Request(url, headers={"User-Agent": "Totem", "Accept-Encoding": "identity"})  # noqa: S310 - scheme checked


def _refuse_other_schemes(url: str) -> None:
    if urlsplit(url).scheme not in SCHEMES or not urlsplit(url).hostname:
        raise ImportRefused(f"{url} is not an http or https address.")


def _opener() -> urllib.request.OpenerDirector:
    """http and https only, redirections too: neither file: nor ftp:."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


_OPENER = _opener()
