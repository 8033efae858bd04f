"""The hubs of the demonstration: from the sheet of one hub to its rows."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.text import slugify

from totem.core.periods import DAY, Period, at_wall_clock
from totem.hubs.models import ExceptionalHours, Hub, OpeningHours, Zone
from totem.hubs.queries import public_holidays
from totem.organisations.models import Organisation
from totem.spaces.models import Composition, Outage, Price, Space, SpaceHours, Unit
from totem.territories.models import Commune, Department, Region

PARIS = ZoneInfo("Europe/Paris")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Keys of a space's sheet that are not fields of `Space`.
BESIDE = {"zone", "prices", "before", "outages", "parts", "hours", "busy"}
PER = {"hour": Price.Per.HOUR, "half_day": Price.Per.HALF_DAY, "day": Price.Per.DAY}


@dataclass(frozen=True)
class Span:
    """The days that the demonstration covers, around the instant it is loaded at."""

    now: datetime
    first: date
    last: date

    @classmethod
    def around(cls, now: datetime, days: int, *, ahead: int) -> "Span":
        today = now.astimezone(PARIS).date()
        ahead = min(ahead, max(days // 2, 1))
        return cls(now, today - timedelta(days=days - ahead), today + timedelta(days=ahead))

    @property
    def today(self) -> date:
        return self.now.astimezone(PARIS).date()

    @cached_property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    @property
    def window(self) -> Period:
        return Period(at_wall_clock(self.first, time.min, PARIS), at_wall_clock(self.last + DAY, time.min, PARIS))


@dataclass
class Offer:
    """A space with all that is asked of it for each of its bookings."""

    space: Space
    units: list[Unit]
    prices: list[Price]
    outages: list[Outage]
    busy: float | None
    parts: "list[Offer]"

    @property
    def is_composite(self) -> bool:
        return bool(self.parts)

    @cached_property
    def lanes(self) -> list[list[int]]:
        """The ways to take it, each as ids of units: one for a room with its parts, one a unit for a pool."""
        if self.space.is_pool:
            return [[unit.pk] for unit in self.units]
        return [[unit.pk for offer in (self, *self.parts) for unit in offer.units]]

    def is_broken(self, lane: list[int], period: Period, since: datetime) -> bool:
        """Whether an outage that was known at `since` closes the lane for a part of `period`."""
        return any(
            (outage.unit_id is None or outage.unit_id in lane)
            and outage.during.lower <= since
            and period.starts_at < outage.during.upper
            and outage.during.lower < period.ends_at
            for offer in (self, *self.parts)
            for outage in offer.outages
        )


@dataclass
class House:
    """A hub that has been built: its sheet, its spaces, and the events that exceptional openings are for."""

    sheet: dict[str, Any]
    hub: Hub
    offers: list[Offer]
    events: list[tuple[dict[str, Any], date]]


def build(sheet: dict[str, Any], span: Span) -> House:
    """The rows of the hub that `sheet` describes; its team comes with the people."""
    operator, _ = Organisation.objects.get_or_create(name=sheet["operator"]["name"], defaults=sheet["operator"])
    hub = Hub(operator=operator, commune=_commune(sheet["commune"]), is_published=True, **sheet["hub"])
    hub.full_clean()
    hub.save()
    _open(hub, sheet)
    events = _make_exceptions(hub, sheet, span)
    zones = {row["name"]: Zone(hub=hub, **row) for row in sheet["zones"]}
    Zone.objects.bulk_create(zones.values())
    offers: dict[str, Offer] = {}
    for position, row in enumerate(sheet["spaces"]):
        offers[row["name"]] = _build_space(
            hub, row, zones=zones, position=position, prices=sheet["prices"], known=offers, span=span
        )
    return House(sheet, hub, list(offers.values()), events)


def _commune(row: dict[str, Any]) -> Commune:
    """The commune of the official list, or a row that says as much as the sheet does."""
    commune = Commune.objects.select_related("department").filter(pk=row["code"]).first()
    if commune is not None:
        return commune
    region, _ = Region.objects.get_or_create(code=row["region"]["code"], defaults={"name": row["region"]["name"]})
    department, _ = Department.objects.get_or_create(
        code=row["department"]["code"], defaults={"name": row["department"]["name"], "region": region}
    )
    return Commune.objects.create(
        code=row["code"],
        name=row["name"],
        department=department,
        population=row["population"],
        postcodes=row["postcodes"],
    )


def _clocks(text: str) -> tuple[time, time]:
    opens, closes = (time.fromisoformat(part) for part in text.split("-"))
    return opens, closes


def _open(hub: Hub, sheet: dict[str, Any]) -> None:
    lines = [(WEEKDAYS.index(day) + 1, *_clocks(text)) for day, text in sheet["opening"].items()]
    OpeningHours.objects.bulk_create(
        OpeningHours(hub=hub, weekday=weekday, opens_at=opens, closes_at=closes) for weekday, opens, closes in lines
    )


def _make_exceptions(hub: Hub, sheet: dict[str, Any], span: Span) -> list[tuple[dict[str, Any], date]]:
    """Write the exceptional hours; gives the events that openings are for, with their days."""
    rows: list[ExceptionalHours] = []
    closed: list[Period] = []
    events = []
    for line in sheet.get("exceptions", []):
        for day, period in _exceptional_periods(hub, line, span, closed):
            if line["kind"] == ExceptionalHours.Kind.CLOSED:
                closed.append(period)
            rows.append(
                ExceptionalHours(hub=hub, kind=line["kind"], reason=line["reason"], during=DateTimeTZRange(*period))
            )
            if "event" in line:
                events.append((line["event"], day))
    ExceptionalHours.objects.bulk_create(rows)
    return events


def _exceptional_periods(hub: Hub, line: dict[str, Any], span: Span, closed: list[Period]) -> list[tuple[date, Period]]:
    """The periods that a line of the sheet means, each with its first day.

    What comes some weeks ahead comes a week earlier where the hub is closed then, or it is a public holiday.
    """
    if "every_year" in line:
        return [
            (date(year, 1, 1), _days_of_year(line["every_year"], year, hub.zone))
            for year in range(span.first.year - 1, span.last.year + 1)
        ]
    this_week = span.today + timedelta(days=(WEEKDAYS.index(line["weekday"]) - span.today.weekday()) % 7)
    for weeks in range(line["weeks_ahead"], 0, -1):
        day = this_week + timedelta(days=7 * weeks)
        starts_at = at_wall_clock(day, time.fromisoformat(line["from"]), hub.zone)
        period = Period(starts_at, starts_at + timedelta(hours=line["hours"]))
        if not public_holidays(hub, period) and not any(period.overlaps(other) for other in closed):
            return [(day, period)]
    return []


def _days_of_year(ends: list[str], year: int, zone: ZoneInfo) -> Period:
    first, last = (date.fromisoformat(f"{year}-{end}") for end in ends)
    if last < first:
        last = last.replace(year=year + 1)
    return Period(at_wall_clock(first, time.min, zone), at_wall_clock(last + DAY, time.min, zone))


def _build_space(
    hub: Hub,
    row: dict[str, Any],
    *,
    zones: dict[str, Zone],
    position: int,
    prices: dict[str, Any],
    known: dict[str, Offer],
    span: Span,
) -> Offer:
    fields = {key: value for key, value in row.items() if key not in BESIDE}
    slug = slugify(row["name"].replace("’", " "))
    space = Space(hub=hub, zone=zones[row["zone"]], slug=slug, position=position, **fields)
    space.full_clean()
    space.save()
    units = Unit.objects.bulk_create(Unit(space=space, number=number) for number in range(1, space.quantity + 1))
    parts = [known[name] for name in row.get("parts", [])]
    Composition.objects.bulk_create(Composition(whole=space, part=part.space) for part in parts)
    if "hours" in row:
        opens, closes = _clocks(row["hours"])
        SpaceHours.objects.bulk_create(
            SpaceHours(space=space, weekday=day, opens_at=opens, closes_at=closes) for day in range(1, 8)
        )
    return Offer(
        space=space,
        units=units,
        prices=_price(space, row, prices, span),
        outages=_break(space, units, row.get("outages", []), span),
        busy=row.get("busy"),
        parts=parts,
    )


def _price(space: Space, row: dict[str, Any], sheet: dict[str, Any], span: Span) -> list[Price]:
    """Today's prices, and those that held until the last time the hub changed them."""
    changed_on = max(
        day
        for year in (span.today.year - 1, span.today.year)
        if (day := date.fromisoformat(f"{year}-{sheet['changed_on']}")) <= span.today
    )
    long_ago = span.first.replace(year=span.first.year - 3, month=1, day=1)
    prices = []
    for per, amount in row.get("prices", {}).items():
        before = row.get("before", {}).get(per)
        held = (
            [(long_ago, changed_on - DAY, before), (changed_on, None, amount)] if before else [(long_ago, None, amount)]
        )
        prices += [
            Price(
                space=space,
                per=PER[per],
                amount=Decimal(said),
                vat_rate=Decimal(sheet["vat_rate"]),
                starts_on=first,
                ends_on=last,
            )
            for first, last, said in held
        ]
    return Price.objects.bulk_create(prices)


def _break(space: Space, units: list[Unit], rows: list[dict[str, Any]], span: Span) -> list[Outage]:
    this_hour = span.now.replace(minute=0, second=0, microsecond=0)
    outages = []
    for row in rows:
        since = this_hour - timedelta(days=row["days_ago"])
        during = DateTimeTZRange(since, since + timedelta(days=row["days"]))
        unit = units[row["unit"] - 1] if "unit" in row else None
        outages.append(Outage(space=space, unit=unit, during=during, reason=row["reason"]))
    return Outage.objects.bulk_create(outages)
