"""The bare SQL of a page: the statements its view runs, recorded as text, to be run again over psycopg alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from benchmarks.stage import HOST

# The middleware reads session and person for the baseline page too: their time is counted there.
OF_THE_MIDDLEWARE = ('FROM "django_session"', 'FROM "accounts_user" WHERE "accounts_user"."id" =')


@dataclass(frozen=True)
class Statement:
    """One statement with its values in it, whether it ran in a transaction, and whether a template ran it."""

    sql: str
    in_transaction: bool
    of_template: bool


@contextmanager
def recorded_statements() -> Iterator[list[Statement]]:
    """Yields a list that collects the statements Django's connection executes, except those of the middleware."""
    from django.db import connection  # noqa: PLC0415 - the settings are chosen by the stage
    from django.template.backends.django import Template  # noqa: PLC0415

    statements: list[Statement] = []
    rendering: list[bool] = []
    render = Template.render

    def render_marked(template: Any, context: Any = None, request: Any = None) -> Any:
        rendering.append(True)
        try:
            return render(template, context, request)
        finally:
            rendering.pop()

    def record(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        assert not many
        result = execute(sql, params, many, context)
        # A cursor of its own: that of the page may still have rows to fetch.
        text = psycopg.ClientCursor(connection.connection).mogrify(sql, params) if params else sql
        if not any(mark in text for mark in OF_THE_MIDDLEWARE):
            statements.append(Statement(text, connection.in_atomic_block, bool(rendering)))
        return result

    Template.render = render_marked  # type: ignore[method-assign,assignment]
    try:
        with connection.execute_wrapper(record):
            yield statements
    finally:
        Template.render = render  # type: ignore[method-assign]


def browser(session: str) -> Any:
    """Django's test client with this session: the views run in this process, with all of the middleware."""
    from django.test import Client  # noqa: PLC0415

    client = Client(SERVER_NAME=HOST)
    client.cookies["sessionid"] = session
    return client


def statements_of_page(session: str, path: str) -> tuple[list[str], int]:
    """The statements of a view, and the number of those that its template runs, as the baseline page does too."""
    client = browser(session)
    client.get(path, secure=True)
    with recorded_statements() as statements:
        answer = client.get(path, secure=True)
    assert answer.status_code == 200, f"{path} answers {answer.status_code}"
    of_view = [statement.sql for statement in statements if not statement.of_template]
    return of_view, len(statements) - len(of_view)


Rows = list[tuple[Any, ...]]


def ask(connection: psycopg.Connection, statements: list[str]) -> list[Rows]:
    """Run the statements one after the other and return their rows."""
    rows = []
    with psycopg.ClientCursor(connection) as cursor:
        for statement in statements:
            cursor.execute(statement)
            rows.append(cursor.fetchall())
    return rows
