"""Measures of a territory's buildings: exact sums, delivered and planned area, buildings that may be inside."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
import shapely
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.premises import BuildingFactory, LotFactory, OfferFactory, PhaseFactory
from tests.factories.territories import CommuneFactory, WorkspaceFactory
from tests.territories.grid import SIDE, SOUTH, WEST, communes, draw
from totem.core import measures
from totem.core.measures import Figure
from totem.core.periods import Period
from totem.premises.figures import FIGURES, ForecastArea, forecast_of, premises_figures
from totem.premises.queries import PremisesRows, buildings_inside, read_premises
from totem.territories.models import Commune, FormerCommune
from totem.territories.places import Place, place_drawn, place_for

pytestmark = pytest.mark.django_db
ON = date(2026, 11, 22)
UNKNOWN = Figure(None)


def place(*codes: str) -> Place:
    """A place made of whole communes."""
    return Place("perimetre", "-".join(codes), "x", codes, None, None, None, codes, ())


AMIENS = place("80021")


def figures(where: Place = AMIENS, workspace=None, on: date = ON) -> dict[str, Figure]:
    return premises_figures(buildings_inside(where, workspace), on)


class TestUsableArea:
    @pytest.mark.parametrize("last", ["9999", "10000", "9999.99"])
    def test_the_sum_is_exact(self, last):
        for area in ("10000", "10000", "20000", last):
            PhaseFactory(building__public=True, usable_m2=Decimal(area))
        assert figures()["usable_area"] == Figure(40_000 + Decimal(last))

    def test_what_is_planned_is_not_delivered(self):
        first = PhaseFactory(building__public=True, planned=True, usable_m2=Decimal(50_000))
        found = figures()
        assert found["usable_area"] == Figure(Decimal(0))
        assert found["usable_area_planned"] == Figure(Decimal(50_000))
        PhaseFactory(building=first.building, under_way=True, usable_m2=Decimal(200))
        PhaseFactory(building=first.building, cancelled=True, usable_m2=Decimal(70))
        PhaseFactory(building=first.building, usable_m2=Decimal(3))
        found = figures()
        assert (found["usable_area"].value, found["usable_area_planned"].value) == (3, 50_200)

    def test_on_the_day_before_its_delivery_it_was_planned(self):
        PhaseFactory(building__public=True, delivered_on=date(2020, 6, 1))
        for on, delivered, planned in ((date(2020, 5, 31), 0, 1000), (date(2020, 6, 1), 1000, 0)):
            found = figures(on=on)
            assert (found["usable_area"].value, found["usable_area_planned"].value) == (delivered, planned)

    def test_without_buildings_nothing_is_known(self):
        assert figures() == dict.fromkeys(FIGURES, UNKNOWN)

    def test_a_building_without_a_phase_is_0(self):
        BuildingFactory(public=True)
        assert figures()["usable_area"] == Figure(Decimal(0))
        assert figures()["fixed_speed_everywhere"] == UNKNOWN


class TestWhoseBuildings:
    def test_the_public_ones_and_ones_own(self):
        own = PhaseFactory(usable_m2=Decimal(1)).building
        PhaseFactory(building__public=True, usable_m2=Decimal(20))
        PhaseFactory(building__of_everybody=True, usable_m2=Decimal(300))
        assert figures()["usable_area"].value == 320
        assert figures(workspace=own.workspace)["usable_area"].value == 321
        assert figures(workspace=WorkspaceFactory())["usable_area"].value == 320

    def test_a_building_declared_twice_counts_once_as_the_territory_says(self):
        PhaseFactory(building__of_everybody=True, building__name="Seine Innopolis", usable_m2=Decimal(10_000))
        own = PhaseFactory(building__name="SEINE Innopolis", usable_m2=Decimal(9_500)).building
        assert figures()["usable_area"].value == 10_000
        assert figures(workspace=own.workspace)["usable_area"].value == 9_500

    def test_a_building_of_a_merged_commune_is_in_the_one_of_today(self):
        old = CommuneFactory(code="80999", name="Ancienne", current=False)
        FormerCommune.objects.create(code="80999", name="Ancienne", kind="commune-deleguee", current=CommuneFactory())
        PhaseFactory(building__public=True, building__commune=old)
        assert figures()["usable_area"].value == 1000


class TestInsideAPerimeter:
    @pytest.fixture
    def drawn(self, tmp_path):
        """The cell of Amiens whole, and the left half of its neighbour to the east."""
        draw(tmp_path)
        made = Commune.objects.in_bulk()
        return place_drawn(shapely.box(WEST, SOUTH + SIDE, WEST + 1.5 * SIDE, SOUTH + 2 * SIDE)), made

    def test_inside_cut_and_outside(self, drawn):
        where, made = drawn
        here = {"latitude": SOUTH + 1.5 * SIDE}
        for code, m2, position in (
            ("80021", 1, {}),
            ("80016", 20, {"longitude": WEST + 1.2 * SIDE, **here}),
            ("80016", 300, {"longitude": WEST + 1.8 * SIDE, **here}),
            ("80016", 4_000, {"longitude": WEST + 1.5 * SIDE, **here}),  # on the limit itself
            ("80016", 50_000, {}),
            ("76540", 600_000, {}),
        ):
            building = BuildingFactory(public=True, commune=made[code], **position)
            PhaseFactory(building=building, usable_m2=Decimal(m2))
        rows = buildings_inside(where)
        assert (len(rows.inside), len(rows.undecided)) == (3, 1)
        assert figures(where)["usable_area"].bounds == (4_021, 54_021)
        assert figures(place("80016"))["usable_area"].value == 54_320

    def test_without_outlines_the_position_of_a_building_decides(self):
        shape = shapely.Polygon([(2.0, 49.0), (3.0, 49.0), (2.0, 50.0)])
        where = Place("perimetre", "x@1", "x", (), None, None, shape, (), ())
        for m2, position in (
            (1, {"longitude": 2.2, "latitude": 49.2}),
            (20, {"longitude": 2.9, "latitude": 49.9}),  # in the box, not in the shape
            (300, {"longitude": 1.9, "latitude": 49.2}),
            (4_000, {}),
        ):
            building = BuildingFactory(public=True, commune=CommuneFactory(), **position)
            PhaseFactory(building=building, usable_m2=Decimal(m2))
        assert figures(where)["usable_area"].value == 1
        both = read_premises([where, place("80021")])
        assert [len(rows.inside) for rows in both.values()] == [1, 4]
        assert not any(rows.undecided for rows in both.values())

    def test_a_building_that_may_be_inside_widens_every_figure(self, drawn):
        where, made = drawn
        sure = PhaseFactory(building__public=True, building__commune=made["80021"]).building
        maybe = PhaseFactory(building__public=True, building__commune=made["80016"]).building
        LotFactory(building=sure, monthly=True)
        OfferFactory(building=sure, mbits_down=Decimal(1000))
        OfferFactory(building=maybe, mbits_down=Decimal(100))
        OfferFactory(building=sure, mobile=True)
        LotFactory(building=maybe, monthly=True)
        found = figures(where)
        assert found["monthly_agreements"].bounds == (1, 2)
        assert found["monthly_area_share"] == UNKNOWN
        assert found["fixed_speed_everywhere"].bounds == (100, 1000)
        assert found["mobile_generation_everywhere"].bounds == (0, 5)

    def test_only_buildings_that_may_be_inside(self, drawn):
        where, made = drawn
        maybe = PhaseFactory(building__public=True, building__commune=made["80016"]).building
        OfferFactory(building=maybe)
        assert figures(where)["usable_area"].bounds == (0, 1000)
        assert figures(where)["fixed_speed_everywhere"] == UNKNOWN
        assert forecast_of(buildings_inside(where), ON) == []


class TestAgreements:
    @pytest.mark.parametrize(
        ("period", "notice", "monthly"),
        [("1", "1", 1), ("0.5", "0", 1), ("1.1", "1", 0), ("1", "1.1", 0), ("36", "1", 0)],
    )
    def test_a_month_at_most_for_both(self, period, notice, monthly):
        building = PhaseFactory(building__public=True).building
        LotFactory(building=building, usable_m2=Decimal(250), period_months=period, notice_months=notice)
        LotFactory(building=building, usable_m2=Decimal(750))
        found = figures()
        assert found["monthly_agreements"].value == monthly
        assert found["monthly_area_share"] == Figure.ratio(Decimal(250 * monthly), Decimal(1000))

    def test_lots_of_a_building_to_come_do_not_count(self):
        LotFactory(building=PhaseFactory(building__public=True, planned=True).building, monthly=True)
        found = figures()
        assert found["monthly_agreements"].value == 0
        assert found["monthly_area_share"] == UNKNOWN


class TestNetworks:
    def test_a_network_is_that_of_the_worst_building_by_its_best_offer(self):
        one, other = (PhaseFactory(building__public=True).building for _ in range(2))
        for building, speed in ((one, 1000), (one, 20), (other, 300), (other, 8)):
            OfferFactory(building=building, mbits_down=Decimal(speed))
        OfferFactory(building=PhaseFactory(building__public=True, planned=True).building, mbits_down=Decimal(1))
        assert figures()["fixed_speed_everywhere"] == Figure(Decimal(300))

    def test_a_building_without_a_known_offer_may_have_none(self):
        OfferFactory(building=PhaseFactory(building__public=True).building)
        PhaseFactory(building__public=True)
        assert figures()["fixed_speed_everywhere"].bounds == (0, 1000)
        assert figures()["mobile_generation_everywhere"] == UNKNOWN

    @pytest.mark.parametrize(
        ("since", "until", "held"),
        [(ON, None, True), (ON + timedelta(1), None, False), (date(2020, 1, 1), ON, False)],
    )
    def test_only_offers_in_force(self, since, until, held):
        OfferFactory(building=PhaseFactory(building__public=True).building, since=since, until=until)
        assert figures()["fixed_speed_everywhere"] == (Figure(Decimal(1000)) if held else UNKNOWN)

    @pytest.mark.parametrize(("coverage", "generation"), [("95", 5), ("94.9", 4), ("100", 5)])
    def test_a_generation_covers_95_percent(self, coverage, generation):
        building = PhaseFactory(building__public=True).building
        OfferFactory(building=building, mobile=True, coverage_percent=Decimal(coverage))
        OfferFactory(building=building, mobile=True, generation=4)
        assert figures()["mobile_generation_everywhere"] == Figure(Decimal(generation))

    def test_a_mobile_network_that_covers_nothing_is_0(self):
        building = PhaseFactory(building__public=True).building
        OfferFactory(building=building, mobile=True, coverage_percent=Decimal(10))
        assert figures()["mobile_generation_everywhere"] == Figure(Decimal(0))


class TestForecast:
    def test_plans_in_order_without_dates_gone_by(self):
        building = PhaseFactory(building__public=True).building
        for day, m2 in ((date(2028, 1, 1), 300), (date(2027, 1, 1), 20), (date(2028, 1, 1), 4), (date(2025, 1, 1), 9)):
            PhaseFactory(building=building, planned=True, due_on=day, usable_m2=Decimal(m2))
        PhaseFactory(building=building, cancelled=True, due_on=date(2029, 1, 1))
        assert forecast_of(buildings_inside(AMIENS), ON) == [
            ForecastArea(date(2027, 1, 1), Decimal(20)),
            ForecastArea(date(2028, 1, 1), Decimal(304)),
        ]
        assert forecast_of(buildings_inside(AMIENS), date(2020, 1, 1))[0] == ForecastArea(
            date(2020, 6, 1), Decimal(1000)
        )


class TestReading:
    def test_as_many_statements_for_one_place_as_for_many(self):
        places = [place(code) for code in communes()]
        counts = []
        for some in (places[:1], places):
            for where in some:
                building = BuildingFactory(public=True, commune_id=where.communes[0])
                PhaseFactory(building=building)
                LotFactory(building=building)
                OfferFactory(building=building)
            with CaptureQueriesContext(connection) as queries:
                read_premises(some)
            counts.append(len(queries))
        assert counts == [4, 4]

    def test_rows_go_to_json_and_back(self):
        building = PhaseFactory(building__public=True).building
        LotFactory(building=building)
        OfferFactory(building=building)
        rows = buildings_inside(AMIENS)
        again = msgspec.json.decode(msgspec.json.encode(rows), type=PremisesRows)
        assert again == rows
        assert premises_figures(again, ON) == premises_figures(rows, ON)


class TestMeasures:
    def test_each_figure_is_published_with_what_one_must_say_of_it(self):
        published = {known.name: known for known in measures.about("territories.place") if known.name in FIGURES}
        assert list(published) == list(FIGURES)
        assert all(known.label and known.unit and known.method for known in published.values())

    def test_they_are_those_of_the_last_day_of_the_period(self):
        CommuneFactory()
        PhaseFactory(building__public=True, delivered_on=date(2020, 6, 1))
        PhaseFactory(usable_m2=Decimal(5))
        where = place_for("commune", "80021")
        for last, area in ((datetime(2020, 5, 31, 22, tzinfo=UTC), 0), (datetime(2020, 6, 1, 22, tzinfo=UTC), 1000)):
            period = Period(datetime(2020, 1, 1, tzinfo=UTC), last)
            assert measures.take("usable_area", [where], period, last).figure.value == area

    def test_several_territories_add_their_areas_up(self):
        for name, m2 in (("amiens", 40_000), ("rouen", 9_999)):
            PhaseFactory(building__public=True, building__commune=CommuneFactory(**{name: True}), usable_m2=Decimal(m2))
        both = [place("80021"), place("76540"), place("76351")]
        period = Period(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
        assert measures.take("usable_area", both, period, period.ends_at).figure.value == 49_999
