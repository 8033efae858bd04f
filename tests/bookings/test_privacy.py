"""Personal data in hubs and bookings: exported for the person, erased or anonymised."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.factories.accounts import UserFactory
from tests.factories.hubs import MembershipFactory, TeamMemberFactory
from tests.factories.spaces import SpaceFactory
from totem.accounts.actions import ErasureRefused, erase_person, export_personal_data
from totem.bookings import actions, jobs
from totem.bookings.actions import Booker, Guest
from totem.bookings.models import Booking, Status
from totem.core import clock
from totem.core.models import JournalEntry, Mail
from totem.core.periods import Period
from totem.hubs.models import Membership, TeamMember

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 3, 1, 7, 0, tzinfo=UTC)
PERIOD = Period(datetime(2027, 3, 4, 13, 0, tzinfo=UTC), datetime(2027, 3, 4, 15, 0, tzinfo=UTC))


def booked(booker: Booker) -> Booking:
    return actions.book(space=SpaceFactory(), period=PERIOD, booker=booker, now=NOW, purpose="Entretien d’embauche")


def test_the_export_contains_bookings_memberships_and_roles_of_the_person_only():
    person = UserFactory()
    booking, other = booked(Booker.oneself(person)), booked(Booker.oneself(UserFactory()))
    membership, role = MembershipFactory(person=person), TeamMemberFactory(person=person)
    words = json.dumps(export_personal_data(person=person))
    for known in (booking.reference, membership.hub.name, role.hub.name):
        assert known in words
    assert other.reference not in words


def test_erasing_a_person_cancels_bookings_empties_texts_and_ends_roles():
    person = UserFactory()
    booking = booked(Booker.oneself(person))
    TeamMemberFactory(person=person, hub=TeamMemberFactory().hub)
    MembershipFactory(person=person)
    MembershipFactory(person=person, starts_on=date(2028, 1, 1))
    erase_person(person=person, actor_id=person.pk, now=NOW)
    booking.refresh_from_db()
    assert (booking.status, booking.purpose) == (Status.CANCELLED, "")
    assert not TeamMember.objects.filter(person=person).exists()
    assert [m.ends_on for m in Membership.objects.filter(person=person)] == [NOW.date()]
    jobs.tell(booking_id=booking.pk, event="cancelled")
    assert not Mail.objects.exclude(to="").exists()


def test_what_was_written_of_a_person_goes_with_them_and_the_ready_made_reason_stays():
    person = UserFactory()
    booking = booked(Booker.oneself(person))
    words = "Madame Untel nous a appelés"
    actions.cancel(booking=booking, by=UserFactory(), now=NOW, by_team=True, reason="asked", words=words)
    assert words in json.dumps(export_personal_data(person=person), ensure_ascii=False)
    assert words not in json.dumps(list(JournalEntry.objects.values_list("facts", flat=True)), ensure_ascii=False)
    erase_person(person=person, actor_id=person.pk, now=NOW)
    booking.refresh_from_db()
    assert (booking.reason, booking.reason_words) == ("asked", "")


def test_a_request_whose_time_has_come_unanswered_keeps_nobody_from_erasure():
    person, space = UserFactory(), SpaceFactory(needs_approval=True)
    booker = Booker.oneself(person)
    booking = actions.book(space=space, period=PERIOD, booker=booker, now=NOW, purpose="Entretien d’embauche")
    erase_person(person=person, actor_id=person.pk, now=PERIOD.starts_at + timedelta(minutes=1))
    booking.refresh_from_db()
    assert (booking.status, booking.purpose) == (Status.PENDING, "")


def test_the_only_manager_of_a_hub_is_not_erased():
    person = UserFactory()
    booking = booked(Booker.oneself(person))
    TeamMemberFactory(person=person)
    with pytest.raises(ErasureRefused):
        erase_person(person=person, actor_id=person.pk, now=NOW)
    booking.refresh_from_db()
    assert booking.status == Status.CONFIRMED


def test_guests_are_anonymised_a_year_after_their_booking(monkeypatch):
    booking = booked(Booker(by=None, guest=Guest("Ada", "ada@example.org", phone="+33322224545")))
    assert "33322224545" not in json.dumps(list(JournalEntry.objects.values_list("facts", flat=True)))
    assert actions.anonymise_guests(now=PERIOD.ends_at + timedelta(days=365)) == 0
    monkeypatch.setattr(clock, "now", lambda: PERIOD.ends_at + timedelta(days=366))
    jobs.forget_guests(timestamp=0)
    booking.refresh_from_db()
    assert "ada" not in f"{booking.guest_name} {booking.guest_email} {booking.purpose}".lower()
    assert booking.guest_phone == ""
    assert actions.anonymise_guests(now=PERIOD.ends_at + timedelta(days=366)) == 0
