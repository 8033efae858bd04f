"""The link that `totem serve` prints makes the first person of the staff, once, and nobody else."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tests.factories.accounts import UserFactory
from totem.accounts import claiming
from totem.accounts.models import User

pytestmark = pytest.mark.django_db


def test_the_printed_link_makes_its_reader_the_first_of_the_staff_and_ends(client: Client) -> None:
    person, other = UserFactory(), UserFactory()
    link = claiming.link().removeprefix(settings.SITE_URL)
    asked = client.get(link)
    assert asked["Location"].startswith(reverse("account_login"))  # an account first; then the link again
    client.force_login(person)
    assert person.email in client.get(link).content.decode()
    assert not User.objects.filter(is_staff=True).exists()
    assert client.post(link)["Location"] == reverse("hubs:create")
    assert User.objects.get(is_staff=True) == person
    client.force_login(other)
    assert (client.get(link).status_code, client.post(link).status_code) == (404, 404)
    User.objects.update(is_staff=False)  # erased, say: what was printed long ago opens nothing
    assert (claiming.link(), client.post(link).status_code) == ("", 404)


def test_who_signs_up_first_without_the_link_gets_nothing(client: Client) -> None:
    client.force_login(UserFactory())
    for code in ("0", "x" * 32):
        assert client.post(reverse("accounts:claim", args=[code])).status_code == 404
    assert not User.objects.filter(is_staff=True).exists()
