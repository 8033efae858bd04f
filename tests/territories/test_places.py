"""Places: the communes of each level, those inside a polygon or cut by it, and former codes of merged communes."""

from datetime import UTC, date, datetime

import pytest
import shapely
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.factories.territories import (
    CommuneFactory,
    DepartmentFactory,
    EpciFactory,
    PerimeterFactory,
    WorkspaceMemberFactory,
)
from tests.territories.grid import CELLS, cell, communes, draw
from totem.territories.models import (
    Commune,
    Edition,
    Epci,
    FormerCommune,
    Outline,
    Perimeter,
    PerimeterPart,
    PerimeterVersion,
)
from totem.territories.places import (
    PlaceNotFound,
    ShapesMissing,
    area_km2,
    fold,
    place_drawn,
    place_for,
    place_of_parts,
)
from totem.territories.search import find_places, match_places

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def version(perimeter: Perimeter, *codes: str, number: int = 1, since: date = date(2026, 1, 1)) -> PerimeterVersion:
    made = PerimeterVersion.objects.create(
        perimeter=perimeter, number=number, valid_from=since, part_count=len(codes), created_at=NOW
    )
    PerimeterPart.objects.bulk_create(PerimeterPart(version=made, commune_id=code) for code in codes)
    return made


class TestByCode:
    @pytest.fixture(autouse=True)
    def country(self):
        communes()

    @pytest.mark.parametrize(
        ("level", "code", "expected"),
        [
            ("commune", "80021", {"80021"}),
            ("epci", "248000531", {"80021", "80001"}),
            ("departement", "80", {"80021", "80016", "80001", "80003"}),
            ("region", "28", {"76540", "76351"}),
            ("ancienne-region", "22", {"80021", "80016", "80001", "80003"}),
            ("france", "fr", set(CELLS)),
        ],
    )
    def test_every_level_has_its_communes(self, level, code, expected, django_assert_max_num_queries):
        with django_assert_max_num_queries(4):
            place = place_for(level, code)
        assert place.communes == place.whole == tuple(sorted(expected))
        assert (place.partial, place.polygon) == ((), None)
        assert place.population == 1000 * len(expected)
        assert place.area_km2 is None
        assert place.key == f"{level}:{code}"

    @pytest.mark.parametrize(
        ("level", "code"),
        [
            ("commune", "99999"), ("commune", ""), ("commune", "' OR 1=1 --"), ("region", "80"), ("planet", "fr"),
            ("", ""), ("perimetre", "nothing"), ("perimetre", "nothing@x"), ("perimetre", "@"), ("dessin", "abc"),
        ],
    )  # fmt: skip
    def test_what_is_nowhere_is_not_found(self, level, code):
        with pytest.raises(PlaceNotFound):
            place_for(level, code)

    def test_a_dissolved_grouping_is_not_found(self):
        EpciFactory(code="200000000", name="CC dissolved")
        with pytest.raises(PlaceNotFound):
            place_for("epci", "200000000")

    def test_a_former_code_is_the_commune_of_today(self):
        assert place_for("commune", "80002").code == "80001"

    def test_a_population_that_is_not_known_is_not_guessed(self):
        Commune.objects.filter(pk="80003").update(population=None)
        assert place_for("departement", "80").population is None
        assert place_for("departement", "76").population == 2000

    def test_a_commune_that_is_no_more_is_in_no_place(self):
        CommuneFactory(code="80500", current=False, population=5)
        assert "80500" not in place_for("departement", "80").communes

    def test_parts_are_counted_once(self):
        place = place_of_parts({"department": ["80"], "commune": ["80021", "76540"], "epci": ["248000531"]})
        assert len(place.communes) == 5
        assert place.population == 5000
        assert place_of_parts({}).communes == ()


class TestByShape:
    @pytest.fixture(autouse=True)
    def country(self, tmp_path):
        draw(tmp_path)

    def test_places_of_an_edition_are_cached_until_the_next(self, django_assert_num_queries):
        before = place_for("epci", "248000531")
        with django_assert_num_queries(1):
            assert place_for("epci", "248000531") is before
        Epci.objects.filter(pk="248000531").update(name="Amiens et ses voisines")
        Edition.objects.update(loaded_at=timezone.now())
        assert place_for("epci", "248000531").name == "Amiens et ses voisines"

    def test_areas_are_sums(self):
        epci = place_for("epci", "248000531")
        assert epci.area_km2 == pytest.approx(area_km2(cell("80021")) + area_km2(cell("80001")))

    def test_an_area_with_a_hole_is_unknown(self):
        Outline.objects.filter(level="commune", code="80001").delete()
        assert place_for("epci", "248000531").area_km2 is None

    def test_communes_inside_and_those_that_are_cut(self):
        place = place_drawn(shapely.box(1.95, 49.05, 2.15, 49.25))
        assert place.whole == ("80021",)
        assert place.partial == ("80001", "80003", "80016")
        assert place.communes == ("80001", "80003", "80016", "80021")
        assert place.population is None
        assert place.level == "dessin"

    def test_exactly_a_commune_is_that_commune(self):
        place = place_drawn(cell("80021"))
        assert (place.whole, place.partial, place.population) == (("80021",), (), 1000)
        assert place.area_km2 == pytest.approx(area_km2(cell("80021")))

    def test_inside_a_commune_it_is_cut(self):
        assert place_drawn(shapely.Point(2.05, 49.15).buffer(0.01)).partial == ("80021",)

    def test_the_same_shape_has_the_same_code(self):
        square, turned = shapely.box(2, 49, 2.1, 49.1), shapely.box(2, 49, 2.1, 49.1, ccw=False)
        assert place_drawn(square).code == place_drawn(turned).code
        assert place_drawn(square).code != place_drawn(cell("80021")).code

    def test_where_no_outline_is_it_says_so(self):
        with pytest.raises(ShapesMissing):
            place_drawn(shapely.Point(-61.5, 16.2).buffer(0.1))
        Outline.objects.all().delete()
        with pytest.raises(ShapesMissing):
            place_drawn(cell("80021"))


class TestPerimeters:
    @pytest.fixture(autouse=True)
    def country(self):
        communes()

    def test_the_version_of_the_day_or_of_a_number(self):
        perimeter = PerimeterFactory(public=True, slug="nous")
        version(perimeter, "80021")
        version(perimeter, "80021", "80016", number=2, since=date(2026, 6, 1))
        version(perimeter, "80021", "80016", "80001", number=3, since=date(2999, 1, 1))
        assert len(place_for("perimetre", "nous").communes) == 2
        assert len(place_for("perimetre", "nous@1").communes) == 1
        assert place_for("perimetre", "nous@3").key == "perimetre:nous@3"
        for wrong in ("nous@4", "nous@0", "nous@01", "nous@x", "nous@99999999"):
            with pytest.raises(PlaceNotFound):
                place_for("perimetre", wrong)

    def test_before_its_first_day_it_is_its_first_version(self):
        perimeter = PerimeterFactory(public=True)
        version(perimeter, "80021", since=date(2999, 1, 1))
        assert place_for("perimetre", perimeter.slug).communes == ("80021",)

    def test_a_private_one_is_its_teams(self):
        perimeter = PerimeterFactory()
        version(perimeter, "80021")
        member = WorkspaceMemberFactory(workspace=perimeter.workspace, role="reader").person
        assert place_for("perimetre", perimeter.slug, user=member).communes == ("80021",)
        for other in (None, AnonymousUser(), WorkspaceMemberFactory().person):
            with pytest.raises(PlaceNotFound):
                place_for("perimetre", perimeter.slug, user=other)
            assert perimeter.name not in [named.name for named in find_places(perimeter.name, user=other)]
        assert perimeter.name in [named.name for named in find_places(perimeter.name, user=member)]

    def test_its_queries_do_not_grow_with_its_parts(self, django_assert_num_queries):
        for codes in (["80021"], ["80021", "80016", "76540"]):
            perimeter = PerimeterFactory(public=True)
            version(perimeter, *codes)
            with django_assert_num_queries(5):
                place_for("perimetre", perimeter.slug)

    def test_a_commune_merged_since_is_folded(self):
        perimeter = PerimeterFactory(public=True)
        CommuneFactory(code="80500", current=True)
        version(perimeter, "80500")
        Commune.objects.filter(pk="80500").update(current=False)
        FormerCommune.objects.create(code="80500", name="x", kind="commune-deleguee", current_id="80021")
        assert place_for("perimetre", perimeter.slug).communes == ("80021",)


class TestKept:
    """Published versions are append-only: PostgreSQL refuses any change."""

    @pytest.fixture
    def published(self) -> PerimeterVersion:
        communes()
        made = version(PerimeterFactory(), "80021", "80016")
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        return made

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE territories_perimeterversion SET valid_from = '2020-01-01'",
            "DELETE FROM territories_perimeterversion",
            "UPDATE territories_perimeterpart SET commune_id = '80001' WHERE commune_id = '80021'",
            "DELETE FROM territories_perimeterpart",
            "INSERT INTO territories_perimeterpart (version_id, commune_id) SELECT max(id), '80001' "
            "FROM territories_perimeterversion",
        ],
    )
    def test_a_version_and_its_parts(self, published, statement):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        assert place_for("perimetre", f"{published.perimeter.slug}@1", user=self.member(published)).communes == (
            "80016", "80021",
        )  # fmt: skip

    def member(self, published: PerimeterVersion):
        return WorkspaceMemberFactory(workspace=published.perimeter.workspace).person

    def test_a_version_has_all_of_its_parts(self, published):
        with pytest.raises(IntegrityError), transaction.atomic():
            PerimeterVersion.objects.create(
                perimeter=published.perimeter, number=2, valid_from=date(2026, 1, 1), part_count=1, created_at=NOW
            )

    @pytest.mark.parametrize(
        "wrong",
        [{"part_count": 0}, {"part_count": 2, "polygon": b"x"}],
    )
    def test_a_version_is_a_polygon_or_parts(self, wrong):
        with pytest.raises(IntegrityError), transaction.atomic():
            PerimeterVersion.objects.create(
                perimeter=PerimeterFactory(), number=1, valid_from=date(2026, 1, 1), created_at=NOW, **wrong
            )

    def test_a_part_names_one_place(self):
        communes()
        made = PerimeterVersion(
            perimeter=PerimeterFactory(), number=1, valid_from=date(2026, 1, 1), part_count=2, created_at=NOW
        )
        made.save()
        for wrong in ({}, {"commune_id": "80021", "department_id": "80"}):
            with pytest.raises(IntegrityError), transaction.atomic():
                PerimeterPart.objects.create(version=made, **wrong)
        PerimeterPart.objects.create(version=made, commune_id="80021")
        with pytest.raises(IntegrityError), transaction.atomic():
            PerimeterPart.objects.create(version=made, commune_id="80021")
        PerimeterPart.objects.create(version=made, commune_id="80016")

    def test_a_private_perimeter_has_a_team(self):
        with pytest.raises(IntegrityError), transaction.atomic():
            PerimeterFactory(workspace=None)


class TestNames:
    @pytest.fixture(autouse=True)
    def country(self):
        communes()
        CommuneFactory(code="14999", name="Somme", department=DepartmentFactory(calvados=True), postcodes=[])

    @pytest.mark.parametrize(
        ("typed", "labels"),
        [
            ("amiens", ["Amiens (80)", "CA Amiens Métropole (EPCI)"]),
            ("PICARDIE", ["Picardie (ancienne région)"]),
            ("hauts-de", ["Hauts-de-France (région)"]),
            ("Somme (département)", ["Somme (département)", "Somme (14)"]),
            ("248000531", ["CA Amiens Métropole (EPCI)"]),
            ("xyz", []), ("", []), ("%", []), ("(", []), ("_", []),
        ],
    )  # fmt: skip
    def test_found_as_people_type(self, typed, labels):
        assert [named.label for named in find_places(typed)] == labels

    @pytest.mark.parametrize(
        ("line", "keys"),
        [
            ("Amiens (80)", ["commune:80021"]),
            ("amiens", ["commune:80021"]),
            ("80021", ["commune:80021"]),
            ("80002", ["commune:80001"]),
            ("80", ["departement:80"]),
            ("248000531", ["epci:248000531"]),
            ("CA Amiens Métropole", ["epci:248000531"]),
            ("Picardie", ["ancienne-region:22"]),
            ("Haute-Normandie (ancienne region)", ["ancienne-region:23"]),
            ("region:28", ["region:28"]),
            ("commune:80002", ["commune:80001"]),
            ("Somme", ["commune:14999", "departement:80"]),
            ("Somme (département)", ["departement:80"]),
            ("Somme (14)", ["commune:14999"]),
            ("region:", []), ("region:99", []), ("Nowhere", []), ("", []), ("perimetre:x", []), ("99999", []),
        ],
    )  # fmt: skip
    def test_meant_by_a_line(self, line, keys):
        assert [named.key for named in match_places(line)] == keys

    def test_every_label_means_its_place(self):
        for named in find_places("somme") + find_places("amiens") + find_places("normandie"):
            assert [meant.key for meant in match_places(named.label)] == [named.key]


class TestFolding:
    def test_only_a_seat_has_the_code_it_folds_to(self):
        amiens = CommuneFactory()
        FormerCommune.objects.create(code="80021", name="Siège", kind="commune-deleguee", current=amiens)
        for code, kind in (("80500", "x"), ("80021", "commune-ancienne")):
            FormerCommune.objects.filter(pk=code).delete()
            with pytest.raises(IntegrityError), transaction.atomic():
                FormerCommune.objects.create(code=code, name="x", kind=kind, current=amiens)

    @hypothesis_settings(max_examples=30)
    @given(st.text(max_size=12))
    def test_what_is_no_code_folds_to_nothing_and_is_no_place(self, code):
        assert fold(code) is None
        with pytest.raises(PlaceNotFound):
            place_for("commune", code)
