"""Expressions for constraints. The embedded PostgreSQL lacks btree_gist: a one-value range stands in for `=`."""

from typing import Any, ClassVar

from django.contrib.postgres.fields import BigIntegerRangeField, DateRangeField, IntegerRangeField, RangeOperators
from django.db.models import BigIntegerField, CharField, Expression, F, Func, Value
from django.db.models.fields import Field
from django.db.models.lookups import Exact


class EqualAsRange(Func):
    """`int8range(x, x, '[]')`: overlaps another one only where the values are equal."""

    function = "int8range"
    output_field: ClassVar["Field[Any, Any]"] = BigIntegerRangeField()

    def __init__(self, value: str | Expression) -> None:
        expression = F(value) if isinstance(value, str) else value
        super().__init__(expression, expression, Value("[]"))

    def replace_expressions(self, replacements: Any) -> Any:
        """Model validation gives values by field name ("hub") where this expression has the column ("hub_id").

        A field that it excludes is unknown here: left as a column, it would be compared with itself and refuse rows of
        others. As NULL it refuses nothing, and the database decides.
        """
        by_column: dict[Any, Any] = {
            F(f"{field.name}_id"): value  # type: ignore[attr-defined]
            for field, value in replacements.items()
            if isinstance(field, F)
        }
        columns: list[Any] = [one for one in self.flatten() if isinstance(one, F)]  # type: ignore[unreachable]
        unknown = {one: Value(None, BigIntegerField()) for one in columns if one not in {**by_column, **replacements}}
        return super().replace_expressions({**unknown, **by_column, **replacements})

    @staticmethod
    def on(value: str | Expression) -> tuple[Expression, str]:
        return EqualAsRange(value), RangeOperators.OVERLAPS


class InclusiveDates(Func):
    """The days from one date to another, both included; empty ends are open."""

    function = "daterange"
    output_field: ClassVar["Field[Any, Any]"] = DateRangeField()

    def __init__(self, first: str = "starts_on", last: str = "ends_on") -> None:
        super().__init__(F(first), F(last), Value("[]"))

    @staticmethod
    def overlap() -> tuple[Expression, str]:
        return InclusiveDates(), RangeOperators.OVERLAPS


class MinutesOfWeek(Func):
    """The minutes of the week from `opens_at` to `closes_at`, the next day where that is not later than `opens_at`."""

    template = (
        "int4range((weekday * 1440 + extract(epoch from opens_at)::int / 60), "
        "(weekday * 1440 + extract(epoch from closes_at)::int / 60"
        " + CASE WHEN closes_at > opens_at THEN 0 ELSE 1440 END))"
    )
    output_field: ClassVar["Field[Any, Any]"] = IntegerRangeField()
    arity = 0

    @staticmethod
    def overlap() -> tuple[Expression, str]:
        return MinutesOfWeek(), RangeOperators.OVERLAPS


def is_sha256_of(column: str, *, is_text: bool = True) -> Exact:
    """The condition that column `sha256` is the SHA-256, in hexadecimal, of `column` (bytes, or text in UTF-8)."""
    content = Func(F(column), Value("UTF8"), function="convert_to") if is_text else F(column)
    summed = Func(Func(content, function="sha256"), Value("hex"), function="encode", output_field=CharField())
    return Exact(F("sha256"), summed)
