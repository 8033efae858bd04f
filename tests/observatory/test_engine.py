"""The engine: SQL that other engines share, nothing of a request in it, and each thread its own answers."""

from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import duckdb
import pytest
import sqlglot
from shapely.geometry import box
from sqlglot import exp

from tests.concurrency import at_once
from tests.factories.observatory import ActivityVersionFactory, establishment
from totem.observatory import activities, engine, queries
from totem.observatory.engine import NoStock, RowsGone, Scope
from totem.observatory.models import Nomenclature, Stock
from totem.territories.places import Place

NAMES = sorted(file.stem for file in engine.SQL.glob("*.sql"))
# What the stock, the question and the engine register; nothing else can be read.
REGISTERED = {
    "cells", "sites", "establishments", "totals", "nation", "series", "moves", "bridge", "addresses", "corrections",
    "bands", "place", "touched", "edge", "inside", "department", "activity", "activity_rev2", "activity_2025", "branch",
    "territory", "actor_code", "actor_legal", "here", "open_here", "companies_here", "sites_here", "pasted",
}  # fmt: skip
# How the parser names an operator (AND, OR) or a part of CASE that it keeps among functions.
SYNTAX = (exp.And, exp.Or, exp.If)


def parsed(name: str) -> exp.Expression:
    (statement,) = sqlglot.parse(engine.text_of(name), dialect="duckdb")
    assert isinstance(statement, exp.Query)  # one statement, that reads
    return statement


def commune(code: str = "80021") -> Place:
    return Place("commune", code, code, (code,), None, None, None, (code,), ())


def square(code: str = "80021") -> Place:
    return Place("dessin", "carre", "Carré", (code,), None, None, box(2, 49, 3, 50), (), (code,))


# -- The language -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_query_keeps_to_the_closed_list_of_functions(name):
    functions = [node for node in parsed(name).find_all(exp.Func) if not isinstance(node, SYNTAX)]
    used = {node.name.upper() if isinstance(node, exp.Anonymous) else node.sql_name() for node in functions}
    assert used <= engine.FUNCTIONS


def test_every_function_of_the_list_is_used_or_is_the_pair_of_one():
    used = {node.sql_name() for name in NAMES for node in parsed(name).find_all(exp.Func)}
    assert engine.FUNCTIONS - used <= {"MIN", "MAX"}


@pytest.mark.parametrize("name", NAMES)
def test_a_query_reads_tables_by_their_registered_names_alone(name):
    tables = list(parsed(name).find_all(exp.Table))
    assert {table.name for table in tables} <= REGISTERED
    assert all(isinstance(table.this, exp.Identifier) and not table.db for table in tables)  # no file, no function
    assert engine.tables_of(name) == {table.name for table in tables}


@pytest.mark.parametrize("name", NAMES)
def test_a_query_says_in_its_head_what_it_gives(name):
    head = engine.text_of(name).splitlines()[0]
    assert head.startswith("-- ")
    assert len(head.split()) > 5


@pytest.mark.parametrize("dialect", ["spark", "postgres"])
@pytest.mark.parametrize("name", NAMES)
def test_a_query_can_be_said_to_another_engine(name, dialect):
    (other,) = sqlglot.transpile(
        engine.text_of(name), read="duckdb", write=dialect, unsupported_level=sqlglot.ErrorLevel.RAISE
    )
    assert sqlglot.parse_one(other, dialect=dialect).find(exp.Select)


def test_every_query_is_asked_somewhere():
    room = Path(engine.__file__).parent
    code = "\n".join(file.read_text(encoding="utf-8") for file in room.rglob("*.py"))
    assert [name for name in NAMES if f'"{name}"' not in code and f"'{name}'" not in code] == []


# -- Nothing of a request becomes SQL ---------------------------------------------------------------------------------

HOSTILE = ("80021' OR '1'='1", "'; DROP TABLE place; --", "80021\x00", "$commune", "é" * 5000, '"')


@pytest.fixture
def scope(made_stock) -> Scope:
    """Three establishments in Amiens, one in Rouen."""
    version = ActivityVersionFactory()
    rows = [establishment() for _each in range(3)] + [establishment(commune="76540")]
    return Scope(made_stock(rows, versions=[version]), activities.activities_of(version), commune())


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_are_values_that_match_nothing(scope, words):
    before = queries.profile(scope)
    place = replace(commune(words), communes=(words,))
    assert queries.totals(replace(scope, place=place)).establishments == 0
    assert [row.establishments for row in queries.communes(replace(scope, place=place))] == [0]
    counted = replace(scope.activities, codes=(words,), branch_of_code=(1,), branches=(words,), slug=words, name=words)
    assert queries.totals(replace(scope, activities=counted)).establishments == 0
    (ranked,) = queries.ranking(scope, {"80021": words})
    assert (ranked.key, ranked.establishments) == (words, 3)
    assert queries.company_ids(scope, category=words) == frozenset()
    assert queries.profile(scope) == before


def test_a_table_that_no_question_has_cannot_be_made(scope):
    with engine.opened(scope) as question, pytest.raises(KeyError):
        question.register("place; DROP TABLE bands", commune=["80021"])


def test_a_query_that_does_not_exist_is_not_looked_for_elsewhere(scope):
    with engine.opened(scope) as question, pytest.raises(FileNotFoundError):
        question.ask("nothing")


def test_a_folder_with_a_quote_in_its_name_is_a_folder(made_stock, settings, tmp_path):
    settings.OBSERVATORY_DIR = tmp_path / "l'observatoire"
    version = ActivityVersionFactory()
    stock = made_stock([establishment()])
    assert queries.totals(Scope(stock, activities.activities_of(version), commune())).establishments == 1


# -- One question does not mix with another ---------------------------------------------------------------------------


def test_threads_that_ask_at_once_get_their_own_answers_while_databases_follow_one_another(made_stock, monkeypatch):
    monkeypatch.setattr(engine, "MOST_SCOPES", 5)
    engine._free[:] = [old] = [engine._new_connection()]
    version = ActivityVersionFactory()
    first = made_stock([establishment(commune=f"8000{n}") for n in range(1, 5) for _each in range(n)], folder="a")
    other = made_stock([establishment(commune="80001")] * 9, folder="b", state=Stock.State.ARCHIVED)
    counted = activities.activities_of(version)
    asked = [(Scope(first, counted, commune(f"8000{n}")), n) for n in range(1, 5)]
    asked += [(Scope(other, counted, commune("80001")), 9), (Scope(first, counted, square("80004")), 4)]

    def answers(scope: Scope) -> set[int]:
        found = [queries.profile(scope) for _turn in range(8)]
        in_branches = {sum(branch.establishments for branch in one.branches) for one in found}
        return {one.totals.establishments for one in found} | in_branches

    assert at_once(*(partial(answers, scope) for scope, _expected in asked)) == [{n} for _scope, n in asked]
    with pytest.raises(duckdb.ConnectionException):  # what it kept of each question is given back
        old.duckdb.execute("SELECT 1")


def test_stocks_nomenclatures_versions_and_places_can_alternate(made_stock):
    plain, without = (ActivityVersionFactory(corrections=found) for found in ({}, {"911111111": None}))
    moved = ActivityVersionFactory(corrections={"911111111": 1})
    rows = [establishment(siren="911111111"), establishment(code25=None), establishment(code25="99.99Z")]
    new = made_stock(rows, versions=[without, moved])
    old = made_stock(rows[:1], versions=[without, moved], complete=False, date=date(2026, 1, 1))
    rev2, later, out, other = (
        activities.activities_of(plain), activities.activities_of(plain, Nomenclature.NAF2025),
        activities.activities_of(without), activities.activities_of(moved),
    )  # fmt: skip
    expected = [
        (Scope(new, rev2, commune()), [0, 3]), (Scope(new, later, commune()), [0, 1]),
        (Scope(new, out, commune()), [0, 2]), (Scope(new, other, commune()), [1, 2]),
        (Scope(old, rev2, commune()), [0, 1]), (Scope(old, out, commune()), [0, 0]),
        (Scope(old, other, commune()), [1, 0]), (Scope(new, rev2, square()), [0, 3]),
    ]  # fmt: skip
    for scope, branches in expected + expected[::-1] + expected[::3]:
        assert [branch.establishments for branch in queries.profile(scope).branches] == branches


def test_a_stock_that_cannot_be_read_leaves_nothing_of_itself_behind(scope, made_stock):
    broken = made_stock([establishment()] * 7, folder="broken", state=Stock.State.ARCHIVED)
    (broken.path / "addresses.parquet").unlink()
    assert queries.totals(scope).establishments == 3
    with pytest.raises(duckdb.IOException):
        queries.totals(replace(scope, stock=broken))
    assert queries.totals(scope).establishments == 3


def test_a_stock_of_which_cubes_are_kept_says_when_rows_are_asked_for(made_stock):
    version = ActivityVersionFactory()
    old = made_stock([establishment()], complete=False)
    scope = Scope(old, activities.activities_of(version), commune())
    assert queries.profile(scope).totals.establishments == 1
    assert queries.quality(scope)["establishments"] == 1
    for question in (queries.companies, queries.company_ids, queries.actors):
        with pytest.raises(RowsGone):
            question(scope)
    with pytest.raises(RowsGone):
        queries.totals(replace(scope, place=square()))  # which side of the edge a site stands on is in the rows


def test_without_a_stock_in_service_there_is_nothing_to_count(made_stock):
    with pytest.raises(NoStock):
        queries.serving_stock()
    made_stock([], complete=False)
    with pytest.raises(NoStock):
        queries.serving_stock()
    serving = made_stock([])
    assert queries.serving_stock() == serving


def test_without_the_perimeters_loaded_there_is_nothing_to_count(db):
    with pytest.raises(NoStock):
        queries.default_activities()


def test_a_question_that_would_swell_the_process_fails_and_the_next_one_answers(scope, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert queries.totals(scope).establishments == 3
    cursor = engine._new_connection().duckdb
    (limit,) = cursor.execute("SELECT current_setting('memory_limit')").fetchall()
    assert limit == ("152.5 MiB",)
    with pytest.raises(duckdb.OutOfMemoryException):
        cursor.execute("CREATE TEMP TABLE large AS SELECT i, hash(i) AS h FROM range(20_000_000) AS r(i) ORDER BY h")
    assert queries.totals(scope).establishments == 3
    assert list(tmp_path.glob("**/.tmp")) == []  # nor does it fill the disk


def test_no_extension_is_ever_fetched_or_loaded(scope):
    settings = engine._new_connection().duckdb
    for name in ("autoinstall_known_extensions", "autoload_known_extensions"):
        assert settings.execute(f"SELECT current_setting('{name}')").fetchall() == [(False,)]
