"""Limits: what is taken is counted, concurrent requests cannot exceed it, and who manages it sets and lifts it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from tests.concurrency import outcomes_at_once
from tests.factories.accounts import UserFactory
from totem.accounts import actions as accounts
from totem.core import clock, limits
from totem.core.limits import IMPORTS, TEAM, Limit, LimitReached, Taker
from totem.core.models import JournalEntry, LimitRefusal, Mail


def _mails(taker: Taker, _scope: object, now: datetime) -> int:
    return Mail.objects.filter(to=f"{taker.key}@example.org", created_at__gt=now - timedelta(hours=1)).count()


@pytest.fixture
def mails() -> Iterator[Limit]:
    """A limit of the mails of an hour: two a person, five a member, any number an address."""
    limit = Limit(
        "tests.mails",
        label="Mails of the hour",
        defaults={"person": 2, "member": 5, "address": None},
        words=lambda amount: f"{amount} mails",
        taken=_mails,
        frees_at=lambda _taker, _scope, now: now + timedelta(hours=1),
        exempt=frozenset({TEAM}),
    )
    yield limits.register(limit)
    del limits._registry[limit.name]


def write(limit: Limit, taker: Taker, **more: object) -> None:
    with limits.atomic():
        limits.require(limit, taker, now=clock.now(), **more)  # type: ignore[arg-type]
        number = Mail.objects.count()
        Mail.objects.create(key=f"{taker}{number}", message_id=f"{taker}{number}", to=f"{taker.key}@example.org")


def test_what_is_taken_counts_and_what_was_refused_does_not(db, mails: Limit) -> None:
    someone, other = Taker.person(7), Taker.person(8)
    write(mails, someone, adding=2)  # one mail is written
    for _ in range(3):
        with pytest.raises(LimitReached, match=r"vous avez 1 mails .* 2 mails.* la limite est de 2 mails\. Une partie"):
            write(mails, someone, adding=2)
    write(mails, someone)
    with pytest.raises(LimitReached):
        write(mails, someone)
    write(mails, other)
    for _ in range(5):
        write(mails, Taker.address("0f"))
    assert Mail.objects.count() == 8
    refused = LimitRefusal.objects.get()
    assert (refused.limit, refused.scope, refused.taker) == ("tests.mails", "", "person:7")
    limits.erase_old(now=clock.now() + timedelta(days=31))
    assert not LimitRefusal.objects.exists()


def test_concurrent_requests_cannot_exceed_it(committed_db, mails: Limit) -> None:
    def ask() -> None:
        write(mails, Taker.person(7))

    write(mails, Taker.person(7))
    assert outcomes_at_once(*[ask] * 4) == {"done": 1, "LimitReached": 3}


def test_amounts_are_set_for_groups_and_lifted_for_a_taker_until_some_moment(db, mails: Limit) -> None:
    by, now = UserFactory(), clock.now()
    someone, member = Taker.person(7), Taker.person(8, "member")
    assert [limits.amounts(mails, t, None, now).current for t in (someone, member)] == [2, 5]
    limits.set_amounts(scope=None, values={("tests.mails", "person"): 1, ("tests.mails", "member"): 5}, by=by)
    write(mails, someone)
    with pytest.raises(LimitReached):
        write(mails, someone)
    limits.lift(taker=someone, scope=None, until=now + timedelta(days=1), by=by)
    write(mails, someone)
    used = next(use for use in limits.uses(someone, None, now) if use.limit is mails)
    assert (used.taken, used.amount, used.lifted_until) == (2, None, now + timedelta(days=1))
    assert used.refused_at is not None
    assert limits.amounts(mails, someone, None, now + timedelta(days=2)).current == 1
    limits.end_lift(taker=someone, scope=None, by=by)
    with pytest.raises(LimitReached):
        write(mails, someone)
    lines = JournalEntry.objects.filter(verb__startswith="limits.").order_by("pk").values_list("verb", flat=True)
    assert list(lines) == ["limits.set", "limits.lifted", "limits.lift_ended"]
    assert JournalEntry.objects.get(verb="limits.set").facts == {"amounts": {"tests.mails/person": 1}}


def test_only_an_exemption_that_the_limit_names_frees_of_it(db, mails: Limit) -> None:
    for _ in range(3):
        write(mails, Taker.person(7), exemption=TEAM)
    with pytest.raises(ValueError, match="not lifted for imports"):
        write(mails, Taker.person(7), exemption=IMPORTS)


def test_an_address_is_kept_as_a_keyed_digest_and_ipv6_by_its_network(settings) -> None:
    def digest(address: str) -> str:
        return limits.address_digest(RequestFactory().get("/", REMOTE_ADDR=address))

    assert digest("2001:db8:1:2::1") == digest("2001:db8:1:2:ffff::9") != digest("2001:db8:1:3::1")
    first = digest("192.0.2.1")
    assert first != digest("192.0.2.2")
    settings.SECRET_KEY = "another-key"
    assert first != digest("192.0.2.1")


def test_a_person_is_given_what_is_kept_and_it_is_erased_with_them(db, mails: Limit) -> None:
    person = UserFactory()
    limits.lift(taker=Taker.person(person.pk), scope=None, until=clock.now() + timedelta(days=1), by=person)
    limits.set_amounts(scope=None, values={("tests.mails", "member"): 0}, by=person)
    with pytest.raises(LimitReached):
        write(mails, Taker.person(8, "member"))
    kept = {row["limit"]: row for row in accounts.export_personal_data(person=person)["limits"]}
    assert "lifted_until" in kept["tests.mails"]
    accounts.erase_person(person=person, actor_id=person.pk, now=clock.now())
    assert accounts.export_personal_data(person=person)["limits"] == []
    assert limits.amounts(mails, Taker.person(person.pk), None, clock.now()).current == 2


def test_the_staff_sets_the_limits_of_the_installation_and_lifts_them(db, mails: Limit) -> None:
    staff, person = UserFactory(is_staff=True), UserFactory(name="Ada Essai")
    client, url = Client(), reverse("accounts:limits")
    client.force_login(person)
    assert client.get(url).status_code == 404
    client.force_login(staff)
    fields = {f"{name}-{group}".replace(".", "_"): n for (name, group), n in limits.amounts_set(None).items()}
    sent = {name: "" if n is None else n for name, n in fields.items()}
    assert client.post(url, {**sent, "tests_mails-person": "x"}).status_code == 422
    assert client.post(url, {**sent, "tests_mails-person": "0"}).status_code == 302
    taker = Taker.person(person.pk)
    with pytest.raises(LimitReached):
        write(mails, taker)
    page = client.get(url, {"taker": str(taker)}).content.decode()
    assert page.count("Ada Essai") == 3  # as the taker, in the list and for its button
    assert client.post(reverse("accounts:lift"), {"taker": str(taker), "until": "2199-01-01"}).status_code == 422
    until = clock.today().isoformat()
    assert client.post(reverse("accounts:lift"), {"taker": "person:999999999", "until": until}).status_code == 404
    assert client.post(reverse("accounts:lift"), {"taker": str(taker), "until": until}).status_code == 303
    write(mails, taker)
    assert client.post(reverse("accounts:end_lift"), {"taker": str(taker)}).status_code == 303
    with pytest.raises(LimitReached):
        write(mails, taker)
