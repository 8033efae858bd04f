"""Names that nobody can see, or that look like another's by turning the text around."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from totem.accounts.models import User
from totem.core.visible_names import validate_name

INVISIBLE = ("\u200b", "\u3164", "\u2800", "\u200e\u200f", "\ufeff\u00ad", "…", "\u202eelliV", "\u2067x\u2069")


@pytest.mark.parametrize("name", INVISIBLE)
def test_a_name_that_is_not_seen_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        validate_name(name)


@pytest.mark.parametrize("name", ["Zoé", "A", "42", "李", "Ol\u200cga", "علی\u200cرضا", "O’Brien-Łukasz", "한"])
def test_names_of_every_script_are_accepted(name: str) -> None:
    validate_name(name)


@pytest.mark.django_db
def test_nobody_signs_up_under_an_invisible_name(client: Client) -> None:
    for name in INVISIBLE:
        answer = client.post(reverse("account_signup"), {"name": name, "email": "a@example.org"})
        assert answer.status_code == 422
        assert "name" in answer.context["form"].errors
    assert not User.objects.exists()
