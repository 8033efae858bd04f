"""Compiled queries return what their QuerySet returns, with other values each time."""

import pytest
from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, F

from tests.factories.territories import CommuneFactory
from totem.core.compiled_queries import AnyOf, CompiledModelQuery, CompiledQuery, QueryParameter
from totem.territories.models import Commune

pytestmark = pytest.mark.django_db

STATEMENT = CompiledQuery(
    lambda: (
        Commune.objects.filter(AnyOf("code", QueryParameter("codes", ArrayField(CharField()))))
        .order_by("code")
        .values_list("code", "department__name")
    )
)


def test_a_compiled_query_runs_again_with_other_values() -> None:
    CommuneFactory(amiens=True)
    CommuneFactory(rouen=True)
    assert STATEMENT.rows(codes=["80021"]) == [("80021", "Somme")]
    assert STATEMENT.rows(codes=["76540", "80021", "00000"]) == [("76540", "Seine-Maritime"), ("80021", "Somme")]
    assert STATEMENT.rows(codes=[]) == []


def test_instances_are_those_of_the_queryset_with_what_it_selects() -> None:
    CommuneFactory(amiens=True)
    known = Commune.objects.select_related("department").annotate(of=F("department__name")).defer("name")
    compiled = CompiledModelQuery(lambda: known.filter(code=QueryParameter("code", CharField())))
    (made,), (wanted,) = compiled.objects(code="80021"), known
    assert made == wanted
    assert vars(made).keys() == vars(wanted).keys()
    assert (made.department, made.of) == (wanted.department, "Somme")  # type: ignore[attr-defined]
    assert compiled.objects(code="00000") == []


def test_a_parameter_is_a_value_and_never_sql() -> None:
    CommuneFactory(amiens=True)
    assert STATEMENT.rows(codes=["80021') OR true --", "%s", "{80021}"]) == []


def test_a_missing_parameter_is_an_error() -> None:
    with pytest.raises(KeyError):
        STATEMENT.rows()
