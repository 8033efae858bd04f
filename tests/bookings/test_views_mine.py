"""A person's bookings: the list, the page of one, its calendar file, cancelling, moving; and who may do so."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.bookings.test_views_book import fields, hidden
from tests.factories.accounts import UserFactory
from tests.factories.bookings import BookingFactory, from_now
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.spaces import PriceFactory, SpaceFactory
from totem.accounts.models import User
from totem.bookings import actions, jobs, mails
from totem.bookings.models import Booking, Status
from totem.core.models import JournalEntry, Mail
from totem.hubs.models import Role
from totem.spaces.models import Audience, Space

pytestmark = pytest.mark.django_db

MINE = reverse("bookings:mine")
WHY = {"reason": "needed"}
PAGES = ("detail", "cancel", "move", "calendar")


def page_of(booking: Booking, name: str = "detail") -> str:
    return reverse(f"bookings:{name}", args=[booking.reference])


@pytest.fixture
def space() -> Space:
    return SpaceFactory(all_night=True, name="Somme")


@pytest.fixture
def person(client: Client) -> User:
    person = UserFactory(english=True)
    client.force_login(person)
    return person


class TestList:
    def test_an_empty_list_says_how_to_book(self, client, person):
        html = client.get(MINE).content.decode()
        assert "You have not booked anything yet" in html
        assert reverse("website:find") in html

    def test_requests_coming_and_past_bookings_are_listed_apart(self, client, person, space):
        asking = SpaceFactory(all_night=True, needs_approval=True, name="Selle")
        BookingFactory(space=asking, person=person)
        coming = BookingFactory(space=space, person=person)
        past = BookingFactory(space=space, person=person, period=from_now(-48))
        gone = BookingFactory(space=space, person=person, period=from_now(72))
        actions.cancel(booking=gone, by=person, now=datetime.now(tz=UTC), by_team=False)
        stranger = BookingFactory(space=space, period=from_now(96))

        html = client.get(MINE).content.decode()

        waiting, rest = html.split('id="coming"')
        to_come, over = rest.split('id="past"')
        to_come, dropped = to_come.split('id="dropped"')
        assert "Selle" in waiting
        assert coming.reference in to_come
        assert past.reference in over
        assert gone.reference in dropped
        assert gone.reference not in over
        assert stranger.reference not in html

    @pytest.mark.parametrize("count", [1, 3])
    def test_the_queries_do_not_grow_with_the_rows(self, client, person, space, count, django_assert_num_queries):
        for n in range(count):
            BookingFactory(space=space, person=person, period=from_now(48 + 2 * n))
            BookingFactory(space=space, person=person, period=from_now(-48 - 2 * n))
        with django_assert_num_queries(8):
            html = client.get(MINE).content.decode()
        assert html.count('class="row-line"') == 2 * count

    def test_the_past_is_read_page_by_page(self, client, person, space):
        for n in range(21):
            BookingFactory(space=space, person=person, period=from_now(-48 - n))
        assert "Page 1 of 2" in client.get(MINE).content.decode()
        last = client.get(MINE, {"page": "2"}).content.decode()
        assert last.count('class="row-line"') == 1
        assert client.get(MINE, {"page": "x"}).status_code == 200

    def test_is_for_those_who_are_signed_in(self, client):
        assert client.get(MINE).url.startswith(reverse("account_login"))


class TestSeeing:
    def test_what_was_agreed(self, client, person, space):
        PriceFactory(space=space, amount="12.00")
        booking = BookingFactory(space=space, person=person, period=from_now(48, length=2))
        html = client.get(page_of(booking)).content.decode()
        assert "2 hours" in html
        assert "€24.00" in html
        assert "VAT included: €4.00" in html
        assert booking.reference in html

    @pytest.mark.parametrize("name", PAGES)
    def test_a_visitor_is_asked_to_sign_in(self, client, name):
        booking = BookingFactory()
        answer = client.get(page_of(booking, name))
        assert answer.url.startswith(f"{reverse('account_login')}?next=/reservations/{booking.reference}")
        assert client.get(reverse("bookings:detail", args=["NOTHING"])).status_code == 404

    @pytest.mark.parametrize("role", Role)
    def test_the_team_sees_and_those_at_work_change(self, client, person, space, role):
        TeamMemberFactory(person=person, role=role, hub=space.hub)
        booking = BookingFactory(space=space)
        works = role in {Role.MANAGER, Role.DESK, Role.FACILITATOR}
        page = client.get(page_of(booking))
        assert page.status_code == 200
        assert (booking.person.email in page.content.decode()) is works
        guest = client.get(page_of(BookingFactory(space__hub=space.hub, guest=True))).content.decode()
        assert ("camille@example.org" in guest) is works
        for name in ("cancel", "move"):
            assert client.get(page_of(booking, name)).status_code == (200 if works else 404)
        assert client.post(page_of(booking, "cancel"), WHY).status_code == (303 if works else 404)

    def test_the_number_of_queries_of_a_booking_page(self, client, person, space, django_assert_num_queries):
        booking = BookingFactory(space=space, person=person)
        with django_assert_num_queries(5):
            client.get(page_of(booking))


class TestCalendar:
    def test_is_in_utc_and_escaped(self, client, person):
        hub = HubFactory(name="Cantine; du Sud, Ouest", always_open=True)
        booking = BookingFactory(person=person, space=SpaceFactory(hub=hub, name="Salle\\Somme" + " très" * 12))
        answer = client.get(page_of(booking, "calendar"))
        assert answer["Content-Type"] == "text/calendar"
        assert f'filename="{booking.reference}.ics"' in answer["Content-Disposition"]
        assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))
        text = answer.content.decode().replace("\r\n ", "")
        assert f"DTSTART:{booking.starts_at:%Y%m%dT%H%M%SZ}\r\n" in text
        assert f"DTEND:{booking.ends_at:%Y%m%dT%H%M%SZ}\r\n" in text
        assert "SUMMARY:Salle\\\\Somme" in text
        assert "Cantine\\; du Sud\\, Ouest" in text
        assert "STATUS:CONFIRMED" in text

    def test_says_when_it_is_cancelled_or_not_sure(self, person, space):
        booking = BookingFactory(space=space, person=person)
        booking.status = Status.PENDING
        assert mails.calendar_entry(booking, "https://example.org").status == "TENTATIVE"
        booking.status = Status.REFUSED
        assert mails.calendar_entry(booking, "https://example.org").status == "CANCELLED"


class TestCancelling:
    def test_asks_first_then_cancels(self, client, person, space):
        booking = BookingFactory(space=space, person=person)
        assert "Cancel this booking?" in client.get(page_of(booking, "cancel")).content.decode()
        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED

        answer = client.post(page_of(booking, "cancel"), follow=True)

        booking.refresh_from_db()
        assert booking.status == Status.CANCELLED
        assert "The space is free again" in answer.content.decode()
        assert client.post(page_of(booking, "cancel")).status_code == 409
        assert client.get(page_of(booking, "cancel")).status_code == 302

    def test_the_author_may_say_why_and_the_team_reads_it(self, client, person, space):
        booking = BookingFactory(space=space, person=person)
        page = client.get(page_of(booking, "cancel")).content.decode()
        assert 'name="reason"' not in page
        assert client.post(page_of(booking, "cancel"), {"reason_words": "Ill <b>today</b>"}).status_code == 303
        client.force_login(TeamMemberFactory(hub=space.hub, person=UserFactory(english=True)).person)
        assert "Ill &lt;b&gt;today&lt;/b&gt;" in client.get(page_of(booking)).content.decode()

    @pytest.mark.parametrize(
        ("sent", "field"),
        [
            ({}, "reason"),
            ({"reason_words": "Flooded"}, "reason"),
            ({"reason": "elsewhere"}, "reason"),
            ({"reason": "other", "reason_words": " "}, "reason_words"),
            ({"reason": "other", "reason_words": "x" * 301}, "reason_words"),
        ],
    )
    def test_the_team_says_why_or_nothing_is_cancelled(self, client, person, space, sent, field):
        TeamMemberFactory(person=person, role=Role.DESK, hub=space.hub)
        booking = BookingFactory(space=space)
        answer = client.post(page_of(booking, "cancel"), sent)
        assert (answer.status_code, [*answer.context["form"].errors]) == (422, [field])
        booking.refresh_from_db()
        assert (booking.status, booking.reason_words) == (Status.CONFIRMED, "")

    def test_what_the_team_says_stands_on_the_page_of_the_person(self, client, person, space):
        booking = BookingFactory(space=space, person=person)
        team = Client()
        team.force_login(TeamMemberFactory(hub=space.hub).person)
        said = {"reason": "outage", "reason_words": "The heating."}
        assert team.post(page_of(booking, "cancel"), said).status_code == 303
        page = client.get(page_of(booking)).content.decode()
        assert "The space or its equipment is out of order. The heating." in page

    def test_after_the_deadline_only_the_team_may(self, client, person):
        space = SpaceFactory(all_night=True, cancel_notice_minutes=60 * 24 * 3)
        booking = BookingFactory(space=space, person=person, now=from_now(-96).starts_at)
        assert "Cancel the booking" not in client.get(page_of(booking)).content.decode()
        for name in ("cancel", "move"):
            answer = client.post(page_of(booking, name), fields(from_now(240)))
            assert answer.status_code == 409
            assert "too late" in answer.content.decode()
        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED
        TeamMemberFactory(hub=space.hub, person=person, role=Role.DESK)
        assert client.post(page_of(booking, "cancel")).status_code == 303

    def test_a_form_of_another_site_is_refused(self, person, space):
        booking = BookingFactory(space=space, person=person)
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(person)
        assert strict.post(page_of(booking, "cancel")).status_code == 403
        booking.refresh_from_db()
        assert booking.status == Status.CONFIRMED


class TestRequests:
    @pytest.fixture
    def asked(self, person) -> Space:
        return SpaceFactory(all_night=True, needs_approval=True, cancel_notice_minutes=60 * 24)

    def test_one_that_has_no_answer_is_withdrawn_by_its_author_until_it_begins(self, client, person, asked):
        booking = BookingFactory(space=asked, person=person, period=from_now(3))
        Booking.objects.update(cancellable_until=booking.created_at)
        page = client.get(page_of(booking)).content.decode()
        assert "Withdraw the request" in page
        assert page_of(booking, "move") not in page
        assert client.post(page_of(booking, "cancel")).status_code == 303
        booking.refresh_from_db()
        assert booking.status == Status.CANCELLED

    def test_one_whose_time_has_come_expires_and_its_author_is_told(self, client, person, asked):
        booking = BookingFactory(space=asked, person=person, period=from_now(3))
        later = BookingFactory(space=asked, person=person, period=from_now(9))
        team = TeamMemberFactory(hub=asked.hub).person
        begun = booking.starts_at + timedelta(seconds=1)
        with pytest.raises(actions.WrongStateError):
            actions.approve(booking=booking, by=team, now=begun)
        assert actions.expire_requests(now=begun) == 1
        booking.refresh_from_db()
        later.refresh_from_db()
        assert (booking.status, later.status) == (Status.EXPIRED, Status.PENDING)
        assert not booking.occupancy.exists()
        job = ProcrastinateJob.objects.filter(task_name="bookings.tell").order_by("id").last()
        jobs.tell(**job.args)
        assert "had no answer" in Mail.objects.get().subject


class TestGrace:
    def test_a_booking_just_made_within_the_notice_can_be_cancelled_for_the_minutes_of_the_hub(self, person):
        space = SpaceFactory(all_night=True, cancel_notice_minutes=60 * 24)
        now = from_now(0).starts_at
        booker = actions.Booker.oneself(person)
        first = actions.book(space=space, period=from_now(3), booker=booker, now=now)
        second = actions.book(space=space, period=from_now(5), booker=booker, now=now)
        far = actions.book(space=space, period=from_now(72), booker=booker, now=now)
        assert first.cancellable_until == now + timedelta(minutes=15)
        assert far.cancellable_until == far.starts_at - timedelta(days=1)
        actions.cancel(booking=first, by=person, now=now + timedelta(minutes=15), by_team=False)
        with pytest.raises(actions.WrongStateError):
            actions.cancel(booking=second, by=person, now=now + timedelta(minutes=16), by_team=False)

    def test_never_beyond_the_start(self, person):
        space = SpaceFactory(all_night=True, cancel_notice_minutes=60)
        now = from_now(0).starts_at - timedelta(minutes=5)
        booking = actions.book(space=space, period=from_now(0), booker=actions.Booker.oneself(person), now=now)
        assert booking.cancellable_until == booking.starts_at


class TestMoving:
    def test_to_another_time_at_the_price_of_today(self, client, person, space):
        PriceFactory(space=space, amount="12.00")
        booking = BookingFactory(space=space, person=person)
        page = client.get(page_of(booking, "move")).content.decode()
        assert hidden(page, "time") == fields(booking.period)["time"]
        looked = client.get(
            page_of(booking, "move"), fields(from_now(72, length=2)), headers={"hx-request": "true"}
        ).content.decode()
        assert "€24.00" in looked
        assert "Until now: €12.00" in looked

        sent = fields(from_now(72, length=2), shown=hidden(looked, "shown"))
        answer = client.post(
            page_of(booking, "move"), {**sent, "price": "0", "person": "1", "quantity": "9"}, follow=True
        )

        booking.refresh_from_db()
        assert "Moved: Somme" in answer.content.decode()
        assert (booking.period, booking.price, booking.quantity) == (from_now(72, length=2), 24, 1)
        assert (booking.person, booking.status) == (person, Status.CONFIRMED)

    def test_a_new_price_is_shown_before(self, client, person, space):
        PriceFactory(space=space, amount="12.00")
        booking = BookingFactory(space=space, person=person)
        shown = hidden(client.get(page_of(booking, "move")).content.decode(), "shown")
        answer = client.post(page_of(booking, "move"), fields(from_now(72, length=2), shown=shown))
        assert answer.status_code == 422
        booking.refresh_from_db()
        assert booking.period == from_now(48)

    def test_by_half_an_hour_over_its_own_time(self, client, person, space):
        booking = BookingFactory(space=space, person=person)
        looked = client.get(page_of(booking, "move"), fields(from_now(48.5))).content.decode()
        assert "taken at this time" not in looked
        assert client.post(page_of(booking, "move"), fields(from_now(48.5))).status_code == 303

    @pytest.mark.parametrize("kind", ["full_pool", "buffers", "whole_to_half", "half_to_whole"])
    def test_a_booking_is_not_in_its_own_way(self, client, person, kind):
        hub = HubFactory(always_open=True)
        room = {"hub": hub, "max_minutes": 600}
        if kind == "full_pool":
            start = target = SpaceFactory(**room, pool=True)
            for _unit in range(2):
                BookingFactory(space=start, period=from_now(48, length=2))
        elif kind == "buffers":
            start = target = SpaceFactory(**room, buffer_before_minutes=30, buffer_after_minutes=30)
        else:
            half = SpaceFactory(**room)
            whole = SpaceFactory(**room, parts=[half, SpaceFactory(**room)])
            start, target = (whole, half) if kind == "whole_to_half" else (half, whole)
        booking = BookingFactory(space=start, person=person, period=from_now(48, length=2))
        move = {**fields(from_now(49, length=2)), "space": target.slug}
        if kind == "full_pool":
            move = {**fields(from_now(47.5, length=2)), "space": target.slug}
        looked = client.get(page_of(booking, "move"), move).content.decode()
        assert "taken at this time" not in looked
        assert client.post(page_of(booking, "move"), move).status_code == 303

    def test_the_slots_offered_to_a_move_may_be_over_its_own_time(self, client, person, space):
        booking = BookingFactory(space=space, person=person, period=from_now(48, length=2))
        BookingFactory(space=space, period=from_now(50, length=2))
        answer = client.post(page_of(booking, "move"), fields(from_now(49, length=2)))
        assert answer.status_code == 409
        offered = {offer.slot.period.starts_at for offer in answer.context["offers"]}
        assert from_now(47.5).starts_at in offered

    def test_the_form_unchanged_changes_nothing(self, client, person, space):
        booking = BookingFactory(space=space, person=person)
        entries = JournalEntry.objects.count()
        answer = client.post(page_of(booking, "move"), fields(booking.period), follow=True)
        assert "Nothing has changed" in answer.content.decode()
        assert JournalEntry.objects.count() == entries

    def test_moving_to_a_taken_slot_offers_the_nearest_free_ones(self, client, person, space):
        like = SpaceFactory(hub=space.hub, name="Selle", max_minutes=600)
        booking = BookingFactory(space=space, person=person)
        BookingFactory(space=space, period=from_now(72))

        answer = client.post(page_of(booking, "move"), fields(from_now(72)))

        html = answer.content.decode()
        assert answer.status_code == 409
        here = page_of(booking, "move")
        offers = [
            dict(re.findall(r'name="(\w+)" value="([^"]*)"', body))
            for body in re.findall(rf'<form method="post" action="{here}">(.*?)</form>', html, re.DOTALL)
        ]
        assert {offer["space"] for offer in offers} == {space.slug, like.slug}
        assert client.post(here, next(o for o in offers if o["space"] == like.slug)).status_code == 303
        booking.refresh_from_db()
        assert (booking.space, booking.period) == (like, from_now(72))

    @pytest.mark.parametrize("wrong", [{"date": "x"}, {"minutes": "45"}, {"time": ""}, {"space": "elsewhere"}])
    def test_what_is_wrong_is_said_at_its_field(self, client, person, space, wrong):
        booking = BookingFactory(space=space, person=person)
        answer = client.post(page_of(booking, "move"), {**fields(from_now(72)), **wrong})
        assert answer.status_code == 422
        assert f'id="id_{next(iter(wrong))}_error"' in answer.content.decode()
        booking.refresh_from_db()
        assert booking.period == from_now(48)

    def test_a_space_for_others_or_of_another_hub_cannot_be_chosen(self, client, person, space):
        booking = BookingFactory(space=space, person=person)
        reserved = SpaceFactory(hub=space.hub, audience=Audience.TEAM)
        elsewhere = SpaceFactory(all_night=True)
        for other in (reserved, elsewhere):
            sent = {**fields(from_now(72)), "space": other.slug}
            assert client.post(page_of(booking, "move"), sent).status_code == 422
        booking.refresh_from_db()
        assert booking.space == space

    def test_what_has_begun_or_is_over_is_no_longer_moved(self, client, person, space):
        booking = BookingFactory(space=space, person=person, period=from_now(-48))
        assert client.post(page_of(booking, "move"), fields(from_now(72))).status_code == 409
        assert client.get(page_of(booking, "move")).status_code == 302
        booking.refresh_from_db()
        assert booking.starts_at == from_now(-48).starts_at
        assert booking.cancellable_until - booking.starts_at == timedelta()
