"""The front desk's page of a day: who sees it, which list a booking is in, and the next action of each."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.test import Client
from django.urls import reverse

from tests.bookings.test_views_book import fields, hidden
from tests.factories.accounts import UserFactory
from tests.factories.bookings import THIS_HALF_HOUR, BookingFactory, confirmed_guest, from_now
from tests.factories.hubs import TeamMemberFactory
from tests.factories.spaces import OutageFactory, PriceFactory, SpaceFactory
from totem.accounts.models import User
from totem.bookings import actions, queries
from totem.bookings.actions import Booker, SlotTakenError, WrongStateError
from totem.bookings.models import Booking, Status
from totem.bookings.queries import DeskRow
from totem.bookings.queries.desk import LISTS
from totem.bookings.views import desk as views
from totem.core import clock
from totem.core.models import JournalEntry
from totem.core.periods import Period
from totem.hubs.models import Hub, Role
from totem.spaces import actions as space_actions
from totem.spaces.models import Space

pytestmark = pytest.mark.django_db

WORKERS = {Role.MANAGER, Role.DESK, Role.FACILITATOR}
NOON = datetime(2027, 3, 2, 11, tzinfo=UTC)  # a Tuesday in Paris
DAY = date(2027, 3, 2)


def at(hour: float, *, hours: float = 1) -> Period:
    """A period of that Tuesday, in Paris hours."""
    start = datetime(2027, 3, 1, 23, tzinfo=UTC) + timedelta(hours=hour)
    return Period(start, start + timedelta(hours=hours))


def desk(space: Space, name: str = "desk", *more: object) -> str:
    return reverse(f"bookings:{name}", args=[space.hub.slug, *more])


@pytest.fixture
def space() -> Space:
    return SpaceFactory(all_night=True, name="Somme")


def today(space: Space) -> date:
    return clock.now().astimezone(space.hub.zone).date()


def sign_in(client: Client, space: Space, role: str = Role.DESK) -> User:
    person = UserFactory(english=True)
    TeamMemberFactory(hub=space.hub, person=person, role=role)
    client.force_login(person)
    return person


def pending(space: Space, period: Period) -> Booking:
    asking = SpaceFactory(hub=space.hub, needs_approval=True, max_minutes=4320)
    return BookingFactory(space=asking, period=period)


def arrived(booking: Booking, by: User) -> Booking:
    return actions.check_in(booking=booking, by=by, now=max(booking.starts_at, booking.created_at))


class TestDay:
    """The query: every booking stands in one list, and only one."""

    def lists(self, hub: Hub, now: datetime = NOON, day: date = DAY) -> dict[str, list[Booking]]:
        found = queries.desk_day(hub, now, day)
        return {name: [row.booking for row in getattr(found, name)] for name in LISTS}

    def test_each_booking_is_in_the_list_of_its_next_action(self, space):
        by = UserFactory()
        over, late, here, soon, later = (
            BookingFactory(space=space, period=at(hour)) for hour in (9, 11.5, 10.5, 13, 16)
        )
        actions.check_in(booking=here, by=by, now=here.starts_at)
        gone = BookingFactory(space=space, period=at(8))
        actions.check_out(booking=arrived(gone, by), by=by, now=gone.ends_at)
        asked = pending(space, at(24 * 20))
        held = BookingFactory(space=space, period=at(17), hold_for=timedelta(days=2))
        tomorrow = BookingFactory(space=space, period=at(34))
        cancelled = BookingFactory(space=space, period=at(18))
        actions.cancel(booking=cancelled, by=cancelled.person, now=cancelled.created_at, by_team=True)
        BookingFactory(period=at(13))

        found = self.lists(space.hub)

        assert found == {
            "pending": [asked],
            "late": [late],
            "soon": [soon],
            "expected": [later],
            "here": [here],
            "held": [held],
            "done": [gone, over],
        }
        assert self.lists(space.hub, day=DAY + timedelta(days=1))["expected"] == [tomorrow]

    def test_what_is_to_pay_that_day_counts_each_booking_once(self, space):
        price = PriceFactory(space=space, amount=Decimal("10.00"))
        Space.objects.filter(pk=space.pk).update(free_of_charge=False)
        for period in (at(9), at(20, hours=10)):  # the night is due on its first day
            BookingFactory(space=space, period=period)
        BookingFactory(space=space, period=at(40), now=NOON)
        assert [queries.desk_day(space.hub, NOON, DAY + timedelta(days=n)).due for n in range(3)] == [
            11 * price.amount,
            price.amount,
            0,
        ]

    def test_those_who_stay_too_long_are_marked(self, space):
        booking = BookingFactory(space=space, period=at(9))
        actions.check_in(booking=booking, by=UserFactory(), now=booking.starts_at)
        assert queries.desk_day(space.hub, NOON, DAY).here == [DeskRow(booking, is_late=True)]

    def test_an_option_that_has_run_out_is_gone(self, space):
        BookingFactory(space=space, period=at(17), now=NOON - timedelta(hours=3), hold_for=timedelta(hours=1))
        assert not self.lists(space.hub)["held"]

    def test_a_night_belongs_to_both_its_days(self, space):
        night = BookingFactory(space=space, period=at(22, hours=10))
        assert self.lists(space.hub)["expected"] == [night]
        assert self.lists(space.hub, day=DAY + timedelta(days=1))["expected"] == [night]

    def test_an_outage_marks_the_affected_bookings(self, space):
        booking = BookingFactory(space=space, period=at(13))
        outage = OutageFactory(space=space, during=(NOON - timedelta(hours=1), None))
        OutageFactory(space=SpaceFactory(hub=space.hub), during=(NOON - timedelta(hours=2), NOON))
        OutageFactory(during=(NOON - timedelta(hours=1), None))
        found = queries.desk_day(space.hub, NOON, DAY)
        assert [outage.space for outage in found.broken] == [space]
        assert found.soon == [DeskRow(booking, outages=[outage])]

    def test_an_outage_marks_what_takes_the_broken_unit_on_the_day_looked_at(self, space):
        """A whole by its half, and a pool's booking by its own unit: what the report of the outage listed too."""
        hub, by, tomorrow = space.hub, UserFactory(), DAY + timedelta(days=1)
        half, other = SpaceFactory(hub=hub), SpaceFactory(hub=hub)
        pool = SpaceFactory(pool=True, hub=hub)
        whole, beside = (
            BookingFactory(space=room, period=at(34)) for room in (SpaceFactory(hub=hub, parts=[half]), other)
        )
        seats = [BookingFactory(space=pool, period=at(34, hours=2)) for _ in range(2)]
        unit = seats[1].occupancy.get(is_buffer=False).unit
        half_out, seat_out = (
            space_actions.report_outage(
                space=one, unit=of_it, starts_at=at(34).starts_at, ends_at=at(35).starts_at, reason="x", by=by, now=NOON
            )
            for one, of_it in ((half, None), (pool, unit))
        )
        found = queries.desk_day(hub, NOON, tomorrow)
        assert {row.booking: list(row.outages) for row in found.expected} == {
            whole: [half_out.outage],
            beside: [],
            seats[0]: [],
            seats[1]: [seat_out.outage],
        }
        assert [outage.space for outage in found.broken] == [half, pool]
        assert queries.desk_day(hub, NOON, DAY).broken == []
        listed = [str(booking.url) for report in (half_out, seat_out) for booking in report.affected]
        assert listed == [reverse("bookings:detail", args=[booking.reference]) for booking in (whole, seats[1])]

    def test_the_team_reads_of_the_outage_on_the_page_of_the_booking(self, client, space):
        sign_in(client, space)
        booking = BookingFactory(space=SpaceFactory(hub=space.hub, parts=[space]))
        OutageFactory(space=space, during=(THIS_HALF_HOUR, None), reason="Water")
        page = reverse("bookings:detail", args=[booking.reference])
        assert "Out of order: Somme" in client.get(page).content.decode()
        client.force_login(booking.person)
        assert "Out of order" not in client.get(page).content.decode()


class TestScreen:
    @pytest.mark.parametrize("role", Role)
    def test_the_team_sees_it_and_those_at_work_have_the_buttons(self, client, space, role):
        sign_in(client, space, role)
        BookingFactory(space=space, period=from_now(-0.5, length=2))
        OutageFactory(space=SpaceFactory(hub=space.hub), during=(THIS_HALF_HOUR, None))
        page = client.get(desk(space))
        html = page.content.decode()
        assert page.status_code == 200
        assert (">Check in<" in html) is (role in WORKERS)
        assert (">Put back in service<" in html) is (role in {Role.MANAGER, Role.DESK, Role.MACHINES})
        assert ("Walk-in" in html) is (role in WORKERS)

    def test_a_visitor_is_asked_to_sign_in(self, client, space):
        assert client.get(desk(space)).url.startswith(reverse("account_login"))

    def test_empty_lists_say_so(self, client, space):
        sign_in(client, space)
        html = client.get(desk(space)).content.decode()
        assert "No request waits for an answer." in html
        assert "Everything works." in html

    def test_another_day(self, client, space):
        sign_in(client, space)
        booking = BookingFactory(space=space)
        assert booking.reference not in client.get(desk(space)).content.decode()
        page = client.get(desk(space), {"date": fields(from_now(48))["date"]})
        html = page.content.decode()
        assert booking.reference in html
        assert ">Check in<" not in html

    @pytest.mark.parametrize("day", ["x", "2027-02-30", "9999-12-31", "0001-01-01"])
    def test_an_invalid_day_is_refused(self, client, space, day):
        sign_in(client, space)
        answer = client.get(desk(space), {"date": day})
        assert answer.status_code == 422
        assert 'id="id_date_error"' in answer.content.decode()

    @pytest.mark.parametrize("count", [1, 3])
    def test_the_queries_do_not_grow_with_the_rows(self, client, space, count, django_assert_num_queries):
        by = sign_in(client, space)
        for n in range(count):
            pending(space, from_now(48 + n))
            BookingFactory(space=space, period=from_now(24 + n), hold_for=timedelta(days=6))
            BookingFactory(space=SpaceFactory(hub=space.hub), period=from_now(-1, length=2))
            arrived(BookingFactory(space=SpaceFactory(hub=space.hub), period=from_now(-1, length=2)), by)
            OutageFactory(space=SpaceFactory(hub=space.hub), during=(THIS_HALF_HOUR, None))
        with django_assert_num_queries(11):
            html = client.get(desk(space)).content.decode()
        assert html.count('class="row-line"') == 5 * count


DEEDS = tuple(views.DEEDS)


class TestActions:
    def test_check_in_undo_and_out(self, client, space):
        by = sign_in(client, space)
        booking = BookingFactory(space=space, period=from_now(-0.5, length=2))
        for deed, word in (
            ("check_in", "Arrived"),
            ("undo_check_in", "undone"),
            ("check_in", ""),
            ("check_out", "Left"),
        ):
            answer = client.post(desk(space, deed, booking.reference), follow=True)
            assert answer.redirect_chain[-1] == (f"{desk(space)}#row-{booking.reference}", 303)
            assert word in answer.content.decode()
        booking.refresh_from_db()
        assert booking.checked_in_at <= booking.checked_out_at
        assert JournalEntry.objects.filter(verb="bookings.checked_in", actor_id=by.pk).count() == 2

    def test_who_is_absent_frees_the_place_and_still_owes_it_and_may_come_after_all(self, client, space):
        sign_in(client, space)
        PriceFactory(space=space)
        Space.objects.filter(pk=space.pk).update(free_of_charge=False)
        booking, other = BookingFactory(space=space, period=from_now(-1, length=8)), UserFactory()
        now, rest = clock.now(), from_now(2)
        book = partial(actions.book, space=booking.space, period=rest, booker=Booker.oneself(other), now=now)
        with pytest.raises(SlotTakenError):
            book()
        shown = client.post(desk(space, "mark_absent", booking.reference), headers={"hx-request": "true"})
        assert "Absent: " in (html := shown.content.decode())
        assert desk(space, "undo_absent", booking.reference) in html
        absent = Booking.objects.get(pk=booking.pk)
        assert (absent.price, absent.ends_at <= THIS_HALF_HOUR + timedelta(hours=1)) == (booking.price, True)
        for refused in (actions.check_in, actions.mark_absent, partial(actions.cancel, by_team=True)):
            with pytest.raises(WrongStateError):
                refused(booking=absent, by=other, now=now)
        book()
        client.post(desk(space, "undo_absent", booking.reference))
        back = Booking.objects.get(pk=booking.pk)
        assert (back.no_show_at, back.ends_at, back.price) == (None, rest.starts_at, booking.price)
        assert booking in [row.booking for row in queries.desk_day(space.hub, now, today(space)).late]

    def test_an_option_is_made_firm(self, client, space):
        sign_in(client, space)
        booking = BookingFactory(space=space, now=from_now(-1).starts_at, hold_for=timedelta(days=2))
        assert client.post(desk(space, "confirm_hold", booking.reference)).status_code == 303
        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED

    def test_a_machine_is_put_back_in_service(self, client, space):
        sign_in(client, space, Role.MACHINES)
        outage = OutageFactory(space=space, during=(THIS_HALF_HOUR - timedelta(days=1), None))
        assert client.post(desk(space, "end_outage", outage.pk)).status_code == 303
        outage.refresh_from_db()
        assert outage.during.upper is not None
        assert client.post(desk(space, "end_outage", outage.pk)).status_code == 409

    @pytest.mark.parametrize("htmx", [False, True])
    def test_an_action_somebody_else_was_faster_at_answers_409_with_the_current_day(self, client, space, htmx):
        sign_in(client, space)
        booking = BookingFactory(space=space, period=from_now(-0.5, length=2))
        headers = {"hx-request": "true"} if htmx else {}
        client.post(desk(space, "check_in", booking.reference))

        second = client.post(desk(space, "check_in", booking.reference), headers=headers)

        html = second.content.decode()
        assert second.status_code == 409
        assert "They have already arrived." in html
        assert ">Check out<" in html
        assert ("<html" in html) is not htmx

    def test_the_swapped_day_is_the_one_that_a_reload_gives(self, client, space):
        sign_in(client, space)
        booking = BookingFactory(space=space, period=from_now(-0.5, length=2))
        swapped = client.post(desk(space, "check_in", booking.reference), headers={"hx-request": "true"})
        html = swapped.content.decode()
        assert swapped.status_code == 200
        assert 'hx-swap-oob="innerHTML"' in html
        assert f"Arrived: {booking.person.name}, Somme." in html
        assert f'id="check_out-{booking.reference}"' in html
        reloaded = client.get(desk(space)).content.decode()
        assert desk(space, "undo_check_in", booking.reference) in html[: html.index('<div id="day"')]
        day = html[html.index('<div id="day"') :].strip()
        token = hidden(day, "csrfmiddlewaretoken")
        assert day.replace(token, hidden(reloaded, "csrfmiddlewaretoken")) in reloaded

    def test_an_action_redirects_to_the_day_it_was_made_on(self, client, space):
        sign_in(client, space)
        booking, day = pending(space, from_now(48)), fields(from_now(48))["date"]
        answer = client.post(desk(space, "approve", booking.reference), {"date": day})
        assert answer.url == f"{desk(space)}?date={day}#row-{booking.reference}"

    @pytest.mark.parametrize("role", [Role.READER, Role.MACHINES])
    def test_those_who_only_look_are_refused(self, client, space, role):
        sign_in(client, space, role)
        booking = BookingFactory(space=space, period=from_now(-0.5, length=2))
        for deed in DEEDS:
            assert client.post(desk(space, deed, booking.reference)).status_code == 403
        booking.refresh_from_db()
        assert booking.checked_in_at is None

    def test_the_booking_of_another_hub_is_not_reached_through_ones_own(self, client, space):
        sign_in(client, space)
        other = BookingFactory(period=from_now(-0.5, length=2))
        broken = OutageFactory(during=(THIS_HALF_HOUR, None))
        for deed in DEEDS:
            assert client.post(desk(space, deed, other.reference)).status_code == 404
        assert client.post(desk(space, "end_outage", broken.pk)).status_code == 404

    def test_nothing_is_done_by_following_a_link_or_from_another_site(self, client, space):
        person = sign_in(client, space)
        booking = BookingFactory(space=space, period=from_now(-0.5, length=2))
        assert client.get(desk(space, "check_in", booking.reference)).status_code == 405
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(person)
        assert strict.post(desk(space, "check_in", booking.reference)).status_code == 403

    def test_guests_are_called_by_their_name(self, client, space):
        sign_in(client, space)
        booking = confirmed_guest(space, from_now(-0.5, length=2))
        answer = client.post(desk(space, "check_in", booking.reference), follow=True)
        assert "Arrived: Camille Invitée, Somme." in answer.content.decode()


class TestWalkIn:
    def test_leads_to_the_form_of_the_space_from_now_for_a_guest(self, client, space):
        sign_in(client, space)
        answer = client.get(desk(space, "walk_in"), {"space": space.slug}, follow=True)
        html = answer.content.decode()
        assert answer.status_code == 200
        assert 'value="guest" required' in html or 'value="guest"' in html
        assert 'id="id_whom_2" aria-describedby' in html or "checked" in html
        assert "This time has passed" not in html

    @pytest.mark.parametrize("chosen", ["", "nothing"])
    def test_an_unknown_space_is_not_found(self, client, space, chosen):
        sign_in(client, space)
        assert client.get(desk(space, "walk_in"), {"space": chosen}).status_code == 404
