"""Telephone numbers: checked by region, kept as E.164, shown as people read them, dialled as links."""

import pytest
from django.core.exceptions import ValidationError
from django.template import engines

from totem.core.phones import PhoneField


@pytest.mark.parametrize(
    ("region", "typed", "kept"),
    [
        ("FR", "03 22 22 45 45", "+33322224545"),
        ("FR", "+33 (0)3.22.22.45.45", "+33322224545"),
        ("RE", "0262 20 00 00", "+262262200000"),
        ("RE", "03 22 22 45 45", "+33322224545"),
        ("FR", "+44 20 7946 0018", "+442079460018"),
        ("FR", "", ""),
    ],
)
def test_a_number_is_read_in_its_region(region: str, typed: str, kept: str):
    field = PhoneField(required=False)
    field.region = region
    assert field.clean(typed) == kept


@pytest.mark.parametrize("typed", ["0262 20 00 00", "03 22", "12", "appelez-moi", "03 22 22 45 45 46 47"])
def test_what_is_no_number_of_the_region_is_refused(typed: str):
    with pytest.raises(ValidationError):
        PhoneField().clean(typed)


@pytest.mark.parametrize(
    ("kept", "link"),
    [
        ("+33322224545", '<a href="tel:+33322224545">03 22 22 45 45</a>'),
        ("+262262200000", '<a href="tel:+262262200000">0262 20 00 00</a>'),
        ("+442079460018", '<a href="tel:+442079460018">+44 20 7946 0018</a>'),
        ("<b>3615</b>", "&lt;b&gt;3615&lt;/b&gt;"),
    ],
)
def test_a_link_dials_the_number(kept: str, link: str):
    template = engines["django"].from_string("{% phone_link number %}")
    assert template.render({"number": kept}) == link
