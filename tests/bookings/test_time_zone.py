"""A hub whose time zone or commune changes: what is ahead keeps its hour, and is shown before anything is saved."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from tests.factories.bookings import HOUR, BookingFactory
from tests.factories.hubs import ExceptionalHoursFactory, HubFactory, TeamMemberFactory
from tests.factories.spaces import OutageFactory, SpaceFactory
from tests.factories.territories import CommuneFactory, DepartmentFactory
from tests.hubs.test_pages import sent
from totem.bookings import actions as bookings
from totem.bookings.models import Booking, Occupancy
from totem.core.models import JournalEntry
from totem.core.periods import Period, at_wall_clock, local_day
from totem.hubs import actions
from totem.hubs.models import Hub, TeamMember
from totem.spaces.models import Space

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 3, 1, 7, 0, tzinfo=UTC)
REUNION = "Indian/Reunion"  # three hours ahead of Paris in winter


def at(hour: float, *, day: int = 2, hours: float = 1) -> Period:
    """A period of March 2027 in UTC."""
    start = datetime(2027, 3, 1, tzinfo=UTC) + timedelta(days=day - 1) + hour * HOUR
    return Period(start, start + hours * HOUR)


@pytest.fixture
def room() -> Space:
    hub = HubFactory(always_open=True)
    return SpaceFactory(hub=hub, max_minutes=1440, buffer_before_minutes=15, buffer_after_minutes=30)


def change(room: Space, zone: str, now: datetime = NOW) -> list[str]:
    by = TeamMember.objects.filter(hub=room.hub).first() or TeamMemberFactory(hub=room.hub)
    return [one.label for one in actions.update_hub(hub=room.hub, by=by.person, now=now, time_zone=zone)]


def test_all_that_is_ahead_moves_to_the_same_hour_with_its_buffers_and_neighbours(
    room: Space, mailoutbox: list[object]
):
    begun = BookingFactory(space=room, period=at(4, day=1, hours=2), now=NOW - 48 * HOUR)
    # Each falls where another one stands: three hours earlier.
    bookings = [BookingFactory(space=room, period=at(hour, hours=2), now=NOW) for hour in (8, 11, 14)]
    buffers = sorted(
        Occupancy.objects.filter(booking=bookings[1]).values_list("during", flat=True), key=lambda d: d.lower
    )
    closure = ExceptionalHoursFactory(hub=room.hub, during=local_day(date(2027, 5, 3), room.hub.zone))
    next_day = ExceptionalHoursFactory(hub=room.hub, during=local_day(date(2027, 5, 4), room.hub.zone))
    outage = OutageFactory(space=room, during=(NOW - HOUR, at(8, day=9).starts_at))
    labels = change(room, REUNION)
    assert [label.split(" · ")[1] for label in labels] == [
        f"mardi 2 mars 2027, de {start}\xa0h à {start + 2}\xa0h" for start in (9, 12, 15)
    ]  # fmt: skip
    for booking in bookings:
        before, deadline = booking.period, booking.cancellable_until
        booking.refresh_from_db()
        assert booking.period == Period(*(instant - 3 * HOUR for instant in before))
        assert booking.cancellable_until == deadline - 3 * HOUR
    moved = sorted(
        Occupancy.objects.filter(booking=bookings[1]).values_list("during", flat=True), key=lambda d: d.lower
    )
    assert [(d.lower + 3 * HOUR, d.upper + 3 * HOUR) for d in moved] == [(d.lower, d.upper) for d in buffers]
    zone = Hub.objects.get().zone
    for row, day in ((closure, date(2027, 5, 3)), (next_day, date(2027, 5, 4))):
        row.refresh_from_db()
        assert (row.during.lower, row.during.upper) == local_day(day, zone)
    outage.refresh_from_db()
    assert (outage.during.lower, outage.during.upper) == (NOW - HOUR, at(5, day=9).starts_at)
    assert Booking.objects.get(pk=begun.pk).period == begun.period
    assert JournalEntry.objects.filter(verb="bookings.moved").count() == 3


def test_an_hour_that_the_clocks_skip_is_refused_by_name(room: Space):
    change(room, "America/Guadeloupe")
    night = BookingFactory(space=Space.objects.get(), period=at(6.5, day=28), now=NOW)  # 2:30 in Guadeloupe
    with pytest.raises(ValidationError) as refused:
        change(room, "Europe/Paris")
    assert "dimanche 28 mars 2027, de 2\xa0h\xa030" in refused.value.message_dict["time_zone"][0]
    assert Booking.objects.get().period == night.period
    assert Hub.objects.get().time_zone == "America/Guadeloupe"


@pytest.mark.parametrize("minutes", [0, 30])  # until 2:00 in winter, from 2:00 or 2:30 in summer
def test_an_hour_that_comes_twice_here_alone_is_refused_by_name(room: Space, minutes: int):
    start = datetime(2027, 10, 31, 0, minutes, tzinfo=UTC)
    closure = ExceptionalHoursFactory(hub=room.hub, during=(start, start + HOUR - minutes * HOUR / 60))
    booking = BookingFactory(space=SpaceFactory(all_night=True), period=Period(start, start + HOUR), now=start - HOUR)
    for hub, word in ((room.hub, str(closure)), (booking.hub, booking.who)):
        by = TeamMemberFactory(hub=hub).person
        with pytest.raises(ValidationError) as refused:
            actions.update_hub(hub=hub, by=by, now=NOW, time_zone=REUNION)
        [told] = refused.value.message_dict["time_zone"]
        assert word in told
        assert "il n’y a pas de telle heure" in told


def test_what_would_fall_on_a_booking_that_has_begun_is_refused_by_name(room: Space):
    BookingFactory(space=room, period=at(6, day=1, hours=2), now=NOW - 48 * HOUR)
    BookingFactory(space=room, period=at(10, day=1), now=NOW)
    with pytest.raises(ValidationError) as refused:
        change(room, REUNION)
    assert "de 11\xa0h à 12\xa0h" in refused.value.message_dict["time_zone"][0]
    assert (Hub.objects.get().time_zone, Occupancy.objects.filter(is_buffer=False).count()) == ("Europe/Paris", 2)


def test_the_settings_show_what_moves_and_save_it_once_it_was_shown(client: Client, room: Space):
    booking = BookingFactory(space=room, person__name="Camille Exemple")
    client.force_login(TeamMemberFactory(hub=room.hub).person)
    page = reverse("hubs:settings", args=[room.hub.slug])
    answer = client.post(page, sent(client, page, time_zone=REUNION))
    assert answer.status_code == 200
    assert "Camille Exemple" in answer.content.decode()
    assert "Les déplacer et enregistrer" in answer.content.decode()
    assert Hub.objects.get().time_zone == "Europe/Paris"
    token = answer.context["confirmation"].token
    assert client.post(page, sent(client, page, time_zone=REUNION, confirmed=token)).status_code == 302
    former = booking.starts_at.astimezone(room.hub.zone)
    booking.refresh_from_db()
    assert booking.starts_at == at_wall_clock(former.date(), former.time(), Hub.objects.get().zone)


def test_bookings_on_days_that_another_commune_makes_holidays_are_shown_and_stay(room: Space):
    hub = room.hub
    Hub.objects.update(closed_on_public_holidays=True)
    abolition = BookingFactory(space=room, period=at(8, day=1 + 87), now=NOW)  # 27 May
    BookingFactory(space=room, period=at(8, day=1 + 86), now=NOW)
    elsewhere = CommuneFactory(department=DepartmentFactory(guadeloupe=True), code="97105", name="Basse-Terre")
    person = TeamMemberFactory(hub=hub).person
    (affected,) = actions.update_hub(hub=hub, by=person, now=NOW, commune=elsewhere)
    assert affected.label.endswith("Abolition de l’esclavage")
    assert Booking.objects.get(pk=abolition.pk).period == abolition.period
    Hub.objects.update(customary_holidays=["good_friday"])
    actions.update_hub(hub=hub, by=person, now=NOW, commune=CommuneFactory(amiens=True))
    assert Hub.objects.get().customary_holidays == []


def test_a_departure_before_the_beginning_is_undone_until_the_end_that_moved(room: Space):
    by = TeamMemberFactory(hub=room.hub).person
    booking = BookingFactory(space=room, period=at(8.5, day=1, hours=3), now=NOW - 48 * HOUR)
    arrived = bookings.check_in(booking=booking, by=by, now=NOW)
    bookings.check_out(booking=arrived, by=by, now=NOW)
    change(room, REUNION)
    booking = Booking.objects.with_place().get(pk=booking.pk)
    back = bookings.undo_check_out(booking=booking, by=by, now=NOW)
    assert back.period == at(5.5, day=1, hours=3)
