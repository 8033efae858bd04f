"""Companies counted or left out by hand: the file beside the stock, and what it changes in the figures."""

import duckdb
import pytest

from tests.factories.observatory import ActivityVersionFactory, establishment
from tests.factories.territories import CommuneFactory
from totem.observatory import queries
from totem.observatory.activities import activities_of
from totem.observatory.corrections import file_of, reach, write_all_corrections, write_corrections
from totem.observatory.engine import NO_CORRECTIONS, Scope
from totem.territories.places import place_for

IN, OUT, HIDDEN = "552100554", "732829320", "404833048"


@pytest.fixture
def rows():
    return [
        establishment(siren=IN, code="86.10Z", code25="86.10Y", band="12", legal="7364"),
        establishment(siren=IN, code="86.10Z", code25="86.10Y", open=False, head_office=False, closed=2020),
        establishment(siren=OUT, code="62.01Z", band="11"),
        establishment(siren=HIDDEN, code="86.10Z", code25="86.10Y", diffusion="P"),
        establishment(code="62.01Z"),
    ]


@pytest.fixture
def version(db):
    CommuneFactory()
    return ActivityVersionFactory(corrections={IN: 2, OUT: None, HIDDEN: 1})


def counted(stock, version):
    profile = queries.profile(Scope(stock, activities_of(version), place_for("commune", "80021")))
    return [(row.key, row.establishments) for row in profile.branches]


def test_the_file_holds_every_establishment_of_the_companies_with_the_columns_of_the_engine(made_stock, rows, version):
    stock = made_stock(rows)
    file = write_corrections(stock, version)
    assert file == file_of(stock, version.pk)
    with duckdb.connect() as connection:
        connection.execute(NO_CORRECTIONS)
        wanted = connection.execute("DESCRIBE no_corrections").fetchall()
        connection.execute("CREATE VIEW written AS FROM read_parquet($file)".replace("$file", f"'{file}'"))
        found = connection.execute("DESCRIBE written").fetchall()
        assert [column[:2] for column in found] == [column[:2] for column in wanted]
        lines = connection.execute("SELECT siren, branch, open, legal, placed FROM written ORDER BY ALL").fetchall()
    assert lines == [
        (HIDDEN, 1, True, "5", False),
        (IN, 2, False, "5", False),
        (IN, 2, True, "7", True),
        (OUT, None, True, "5", True),
    ]


def test_figures_count_what_was_put_in_and_not_what_was_left_out(made_stock, rows, version):
    stock = made_stock(rows)
    write_corrections(stock, version)
    # Of the two coded 62.01Z one is left out; the hospital and the hidden company are put in.
    assert counted(stock, version) == [(1, 1), (2, 2)]


def test_two_corrected_versions_do_not_take_each_others_corrections(made_stock, rows, version):
    other = ActivityVersionFactory(corrections={IN: 1})
    stock = made_stock(rows)
    for each in (version, other):
        write_corrections(stock, each)
    place = place_for("commune", "80021")

    def hidden(each):
        return queries.profile(Scope(stock, activities_of(each), place)).totals.partial_diffusion

    assert [hidden(each) for each in (version, other, version)] == [1, 0, 1]


def test_without_the_file_the_codes_alone_decide_until_it_is_there(made_stock, rows, version):
    stock = made_stock(rows)
    assert not reach(stock, version.pk)
    assert counted(stock, version) == [(1, 0), (2, 2)]
    write_corrections(stock, version)
    assert reach(stock, version.pk)
    assert counted(stock, version) == [(1, 1), (2, 2)]


def test_all_published_versions_are_written_and_nothing_else_is_left(made_stock, rows, version):
    draft = ActivityVersionFactory(published_at=None, corrections={IN: 1})
    plain = ActivityVersionFactory()
    stock = made_stock(rows)
    write_all_corrections(stock)
    assert reach(stock, version.pk)
    assert not reach(stock, draft.pk)
    assert not reach(stock, plain.pk)
    assert not [path for path in stock.path.iterdir() if path.suffix == ".part"]


def test_a_stock_without_rows_or_a_version_without_corrections_has_no_file(made_stock, rows, version):
    stock = made_stock(rows, complete=False)
    assert write_corrections(stock, version) is None
    assert write_corrections(made_stock(rows, state="serving"), ActivityVersionFactory()) is None
