"""The two roles of the database: one owns the tables and migrates them, the other runs and cannot change what they are.

The embedded database always has both; a service has where `DATABASE_OWNER_URL` names the owner beside `DATABASE_URL`.
With one role alone, what is append-only is refused to it too, but as the owner it can grant itself the right again.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from totem.core.triggers import REFUSE

GRANTS = """
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role};
"""
ANALYZE_GRANT = "GRANT MAINTAIN ON ALL TABLES IN SCHEMA public TO {role}"  # PostgreSQL 17: for ANALYZE after an import
BITS = {"DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}  # of pg_trigger.tgtype; 1 is a trigger for each row
REFUSING = """
SELECT tgrelid::regclass::text, bit_or(tgtype)::int, max(attname::text),
       EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND confrelid = tgrelid)
  FROM pg_trigger
  LEFT JOIN pg_index ON indrelid = tgrelid AND indisprimary
  LEFT JOIN pg_attribute ON attrelid = tgrelid AND attnum = indkey[0]
 WHERE tgfoid = to_regproc(%s) AND tgtype & 1 = 0 GROUP BY tgrelid ORDER BY 1
"""


@dataclass(frozen=True)
class Refusing:
    """A table with the operations that its triggers refuse to every statement, and whether foreign keys refer to it."""

    table: str
    operations: frozenset[str]
    key: str
    is_referenced: bool


@contextlib.contextmanager
def as_owner() -> Iterator[None]:
    """Context manager: Django's connection, of this process, is the owner's inside; with one role it stays as it is.

    For what changes the schema, in a command. Not inside a transaction.
    """
    running = {name: connection.settings_dict[name] for name in settings.DATABASE_OWNER}
    _connect_as(settings.DATABASE_OWNER)
    try:
        yield
    finally:
        _connect_as(running)


def refusing() -> list[Refusing]:
    """The tables that are append-only or keep some of what they hold, by the triggers that the database has."""
    with connection.cursor() as cursor:
        cursor.execute(REFUSING, [REFUSE])
        return [
            Refusing(table, frozenset(name for name, bit in BITS.items() if bits & bit), key, is_referenced)
            for table, bits, key, is_referenced in cursor.fetchall()
        ]


@transaction.atomic
def grant(**_signal: Any) -> None:
    """Give the running role its rights, and nobody those that triggers refuse; called by the owner after migrations."""
    role = settings.DATABASE_ROLE if settings.DATABASE_OWNER else _current_role()
    if settings.DATABASE_OWNER:
        _execute(GRANTS, role)
        if connection.connection.info.server_version >= 170000:
            _execute(ANALYZE_GRANT, role)
    for one in refusing():
        _execute(f"REVOKE {', '.join(sorted(one.operations))} ON {one.table} FROM {{role}}", role)
        if one.is_referenced and not settings.DATABASE_OWNER:
            # PostgreSQL checks foreign keys as the owner, with a lock that needs the right to update some column.
            _execute(f"GRANT UPDATE ({one.key}) ON {one.table} TO {{role}}", role)


def is_prepared() -> bool:
    """Whether the migrations that make tables append-only have run."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regproc(%s) IS NOT NULL", [REFUSE])
        return bool(cursor.fetchone()[0])


def has_two() -> bool:
    """Whether the role of this connection neither owns the tables nor can become who does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT NOT pg_has_role(relowner, 'MEMBER') AND NOT has_schema_privilege('public', 'CREATE')"
            " FROM pg_class WHERE oid = 'public.core_journalentry'::regclass"
        )
        return bool(cursor.fetchone()[0])


def not_revoked() -> list[str]:
    """Tables of which this role still has a right that their triggers refuse; a superuser has all."""
    with connection.cursor() as cursor:
        return [
            one.table
            for one in refusing()
            if cursor.execute(
                "SELECT bool_or(has_table_privilege(%s, name)) FROM unnest(%s::text[]) AS names (name)",
                [one.table, sorted(one.operations)],
            ).fetchone()[0]
        ]


def _connect_as(fields: dict[str, Any]) -> None:
    if fields:
        connection.close()
        connection.settings_dict.update(fields)


def _current_role() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])


def _execute(statements: str, role: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(statements).format(role=sql.Identifier(role)).as_string(connection.connection))
