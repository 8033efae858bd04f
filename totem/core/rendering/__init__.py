"""Charts and documents, drawn in a child process and cached by the digest of their data.

    chart_svg(spec: ChartSpec) -> bytes                        one chart, SVG in UTF-8
    chart_svgs(specs: Sequence[ChartSpec]) -> list[bytes]      several, at the cost of one start
    document_pdf(template: str, data: dict, images: dict[str, bytes] | None = None,
                 charts: dict[str, ChartSpec] | None = None) -> bytes
    invoice_pdfs(template, [(data, terms | None)])             invoices, Factur-X where they have terms
    drawn(most=)                                               `totem.core.rendering.queued`: a view that draws

    ChartSpec(kind=, rows=, title=, language=the reader's, width=720, decimals=0, percent=False, names={},
              reference=None, reference_name="")
      kind        rows (a mapping each)
      "bars"      label, value | None, text?, emphasis?          emphasis: a total, in ink
      "stacked"   label, part, value                             at most six parts; the total is written by itself
      "line"      series, year, value | None, text?, emphasis?
      "flows"     year, births, closures                         names={"births": …, "closures": …}
      "dots"      label, value | None, text?, emphasis?          reference=, reference_name=: a line across
      "interval"  label, low, high | None, text?, emphasis?      names={"at_least": "au moins"} where a high is None
      "grid"      label, column, value | None, text?             a cell each, darker the higher its value

Labels and names come translated; numbers are written here, in the spec's language (`percent`: values are shares from
0 to 1). `text` stands in for the number where there is none (« not known », « fewer than 5 »).

The choropleth is pure Python and runs in the caller: `totem.core.rendering.choropleth`. Documents stand in
`totem/ROOM/documents/NAME.typ`; `core/documents/report.typ` says in its head which data it takes. Only the child
(`python -m totem.core.rendering.process`) ever imports Altair, vl-convert, Typst and Saxon: together they are 200 MB
that no web process needs. A child costs about 0.8 s for the first chart and 0.1 s for each further one, 0.2 s for a
document without, 1.5 s for the first invoice and 0.1 s for each further one.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from functools import cache as once
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from django.conf import settings
from django.core.cache import caches

from totem.core import languages
from totem.core.expensive import BusyError
from totem.core.wording import NARROW, NBSP

ChartKind = Literal["bars", "stacked", "line", "flows", "dots", "interval", "grid"]

SECONDS, WORKER_SECONDS = 20, 180
"""How long one child may take: of a web process, and of a worker, which draws what took longer."""
PATIENCE = 3
"""How many seconds a web process waits for its turn: then a worker draws."""
AT_ONCE = max(1, (os.cpu_count() or 1) // 2)
"""How many children may run on one machine, whatever the number of web processes."""
KEPT = 60 * 60 * 24 * 60
ROWS_AT_MOST, WIDTHS = 2000, range(240, 2001)
ROOMS = Path(__file__).resolve().parents[2]
FIELDS: dict[ChartKind, frozenset[str]] = {
    "bars": frozenset({"label", "value"}),
    "stacked": frozenset({"label", "part", "value"}),
    "line": frozenset({"series", "year", "value"}),
    "flows": frozenset({"year", "births", "closures"}),
    "dots": frozenset({"label", "value"}),
    "interval": frozenset({"label", "low", "high"}),
    "grid": frozenset({"label", "column", "value"}),
}
NAMES: dict[str, tuple[str, ...]] = {"flows": ("births", "closures")}

_patience: ContextVar[float | None] = ContextVar("patience", default=None)


class RenderingBusy(BusyError):
    """Others draw on this machine and did not finish in time, or the drawing takes longer than a web process waits."""


class RenderingFailed(Exception):
    """The child refused its input, took too long, or crashed. The message says which, for the log."""


@dataclass(frozen=True, kw_only=True)
class ChartSpec:
    """What a chart shows; see the module's head. Raises ValueError for rows that its kind cannot draw."""

    kind: ChartKind
    rows: Sequence[Mapping[str, Any]]
    title: str
    language: str = field(default_factory=languages.active)
    width: int = 720
    decimals: int = 0
    percent: bool = False
    names: Mapping[str, str] = field(default_factory=dict)
    reference: float | None = None
    reference_name: str = ""

    def __post_init__(self) -> None:
        if self.kind not in FIELDS:
            raise ValueError(f"There is no chart {self.kind!r}; there are {', '.join(FIELDS)}.")
        if not 0 < len(self.rows) <= ROWS_AT_MOST:
            raise ValueError(f"A chart shows 1 to {ROWS_AT_MOST} rows, not {len(self.rows)}.")
        if self.width not in WIDTHS:
            raise ValueError(f"A chart is {WIDTHS[0]} to {WIDTHS[-1]} pixels wide, not {self.width}.")
        if self.language not in languages.codes():
            raise ValueError(f"Numbers are written in {' or '.join(languages.codes())}, not in {self.language!r}.")
        lost = {name for row in self.rows for name in FIELDS[self.kind] - row.keys()}
        needed = (
            *NAMES.get(self.kind, ()),
            *(["at_least"] if any(r.get("high", 0) is None for r in self.rows) else []),
        )
        lost |= {f"names[{name!r}]" for name in needed if name not in self.names}
        if lost:
            raise ValueError(f"The chart {self.kind!r} misses {', '.join(sorted(lost))}.")
        if self.kind == "stacked" and len({row["part"] for row in self.rows}) > 6:
            raise ValueError("A stacked chart has six parts at most: more shades of one hue cannot be told apart.")


def chart_svg(spec: ChartSpec) -> bytes:
    """The chart as SVG (UTF-8, no script, no outside reference). Raises RenderingBusy and RenderingFailed."""
    return chart_svgs([spec])[0]


def chart_svgs(specs: Sequence[ChartSpec]) -> list[bytes]:
    """Each chart as SVG, in order; those that are not cached yet are drawn by one child.

    The view of one image of a page passes all the charts of that page and answers its own: the first request has
    them drawn together, the others wait for it and find theirs cached. Raises RenderingBusy and RenderingFailed.
    """
    jobs = [_Job("chart", {"spec": _spec_for_child(spec)}) for spec in specs]
    return _drawn(jobs)


def document_pdf(
    template: str,
    data: Mapping[str, Any],
    images: Mapping[str, bytes] | None = None,
    charts: Mapping[str, ChartSpec] | None = None,
) -> bytes:
    """The PDF (PDF/A-3b and PDF/UA-1) of a room's template ("core/report") filled with `data` (JSON's types).

    `images` are SVG files by the name the data use; `charts` are drawn by the same child, and stand among the images.
    Raises RenderingBusy and RenderingFailed; LookupError for a template that is not there.
    """
    if not (ROOMS / template.replace("/", "/documents/")).with_suffix(".typ").is_file():
        raise LookupError(f"There is no document {template!r}.")
    job = _Job(
        "document",
        {
            "template": template,
            "data": _plain(data),
            "images": {name: _printable(image.decode()) for name, image in (images or {}).items()},
            "charts": {name: _spec_for_child(spec) for name, spec in (charts or {}).items()},
        },
    )
    return _drawn([job])[0]


def invoice_pdfs(template: str, invoices: Sequence[tuple[Mapping[str, Any], Mapping[str, Any] | None]]) -> list[bytes]:
    """The PDF of each invoice, in order: its data and its business terms (None: without XML).

    Nothing is cached: who asks keeps them. Raises RenderingBusy, and RenderingFailed where one of them is not valid.
    """
    jobs = [
        _Job("invoice", {"template": template, "data": _plain(data), "terms": _plain(terms)})
        for data, terms in invoices
    ]
    with _turn():
        return _drawn_by_child(jobs)


@contextlib.contextmanager
def patient(seconds: float) -> Iterator[None]:
    """In the block, that of a worker, drawings wait so long for their turn and may take WORKER_SECONDS."""
    token = _patience.set(seconds)
    try:
        yield
    finally:
        _patience.reset(token)


# -- The cache --------------------------------------------------------------------------------------------------------


def kept(parts: Sequence[Any], make: Callable[[], str]) -> str:
    """What `make` returns, made once for all that it depends on: `parts`, of JSON's types, its kind first."""
    key = f"kept:{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}"
    known = caches["rendering"].get(key)
    if known is None:
        known = make()
        caches["rendering"].set(key, known, KEPT)
    return str(known)


@dataclass(frozen=True)
class _Job:
    """A chart or document to draw, and its key in the cache."""

    kind: str
    payload: Mapping[str, Any]

    @property
    def key(self) -> str:
        text = json.dumps([self.kind, _version(), self.payload], sort_keys=True, allow_nan=False, ensure_ascii=False)
        return f"rendering:{hashlib.sha256(text.encode()).hexdigest()}"


@once
def _version() -> str:
    """What the result depends on beside its data: this code, the templates, the fonts' names, the three libraries."""
    digest = hashlib.sha256()
    for path in sorted([*Path(__file__).parent.glob("*.py"), *ROOMS.glob("*/documents/*.typ")]):
        digest.update(path.read_bytes())
    for name in ("altair", "vl-convert-python", "typst"):
        digest.update(f"{name} {metadata.version(name)}\n".encode())
    return digest.hexdigest()


def _drawn(jobs: Sequence[_Job]) -> list[bytes]:
    cache = caches["rendering"]
    keys = [job.key for job in jobs]
    known: dict[str, bytes] = cache.get_many(keys)
    if len(known) < len(set(keys)):
        with _turn():
            # Drawn by somebody else while this request waited.
            known |= cache.get_many([key for key in keys if key not in known])
            missing = {key: job for key, job in zip(keys, jobs, strict=True) if key not in known}
            if missing:
                fresh = dict(zip(missing, _drawn_by_child(list(missing.values())), strict=True))
                cache.set_many(fresh, KEPT)
                known |= fresh
    return [known[key] for key in keys]


def _printable(text: str) -> str:
    """Without the control characters and half surrogates that neither XML nor PDF can hold."""
    return "".join(c for c in text if c in "\n\t" or (ord(c) >= 32 and not 0x7F <= ord(c) < 0xA0 and c not in _UNHOLD))


_UNHOLD = {chr(n) for n in (*range(0xD800, 0xE000), 0xFFFE, 0xFFFF)}


def _plain(value: Any) -> Any:
    """JSON's types only; lazy translations become text, Decimals become numbers."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return float(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return _printable(str(value))


def _spec_for_child(spec: ChartSpec) -> dict[str, Any]:
    """The spec as the child's JSON, with the separators of its language as d3-format names them."""
    decimal, thousands = languages.marks(spec.language)
    locale = {
        "decimal": decimal,
        "thousands": thousands,
        "grouping": [3],
        "currency": ["", ""],
        "percent": languages.with_percent(spec.language, "").replace(NBSP, NARROW),  # a chart has little room
    }
    return {**_plain(asdict(spec)), "locale": locale}


# -- The child --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    """One of the machine's turns to draw. Raises RenderingBusy.

    A turn is a locked file: the kernel frees it with the process that holds it, however that ends.
    """
    folder = Path(settings.DATA_DIR) / "rendering"
    folder.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + (PATIENCE if (seconds := _patience.get()) is None else seconds)
    with contextlib.ExitStack() as open_files:
        files = [open_files.enter_context((folder / f"{n}.turn").open("w")) for n in range(AT_ONCE)]
        while not any(_locked(file.fileno()) for file in files):
            if time.monotonic() >= until:
                raise RenderingBusy
            time.sleep(0.05)
        yield


def _locked(number: int) -> bool:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _drawn_by_child(jobs: Sequence[_Job]) -> list[bytes]:
    """The drawings of the child, in the order of the jobs. It gets no secret: neither settings nor environment."""
    job_list = json.dumps([{"kind": job.kind, **job.payload} for job in jobs])
    seconds = SECONDS if _patience.get() is None else WORKER_SECONDS
    try:
        child = subprocess.run(
            [sys.executable, "-m", "totem.core.rendering.process"],
            input=job_list.encode(),
            capture_output=True,
            timeout=seconds,
            check=False,
            cwd=Path(__file__).resolve().parents[3],
            env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
        )
    except subprocess.TimeoutExpired:
        late = RenderingBusy if _patience.get() is None else RenderingFailed
        raise late(f"The drawing was not ready after {seconds} s.") from None
    if child.returncode != 0:
        output = child.stderr.decode(errors="replace").strip().splitlines() or ["no output"]
        raise RenderingFailed(f"The drawing process ended with {child.returncode}: {output[-1][:500]}")
    return _parts(child.stdout, len(jobs))


def _parts(answer: bytes, count: int) -> list[bytes]:
    """The drawings in the child's output: a line of their lengths, then their bytes."""
    head, _, body = answer.partition(b"\n")
    lengths = [int(n) for n in head.split()]
    if len(lengths) != count or sum(lengths) != len(body):
        raise RenderingFailed("The drawing process answered something else than drawings.")
    parts, start = [], 0
    for length in lengths:
        parts.append(body[start : start + length])
        start += length
    return parts
