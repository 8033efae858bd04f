"""The bare SQL of a page: the very statements its view runs, caught as text, to be run again over psycopg alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from benchmarks.stage import HOST

# Who asks is read by the middleware, for the baseline page as for the page: it is counted there.
OF_THE_MIDDLEWARE = ('FROM "django_session"', 'FROM "accounts_user" WHERE "accounts_user"."id" =')


@dataclass(frozen=True)
class Statement:
    """One statement with its values in it, whether it was part of a transaction, and whether a template asked it."""

    sql: str
    in_transaction: bool
    of_template: bool


@contextmanager
def caught() -> Iterator[list[Statement]]:
    """The statements that Django's connection executes meanwhile, those of the middleware left out."""
    from django.db import connection  # noqa: PLC0415 - the settings are chosen by the stage
    from django.template.backends.django import Template  # noqa: PLC0415

    statements: list[Statement] = []
    rendering: list[bool] = []
    render = Template.render

    def marked(template: Any, context: Any = None, request: Any = None) -> Any:
        rendering.append(True)
        try:
            return render(template, context, request)
        finally:
            rendering.pop()

    def catch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        assert not many
        result = execute(sql, params, many, context)
        # A cursor of its own: that of the page still has rows to give.
        text = psycopg.ClientCursor(connection.connection).mogrify(sql, params) if params else sql
        if not any(mark in text for mark in OF_THE_MIDDLEWARE):
            statements.append(Statement(text, connection.in_atomic_block, bool(rendering)))
        return result

    Template.render = marked  # type: ignore[method-assign,assignment]
    try:
        with connection.execute_wrapper(catch):
            yield statements
    finally:
        Template.render = render  # type: ignore[method-assign]


def browser(session: str) -> Any:
    """Django's test client, signed in: the views run in this process, with all of their middleware."""
    from django.test import Client  # noqa: PLC0415

    client = Client(SERVER_NAME=HOST)
    client.cookies["sessionid"] = session
    return client


def of_page(session: str, path: str) -> tuple[list[str], int]:
    """What a view asks the database; and how often the template asks, which the baseline page does too."""
    client = browser(session)
    client.get(path, secure=True)
    with caught() as statements:
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
