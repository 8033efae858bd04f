"""F1 to F4, growth and actors, as charters and reports ask them: known, an interval, or not known."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from shapely.geometry import box

from tests.factories.observatory import ActivityVersionFactory, Row, establishment
from totem.core import measures
from totem.core.measures import Basis, Combine, Figure, Measure
from totem.core.periods import Period
from totem.observatory.activities import actor_kinds
from totem.territories.places import Place

NOW = datetime(2027, 1, 8, 8, tzinfo=UTC)
YEAR = Period(datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC))
BEFORE = Period(datetime(2024, 12, 31, 23, tzinfo=UTC), datetime(2025, 12, 31, 23, tzinfo=UTC))
SQUARE = box(2, 49, 3, 50)


def place(*communes: str) -> Place:
    return Place("perimetre", "essai", "Essai", communes, None, None, None, communes, ())


AMIENS, ROUEN, BOTH = place("80021"), place("76540"), place("76540", "80021")
DRAWN = Place("dessin", "carre", "Carré", ("80021",), None, None, SQUARE, (), ("80021",))


@pytest.fixture
def stock(made_stock) -> Any:
    """Makes the stock in service, in the activity perimeter counted by default."""
    version = ActivityVersionFactory(perimeter__slug="tic-ocde")

    def make(*rows: Row, **fields: Any) -> Any:
        return made_stock(rows, versions=[version], **fields)

    return make


def taken(name: str, *places: Place, period: Period = YEAR) -> Figure:
    return measures.take(name, places or (AMIENS,), period, NOW).figure


def bounds(name: str, *places: Place) -> tuple[Any, Any]:
    return taken(name, *places).bounds


# -- What is published ------------------------------------------------------------------------------------------------


def test_the_figures_of_a_place_are_published_with_all_that_must_be_said_of_them():
    published = {known.name: known for known in measures.about("territories.place")}
    assert {
        "digital_companies", "digital_establishments", "digital_jobs", "startups", "large_digital_companies",
        "digital_companies_over_5m", "digital_growth",
    } <= published.keys()  # fmt: skip
    assert {f"actors_{kind.slug.replace('-', '_')}" for kind in actor_kinds()} <= published.keys()
    for known in published.values():
        assert str(known.label)
        assert str(known.unit)
        assert str(known.method).endswith(".")


def test_a_figure_says_on_what_it_stands_and_its_data_are_chosen(stock):
    stock(establishment(), date=date(2026, 11, 1))
    measure = measures.get("digital_establishments")
    basis = Basis(date(2026, 11, 1), "stock=2026-11-01&activites=tic-ocde@1")
    assert measure.over([AMIENS], YEAR).basis == basis
    ActivityVersionFactory(perimeter__slug="autre", branches=[])
    other = measure.over([AMIENS], YEAR, "activites=autre@1")
    assert other.basis == Basis(date(2026, 11, 1), "stock=2026-11-01&activites=autre@1")
    assert (other.value, measure.over([AMIENS], YEAR, "stock=2020-01-01").value) == (0, None)


def test_registered_and_estimated_active_stand_side_by_side(stock):
    stock(
        establishment(siren="900000001"),
        establishment(siren="900000001", estimated=False),
        establishment(siren="900000002", estimated=False),
    )
    assert (taken("digital_establishments").value, taken("digital_establishments_active").value) == (3, 1)
    assert (taken("digital_companies").value, taken("digital_companies_active").value) == (2, 1)
    assert "estimation de Totem" in str(measures.get("digital_companies_active").method)


# -- F1 to F4 ---------------------------------------------------------------------------------------------------------


def test_f1_counts_a_company_once_however_many_places_it_is_in(stock):
    stock(
        establishment(siren="900000001"),
        establishment(siren="900000001", head_office=False),
        establishment(siren="900000001", commune="76540", head_office=False),
        establishment(siren="900000002", commune="76540"),
        establishment(siren="900000003", code="86.10Z", code25=None),
        establishment(siren="900000004", open=False),
    )
    assert taken("digital_companies", AMIENS).value == 1
    assert taken("digital_companies", ROUEN).value == 2
    assert taken("digital_companies", AMIENS, ROUEN).value == taken("digital_companies", BOTH).value == 2
    assert taken("digital_establishments", AMIENS, ROUEN).value == 4


def test_f2_is_an_interval_summed_bound_by_bound(stock):
    stock(establishment(band="12"), establishment(commune="76540", band="03"), establishment(commune="76540"))
    assert bounds("digital_jobs", AMIENS) == (20, 49)
    assert taken("digital_jobs", AMIENS).value is None
    assert bounds("digital_jobs", AMIENS, ROUEN) == bounds("digital_jobs", BOTH) == (26, 58)


def test_f2_is_known_where_nobody_employs_and_without_end_where_nothing_bounds_it(stock):
    stock(establishment(), establishment(commune="76540", employer=True))
    assert taken("digital_jobs", AMIENS).value == 0
    assert bounds("digital_jobs", ROUEN) == bounds("digital_jobs", AMIENS, ROUEN) == (0, None)


def test_f3_is_at_most_the_young_companies_with_their_head_office_in_the_place(stock):
    stock(
        establishment(born=2011),  # less than fifteen years old on 1 November 2026, if born later in the year
        establishment(born=2025),
        establishment(born=None),
        establishment(born=2010),
        establishment(born=2025, head_office=False),
    )
    assert bounds("startups") == (0, 3)
    assert taken("startups", ROUEN).value == 0


def test_f4_counts_large_companies_and_bounds_those_of_more_than_five_million(stock):
    stock(
        establishment(siren="900000001", category="GE", head_office=False),
        establishment(siren="900000001", category="GE", commune="76540"),
        establishment(category="ETI"),
        establishment(category=None),
    )
    assert taken("large_digital_companies", AMIENS, ROUEN).value == 1
    assert bounds("digital_companies_over_5m", AMIENS) == (0, 2)


def test_in_a_drawn_place_what_may_be_inside_or_outside_is_in_the_interval(stock):
    stock(
        establishment(lon=2.5, lat=49.5, band="12"),
        establishment(lon=3.5, lat=49.5, band="12"),
        establishment(lon=None, lat=None, band="12"),
        establishment(diffusion="P", head_office=False),
    )
    assert bounds("digital_establishments", DRAWN) == bounds("digital_companies", DRAWN) == (1, 3)
    assert bounds("digital_companies", DRAWN, DRAWN) == (1, 5)
    assert bounds("large_digital_companies", DRAWN) == (0, 2)
    assert bounds("digital_jobs", DRAWN) == (20, None)
    assert bounds("startups", DRAWN) == bounds("digital_companies_over_5m", DRAWN) == (0, 2)


# -- Growth, actors ---------------------------------------------------------------------------------------------------


def lived(commune: str, year: int, stock: int) -> Row:
    return {"commune": commune, "code": "62.01Z", "year": year, "stock": stock, "births": 0, "closures": 0}


def test_growth_is_that_of_the_last_full_year_and_of_several_places_together(stock):
    stock(
        series=[
            lived("80021", 2024, 10), lived("80021", 2025, 15), lived("80021", 2026, 99),
            lived("76540", 2024, 40), lived("76540", 2025, 30),
        ]
    )  # fmt: skip
    assert taken("digital_growth", AMIENS).value == 50
    assert taken("digital_growth", ROUEN).value == -25
    assert taken("digital_growth", AMIENS, ROUEN).value == taken("digital_growth", BOTH).value == -10


def test_growth_is_not_known_from_nothing_and_is_total_where_all_has_gone(stock):
    stock(series=[lived("80021", 2025, 3), lived("76540", 2023, 1), lived("76540", 2024, 2)])
    assert taken("digital_growth", AMIENS).value is None
    assert taken("digital_growth", ROUEN).value == -100
    assert taken("digital_growth", place("76351")).value is None


def test_actors_are_companies_counted_once_whatever_the_activity_perimeter(stock):
    stock(
        establishment(siren="900000001", code="72.19Z"),
        establishment(siren="900000001", code="72.20Z", commune="76540"),
        establishment(siren="900000002", code="84.11Z", legal="7210"),
        establishment(siren="900000003", code="84.11Z", legal="5710"),
    )
    assert taken("actors_recherche", AMIENS, ROUEN).value == 1
    assert taken("actors_collectivites", AMIENS).value == 1
    assert taken("actors_fonds", AMIENS).value == 0


# -- Which stock ------------------------------------------------------------------------------------------------------


def test_the_stock_is_the_newest_by_the_end_of_the_period(stock):
    stock(establishment(), complete=False, date=date(2025, 12, 1))
    stock(establishment(), establishment(), date=date(2026, 11, 1))
    assert taken("digital_establishments", period=BEFORE).value == 1
    assert taken("digital_establishments", period=YEAR).value == 2


def test_what_needs_the_rows_of_an_archived_stock_is_not_known(stock):
    stock(establishment(band="12"), complete=False)
    for name in ("digital_companies", "large_digital_companies", "actors_recherche"):
        assert taken(name) == Figure(None)
    assert taken("digital_establishments").value == 1
    assert bounds("digital_jobs") == (20, 49)
    assert taken("digital_establishments", DRAWN) == Figure(None)
    assert taken("digital_establishments", AMIENS, DRAWN).value == 1  # what is not known is left out


def test_nothing_is_known_without_a_stock_of_the_time_or_without_perimeters(stock, made_stock):
    assert taken("digital_companies") == Figure(None)
    stock(establishment(), date=date(2026, 11, 1))
    assert taken("digital_companies", period=BEFORE) == Figure(None)


def test_nothing_is_known_without_the_activity_perimeters(made_stock):
    made_stock([establishment()])
    assert taken("digital_companies") == Figure(None)


# -- Intervals --------------------------------------------------------------------------------------------------------


def over(combine: Combine, *figures: Figure) -> tuple[Any, Any]:
    told = Measure("try", "try", "try", "try", "try", combine, lambda figure, _period: figure)
    return told.over(figures, YEAR).bounds


def test_equal_bounds_are_a_known_value():
    assert Figure.between(3, 3) == Figure.of(3)
    assert Figure.between(0, None).bounds == (0, None)
    assert (Figure.between(1, 4).value, Figure.between(1, 4).rounded) == (None, None)
    assert Figure(None).bounds == (None, None)


@pytest.mark.parametrize(
    ("combine", "expected"), [(Combine.SUM, (6, 12)), (Combine.MAX, (4, 7)), (Combine.ANY, (1, 1))]
)
def test_intervals_combine_with_what_is_known(combine, expected):
    assert over(combine, Figure.of(4), Figure.between(2, 7), Figure.between(0, 1), Figure(None)) == expected


@pytest.mark.parametrize("combine", [Combine.SUM, Combine.MAX])
def test_what_nothing_bounds_leaves_the_whole_unbounded(combine):
    assert over(combine, Figure.of(4), Figure.between(2, None))[1] is None


def test_a_figure_that_may_be_nothing_does_not_say_that_there_is_none():
    assert over(Combine.ANY, Figure.of(0), Figure.between(0, 3)) == (0, 1)
    assert over(Combine.ANY, Figure.of(0), Figure.between(1, None)) == (1, 1)
    assert over(Combine.ANY, Figure.of(0), Figure.of(0)) == (0, 0)


def test_ids_that_may_have_been_missed_are_beyond_those_that_are_known():
    known = Figure.distinct([1, 2], beyond=3)
    assert (known.value, known.bounds) == (None, (2, 5))
    assert over(Combine.UNION, known, Figure.distinct([2, 7])) == (3, 6)
    assert over(Combine.UNION, Figure.distinct([1]), Figure.distinct([1])) == (1, 1)


def test_intervals_that_close_become_a_value():
    known = Measure("try", "try", "try", "try", "try", Combine.MAX, lambda figure, _period: figure)
    assert known.over([Figure.of(9), Figure.between(2, 9)], YEAR).value == Decimal(9)
