"""Actions on hubs: what is written, and what is refused."""

from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile

from tests.concurrency import at_once
from tests.factories.accounts import UserFactory
from tests.factories.hubs import ExceptionalHoursFactory, HubFactory, MembershipFactory, TeamMemberFactory, ZoneFactory
from tests.factories.organisations import OrganisationFactory
from tests.factories.spaces import SpaceFactory
from tests.factories.territories import CommuneFactory
from totem.accounts.models import User
from totem.bookings import actions as bookings
from totem.bookings.actions import Booker
from totem.bookings.rules import RuleBrokenError
from totem.core.models import JournalEntry
from totem.core.periods import HoursLine, Period
from totem.hubs import actions
from totem.hubs.actions import HoursOverlapError, LastManagerError
from totem.hubs.models import ExceptionalHours, Hub, Membership, OpeningHours, Role, TeamMember, Zone, ZoneKind
from totem.memberships.actions import admissions

NOW = datetime(2027, 3, 1, 7, 0, tzinfo=UTC)  # a Monday, eight o'clock in Paris
CLOSED, OPEN = ExceptionalHours.Kind.CLOSED, ExceptionalHours.Kind.OPEN


def at(hour: float, *, day: int = 2, hours: float = 1) -> Period:
    """A period of March 2027 given in Paris hours."""
    start = datetime(2027, 3, day, tzinfo=UTC) + timedelta(hours=hour - 1)
    return Period(start, start + timedelta(hours=hours))


def line(weekday: int, opens: str, closes: str) -> HoursLine:
    return HoursLine(weekday, time.fromisoformat(opens), time.fromisoformat(closes))


def verbs() -> list[str]:
    return list(JournalEntry.objects.order_by("id").values_list("verb", flat=True))


# -- The hub ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def by(db: None) -> User:
    return UserFactory()


WHERE = {"street": "1 place de la Gare", "postcode": "80000", "latitude": "49.8906", "longitude": "2.3082"}


def test_whoever_creates_a_hub_is_its_first_manager_and_it_is_not_published(by: User):
    hub = actions.create_hub(
        name="La Fabrique", operator=OrganisationFactory(), by=by, tagline="To work", commune=CommuneFactory(), **WHERE
    )
    assert (hub.slug, hub.is_published) == ("la-fabrique", False)
    assert TeamMember.objects.get().person == by
    assert JournalEntry.objects.get().facts == {}


def test_two_hubs_of_the_same_name_have_different_slugs(by: User):
    HubFactory(slug="la-fabrique")
    hub = actions.create_hub(
        name="La Fabrique", operator=OrganisationFactory(), by=by, tagline="To work", commune=CommuneFactory(), **WHERE
    )
    assert hub.slug == "la-fabrique-2"


def test_the_journal_names_the_fields_that_changed_and_not_their_values(by: User):
    hub = HubFactory()
    actions.update_hub(hub=hub, by=by, now=NOW, email="contact@example.org", tagline=hub.tagline)
    assert Hub.objects.get().email == "contact@example.org"
    assert JournalEntry.objects.get().facts == {"fields": ["email"]}


@pytest.mark.parametrize(
    ("field", "value"),
    [("accent", "#FFEE00"), ("postcode", "8000"), ("latitude", "91"), ("time_zone", "Europe/Amiens")],
)
def test_a_hub_refuses_invalid_values(by: User, field: str, value: str):
    hub = HubFactory()
    with pytest.raises(ValidationError):
        actions.update_hub(hub=hub, by=by, now=NOW, **{field: value})
    assert getattr(Hub.objects.get(), field) != value
    assert not JournalEntry.objects.exists()


# -- Hours ------------------------------------------------------------------------------------------------------------


def test_opening_hours_are_replaced_overnight_and_round_the_clock_too(by: User):
    hub = HubFactory()
    lines = [line(5, "18:00", "02:00"), line(6, "00:00", "00:00"), line(1, "09:00", "12:00"), line(1, "14:00", "19:00")]
    lines[1] = line(7, "00:00", "00:00")
    assert actions.set_opening_hours(hub=hub, lines=lines, by=by, now=NOW) == []
    assert OpeningHours.objects.count() == 4


@pytest.mark.parametrize(
    ("lines", "clashing"),
    [
        ([line(1, "09:00", "12:00"), line(1, "11:00", "19:00")], [0, 1]),
        ([line(1, "22:00", "03:00"), line(2, "02:00", "10:00")], [0, 1]),
        ([line(1, "05:00", "10:00"), line(3, "09:00", "10:00"), line(7, "22:00", "06:00")], [0, 2]),
        ([line(1, "09:00", "12:00"), line(1, "09:00", "12:00")], [0, 1]),
        ([line(1, "00:00", "00:00"), line(1, "23:00", "00:00")], [0, 1]),
    ],
)
def test_hours_that_overlap_are_refused_from_sunday_to_monday_too(
    by: User, lines: list[HoursLine], clashing: list[int]
):
    hub = HubFactory()
    with pytest.raises(HoursOverlapError) as refusal:
        actions.set_opening_hours(hub=hub, lines=lines, by=by, now=NOW)
    assert refusal.value.lines == clashing
    assert hub.opening_hours.count() == 6


def test_shorter_hours_return_the_affected_bookings_and_keep_them(by: User):
    space = SpaceFactory()
    late = bookings.book(space=space, period=at(17), booker=Booker.oneself(by), now=NOW)
    bookings.book(space=space, period=at(10), booker=Booker.oneself(by), now=NOW)
    bookings.cancel(
        booking=bookings.book(space=space, period=at(18), booker=Booker.oneself(by), now=NOW),
        by=by,
        now=NOW,
        by_team=True,
    )
    shorter = [line(day, "09:00", "17:00") for day in range(1, 7)]

    affected = actions.set_opening_hours(hub=space.hub, lines=shorter, by=by, now=NOW)

    assert [found.period for found in affected] == [late.period]
    late.refresh_from_db()
    assert late.is_live


def test_closing_on_public_holidays_returns_the_affected_bookings(by: User):
    space = SpaceFactory(hub=HubFactory(closed_on_public_holidays=False, opening_hours=[(1, "09:00", "19:00")]))
    easter_monday = Period(datetime(2027, 3, 29, 8, tzinfo=UTC), datetime(2027, 3, 29, 9, tzinfo=UTC))
    bookings.book(space=space, period=easter_monday, booker=Booker.oneself(by), now=NOW)
    affected = actions.set_opening_hours(
        hub=space.hub, lines=[line(1, "09:00", "19:00")], by=by, now=NOW, closed_on_public_holidays=True
    )
    assert [booking.period for booking in affected] == [easter_monday]
    assert Hub.objects.get().closed_on_public_holidays


# -- Exceptional closures and openings --------------------------------------------------------------------------------


def test_a_closure_returns_the_affected_bookings_and_refuses_new_ones(by: User):
    space = SpaceFactory()
    bookings.book(space=space, period=at(10), booker=Booker.oneself(by), now=NOW)
    added = actions.add_exceptional_hours(
        hub=space.hub, kind=CLOSED, period=at(0, hours=24), reason="Works", by=by, now=NOW
    )
    assert [booking.period for booking in added.affected] == [at(10)]
    assert added.affected[0].label.startswith(space.name)
    with pytest.raises(RuleBrokenError):
        bookings.book(space=space, period=at(14), booker=Booker.oneself(by), now=NOW)


def test_an_exceptional_opening_affects_no_booking_and_lets_one_book_on_a_sunday(by: User):
    space = SpaceFactory()
    added = actions.add_exceptional_hours(
        hub=space.hub, kind=OPEN, period=at(9, day=7, hours=9), reason="Open day", by=by, now=NOW
    )
    assert added.affected == []
    bookings.book(space=space, period=at(10, day=7), booker=Booker.oneself(by), now=NOW)


def test_closures_of_a_hub_do_not_overlap_and_affect_no_other_hub(by: User):
    hub = HubFactory()
    other = SpaceFactory()
    ExceptionalHoursFactory(hub=other.hub, during=at(15))
    bookings.book(space=other, period=at(10), booker=Booker.oneself(by), now=NOW)
    added = actions.add_exceptional_hours(hub=hub, kind=CLOSED, period=at(8, hours=8), reason="Works", by=by, now=NOW)
    assert added.affected == []
    with pytest.raises(ValidationError):
        actions.add_exceptional_hours(hub=hub, kind=CLOSED, period=at(15, hours=8), reason="More", by=by, now=NOW)
    actions.add_exceptional_hours(hub=hub, kind=OPEN, period=at(15, hours=2), reason="Visit", by=by, now=NOW)
    assert hub.exceptional_hours.count() == 2


def test_removing_a_closure_deletes_a_coming_one_and_ends_one_under_way_and_refuses_a_past_one(by: User):
    hub = HubFactory()
    to_come = ExceptionalHoursFactory(hub=hub, during=at(8, day=5, hours=8))
    under_way = ExceptionalHoursFactory(hub=hub, during=at(0, day=1, hours=24))
    past = ExceptionalHoursFactory(hub=hub, during=Period(NOW - timedelta(days=9), NOW - timedelta(days=8)))
    actions.remove_exceptional_hours(exceptional=to_come, by=by, now=NOW)
    actions.remove_exceptional_hours(exceptional=under_way, by=by, now=NOW)
    with pytest.raises(ValidationError):
        actions.remove_exceptional_hours(exceptional=past, by=by, now=NOW)
    under_way.refresh_from_db()
    assert under_way.during.upper == NOW
    assert set(ExceptionalHours.objects.all()) == {under_way, past}


# -- Zones ------------------------------------------------------------------------------------------------------------


def test_zones_are_added_changed_and_removed_and_their_spaces_stay(by: User):
    hub = HubFactory()
    zone = actions.add_zone(hub=hub, kind=ZoneKind.MEETING, name="Étage", area="80.5", by=by)
    space = SpaceFactory(hub=hub, zone=zone)
    opens_on = date(2028, 9, 1)
    actions.update_zone(zone=zone, kind=ZoneKind.EVENTS, name="Étage", area="90", opens_on=opens_on, by=by)
    assert (Zone.objects.get().area, Zone.objects.get().opens_on) == (90, opens_on)
    assert JournalEntry.objects.get(verb="hubs.zone_updated").facts["opens_on"] == "2028-09-01"
    actions.remove_zone(zone=zone, by=by)
    space.refresh_from_db()
    assert space.zone is None
    assert verbs() == ["hubs.zone_added", "hubs.zone_updated", "hubs.zone_removed"]


@pytest.mark.parametrize(("name", "area"), [("ÉTAGE", "10"), ("Cave", "0"), ("Cave", "-3"), ("", "10")])
def test_a_zone_needs_a_unique_name_and_a_positive_area(by: User, name: str, area: str):
    zone = ZoneFactory(name="étage")
    with pytest.raises(ValidationError):
        actions.add_zone(hub=zone.hub, kind=ZoneKind.OFFICES, name=name, area=area, by=by)
    assert Zone.objects.count() == 1


# -- Team -------------------------------------------------------------------------------------------------------------


def test_a_role_is_given_changed_and_taken_away(by: User):
    hub = TeamMemberFactory().hub
    person = UserFactory()
    member = actions.add_team_member(hub=hub, person=person, role=Role.DESK, by=by)
    actions.change_team_role(member=member, role=Role.READER, by=by)
    actions.remove_team_member(member=member, by=by)
    assert not TeamMember.objects.filter(person=person).exists()
    assert verbs() == ["hubs.team_member_added", "hubs.team_role_changed", "hubs.team_member_removed"]
    assert person.email not in str([entry.facts for entry in JournalEntry.objects.all()])


def test_a_role_is_given_once(by: User):
    member = TeamMemberFactory()
    with pytest.raises(ValidationError):
        actions.add_team_member(hub=member.hub, person=member.person, role=Role.MANAGER, by=by)
    assert TeamMember.objects.count() == 1


def test_the_last_active_manager_keeps_the_role(by: User):
    member = TeamMemberFactory()
    TeamMemberFactory(hub=member.hub, role=Role.DESK)
    TeamMemberFactory()  # of another hub
    TeamMemberFactory(hub=member.hub, person=UserFactory(inactive=True))
    with pytest.raises(LastManagerError):
        actions.remove_team_member(member=member, by=by)
    with pytest.raises(LastManagerError):
        actions.change_team_role(member=member, role=Role.DESK, by=by)
    second = TeamMemberFactory(hub=member.hub)
    actions.remove_team_member(member=member, by=second.person)
    assert not TeamMember.objects.filter(pk=member.pk).exists()


def test_of_two_managers_removed_concurrently_one_stays(committed_db: str):
    hub = HubFactory()
    members = [TeamMemberFactory(hub=hub) for _ in range(2)]
    results = at_once(*(partial(actions.remove_team_member, member=one, by=one.person) for one in members))
    refused = [member for member, result in zip(members, results, strict=True) if isinstance(result, LastManagerError)]
    assert list(TeamMember.objects.all()) == refused
    assert len(refused) == 1


# -- Members ----------------------------------------------------------------------------------------------------------


def test_a_membership_is_dated_and_its_end_is_its_last_day(by: User):
    hub, person = HubFactory(), UserFactory()
    membership = admissions.add_membership(hub=hub, person=person, starts_on=date(2027, 1, 1), by=by)
    admissions.end_membership(membership=membership, ends_on=date(2027, 3, 31), by=by, now=NOW)
    assert Membership.objects.on(date(2027, 3, 31)).exists()
    assert not Membership.objects.on(date(2027, 4, 1)).exists()
    again = admissions.add_membership(hub=hub, person=person, starts_on=date(2027, 4, 1), by=by)
    assert again.ends_on is None


@pytest.mark.parametrize(
    ("starts_on", "ends_on"),
    [(date(2020, 6, 1), None), (date(2019, 1, 1), date(2020, 1, 1)), (date(2018, 2, 1), date(2018, 1, 1))],
)
def test_memberships_of_a_person_do_not_overlap_and_end_after_they_start(
    by: User, starts_on: date, ends_on: date | None
):
    membership = MembershipFactory()
    with pytest.raises(ValidationError):
        admissions.add_membership(
            hub=membership.hub, person=membership.person, starts_on=starts_on, ends_on=ends_on, by=by
        )
    with pytest.raises(ValidationError):
        admissions.end_membership(membership=membership, ends_on=date(2019, 1, 1), by=by, now=NOW)
    assert Membership.objects.get().ends_on is None


# -- Photos -----------------------------------------------------------------------------------------------------------


def test_a_photo_is_added_last_and_its_file_is_deleted_with_it(by: User, django_capture_on_commit_callbacks):
    hub = HubFactory()
    first = actions.add_photo(photos=hub.photos, image=ContentFile(b"one", "one.webp"), description="The door", by=by)
    second = actions.add_photo(photos=hub.photos, image=ContentFile(b"two", "two.webp"), description="The desk", by=by)
    assert (first.position, second.position) == (0, 1)
    with django_capture_on_commit_callbacks(execute=True):
        actions.remove_photo(photo=first, by=by)
    assert not first.image.storage.exists(str(first.image.name))
    assert second.image.storage.exists(str(second.image.name))
