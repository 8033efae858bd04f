"""QuerySets that are compiled once: Django takes longer to write a statement than PostgreSQL to answer it.

The statement is a QuerySet like any other, in which `Named` stands for what is asked each time:

    _YEARS = Statement(lambda: Year.objects.filter(AnyOf("organisation", "ids")).values_list("id", "revenue"))
    rows = _YEARS.rows(ids=[1, 2])
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar

from django.db import connection
from django.db.models import BooleanField, Expression, F, Field, Func, QuerySet
from django.db.models.expressions import Combinable


class Named(Expression):
    """A value that is given when the statement is asked."""

    def __init__(self, name: str, output_field: "Field[Any, Any]") -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:  # noqa: ARG002
        """A place in the statement, with its type; the parameter is this expression until it is asked."""
        return f"%s::{self.output_field.cast_db_type(connection)}", [self]


class AnyOf(Func):
    """Whether a field is one of an array, in one parameter: there may be tens of thousands of communes."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    output_field: ClassVar["BooleanField[bool, bool]"] = BooleanField()

    def __init__(self, field: str | Combinable, among: Expression) -> None:
        super().__init__(F(field) if isinstance(field, str) else field, among)


class Statement:
    """A QuerySet of values, as the statement it becomes."""

    def __init__(self, build: Callable[[], "QuerySet[Any, Any]"]) -> None:
        self.build = build

    @cached_property
    def compiled(self) -> tuple[str, tuple[Any, ...]]:
        """The SQL and its parameters, of which some are `Named`."""
        return self.build().query.sql_with_params()

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """The rows for these values, as tuples in the order of the columns. Raises KeyError for one that is missing."""
        sql, parameters = self.compiled
        given = [values[one.name] if isinstance(one, Named) else one for one in parameters]
        with connection.cursor() as cursor:
            cursor.execute(sql, given)
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
