"""Shapes that people send: each problem with its position, and the corrected shape when there is one."""

import json
import math
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from totem.territories.geojson import ANYBODY, SIGNED_IN
from totem.territories.places import area_km2
from totem.territories.projections import PROJECTIONS, reprojected
from totem.territories.shapes import MOST_VERTICES, as_geojson, parse_shape

FLATTENING = 1 / 298.257223563
SQUARE = [[2.2, 49.8], [2.4, 49.8], [2.4, 50.0], [2.2, 50.0], [2.2, 49.8]]


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def parse(document: Any, **options: Any):
    return parse_shape(json.dumps(document).encode(), **options)


def moved(epsg: int, ring: list[list[float]]) -> list[list[float]]:
    """The ring (longitude, latitude) in the projection of this EPSG code."""
    transformer = Transformer.from_crs(4326, epsg, always_xy=True)
    return [list(transformer.transform(x, y)) for x, y in ring]


def around(x: float, y: float, half: float = 0.05) -> list[list[float]]:
    return [list(point) for point in shapely.box(x - half, y - half, x + half, y + half).exterior.coords]


class TestGood:
    @pytest.mark.parametrize(
        "document",
        [
            polygon(SQUARE),
            {"type": "Feature", "properties": {}, "geometry": polygon(SQUARE)},
            {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": polygon(SQUARE)}]},
            {"type": "MultiPolygon", "coordinates": [[SQUARE]]},
            {"type": "GeometryCollection", "geometries": [polygon(SQUARE)]},
            polygon([[*point, 35.0] for point in SQUARE]),
            polygon(SQUARE[:-1]),
            polygon(SQUARE[::-1]),
            {**polygon(SQUARE), "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}},
        ],
    )
    def test_every_way_of_writing_the_same_square(self, document):
        parsed = parse(document)
        assert parsed.problems == ()
        assert parsed.polygon.equals(shapely.Polygon(SQUARE))

    def test_a_byte_order_mark_and_text_are_read(self):
        text = json.dumps(polygon(SQUARE))
        assert parse_shape(b"\xef\xbb\xbf" + text.encode()).polygon
        assert parse_shape(text).polygon

    def test_parts_that_overlap_are_one_area(self):
        parsed = parse({"type": "MultiPolygon", "coordinates": [[around(2, 48)], [around(2.05, 48)], [around(3, 48)]]})
        assert parsed.polygon.geom_type == "MultiPolygon"
        assert len(parsed.polygon.geoms) == 2

    def test_adjacent_communes_do_not_touch_themselves(self):
        """Rounded borders meet in a point: what is between is no fault, and nothing has to be corrected."""
        pinched = [[2.0, 48.0], [2.1, 48.1], [2.2, 48.0], [2.2, 48.2], [2.1, 48.1], [2.0, 48.2], [2.0, 48.0]]
        below = [[2.0, 48.0], [2.1, 48.1], [2.2, 48.0], [2.0, 48.0]]
        parsed = parse({"type": "MultiPolygon", "coordinates": [[pinched], [below]]})
        assert parsed.problems == ()
        assert parsed.polygon.area == pytest.approx(0.03)

    @pytest.mark.parametrize("place", [(-61.5, 16.2), (-52.3, 4.9), (55.5, -21.1), (45.2, -12.8), (-56.3, 46.8)])
    def test_overseas_is_france(self, place):
        assert parse(polygon(around(*place))).polygon

    def test_a_border_may_be_crossed(self):
        assert parse(polygon(around(7.8, 48.6, 0.5))).polygon

    def test_what_is_offered_is_good_when_it_is_sent_back(self):
        parsed = parse(polygon([[y, x] for x, y in SQUARE]))
        again = parse_shape(as_geojson(parsed.corrected))
        assert again.problems == ()
        assert again.polygon.equals(shapely.Polygon(SQUARE))


class TestBad:
    def test_a_shape_that_crosses_itself_is_located_and_corrected(self):
        bow = [[2.2, 49.8], [2.4, 50.0], [2.4, 49.8], [2.2, 50.0], [2.2, 49.8]]
        parsed = parse(polygon(bow))
        assert parsed.polygon is None
        assert [problem.kind for problem in parsed.problems] == ["crossing"]
        assert parsed.problems[0].at == pytest.approx((2.3, 49.9))
        assert "2.30000, 49.90000" in parsed.messages[0]
        assert parsed.corrected.is_valid
        assert parsed.corrected.area == pytest.approx(0.02)

    def test_an_outline_that_crosses_itself_at_one_of_its_corners_is_refused(self):
        bow = [[2.2, 49.8], [2.3, 49.9], [2.4, 50.0], [2.4, 49.8], [2.3, 49.9], [2.2, 50.0], [2.2, 49.8]]
        assert [problem.kind for problem in parse(polygon(bow)).problems] == ["crossing"]

    def test_latitude_first_is_named_and_corrected(self):
        parsed = parse(polygon([[y, x] for x, y in SQUARE]))
        assert [problem.kind for problem in parsed.problems] == ["swapped"]
        assert parsed.corrected.equals(shapely.Polygon(SQUARE))

    def test_latitude_first_beyond_ninety_degrees_is_named_too(self):
        parsed = parse(polygon([[y, x] for x, y in around(165.5, -21.5)]))
        assert [problem.kind for problem in parsed.problems] == ["swapped"]

    @pytest.mark.parametrize(
        ("epsg", "place"),
        [
            (2154, (2.3, 49.9)),
            (2154, (9.1, 42.2)),
            (3857, (2.3, 49.9)),
            (3857, (-4.2, 48.3)),
            (5490, (-61.5, 16.2)),
            (5490, (-61.0, 14.6)),
            (2972, (-52.3, 4.9)),
            (2975, (55.5, -21.1)),
            (4471, (45.2, -12.8)),
            *(
                (3900 + zone, (2.2 if zone < 50 else 1.0, zone + shift))
                for zone in range(43, 51)
                for shift in (-0.8, 0.8)
            ),
            (3942, (9.1, 42.2)),
            (3947, (-2.9, 47.3)),
        ],
    )
    def test_another_projection_is_recognised_by_its_numbers(self, epsg, place):
        parsed = parse(polygon(moved(epsg, around(*place))))
        assert [problem.kind for problem in parsed.problems] == ["projection"]
        assert PROJECTIONS[epsg] in parsed.messages[0]
        assert parsed.corrected.hausdorff_distance(shapely.Polygon(around(*place))) < 1e-5

    def test_another_projection_is_used_when_it_is_given(self):
        # Laon's coordinates in Web Mercator could be Bordeaux's in Lambert-93.
        ring = moved(3857, around(3.75, 49.9))
        named = {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}}
        for parsed in (parse({**polygon(ring), **named}), parse(polygon(ring), epsg=3857)):
            assert parsed.corrected.hausdorff_distance(shapely.Polygon(around(3.75, 49.9))) < 1e-5

    @pytest.mark.parametrize("document", [polygon([[9e8, 9e8], [9e8, 9.1e8], [9.1e8, 9e8]]), polygon(around(400, 2e6))])
    def test_a_projection_that_nobody_knows_is_refused(self, document):
        parsed = parse(document)
        assert [problem.kind for problem in parsed.problems] == ["projection"]
        assert parsed.corrected is None

    def test_a_projection_that_is_named_and_not_known_is_not_guessed(self):
        named = {"crs": {"type": "name", "properties": {"name": "EPSG:27572"}}}
        parsed = parse({**polygon(moved(2154, SQUARE)), **named})
        assert (parsed.polygon, parsed.corrected) == (None, None)

    @pytest.mark.parametrize("name", ["EPSG:3948", "urn:ogc:def:crs:EPSG::9828", "urn:ogc:def:crs:EPSG:10.1:9848"])
    def test_a_zone_is_named_in_several_ways_and_has_later_realisations(self, name):
        named = {"crs": {"type": "name", "properties": {"name": name}}}
        parsed = parse({**polygon(moved(3948, SQUARE)), **named})
        assert "CC48 (EPSG:3948)" in parsed.messages[0]
        assert parsed.corrected.hausdorff_distance(shapely.Polygon(SQUARE)) < 1e-5

    def test_outside_france_is_located(self):
        parsed = parse(polygon(around(-74.0, 40.7)))
        assert [problem.kind for problem in parsed.problems] == ["outside"]
        assert parsed.problems[0].at == pytest.approx((-74.0, 40.7), abs=0.1)
        assert parsed.corrected is None

    def test_of_parts_here_and_there_those_here_are_offered(self):
        parsed = parse({"type": "MultiPolygon", "coordinates": [[SQUARE], [around(-74.0, 40.7)]]})
        assert [problem.kind for problem in parsed.problems] == ["outside"]
        assert parsed.corrected.equals(shapely.Polygon(SQUARE))

    @pytest.mark.parametrize(
        ("document", "kind"),
        [
            ({"type": "Point", "coordinates": [2.3, 49.9]}, "kind"),
            ({"type": "LineString", "coordinates": SQUARE}, "kind"),
            ({"type": "FeatureCollection", "features": []}, "empty"),
            ({"type": "Feature", "geometry": None}, "empty"),
            ({"type": "Topology", "objects": {}}, "kind"),
            (polygon(), "empty"),
            (polygon(SQUARE[:2]), "ring"),
            (polygon([]), "ring"),
            (polygon([["2.2", 49.8], [2.4, 49.8], [2.4, 50.0]]), "position"),
            (polygon([[2.2], [2.4], [2.6]]), "position"),
            (polygon([[True, 1], [2, 2], [3, 1]]), "position"),
            (polygon([[2.0, 48.0], [2.1, 48.0], [2.2, 48.0], [2.0, 48.0]]), "empty"),
            ({"type": "MultiPolygon", "coordinates": [SQUARE]}, "position"),
            ({"type": "Polygon"}, "empty"),
            ({"type": ["Polygon"]}, "kind"),
            ({"type": "\ud800"}, "kind"),  # half of a character, which no page can hold
            ([1, 2], "json"),
            ("word", "json"),
            ({}, "json"),
        ],
    )
    def test_what_is_no_area(self, document, kind):
        parsed = parse(document)
        assert kind in [problem.kind for problem in parsed.problems]
        assert " ".join(parsed.messages).encode()
        assert parsed.polygon is None
        assert parsed.corrected is None

    def test_a_faulty_point_is_located(self):
        assert parse({"type": "Point", "coordinates": [2.3, 49.9]}).problems[0].at == (2.3, 49.9)

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"{", "1"),
            (b'{"type": "Polygon",\n "coordinates": [[[2, }', "2"),
            (b'{"type": "Polygon", "name": "\xe9"}', "30"),
            (b"PK\x03\x04 a zip file \xff", ""),
            (b"", ""),
            (b'{"type": "Polygon", "coordinates": [[[NaN, 1], [2, 2], [3, 3]]]}', ""),
            (b'{"type": "Polygon", "coordinates": [[[1e999, 1], [2, 2], [3, 1]]]}', ""),
            (b"[" * 100_000, ""),
            (b'{"type": "Polygon", "coordinates": [[[' + b"9" * 5000 + b", 1]]]}", ""),
        ],
    )
    def test_what_cannot_be_parsed_is_located(self, data, words):
        parsed = parse_shape(data)
        assert (parsed.polygon, parsed.corrected) == (None, None)
        assert words in parsed.messages[0]

    def test_too_large_a_file_is_not_read(self):
        assert [problem.kind for problem in parse_shape(b" " * (ANYBODY.bytes + 1)).problems] == ["heavy"]

    def test_values_are_counted_before_anything_is_parsed(self):
        not_even_json = b"[" * (4 * ANYBODY.vertices + 1)
        assert [problem.kind for problem in parse_shape(not_even_json).problems] == ["heavy"]
        assert [problem.kind for problem in parse_shape(not_even_json, limit=SIGNED_IN).problems] == ["json"]

    @pytest.mark.parametrize("parts", [
        [[[2 + 1.5 * math.sin(3 * n * n), 47 + 1.5 * math.cos(7 * n)] for n in range(300)]],  # 10,000 crossings
        [[[1 + n * 1e-5 + 2 * (n % 2), 45 + 2 * (n % 2) - n * 1e-5] for n in range(5000)] + [[4, 44], [0, 44]]],
        [[[2 + n * 1e-3, 46 + n % 2] for n in range(200)] + [[2.2, 45], [2, 45]],
         [[2 + n % 2, 46 + n * 1e-3] for n in range(200)] + [[1, 46.2], [1, 46]]],
    ], ids=["a tangle", "long teeth side by side", "two combs across"])  # fmt: skip
    def test_an_outline_that_would_take_minutes_is_refused_at_once(self, parts):
        parsed = parse({"type": "MultiPolygon", "coordinates": [[ring] for ring in parts]})
        assert ([problem.kind for problem in parsed.problems], parsed.corrected) == (["crossing"], None)
        assert "trop complexe" in parsed.messages[0]

    def test_too_many_vertices_are_simplified(self):
        circle = shapely.Point(2.3, 49.9).buffer(0.5, quad_segs=MOST_VERTICES)
        parsed = parse_shape(as_geojson(circle), limit=SIGNED_IN)
        assert [problem.kind for problem in parsed.problems] == ["vertices"]
        assert shapely.get_num_coordinates(parsed.corrected) <= MOST_VERTICES
        assert parsed.corrected.symmetric_difference(circle).area < circle.area / 1000

    def test_several_faults_are_all_named_and_corrected(self):
        bow = [[49.8, 2.2], [50.0, 2.4], [49.8, 2.4], [50.0, 2.2], [49.8, 2.2]]
        parsed = parse(polygon(bow))
        assert [problem.kind for problem in parsed.problems] == ["swapped", "crossing"]
        assert parse_shape(as_geojson(parsed.corrected)).polygon


def conical(zone: int, longitude: float, latitude: float) -> tuple[float, float]:
    """Metres in a conical zone: Lambert's conformal cone by two parallels (IGN, NT/G 71; Snyder 1987, 15)."""
    e = math.sqrt((1 / 298.257222101) * (2 - 1 / 298.257222101))

    def t(degrees: float) -> float:
        sine = math.sin(math.radians(degrees))
        return math.tan(math.pi / 4 - math.radians(degrees) / 2) / ((1 - e * sine) / (1 + e * sine)) ** (e / 2)

    def m(degrees: float) -> float:
        return math.cos(math.radians(degrees)) / math.sqrt(1 - (e * math.sin(math.radians(degrees))) ** 2)

    south, north = zone - 0.75, zone + 0.75
    n = math.log(m(south) / m(north)) / math.log(t(south) / t(north))
    scale = 6378137 * m(south) / (n * t(south) ** n)
    rho, origin, theta = scale * t(latitude) ** n, scale * t(zone) ** n, n * math.radians(longitude - 3)
    return 1_700_000 + rho * math.sin(theta), (zone - 41) * 1_000_000 + 200_000 + origin - rho * math.cos(theta)


@pytest.mark.parametrize("zone", range(42, 51))
def test_the_nine_conical_zones_are_those_of_the_decree(zone):
    """At its origin, 3° E on its parallel, a zone has X = 1,700,000 and Y = (zone - 41) million + 200,000 (EPSG)."""
    assert conical(zone, 3, zone) == pytest.approx((1_700_000, (zone - 41) * 1_000_000 + 200_000), abs=1e-6)
    for at in ((3.0, float(zone)), (5.5, zone + 0.9), (0.5, zone - 0.9)):
        point = reprojected(shapely.Point(*conical(zone, *at)), 3900 + zone)
        assert (point.x, point.y) == pytest.approx(at, abs=1e-8)  # a millimetre


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda c: st.lists(c) | st.dictionaries(
    st.sampled_from(["type", "coordinates", "geometry", "features", "crs", "geometries"]),
    c | st.sampled_from(["Polygon", "Feature", "FeatureCollection", "MultiPolygon"]))))  # fmt: skip
def test_nothing_that_is_sent_breaks_it(document):
    parsed = parse_shape(json.dumps(document))
    assert parsed.polygon is not None or parsed.problems


corners = st.lists(st.tuples(st.floats(1.5, 4.0), st.floats(47.0, 50.0)), min_size=3, max_size=12, unique=True)


@given(corners)
def test_whatever_is_drawn_in_france_is_accepted_or_corrected_or_has_no_area(ring):
    parsed = parse(polygon([list(point) for point in ring]))
    shape = parsed.polygon or parsed.corrected
    assert shape.is_valid if shape else {problem.kind for problem in parsed.problems} <= {"empty", "crossing"}


@given(st.floats(-5, 9), st.floats(41.5, 51), st.floats(0.01, 1.0), st.integers(3, 40))
def test_areas_are_those_of_an_equal_area_projection(x, y, radius, sides):
    shape = shapely.Point(x, y).buffer(radius, quad_segs=sides)
    laea = Transformer.from_crs(4326, f"+proj=laea +lat_0={y} +lon_0={x} +ellps=WGS84", always_xy=True)
    flat = shapely.transform(shapely.segmentize(shape, 0.02), lambda p: shapely.get_coordinates(
        shapely.points(*laea.transform(p[:, 0], p[:, 1]))))  # fmt: skip
    assert area_km2(shape) == pytest.approx(flat.area / 1e6, rel=1e-5)


def test_areas_of_holes_and_of_the_other_direction():
    outer, inner = around(2.3, 49.9, 0.2), around(2.3, 49.9, 0.1)
    whole, hole = area_km2(shapely.Polygon(outer)), area_km2(shapely.Polygon(inner))
    assert area_km2(shapely.Polygon(outer, [inner])) == pytest.approx(whole - hole)
    assert area_km2(shapely.Polygon(outer[::-1], [inner])) == pytest.approx(whole - hole)


@pytest.mark.parametrize(("south", "north"), [(0, 1), (41, 51), (-22, -21)])
def test_areas_between_parallels_are_those_of_the_formula(south, north):
    """The area of the ellipsoid between two parallels has a closed form (Snyder 1987, 3-11)."""
    e = math.sqrt(FLATTENING * (2 - FLATTENING))
    minor = 6378.137 * (1 - FLATTENING)

    def zone(latitude: float) -> float:
        s = math.sin(math.radians(latitude))
        return minor**2 / 2 * math.radians(1) * (s / (1 - (e * s) ** 2) + math.atanh(e * s) / e)

    assert area_km2(shapely.box(10, south, 11, north)) == pytest.approx(zone(north) - zone(south), rel=1e-6)
