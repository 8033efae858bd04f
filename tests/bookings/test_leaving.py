"""Who leaves an organisation with bookings for it ahead: they are shown first, then kept as one's own or cancelled."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.bookings import from_now
from tests.factories.organisations import AffiliationFactory
from tests.factories.spaces import SpaceFactory
from totem.bookings import actions
from totem.bookings.actions import Booker
from totem.bookings.models import Booking, Status
from totem.core.models import JournalEntry
from totem.core.periods import Period
from totem.organisations.models import Affiliation

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Affiliation:
    affiliation: Affiliation = AffiliationFactory(employee=True, person__name="Camille Exemple")
    AffiliationFactory(organisation=affiliation.organisation)
    return affiliation


def book(member: Affiliation, period: Period) -> Booking:
    """A booking for the organisation, which can be cancelled until a day before."""
    space = SpaceFactory(all_night=True, cancel_notice_minutes=24 * 60)
    booker = Booker(by=member.person, person=member.person, organisation=member.organisation)
    return actions.book(space=space, period=period, booker=booker, now=datetime.now(UTC) - timedelta(days=5))


def leave(client: Client, member: Affiliation, by: object = None, **more: str):
    client.force_login(by or member.person)
    page = reverse("organisations:remove", args=[member.organisation_id, member.pk])
    return client.post(page, more)


def states() -> list[tuple[str, bool]]:
    return [(row.status, row.organisation_id is not None) for row in Booking.objects.order_by("starts_at")]


@pytest.mark.parametrize(
    ("choice", "after"),
    [
        ("keep", [(Status.CONFIRMED, True), (Status.CONFIRMED, False), (Status.CONFIRMED, False)]),
        ("cancel", [(Status.CONFIRMED, True), (Status.CONFIRMED, False), (Status.CANCELLED, True)]),
    ],
)
def test_leaving_shows_what_is_booked_for_it_and_does_what_one_chose(
    client: Client, member: Affiliation, choice: str, after: list[tuple[str, bool]]
):
    begun, late, free = (book(member, from_now(hours)) for hours in (-0.5, 3, 72))
    shown = leave(client, member)
    assert shown.status_code == 200
    text = shown.content.decode()
    assert [booking.reference in text for booking in (begun, late, free)] == [False, True, True]
    assert member in Affiliation.objects.current_or_coming(datetime.now(UTC).date())
    token = shown.context["confirmation"].token
    assert leave(client, member, bookings=choice, confirmed=token).status_code == 302
    # What can no longer be cancelled is not got rid of by leaving.
    assert states() == after
    assert member not in Affiliation.objects.current_or_coming(datetime.now(UTC).date() + timedelta(days=1))


def test_who_is_taken_out_is_told_that_a_booking_is_their_own_now(client: Client, member: Affiliation):
    book(member, from_now(72))
    representative = Affiliation.objects.exclude(pk=member.pk).get(organisation=member.organisation).person
    shown = leave(client, member, by=representative)
    assert "Camille Exemple" in shown.content.decode()
    assert f"/reservations/{Booking.objects.get().reference}" not in shown.content.decode()  # not theirs to open
    assert leave(client, member, by=representative, confirmed=shown.context["confirmation"].token).status_code == 302
    assert states() == [(Status.CONFIRMED, False)]
    entry = JournalEntry.objects.get(verb="bookings.made_personal")
    assert entry.facts["to"]["organisation"] is None


def test_leaving_with_nothing_booked_asks_nothing(client: Client, member: Affiliation):
    book(AffiliationFactory(organisation=member.organisation), from_now(72))  # of somebody else
    assert leave(client, member).status_code == 302
    assert states() == [(Status.CONFIRMED, True)]
