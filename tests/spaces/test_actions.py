"""Actions on spaces: what is written, what is refused, and the locks that bookings wait for."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from threading import Thread

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import IntegrityError, connection, transaction

from tests.concurrency import outcomes_at_once
from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory, ZoneFactory
from tests.factories.spaces import OutageFactory, PriceFactory, SpaceFactory
from totem.accounts.models import User
from totem.bookings import actions as bookings
from totem.bookings.actions import Booker, Guest, SlotTakenError
from totem.bookings.models import Booking, Occupancy
from totem.bookings.rules import RuleBrokenError
from totem.core.models import JournalEntry
from totem.core.periods import HoursLine, Period
from totem.hubs import actions as hub_actions
from totem.hubs.actions import HoursOverlapError
from totem.spaces import actions
from totem.spaces.actions import BookedError
from totem.spaces.models import Composition, Outage, Price, Space, SpaceKind, Unit

NOW = datetime(2027, 3, 1, 7, 0, tzinfo=UTC)  # a Monday, eight o'clock in Paris


def at(hour: float, *, day: int = 2, hours: float = 1) -> Period:
    """A period of March 2027 given in Paris hours."""
    start = datetime(2027, 3, day, tzinfo=UTC) + timedelta(hours=hour - 1)
    return Period(start, start + timedelta(hours=hours))


def line(weekday: int, opens: str, closes: str) -> HoursLine:
    return HoursLine(weekday, time.fromisoformat(opens), time.fromisoformat(closes))


@pytest.fixture
def by(db: None) -> User:
    return UserFactory()


def book(space: Space, period: Period, **more: object) -> Booking:
    return bookings.book(space=space, period=period, booker=Booker.oneself(UserFactory()), now=NOW, **more)


def active_numbers(space: Space) -> list[int]:
    return list(space.units.filter(is_active=True).order_by("number").values_list("number", flat=True))


# -- The space --------------------------------------------------------------------------------------------------------


def test_a_space_is_created_with_its_units_and_a_slug_of_its_own(by: User):
    hub = HubFactory()
    first = actions.create_space(
        hub=hub, by=by, name="Grande salle", kind=SpaceKind.HOT_DESKS, quantity=3, horizon_days=30
    )
    second = actions.create_space(hub=hub, by=by, name="Grande salle", kind=SpaceKind.EVENT_ROOM)
    assert (first.slug, second.slug) == ("grande-salle", "grande-salle-2")
    assert (active_numbers(first), active_numbers(second)) == ([1, 2, 3], [1])
    assert JournalEntry.objects.first().facts == {"kind": "hot_desks", "quantity": 3}


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": SpaceKind.MEETING_ROOM, "quantity": 2},
        {"kind": SpaceKind.HOT_DESKS, "quantity": 0},
        {"kind": "cellar"},
        {"kind": SpaceKind.OFFICE, "capacity": 0},
        {"kind": SpaceKind.OFFICE, "step_minutes": 25},
        {"kind": SpaceKind.OFFICE, "min_minutes": 600, "max_minutes": 60},
        {"kind": SpaceKind.OFFICE, "horizon_days": 0},
        {"kind": SpaceKind.OFFICE, "features": ["pool"]},
    ],
)
def test_a_space_refuses_invalid_values(by: User, fields: dict[str, object]):
    hub = HubFactory()
    with pytest.raises(ValidationError):
        actions.create_space(hub=hub, by=by, name="Room", **fields)
    assert not Space.objects.exists()
    assert not JournalEntry.objects.exists()


def test_new_rules_do_not_change_existing_bookings(by: User):
    space = SpaceFactory()
    booking = book(space, at(10, hours=4))
    actions.update_space(space=space, by=by, max_minutes=60, name="Salle du haut")
    booking.refresh_from_db()
    assert booking.is_live
    with pytest.raises(RuleBrokenError):
        book(space, at(15, hours=2))
    assert JournalEntry.objects.latest("id").facts == {"fields": ["max_minutes", "name"]}


def test_the_zone_of_a_space_is_one_of_its_hub(by: User):
    space = SpaceFactory()
    with pytest.raises(ValidationError):
        actions.update_space(space=space, by=by, zone=ZoneFactory())
    actions.update_space(space=space, by=by, zone=ZoneFactory(hub=space.hub))


def test_a_space_out_of_service_keeps_its_bookings_and_takes_no_more(by: User):
    space = SpaceFactory()
    booking = book(space, at(10))
    affected = actions.set_active(space=space, is_active=False, by=by, now=NOW)
    assert [booking.period for booking in affected] == [booking.period]
    with pytest.raises(RuleBrokenError):
        book(space, at(12))
    actions.set_active(space=space, is_active=True, by=by, now=NOW)
    book(space, at(12))


# -- How many ---------------------------------------------------------------------------------------------------------


def test_a_pool_that_grows_again_uses_its_former_units(by: User):
    space = SpaceFactory(pool=True)
    actions.set_quantity(space=space, quantity=5, by=by, now=NOW)
    assert active_numbers(space) == [1, 2, 3, 4, 5]
    actions.set_quantity(space=space, quantity=2, by=by, now=NOW)
    assert active_numbers(space) == [1, 2]
    actions.set_quantity(space=space, quantity=6, by=by, now=NOW)
    assert active_numbers(space) == [1, 2, 3, 4, 5, 6]
    assert Unit.objects.count() == 6


def test_a_smaller_pool_drops_free_desks_and_refuses_to_drop_booked_ones(by: User):
    space = SpaceFactory(pool=True)
    booked = [book(space, at(10)), book(space, at(10, hours=3))]
    actions.set_quantity(space=space, quantity=2, by=by, now=NOW)
    with pytest.raises(BookedError) as refusal:
        actions.set_quantity(space=space, quantity=1, by=by, now=NOW)
    assert [booking.period for booking in refusal.value.affected] == sorted(b.period for b in booked)
    assert Space.objects.get().quantity == 2
    actions.set_quantity(space=space, quantity=1, by=by, now=NOW + timedelta(days=2))


@pytest.mark.parametrize("quantity", [0, 1001])
def test_a_pool_has_1_to_1000_units(by: User, quantity: int):
    space = SpaceFactory(pool=True)
    with pytest.raises(ValidationError):
        actions.set_quantity(space=space, quantity=quantity, by=by, now=NOW)


def test_a_room_and_a_part_have_a_single_unit(by: User):
    room = SpaceFactory()
    part = SpaceFactory(hub=room.hub, kind=SpaceKind.EQUIPMENT)
    actions.set_parts(space=room, parts=[part], by=by, now=NOW)
    for space in (room, part):
        with pytest.raises(ValidationError):
            actions.set_quantity(space=space, quantity=2, by=by, now=NOW)


# -- Parts ------------------------------------------------------------------------------------------------------------


def pairs() -> set[tuple[str, str, bool]]:
    return set(Composition.objects.values_list("whole__name", "part__name", "is_direct"))


@pytest.fixture
def rooms(by: User) -> dict[str, Space]:
    hub = HubFactory()
    return {name: SpaceFactory(hub=hub, name=name, slug=name) for name in ("floor", "room", "half", "other")}


def test_parts_of_parts_are_added_and_removed_with_them(by: User, rooms: dict[str, Space]):
    actions.set_parts(space=rooms["floor"], parts=[rooms["room"]], by=by, now=NOW)
    actions.set_parts(space=rooms["room"], parts=[rooms["half"], rooms["other"]], by=by, now=NOW)
    assert pairs() == {
        ("floor", "room", True),
        ("floor", "half", False),
        ("floor", "other", False),
        ("room", "half", True),
        ("room", "other", True),
    }
    actions.set_parts(space=rooms["room"], parts=[rooms["half"]], by=by, now=NOW)
    assert pairs() == {("floor", "room", True), ("floor", "half", False), ("room", "half", True)}
    actions.set_parts(space=rooms["floor"], parts=[], by=by, now=NOW)
    assert pairs() == {("room", "half", True)}


def test_cycles_pools_and_spaces_of_other_hubs_are_refused_as_parts(by: User, rooms: dict[str, Space]):
    actions.set_parts(space=rooms["floor"], parts=[rooms["room"]], by=by, now=NOW)
    actions.set_parts(space=rooms["room"], parts=[rooms["half"]], by=by, now=NOW)
    before = pairs()
    wrong = [
        (rooms["half"], rooms["floor"]),
        (rooms["half"], rooms["half"]),
        (rooms["half"], SpaceFactory()),
        (rooms["half"], SpaceFactory(hub=rooms["half"].hub, pool=True)),
        (SpaceFactory(hub=rooms["half"].hub, pool=True), rooms["half"]),
    ]
    for whole, part in wrong:
        with pytest.raises(ValidationError):
            actions.set_parts(space=whole, parts=[part], by=by, now=NOW)
    assert pairs() == before


def test_bookings_of_the_whole_occupy_its_new_part(by: User, rooms: dict[str, Space]):
    space = actions.update_space(space=rooms["floor"], by=by, buffer_after_minutes=30)
    book(space, at(10))
    actions.set_parts(space=space, parts=[rooms["room"]], by=by, now=NOW)
    for hour in (10, 10.5, 11):
        with pytest.raises(SlotTakenError):
            book(rooms["room"], at(hour))
    book(rooms["room"], at(11.5))


def test_a_part_booked_at_the_same_time_as_the_whole_is_refused(by: User, rooms: dict[str, Space]):
    book(rooms["floor"], at(10, hours=2))
    book(rooms["half"], at(11))
    with pytest.raises(BookedError) as refusal:
        actions.set_parts(space=rooms["floor"], parts=[rooms["room"], rooms["half"]], by=by, now=NOW)
    assert [booking.period for booking in refusal.value.affected] == [at(10, hours=2)]
    assert pairs() == set()
    assert Occupancy.objects.count() == 2


def test_an_expired_hold_does_not_prevent_a_new_part(by: User, rooms: dict[str, Space]):
    book(rooms["floor"], at(10))
    bookings.book(space=rooms["half"], period=at(10), booker=Booker(None, guest=Guest("A", "a@example.org")), now=NOW)
    later = NOW + timedelta(minutes=16)
    actions.set_parts(space=rooms["floor"], parts=[rooms["half"]], by=by, now=later)
    assert pairs() == {("floor", "half", True)}


# -- Hours ------------------------------------------------------------------------------------------------------------


def test_own_hours_narrow_the_hubs_and_return_the_affected_bookings(by: User):
    space = SpaceFactory()
    booking = book(space, at(17))
    book(SpaceFactory(hub=space.hub), at(17))
    affected = actions.set_hours(space=space, lines=[line(2, "09:00", "12:00")], by=by, now=NOW)
    assert [booking.period for booking in affected] == [booking.period]
    with pytest.raises(RuleBrokenError):
        book(space, at(14))
    assert actions.set_hours(space=space, lines=[], by=by, now=NOW) == []
    book(space, at(14))


def test_own_hours_that_overlap_are_refused(by: User):
    space = SpaceFactory()
    with pytest.raises(HoursOverlapError):
        actions.set_hours(space=space, lines=[line(2, "09:00", "12:00"), line(2, "11:00", "13:00")], by=by, now=NOW)


# -- Prices -----------------------------------------------------------------------------------------------------------


def add(space: Space, amount: str, starts_on: date, ends_on: date | None = None, per: int = 60) -> Price:
    return actions.add_price(
        space=space,
        per=per,
        amount=Decimal(amount),
        vat_rate=Decimal(20),
        starts_on=starts_on,
        ends_on=ends_on,
        by=UserFactory(),
    )


def timeline(space: Space, per: int = 60) -> list[tuple[int, date, date | None]]:
    rows = space.prices.filter(per=per).order_by("starts_on")
    return [(int(row.amount), row.starts_on, row.ends_on) for row in rows]


def test_a_new_price_ends_the_former_the_day_before_and_leaves_other_units_alone(by: User):
    space = SpaceFactory()
    add(space, "10", date(2027, 1, 1))
    add(space, "50", date(2027, 1, 1), per=1440)
    add(space, "12", date(2027, 3, 1))
    assert timeline(space) == [(10, date(2027, 1, 1), date(2027, 2, 28)), (12, date(2027, 3, 1), None)]
    assert timeline(space, 1440) == [(50, date(2027, 1, 1), None)]


def test_a_price_ends_the_day_before_a_later_one(by: User):
    space = SpaceFactory()
    add(space, "12", date(2027, 3, 1))
    add(space, "10", date(2027, 1, 1))
    assert timeline(space) == [(10, date(2027, 1, 1), date(2027, 2, 28)), (12, date(2027, 3, 1), None)]


def test_after_a_dated_price_the_former_one_applies_again(by: User):
    space = SpaceFactory()
    add(space, "10", date(2027, 1, 1))
    add(space, "5", date(2027, 7, 1), date(2027, 8, 31))
    assert timeline(space) == [
        (10, date(2027, 1, 1), date(2027, 6, 30)),
        (5, date(2027, 7, 1), date(2027, 8, 31)),
        (10, date(2027, 9, 1), None),
    ]


@pytest.mark.parametrize(
    ("amount", "starts_on", "ends_on"),
    [
        ("9", date(2027, 3, 1), None),
        ("9", date(2027, 1, 1), date(2027, 3, 1)),
        ("-1", date(2027, 6, 1), None),
        ("9", date(2027, 6, 1), date(2027, 5, 1)),
    ],
)
def test_invalid_prices_are_refused(by: User, amount: str, starts_on: date, ends_on: date | None):
    space = SpaceFactory()
    add(space, "12", date(2027, 3, 1))
    with pytest.raises(ValidationError), transaction.atomic():
        add(space, amount, starts_on, ends_on)
    assert timeline(space) == [(12, date(2027, 3, 1), None)]


def test_a_price_ends_within_its_dates_and_only_a_coming_one_is_removed(by: User):
    space = SpaceFactory()
    first = add(space, "10", date(2027, 1, 1))
    second = add(space, "12", date(2027, 4, 1))
    with pytest.raises(ValidationError):
        actions.remove_price(price=first, by=by, today=NOW.date())
    actions.remove_price(price=second, by=by, today=NOW.date())
    assert timeline(space) == [(10, date(2027, 1, 1), None)]
    for wrong in (date(2026, 12, 31),):
        with pytest.raises(ValidationError):
            actions.end_price(price=first, ends_on=wrong, by=by)
    actions.end_price(price=first, ends_on=date(2027, 3, 31), by=by)
    with pytest.raises(ValidationError):
        actions.end_price(price=first, ends_on=date(2027, 4, 1), by=by)
    assert timeline(space) == [(10, date(2027, 1, 1), date(2027, 3, 31))]


def test_a_new_price_does_not_change_existing_bookings(by: User):
    space = PriceFactory(amount="12").space
    booking = book(space, at(10))
    add(space, "20", date(2027, 3, 2))
    booking.refresh_from_db()
    assert (booking.price, book(space, at(11)).price) == (12, 20)


# -- Outages ----------------------------------------------------------------------------------------------------------


def test_an_outage_returns_the_affected_bookings_of_the_desk_or_of_the_space(by: User):
    space = SpaceFactory(pool=True)
    first, second = book(space, at(10)), book(space, at(10))
    unit = second.occupancy.get().unit
    reported = actions.report_outage(
        space=space, unit=unit, starts_at=NOW, reason="No power", by=by, now=NOW, ends_at=NOW + timedelta(days=3)
    )
    assert [booking.unit_ids for booking in reported.affected] == [{unit.pk}]
    of_all = actions.report_outage(space=space, starts_at=NOW, reason="Flood", by=by, now=NOW)
    assert len(of_all.affected) == 2
    first.refresh_from_db()
    assert first.is_live


def test_an_outage_of_a_part_affects_bookings_of_the_whole(by: User, rooms: dict[str, Space]):
    actions.set_parts(space=rooms["floor"], parts=[rooms["half"]], by=by, now=NOW)
    booking = book(rooms["floor"], at(10))
    reported = actions.report_outage(space=rooms["half"], starts_at=NOW, reason="Flood", by=by, now=NOW)
    assert [booking.period for booking in reported.affected] == [booking.period]


def test_an_outage_of_another_spaces_unit_or_with_invalid_or_overlapping_times_is_refused(by: User):
    space = SpaceFactory()
    OutageFactory(space=space, during=at(10))
    wrong: list[dict[str, object]] = [
        {"unit": SpaceFactory().units.get()},
        {"ends_at": NOW - timedelta(hours=1)},
        {"starts_at": at(10.5).starts_at},
    ]
    for fields in wrong:
        with pytest.raises(ValidationError):
            actions.report_outage(space=space, reason="Broken", by=by, now=NOW, **{"starts_at": NOW, **fields})
    assert Outage.objects.count() == 1


def test_ending_an_outage_ends_one_under_way_and_deletes_a_coming_one_only_once(by: User):
    space = SpaceFactory()
    under_way = OutageFactory(space=space, during=(NOW - timedelta(days=1), None))
    actions.end_outage(outage=under_way, by=by, now=NOW)
    under_way.refresh_from_db()
    assert under_way.during.upper == NOW
    to_come = OutageFactory(space=space, during=at(10))
    actions.end_outage(outage=to_come, by=by, now=NOW)
    for outage in (under_way, to_come):
        with pytest.raises(ValidationError):
            actions.end_outage(outage=outage, by=by, now=NOW)
    assert list(Outage.objects.all()) == [under_way]


# -- Photos -----------------------------------------------------------------------------------------------------------


def test_the_file_of_a_photo_is_deleted_with_it(by: User, django_capture_on_commit_callbacks):
    space = SpaceFactory()
    photo = hub_actions.add_photo(
        photos=space.photos, image=ContentFile(b"one", "one.webp"), description="The table", by=by
    )
    with django_capture_on_commit_callbacks(execute=True):
        hub_actions.remove_photo(photo=photo, by=by)
    assert not photo.image.storage.exists(str(photo.image.name))


# -- Concurrency ------------------------------------------------------------------------------------------------------


def wait_for_a_waiting_lock() -> None:
    """Return once another connection of this database waits for a lock."""
    waiting = """
        SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
         WHERE NOT granted AND datname = current_database()
    """
    with connection.cursor() as cursor:
        while True:
            cursor.execute(waiting)
            if cursor.fetchone() != (0,):
                return


def test_a_booking_waits_for_the_lock_of_a_whole_that_gets_new_parts(committed_db: str):
    """While a manager sets its parts, a booking of the whole waits; then it is refused, as the part is taken."""
    hub = HubFactory()
    whole, part = SpaceFactory(hub=hub), SpaceFactory(hub=hub)
    book(part, at(10))
    answers: list[object] = []

    def attempt() -> None:
        try:
            answers.append(book(whole, at(10)))
        except SlotTakenError as refusal:
            answers.append(refusal)
        finally:
            connection.close()

    other = Thread(target=attempt)
    with transaction.atomic():
        actions.set_parts(space=whole, parts=[part], by=UserFactory(), now=NOW)
        other.start()
        wait_for_a_waiting_lock()
        assert answers == []
    other.join()
    assert [type(answer) for answer in answers] == [SlotTakenError]


def test_a_pool_made_smaller_while_it_is_booked_keeps_every_booked_desk(committed_db: str):
    space = SpaceFactory(pool=True, quantity=6)
    by = UserFactory()

    shrink = partial(actions.set_quantity, space=space, quantity=2, by=by, now=NOW)
    take = partial(book, space, at(10))
    assert set(outcomes_at_once(take, take, shrink, take, take)) <= {"done", "SlotTakenError", "BookedError"}
    assert not Occupancy.objects.filter(unit__is_active=False).exists()
    assert Space.objects.get().quantity == Unit.objects.filter(is_active=True).count()


def test_the_database_keeps_a_space_in_its_hub_and_a_part_single(db: None):
    whole_part = SpaceFactory()
    SpaceFactory(hub=whole_part.hub, parts=[whole_part])
    for change in ({"quantity": 2, "kind": SpaceKind.EQUIPMENT}, {"hub": HubFactory()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Space.objects.filter(pk=whole_part.pk).update(**change)
