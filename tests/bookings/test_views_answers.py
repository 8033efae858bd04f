"""The page of a request, where the team approves it with one button or refuses it and says why."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.accounts import UserFactory
from tests.factories.bookings import BookingFactory, from_now
from tests.factories.hubs import TeamMemberFactory
from tests.factories.spaces import SpaceFactory
from totem.accounts.models import User
from totem.bookings import actions
from totem.bookings.models import Booking, Status
from totem.core.models import JournalEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def booking() -> Booking:
    space = SpaceFactory(all_night=True, needs_approval=True, name="Oise")
    return BookingFactory(space=space, person=UserFactory(name="Ada Lovelace"), purpose="Jury")


@pytest.fixture
def team(client: Client, booking: Booking) -> User:
    person = TeamMemberFactory(hub=booking.hub, person=UserFactory(english=True)).person
    client.force_login(person)
    return person


def page_of(booking: Booking, name: str = "request") -> str:
    return reverse(f"bookings:{name}", args=[booking.hub.slug, booking.reference])


def status_of(booking: Booking) -> str:
    booking.refresh_from_db()
    return booking.status


def test_the_page_says_who_what_and_when_and_looking_changes_nothing(client, booking, team):
    before = JournalEntry.objects.count()
    page = client.get(page_of(booking)).content.decode()
    for words in ("Ada Lovelace", "Oise", "Jury", booking.person.email, page_of(booking, "approve")):
        assert words in page
    assert (status_of(booking), JournalEntry.objects.count()) == (Status.PENDING, before)
    opened = client.get(page_of(booking, "approve"), headers={"accept-language": "en"})  # as after signing in
    assert (opened.status_code, opened["Allow"]) == (405, "POST")
    assert "This address only receives a form" in opened.content.decode()


def test_signing_in_is_asked_first_and_leads_back(booking):
    answer = Client().get(page_of(booking))
    assert answer.status_code == 302
    assert answer.url == f"{reverse('account_login')}?next={page_of(booking)}"


def test_one_button_approves(client, booking, team):
    assert client.post(page_of(booking, "approve")).status_code == 303
    assert status_of(booking) == Status.CONFIRMED


def test_a_refusal_says_why_or_is_none(client, booking, team):
    answer = client.post(page_of(booking, "refuse"), {"reason": "", "reason_words": "No"})
    assert (answer.status_code, [*answer.context["form"].errors]) == (422, ["reason"])
    assert status_of(booking) == Status.PENDING
    said = {"reason": "not_allowed", "reason_words": "No noise."}
    answer = client.post(page_of(booking, "refuse"), said, follow=True)
    assert "Refused: Ada Lovelace, Oise." in answer.content.decode()
    assert (status_of(booking), booking.reason, booking.reason_words) == (Status.REFUSED, "not_allowed", "No noise.")


def test_one_that_somebody_else_has_answered_says_so(client, booking, team):
    actions.approve(booking=booking, by=team, now=booking.created_at)
    page = client.get(page_of(booking)).content.decode()
    assert "no longer waits for an answer" in page
    assert page_of(booking, "approve") not in page
    answer = client.post(page_of(booking, "refuse"), {"reason": "needed"})
    assert answer.status_code == 409
    assert status_of(booking) == Status.CONFIRMED


def test_one_whose_time_has_come_is_answered_no_more(client, booking, team):
    begun = BookingFactory(space=booking.space, period=from_now(-1), now=from_now(-24).starts_at)
    page = client.get(page_of(begun)).content.decode()
    assert "no longer waits for an answer" in page
