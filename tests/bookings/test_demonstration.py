"""The demonstration: four hubs as the press describes them, invented people, bookings around any load date."""

import re
import shutil
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Count, Q, Sum

from totem.accounts.models import DemoRole, User
from totem.bookings.models import LIVE, Booking, Occupancy, Status
from totem.core.demonstration import InventedWorld, load
from totem.core.models import JournalEntry
from totem.core.periods import DAY, Period, expand_week, intersect
from totem.hubs.models import Hub, Membership, Role, TeamMember, ZoneKind
from totem.hubs.queries import open_periods
from totem.organisations.models import Affiliation, Organisation
from totem.organisations.queries import organisations_of
from totem.spaces.models import Audience, Outage, Price, Space, SpaceHours, SpaceKind

FOLDER = Path(settings.BASE_DIR) / "demo"
PEOPLE = FOLDER / "accounts" / "people.toml"
HUBS = {"amiens", "rouen", "le-havre", "caen"}
MOMENTS = {
    "a Tuesday morning": datetime(2026, 11, 24, 9, 40, tzinfo=UTC),
    "the night before the year's end closure": datetime(2027, 12, 24, 2, 15, tzinfo=UTC),
    "a Sunday of August in a leap year, at 2 a.m.": datetime(2028, 8, 13, 0, 5, tzinfo=UTC),
}
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Loaded:
    now: datetime
    folder: Path
    progress: list[str]  # lines, as `say` received them


@pytest.fixture(scope="module", params=MOMENTS)
def loaded(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Loaded]:
    """The hubs with 90 days of bookings, loaded once for the tests that only read them, then rolled back.

    Without the territories, which need all communes: tests/labels/test_demonstration.py loads those.
    """
    now, progress = MOMENTS[request.param], []
    folder = tmp_path_factory.mktemp("hubs") / "demo"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("billing", "territories", "observatory", "labels"))
    with django_db_blocker.unblock(), transaction.atomic():
        load(InventedWorld(folder=folder, now=now, length=90, say=progress.append))
        yield Loaded(now, folder, progress)
        transaction.set_rollback(True)


def _hub(slug: str) -> Hub:
    return Hub.objects.select_related("commune__department", "operator").get(slug=slug)


def _counts() -> list[int]:
    return [model.objects.count() for model in (Hub, Space, User, Organisation, Booking, Occupancy, JournalEntry)]


def test_the_four_hubs_are_as_the_press_describes_them(loaded: Loaded) -> None:
    assert set(Hub.objects.published().values_list("slug", flat=True)) == HUBS

    amiens = _hub("amiens")
    assert amiens.commune.name == "Amiens"
    assert amiens.operator.name == "La Tech amiénoise"
    zones = amiens.zones.aggregate(Sum("area"), Count("pk"))
    assert zones["area__sum"] > 500
    assert set(amiens.zones.values_list("kind", flat=True)) == {
        ZoneKind.INCUBATOR,
        ZoneKind.COWORKING,
        ZoneKind.SHARED_TOOLS,
        ZoneKind.EVENTS,
    }
    assert zones["pk__count"] == 4
    assert TeamMember.objects.filter(hub=amiens).values("person").distinct().count() == 3

    rouen = _hub("rouen")
    assert rouen.commune.name == "Le Petit-Quevilly"
    assert "Seine Innopolis" in rouen.host_building
    assert "10\u202f000\u00a0m²" in rouen.host_building

    havre = _hub("le-havre")
    assert havre.operator.name == "Le Container"
    assert havre.zones.aggregate(Sum("area"))["area__sum"] == 300
    assert sorted(havre.opening_hours.values_list("weekday", flat=True)) == [1, 2, 3, 4, 5, 6]

    assert "inventé" in _hub("caen").operator.name
    assert _hub("caen").commune.name == "Caen"


def test_each_hub_offers_every_kind_and_a_room_made_of_halves(loaded: Loaded) -> None:
    for hub in Hub.objects.all():
        kinds = set(hub.spaces.values_list("kind", flat=True))
        assert kinds == set(SpaceKind.values), hub
        assert hub.spaces.annotate(halves=Count("parts")).filter(kind=SpaceKind.EVENT_ROOM, halves=2).count() == 1


def test_prices_are_those_of_the_field_with_a_past_one(loaded: Loaded) -> None:
    desk = Space.objects.get(hub__slug="amiens", name="Postes nomades")
    today = loaded.now.date()
    current = desk.prices.filter(Q(ends_on=None) | Q(ends_on__gt=today), starts_on__lte=today)
    assert {price.per: price.amount for price in current} == {Price.Per.DAY: 10, Price.Per.HALF_DAY: 7}
    assert desk.prices.filter(ends_on__lt=today).exists()
    hours = Price.objects.filter(space__kind=SpaceKind.MACHINE, per=Price.Per.HOUR, ends_on=None)
    assert {5, 8, 36} <= {int(price.amount) for price in hours}
    assert all(5 <= price.amount <= 36 for price in hours)
    assert not Price.objects.filter(space__hub__slug="le-havre", space__kind=SpaceKind.HOT_DESKS).exists()


def test_each_file_of_a_hub_separates_what_is_sourced_from_what_is_invented() -> None:
    for slug in HUBS:
        sheet = (FOLDER / "hubs" / f"{slug}.toml").read_text(encoding="utf-8")
        assert "FROM THE PRESS" in sheet
        assert "INVENTED FOR THE DEMONSTRATION" in sheet
        assert "inventé" in tomllib.loads(sheet)["hub"]["description"]
    assert "EVERYBODY HERE IS INVENTED" in PEOPLE.read_text(encoding="utf-8")


def test_people_and_organisations_have_invented_names(loaded: Loaded) -> None:
    crowd = tomllib.loads(PEOPLE.read_text(encoding="utf-8"))
    surnames = {start + end for start in crowd["surname_beginnings"] for end in crowd["surname_endings"]}
    people = list(User.objects.values_list("name", "email"))
    guests = list(Booking.objects.filter(person=None).values_list("guest_name", "guest_email").distinct())
    assert len(people) > 200
    assert guests
    for name, email in people + guests:
        assert name.split(" ")[-1] in surnames
        assert email.endswith(".example")
    booking = Organisation.objects.filter(bookings__isnull=False).distinct()
    assert booking.exists()
    for organisation in booking:
        words = ("Presque Vrai", "Imaginaire", "Fictif", "Fictive", "Inventé", "Inventée")
        assert any(word in organisation.name for word in words), organisation


def test_no_unit_is_booked_twice(loaded: Loaded) -> None:
    """Compares bounds, apart from the range operators of the exclusion constraint."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # foreign keys too
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("""
            SELECT count(*) FROM bookings_occupancy a JOIN bookings_occupancy b
                ON a.unit_id = b.unit_id AND a.id < b.id AND a.booking_id <> b.booking_id
               AND lower(a.during) < upper(b.during) AND lower(b.during) < upper(a.during)
             WHERE NOT (a.is_buffer AND b.is_buffer)
        """)
        assert cursor.fetchone() == (0,)
    parts = dict(Space.objects.annotate(Count("parts")).values_list("pk", "parts__count"))
    for booking in Booking.objects.annotate(taken=Count("occupancy", filter=Q(occupancy__is_buffer=False))):
        assert booking.taken == (booking.quantity * (1 + parts[booking.space_id]) if booking.is_live else 0), booking


def test_live_bookings_keep_to_hours_and_rules(loaded: Loaded) -> None:
    window = Period(loaded.now - 90 * DAY, loaded.now + 60 * DAY)
    hubs = list(Hub.objects.select_related("commune__department"))
    opened = open_periods(hubs, window)
    hours: dict[int, list[SpaceHours]] = {}
    for line in SpaceHours.objects.all():
        hours.setdefault(line.space_id, []).append(line)
    for space in Space.objects.select_related("hub"):
        opening = opened[space.hub_id]
        if space.pk in hours:
            opening = intersect(opening, expand_week(hours[space.pk], window, space.hub.zone))
        for booking in space.bookings.filter(status__in=LIVE):
            assert any(period.contains(booking.period) for period in opening), (space, booking.period)
            minutes = booking.period.length // timedelta(minutes=1)
            assert space.min_minutes <= minutes <= space.max_minutes
            assert minutes % space.step_minutes == 0
            assert booking.created_at <= booking.starts_at
            assert booking.created_at <= loaded.now


def test_whoever_booked_was_allowed_to(loaded: Loaded) -> None:
    _assert_everybody_was_allowed_to()


@pytest.mark.django_db
def test_a_load_that_was_killed_can_be_finished_on_another_day(tmp_path: Path) -> None:
    ignored = ("billing", "territories", "bookings", "observatory", "labels")
    folder = shutil.copytree(FOLDER, tmp_path / "demo", ignore=shutil.ignore_patterns(*ignored))
    now = MOMENTS["a Tuesday morning"]
    load(InventedWorld(folder=folder, now=now, length=30))
    assert not Booking.objects.exists()
    shutil.copytree(FOLDER / "bookings", folder / "bookings")
    load(InventedWorld(folder=folder, now=now + 3 * DAY, length=14))
    assert Booking.objects.exists()
    _assert_everybody_was_allowed_to()


def _assert_everybody_was_allowed_to() -> None:
    memberships = defaultdict(list)
    for membership in Membership.objects.all():
        memberships[membership.person_id].append(membership)
    affiliations = set(Affiliation.objects.values_list("person", "organisation"))
    for booking in Booking.objects.select_related("space__hub"):
        day = booking.starts_at.astimezone(booking.space.hub.zone).date()
        hubs = {m.hub_id for m in memberships[booking.person_id] if m.starts_on <= day <= (m.ends_on or day)}
        if booking.space.audience == Audience.MEMBERS:
            assert booking.hub_id in hubs, booking
        if booking.space.audience == Audience.NETWORK:
            assert hubs - {booking.hub_id}, booking
        if booking.person_id is None:
            assert booking.space.audience == Audience.PUBLIC
        if booking.organisation_id is not None:
            assert (booking.person_id, booking.organisation_id) in affiliations, booking


def test_every_hub_has_something_of_each_status_now(loaded: Loaded) -> None:
    """People present, late and expected, an outage, a request and an option; for a closed hub, on its next open day."""
    now = loaded.now
    hubs = list(Hub.objects.select_related("commune__department"))
    opened = open_periods(hubs, Period(now, now + 30 * DAY))
    for hub in hubs:
        bookings = Booking.objects.filter(hub=hub)
        first = opened[hub.pk][0]
        confirmed = bookings.filter(status=Status.CONFIRMED)
        if first.starts_at == now:
            assert confirmed.filter(checked_in_at__lte=now, checked_out_at=None, ends_at__gt=now).count() >= 3
            assert confirmed.filter(starts_at__lte=now, ends_at__gt=now, checked_in_at=None).exists()
            assert confirmed.filter(starts_at__gt=now, starts_at__lt=now + 2 * HOUR).exists()
        assert confirmed.filter(starts_at__gt=now, starts_at__lt=first.ends_at).count() >= 5, hub
        assert Outage.objects.filter(space__hub=hub, during__contains=now).exists()
        assert bookings.filter(status=Status.PENDING, starts_at__gt=now).exists()
        option = bookings.get(status=Status.HELD)
        assert option.hold_expires_at is not None
        assert option.hold_expires_at > now
        for status in (Status.CANCELLED, Status.REFUSED):
            assert bookings.filter(status=status).exists()
        past = confirmed.filter(ends_at__lt=now)
        assert past.filter(checked_in_at=None).exists()
        assert past.exclude(checked_out_at=None).count() > past.count() / 2


def test_a_hackathon_lasts_through_the_night(loaded: Loaded) -> None:
    booking = Booking.objects.get(hub__slug="le-havre", starts_at__gt=loaded.now, purpose__startswith="Hackathon")
    assert booking.period.length == 24 * HOUR
    assert booking.status == Status.CONFIRMED


def test_one_click_people(loaded: Loaded) -> None:
    people = {person.demo_role: person for person in User.objects.exclude(demo_role="")}
    assert set(people) == set(DemoRole.values)
    amiens = _hub("amiens")
    for role in (Role.MANAGER, Role.DESK):
        assert TeamMember.objects.filter(hub=amiens, person=people[role.value], role=role).exists()
    member, visitor = people[DemoRole.MEMBER], people[DemoRole.VISITOR]
    assert Membership.objects.on(loaded.now.date()).filter(hub=amiens, person=member).exists()
    assert organisations_of(member, on=loaded.now.date())
    coming = Booking.objects.filter(person=member, starts_at__gt=loaded.now, status=Status.CONFIRMED)
    assert coming.count() >= 3
    assert coming.exclude(organisation=None).exists()
    assert not Membership.objects.filter(person=visitor).exists()
    assert not TeamMember.objects.filter(person=visitor).exists()
    assert not any(person.has_usable_password() for person in people.values())


def test_a_second_load_changes_nothing(loaded: Loaded) -> None:
    before = _counts()
    again = load(InventedWorld(folder=loaded.folder, now=loaded.now + 8 * DAY))
    assert not again.is_new
    assert _counts() == before


def test_progress_says_what_was_written(loaded: Loaded) -> None:
    found = [line for line in loaded.progress if line.endswith(" bookings")]
    lines = [re.fullmatch(r"Demonstration: (.+), (\d+) spaces, (\d+) bookings", line) for line in found]
    assert [line and line[1] for line in lines] == list(Hub.objects.order_by("pk").values_list("name", flat=True))
    assert sum(int(line[2]) for line in lines if line) == Space.objects.count()
    assert sum(int(line[3]) for line in lines if line) == Booking.objects.count()


def test_a_stale_demonstration_says_how_to_refresh(loaded: Loaded, capsys: pytest.CaptureFixture[str]) -> None:
    with transaction.atomic():
        Hub.objects.update(created_at=datetime(2020, 1, 1, tzinfo=UTC))
        call_command("load_demo", folder=loaded.folder)
        transaction.set_rollback(True)
    output = capsys.readouterr().out
    assert "kept as it is" in output
    assert "make demo-reset" in output
