"""The booking form: what it shows first, what is booked, what is refused and what is offered instead."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.accounts import UserFactory
from tests.factories.bookings import BookingFactory, from_now
from tests.factories.hubs import ExceptionalHoursFactory, HubFactory, MembershipFactory, TeamMemberFactory
from tests.factories.organisations import AffiliationFactory
from tests.factories.spaces import PriceFactory, SpaceFactory
from tests.factories.territories import DepartmentFactory
from totem.accounts.models import User
from totem.bookings.models import Booking, Status
from totem.core.models import Mail
from totem.core.periods import Period
from totem.hubs.models import Role
from totem.spaces.models import Audience, Space, SpaceKind
from totem.spaces.wording import audience_words
from totem.territories.models import Commune

pytestmark = pytest.mark.django_db

PARIS = ZoneInfo("Europe/Paris")


def address(space: Space) -> str:
    return reverse("bookings:book", args=[space.hub.slug, space.slug])


def fields(period: Period, **more: object) -> dict[str, object]:
    """The fields that the form submits for a period, plus `more`."""
    local = period.starts_at.astimezone(PARIS)
    return {
        "date": f"{local:%Y-%m-%d}",
        "time": f"{local:%H:%M}",
        "minutes": period.length // timedelta(minutes=1),
        **more,
    }


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found, name
    return found[1]


@pytest.fixture
def space() -> Space:
    return SpaceFactory(all_night=True, name="Somme")


@pytest.fixture
def person(client: Client) -> User:
    person = UserFactory(english=True)
    client.force_login(person)
    return person


def sign_in(client: Client, role: str, space: Space) -> User:
    person = UserFactory(english=True)
    TeamMemberFactory(hub=space.hub, person=person, role=role)
    client.force_login(person)
    return person


class TestForm:
    def test_a_link_from_a_grid_shows_the_slot_its_price_and_the_rules(self, client, person, space):
        PriceFactory(space=space, amount="12.00")
        period = from_now(48, length=2)

        page = client.get(address(space), {"start": period.starts_at.isoformat(), "minutes": 120})

        html = page.content.decode()
        assert page.status_code == 200
        assert hidden(html, "date") == fields(period)["date"]
        assert "€24.00" in html
        assert "VAT included: €4.00" in html
        assert "To pay at the desk" in html
        assert "By steps" in html or "by steps of" in html

    def test_an_instant_whose_plus_was_not_escaped_is_read(self, client, person, space):
        page = client.get(f"{address(space)}?start={from_now(48).starts_at.isoformat()}&minutes=60")
        assert hidden(page.content.decode(), "date") == fields(from_now(48))["date"]

    @pytest.mark.parametrize("start", ["", "tomorrow", "2027-01-01T10:00", "9999-12-31T23:59:59Z"])
    def test_without_a_readable_slot_the_first_free_one_is_proposed(self, client, person, space, start):
        page = client.get(address(space), {"start": start, "minutes": "many", "quantity": "-3"})
        assert page.status_code == 200
        assert hidden(page.content.decode(), "date")

    def test_the_price_follows_the_fields_in_place(self, client, person, space):
        PriceFactory(space=space, amount="12.00")
        page = client.get(address(space), fields(from_now(48, length=3)), headers={"hx-request": "true"})
        html = page.content.decode()
        assert html.lstrip().startswith('<div id="summary"')
        assert "€36.00" in html

    def test_a_taken_slot_is_announced_before_the_form_is_submitted(self, client, person, space):
        BookingFactory(space=space, period=from_now(48))
        html = client.get(address(space), fields(from_now(48))).content.decode()
        assert "The space is taken at this time." in html

    def test_a_space_without_prices_is_free_of_charge(self, client, person, space):
        assert "Free of charge" in client.get(address(space), fields(from_now(48))).content.decode()

    def test_lengths_are_those_of_the_space(self, client, person):
        space = SpaceFactory(all_night=True, min_minutes=60, step_minutes=60, max_minutes=180)
        html = client.get(address(space)).content.decode()
        assert re.findall(r'<option value="(\d+)"', html) == ["60", "120", "180"]


class TestBooking:
    def test_a_booking_redirects_to_its_page(self, client, person, space):
        PriceFactory(space=space, amount="12.00")

        answer = client.post(address(space), fields(from_now(48), purpose="Atelier"))

        booking = Booking.objects.get()
        assert (answer.status_code, answer.url) == (303, reverse("bookings:detail", args=[booking.reference]))
        assert (booking.status, booking.person, booking.made_by) == (Status.CONFIRMED, person, person)
        assert (booking.period, booking.price, booking.purpose) == (from_now(48), 12, "Atelier")
        assert "Booked." in client.get(answer.url).content.decode()

    def test_nobody_sets_a_price_a_status_or_a_person_through_a_field_that_is_not_theirs(self, client, person, space):
        PriceFactory(space=space, amount="12.00")
        other, foreign = UserFactory(), AffiliationFactory().organisation
        attack = {
            "price": "0",
            "vat": "0",
            "status": "confirmed",
            "person": other.pk,
            "person_id": other.pk,
            "made_by": other.pk,
            "whom": "person",
            "who": other.email,
            "guest_name": "Somebody",
            "guest_email": "somebody@example.org",
            "hold": "10080",
            "hold_for": "10080",
            "quantity": "1",
            "cancellable_until": "2099-01-01",
            "checked_in_at": "2027-01-01",
            "reference": "AAAAAAAAAA",
            "space": SpaceFactory(hub=space.hub).slug,
        }

        assert client.post(address(space), fields(from_now(48), **attack)).status_code == 303

        booking = Booking.objects.get()
        assert (booking.person, booking.made_by, booking.guest_email) == (person, person, "")
        assert (booking.price, booking.status, booking.space) == (12, Status.CONFIRMED, space)
        assert booking.checked_in_at is None
        assert booking.reference != "AAAAAAAAAA"
        refused = client.post(address(space), fields(from_now(72), organisation=foreign.pk))
        assert refused.status_code == 422
        assert Booking.objects.count() == 1

    def test_for_an_organisation_one_may_book_for(self, client, person, space):
        affiliation = AffiliationFactory(person=person)
        AffiliationFactory(person=person, reader=True)
        page = client.get(address(space)).content.decode()
        assert page.count(f">{affiliation.organisation.name}</option>") == 1
        assert len(re.findall(r'<select name="organisation".*?</select>', page, re.DOTALL)[0].split("<option")) == 3

        client.post(address(space), fields(from_now(48), organisation=affiliation.organisation.pk))

        assert Booking.objects.get().organisation == affiliation.organisation

    def test_organisations_are_those_of_the_day_of_the_booking(self, client, person, space):
        today = datetime.now(tz=UTC).date()
        leaving = AffiliationFactory(person=person, until=today + timedelta(days=3))
        coming = AffiliationFactory(person=person, since=today + timedelta(days=5))
        for hours, offered, missing in ((24, leaving, coming), (24 * 10, coming, leaving)):
            asked = fields(from_now(hours))
            page = client.get(address(space), asked).content.decode()
            assert offered.organisation.name in page
            assert missing.organisation.name not in page
            refused = client.post(address(space), {**asked, "organisation": missing.organisation.pk})
            assert "organisation" in refused.context["form"].errors
        assert client.post(address(space), {**asked, "organisation": coming.organisation.pk}).status_code == 303

    def test_where_the_team_approves_the_booking_is_a_request(self, client, person):
        space = SpaceFactory(all_night=True, needs_approval=True)
        answer = client.post(address(space), fields(from_now(48)), follow=True)
        assert Booking.objects.get().status == Status.PENDING
        assert "Requested." in answer.content.decode()

    def test_several_desks_of_a_pool(self, client, person):
        space = SpaceFactory(all_night=True, pool=True)
        assert client.post(address(space), fields(from_now(48), quantity=2)).status_code == 303
        assert Booking.objects.get().occupancy.count() == 2

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"date": ""}, "date"),
            ({"date": "31/31/2027"}, "date"),
            ({"date": "9999-12-31"}, "date"),
            ({"date": "0001-01-01"}, "date"),
            ({"time": "25:00"}, "time"),
            ({"time": "10:07"}, "time"),
            ({"minutes": "0"}, "minutes"),
            ({"minutes": "45"}, "minutes"),
            ({"minutes": "100000000000000000000"}, "minutes"),
            ({"minutes": "²"}, "minutes"),
            ({"purpose": "x" * 121}, "purpose"),
            ({"purpose": "a\x00b"}, "purpose"),
            ({"date": f"{from_now(-48).starts_at:%Y-%m-%d}"}, "time"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field_and_nothing_is_written(self, client, person, space, wrong, field):
        answer = client.post(address(space), fields(from_now(48), **wrong))
        assert answer.status_code == 422
        html = answer.content.decode()
        assert f'id="id_{field}_error"' in html
        assert f'href="#id_{field}"' in html
        assert not Booking.objects.exists()

    def test_a_start_that_is_far_too_long_is_ignored_with_a_message(self, client, person, space):
        assert client.post(address(space), fields(from_now(48), start="x" * 500)).status_code == 422

    def test_the_price_of_what_is_booked_was_shown_before(self, client, person, space):
        PriceFactory(space=space, amount="12.00")
        shown = hidden(client.get(address(space), fields(from_now(48))).content.decode(), "shown")

        answer = client.post(address(space), fields(from_now(48, length=3), shown=shown))

        html = answer.content.decode()
        assert answer.status_code == 422
        assert "€36.00" in html
        assert not Booking.objects.exists()
        again = client.post(address(space), fields(from_now(48, length=3), shown=hidden(html, "shown")))
        assert again.status_code == 303

    def test_looking_at_the_price_books_nothing(self, client, person, space):
        PriceFactory(space=space, amount="12.00")
        answer = client.post(address(space), fields(from_now(48, length=2), look="price"))
        assert answer.status_code == 200
        assert "€24.00" in answer.content.decode()
        assert not Booking.objects.exists()

    def test_a_form_of_another_site_is_refused(self, person, space):
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(person)
        assert strict.post(address(space), fields(from_now(48))).status_code == 403
        page = strict.get(address(space)).content.decode()
        token = hidden(page, "csrfmiddlewaretoken")
        answer = strict.post(address(space), fields(from_now(48), csrfmiddlewaretoken=token))
        assert answer.status_code == 303

    def test_the_queries_of_a_booking(self, client, person, space, django_assert_num_queries):
        PriceFactory(space=space)
        client.post(address(space), fields(from_now(24)))
        # Session, person and space; the limit (its amount, the lock, what is taken); the booking; if its hub sells.
        with django_assert_num_queries(3 + 3 + 19):
            assert client.post(address(space), fields(from_now(48))).status_code == 303


class TestTaken:
    def test_the_nearest_free_slots_and_the_other_spaces_are_one_press_away(self, client, person, space):
        PriceFactory(space=space, amount="12.00")
        like = SpaceFactory(hub=space.hub, name="Selle", max_minutes=600)
        BookingFactory(space=space, period=from_now(48))

        answer = client.post(address(space), fields(from_now(48), purpose="Atelier"))

        html = answer.content.decode()
        assert answer.status_code == 409
        assert "Nothing was booked" in html
        assert "Choose another time to see its price." in html
        forms = re.findall(r'<form method="post" action="([^"]+)">(.*?)</form>', html, re.DOTALL)
        offers = [(action, dict(re.findall(r'name="(\w+)" value="([^"]*)"', body))) for action, body in forms]
        offers = [(action, sent) for action, sent in offers if "shown" in sent]
        assert {action for action, _sent in offers} == {address(space), address(like)}
        assert "€12.00" in html
        action, sent = next(offer for offer in offers if offer[0] == address(space))
        sent.pop("csrfmiddlewaretoken", None)
        assert client.post(action, sent).status_code == 303
        booking = Booking.objects.get(person=person)
        assert booking.purpose == "Atelier"
        assert booking.space == space

    @pytest.mark.parametrize("kind", ["room", "pool"])
    def test_the_same_form_sent_again_books_once_and_leads_to_the_booking(self, client, person, kind):
        space = SpaceFactory(all_night=True, pool=kind == "pool")
        sent = fields(from_now(48), quantity=1)
        assert client.post(address(space), sent).status_code == 303

        again = client.post(address(space), sent)

        assert again.status_code == 409
        booking = Booking.objects.get()
        assert reverse("bookings:detail", args=[booking.reference]) in again.content.decode()

    def test_when_nothing_else_is_free_the_page_says_so(self, client, person):
        space = SpaceFactory(all_night=True, horizon_days=1)
        for day in range(12):
            BookingFactory(space=space, period=from_now(24 * day - 1, length=24))
        answer = client.post(address(space), fields(from_now(1)))
        assert answer.status_code == 409
        assert "Nothing else is free" in answer.content.decode()


class TestClockChanges:
    @staticmethod
    def next_change(month: int) -> date:
        """The next last Sunday of March or October."""
        today = datetime.now(tz=PARIS).date()
        for year in (today.year, today.year + 1):
            last = date(year, month, 31)
            sunday = last - timedelta(days=last.isoweekday() % 7)
            if sunday > today + timedelta(days=2):
                return sunday
        raise AssertionError

    def test_an_hour_that_does_not_exist_is_refused_at_its_field(self, client, person, space):
        day = self.next_change(3)
        answer = client.post(address(space), {"date": day.isoformat(), "time": "02:30", "minutes": "60"})
        assert answer.status_code == 422
        assert "this hour does not exist" in answer.content.decode()
        looked = client.get(address(space), {"date": day.isoformat(), "time": "02:30", "minutes": "60"})
        assert "this hour does not exist" in looked.content.decode()

    @pytest.mark.parametrize(("fold", "utc"), [(0, 0), (1, 1)])
    def test_the_hour_that_comes_twice_keeps_the_meaning_of_the_slot_chosen(self, client, person, space, fold, utc):
        day = self.next_change(10)
        chosen = datetime.combine(day, time(2, 30, fold=fold), tzinfo=PARIS)
        page = client.get(address(space), {"start": chosen.isoformat(), "minutes": 60}).content.decode()
        sent = {"date": day.isoformat(), "time": "02:30", "minutes": "60", "start": hidden(page, "start")}

        assert client.post(address(space), sent).status_code == 303

        assert Booking.objects.get().starts_at == datetime(day.year, 10, day.day, utc, 30, tzinfo=UTC)

    def test_the_exact_instant_no_longer_holds_once_the_hour_is_changed(self, client, person, space):
        day = self.next_change(10)
        sent = {"date": day.isoformat(), "time": "04:00", "minutes": "60", "start": f"{day}T02:30:00+01:00"}
        client.post(address(space), sent)
        assert Booking.objects.get().starts_at == datetime(day.year, 10, day.day, 3, tzinfo=UTC)

    def test_a_night_across_the_change_is_as_long_as_it_was_asked_for(self, client, person, space):
        day = self.next_change(10) - timedelta(days=1)
        client.post(address(space), {"date": day.isoformat(), "time": "22:00", "minutes": "600"})
        booking = Booking.objects.get()
        assert booking.period.length == timedelta(hours=10)
        assert booking.ends_at.astimezone(PARIS).hour == 7


class TestAudience:
    @pytest.mark.parametrize(
        ("audience", "may"),
        [
            (Audience.PUBLIC, {"visitor", "account", "elsewhere", "member", "desk"}),
            (Audience.SIGNED_IN, {"account", "elsewhere", "member", "desk"}),
            (Audience.NETWORK, {"elsewhere", "desk"}),
            (Audience.MEMBERS, {"member", "desk"}),
            (Audience.TEAM, {"desk"}),
        ],
    )
    @pytest.mark.parametrize("who", ["visitor", "account", "elsewhere", "member", "reader", "desk"])
    def test_a_space_is_booked_by_those_it_is_for(self, client, space, audience, may, who):
        space.audience = audience
        space.save()
        if who != "visitor":
            person = UserFactory(english=True)
            client.force_login(person)
            if who in {"elsewhere", "member"}:
                MembershipFactory(person=person, hub=space.hub if who == "member" else HubFactory())
            if who in {"reader", "desk"}:
                TeamMemberFactory(person=person, hub=space.hub, role=who)
        allowed = who in may or (who == "reader" and "account" in may)
        sent = fields(from_now(48), guest_name="Camille", guest_email="camille@example.org")

        page = client.get(address(space), headers={"accept-language": "en"})
        answer = client.post(address(space), sent, headers={"accept-language": "en"})

        assert page.status_code == (200 if allowed else 403)
        assert answer.status_code == (303 if allowed else 403)
        assert Booking.objects.exists() is allowed
        if not allowed:
            html = answer.content.decode()
            assert audience_words(space) in html
            assert (f"?next={address(space)}".replace("/", "%2F") in html) is (who == "visitor")

    def test_a_space_out_of_service_or_of_a_hidden_hub_does_not_exist(self, client, person):
        closed = SpaceFactory(all_night=True, is_active=False)
        unseen = SpaceFactory(hub=HubFactory(is_published=False, always_open=True))
        for space in (closed, unseen):
            assert client.get(address(space)).status_code == 404
            assert client.post(address(space), fields(from_now(48))).status_code == 404
        sign_in(client, Role.DESK, unseen)
        assert client.get(address(unseen)).status_code == 200

    def test_of_another_hub_it_does_not_exist_either(self, client, person, space):
        wrong = reverse("bookings:book", args=[HubFactory().slug, space.slug])
        assert client.get(wrong).status_code == 404


class TestTeam:
    def test_books_for_a_guest(self, client, space):
        by = sign_in(client, Role.DESK, space)
        sent = fields(from_now(48), whom="guest", guest_name=" Camille  Test ", guest_email="camille@example.org")

        assert client.post(address(space), sent).status_code == 303

        booking = Booking.objects.get()
        assert (booking.person, booking.guest_name, booking.made_by) == (None, "Camille Test", by)
        assert booking.status == Status.CONFIRMED

    def test_a_name_suffices_for_a_guest_and_no_mail_is_sent_or_promised(self, client, space):
        sign_in(client, Role.DESK, space)
        refused = client.post(address(space), fields(from_now(48), whom="guest"))
        assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["guest_name"])

        sent = fields(from_now(48), whom="guest", guest_name="Camille", guest_phone="03 22 22 45 45")
        page = client.post(address(space), sent, follow=True).content.decode()

        assert "Booked. No mail is sent: no address was given." in page
        assert '<a href="tel:+33322224545">03 22 22 45 45</a>' in page
        booking = Booking.objects.get()
        cancel = reverse("bookings:cancel", args=[booking.reference])
        assert "whose address is not known: no mail is sent" in client.get(cancel).content.decode()
        client.post(cancel, {"reason": "needed"})
        booking.refresh_from_db()
        assert (booking.status, Mail.objects.exists()) == (Status.CANCELLED, False)

    def test_two_guests_at_one_address_have_two_desks_and_the_form_sent_twice_one(self, client):
        space = SpaceFactory(all_night=True, pool=True)
        sign_in(client, Role.DESK, space)
        sent = fields(from_now(48), quantity=1, whom="guest", guest_name="Ada", guest_email="ada@example.org")
        others = [{}, {}, {"guest_name": "Bea"}, {"guest_name": "ADA "}, {"guest_phone": "03 22 22 45 45"}]
        answers = [client.post(address(space), sent | other) for other in others]
        assert [answer.status_code for answer in answers] == [303, 409, 303, 409, 303]
        assert "This is booked already for Ada." in answers[1].content.decode()

    def test_a_telephone_of_the_department_is_read_and_another_refused_at_its_field(self, client, space):
        sign_in(client, Role.DESK, space)
        sent = fields(from_now(48), whom="guest", guest_name="Ada", guest_phone="0262 20 00 00")
        refused = client.post(address(space), sent)
        assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["guest_phone"])
        Commune.objects.filter(hubs=space.hub).update(department=DepartmentFactory(code="974"))
        assert client.post(address(space), sent).status_code == 303
        assert Booking.objects.get().guest_phone == "+262262200000"

    def test_finds_a_member_by_name_and_chooses(self, client, space):
        sign_in(client, Role.DESK, space)
        member = MembershipFactory(hub=space.hub, person=UserFactory(name="Élodie Test")).person
        MembershipFactory(hub=space.hub, person=UserFactory(name="Élodie Essai"))
        stranger = UserFactory(name="Élodie Ailleurs")
        sent = fields(from_now(48), whom="person", who="elodie")

        found = client.post(address(space), {**sent, "look": "who"})

        html = found.content.decode()
        assert found.status_code == 200
        assert "Élodie Test" in html
        assert "Élodie Essai" in html
        assert stranger.email not in html
        assert client.post(address(space), sent).status_code == 422
        assert client.post(address(space), {**sent, "person": stranger.pk}).status_code == 422
        assert not Booking.objects.exists()
        assert client.post(address(space), {**sent, "person": member.pk}).status_code == 303
        assert Booking.objects.get().person == member

    @pytest.mark.parametrize("name", ["who", "person", "whom", "organisation", "start", "shown", "date", "guest_name"])
    def test_a_nul_in_a_field_is_refused(self, client, space, name):
        sign_in(client, Role.DESK, space)
        sent = fields(from_now(48), whom="person", who="zola") | {name: "a\x00b"}
        for more in ({}, {"look": "who"}):
            assert client.post(address(space), {**sent, **more}).status_code in {200, 400, 422}
        assert client.get(address(space), sent).status_code in {200, 400, 422}

    def test_finds_anybody_by_their_whole_address(self, client, space):
        sign_in(client, Role.DESK, space)
        stranger = UserFactory(email="stranger@example.org")
        sent = fields(from_now(48), whom="person", who="Stranger@example.org ")
        assert client.post(address(space), sent).status_code == 303
        assert Booking.objects.get().person == stranger

    @pytest.mark.parametrize("who", ["nobody at all", "@@", "nobody@example.org", ""])
    def test_an_unknown_person_is_an_error_at_the_field(self, client, space, who):
        sign_in(client, Role.DESK, space)
        answer = client.post(address(space), fields(from_now(48), whom="person", who=who))
        assert answer.status_code == 422
        assert 'id="id_who_error"' in answer.content.decode()

    def test_makes_an_option_that_expires(self, client, space):
        sign_in(client, Role.DESK, space)
        answer = client.post(address(space), fields(from_now(48), whom="self", hold="1440"), follow=True)
        booking = Booking.objects.get()
        assert booking.status == Status.HELD
        left = booking.hold_expires_at - datetime.now(tz=UTC)
        assert timedelta(hours=23) < left <= timedelta(hours=24)
        assert "Option laid" in answer.content.decode()

    def test_an_option_of_another_length_is_refused(self, client, space):
        sign_in(client, Role.DESK, space)
        answer = client.post(address(space), fields(from_now(48), whom="self", hold="999999"))
        assert answer.status_code == 422
        assert not Booking.objects.exists()

    def test_for_the_organisation_of_whom_they_book_for(self, client, space):
        sign_in(client, Role.DESK, space)
        affiliation = AffiliationFactory()
        sent = fields(from_now(48), whom="person", who=affiliation.person.email)
        assert client.post(address(space), {**sent, "organisation": affiliation.organisation.pk}).status_code == 303
        assert Booking.objects.get().organisation == affiliation.organisation

    def test_only_the_team_sees_the_fields_of_the_team(self, client, space):
        sign_in(client, Role.READER, space)
        assert 'name="whom"' not in client.get(address(space)).content.decode()
        sign_in(client, Role.FACILITATOR, space)
        assert 'name="whom"' in client.get(address(space)).content.decode()


def test_the_kinds_of_space_all_have_a_page(client, person):
    hub = HubFactory(always_open=True)
    for kind in SpaceKind:
        space = SpaceFactory(hub=hub, kind=kind)
        assert client.get(address(space)).status_code == 200


def test_a_closed_day_says_why_and_offers_the_next_slot(client: Client):
    hub = HubFactory(opening_hours=[(day, "09:00", "19:00") for day in range(1, 6)], closed_on_public_holidays=False)
    space = SpaceFactory(hub=hub)
    monday = next(
        day for n in range(14, 21) if (day := datetime.now(tz=UTC).date() + timedelta(days=n)).isoweekday() == 1
    )
    start, end = (datetime.combine(day, time(), hub.zone) for day in (monday, monday + timedelta(days=2)))
    ExceptionalHoursFactory(hub=hub, reason="Inventaire", during=(start, end))
    client.force_login(UserFactory(language="fr"))
    asked = {"date": str(monday), "time": "10:00", "minutes": "60"}
    page = client.get(address(space), asked).content.decode()
    assert re.search(r"Fermé\s: Inventaire\.", page)
    offered = re.search(r'href="\?(date=[^"]*)"', page)[1].replace("&amp;", "&")
    wednesday = f"date={monday + timedelta(days=2)}&time=09%3A00"
    assert offered.startswith(wednesday)
    assert "Fermé" not in client.get(f"{address(space)}?{offered}").content.decode().split('id="summary"')[1]


def test_a_time_outside_the_hours_of_the_day_says_them(client: Client):
    week = [(day, "09:00", "19:00") for day in range(1, 8)]
    space = SpaceFactory(hub=HubFactory(opening_hours=week, closed_on_public_holidays=False))
    client.force_login(UserFactory(english=True))
    asked = {"date": str(datetime.now(tz=UTC).date() + timedelta(days=3)), "time": "20:00", "minutes": "60"}
    assert "it opens 09:00 to 19:00" in client.get(address(space), asked).content.decode()


def test_a_day_that_is_past_or_has_no_price_is_not_said_to_be_free(client: Client):
    space = SpaceFactory(all_night=True, free_of_charge=False)
    PriceFactory(space=space, starts_on=datetime.now(tz=UTC).date(), ends_on=from_now(48).starts_at.date())
    client.force_login(UserFactory(english=True))
    for period in (from_now(-48), from_now(24 * 9)):
        assert "Free of charge" not in client.get(address(space), fields(period)).content.decode()
    assert "€12.00" in client.get(address(space), fields(from_now(24))).content.decode()
