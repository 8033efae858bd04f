"""Mails about bookings: written by a job, in the language of who reads them, as text and as HTML."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail as outgoing
from django.db.models import QuerySet
from icalendar import Calendar
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
NBSP = "\N{NO-BREAK SPACE}"
PERIOD = Period(datetime(2027, 3, 4, 13, 0, tzinfo=UTC), datetime(2027, 3, 4, 15, 0, tzinfo=UTC))


def booked(*, language: str = "fr", needs_approval: bool = False, **more: object) -> Booking:
    space = SpaceFactory(name="Salle Somme", needs_approval=needs_approval)
    PriceFactory(space=space)
    booker = Booker.oneself(UserFactory(language=language))
    return actions.book(space=space, period=PERIOD, booker=booker, now=NOW, **more)


def mails_to_author() -> QuerySet[Mail]:
    return Mail.objects.exclude(key__startswith="bookings.request").order_by("pk")


def last_mail() -> Mail:
    """Run the newest waiting `bookings.tell` job as a worker does; returns the newest mail to who booked."""
    job = ProcrastinateJob.objects.filter(task_name="bookings.tell").order_by("id").last()
    jobs.tell(**job.args)
    return mails_to_author().last()


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
    actions.cancel(booking=booking, by=team, now=NOW, by_team=True, reason="outage")
    subjects += [last_mail().subject, last_mail().subject]
    assert len(set(subjects)) == 4
    assert mails_to_author().count() == 4


def test_five_moves_give_five_mails_and_the_last_one_says_what_holds():
    booking = booked()
    for minutes in (60, 120, 30, 120, 30):
        period = Period(PERIOD.starts_at, PERIOD.starts_at + timedelta(minutes=minutes))
        actions.move(booking=booking, space=booking.space, period=period, by=booking.person, now=NOW, by_team=False)
        mail = last_mail()
    assert Mail.objects.filter(subject__startswith="Votre réservation a changé").count() == 5
    assert "de 14\N{NO-BREAK SPACE}h à 14\N{NO-BREAK SPACE}h\N{NO-BREAK SPACE}30" in mail.text


def test_an_approval_after_a_change_is_mailed():
    booking = booked(needs_approval=True)
    team = TeamMemberFactory(hub=booking.hub).person
    subjects = []
    for minutes in (60, 120):
        actions.approve(booking=booking, by=team, now=NOW)
        subjects.append(last_mail().subject)
        period = Period(PERIOD.starts_at, PERIOD.starts_at + timedelta(minutes=minutes))
        actions.move(booking=booking, space=booking.space, period=period, by=booking.person, now=NOW, by_team=False)
        last_mail()
    assert [subject[:35] for subject in subjects] == ["Votre réservation est confirmée – S"] * 2
    assert mails_to_author().count() == 4


def test_a_mail_comes_from_the_hub_and_is_answered_there():
    booking = booked()
    booking.hub.email, booking.hub.phone, booking.hub.mail_note = "salut@example.org", "+33322224545", "Code : 1234"
    booking.hub.save()
    core_jobs.send_mail(last_mail().pk)
    (sent,) = outgoing.outbox
    assert sent.from_email == f"{booking.hub.name} <totem@localhost>"
    assert sent.reply_to == ["salut@example.org"]
    for words in (sent.body, sent.alternatives[0].content):
        assert "Code : 1234" in words
        assert f"Référence : {booking.reference[:5]}-{booking.reference[5:]}" in words.replace("\u00a0", " ")
        assert "03 22 22 45 45" in words
        assert "jusqu’au jeudi 4 mars 2027 à 14" in words
        assert "ne sont pas lues" not in words


def test_the_readers_calendar_follows_the_booking():
    booking = booked()
    sequences = []
    for act in (
        lambda: None,
        lambda: actions.move(
            booking=booking,
            space=booking.space,
            period=Period(PERIOD.starts_at, PERIOD.starts_at + timedelta(hours=1)),
            by=booking.person,
            now=NOW,
            by_team=False,
        ),
        lambda: actions.cancel(booking=booking, by=booking.person, now=NOW, by_team=False),
    ):
        act()
        core_jobs.send_mail(last_mail().pk)
        (part,) = outgoing.outbox[-1].attachments
        (event,) = Calendar.from_ical(part.get_payload(decode=True)).walk("VEVENT")
        sequences.append((part.get_param("method"), event["UID"], int(event["SEQUENCE"]), str(event["STATUS"])))
        assert str(event["ATTENDEE"]) == f"mailto:{booking.person.email}"
    uid = f"{booking.reference}@localhost"
    assert [(method, found, status) for method, found, _number, status in sequences] == [
        ("REQUEST", uid, "CONFIRMED"),
        ("REQUEST", uid, "CONFIRMED"),
        ("CANCEL", uid, "CANCELLED"),
    ]
    assert sequences[0][2] < sequences[1][2] < sequences[2][2]


def test_no_reminder_is_promised_for_a_booking_that_begins_within_a_day():
    space = SpaceFactory()
    booker = Booker.oneself(UserFactory(language="fr"))
    actions.book(space=space, period=PERIOD, booker=booker, now=PERIOD.starts_at - timedelta(hours=5))
    jobs_now = ProcrastinateJob.objects.filter(task_name="bookings.tell").order_by("id").last().args
    booking = Booking.objects.select_related("space__hub__commune", "person").get(pk=jobs_now["booking_id"])
    mails.write(booking, "confirmed", now=PERIOD.starts_at - timedelta(hours=5), occurrence=jobs_now["occurrence"])
    assert "rappel" not in Mail.objects.get().text


def test_a_refusal_says_the_reason_of_the_team_and_nothing_else():
    booking = booked(needs_approval=True)
    team, words = TeamMemberFactory(hub=booking.hub).person, "Voyez https://example.org/salles"
    actions.refuse(booking=booking, by=team, now=NOW, reason="unsuitable", words=words)
    mail = last_mail()
    assert mail.subject.startswith("Votre demande n’a pas été acceptée")
    sentences = mail.text[mail.text.index("Référence") :].split("\n\n")[1:3]
    assert sentences == [
        f"Motif donné par le lieu{NBSP}: L’espace ne convient pas à ce qui était demandé. {words}",
        "Rien n’est réservé et rien n’est dû.",
    ]


def test_a_cancelled_booking_says_who_cancelled_and_why():
    booking = booked()
    team = TeamMemberFactory(hub=booking.hub).person
    actions.cancel(booking=booking, by=team, now=NOW, by_team=True, reason="other", words="Dégât des eaux.")
    mail = last_mail()
    assert mail.subject.startswith("Le lieu a annulé votre réservation")
    assert f"Motif donné par le lieu{NBSP}: Dégât des eaux." in mail.text
    assert "libre" not in mail.text
    own = booked()
    actions.cancel(booking=own, by=own.person, now=NOW, by_team=False, words="Je suis malade.")
    mail = last_mail()
    assert mail.subject.startswith("Votre réservation est annulée")
    assert "Motif" not in mail.text


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
            mails.write(due, "reminder", now=NOW)
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
