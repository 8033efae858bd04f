"""The pages for managing a hub: what they show, what they refuse, and who gets a 404."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from tests.factories.accounts import UserFactory
from tests.factories.hubs import ExceptionalHoursFactory, HubFactory, MembershipFactory, TeamMemberFactory, ZoneFactory
from tests.factories.spaces import SpaceFactory
from tests.factories.territories import CommuneFactory, DepartmentFactory
from totem.bookings import actions as bookings
from totem.bookings.actions import Booker
from totem.core.periods import Period, at_wall_clock
from totem.core.wording import date_words
from totem.hubs.models import ExceptionalHours, Hub, HubPhoto, MembershipRequest, Role, TeamMember, Zone, ZoneKind
from totem.hubs.queries import public_holidays
from totem.territories.models import Outline

pytestmark = pytest.mark.django_db

PAGES = ["manage", "settings", "hours", "closures", "zones", "photos", "team", "member_add"]


@pytest.fixture
def hub() -> Hub:
    return HubFactory(opening_hours=[(day, "08:00", "20:00") for day in range(1, 8)], closed_on_public_holidays=True)


@pytest.fixture
def manager(client: Client, hub: Hub) -> TeamMember:
    member = TeamMemberFactory(hub=hub)
    client.force_login(member.person)
    return member


def url(name: str, hub: Hub, *more: object) -> str:
    room = "memberships" if name.startswith("member_") else "hubs"
    return reverse(f"{room}:{name}", args=[hub.slug, *more])


def jpeg(size: tuple[int, int] = (40, 30), **more: object) -> bytes:
    content = BytesIO()
    Image.new("RGB", size, "#0B5C73").save(content, "JPEG", **more)
    return content.getvalue()


def a_booking_in(hub: Hub, *, hour: int = 10, days: int = 30) -> Period:
    """Book an hour of a coming day, a public holiday or not; returns its period."""
    day = datetime.now(hub.zone).date() + timedelta(days=days)
    start = at_wall_clock(day, time(hour), hub.zone)
    ExceptionalHours.objects.create(
        hub=hub, kind="open", during=(start - timedelta(hours=3), start + timedelta(hours=6)), reason="Open"
    )
    period = Period(start, start + timedelta(hours=1))
    bookings.book(
        space=SpaceFactory(hub=hub),
        period=period,
        booker=Booker.oneself(UserFactory(name="Camille Exemple")),
        now=datetime.now(UTC),
    )
    ExceptionalHours.objects.all().delete()
    return period


# -- For whom ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_a_managers_pages_open(client: Client, manager: TeamMember, name: str):
    answer = client.get(url(name, manager.hub))
    assert answer.status_code == 200
    assert answer.content.decode().count("<h1") == 1
    assert "style=" not in answer.content.decode()


@pytest.mark.parametrize("role", [role for role in Role if role != Role.MANAGER])
def test_the_pages_are_not_found_for_the_rest_of_the_team(client: Client, hub: Hub, role: str):
    client.force_login(TeamMemberFactory(hub=hub, role=role).person)
    for name in PAGES:
        assert client.get(url(name, hub)).status_code == 404, name
        assert client.post(url(name, hub)).status_code in {404, 405}, name


def test_visitors_are_asked_to_sign_in(client: Client, hub: Hub):
    assert {name: client.get(url(name, hub)).status_code for name in PAGES} == dict.fromkeys(PAGES, 302)


def test_rows_of_another_hub_are_not_reached_through_ones_own(client: Client, manager: TeamMember):
    others = {
        "zone": ZoneFactory().pk,
        "zone_remove": ZoneFactory().pk,
        "closure_remove": ExceptionalHoursFactory(during=("2027-01-01T00:00Z", "2027-01-02T00:00Z")).pk,
        "role": TeamMemberFactory().pk,
        "role_remove": TeamMemberFactory().pk,
        "member_end": MembershipFactory().pk,
        "photo_remove": HubPhoto.objects.create(hub=HubFactory(), image="x.webp", description="x").pk,
    }
    for name, pk in others.items():
        assert client.post(url(name, manager.hub, pk), {}).status_code == 404, name
    assert TeamMember.objects.count() == 3


# -- Settings ---------------------------------------------------------------------------------------------------------


def sent(client: Client, page: str, **changes: object) -> dict[str, object]:
    """The data that the page's form would submit, with changes."""
    form = client.get(page).context["form"]
    data = {field.html_name: field.value() for field in form}
    return {name: value for name, value in {**data, **changes}.items() if value is not None and value is not False}


def test_settings_are_saved(client: Client, manager: TeamMember):
    page = url("settings", manager.hub)
    answer = client.post(page, sent(client, page, tagline="By the station", step_free="true", languages=["fr", "en"]))
    assert answer.status_code == 302
    hub = Hub.objects.get()
    assert (hub.tagline, hub.step_free, hub.languages) == ("By the station", True, ["fr", "en"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("accent", "#ffee00"),
        ("accent", "blue"),
        ("commune", "Nulle-Part-les-Bains"),
        ("postcode", "800"),
        ("latitude", "95"),
        ("longitude", "east"),
        ("time_zone", "Mars/Olympus"),
        ("languages", ["xx"]),
        ("website", "javascript:alert(1)"),
        ("email", "somebody"),
        ("phone", "03 22"),
        ("name", ""),
    ],
)
def test_wrong_settings_are_refused_at_their_field(client: Client, manager: TeamMember, field: str, value: object):
    page = url("settings", manager.hub)
    before = Hub.objects.values().get()
    answer = client.post(page, sent(client, page, **{field: value}))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert Hub.objects.values().get() == before


def position_after(client: Client, hub: Hub, **typed: str) -> tuple[Decimal, Decimal]:
    page = url("settings", hub)
    assert client.post(page, sent(client, page, **typed)).status_code == 302
    return Hub.objects.values_list("longitude", "latitude").get()


def test_an_address_places_the_hub_in_the_middle_of_its_commune_until_a_point_is_chosen(
    client: Client, manager: TeamMember
):
    Outline.objects.create(
        level="commune", code="76540", shape=b"", west=1.0, east=1.2, south=49.4, north=49.5, area_km2=21
    )
    rouen, strasbourg = CommuneFactory(rouen=True), CommuneFactory(strasbourg=True)
    hub, former = manager.hub, (manager.hub.longitude, manager.hub.latitude)
    assert position_after(client, hub, tagline="By the station") == tuple(map(Decimal, former))
    assert position_after(client, hub, commune=rouen.label) == (Decimal("1.1"), Decimal("49.45"))
    chosen = {"latitude": "49,4431234567", "longitude": "1,0993000000"}
    assert position_after(client, hub, **chosen) == (Decimal("1.0993"), Decimal("49.443123"))
    bas_rhin = position_after(client, hub, commune=strasbourg.label)  # without its outline
    assert all(abs(found - about) < 1 for found, about in zip(bas_rhin, (Decimal("7.6"), Decimal("48.6")), strict=True))
    both = {"commune": rouen.label, **chosen}
    assert position_after(client, hub, **both) == (Decimal("1.0993"), Decimal("49.443123"))


def test_half_a_position_is_refused_at_the_other_half(client: Client, manager: TeamMember):
    page = url("settings", manager.hub)
    answer = client.post(page, sent(client, page, latitude=""))
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["latitude"])


# -- Hours ------------------------------------------------------------------------------------------------------------


def test_the_week_takes_several_lines_a_day_and_nights(client: Client, manager: TeamMember):
    hub = manager.hub
    week = {
        "d1_0_opens": "09:00",
        "d1_0_closes": "12:00",
        "d1_1_opens": "14:00",
        "d1_1_closes": "18:00",
        "d6_0_opens": "18:00",
        "d6_0_closes": "02:00",
        "closed_on_public_holidays": "on",
    }
    assert client.post(url("hours", hub), week).status_code == 302
    assert [str(line) for line in hub.opening_hours.order_by("weekday", "opens_at")] == [
        "lundi 09:00-12:00",
        "lundi 14:00-18:00",
        "samedi 18:00-02:00",
    ] or hub.opening_hours.count() == 3


def test_monday_is_copied_to_friday_and_nothing_is_saved_yet(client: Client, manager: TeamMember):
    hub = manager.hub
    week = {"d1_0_opens": "07:30", "d1_0_closes": "12:00", "d6_0_opens": "10:00", "d6_0_closes": "12:00", "copy": "1"}
    answer = client.post(url("hours", hub), week)
    assert answer.status_code == 200
    shown = answer.content.decode()
    assert shown.count('value="07:30"') == 5
    assert shown.count('value="10:00"') == 1
    assert hub.opening_hours.count() == 7


def test_a_hub_overseas_chooses_the_customs_it_closes_for(client: Client, manager: TeamMember):
    hub = manager.hub
    assert "Schœlcher" not in client.get(url("hours", hub)).content.decode()
    hub.commune = CommuneFactory(code="97209", department=DepartmentFactory(code="972"))
    hub.save()
    week = {"d1_0_opens": "09:00", "d1_0_closes": "12:00", "closed_on_public_holidays": "on"}
    assert client.post(url("hours", hub), {**week, "customary_holidays": "mid_lent"}).status_code == 422
    assert client.post(url("hours", hub), {**week, "customary_holidays": "schoelcher"}).status_code in {302, 303}
    hub.refresh_from_db()
    july = Period(datetime(2027, 7, 20, tzinfo=UTC), datetime(2027, 7, 23, tzinfo=UTC))
    assert date(2027, 7, 21) in public_holidays(hub, july)


@pytest.mark.parametrize(
    ("week", "field"),
    [
        ({"d2_0_opens": "09:00"}, "d2_0_closes"),
        ({"d2_0_closes": "09:00"}, "d2_0_opens"),
        ({"d2_0_opens": "nine", "d2_0_closes": "12:00"}, "d2_0_opens"),
        (
            {"d2_0_opens": "09:00", "d2_0_closes": "12:00", "d2_1_opens": "11:00", "d2_1_closes": "13:00"},
            "d2_1_opens",
        ),
        ({"d7_0_opens": "22:00", "d7_0_closes": "06:00", "d1_0_opens": "05:00", "d1_0_closes": "9:00"}, "d7_0_opens"),
    ],
)
def test_invalid_hours_are_refused_at_their_field(
    client: Client, manager: TeamMember, week: dict[str, str], field: str
):
    answer = client.post(url("hours", manager.hub), week)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert manager.hub.opening_hours.count() == 7


def test_shorter_hours_show_the_affected_bookings_before_they_are_saved(client: Client, manager: TeamMember):
    hub = manager.hub
    hub.closed_on_public_holidays = False
    hub.save()
    a_booking_in(hub, hour=10)
    week = {f"d{day}_0_opens": "14:00" for day in range(1, 8)} | {f"d{day}_0_closes": "20:00" for day in range(1, 8)}
    answer = client.post(url("hours", hub), week)
    assert answer.status_code == 200
    assert "Camille Exemple" in answer.content.decode()
    assert str(hub.opening_hours.first().opens_at) == "08:00:00"
    again = client.post(url("hours", hub), {**week, "confirmed": answer.context["confirmation"].token})
    assert again.status_code == 302
    assert str(hub.opening_hours.first().opens_at) == "14:00:00"


# -- Closures ---------------------------------------------------------------------------------------------------------


def closure(day: date, **more: str) -> dict[str, str]:
    return {"kind": "closed", "first_day": day.isoformat(), "reason": "Works", **more}


def test_a_closure_shows_the_affected_bookings_and_is_saved_when_confirmed(client: Client, manager: TeamMember):
    hub = manager.hub
    period = a_booking_in(hub)
    data = closure(period.starts_at.date())
    answer = client.post(url("closures", hub), data)
    assert answer.status_code == 200
    assert "Camille Exemple" in answer.content.decode()
    assert not ExceptionalHours.objects.exists()

    confirmed = client.post(url("closures", hub), {**data, "confirmed": answer.context["confirmation"].token})
    assert confirmed.status_code == 302
    row = ExceptionalHours.objects.get()
    assert (row.during.upper - row.during.lower) in {timedelta(hours=h) for h in (23, 24, 25)}
    assert "Camille Exemple" in client.get(url("closures", hub)).content.decode()


def test_a_booking_made_before_the_confirmation_is_shown_and_confirmed_again(client: Client, manager: TeamMember):
    hub = manager.hub
    period = a_booking_in(hub)
    data = closure(period.starts_at.date())
    token = client.post(url("closures", hub), data).context["confirmation"].token
    a_booking_in(hub, hour=15)
    answer = client.post(url("closures", hub), {**data, "confirmed": token})
    assert answer.status_code == 200
    assert len(answer.context["confirmation"].affected) == 2
    assert not ExceptionalHours.objects.exists()


@pytest.mark.parametrize("confirmed", ["", "yes", "0" * 64])
def test_a_confirmation_cannot_be_guessed(client: Client, manager: TeamMember, confirmed: str):
    period = a_booking_in(manager.hub)
    answer = client.post(url("closures", manager.hub), closure(period.starts_at.date()) | {"confirmed": confirmed})
    assert answer.status_code == 200
    assert not ExceptionalHours.objects.exists()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (closure(date(2020, 1, 1)), "first_day"),
        (closure(date(2090, 1, 2), last_day="2090-01-01"), "last_day"),
        (closure(date(2090, 1, 2), from_time="12:00", until_time="11:00"), "until_time"),
        (closure(date(2090, 1, 2), last_day="2090-01-02", until_time="00:00"), "until_time"),
        (closure(date(2090, 1, 2), reason=""), "reason"),
        (closure(date(2090, 1, 2), kind="perhaps"), "kind"),
        ({"kind": "closed", "reason": "Works", "first_day": "soon"}, "first_day"),
        ({"kind": "closed", "reason": "Works"}, "first_day"),
        (closure(date(2027, 3, 28), from_time="02:30", until_time="11:00"), "from_time"),
    ],
)
def test_invalid_closures_are_refused_at_their_field(
    client: Client, manager: TeamMember, data: dict[str, str], field: str
):
    answer = client.post(url("closures", manager.hub), data)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not ExceptionalHours.objects.exists()


def test_a_closure_over_another_is_refused(client: Client, manager: TeamMember):
    page = url("closures", manager.hub)
    assert client.post(page, closure(date(2090, 1, 2), last_day="2090-01-05")).status_code == 302
    assert client.post(page, closure(date(2090, 1, 5))).status_code == 422
    assert client.post(page, closure(date(2090, 1, 5), kind="open")).status_code == 302


def test_a_closure_is_removed_and_past_ones_are_listed_apart(client: Client, manager: TeamMember):
    hub = manager.hub
    day = datetime(2090, 1, 1, tzinfo=UTC)
    row = ExceptionalHoursFactory(hub=hub, during=(day, day + timedelta(days=1)))
    old = datetime(2020, 1, 1, tzinfo=UTC)
    past = ExceptionalHoursFactory(hub=hub, reason="Long ago", during=(old, old + timedelta(days=1)))
    assert "Long ago" not in client.get(url("closures", hub)).content.decode()
    assert "Long ago" in client.get(url("closures", hub) + "?quand=passees").content.decode()
    assert client.post(url("closure_remove", hub, row.pk)).status_code == 302
    assert client.post(url("closure_remove", hub, past.pk)).status_code == 302
    assert list(ExceptionalHours.objects.all()) == [past]


# -- Zones, photos ----------------------------------------------------------------------------------------------------


def test_zones_are_added_changed_and_removed_with_their_total(client: Client, manager: TeamMember):
    hub = manager.hub
    client.post(url("zones", hub), {"name": "Atelier", "kind": ZoneKind.SHARED_TOOLS, "area": "120.5"})
    client.post(url("zones", hub), {"name": "Étage", "kind": ZoneKind.OFFICES, "area": "80"})
    assert client.get(url("zones", hub)).context["areas"].m2 == 200.5
    atelier = Zone.objects.get(name="Atelier")
    client.post(url("zone", hub, atelier.pk), {"name": "Atelier", "kind": ZoneKind.SHARED_TOOLS, "area": "100"})
    assert client.get(url("zones", hub)).context["areas"].m2 == 180
    client.post(url("zone_remove", hub, atelier.pk))
    assert Zone.objects.get().name == "Étage"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"name": "ÉTAGE", "kind": "offices", "area": "80"}, "name"),
        ({"name": "Cave", "kind": "offices", "area": "0"}, "area"),
        ({"name": "Cave", "kind": "offices", "area": "1e99"}, "area"),
        ({"name": "Cave", "kind": "vault", "area": "10"}, "kind"),
        ({"name": "Cave", "kind": "offices", "area": "10", "opens_on": "one day"}, "opens_on"),
    ],
)
def test_invalid_zones_are_refused_at_their_field(
    client: Client, manager: TeamMember, data: dict[str, str], field: str
):
    ZoneFactory(hub=manager.hub, name="étage")
    answer = client.post(url("zones", manager.hub), data)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert Zone.objects.count() == 1


def test_partners_stand_on_the_public_page_with_their_addresses(client: Client, manager: TeamMember):
    hub, public = manager.hub, reverse("website:hub", args=[manager.hub.slug])
    for name, website in (("La Presque Vraie", "presque-vraie.example"), ("Le Réseau", ""), ("LE RÉSEAU", "")):
        answer = client.post(url("partners", hub), {"name": name, "website": website})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["name"])
    page = client.get(public).content.decode()
    assert '<a href="https://presque-vraie.example">La Presque Vraie</a>' in page
    assert "Le Réseau" in page
    client.post(url("partner_remove", hub, hub.partners.first().pk))
    assert "La Presque Vraie" not in client.get(public).content.decode()
    wrong = client.post(url("partners", hub), {"name": "x", "website": "javascript:alert(1)"})
    assert list(wrong.context["form"].errors) == ["website"]


def test_a_coming_zone_is_shown_as_planned_with_its_day_and_not_in_the_total(client: Client, manager: TeamMember):
    hub, today = manager.hub, datetime.now(manager.hub.zone).date()
    ZoneFactory(hub=hub, area="100", opens_on=today)
    sent = {"name": "Toit", "kind": ZoneKind.OFFICES, "area": "80", "opens_on": (today + timedelta(days=1)).isoformat()}
    assert client.post(url("zones", hub), sent).status_code == 302
    answer = client.get(url("zones", hub))
    assert (answer.context["areas"].m2, answer.context["areas"].m2_planned) == (100, 80)
    assert date_words(today + timedelta(days=1)) in answer.content.decode()
    assert client.get(url("manage", hub)).context["area"] == 100
    toit = Zone.objects.get(name="Toit")
    assert client.get(url("zone", hub, toit.pk)).context["form"]["opens_on"].value() == today + timedelta(days=1)
    client.post(url("zone", hub, toit.pk), {**sent, "opens_on": ""})
    assert client.get(url("zones", hub)).context["areas"].m2 == 180


def photo(content: bytes, name: str = "door.jpg", described: str = "The door") -> dict[str, object]:
    return {"image": SimpleUploadedFile(name, content, "image/jpeg"), "description": described}


def test_a_photo_is_stored_small_upright_and_without_exif(client: Client, manager: TeamMember):
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turned a quarter
    exif[0x010F] = "Camera of Camille"
    answer = client.post(url("photos", manager.hub), photo(jpeg((2000, 1000), exif=exif)))
    assert answer.status_code == 302
    row = HubPhoto.objects.get()
    assert "door" not in str(row.image.name)
    with row.image.open() as file, Image.open(file) as kept:
        assert (kept.format, kept.size) == ("WEBP", (800, 1600))
        assert not kept.getexif()
        file.seek(0)
        assert b"Camille" not in file.read()
    client.post(url("photo_remove", manager.hub, row.pk))
    assert not HubPhoto.objects.exists()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (photo(b"<svg onload=alert(1)>", "a.svg"), "image"),
        (photo(jpeg()[:200]), "image"),
        (photo(b"GIF89a" + b"\0" * 100), "image"),
        (photo(jpeg() + b"\0" * 5 * 1024 * 1024), "image"),
        (photo(b""), "image"),
        ({"description": "The door"}, "image"),
        (photo(jpeg(), described=""), "description"),
    ],
)
def test_an_invalid_photo_is_refused_at_its_field(
    client: Client, manager: TeamMember, data: dict[str, object], field: str
):
    answer = client.post(url("photos", manager.hub), data)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not HubPhoto.objects.exists()


# -- Team and members -------------------------------------------------------------------------------------------------


def test_a_role_changes_and_is_taken_away(client: Client, manager: TeamMember):
    hub = manager.hub
    member = TeamMemberFactory(hub=hub, role=Role.DESK)
    client.post(url("role", hub, member.pk), {"role": Role.READER})
    member.refresh_from_db()
    assert member.role == Role.READER
    assert client.post(url("role_remove", hub, member.pk)).status_code == 302
    assert not TeamMember.objects.filter(pk=member.pk).exists()


def test_the_last_manager_can_neither_be_removed_nor_change_role(client: Client, manager: TeamMember):
    changed = client.post(url("role", manager.hub, manager.pk), {"role": Role.DESK})
    assert (changed.status_code, list(changed.context["form"].errors)) == (422, ["role"])
    client.post(url("role_remove", manager.hub, manager.pk))
    manager.refresh_from_db()
    assert manager.role == Role.MANAGER


def test_a_manager_who_gives_up_the_role_is_redirected_to_the_public_page(client: Client, manager: TeamMember):
    TeamMemberFactory(hub=manager.hub)
    answer = client.post(url("role_remove", manager.hub, manager.pk))
    assert answer["Location"] == reverse("website:hub", args=[manager.hub.slug])


# -- How many queries -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(("name", "queries"), [("zones", 6), ("team", 7), ("member_add", 7), ("closures", 8)])
def test_lists_take_the_same_queries_whatever_their_length(
    client: Client, manager: TeamMember, django_assert_num_queries, name: str, queries: int, rows: int
):
    hub = manager.hub
    for n in range(rows):
        ZoneFactory(hub=hub)
        TeamMemberFactory(hub=hub, role=Role.DESK)
        MembershipRequest.objects.create(hub=hub, person=UserFactory())
        day = datetime(2090, 1, 1 + n, tzinfo=UTC)
        ExceptionalHoursFactory(hub=hub, during=(day, day + timedelta(days=1)))
    with django_assert_num_queries(queries):
        client.get(url(name, hub))


def test_a_closure_until_midnight_of_a_day_ends_as_that_day_begins(client: Client, manager: TeamMember):
    hub = manager.hub
    data = closure(date(2027, 1, 14), from_time="18h", last_day="2027-01-15", until_time="00:00")
    assert client.post(url("closures", hub), data).status_code == 302
    assert ExceptionalHours.objects.get().during.upper == datetime(2027, 1, 14, 23, tzinfo=UTC)


def test_a_telephone_number_is_of_the_hubs_department(client: Client, manager: TeamMember):
    hub, page = manager.hub, url("settings", manager.hub)
    assert "phone" in client.post(page, sent(client, page, phone="0262 20 00 00")).context["form"].errors
    hub.commune = CommuneFactory(code="97411", department=DepartmentFactory(code="974"))
    hub.save()
    assert client.post(page, sent(client, page, phone="0262 20 00 00")).status_code in {302, 303}
    hub.refresh_from_db()
    assert hub.phone == "+262262200000"
