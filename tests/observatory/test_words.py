"""What is said of figures: each pitfall where it applies, and only there."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.utils.translation import override

from tests.factories.observatory import ActivityVersionFactory, establishment
from tests.factories.territories import CommuneFactory
from totem.core.wording import date_with_year
from totem.observatory import words
from totem.observatory.activities import activities_of
from totem.observatory.answers import Interval
from totem.observatory.corrections import write_corrections
from totem.observatory.engine import Scope
from totem.observatory.jobs import widen_cube
from totem.observatory.key_figures import figures_of
from totem.observatory.models import Nomenclature
from totem.observatory.nomenclature import read_bands
from totem.observatory.notes import notes_for
from totem.observatory.place_tables import ages_table, tables_of
from totem.observatory.queries import profile
from totem.territories.places import place_for

pytestmark = pytest.mark.django_db
SIREN = "552100554"


@pytest.fixture
def scope(made_stock):
    CommuneFactory()
    version = ActivityVersionFactory()
    stock = made_stock([establishment(), establishment(code="58.21Z", code25="58.21Y", born=None)])
    return Scope(stock, activities_of(version), place_for("commune", "80021"))


def names(scope, *, with_profile: bool = True) -> set[str]:
    return {note.name for note in notes_for(scope, profile(scope) if with_profile else None)}


ALWAYS = {
    "unites",
    "actifs-estimes",
    "non-employeurs",
    "intervalles",
    "tranches",
    "naf-2025",
    "domiciliation",
    "communes",
}


def test_notes_follow_what_the_stock_was_made_of(scope):
    poor = names(scope)
    assert poor >= ALWAYS | {"serie-approchee", "demenagements-non-chaines", "sans-positions", "dates"}
    assert not poor & {"synthetique", "diffusion-partielle", "zone-dessinee", "corrections", "serie", "positions"}
    scope.stock.has_history = scope.stock.has_links = scope.stock.has_coordinates = scope.stock.synthetic = True
    rich = names(scope)
    assert rich >= ALWAYS | {"serie", "demenagements", "positions", "synthetique"}
    assert not rich & {"serie-approchee", "demenagements-non-chaines", "sans-positions"}


def test_naf_2025_has_no_series_and_says_so(scope):
    later = replace(scope, activities=replace(scope.activities, nomenclature=Nomenclature.NAF2025))
    assert "naf-2025-sans-serie" in names(later, with_profile=False)
    assert not names(later, with_profile=False) & {"serie", "serie-approchee", "anciennes-nomenclatures"}


def test_a_drawn_territory_says_what_cannot_be_decided(scope):
    drawn = replace(scope, place=replace(scope.place, partial=("80021",), whole=()))
    assert {"zone-dessinee", "zone-dessinee-serie"} <= {note.name for note in notes_for(drawn)}


def test_corrections_that_do_not_reach_a_stock_are_said(scope):
    version = ActivityVersionFactory(corrections={SIREN: 1})
    corrected = replace(scope, activities=activities_of(version))
    assert "corrections-absentes" in names(corrected)
    write_corrections(scope.stock, version)
    assert "corrections" in names(corrected)
    assert "corrections-absentes" not in names(corrected)


def test_activities_published_since_the_import_are_said_not_to_be_counted(made_stock):
    CommuneFactory()
    early = ActivityVersionFactory(branches=[("Logiciels", ["58.21Z"], [])])
    rows = [establishment(), establishment(code="58.21Z")]
    stock = made_stock(rows, totals={"code": {"62.01Z": 1, "58.21Z": 1}}, series=[
        {"commune": "80021", "code": "58.21Z", "year": 2025, "stock": 1, "births": 0, "closures": 0},
    ])  # fmt: skip
    place = place_for("commune", "80021")
    assert not names(Scope(stock, activities_of(early), place)) & {"activites-absentes", "serie-incomplete"}
    late = Scope(stock, activities_of(ActivityVersionFactory()), place)
    found = {note.name: str(note.text) for note in notes_for(late)}
    assert "62.01Z" in found["activites-absentes"]
    assert "58.21Z" not in found["activites-absentes"]
    widen_cube()
    stock.refresh_from_db()
    found = {note.name: str(note.text) for note in notes_for(late)}
    assert "activites-absentes" not in found
    assert "62.01Z" in found["serie-incomplete"]


# -- Intervals, bands, ages -------------------------------------------------------------------------------------------


def test_intervals_are_said_with_their_bounds():
    with override("en"):
        assert words.interval_words(Interval(1050, 2550)) == "1,050 to 2,550"
        assert words.interval_words(Interval(12, 12)) == "12"
        unknown = Interval(1050, 2550, unknown=1)
        assert words.interval_words(unknown) == "1,050 to 2,550, plus 1 establishment of unknown headcount"
        endless = Interval(10_012, 10_019, endless=1)
        assert words.interval_words(endless) == "10,012 to 10,019 or more: 1 establishment has no upper bound"
    with override("fr"):
        assert "1\N{NARROW NO-BREAK SPACE}050" in words.interval_words(Interval(1050, 2550))


def test_every_band_has_words_of_its_own_and_nn_is_nobody():
    with override("en"):
        said = [words.band_words(band.code) for band in read_bands()]
        assert len(set(said)) == len(said)
        assert words.band_words("NN") == "Non-employer"
        assert words.band_words("12") == "20 to 49 employees"
        assert words.band_words("01") == "1 or 2 employees"
        assert words.band_words(None) not in said
        assert words.band_words("NN", unknown=True) not in said


def test_age_classes_hold_each_year_once():
    classes = words.age_classes(2026)
    for year in range(1900, 2027):
        assert sum((c.first or 0) <= year <= c.last for c in classes) == 1, year


def test_a_stock_is_dated_with_its_year(scope):
    with override("fr"):
        assert date_with_year(scope.stock.date) == "1er novembre 2026"
        assert date_with_year(datetime(2026, 10, 31, 23, 30, tzinfo=UTC), "Europe/Paris") == "1er novembre 2026"
    with override("en"):
        assert date_with_year(scope.stock.date) == "1 November 2026"


# -- Tables -----------------------------------------------------------------------------------------------------------


def test_every_line_of_every_table_adds_up_to_its_total_and_draws(scope):
    found = tables_of(scope, profile(scope))
    for table in found.values():
        if table.total is not None:
            for place, column in enumerate(table.columns):
                if column.kind == "number":
                    assert sum(row[place] for row in table.rows) == table.total[place], (table.name, column.name)
        assert all(len(row) == len(table.columns) for row in table.rows)
        if table.drawing:
            assert table.chart is not None


def test_a_year_to_come_is_an_unknown_year(scope):
    odd = replace(profile(scope), born=(replace(profile(scope).born[0], key=2031),))
    rows = ages_table(scope, odd).rows
    assert rows[-1][1] == sum(row[1] for row in rows)


def test_every_figure_says_what_it_is_and_where_it_comes_from(scope):
    for figure in figures_of(scope, profile(scope)):
        assert figure.label
        assert figure.definition
        assert figure.source
        assert figure.value


def test_a_small_figure_is_not_given_away_by_the_estimate_beside_it(scope, settings):
    settings.MASK_COUNTS_BELOW = 5
    figures = {figure.name: figure for figure in figures_of(scope, profile(scope))}
    assert "2" not in figures["establishments"].value
    assert not figures["establishments"].beside


def test_growth_stands_beside_what_has_perhaps_closed_and_the_estimate(made_stock):
    CommuneFactory()
    version = ActivityVersionFactory()
    rows = [*(establishment() for _n in range(9)), *(establishment(born=2024, estimated=False) for _n in range(3))]
    lived = {"commune": "80021", "code": "62.01Z", "births": 0, "closures": 0}
    stock = made_stock(
        [*rows, establishment(estimated=False)],
        series=[{**lived, "year": 2020, "stock": 10}, {**lived, "year": 2025, "stock": 13}],
    )
    scope = Scope(stock, activities_of(version), place_for("commune", "80021"))
    with override("en"):
        growth = next(figure for figure in figures_of(scope, profile(scope)) if figure.name == "growth")
    # 4 of the 13 are not estimated active; one of them was registered five years before, active then or not.
    assert growth.value == "+30.0%"
    assert growth.beside == "Estimated active: -10.0% to 0.0%"
    assert growth.warning.startswith("4 of those registered as open have perhaps closed")


@pytest.mark.parametrize(("unsure", "said"), [(1, "Pour 1 autre,"), (2, "Pour 2 autres,")])
def test_what_cannot_be_decided_agrees_in_number(unsure, said):
    totals = SimpleNamespace(undecided={"establishments": unsure}, share_undecided=lambda unit: 0.5)
    with override("fr"):
        assert words.undecided_words(totals, "establishments").startswith(said)
