"""The registry of measures, and the measures of hubs: what each counts and what it leaves out."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory, ZoneFactory
from tests.factories.spaces import SpaceFactory
from totem.bookings import actions
from totem.bookings.actions import Booker
from totem.core import measures
from totem.core.measures import Combine, Figure, Measure
from totem.core.periods import Period
from totem.hubs.models import Hub, OpeningHours
from totem.hubs.queries import planned_areas
from totem.spaces.models import Audience, Space, SpaceKind

NOW = datetime(2027, 3, 1, 7, 0, tzinfo=UTC)
WEEK = Period(datetime(2027, 2, 28, 23, tzinfo=UTC), datetime(2027, 3, 7, 23, tzinfo=UTC))  # Monday to Sunday in Paris


def measured(name: str, *hubs: Hub) -> Decimal | None:
    return measures.take(name, hubs, WEEK, NOW).figure.value


def book(space: Space, day: int, hour: int, hours: int) -> None:
    start = datetime(2027, 3, day, hour - 1, tzinfo=UTC)
    period = Period(start, start + timedelta(hours=hours))
    return actions.book(space=space, period=period, booker=Booker.oneself(UserFactory()), now=NOW)


def test_measures_are_published_with_unit_method_and_label():
    published = {m.name: m for m in measures.about("hubs.hub")}
    assert set(published) >= {
        "hub_area",
        "hub_area_planned",
        "open_fab_labs",
        "bookable_desks",
        "visiting_desks",
        "open_days_per_week",
        "open_hours_per_week",
        "hub_age",
        "bookings_made",
        "occupancy",
    }
    assert all(m.label and m.unit and m.method for m in published.values())


def test_an_unknown_measure_and_a_name_taken_twice_are_refused():
    with pytest.raises(measures.UnknownMeasureError):
        measures.get("nothing_of_the_kind")
    with pytest.raises(ValueError, match="hub_area"):
        measures.measure("hub_area", subject="x", label="x", unit="x", method="x", combine=Combine.SUM)(print)


@pytest.mark.parametrize(
    ("combine", "figures", "expected"),
    [
        (Combine.SUM, [Figure.of(2), Figure.of(None), Figure.of(3)], 5),
        (Combine.MAX, [Figure.of(2), Figure.of(3)], 3),
        (Combine.ANY, [Figure.of(0), Figure.of(4)], 1),
        (Combine.UNION, [Figure.distinct([1, 2]), Figure.distinct([2, 3])], 3),
        (Combine.RATIO, [Figure.ratio(Decimal(1), Decimal(4)), Figure.ratio(Decimal(3), Decimal(4))], 50),
        (Combine.SUM, [Figure.of(None)], None),
    ],
)
def test_figures_of_several_subjects_combine_as_their_measure_says(combine, figures, expected):
    measure = Measure("m", "s", "l", "u", "how", combine, lambda subject, period: figures[subject])
    assert measure.over(range(len(figures)), WEEK).value == expected


@pytest.mark.django_db
def test_area_and_open_days():
    hub = HubFactory()
    assert measured("hub_area", hub) is None
    ZoneFactory(hub=hub, area="320.50")
    ZoneFactory(hub=hub, area="200")
    other = ZoneFactory(area="10").hub
    OpeningHours.objects.create(hub=hub, weekday=1, opens_at=time(20), closes_at=time(22))
    assert measured("hub_area", hub, other) == Decimal("530.50")
    assert measured("open_days_per_week", hub) == 6


@pytest.mark.django_db
def test_opening_hours_of_a_week_count_those_after_midnight():
    hub = HubFactory()
    hub.opening_hours.all().delete()
    assert measured("open_hours_per_week", hub) == 0
    for weekday, opens, closes in ((1, time(9), time(12, 30)), (1, time(14), time(18)), (5, time(20), time(2))):
        OpeningHours.objects.create(hub=hub, weekday=weekday, opens_at=opens, closes_at=closes)
    OpeningHours.objects.create(hub=hub, weekday=3, opens_at=time(0), closes_at=time(0))  # the whole day
    assert measured("open_hours_per_week", hub) == Decimal("37.5")


@pytest.mark.django_db
def test_a_place_is_as_old_as_its_first_zone():
    hub = HubFactory()
    assert measured("hub_age", hub) is None
    for opens_on in ("2024-03-08", "2026-01-01", "2027-03-08"):
        ZoneFactory(hub=hub, opens_on=opens_on)
    assert measured("hub_age", hub) == 2  # three years tomorrow
    ZoneFactory(hub=hub, opens_on=None)
    figure = measures.take("hub_age", [hub], WEEK, NOW).figure
    assert (figure.value, figure.bounds) == (None, (2, None))


def test_of_figures_without_a_highest_bound_only_the_lowest_is_bounded():
    open_, known = Figure.between(2, None), Figure.of(5)
    assert measures.combined(Combine.ALL, [open_, known]).bounds == (2, 5)
    assert measures.combined(Combine.SUM, [open_, known]).bounds == (7, None)
    assert measures.combined(Combine.MAX, [open_, known]).bounds == (5, None)


@pytest.mark.django_db
def test_area_that_is_planned_is_kept_apart_from_what_is_delivered_by_the_end_of_the_period():
    hub = HubFactory()
    for area, opens_on in (("10", None), ("20", "2027-03-07"), ("40", "2027-03-08"), ("80", "2028-01-01")):
        ZoneFactory(hub=hub, area=area, opens_on=opens_on)
    assert (measured("hub_area", hub), measured("hub_area_planned", hub)) == (30, 120)
    later = WEEK._replace(ends_at=WEEK.ends_at + timedelta.resolution)  # a microsecond of the 8th
    assert measures.take("hub_area", [hub], later, NOW).figure.value == 70
    assert measures.take("hub_area_planned", [hub], later, NOW).figure.value == 80
    other = ZoneFactory(area="500", opens_on="2027-03-08").hub
    assert (measured("hub_area", other), measured("hub_area_planned", other)) == (0, 500)
    assert (measured("hub_area", hub, other), measured("hub_area_planned", hub, other)) == (30, 620)
    nothing_said = HubFactory()
    assert measured("hub_area_planned", nothing_said) is None
    assert measured("hub_area_planned", ZoneFactory().hub) == 0


@pytest.mark.django_db
def test_the_last_day_of_a_period_is_that_of_the_hub():
    far = HubFactory(time_zone="Indian/Reunion")  # already the 8th there when the week ends in Paris
    ZoneFactory(hub=far, area="5", opens_on="2027-03-08")
    assert (measured("hub_area", far), measured("hub_area_planned", far)) == (5, 0)


@pytest.mark.django_db
def test_planned_areas_of_hubs_are_listed_by_hub_and_day(django_assert_num_queries):
    hub, other = HubFactory(), HubFactory()
    for area, opens_on in (
        ("1", None),
        ("2", "2027-03-07"),
        ("4", "2027-09-01"),
        ("8", "2027-09-01"),
        ("16", "2028-01-01"),
    ):
        ZoneFactory(hub=hub, area=area, opens_on=opens_on)
    ZoneFactory(hub=other, area="3", opens_on="2027-05-01")
    ZoneFactory(opens_on="2027-05-01")
    with django_assert_num_queries(1):
        found = planned_areas([hub, other.pk], date(2027, 3, 7))
    assert [tuple(row) for row in found] == [
        (hub.pk, date(2027, 9, 1), 12),
        (hub.pk, date(2028, 1, 1), 16),
        (other.pk, date(2027, 5, 1), 3),
    ]


@pytest.mark.django_db
def test_desks_in_service_are_counted_and_visiting_desks_apart():
    space = SpaceFactory(pool=True, quantity=12)
    hub = space.hub
    SpaceFactory(hub=hub, kind=SpaceKind.FIXED_DESK)
    SpaceFactory(hub=hub, visiting=True)
    SpaceFactory(hub=hub, pool=True, is_active=False)
    space.units.filter(number__gt=10).update(is_active=False)
    assert measured("bookable_desks", hub) == 11
    assert measured("visiting_desks", hub) == 2


@pytest.mark.django_db
def test_a_hub_whose_machines_others_may_book_is_one_open_fab_lab():
    space = SpaceFactory(machine=True)
    assert measured("open_fab_labs", space.hub) == 0
    SpaceFactory(hub=space.hub, machine=True, audience=Audience.PUBLIC)
    SpaceFactory(hub=space.hub, machine=True, audience=Audience.SIGNED_IN)
    assert measured("open_fab_labs", space.hub, SpaceFactory(machine=True, audience=Audience.PUBLIC).hub) == 2


@pytest.mark.django_db
def test_bookings_made_leaves_out_what_was_cancelled_or_waits():
    space = SpaceFactory()
    book(space, 2, 10, 1)
    cancelled = book(space, 2, 11, 1)
    actions.cancel(booking=cancelled, by=cancelled.person, now=NOW, by_team=True)
    book(SpaceFactory(hub=space.hub, needs_approval=True), 2, 10, 1)
    book(space, 8, 10, 1)  # the week after
    assert measured("bookings_made", space.hub) == 1


@pytest.mark.django_db
def test_occupancy_is_hours_booked_of_hours_open_and_composite_rooms_count_once():
    left = SpaceFactory()
    hub = left.hub
    right = SpaceFactory(hub=hub)
    whole = SpaceFactory(hub=hub, parts=[left, right])
    SpaceFactory(hub=hub, machine=True)
    book(whole, 2, 9, 6)  # six hours of both halves, which are open sixty hours each
    assert measured("occupancy", hub) == 10
    assert measured("occupancy", HubFactory(opening_hours=[])) is None
