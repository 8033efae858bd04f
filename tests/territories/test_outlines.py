"""Outlines: parsed, validated, merged into present communes and larger places; a refused file leaves those in use."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
import shapely
from django.core.management import CommandError, call_command
from pyproj import Transformer

from tests.territories.grid import CELLS, cell, collection, communes, draw, feature, written
from totem.territories.models import Edition, Level, Outline
from totem.territories.outline_files import OutlinesRefused
from totem.territories.outlines import edition, load_outlines, try_outlines
from totem.territories.places import area_km2

pytestmark = pytest.mark.django_db


def shape(level: str, code: str) -> shapely.Geometry:
    return shapely.from_wkb(bytes(Outline.objects.get(level=level, code=code).shape))


def codes(level: str) -> set[str]:
    return set(Outline.objects.filter(level=level).values_list("code", flat=True))


def test_communes_and_all_that_they_make_up(tmp_path):
    draw(tmp_path)
    assert codes(Level.COMMUNE) == set(CELLS)
    assert (codes(Level.EPCI), codes(Level.DEPARTMENT)) == ({"248000531"}, {"76", "80"})
    assert (codes(Level.REGION), codes(Level.FORMER_REGION)) == ({"28", "32"}, {"22", "23"})
    assert shape(Level.COMMUNE, "80021").equals(cell("80021"))
    assert shape(Level.EPCI, "248000531").equals(shapely.union(cell("80021"), cell("80001")))
    somme = Outline.objects.get(level=Level.DEPARTMENT, code="80")
    assert (somme.west, somme.south, somme.east, somme.north) == (2.0, 49.0, 2.2, 49.2)
    assert somme.area_km2 == pytest.approx(sum(area_km2(cell(code)) for code in CELLS if code.startswith("80")))
    assert edition().facts == {"communes": 6, "unknown": 0}


@pytest.mark.parametrize("name", ["communes.geojson", "communes.geojson.gz", "without-extension"])
def test_plain_or_compressed(tmp_path, name):
    communes()
    assert load_outlines(written(tmp_path, name=name)) == 6


@pytest.mark.parametrize("code", ["INSEE_COM", "insee_com", "codgeo", "insee", "Code_INSEE", "CODE"])
def test_the_names_that_publishers_give_to_codes(tmp_path, code):
    communes()
    features = [{**f, "properties": {code: f["properties"]["code"]}} for f in map(feature, CELLS)]
    assert load_outlines(written(tmp_path, collection(*features))) == 6


def in_metres(epsg: int, code: str) -> shapely.Geometry:
    to = Transformer.from_crs(4326, epsg, always_xy=True)
    return shapely.transform(cell(code), lambda points: np.column_stack(to.transform(points[:, 0], points[:, 1])))


def parquet(path: Path, shapes: dict[str, shapely.Geometry], **column: Any) -> str:
    columns = {"geometry": {"encoding": "WKB", "geometry_types": [], **column}}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": columns}
    with duckdb.connect() as con:
        con.execute("CREATE TABLE c (INSEE_COM VARCHAR, geometry BLOB)")
        con.executemany("INSERT INTO c VALUES (?, ?)", [(code, drawn.wkb) for code, drawn in shapes.items()])
        con.execute(f"COPY c TO '{path}' (FORMAT parquet, KV_METADATA {{geo: '{json.dumps(geo)}'}})")
    return str(path)


def test_geoparquet_without_an_extension(tmp_path):
    communes()
    assert load_outlines(parquet(tmp_path / "communes.parquet", {code: cell(code) for code in CELLS})) == 6
    assert shape(Level.COMMUNE, "80021").equals(cell("80021"))


@pytest.mark.parametrize(("epsg", "declared"), [(2154, False), (3949, False), (3857, True), (9793, True)])
@pytest.mark.parametrize("kind", ["geojson", "parquet"])
def test_outlines_in_metres_become_degrees_and_it_is_said(tmp_path, epsg, declared, kind):
    communes()
    lines: list[str] = []
    if kind == "parquet":
        crs = {"crs": {"id": {"authority": "EPSG", "code": epsg}}} if declared else {}
        source = parquet(tmp_path / "m.parquet", {code: in_metres(epsg, code) for code in CELLS}, **crs)
    else:
        crs = {"crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{epsg}"}}} if declared else {}
        source = written(tmp_path, {**crs, **collection(*(feature(code, in_metres(epsg, code)) for code in CELLS))})
    assert load_outlines(source, say=lines.append) == 6
    assert shape(Level.COMMUNE, "80021").hausdorff_distance(cell("80021")) < 2e-5
    assert f"(EPSG:{2154 if epsg == 9793 else epsg})" in lines[0]


def test_former_codes_are_folded_into_the_commune_of_today(tmp_path):
    communes()
    left, right = shapely.box(2.0, 49.0, 2.05, 49.1), shapely.box(2.05, 49.0, 2.1, 49.1)
    others = [feature(code) for code in CELLS if code != "80001"]
    load_outlines(written(tmp_path, collection(*others, feature("80001", left), feature("80002", right))))
    assert codes(Level.COMMUNE) == set(CELLS)
    assert shape(Level.COMMUNE, "80001").equals(cell("80001"))


def test_a_code_that_nobody_knows_is_left_out_and_counted(tmp_path, capsys):
    made = communes()
    many = [feature(code) for code in CELLS] * 4
    call_command("territories", "outlines", written(tmp_path, collection(*many, feature("80021") | {
        "properties": {"code": "99999"}})))  # fmt: skip
    assert codes(Level.COMMUNE) == set(made)
    assert "1 codes unknown" in capsys.readouterr().out


def test_an_outline_that_crosses_itself_is_made_valid(tmp_path):
    communes()
    bow = shapely.Polygon([(2.0, 49.1), (2.1, 49.2), (2.1, 49.1), (2.0, 49.2)])
    others = [feature(code) for code in CELLS if code != "80021"]
    load_outlines(written(tmp_path, collection(*others, feature("80021", bow))))
    assert shape(Level.COMMUNE, "80021").is_valid
    assert shape(Level.COMMUNE, "80021").area == pytest.approx(0.005)


def test_heavy_outlines_are_simplified_with_their_common_borders(tmp_path):
    communes()
    segmented = shapely.segmentize([cell(code) for code in CELLS], 0.0005)
    fine = [feature(c, shapely.transform(s, lambda p: p.round(6))) for c, s in zip(CELLS, segmented, strict=True)]
    load_outlines(written(tmp_path, collection(*fine)))
    shapes = shapely.from_wkb([bytes(o.shape) for o in Outline.objects.filter(level=Level.COMMUNE)])
    assert shapely.get_num_coordinates(shapes).max() < 50
    assert shapely.coverage_is_valid(shapes)


class TestRefused:
    @pytest.fixture(autouse=True)
    def in_service(self, tmp_path):
        draw(tmp_path)
        before = list(Outline.objects.order_by("pk").values_list("pk", flat=True))
        yield
        assert list(Outline.objects.order_by("pk").values_list("pk", flat=True)) == before
        assert Edition.objects.get(package="outlines").source.endswith("communes.geojson")

    def refused(self, source: str, words: str, **options) -> None:
        with pytest.raises(CommandError, match=words) as error:
            call_command("territories", "outlines", source, **options)
        assert "\n" not in str(error.value)

    def test_a_file_that_is_not_there(self, tmp_path):
        self.refused(str(tmp_path / "nothing.geojson"), "There is no file")

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "neither a GeoJSON"),
            (b"code;nom\n80021;Amiens\n", "neither a GeoJSON"),
            (b"PAR1 this is not one", "cannot be read"),
            (b"\x1f\x8b\x08\x00 broken", "cannot be read"),
            (b"\xff\xfe\x00 latin", "cannot be read"),
            (b'{"type": "FeatureCollection", "features": []}', "0 of 0 codes"),
            (b'{"type": "FeatureCollection", "features": [1]}', "not an object"),
            (b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}}]}', "no code"),
        ],
    )
    def test_another_kind_of_file(self, tmp_path, content, words):
        path = tmp_path / "other"
        path.write_bytes(content)
        self.refused(str(path), words)

    @pytest.mark.parametrize("name", ["cut.geojson", "cut.geojson.gz"])
    def test_a_truncated_file(self, tmp_path, name):
        path = Path(written(tmp_path, name=name))
        path.write_bytes(path.read_bytes()[:-40])
        self.refused(str(path), "breaks off|cannot be read")

    def test_a_file_of_other_places(self, tmp_path):
        features = [feature("80021") | {"properties": {"code": f"FR{n}"}} for n in range(5)]
        self.refused(written(tmp_path, collection(*features), "other.geojson"), "is this a file of communes")

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda points: points * 100_000, "80021 is not in degrees, and no projection"),
            (lambda points: points[:, ::-1], "80021 latitude stands before longitude"),
            (lambda points: np.add(points, (20, 0)), "80021 lies outside France"),
        ],
    )
    def test_coordinates_of_nowhere_in_france(self, tmp_path, change, words):
        there = shapely.transform(cell("80021"), change)
        self.refused(written(tmp_path, collection(feature("80021", there)), "n.geojson"), words)

    def test_a_place_that_is_a_line(self, tmp_path):
        line = cell("80021").exterior
        self.refused(written(tmp_path, collection(feature("80021", line)), "l.geojson"), "not an area")

    def test_a_file_with_far_fewer_communes(self, tmp_path):
        self.refused(written(tmp_path, collection(feature("80021")), "few.geojson"), "--force")

    @pytest.mark.parametrize("address", ["http://example.org/x.geojson", "ftp://example.org/x", "file:///etc/passwd"])
    def test_an_address_that_is_not_https(self, address):
        self.refused(address, "not an https address")


def test_fewer_communes_are_taken_when_one_insists(tmp_path):
    draw(tmp_path)
    assert load_outlines(written(tmp_path, collection(feature("80021"))), force=True) == 1
    assert codes(Level.COMMUNE) == {"80021"}


def test_without_communes_it_says_what_to_do_first(tmp_path):
    with pytest.raises(OutlinesRefused, match="totem migrate"):
        load_outlines(written(tmp_path))


class PublisherHandler(http.server.BaseHTTPRequestHandler):
    """The server of a publisher: answers with the file, a part of it, a redirect to another host, or 404."""

    content = b""

    def do_GET(self) -> None:
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "http://example.org/communes.geojson")
            self.end_headers()
            return
        self.send_response(200 if self.path in ("/whole", "/part") else 404)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content[: -20 if self.path == "/part" else None])

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def publisher() -> Iterator[str]:
    PublisherHandler.content = json.dumps(collection()).encode()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), PublisherHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class TestAddress:
    def test_it_is_fetched(self, publisher):
        communes()
        assert load_outlines(f"{publisher}/whole") == 6
        assert edition().source == f"{publisher}/whole"

    @pytest.mark.parametrize(
        ("path", "words"), [("part", "middle|cannot be fetched"), ("none", "Not Found"), ("elsewhere", "not an https")]
    )
    def test_what_does_not_come_whole_is_refused(self, publisher, path, words):
        communes()
        with pytest.raises(OutlinesRefused, match=words):
            load_outlines(f"{publisher}/{path}")
        assert edition() is None

    def test_the_demonstration_tries_once(self, publisher, settings):
        communes()
        settings.OUTLINES_URL = f"{publisher}/whole"
        assert "6 communes" in try_outlines(timeout=30)
        assert edition().source == settings.OUTLINES_URL
        assert "already there" in try_outlines(timeout=30)

    def test_a_file_of_ones_own_is_taken_instead(self, tmp_path, settings):
        communes()
        settings.OUTLINES_URL = written(tmp_path)
        assert "6 communes" in try_outlines()

    def test_the_demonstration_goes_on_without(self, publisher, settings):
        communes()
        for path in ("none", "part"):
            settings.OUTLINES_URL = f"{publisher}/{path}"
            assert "going on without" in try_outlines(timeout=30)
        assert edition() is None
