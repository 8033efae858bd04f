"""Charts, maps and documents: their content, the load on web processes, and the answer when drawing fails."""

import fcntl
import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest
import shapely
import typst
from django.conf import settings
from django.core.cache import caches
from django.urls import get_resolver
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.factories.accounts import UserFactory
from totem.core import expensive, jobs, rendering
from totem.core.colour import PAPER, WHITE, contrast
from totem.core.rendering import ChartSpec, RenderingFailed, charts, choropleth, queued
from totem.core.rendering.choropleth import MapShape, choropleth_svg, class_of, class_words, classes
from totem.core.rendering.fonts import FONTS

NBSP, NARROW = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '#import "x.typ": * ]] *bold* $x^2$ @label <script>alert(1)</script> `raw` & "A" [c] // = H'


def bars(**changes) -> ChartSpec:
    rows = [{"label": "Services", "value": 12480}, {"label": "Ensemble", "value": 24000, "emphasis": True}]
    return ChartSpec(**{"kind": "bars", "rows": rows, "title": "Établissements", **changes})


SAMPLES = {
    "bars": (bars(), [f"12{NARROW}480", "Services", "Ensemble"]),
    "bars in English": (bars(language="en"), ["12,480"]),
    "bars without a number": (bars(rows=[{"label": "A", "value": None, "text": "moins de 5"}]), ["A", "moins de 5"]),
    "stacked": (
        ChartSpec(
            kind="stacked",
            rows=[
                {"label": "Services", "part": part, "value": value}
                for part, value in (("sans salarié", 900), ("1 à 9", 334))
            ],
            title="Tailles",
        ),
        ["Services", "sans salarié", "1 à 9", "900", "334", f"1{NARROW}234"],
    ),
    "line": (
        ChartSpec(
            kind="line",
            rows=[
                {"series": name, "year": year, "value": value}
                for name, first in (("Amiens", 800), ("Rouen", 810))
                for year, value in ((2024, first), (2025, None), (2026, first + 40))
            ],
            title="Évolution",
        ),
        ["Amiens 840", "Rouen 850", "2024", "2026", "0"],
    ),
    "flows": (
        ChartSpec(
            kind="flows",
            rows=[{"year": 2025, "births": 1234, "closures": 56}, {"year": 2026, "births": 40, "closures": 0}],
            title="Créations et fermetures",
            names={"births": "Créations", "closures": "Fermetures"},
        ),
        ["Créations", "Fermetures", f"1{NARROW}234", "56", "2025", "2026"],
    ),
    "dots": (
        ChartSpec(
            kind="dots",
            rows=[{"label": "Caen", "value": 0.0421, "emphasis": True}, {"label": "Le Havre", "value": 0.027}],
            title="Part du numérique",
            percent=True,
            decimals=1,
            reference=0.039,
            reference_name="France",
        ),
        [f"4,2{NARROW}%", f"France 3,9{NARROW}%", "Le Havre"],
    ),
    "interval": (
        ChartSpec(
            kind="interval",
            rows=[
                {"label": "Services", "low": 1200, "high": 3400},
                {"label": "Télécoms", "low": 10000, "high": None},
                {"label": "Réparation", "low": 0, "high": 0},
            ],
            title="Effectifs",
            names={"at_least": "au moins"},
        ),
        [f"1{NARROW}200{NBSP}– 3{NARROW}400", f"au moins{NBSP}10{NARROW}000", "0"],
    ),
    "grid": (
        ChartSpec(
            kind="grid",
            rows=[
                {"label": "9 h", "column": "lun.", "value": 1234},
                {"label": "9 h", "column": "mar.", "value": 0},
                {"label": "10 h", "column": "lun.", "value": None},
            ],
            title="Heures réservées",
        ),
        ["9 h", "10 h", "lun.", "mar.", f"1{NARROW}234"],
    ),
}


def words(svg: bytes) -> list[str]:
    return ["".join(text.itertext()) for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 - ours


def held_turns() -> ExitStack:
    """Takes every lock that limits the drawings at a time, as other web processes of this machine would."""
    folder = Path(settings.DATA_DIR) / "rendering"
    folder.mkdir(exist_ok=True)
    stack = ExitStack()
    for n in range(rendering.AT_ONCE):
        fcntl.flock(stack.enter_context((folder / f"{n}.turn").open("w")), fcntl.LOCK_EX)
    return stack


@contextmanager
def no_child(monkeypatch):
    """A process started to draw fails at once."""
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/bin/false")
        yield


# -- Charts -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_charts_say_what_they_show():
    charts = [(name, *sample, width) for name, sample in SAMPLES.items() for width in (390, 1280)]
    drawn = rendering.chart_svgs([ChartSpec(**{**spec.__dict__, "width": width}) for _, spec, _labels, width in charts])
    for (name, _spec, labels, width), svg in zip(charts, drawn, strict=True):
        assert set(labels) <= set(words(svg)), name
        assert ElementTree.fromstring(svg).get("width") == str(width), name  # noqa: S314 - ours


@pytest.mark.django_db
def test_a_chart_is_a_picture_and_nothing_else():
    root = ElementTree.fromstring(rendering.chart_svg(bars()))  # noqa: S314 - ours
    assert root.find(f"{SVG}title").text == "Établissements"
    assert not {e.tag for e in root.iter()} & {f"{SVG}{n}" for n in ("script", "style", "image", "a", "foreignObject")}
    assert not [n for e in root.iter() for n in e.attrib if "href" in n or n.startswith("on") or n == "style"]


@pytest.mark.django_db
def test_hostile_names_stay_names_in_a_chart():
    name = f"{HOSTILE}\x00\x1b\ud800"
    svg = rendering.chart_svg(bars(rows=[{"label": name, "value": 3}], title=name))
    root = ElementTree.fromstring(svg)  # noqa: S314 - ours
    assert root.find(f"{SVG}title").text == HOSTILE
    assert words(svg)[0].startswith("#import")
    assert b"<script" not in svg


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "pie"}, "no chart 'pie'"),
        ({"rows": []}, "1 to 2000 rows"),
        ({"rows": [{"label": "A"}]}, "misses value"),
        ({"width": 100000}, "pixels wide"),
        ({"language": "de"}, "fr or en"),
        ({"kind": "flows", "rows": [{"year": 1, "births": 1, "closures": 1}]}, "names"),
        ({"kind": "interval", "rows": [{"label": "A", "low": 1, "high": None}]}, "at_least"),
        ({"kind": "stacked", "rows": [{"label": "A", "part": n, "value": 1} for n in range(7)]}, "six parts"),
    ],
)
def test_a_chart_that_cannot_be_drawn_is_refused_at_once(changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        bars(**changes)


# -- The child process that draws -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_was_drawn_is_not_drawn_again(monkeypatch):
    first = rendering.chart_svg(bars())
    with no_child(monkeypatch):
        assert rendering.chart_svg(bars()) == first
        with pytest.raises(RenderingFailed):
            rendering.chart_svg(bars(title="Autre chose"))


@pytest.mark.django_db
def test_what_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(rendering, "WORKER_SECONDS", 0.01)
    with rendering.patient(0), pytest.raises(RenderingFailed, match="not ready"):
        rendering.chart_svg(bars(title="Trop long"))
    assert not [child for child in psutil.Process().children() if "totem.core.rendering" in " ".join(child.cmdline())]


DESIGN = "/design/graphiques/bars-390.svg"


@pytest.mark.django_db
def test_a_drawing_the_machine_has_no_time_for_is_drawn_once_by_a_worker(client, monkeypatch):
    monkeypatch.setattr(rendering, "PATIENCE", 0)
    with held_turns():
        meanwhile = [client.get(DESIGN) for _ in range(2)]
        assert [(one.status_code, one["Content-Type"]) for one in meanwhile] == [(202, TEXT)] * 2
        assert "en préparation" in meanwhile[0].text
        assert "no-store" in meanwhile[0]["Cache-Control"]
    assert waiting() == 1
    draw_what_waits()
    with held_turns():
        assert client.get(DESIGN).content.startswith(b"<svg")  # by its data, which were drawn
        cached = queued.drawn_later(asked(client, DESIGN))  # by its address, where nothing else is asked
    assert (cached.status_code, cached["Content-Type"]) == (200, "image/svg+xml")


@pytest.mark.django_db
def test_a_page_waits_for_a_document_and_opens_it(client, monkeypatch):
    monkeypatch.setattr(rendering, "PATIENCE", 0)
    with held_turns():
        page = client.get(DESIGN, headers={"accept": "text/html"})
        assert (page.status_code, page.text.count("<h1")) == (202, 1)
        assert "Préparation de votre document" in page.text
    htmx = {"accept": "text/html", "hx-request": "true"}
    assert "<h1" not in client.get(DESIGN, headers=htmx).text
    draw_what_waits()
    assert client.get(DESIGN, headers=htmx)["HX-Redirect"] == DESIGN


@pytest.mark.django_db
def test_what_takes_longer_than_a_web_process_waits_is_drawn_by_a_worker(client, monkeypatch):
    monkeypatch.setattr(rendering, "SECONDS", 0.01)
    monkeypatch.setattr(rendering, "WORKER_SECONDS", 0.01)
    assert client.get(DESIGN, headers={"accept": "text/html"}).status_code == 202
    draw_what_waits()  # a worker has not the time either: nobody waits for it any longer
    assert queued.drawn_later(asked(client, DESIGN)).status_code == 500
    caches["rendering"].clear()
    monkeypatch.setattr(rendering, "WORKER_SECONDS", 600)
    assert client.get(DESIGN).status_code == 202
    draw_what_waits()
    assert client.get(DESIGN).content.startswith(b"<svg")


@pytest.mark.django_db
def test_what_is_drawn_is_never_refused_where_a_web_process_has_its_fill_of_it(client, monkeypatch):
    monkeypatch.setattr(expensive._thread, "answers_pages", True, raising=False)
    drawn = {str(pattern.pattern): pattern.callback for pattern in patterns() if is_drawn(pattern)}
    assert len(drawn) > 5
    request = asked(client, "/")
    assert {path: view(request).status_code for path, view in drawn.items()} == dict.fromkeys(drawn, 202)


def patterns(resolver=None):
    for each in (resolver or get_resolver()).url_patterns:
        yield from patterns(each) if hasattr(each, "url_patterns") else [each]


def is_drawn(pattern) -> bool:
    files = ("svg", "pdf", "geojson", "contours", "observatoire/<place_level:level>/<place_code:code>/donnees/")
    named = str(pattern.pattern)
    is_file = any(word in named for word in files) or (named.startswith("observatoire/") and "entreprises." in named)
    return is_file and hasattr(pattern.callback, "most_at_once")


def ask_from(client, address: str, *names: int) -> list:
    html = {"accept": "text/html"}
    return [client.get(f"{DESIGN}?n={name}-{address}", REMOTE_ADDR=address, headers=html) for name in names]


def waiting_of() -> list[str]:
    """What waits, in the order in which workers take it: the number of each drawing and who asked for it."""
    jobs_in_order = ProcrastinateJob.objects.filter(status="todo", task_name="core.draw").order_by("-priority", "id")
    return [job.args["address"].rsplit("=", 1)[1] for job in jobs_in_order]


@pytest.mark.django_db
def test_a_few_clients_neither_fill_the_queue_nor_stand_before_others(client, monkeypatch):
    monkeypatch.setattr(rendering, "PATIENCE", 0)
    monkeypatch.setattr(queued, "MOST_WAITING", 6)
    monkeypatch.setattr(queued, "MOST_OF_ONE_CLIENT", 2)
    with held_turns():
        for greedy in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
            pages = ask_from(client, greedy, 1, 2, 3)
            assert {page.status_code for page in pages} == {202}
            assert "De très nombreux documents" in pages[-1].text
            assert "De très nombreux documents" not in pages[0].text
        assert waiting() == 6
        assert "De très nombreux documents" not in ask_from(client, "192.0.2.4", 1)[0].text
    # The queue was full: the last one of those who had two left it, and nobody's second goes before a first.
    assert waiting_of() == [*(f"1-192.0.2.{n}" for n in (1, 2, 3, 4)), "2-192.0.2.1", "2-192.0.2.2"]
    ProcrastinateJob.objects.filter(args__address__endswith="1-192.0.2.1").update(status="doing")
    with held_turns():
        ask_from(client, "192.0.2.1", 1, 3)  # the first is being drawn: it is not queued again
    second_turn = ["2-192.0.2.2", "3-192.0.2.1"]
    assert waiting_of() == ["2-192.0.2.1", *(f"1-192.0.2.{n}" for n in (2, 3, 4)), *second_turn]


@pytest.mark.django_db
def test_what_was_drawn_for_one_person_is_not_shown_to_another(client, monkeypatch):
    monkeypatch.setattr(rendering, "PATIENCE", 0)
    monkeypatch.setattr(queued, "LARGEST_KEPT", 0)  # only what workers draw is kept
    with held_turns():
        client.get(DESIGN)
    draw_what_waits()
    client.force_login(UserFactory())
    with held_turns():
        assert queued.drawn_later(asked(client, DESIGN)).status_code == 202
    queued.draw(queued.Wanted("/design/graphiques/bars-391.svg", "fr", None))  # 404
    queued.draw(queued.Wanted(DESIGN, "fr", 0))  # whoever asked was erased
    with held_turns():
        assert queued.drawn_later(asked(client, DESIGN)).status_code == 202


@pytest.mark.django_db
def test_a_drawing_that_fails_is_logged_and_not_cached(client, monkeypatch, caplog):
    with no_child(monkeypatch):
        assert client.get(DESIGN).status_code == 500
    assert DESIGN in caplog.text
    assert client.get(DESIGN).status_code == 200


TEXT = "text/plain; charset=utf-8"


def waiting() -> int:
    return ProcrastinateJob.objects.filter(status="todo", task_name="core.draw").count()


def draw_what_waits() -> None:
    for job in ProcrastinateJob.objects.filter(status="todo", task_name="core.draw"):
        jobs.draw(**job.args)


def asked(client, path: str):
    return client.get(path).wsgi_request


def test_web_processes_never_load_what_draws():
    """Importing every module of the project, as web processes do, imports none of the drawing libraries, nor others
    that weigh and that few pages need."""
    code = """
import importlib, pkgutil, sys
import django
django.setup()
import config.urls, config.wsgi, totem
CHILD = {f"totem.core.rendering.{name}" for name in ("charts", "documents", "invoices", "process")}
for module in pkgutil.walk_packages(totem.__path__, "totem."):
    if module.name not in CHILD and ".migrations" not in module.name:
        importlib.import_module(module.name)
heavy = {"altair", "vl_convert", "typst", "fontTools", "scipy", "pandas", "polars", "pyarrow", "sqlglot",
         "tree_sitter", "facturx", "lxml", "pypdf", "saxonche", "holidays", "puremagic", "segno"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_child_starts_without_settings_and_answers_in_one_line_when_it_cannot():
    done = subprocess.run(
        [sys.executable, "-m", "totem.core.rendering.process"],
        input=json.dumps([{"kind": "chart", "spec": {"kind": "pie"}}]),
        capture_output=True,
        text=True,
        check=False,
        env={},
        cwd=settings.BASE_DIR,
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "KeyError: 'pie'\n")


# -- Documents --------------------------------------------------------------------------------------------------------


def report(**changes) -> dict:
    return {
        "lang": "fr",
        "title": "Amiens Métropole",
        "kicker": "Établissement public",
        "at": "1er novembre 2026",
        "at_iso": "2026-11-01",
        "notice": "Chiffres de synthèse",
        "figures": [{"label": "Entreprises", "value": f"2{NARROW}400", "definition": "Unités légales."}],
        "sections": [
            {
                "title": "Branches",
                "image": "branches",
                "alt": "Services : 12 480",
                "table": {"head": ["Branche", "Nombre"], "rows": [["Services", f"12{NARROW}480"]], "numbers": [1]},
            }
        ],
        "notes": ["Source : Sirene."],
        "words": {"notes": "Notes", "page": "Page {n} sur {total}", "address": "Adresse :"},
        "address": "https://exemple.fr/observatoire?stock=2026-11-01",
        **changes,
    }


@pytest.mark.django_db
def test_a_report_is_an_archive_file_that_can_be_read_aloud():
    pdf = rendering.document_pdf("core/report", report(), charts={"branches": bars()})
    assert pdf.startswith(b"%PDF-1.7")
    for mark in (b"pdfaid:part>3<", b"pdfaid:conformance>B<", b"pdfuaid:part>1<", b"/Lang(fr)", b"/MarkInfo", b"/Alt"):
        assert mark in pdf
    assert "Amiens Métropole".encode() in pdf, "its title stands in the metadata"
    assert b"/Inter" in pdf or b"+Inter" in pdf
    assert b"+BricolageGrotesque" in pdf


@pytest.mark.django_db
def test_a_report_takes_a_map_and_is_kept(monkeypatch):
    svg = choropleth_svg([square("80021", 0, 2)], title="Carte", legend=["0", "1 et plus"])
    first = rendering.document_pdf("core/report", report(), images={"branches": svg.encode()})
    with no_child(monkeypatch):
        assert rendering.document_pdf("core/report", report(), images={"branches": svg.encode()}) == first


@pytest.mark.django_db
@pytest.mark.parametrize("name", [HOSTILE, "北京 🙂 \ue000 Ωμέγα Ж", "a\x00b\x1b[31m\ud800"])
def test_hostile_names_stay_names_in_a_report(name):
    table = {"head": ["Nom"], "rows": [[name]], "numbers": []}
    data = report(title=name, sections=[{"title": name, "text": name, "table": table}], notes=[name])
    assert rendering.document_pdf("core/report", data).startswith(b"%PDF")


def test_markup_is_printed_as_it_was_written():
    headings = typst.query(
        rendering.ROOMS / "core/documents/report.typ",
        "heading",
        sys_inputs={"data": json.dumps(report(title=HOSTILE, sections=[])), "images": "{}"},
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
    )
    assert [heading["body"]["text"] for heading in json.loads(headings)] == [HOSTILE, "Notes"]


def test_a_document_that_is_not_there_is_not_looked_for():
    with pytest.raises(LookupError):
        rendering.document_pdf("../../../etc/passwd", {})


def test_the_faces_have_what_french_numbers_need():
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)]).fonts()
    assert sorted((font.family, font.weight) for font in fonts) == [
        ("Bricolage Grotesque", 600),
        ("Inter", 400),
        ("Inter", 500),
        ("Inter", 600),
    ]


# -- Maps -------------------------------------------------------------------------------------------------------------


def square(code: str, level: int | None, lon: float, **changes) -> MapShape:
    return MapShape(code, f"{code} : 12", shapely.box(lon, 49, lon + 1, 50).wkb, level, **changes)


@pytest.mark.parametrize(
    ("values", "breaks", "labels"),
    [
        ([], (), ["all values"]),
        ([0, 0, None], (), ["all values"]),
        ([0, 0, 1, 2, 3, 12, 47, 210, None], (1, 6, 25, 100), ["0", "1 to 5", "6 to 24", "25 to 99", "100 and more"]),
        (
            [3, 4, 9, 22, 51, 120, 1234],
            (6, 15, 80, 400),
            ["under 6", "6 to 14", "15 to 79", "80 to 399", "400 and more"],
        ),
        ([7, 7, 7], (), ["all values"]),
    ],
)
def test_classes_have_round_limits_and_labels(values, breaks, labels):
    with translation.override("en"):
        assert classes(values) == breaks
        assert class_words(breaks) == labels


def test_classes_of_shares_leave_no_gap():
    with translation.override("en"):
        breaks = classes([0.011, 0.024, 0.036, 0.041, 0.3])
        assert class_words(breaks, whole=False, number=lambda v: f"{v:.1%}")[1] == "1.5% to under 3.0%"


def test_a_town_is_not_coloured_as_its_villages():
    """Quantiles gave 294 the class of 2 where most communes have one or two establishments."""
    values = [294, 3, *[2] * 6, *[1] * 14, *[0] * 17]
    breaks = classes(values)
    assert [class_of(value, breaks) for value in (0, 1, 2, 3, 294)] == [0, 1, 2, 3, 4]


@given(st.lists(st.none() | st.integers(0, 10**7) | st.floats(0, 1e6, allow_subnormal=False), max_size=60))
def test_every_value_has_one_class_of_five(values):
    breaks = classes(values)
    assert len(breaks) <= 4
    assert all(low < high for low, high in pairwise(breaks))
    assert all(class_of(v, breaks) in range(len(breaks) + 1) for v in values if v is not None)
    assert class_of(None, breaks) is None
    distinct = {v for v in values if v is not None}
    assert len({class_of(v, breaks) for v in distinct}) == len(breaks) + bool(distinct), "a class without an area"


def test_classes_can_be_told_apart_in_grey():
    assert all(contrast(one, other) >= 1.5 for one, other in pairwise([PAPER, *choropleth.CLASSES]))
    assert all(contrast(colour, WHITE) >= 4.5 for colour in choropleth.CLASSES[2:]), "white figures are written on them"


def test_drawings_scripts_and_stylesheets_share_one_palette():
    module = (settings.BASE_DIR / "static/js/choropleth.js").read_text()
    style = (settings.BASE_DIR / "static/css/components.css").read_text()
    assert json.loads(re.search(r"CLASSES = (\[.*?\]);", module)[1]) == list(choropleth.CLASSES)
    assert re.findall(r"\.shade-\d {\s*background: (#\w+);", style) == [colour.lower() for colour in choropleth.CLASSES]
    assert charts.SHADES[:5] == choropleth.CLASSES


def test_a_map_shows_each_area_with_its_name_class_and_page():
    shapes = [square("80021", 0, 2), square("80<1>", None, 3, href="/territoires/commune/80001?a=1&b=2")]
    with translation.override("en"):
        svg = choropleth_svg(
            shapes, title="Map & co", legend=["0", "1 and more"], outlines=[shapes[0].wkb], points=[(2.5, 49.5)]
        )
    root = ElementTree.fromstring(svg)  # noqa: S314 - ours
    titles = {path.find(f"{SVG}title").text: path.get("fill") for path in root.iter(f"{SVG}path") if len(path)}
    assert titles == {"80021 : 12": choropleth.CLASSES[0], "80<1> : 12": "url(#no-data)"}
    assert [a.get("href") for a in root.iter(f"{SVG}a")] == ["/territoires/commune/80001?a=1&b=2"]
    assert words(svg.encode()) == ["0", "1 and more", "no data"]
    assert len(list(root.iter(f"{SVG}circle"))) == 1
    assert "style" not in svg
    assert "script" not in svg


def test_a_degree_of_longitude_is_shorter_than_one_of_latitude():
    path = ElementTree.fromstring(choropleth_svg([square("80021", 0, 2)], title=""))  # noqa: S314 - ours
    numbers = [float(n) for n in re.findall(r"[\d.]+", next(path.iter(f"{SVG}path")).get("d"))]
    wide, high = (max(n) - min(n) for n in (numbers[::2], numbers[1::2]))
    assert wide / high == pytest.approx(0.649, abs=0.002)


def test_an_empty_map_is_refused():
    for shapes in ([], [MapShape("1", "", shapely.Polygon().wkb, None)]):
        with pytest.raises(ValueError, match="nothing to draw"):
            choropleth_svg(shapes, title="")
