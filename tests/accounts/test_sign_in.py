"""Signing up, in and out, by password and by code; no answer reveals whether an address has an account."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from tests.factories.accounts import PASSWORD, UserFactory
from totem.accounts.models import User
from totem.core.models import Mail

pytestmark = pytest.mark.django_db

SIGN_IN, SIGN_UP = reverse("account_login"), reverse("account_signup")
BY_CODE, BY_CODE_CONFIRM = reverse("account_request_login_code"), reverse("account_confirm_login_code")
VERIFY = reverse("account_email_verification_sent")
FORGOTTEN, FORGOTTEN_CODE = reverse("account_reset_password"), reverse("account_confirm_password_reset_code")
NEW_PASSWORD = reverse("account_complete_password_reset")
PROFILE = reverse("accounts:profile")


def code_sent_to(address: str) -> str:
    """The code in the last mail written to that address."""
    text = Mail.objects.filter(to=address).latest("id").text
    found = re.search(r"^ {4}(\S+)$", text, re.MULTILINE)
    assert found, text
    return found[1]


def is_signed_in(client: Client) -> bool:
    return client.get(PROFILE).status_code == 200


class TestAccounts:
    def test_one_address_is_one_account_whatever_its_case(self):
        User.objects.create_user("Camille@Example.org", name="Camille")
        assert User.objects.get().email == "camille@example.org"
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create_user("camille@example.ORG", name="Camille")

    def test_the_database_refuses_capitals(self):
        person = UserFactory()
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.filter(pk=person.pk).update(email="CAMILLE@example.org")

    def test_people_are_ordered_as_in_a_french_directory(self):
        for name in ("Zoé", "Émile", "Eva", "Elsa", "Œdipe", "Odile"):
            UserFactory(name=name)
        assert [p.name for p in User.objects.all()] == ["Elsa", "Émile", "Eva", "Odile", "Œdipe", "Zoé"]

    def test_passwords_are_kept_with_argon2(self):
        assert UserFactory().password.startswith("argon2")


class TestSignUp:
    def test_with_a_password_then_the_code(self, client):
        answer = client.post(
            SIGN_UP, {"name": "Camille Test", "email": "Camille@example.org", "password1": "une phrase bien longue"}
        )
        assert answer.url == VERIFY
        assert not is_signed_in(client)
        client.post(VERIFY, {"code": code_sent_to("camille@example.org")})
        assert is_signed_in(client)
        person = User.objects.get()
        assert (person.name, person.email) == ("Camille Test", "camille@example.org")
        assert EmailAddress.objects.get(user=person).verified

    def test_without_a_password_one_signs_in_by_code(self, client):
        client.post(SIGN_UP, {"name": "Camille Test", "email": "camille@example.org"})
        client.post(VERIFY, {"code": code_sent_to("camille@example.org")})
        assert is_signed_in(client)
        assert not User.objects.get().has_usable_password()

    def test_the_language_of_the_page_becomes_the_persons(self, client):
        client.post(
            SIGN_UP, {"name": "Camille", "email": "camille@example.org"}, headers={"accept-language": "en-GB,en"}
        )
        assert User.objects.get().language == "en"

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"name": ""}, "name"),
            ({"email": "not an address"}, "email"),
            ({"password1": "short"}, "password1"),
            ({"password1": "123456789012345"}, "password1"),
            ({"password1": "camille test example"}, "password1"),
            ({"name": "Camille Exemplaire", "password1": "camille exemplaire"}, "password1"),
        ],
    )
    def test_a_bad_value_is_said_at_its_field_and_nothing_is_written(self, client, wrong, field):
        good = {"name": "Camille Test", "email": "camille.test@example.org", "password1": "une phrase bien longue"}
        answer = client.post(SIGN_UP, {**good, **wrong})
        assert answer.status_code == 422
        assert field in answer.context["form"].errors
        assert not User.objects.exists()
        assert not Mail.objects.exists()

    def test_three_wrong_codes_end_it(self, client):
        client.post(SIGN_UP, {"name": "Camille", "email": "camille@example.org"})
        answers = [client.post(VERIFY, {"code": "WRONG"}) for _ in range(3)]
        assert [a.status_code for a in answers] == [422, 422, 302]
        client.post(VERIFY, {"code": code_sent_to("camille@example.org")})
        assert not is_signed_in(client)


class TestSignIn:
    def test_by_password(self, client):
        person = UserFactory()
        answer = client.post(SIGN_IN, {"login": person.email.upper(), "password": PASSWORD})
        assert answer.status_code == 302
        assert is_signed_in(client)

    def test_by_code(self, client):
        person = UserFactory()
        answer = client.post(BY_CODE, {"email": person.email})
        assert answer.url == BY_CODE_CONFIRM
        code = code_sent_to(person.email)
        assert re.fullmatch(r"\d{4}-\d{4}", code), "as every code that Totem mails"
        client.post(BY_CODE_CONFIRM, {"code": f" {code[:4]}\u00a0–\u2009{code[5:]} "})
        assert is_signed_in(client)

    def test_a_closed_account_does_not_open(self, client):
        person = UserFactory(inactive=True)
        client.post(SIGN_IN, {"login": person.email, "password": PASSWORD})
        assert not is_signed_in(client)

    def test_an_address_never_confirmed_is_asked_for_its_code(self, client):
        person = UserFactory(verified=False)
        answer = client.post(SIGN_IN, {"login": person.email, "password": PASSWORD})
        assert answer.url == VERIFY
        assert not is_signed_in(client)

    @pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
    def test_it_never_leads_off_the_site(self, client, elsewhere):
        person = UserFactory()
        answer = client.post(SIGN_IN, {"login": person.email, "password": PASSWORD, "next": elsewhere})
        assert "evil" not in answer.url
        assert not answer.url.startswith("javascript")

    def test_it_leads_back_to_the_page_that_was_asked_for(self, client):
        person = UserFactory()
        asked = client.get(PROFILE)
        assert asked.url == f"{SIGN_IN}?next={PROFILE}"
        answer = client.post(asked.url, {"login": person.email, "password": PASSWORD, "next": PROFILE})
        assert answer.url == PROFILE

    def test_signing_out_takes_a_post(self, client):
        client.force_login(UserFactory())
        client.get(reverse("account_logout"))
        assert is_signed_in(client)
        client.post(reverse("account_logout"))
        assert not is_signed_in(client)


class TestForgottenPassword:
    def test_a_code_then_a_new_password(self, client):
        person = UserFactory()
        client.post(FORGOTTEN, {"email": person.email})
        client.post(FORGOTTEN_CODE, {"code": code_sent_to(person.email)})
        answer = client.post(NEW_PASSWORD, {"password1": "une autre phrase longue"})
        assert answer.status_code == 302
        person.refresh_from_db()
        assert person.check_password("une autre phrase longue")
        assert "password" in Mail.objects.filter(to=person.email).latest("id").key

    def test_a_weak_one_is_refused(self, client):
        person = UserFactory()
        client.post(FORGOTTEN, {"email": person.email})
        client.post(FORGOTTEN_CODE, {"code": code_sent_to(person.email)})
        assert client.post(NEW_PASSWORD, {"password1": "short"}).status_code == 422
        person.refresh_from_db()
        assert person.check_password(PASSWORD)


def seen_by(client: Client, answer, address: str) -> tuple:
    """What a stranger can observe of an answer, without the address that they typed and the CSRF token."""
    page = client.get(answer.url) if answer.status_code == 302 else answer
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", page.content.decode())
    return answer.status_code, answer.headers.get("Location"), page.status_code, text.replace(address, "ADDRESS")


class TestNobodyLearnsWhoHasAnAccount:
    """A known and an unknown address get the same page, and one mail is sent in both cases."""

    @pytest.mark.parametrize(
        ("url", "values"),
        [
            (SIGN_UP, {"name": "Camille", "password1": "une phrase bien longue"}),
            (BY_CODE, {}),
            (FORGOTTEN, {}),
        ],
    )
    def test_same_page_and_one_mail(self, url, values):
        seen = []
        for address in (UserFactory(email="known@example.org").email, "stranger@example.org"):
            client = Client()
            answer = client.post(url, {"email": address, **values})
            seen.append(seen_by(client, answer, address))
            assert Mail.objects.filter(to=address).count() == 1
        assert seen[0] == seen[1]
        assert seen[0][0] == 302

    @pytest.mark.parametrize(("ask", "confirm"), [(BY_CODE, BY_CODE_CONFIRM), (FORGOTTEN, FORGOTTEN_CODE)])
    def test_same_answers_to_wrong_codes(self, ask, confirm):
        seen = []
        for address in (UserFactory(email="known@example.org").email, "stranger@example.org"):
            client = Client()
            client.post(ask, {"email": address})
            answers = [client.post(confirm, {"code": "WRONG"}) for _ in range(3)]
            seen.append([seen_by(client, answer, address) for answer in answers])
        assert seen[0] == seen[1]

    def test_same_answer_to_a_wrong_password(self, client):
        known = UserFactory()
        seen = []
        for address in (known.email, "stranger@example.org"):
            answer = client.post(SIGN_IN, {"login": address, "password": "not the one at all"})
            assert answer.status_code == 422
            seen.append(answer.context["form"].non_field_errors())
        assert seen[0] == seen[1]

    def test_an_empty_code_never_signs_a_stranger_in(self, client):
        client.post(BY_CODE, {"email": "stranger@example.org"})
        for code in ("", "None", "null"):
            client.post(BY_CODE_CONFIRM, {"code": code})
            assert not is_signed_in(client)


class TestLimits:
    """Attempts are counted in the database, for all processes together."""

    def test_five_wrong_passwords_then_the_right_one_waits(self):
        person = UserFactory()
        for _ in range(5):
            Client().post(SIGN_IN, {"login": person.email, "password": "not the one at all"})
        client = Client()
        answer = client.post(SIGN_IN, {"login": person.email, "password": PASSWORD})
        assert answer.status_code == 422
        assert not is_signed_in(client)

    def test_three_codes_a_minute_to_one_address(self):
        person = UserFactory()
        answers = [Client().post(BY_CODE, {"email": person.email}) for _ in range(4)]
        assert [a.status_code for a in answers] == [302, 302, 302, 422]
        assert Mail.objects.filter(to=person.email).count() == 3

    def test_three_resets_a_minute_to_one_address(self):
        answers = [Client().post(FORGOTTEN, {"email": "stranger@example.org"}) for _ in range(4)]
        assert [a.status_code for a in answers] == [302, 302, 302, 429]

    def test_twenty_accounts_a_minute_from_one_place(self):
        answers = [
            Client().post(SIGN_UP, {"name": "Camille", "email": f"c{n}@example.org"}).status_code for n in range(21)
        ]
        assert answers[-2:] == [302, 429]

    def test_the_count_stands_in_the_database(self):
        Client().post(BY_CODE, {"email": "stranger@example.org"})
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM core_cache WHERE cache_key LIKE %s", ["%request_login_code%"])
            assert cursor.fetchone()[0] >= 1
        assert isinstance(caches["default"], DatabaseCache)


class TestAddressAndPassword:
    def test_the_address_changes_once_its_code_is_typed(self, client):
        person = UserFactory()
        person.set_unusable_password()
        person.save()
        client.force_login(person)
        client.post(reverse("account_email"), {"email": "new@example.org", "action_add": "1"})
        person.refresh_from_db()
        assert person.email != "new@example.org"
        client.post(VERIFY, {"code": code_sent_to("new@example.org")})
        person.refresh_from_db()
        assert person.email == "new@example.org"
        assert EmailAddress.objects.get(user=person).email == "new@example.org"

    def test_with_a_password_it_is_asked_for_first(self, client):
        client.force_login(UserFactory())
        answer = client.post(reverse("account_email"), {"email": "new@example.org", "action_add": "1"})
        assert answer.url.startswith(reverse("account_reauthenticate"))
        assert not Mail.objects.exists()

    def test_the_address_of_somebody_else_cannot_be_taken(self, client):
        other, person = UserFactory(email="other@example.org"), UserFactory()
        person.set_unusable_password()
        person.save()
        client.force_login(person)
        client.post(reverse("account_email"), {"email": other.email, "action_add": "1"})
        person.refresh_from_db()
        assert person.email != other.email

    def test_changing_the_password_takes_the_old_one(self, client):
        person = UserFactory()
        client.force_login(person)
        url = reverse("account_change_password")
        wrong = client.post(url, {"oldpassword": "not the one at all", "password1": "une autre phrase longue"})
        assert wrong.status_code == 422
        right = client.post(url, {"oldpassword": PASSWORD, "password1": "une autre phrase longue"})
        assert right.status_code == 302
        person.refresh_from_db()
        assert person.check_password("une autre phrase longue")


@pytest.mark.parametrize("url", [SIGN_IN, SIGN_UP, BY_CODE, FORGOTTEN])
def test_the_pages_are_totems_with_one_title(client, url):
    page = client.get(url).content.decode()
    assert page.count("<h1") == 1
    assert 'id="main"' in page
    assert "style=" not in page
    assert "placeholder" not in page


@pytest.mark.parametrize(
    "url_name", ["account_email", "account_change_password", "account_logout", "account_reauthenticate"]
)
def test_the_pages_of_people_signed_in_are_totems(client, url_name):
    client.force_login(UserFactory())
    page = client.get(reverse(url_name)).content.decode()
    assert page.count("<h1") == 1
    assert 'id="main"' in page


@pytest.mark.parametrize(
    "value", ['"abcdefgh\\000"', '"\\000"', "\x01\x7f" * 9, "é" * 20, "a" * 5000, '"\\377\\376abcdef"']
)
@pytest.mark.parametrize("name", ["sessionid", "csrftoken", "messages", "django_language"])
def test_a_cookie_that_no_server_wrote_is_as_good_as_none(client: Client, name: str, value: str) -> None:
    cookie = {"HTTP_COOKIE": f"{name}={value}".encode().decode("latin-1")}
    assert client.get(SIGN_IN, **cookie).status_code == 200
    assert client.get(PROFILE, **cookie).status_code == 302
    assert client.post(SIGN_IN, {"login": "a@example.org", "password": "x" * 12}, **cookie).status_code == 422


class CountingHasher(Argon2PasswordHasher):
    """How often a password is hashed: what an answer costs, whatever the machine."""

    hashed = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.hashed += 1
        return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        CountingHasher.hashed += 1
        return super().verify(password, encoded)


@pytest.mark.parametrize("password", ["une phrase bien longue", ""])
def test_an_answer_costs_the_same_whether_the_address_is_known_or_not(client: Client, settings, password: str) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    known, without = UserFactory(), UserFactory()
    without.set_unusable_password()
    without.save()

    def cost(url: str, **data: str) -> int:
        CountingHasher.hashed = 0
        assert Client().post(url, data).status_code in {302, 422}
        return CountingHasher.hashed

    addresses = (known.email, without.email, "nobody@example.org")
    sign_up = {cost(SIGN_UP, name="Camille", email=address, password1=password) for address in addresses}
    assert sign_up == {1 if password else 0}
    sign_in = {cost(SIGN_IN, login=address, password="wrong, and long enough") for address in addresses}
    assert sign_in == {1}
    assert {cost(FORGOTTEN, email=address) for address in addresses} == {0}
    assert {cost(BY_CODE, email=address) for address in addresses} == {0}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Mike@Example.org ", "mike@example.org"),
        ("mike@exa\u00admple.org", "mike@example.org"),
        ("mike@ｅxample.org", "mike@example.org"),
        ("mike@example.org\u200b", "mike@example.org"),
        ("mi\N{KELVIN SIGN}e@example.org", "mike@example.org"),
        ("m\N{LATIN SMALL LETTER DOTLESS I}ke@example.org", None),
        ("M\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}KE@example.org", None),
        ("ｍike@example.org", None),
        ("mike@café.example", "mike@xn--caf-dma.example"),
    ],
)
def test_addresses_that_become_anothers_are_that_one_or_refused(client: Client, typed: str, kept: str | None) -> None:
    answer = client.post(SIGN_UP, {"name": "Mike", "email": typed})
    assert answer.status_code == (302 if kept else 422)
    assert list(User.objects.values_list("email", flat=True)) == ([kept] if kept else [])
    with pytest.raises(IntegrityError), transaction.atomic():
        User(email="m\N{LATIN SMALL LETTER DOTLESS I}ke@example.org").save()
