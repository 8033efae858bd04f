"""The pages for managing spaces: what they show, what they refuse, and who gets a 404."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from PIL import Image

from tests.factories.accounts import UserFactory
from tests.factories.bookings import from_now
from tests.factories.hubs import HubFactory, TeamMemberFactory, ZoneFactory
from tests.factories.spaces import OutageFactory, PriceFactory, SpaceFactory
from totem.bookings import actions as bookings
from totem.bookings.actions import Booker
from totem.bookings.rules import RuleBrokenError
from totem.core.periods import Period, at_wall_clock
from totem.hubs.actions import hub as hub_actions
from totem.hubs.models import Role, TeamMember
from totem.spaces.models import Composition, Outage, Price, Space, SpaceHours, SpaceKind, SpacePhoto

pytestmark = pytest.mark.django_db

OF_THE_HUB = ["list", "create"]
OF_A_SPACE = ["edit", "quantity", "parts", "hours", "photos", "service", "prices"]


@pytest.fixture
def space() -> Space:
    return SpaceFactory(name="Salle Somme", slug="salle-somme", hub=HubFactory(always_open=True))


@pytest.fixture
def manager(client: Client, space: Space) -> TeamMember:
    member = TeamMemberFactory(hub=space.hub)
    client.force_login(member.person)
    return member


def url(name: str, space: Space, *more: object) -> str:
    where = [space.hub.slug] if name in {*OF_THE_HUB, "outages", "outage_end"} else [space.hub.slug, space.slug]
    return reverse(f"spaces:{name}", args=[*where, *more])


def today(space: Space, days: int = 0) -> str:
    return (datetime.now(space.hub.zone).date() + timedelta(days=days)).isoformat()


def booked(space: Space, *, days: int = 30, hour: int = 10) -> Period:
    start = at_wall_clock(datetime.now(space.hub.zone).date() + timedelta(days=days), time(hour), space.hub.zone)
    period = Period(start, start + timedelta(hours=1))
    person = UserFactory(name="Camille Exemple")
    bookings.book(space=space, period=period, booker=Booker.oneself(person), now=datetime.now(UTC))
    return period


def sent(client: Client, page: str, **changes: object) -> dict[str, object]:
    """The data that the page's form would submit, with changes."""
    form = client.get(page).context["form"]
    data = {field.html_name: field.value() for field in form}
    return {name: value for name, value in {**data, **changes}.items() if value is not None and value is not False}


# -- For whom ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*OF_THE_HUB, *OF_A_SPACE, "outages"])
def test_a_managers_pages_open(client: Client, manager: TeamMember, space: Space, name: str):
    answer = client.get(url(name, space))
    assert answer.status_code == 200
    assert answer.content.decode().count("<h1") == 1
    assert "style=" not in answer.content.decode()


@pytest.mark.parametrize("role", [role for role in Role if role != Role.MANAGER])
def test_the_pages_are_not_found_for_the_rest_of_the_team(client: Client, space: Space, role: str):
    client.force_login(TeamMemberFactory(hub=space.hub, role=role).person)
    for name in (*OF_THE_HUB, *OF_A_SPACE, "outages"):
        expected = 200 if name == "outages" and role in {Role.DESK, Role.MACHINES} else 404
        assert client.get(url(name, space)).status_code == expected, name


def test_rows_of_another_space_are_not_reached_through_ones_own(client: Client, manager: TeamMember, space: Space):
    others = {
        "price_end": PriceFactory().pk,
        "price_remove": PriceFactory(space__hub=space.hub).pk,
        "outage_end": OutageFactory(during=(datetime.now(UTC), None)).pk,
        "photo_remove": SpacePhoto.objects.create(space=SpaceFactory(), image="x.webp", description="x").pk,
    }
    for name, pk in others.items():
        assert client.post(url(name, space, pk), {}).status_code == 404, name
    elsewhere = SpaceFactory()
    for name in OF_A_SPACE:
        assert client.get(reverse(f"spaces:{name}", args=[space.hub.slug, elsewhere.slug])).status_code == 404


# -- The space --------------------------------------------------------------------------------------------------------


def test_a_space_is_added_with_its_units_and_then_priced(client: Client, manager: TeamMember, space: Space):
    page = url("create", space)
    answer = client.post(page, sent(client, page, name="Grande salle", kind=SpaceKind.HOT_DESKS, quantity=4))
    made = Space.objects.get(slug="grande-salle")
    assert answer["Location"] == url("prices", made)
    assert made.units.count() == 4


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"quantity": 2}, "quantity"),
        ({"quantity": 1001, "kind": SpaceKind.HOT_DESKS}, "quantity"),
        ({"kind": "cellar"}, "kind"),
        ({"capacity": 0}, "capacity"),
        ({"area": "-1"}, "area"),
        ({"features": ["pool"]}, "features"),
        ({"step_minutes": 25}, "step_minutes"),
        ({"min_minutes": 120, "max_minutes": 60}, "min_minutes"),
        ({"horizon_days": 5000}, "horizon_days"),
        ({"audience": "nobody"}, "audience"),
        ({"cancel_notice_minutes": -60}, "cancel_notice_minutes"),
    ],
)
def test_a_space_that_cannot_be_is_refused_at_its_field(
    client: Client, manager: TeamMember, space: Space, changes: dict[str, object], field: str
):
    page = url("create", space)
    answer = client.post(page, sent(client, page, **{"name": "Room", "kind": SpaceKind.MEETING_ROOM, **changes}))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert Space.objects.count() == 1


def test_rules_are_saved_and_an_unusual_one_stays_in_its_list(client: Client, manager: TeamMember, space: Space):
    Space.objects.update(horizon_days=77)
    page = url("edit", space)
    assert 'value="77" selected' in client.get(page).content.decode()
    assert client.post(page, sent(client, page, max_minutes=120, needs_approval="on")).status_code == 302
    space.refresh_from_db()
    assert (space.max_minutes, space.needs_approval, space.horizon_days) == (120, True, 77)


def test_a_zone_of_another_hub_is_refused(client: Client, manager: TeamMember, space: Space):
    page = url("edit", space)
    answer = client.post(page, sent(client, page, zone=ZoneFactory().pk))
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["zone"])


def test_the_form_cannot_change_the_hub_slug_or_quantity_of_a_space(client: Client, manager: TeamMember, space: Space):
    page = url("edit", space)
    client.post(page, sent(client, page, hub=HubFactory().pk, slug="elsewhere", is_active="", quantity=9))
    space.refresh_from_db()
    assert (space.hub, space.slug, space.is_active, space.quantity) == (manager.hub, "salle-somme", True, 1)


def test_a_pool_refuses_to_lose_booked_desks_and_shows_the_bookings(client: Client, manager: TeamMember, space: Space):
    pool = SpaceFactory(pool=True, hub=space.hub)
    page = url("quantity", pool)
    assert client.post(page, {"quantity": 4}).status_code == 302
    booked(pool)
    booked(pool)
    answer = client.post(page, {"quantity": 1})
    assert answer.status_code == 409
    assert "Camille Exemple" in answer.content.decode()
    assert client.post(page, {"quantity": 0}).status_code == 422
    assert client.post(page, {"quantity": 2}).status_code == 302
    assert pool.units.filter(is_active=True).count() == 2


def test_a_room_gets_its_parts_unless_both_are_booked(client: Client, manager: TeamMember, space: Space):
    half, other = SpaceFactory(hub=space.hub), SpaceFactory(hub=space.hub)
    page = url("parts", space)
    assert client.post(page, {"parts": [half.pk]}).status_code == 302
    assert client.get(page).context["form"]["parts"].value() == [half.pk]
    circle = client.post(url("parts", half), {"parts": [space.pk]})
    assert (circle.status_code, list(circle.context["form"].errors)) == (422, ["parts"])
    assert client.post(page, {"parts": [SpaceFactory().pk]}).status_code == 422
    booked(space)
    booked(other)
    taken = client.post(page, {"parts": [half.pk, other.pk]})
    assert taken.status_code == 409
    assert "Camille Exemple" in taken.content.decode()
    assert client.post(page, {}).status_code == 302
    assert not Composition.objects.exists()


def test_own_hours_show_the_affected_bookings_before_they_are_saved(client: Client, manager: TeamMember, space: Space):
    booked(space)
    page = url("hours", space)
    week = {f"d{day}_0_opens": "14:00" for day in range(1, 8)} | {f"d{day}_0_closes": "20:00" for day in range(1, 8)}
    answer = client.post(page, week)
    assert answer.status_code == 200
    assert "Camille Exemple" in answer.content.decode()
    assert not SpaceHours.objects.exists()
    assert client.post(page, {**week, "confirmed": answer.context["confirmation"].token}).status_code == 302
    assert SpaceHours.objects.count() == 7
    assert client.post(page, {"d1_0_opens": "", "d1_0_closes": ""}).status_code == 302
    assert not SpaceHours.objects.exists()


def test_out_of_service_and_back(client: Client, manager: TeamMember, space: Space):
    booked(space)
    page = url("service", space)
    assert "Camille Exemple" in client.get(page).content.decode()
    client.post(page)
    assert not Space.objects.get().is_active
    client.post(page)
    assert Space.objects.get().is_active


def test_a_photo_of_a_space_is_added_and_removed(client: Client, manager: TeamMember, space: Space):
    content = BytesIO()
    Image.new("RGB", (40, 30)).save(content, "PNG")
    data = {"image": SimpleUploadedFile("a.png", content.getvalue()), "description": "The table"}
    assert client.post(url("photos", space), data).status_code == 302
    row = SpacePhoto.objects.get()
    client.post(url("photo_remove", space, row.pk))
    assert not SpacePhoto.objects.exists()


def test_a_hub_has_no_more_photos_than_it_may_those_of_its_spaces_counted(client, manager, space, monkeypatch):
    monkeypatch.setattr(hub_actions, "MOST_PHOTOS", 2)
    SpacePhoto.objects.create(space=SpaceFactory(hub=space.hub), image="x.webp", description="x")
    SpacePhoto.objects.create(space=SpaceFactory(), image="x.webp", description="Elsewhere")

    def answer() -> HttpResponse:
        content = BytesIO()
        Image.new("RGB", (4, 3)).save(content, "PNG")
        data = {"image": SimpleUploadedFile("a.png", content.getvalue()), "description": "The door"}
        return client.post(reverse("hubs:photos", args=[space.hub.slug]), data)

    assert answer().status_code == 302
    refused = answer()
    assert refused.status_code == 422
    assert "2 photos" in refused.context["form"].errors["image"][0]
    assert space.hub.photos.count() == 1


# -- Prices -----------------------------------------------------------------------------------------------------------


def price(space: Space, **changes: str) -> dict[str, str]:
    return {"hour": "12.50", "vat_rate": "20", "starts_on": today(space), **changes}


def test_prices_follow_each_other_end_and_are_removed_before_they_begin(
    client: Client, manager: TeamMember, space: Space
):
    page = url("prices", space)
    assert client.post(page, price(space)).status_code == 302
    assert client.post(page, price(space, hour="15", starts_on=today(space, 30))).status_code == 302
    first, second = Price.objects.order_by("starts_on")
    assert first.ends_on == second.starts_on - timedelta(days=1)
    client.post(url("price_remove", space, second.pk))
    client.post(url("price_remove", space, first.pk))
    assert list(Price.objects.all()) == [first]
    assert client.post(url("price_end", space, first.pk), {"ends_on": today(space, -1)}).status_code == 422
    assert client.post(url("price_end", space, first.pk), {"ends_on": today(space, 5)}).status_code == 302
    first.refresh_from_db()
    assert first.ends_on.isoformat() == today(space, 5)


def test_an_hour_half_a_day_and_a_day_are_priced_at_once_or_not_at_all(
    client: Client, manager: TeamMember, space: Space
):
    page = url("prices", space)
    assert client.post(page, price(space, half_day="40", day="70 €")).status_code == 302
    assert sorted(Price.objects.values_list("per", "amount")) == [(60, Decimal("12.5")), (240, 40), (1440, 70)]
    later = {"starts_on": today(space, 40), "hour": "", "day": "80"}
    assert client.post(page, price(space, **later)).status_code == 302
    later["hour"] = "15"
    assert "starts_on" in client.post(page, price(space, **later)).context["form"].errors  # one starts on that day
    assert Price.objects.count() == 4


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"hour": "-1"}, "hour"),
        ({"day": "12.505"}, "day"),
        ({"half_day": "NaN"}, "half_day"),
        ({"hour": ""}, "hour"),
        ({"vat_rate": "19.6"}, "vat_rate"),
        ({"starts_on": "2020-01-01"}, "starts_on"),
        ({"ends_on": "2020-01-01"}, "ends_on"),
        ({"starts_on": "soon"}, "starts_on"),
    ],
)
def test_invalid_prices_are_refused_at_their_field(
    client: Client, manager: TeamMember, space: Space, changes: dict[str, str], field: str
):
    answer = client.post(url("prices", space), price(space, **changes))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Price.objects.exists()


# -- Outages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.DESK, Role.MACHINES, Role.MANAGER])
def test_the_desk_reports_an_outage_sees_the_affected_bookings_and_ends_it(client: Client, space: Space, role: Role):
    client.force_login(TeamMemberFactory(hub=space.hub, role=role).person)
    period = booked(space)
    page = url("outages", space)
    data = {"what": str(space.pk), "reason": "Screen broken", "first_day": period.starts_at.date().isoformat()}
    answer = client.post(page, data)
    assert answer.status_code == 200
    assert "Camille Exemple" in answer.content.decode()
    assert not Outage.objects.exists()
    assert client.post(page, {**data, "confirmed": answer.context["confirmation"].token}).status_code == 302
    assert "Screen broken" in client.get(page).content.decode()
    assert client.post(page, data | {"confirmed": answer.context["confirmation"].token}).status_code == 422
    client.post(url("outage_end", space, Outage.objects.get().pk))
    assert not Outage.objects.exists()


def test_one_desk_of_a_pool_is_out_of_order(client: Client, manager: TeamMember, space: Space):
    pool = SpaceFactory(pool=True, hub=space.hub)
    unit = pool.units.get(number=2)
    page = url("outages", space)
    data = {"what": f"{pool.pk}-{unit.pk}", "reason": "No power", "first_day": today(space), "from_time": "00:00"}
    assert client.post(page, data).status_code == 302
    assert Outage.objects.get().unit == unit
    assert client.post(page, data).status_code == 422
    of_another = SpaceFactory(pool=True)
    wrong = client.post(page, data | {"what": f"{pool.pk}-{of_another.units.first().pk}"})
    assert (wrong.status_code, list(wrong.context["form"].errors)) == (422, ["what"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"what": "0"}, "what"),
        ({"reason": ""}, "reason"),
        ({"first_day": "now"}, "first_day"),
        ({"last_day": "2020-01-01"}, "last_day"),
        ({"first_day": "2020-01-01", "last_day": "2020-01-02"}, "last_day"),
    ],
)
def test_invalid_outages_are_refused_at_their_field(
    client: Client, manager: TeamMember, space: Space, changes: dict[str, str], field: str
):
    data = {"what": str(space.pk), "reason": "Broken", "first_day": today(space), **changes}
    answer = client.post(url("outages", space), data)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Outage.objects.exists()


# -- How many queries -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(("name", "queries"), [("list", 8), ("prices", 7), ("outages", 10)])
def test_lists_take_the_same_queries_whatever_their_length(
    client: Client, manager: TeamMember, space: Space, django_assert_num_queries, name: str, queries: int, rows: int
):
    for n in range(rows):
        pool = SpaceFactory(hub=space.hub, pool=True, zone=ZoneFactory(hub=space.hub))
        OutageFactory(space=pool, unit=pool.units.first(), during=(datetime.now(UTC), None))
        PriceFactory(space=space, per=(60, 240, 1440)[n])
    with django_assert_num_queries(queries):
        client.get(url(name, space))


def test_without_a_price_the_public_books_once_it_is_said_to_be_free(client: Client, manager: TeamMember, space: Space):
    Space.objects.update(free_of_charge=False)
    period, booker = from_now(48), Booker.oneself(UserFactory())
    assert "le public ne peut pas réserver" in client.get(url("prices", space)).content.decode()
    assert "le public ne peut pas le réserver" in client.get(url("list", space)).content.decode()
    with pytest.raises(RuleBrokenError):
        bookings.book(space=space, period=period, booker=booker, now=from_now(0).starts_at)
    assert client.post(url("free", space), {"free": "1"}).status_code == 303
    assert bookings.book(space=space, period=period, booker=booker, now=from_now(0).starts_at).price == 0
    assert "gratuit" in client.get(url("list", space)).content.decode()
