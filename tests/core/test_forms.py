"""Numbers as people type them, in every form of the house."""

from decimal import Decimal

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.utils import translation

from config import urls  # noqa: F401 - loads every form
from totem.core.forms import CoordinateField, HourField, NumberField


def all_forms(of: type[forms.BaseForm] = forms.BaseForm) -> set[type[forms.BaseForm]]:
    found = {form for form in of.__subclasses__() if form.__module__.startswith("totem.")}
    return found.union(*(all_forms(form) for form in of.__subclasses__()))


def test_every_decimal_of_every_form_reads_a_comma():
    decimals = {
        f"{form.__module__}.{form.__name__}.{name}": type(field)
        for form in all_forms()
        for name, field in getattr(form, "base_fields", {}).items()
        if isinstance(field, forms.DecimalField | forms.FloatField)
    }
    assert len(decimals) > 10
    assert [name for name, field in decimals.items() if not issubclass(field, NumberField)] == []


@pytest.mark.parametrize(
    ("language", "typed", "read"),
    [
        ("fr", "12,50", "12.50"),
        ("fr", "12.5", "12.5"),
        ("fr", "1 250,00 €", "1250.00"),
        ("fr", "1\u202f234,5", "1234.5"),
        ("fr", "0", "0"),
        ("fr", "−3", "-3"),
        ("en", "12,50", "12.50"),
        ("en", "1,250.00 €", "1250.00"),
        ("en", "1,250", "1250"),
    ],
)
def test_a_number_is_read_as_the_reader_writes_it(language: str, typed: str, read: str):
    with translation.override(language):
        assert NumberField(unit="€").clean(typed) == Decimal(read)


@pytest.mark.parametrize("typed", ["10.000", "1e9", "douze", "1,2,3", "NaN", "12,50 $", "1\x00"])
def test_a_number_that_is_none_or_could_be_two_is_asked_again(typed: str):
    with pytest.raises(ValidationError):
        NumberField().clean(typed)


@pytest.mark.parametrize("typed", ["49.8940671234", "49,8940671234", "49.894067°", " 49.894067 "])
def test_a_pasted_coordinate_is_rounded(typed: str):
    assert CoordinateField(max_digits=8, decimal_places=6).clean(typed) == Decimal("49.894067")


def test_a_number_that_is_no_angle_is_refused_however_long():
    with pytest.raises(ValidationError):
        CoordinateField(max_digits=8, decimal_places=6).clean("9" * 40)


def test_what_is_kept_is_shown_as_it_is_typed():
    assert NumberField().prepare_value(Decimal("1250.50")) == "1\u202f250,5"
    assert CoordinateField().prepare_value(Decimal("2.295753")) == "2,295753"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("17h", "17:00"),
        ("8 h", "08:00"),
        ("13h30", "13:30"),
        ("13 h 30", "13:30"),
        ("9", "09:00"),
        ("17:05", "17:05"),
        ("5 pm", "17:00"),
        ("12am", "00:00"),
    ],
)
def test_an_hour_is_read_as_people_type_it(typed: str, read: str):
    assert f"{HourField().clean(typed):%H:%M}" == read


@pytest.mark.parametrize("typed", ["24h", "17h60", "midi", "1730", "1\x00"])
def test_what_is_no_hour_is_asked_again(typed: str):
    with pytest.raises(ValidationError):
        HourField().clean(typed)
