"""The people of a hub for its team, and what the end of a membership does to bookings for members alone."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.conftest import ModuleRows
from tests.factories.accounts import UserFactory
from tests.factories.bookings import BookingFactory, from_now
from tests.factories.hubs import HubFactory, MembershipFactory, TeamMemberFactory
from tests.factories.organisations import AffiliationFactory
from tests.factories.spaces import SpaceFactory
from totem.accounts.models import User
from totem.bookings.models import Booking, Status
from totem.bookings.queries import hub_people
from totem.core.models import Mail
from totem.hubs.models import Hub, Membership, PersonNote, Role
from totem.memberships.models import Admission
from totem.spaces.models import Audience, Space

pytestmark = pytest.mark.django_db

DAY = 24


class PeopleWorld:
    """A hub that never closes, its manager, a room for its members and one for everybody."""

    def __init__(self) -> None:
        self.hub: Hub = HubFactory(always_open=True)
        self.manager: User = TeamMemberFactory(hub=self.hub, person__name="Gaëlle Manager").person
        self.members_room: Space = SpaceFactory(hub=self.hub, audience=Audience.MEMBERS)
        self.public_room: Space = SpaceFactory(hub=self.hub)
        self.today: date = timezone.now().astimezone(self.hub.zone).date()

    def url(self, name: str, *more: object) -> str:
        return reverse(name, args=[self.hub.slug, *more])


@pytest.fixture(scope="module")
def world(module_db: ModuleRows) -> PeopleWorld:
    with module_db():
        return PeopleWorld()


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


# -- The list ---------------------------------------------------------------------------------------------------------


def names(world: PeopleWorld, which: str = hub_people.NOW, q: str = "") -> list[str]:
    return [person.name for person in hub_people.people_by_group(world.hub, world.today, q)[which]]


def test_members_former_ones_and_the_team_are_found_by_name_or_address(world: PeopleWorld):
    for name, days in (
        ("Zoé Présente", {}),
        ("Yves Partant", {"ends_on": world.today + timedelta(days=9)}),
        ("Xavier Futur", {"starts_on": world.today + timedelta(days=9)}),
        ("Wanda Passée", {"ends_on": world.today - timedelta(days=9)}),
    ):
        MembershipFactory(hub=world.hub, person__name=name, **days)
    MembershipFactory(person__name="Victor Ailleurs")
    back = MembershipFactory(hub=world.hub, ends_on=date(2021, 1, 1), person__name="Yann Revenu")
    MembershipFactory(hub=world.hub, person=back.person, starts_on=world.today)
    assert names(world) == ["Yann Revenu", "Yves Partant", "Zoé Présente"]
    assert names(world, hub_people.TO_COME) == ["Xavier Futur"]
    assert names(world, hub_people.FORMER) == ["Wanda Passée"]
    assert names(world, hub_people.TEAM) == ["Gaëlle Manager"]
    assert names(world, q="zoe") == ["Zoé Présente"]
    assert names(world, q=back.person.email) == ["Yann Revenu"]
    page = signed_in(world.manager).get(world.url("bookings:people"), {"q": "%", "qui": "nonsense"})
    assert [tab.count for tab in page.context["tabs"]] == [0, 0, 0, 0]


def test_a_member_is_found_by_any_of_their_names_in_any_script(world: PeopleWorld):
    for name, typed in (
        ("Đặng Thị Hoa", "dang"),
        ("Işık Yılmaz", "isik"),
        ("Camille Exemple", "exemple cam"),
        ("Дмитрий Образцов", "Образ"),
        ("王小明", "小明"),
        ("김민준", "민준"),
    ):
        MembershipFactory(hub=world.hub, person__name=name)
        assert names(world, q=typed) == [name]


def test_the_list_says_how_to_reach_them_when_they_came_and_come_and_is_a_file(world: PeopleWorld):
    person = MembershipFactory(hub=world.hub, person__name="=Zoé", person__phone="+33322224545").person
    AffiliationFactory(person=person, organisation__name="Atelier Sud", employee=True)
    came = BookingFactory(space=world.public_room, person=person, period=from_now(-3))
    Booking.objects.filter(pk=came.pk).update(checked_in_at=came.starts_at)
    coming = BookingFactory(space=world.public_room, person=person, period=from_now(2 * DAY))
    BookingFactory(person=person, period=from_now(DAY))  # in another hub
    [row] = signed_in(world.manager).get(world.url("bookings:people")).context["rows"]
    assert (row.last_visit, row.next_booking) == (came.starts_at, coming.starts_at)
    assert row.organisations == ["Atelier Sud"]
    listed = signed_in(world.manager).get(world.url("bookings:people_csv"), {"q": "zoe"})
    text = b"".join(listed.streaming_content).decode("utf-8-sig")
    assert all(word in text for word in ("'=Zoé", person.email, "03 22 22 45 45", "Atelier Sud"))
    sheet = signed_in(world.manager).get(world.url("bookings:people_xlsx"))
    assert b"".join(sheet.streaming_content).startswith(b"PK")


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_takes_the_same_queries_whatever_its_length(world: PeopleWorld, django_assert_num_queries, rows: int):
    for n in range(rows):
        person = MembershipFactory(hub=world.hub).person
        AffiliationFactory(person=person)
        BookingFactory(space=world.public_room, person=person, period=from_now(DAY + n))
    client = signed_in(world.manager)
    with django_assert_num_queries(14):
        client.get(world.url("bookings:people"))


# -- One person -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("plain_refusals")
def test_the_page_of_a_person_is_for_the_desk_and_for_people_of_the_hub(world: PeopleWorld):
    booked = BookingFactory(space=world.public_room).person
    former = MembershipFactory(hub=world.hub, ends_on=date(2021, 1, 1)).person
    elsewhere = BookingFactory().person
    seen = [
        signed_in(TeamMemberFactory(hub=world.hub, role=role).person)
        .get(world.url("bookings:person", person.pk))
        .status_code
        for role, person in (
            (Role.FACILITATOR, booked),
            (Role.DESK, former),
            (Role.DESK, elsewhere),
            (Role.MACHINES, booked),
            (Role.READER, booked),
        )
    ]
    assert seen == [200, 200, 404, 404, 404]


def test_notes_say_who_wrote_them_and_go_with_their_author_or_a_manager(world: PeopleWorld):
    person = BookingFactory(space=world.public_room).person
    page = world.url("bookings:person", person.pk)
    desk, other = (TeamMemberFactory(hub=world.hub, role=Role.DESK, person__name=name) for name in ("Ana", "Bob"))
    assert signed_in(desk.person).post(page, {"text": ""}).status_code == 422
    signed_in(desk.person).post(page, {"text": "Clé <b>12</b>"})
    shown = signed_in(other.person).get(page).content.decode()
    assert "Clé &lt;b&gt;12" in shown
    assert "Ana" in shown
    User.objects.filter(pk=desk.person.pk).update(name="", email="1@erased.invalid", erased_at=timezone.now())
    assert "erased.invalid" not in signed_in(other.person).get(page).content.decode()
    User.objects.filter(pk=desk.person.pk).update(erased_at=None)
    remove = world.url("bookings:note_remove", PersonNote.objects.get().pk)
    assert signed_in(other.person).post(remove).status_code == 404
    assert signed_in(desk.person).post(remove).url == page
    assert not PersonNote.objects.exists()


def test_the_desk_books_for_a_person_from_their_page(world: PeopleWorld):
    person, stranger = MembershipFactory(hub=world.hub).person, UserFactory()
    book = world.url("bookings:book", world.public_room.slug)
    assert f"{book}?person={person.pk}" in (
        signed_in(world.manager).get(world.url("bookings:person", person.pk)).content.decode()
    )
    assert person.email in signed_in(world.manager).get(book, {"person": person.pk}).content.decode()
    assert stranger.email not in signed_in(world.manager).get(book, {"person": stranger.pk}).content.decode()
    assert person.email not in signed_in(stranger).get(book, {"person": person.pk}).content.decode()


# -- The end of a membership ------------------------------------------------------------------------------------------


@pytest.fixture
def member(world: PeopleWorld) -> Membership:
    """A member with a booking of each room in two and in ten days."""
    membership: Membership = MembershipFactory(hub=world.hub)
    for room in (world.members_room, world.public_room):
        for days in (2, 10):
            BookingFactory(space=room, person=membership.person, period=from_now(days * DAY))
    return membership


def shown_and_saved(client: Client, url: str, data: dict[str, str]) -> list[str]:
    """What the page shows before it saves, and saves once it is sent again."""
    page = client.post(url, data)
    assert page.status_code == 200
    assert 'value="keep"' in page.content.decode()
    assert not Membership.objects.exclude(ends_on=None).exists()
    confirmation = page.context["confirmation"]
    assert client.post(url, {**data, "confirmed": confirmation.token}).status_code == 302
    return [str(one.url) for one in confirmation.affected]


def live(person: User) -> set[Space]:
    return {booking.space for booking in Booking.objects.filter(person=person, status=Status.CONFIRMED)}


@pytest.mark.parametrize("cancel", [False, True])
def test_the_bookings_that_need_the_membership_are_shown_before_it_ends(
    world: PeopleWorld, member: Membership, cancel: bool
):
    last = world.today + timedelta(days=4)
    needed = Booking.objects.get(person=member.person, space=world.members_room, starts_at__gt=from_now(5 * DAY)[0])
    data = {"ends_on": str(last), **({"bookings": "cancel"} if cancel else {})}
    shown = shown_and_saved(signed_in(world.manager), world.url("memberships:member_end", member.pk), data)
    assert shown == [reverse("bookings:detail", args=[needed.reference])]
    needed.refresh_from_db()
    assert needed.status == (Status.CANCELLED if cancel else Status.CONFIRMED)
    assert needed.given_reason == (
        "Votre adhésion se termine avant, et cet espace est pour les membres." if cancel else ""
    )
    assert Booking.objects.filter(person=member.person, status=Status.CONFIRMED).count() == (3 if cancel else 4)


def test_whoever_leaves_is_shown_theirs_and_visiting_desks_of_other_hubs(world: PeopleWorld, member: Membership):
    desk = SpaceFactory(visiting=True, all_night=True)
    abroad = BookingFactory(space=desk, person=member.person, period=from_now(3 * DAY))
    manager = signed_in(world.manager).post(
        world.url("memberships:member_end", member.pk), {"ends_on": str(world.today)}
    )
    assert abroad.reference not in manager.content.decode()
    leave = reverse("memberships:leave", args=[member.pk])
    shown = shown_and_saved(signed_in(member.person), leave, {"ends_on": str(world.today), "bookings": "cancel"})
    assert len(shown) == 3
    assert live(member.person) == {world.public_room}
    abroad.refresh_from_db()
    assert abroad.status == Status.CANCELLED


def test_nothing_is_asked_where_the_bookings_hold_all_the_same(world: PeopleWorld, member: Membership):
    end = world.url("memberships:member_end", member.pk)
    later = world.today + timedelta(days=30)
    assert signed_in(world.manager).post(end, {"ends_on": str(later)}).status_code == 302
    next_one = MembershipFactory(hub=world.hub, person=member.person, starts_on=later + timedelta(days=1))
    assert signed_in(world.manager).post(end, {"ends_on": str(later)}).status_code == 302
    Admission.objects.filter(starts_on=next_one.starts_on).delete()
    TeamMemberFactory(hub=world.hub, person=member.person, role=Role.DESK)
    assert signed_in(world.manager).post(end, {"ends_on": str(world.today)}).status_code == 302
    assert not Mail.objects.filter(subject__icontains="annul").exists()
