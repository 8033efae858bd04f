"""`totem staff EMAIL`: the first person of an installation, who needs no shell afterwards."""

from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from tests.factories.accounts import UserFactory
from totem.accounts.models import User
from totem.core.models import JournalEntry

PASSWORD = "un-grand-bureau-orange"


def link_for(email: str, **options: str) -> str:
    """The address that the command prints, without the host."""
    output = StringIO()
    call_command("staff", email, stdout=output, **options)
    return output.getvalue().split()[-1].removeprefix(settings.SITE_URL)


def choose_password(client: Client, link: str):
    page = client.get(link)
    return client.post(page.url, {"password1": PASSWORD, "password2": PASSWORD}) if page.status_code == 302 else page


def test_the_first_manager_signs_in_once_by_the_link_and_opens_a_hub(client: Client, db: None) -> None:
    link = link_for("Camille@Example.org", name="Camille Petit")
    assert choose_password(client, link).status_code == 302
    assert client.get(reverse("hubs:create")).status_code == 200
    person = User.objects.get(email="camille@example.org")
    assert (person.name, person.is_staff, person.is_superuser) == ("Camille Petit", True, False)

    again = choose_password(Client(), link)
    assert "n’est plus valable" in again.content.decode()
    signed_in = Client().post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    assert signed_in.status_code == 302


def test_an_account_that_exists_is_kept_and_the_journal_has_it(db: None) -> None:
    person = UserFactory(name="Camille")
    link_for(person.email, name="Another")
    person.refresh_from_db()
    assert (person.name, person.is_staff) == ("Camille", True)
    link_for(person.email)
    assert JournalEntry.objects.filter(verb="accounts.staff_set").count() == 1


@pytest.mark.parametrize("email", ["camille", "", "a b@example.org"])
def test_what_is_no_address_is_refused(email: str, db: None) -> None:
    with pytest.raises(CommandError):
        link_for(email)
    assert not User.objects.exists()


def test_a_closed_account_is_refused(db: None) -> None:
    with pytest.raises(CommandError, match="closed"):
        link_for(UserFactory(is_active=False).email)
