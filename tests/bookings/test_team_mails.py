"""Mails to the team about requests: each of them, or the day's in the morning of the hub, as each member chose."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.factories.accounts import UserFactory
from tests.factories.bookings import BookingFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.spaces import SpaceFactory
from totem.accounts.actions import erase_person, export_personal_data
from totem.accounts.models import User
from totem.bookings import actions, jobs, team_mails
from totem.bookings.models import Booking, RequestFrequency, RequestNotification
from totem.core.models import Mail
from totem.core.periods import Period
from totem.hubs.models import Hub, Role
from totem.spaces.models import Space

pytestmark = pytest.mark.django_db

EIGHT = datetime(2027, 3, 2, 12, tzinfo=UTC)  # o'clock in Pointe-à-Pitre, on a Tuesday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def hub() -> Hub:
    return HubFactory(name="Kaz", time_zone="America/Guadeloupe", always_open=True)


@pytest.fixture
def space(hub: Hub) -> Space:
    return SpaceFactory(hub=hub, needs_approval=True, name="Oise")


def member(hub: Hub, role: str, frequency: RequestFrequency | None = None, now: datetime = EIGHT - DAY) -> User:
    person = TeamMemberFactory(hub=hub, role=role, person=UserFactory(english=True)).person
    if frequency:
        actions.choose_notifications(hub=hub, person=person, frequency=frequency, now=now)
    return person


def asked(space: Space, days: int = 3, **more: object) -> Booking:
    start = EIGHT + days * DAY
    person = UserFactory(english=True, name="Ada Lovelace")
    return BookingFactory(space=space, person=person, period=Period(start, start + HOUR), now=EIGHT - 2 * DAY, **more)


def run_jobs(monkeypatch: pytest.MonkeyPatch, now: datetime = EIGHT - 2 * DAY) -> None:
    """Run every job that tells of a booking, as a worker does, also those that ran before: at least once."""
    monkeypatch.setattr(jobs.clock, "now", lambda: now)
    for job in ProcrastinateJob.objects.filter(task_name="bookings.tell").order_by("id"):
        jobs.tell(**job.args)


def readers(prefix: str = "bookings.request") -> list[str]:
    return sorted(Mail.objects.filter(key__startswith=prefix).values_list("to", flat=True))


def test_each_request_is_mailed_to_who_answers_unless_they_chose_otherwise(hub, space, monkeypatch):
    told = [member(hub, Role.MANAGER), member(hub, Role.DESK), member(hub, Role.FACILITATOR, RequestFrequency.EACH)]
    for role in (Role.FACILITATOR, Role.READER, Role.MACHINES):
        member(hub, role)
    member(hub, Role.READER, RequestFrequency.EACH)  # may not answer any more
    member(hub, Role.MANAGER, RequestFrequency.NEVER)
    member(hub, Role.DESK, RequestFrequency.DAILY)
    TeamMemberFactory()
    booking = asked(space, purpose="Jury at https://evil.example")
    run_jobs(monkeypatch)
    run_jobs(monkeypatch)
    assert readers() == sorted(person.email for person in told)
    mail = Mail.objects.filter(key__startswith="bookings.request").first()
    assert mail.subject == "Request of Ada Lovelace: Friday 5 March, 08:00 to 09:00"
    page = settings.SITE_URL + reverse("bookings:request", args=[hub.slug, booking.reference])
    for words in (mail.text, mail.html):
        assert "Ada Lovelace" in words
        assert "Oise" in words
        assert page in words
        assert "https://evil.example" not in words


def test_each_time_that_it_asks_again_has_a_mail_of_its_own(hub, space, monkeypatch):
    person = member(hub, Role.DESK)
    booking = asked(space)
    for hours in (2, 3):
        period = Period(booking.starts_at, booking.starts_at + hours * HOUR)
        actions.move(booking=booking, space=space, period=period, by=booking.person, now=EIGHT - 2 * DAY, by_team=False)
    run_jobs(monkeypatch)
    assert readers() == [person.email] * 3


def test_a_guest_without_an_address_asks_too_and_what_is_withdrawn_does_not(hub, space, monkeypatch):
    person = member(hub, Role.DESK)
    gone = asked(space)
    actions.cancel(booking=gone, by=gone.person, now=EIGHT - 2 * DAY, by_team=False)
    run_jobs(monkeypatch)
    assert readers() == []
    guest = asked(space)
    Booking.objects.filter(pk=guest.pk).update(person=None, guest_name="Camille")
    run_jobs(monkeypatch)
    assert readers() == [person.email]


def test_a_digest_comes_once_in_the_morning_of_the_hub_with_what_still_waits(hub, space):
    person = member(hub, Role.DESK, RequestFrequency.DAILY, EIGHT - HOUR)
    member(HubFactory(time_zone="America/Guadeloupe"), Role.DESK, RequestFrequency.DAILY, EIGHT - HOUR)
    answered, withdrawn, waits, later = (asked(space, days) for days in (1, 2, 3, 4))
    actions.approve(booking=answered, by=person, now=EIGHT - 2 * DAY)
    actions.cancel(booking=withdrawn, by=withdrawn.person, now=EIGHT - 2 * DAY, by_team=False)
    team_mails.write_digests(now=EIGHT - timedelta(minutes=1))
    assert readers() == []
    team_mails.write_digests(now=EIGHT + 2 * HOUR)  # no worker was there at eight
    team_mails.write_digests(now=EIGHT + 3 * HOUR)
    assert readers() == [person.email]
    mail = Mail.objects.get(key__startswith="bookings.requests:")
    assert mail.subject == "2 requests wait at Kaz"
    assert mail.text.index(waits.reference) < mail.text.index(later.reference)
    assert answered.reference not in mail.text
    assert withdrawn.reference not in mail.text
    team_mails.write_digests(now=EIGHT + DAY)
    assert readers() == [person.email] * 2


def test_no_digest_is_sent_while_nothing_waits_nor_to_who_has_left(hub, space):
    person = member(hub, Role.DESK, RequestFrequency.DAILY)
    team_mails.write_digests(now=EIGHT)
    asked(space)
    team_mails.write_digests(now=EIGHT + HOUR)  # the day's digest is over
    hub.team.filter(person=person).delete()
    team_mails.write_digests(now=EIGHT + DAY)
    assert readers() == []


def test_one_chooses_on_a_page_and_the_choice_is_exported_and_erased(client: Client, hub):
    person, page = member(hub, Role.DESK), reverse("bookings:notifications", args=[hub.slug])
    TeamMemberFactory(hub=hub)
    client.force_login(person)
    assert client.get(page).context["form"]["frequency"].value() == RequestFrequency.EACH
    assert client.post(page, {"frequency": "weekly"}).status_code == 422
    assert client.post(page, {"frequency": "daily"}).status_code == 303
    assert client.get(page).context["form"]["frequency"].value() == RequestFrequency.DAILY
    assert "daily" in json.dumps(export_personal_data(person=person))
    client.force_login(member(hub, Role.READER))
    assert client.post(page, {"frequency": "each"}).status_code == 403
    erase_person(person=person, actor_id=person.pk, now=EIGHT)
    assert not RequestNotification.objects.filter(person=person).exists()
