"""Triggers of models that no setting of the session switches off.

Those of django-pgtrigger obey `pgtrigger.ignore`, which any role may set, and read tables through the session's
search_path, where somebody's temporary table of the same name comes first. These do neither;
`tests/test_architecture.py` holds the models to them. A table is append-only, or keeps some of what it holds, by
`append_only`, `Refusal` and `read_only`, which all run one function of the database, `core_refuse_change`: from them
`core.roles` reads which privileges nobody has on the table.
"""

from typing import ClassVar

import pgtrigger
from django.db.models import Model
from pgtrigger import compiler

REFUSE = "core_refuse_change"

_TRIGGER = """
DROP TRIGGER IF EXISTS {pgid} ON {table};
CREATE {constraint} TRIGGER {pgid} {when} {operation} ON {table} {timing} {referencing}
FOR EACH {level} {condition} EXECUTE FUNCTION {execute};
COMMENT ON TRIGGER {pgid} ON {table} IS '{hash}';
"""
_FUNCTION = """
CREATE OR REPLACE FUNCTION {pgid}() RETURNS TRIGGER AS $$ {declare} BEGIN {func} END; $$
LANGUAGE plpgsql SET search_path = public, pg_temp;
"""


class TriggerSql(compiler.UpsertTriggerSql):  # type: ignore[misc]
    """A trigger and its function. Migrations name this class: a change of its SQL needs another class."""

    def get_template(self) -> str:
        return _FUNCTION + _TRIGGER


class RefusalSql(compiler.UpsertTriggerSql):  # type: ignore[misc]
    """A trigger that runs a function that exists. Migrations name this class, as the other."""

    def get_template(self) -> str:
        return _TRIGGER


class Trigger(pgtrigger.Trigger):  # type: ignore[misc]
    """A trigger with a function of its own, in PL/pgSQL."""

    sql: ClassVar[type[compiler.UpsertTriggerSql]] = TriggerSql

    def compile(self, model: Model) -> compiler.Trigger:
        given = super().compile(model).sql.kwargs
        del given["ignore_func_name"]
        return compiler.Trigger(name=self.name, sql=self.sql(**given))


class Refusal(Trigger):
    """Refuses an operation: every statement, or with a condition the rows for which it holds."""

    sql = RefusalSql
    when = pgtrigger.Before

    def __init__(
        self, *, name: str, operation: pgtrigger.Operation, condition: pgtrigger.Condition | None = None
    ) -> None:
        level = pgtrigger.Row if condition else pgtrigger.Statement
        super().__init__(name=name, level=level, operation=operation, condition=condition)

    def get_func(self, model: Model) -> str:  # noqa: ARG002
        return ""

    def render_execute(self, model: Model) -> str:  # noqa: ARG002
        return f"{REFUSE}()"


def append_only() -> Refusal:
    """The rows of the table are inserted and never changed, deleted or truncated."""
    return Refusal(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete | pgtrigger.Truncate)


def read_only(name: str, *fields: str) -> Refusal:
    """These fields keep the value they were inserted with."""
    return Refusal(name=name, operation=pgtrigger.Update, condition=pgtrigger.AnyChange(*fields))
