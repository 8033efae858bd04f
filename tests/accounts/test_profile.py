"""A person's own account: profile, language, export and erasure of data; pages of the demonstration."""

import json

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from tests.factories.accounts import PASSWORD, UserFactory
from totem.accounts.actions import ErasureRefused
from totem.accounts.models import DemoRole, User
from totem.accounts.signals import person_erasing, personal_data_requested
from totem.core import mail
from totem.core.models import JournalEntry, JournalPersonalValue, Mail

pytestmark = pytest.mark.django_db

PROFILE, ERASE, EXPORT = (reverse(f"accounts:{name}") for name in ("profile", "erase", "export"))
LANGUAGE = reverse("set_language")


class TestProfile:
    def test_name_and_language_change_and_the_journal_says_so(self, client):
        person = UserFactory(name="Camille")
        client.force_login(person)
        assert client.post(PROFILE, {"name": "Dominique", "language": "en"}).status_code == 302
        person.refresh_from_db()
        assert (person.name, person.sort_key, person.language) == ("Dominique", "dominique", "en")
        entry = JournalEntry.objects.get(verb="accounts.profile_updated")
        assert entry.facts == {"fields": ["language", "name"]}
        assert "Camille" not in json.dumps(entry.facts)
        assert entry.personal_values.get().values["name"] == "Camille"

    def test_a_telephone_is_checked_kept_given_back_and_erased(self, client):
        person = UserFactory()
        client.force_login(person)
        sent = {"name": "Camille", "language": "fr"}
        assert client.post(PROFILE, {**sent, "phone": "03 22"}).status_code == 422
        client.post(PROFILE, {**sent, "phone": "03 22 22 45 45"})
        client.post(LANGUAGE, {"language": "fr"})
        assert client.get(EXPORT).json()["account"]["phone"] == "+33322224545"
        client.post(ERASE)
        person.refresh_from_db()
        assert person.phone == ""

    @pytest.mark.parametrize("wrong", [{"name": ""}, {"language": "xx"}, {"name": "x" * 151}])
    def test_a_bad_value_changes_nothing(self, client, wrong):
        person = UserFactory(name="Camille")
        client.force_login(person)
        assert client.post(PROFILE, {"name": "Dominique", "language": "en", **wrong}).status_code == 422
        person.refresh_from_db()
        assert (person.name, person.language) == ("Camille", "fr")

    def test_fields_that_are_not_ones_own_are_not_read(self, client):
        person = UserFactory()
        client.force_login(person)
        stolen = {"name": "C", "language": "fr", "is_staff": "1", "is_superuser": "1", "email": "x@example.org"}
        client.post(PROFILE, stolen)
        after = User.objects.get(pk=person.pk)
        assert (after.is_staff, after.is_superuser, after.email) == (False, False, person.email)


class TestLanguage:
    def lang(self, client: Client, **headers: str) -> str:
        return client.get(reverse("account_login"), headers=headers).headers["Content-Language"]

    def test_french_is_the_default(self, client):
        assert self.lang(client) == "fr"

    def test_the_language_of_the_browser_is_used(self, client):
        assert self.lang(client, **{"accept-language": "en-US,en;q=0.8"}) == "en"
        assert self.lang(client, **{"accept-language": "de"}) == "fr"

    def test_the_choice_at_the_foot_of_the_page_wins(self, client):
        client.post(LANGUAGE, {"language": "en", "next": "/"})
        assert self.lang(client, **{"accept-language": "fr"}) == "en"

    def test_whoever_is_signed_in_reads_their_language_on_any_device(self):
        person = UserFactory(language="fr")
        here, there = Client(), Client()
        here.force_login(person)
        there.force_login(person)
        here.post(LANGUAGE, {"language": "en"})
        answer = there.get(PROFILE, headers={"accept-language": "fr"})
        assert answer.headers["Content-Language"] == "en"

    def test_an_unknown_language_is_refused(self, client):
        assert client.post(LANGUAGE, {"language": "xx"}).status_code == 400

    def test_it_never_leads_off_the_site(self, client):
        assert client.post(LANGUAGE, {"language": "en", "next": "https://evil.example/"}).url == "/"


class TestOwnData:
    def test_the_export_holds_what_is_kept_and_nobody_elses(self, client):
        other, person = UserFactory(), UserFactory()
        client.force_login(person)
        answer = client.get(EXPORT)
        assert answer["Content-Disposition"].startswith("attachment")
        data = json.loads(answer.content)
        assert data["account"]["email"] == person.email
        assert other.email not in answer.content.decode()

    def test_the_rooms_above_add_what_is_theirs(self, client):
        def bookings(person: User, **_: object) -> dict[str, object]:
            return {"bookings": [person.pk]}

        personal_data_requested.connect(bookings)
        try:
            person = UserFactory()
            client.force_login(person)
            assert json.loads(client.get(EXPORT).content)["bookings"] == [person.pk]
        finally:
            personal_data_requested.disconnect(bookings)

    def test_erasing_leaves_the_row_and_nothing_personal(self, client):
        person = UserFactory(name="Camille Durant")
        client.force_login(person)
        client.post(PROFILE, {"name": "Camille Dupont", "language": "fr"})
        mail.queue(
            key="test:1", to=person.email, language="fr", template="accounts/mail/login_code", context={"code": "1"}
        )
        assert client.post(ERASE).status_code == 302
        after = User.objects.get(pk=person.pk)
        assert (after.name, after.sort_key, after.is_active) == ("", "", False)
        assert person.email not in after.email
        assert not EmailAddress.objects.filter(user=after).exists()
        assert JournalPersonalValue.objects.get(person=after).values == {}
        assert not Mail.objects.filter(to=person.email).exists()
        assert client.get(PROFILE).status_code == 302
        again = Client()
        again.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
        assert again.get(PROFILE).status_code == 302

    def test_a_room_above_can_refuse_and_nothing_changes(self, client):
        def still_here(**_: object) -> None:
            raise ErasureRefused("Your booking of tomorrow comes first.")

        person_erasing.connect(still_here)
        try:
            person = UserFactory(name="Camille")
            client.force_login(person)
            answer = client.post(ERASE)
        finally:
            person_erasing.disconnect(still_here)
        assert answer.status_code == 409
        assert "Your booking of tomorrow comes first." in answer.content.decode()
        person.refresh_from_db()
        assert (person.name, person.is_active) == ("Camille", True)

    def test_erasing_takes_a_post(self, client):
        client.force_login(UserFactory())
        assert client.get(ERASE).status_code == 200
        assert not User.objects.filter(erased_at__isnull=False).exists()

    @pytest.mark.parametrize("url", [PROFILE, ERASE, EXPORT])
    def test_a_stranger_is_sent_to_sign_in(self, client, url):
        assert client.get(url).url.startswith(reverse("account_login"))


class TestDemonstration:
    OUTBOX = reverse("accounts:outbox")

    def become(self, client: Client, role: str, **values: str):
        return client.post(reverse("accounts:demo_login", args=[role]), values)

    def test_elsewhere_there_is_no_such_thing(self, client):
        person = UserFactory(demo_role=DemoRole.MANAGER)
        assert self.become(client, "manager").status_code == 404
        assert client.get(self.OUTBOX).status_code == 404
        assert (
            reverse("accounts:demo_login", args=["manager"])
            not in client.get(reverse("account_login")).content.decode()
        )
        assert person.is_active

    @pytest.mark.parametrize("role", DemoRole.values)
    def test_one_click_signs_in(self, client, settings, role):
        settings.DEMO = True
        UserFactory(demo_role=role, name="Personne inventée")
        assert reverse("accounts:demo_login", args=[role]) in client.get(reverse("account_login")).content.decode()
        assert self.become(client, role, next=PROFILE).url == PROFILE
        assert client.get(PROFILE).status_code == 200

    def test_a_link_is_not_enough_and_a_role_must_exist(self, client, settings):
        settings.DEMO = True
        UserFactory(demo_role=DemoRole.MANAGER)
        assert client.get(reverse("accounts:demo_login", args=["manager"])).status_code == 405
        assert self.become(client, "root").status_code == 404
        assert self.become(client, "desk").status_code == 404

    def test_it_never_leads_off_the_site(self, client, settings):
        settings.DEMO = True
        UserFactory(demo_role=DemoRole.MANAGER)
        assert self.become(client, "manager", next="https://evil.example/").url == "/compte/"

    def test_next_is_an_address_and_never_the_name_of_a_view(self, client, settings):
        settings.DEMO = True
        UserFactory(demo_role=DemoRole.MANAGER)
        assert self.become(client, "manager", next="profil").url == "profil"

    def test_the_mails_can_be_read(self, client, settings):
        settings.DEMO = True
        client.post(reverse("account_request_login_code"), {"email": "stranger@example.org"})
        assert Mail.objects.get().subject in client.get(self.OUTBOX).content.decode()
