"""Days that nobody means, such as 9999-12-31, in every address and every form: refused, never a 500."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from django import forms
from django.conf import settings
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ModuleRows
from tests.factories.organisations import AffiliationFactory
from tests.factories.territories import WorkspaceMemberFactory
from tests.test_access import ADDRESSES, World
from totem.core.forms import DateField
from totem.core.periods import EARLIEST_DAY, LATEST_DAY, parse_day

pytestmark = pytest.mark.django_db

PARAMETERS = ("date", "le", "stock", "day")


@pytest.fixture(scope="module")
def world(module_db: ModuleRows) -> World:
    with module_db():
        found = World()
        about = {"person": found.manager}
        WorkspaceMemberFactory(workspace=found.perimeter.workspace, **about)
        AffiliationFactory(organisation=found.affiliation.organisation, **about)
        return found


@pytest.fixture
def client(world: World) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(world.manager)
    return client


def urls(world: World) -> Iterator[tuple[str, str]]:
    for name, wanted in sorted(ADDRESSES.items()):
        known: dict[str, object] | None = None
        with suppress(AssertionError):  # of pages of the observatory and of /design/ World does not know the arguments
            known = world.arguments(name, wanted)
        if known is not None:
            yield name, reverse(name, kwargs=known)


@pytest.mark.usefixtures("plain_refusals")
def test_no_address_and_no_form_fails_for_a_day_of_another_age(world: World, client: Client) -> None:
    asked = {**dict.fromkeys(PARAMETERS, "9999-12-31"), "start": "0001-01-01T00:00:00+14:00"}
    seen = set()
    for name, url in urls(world):
        answer = client.get(url, asked)
        if answer.streaming:
            list(answer)  # a file: read to its end it is closed
        assert answer.status_code < 500 or fails_anyway(client, url), name
        for form in dated_forms(answer):
            seen.add(type(form).__name__)
            for day in ("1800-01-01", "2199-12-31", "9999-12-31"):
                assert client.post(url, filled(form, day)).status_code < 500, (name, day)
    assert len(seen) > 12, seen


def fails_anyway(client: Client, url: str) -> bool:
    """Some rows of the factories are too poor to be shown: their pages fail whatever the day."""
    return client.get(url).status_code >= 500


def dated_forms(response: Any) -> list[forms.BaseForm]:
    """The forms of a page that ask for a day."""
    found = (value for layer in response.context or () for value in layer.dicts[-1].values())
    asked = {id(form): form for form in found if isinstance(form, forms.BaseForm)}
    return [form for form in asked.values() if any(isinstance(f, forms.DateField) for f in form.fields.values())]


def filled(form: forms.BaseForm, day: str) -> dict[str, Any]:
    """What a browser would submit, with that day in each field that asks for one and something in each required one."""
    data: dict[str, Any] = {}
    for bound in form:
        value = bound.value()
        if isinstance(bound.field, forms.DateField):
            value = day
        elif value in (None, "") and bound.field.required:
            choices = [key for key, _words in getattr(bound.field, "choices", ()) if key]
            value = choices[0] if choices else 1
        if value not in (None, False):
            data[bound.html_name] = value
    return data


def test_every_day_of_a_form_is_read_by_one_field() -> None:
    def classes(kind: type[forms.BaseForm]) -> Iterator[type[forms.BaseForm]]:
        for sub in kind.__subclasses__():
            yield from (sub, *classes(sub))

    others = {
        (form.__name__, name)
        for form in classes(forms.BaseForm)
        if form.__module__.startswith("totem.")
        for name, field in getattr(form, "base_fields", {}).items()
        if isinstance(field, forms.DateField) and not isinstance(field, DateField)
    }
    assert others == set()


def test_every_day_of_an_address_is_read_by_one_function() -> None:
    """`datetime.fromisoformat` of instants stays where its result is compared with now."""
    views = [*settings.BASE_DIR.glob("totem/*/views/**/*.py"), *settings.BASE_DIR.glob("totem/*/views.py")]
    readers = [path.name for path in views if re.search(r"\bdate\.fromisoformat|strptime", path.read_text("utf-8"))]
    assert readers == []


@given(st.dates())
def test_a_day_is_read_or_refused(day: date) -> None:
    if EARLIEST_DAY <= day <= LATEST_DAY:
        assert parse_day(day.isoformat()) == DateField().clean(day.isoformat()) == day
        return
    with pytest.raises(ValueError, match=day.isoformat()):
        parse_day(day.isoformat())
    with pytest.raises(forms.ValidationError):
        DateField().clean(day.isoformat())
