"""Mails about bookings: written by a job, in the language of who reads them, as text and as HTML."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail as outgoing
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.spaces import PriceFactory, SpaceFactory
from totem.bookings import actions, jobs, mails, queries
from totem.bookings.actions import Booker, Guest
from totem.bookings.models import Booking
from totem.core import jobs as core_jobs
from totem.core.models import Mail
from totem.core.periods import Period

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 3, 1, 7, 0, tzinfo=UTC)
PERIOD = Period(datetime(2027, 3, 4, 13, 0, tzinfo=UTC), datetime(2027, 3, 4, 15, 0, tzinfo=UTC))


def booked(*, language: str = "fr", needs_approval: bool = False, **more: object) -> Booking:
    space = SpaceFactory(name="Salle Somme", needs_approval=needs_approval)
    PriceFactory(space=space)
    booker = Booker.oneself(UserFactory(language=language))
    return actions.book(space=space, period=PERIOD, booker=booker, now=NOW, **more)


def last_mail() -> Mail:
    """Run the newest waiting `bookings.tell` job as a worker does; returns the newest mail."""
    job = ProcrastinateJob.objects.filter(task_name="bookings.tell").order_by("id").last()
    jobs.tell(**job.args)
    return Mail.objects.order_by("pk").last()


def test_a_confirmation_says_what_where_when_and_how_much_in_french():
    booking = booked()
    mail = last_mail()
    assert mail.to == booking.person.email
    assert mail.subject == "Votre réservation est confirmée – Salle Somme, jeudi 4 mars 2027"
    for words in (mail.text, mail.html):
        assert "jeudi 4 mars 2027, de 14\N{NO-BREAK SPACE}h à 16\N{NO-BREAK SPACE}h" in words
        assert "24,00\N{NO-BREAK SPACE}€" in words
        assert booking.reference in words
        assert booking.hub.street in words


def test_an_english_reader_gets_the_mail_in_english():
    booked(language="en")
    assert last_mail().subject.startswith("Your booking is confirmed – Salle Somme")


def test_each_event_has_a_mail_and_is_mailed_once():
    booking = booked(needs_approval=True)
    team = TeamMemberFactory(hub=booking.hub).person
    subjects = [last_mail().subject]
    actions.approve(booking=booking, by=team, now=NOW)
    subjects.append(last_mail().subject)
    later = Period(PERIOD.starts_at + timedelta(days=1), PERIOD.ends_at + timedelta(days=1))
    actions.move(booking=booking, space=booking.space, period=later, by=team, now=NOW, by_team=True)
    subjects.append(last_mail().subject)
    actions.cancel(booking=booking, by=team, now=NOW, by_team=True)
    subjects += [last_mail().subject, last_mail().subject]
    assert len(set(subjects)) == 4
    assert Mail.objects.count() == 4


def test_a_refusal_is_mailed():
    booking = booked(needs_approval=True)
    actions.refuse(booking=booking, by=TeamMemberFactory(hub=booking.hub).person, now=NOW)
    assert "ne peut" in last_mail().subject


def test_a_guests_mail_opens_the_booking_and_the_code_confirms_it():
    space = SpaceFactory()
    booker = Booker(by=None, guest=Guest("Ada", "ada@example.org"))
    booking = actions.book(space=space, period=PERIOD, booker=booker, now=NOW)
    actions.send_code(booking=booking, now=NOW)
    code = Mail.objects.get().subject.split()[0]
    actions.confirm_with_code(booking=booking, code=code, now=NOW)
    mail = last_mail()
    assert mail.to == "ada@example.org"
    assert f"key={mails.manage_key(booking)}" in mail.text


def test_those_expected_within_a_day_are_reminded_once():
    booking = booked()
    Booking.objects.update(created_at=NOW)
    assert queries.to_remind(PERIOD.starts_at - timedelta(hours=25)) == []
    for hours in (24, 23):
        for due in queries.to_remind(PERIOD.starts_at - timedelta(hours=hours)):
            mails.write(due, "reminder")
    mail = Mail.objects.get()
    assert booking.reference in mail.text
    actions.cancel(booking=booking, by=booking.person, now=NOW, by_team=False)
    assert queries.to_remind(PERIOD.starts_at - timedelta(hours=20)) == []


def test_a_booking_made_within_a_day_of_its_start_is_not_reminded():
    booked()
    Booking.objects.update(created_at=PERIOD.starts_at - timedelta(hours=3))
    assert queries.to_remind(PERIOD.starts_at - timedelta(hours=2)) == []


def test_the_mail_leaves_with_both_parts():
    booked()
    core_jobs.send_mail(last_mail().pk)
    (message,) = outgoing.outbox
    assert message.alternatives[0].mimetype == "text/html"
    assert message.extra_headers["Message-ID"] == Mail.objects.get().message_id


def test_a_name_cannot_add_markup_to_the_mail():
    space = SpaceFactory(name="<script>alert(1)</script>", hub=HubFactory())
    actions.book(space=space, period=PERIOD, booker=Booker.oneself(UserFactory()), now=NOW)
    assert "<script>" not in last_mail().html
