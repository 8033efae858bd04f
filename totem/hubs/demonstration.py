"""The hubs of the demonstration, from the sheet of each (`demo/hubs/*.toml`): when they are open, who belongs there."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Min

from totem.accounts.demonstration import PEOPLE, saved_crowd
from totem.accounts.models import DemoRole, User
from totem.core.demonstration import InventedWorld, RealDataError, Sheet, part
from totem.core.periods import DAY, HoursLine, Period, at_wall_clock
from totem.hubs.models import (
    ExceptionalHours,
    Hub,
    MembershipRequest,
    OpeningHours,
    Partner,
    PersonNote,
    Role,
    TeamMember,
    Zone,
)
from totem.hubs.queries import public_holidays
from totem.organisations.models import Organisation
from totem.territories.models import Commune, Department, Region

HUBS = "hubs/*.toml"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _hubs_are_there(world: InventedWorld) -> bool:
    hubs = Hub.objects.filter(slug__in=[sheet["hub"]["slug"] for sheet in world.sheets(HUBS)])
    if hubs.exists() and not User.objects.exclude(demo_role="").exists():
        raise RealDataError
    return hubs.exists()


def _loaded_at() -> datetime | None:
    """When the first hub came."""
    at: datetime | None = Hub.objects.aggregate(at=Min("created_at"))["at"]
    return at


@part(HUBS, is_there=_hubs_are_there, loaded_at=_loaded_at)
def load(world: InventedWorld) -> None:
    crowd = saved_crowd(world)
    teams = world.sheet(PEOPLE)["hubs"]
    for sheet in world.sheets(HUBS):
        hub = _build(sheet, world)
        group = crowd.groups[hub.slug]
        TeamMember.objects.bulk_create(
            TeamMember(hub=hub, person=person.user, role=Role(role))
            for person, line in zip(group.team, teams[hub.slug]["team"], strict=True)
            for role in line["roles"]
        )
        if group.team and (note := sheet.get("note")):
            about = next((member for member in group.members if member.role), group.members[0])
            PersonNote.objects.create(hub=hub, person=about.user, author=group.team[0].user, text=note)
        if words := sheet.get("asks"):
            asking = next(person for person in crowd.others if person.role == DemoRole.VISITOR)
            MembershipRequest.objects.create(hub=hub, person=asking.user, message=words)


def clocks(text: str) -> tuple[time, time]:
    """When it opens and closes, of `08:30-19:00`."""
    opens, closes = (time.fromisoformat(part) for part in text.split("-"))
    return opens, closes


def weekly_hours(sheet: Sheet) -> list[HoursLine]:
    """The hours of its sheet: in a hub that is `always_open`, those in which people usually come."""
    return [
        HoursLine(WEEKDAYS.index(day) + 1, opens, closes)
        for day, (opens, closes) in ((day, clocks(text)) for day, text in sheet["opening"].items())
    ]


def _build(sheet: Sheet, world: InventedWorld) -> Hub:
    operator = Organisation.objects.get(name=sheet["operator"])
    hub = Hub(operator=operator, commune=_commune(sheet["commune"]), is_published=True, **sheet["hub"])
    hub.full_clean()
    hub.save()
    hours = (
        [HoursLine(day, time.min, time.min) for day in range(1, 8)] if sheet.get("always_open") else weekly_hours(sheet)
    )
    OpeningHours.objects.bulk_create(OpeningHours(hub=hub, **line._asdict()) for line in hours)
    _make_exceptions(hub, sheet, world)
    Zone.objects.bulk_create(Zone(hub=hub, **row) for row in sheet["zones"])
    Partner.objects.bulk_create(Partner(hub=hub, **row) for row in sheet.get("partners", []))
    return hub


def _commune(row: Sheet) -> Commune:
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


def _make_exceptions(hub: Hub, sheet: Sheet, world: InventedWorld) -> None:
    rows: list[ExceptionalHours] = []
    closed: list[Period] = []
    for line in sheet.get("exceptions", []):
        for period in _exceptional_periods(hub, line, world, closed):
            if line["kind"] == ExceptionalHours.Kind.CLOSED:
                closed.append(period)
            rows.append(
                ExceptionalHours(hub=hub, kind=line["kind"], reason=line["reason"], during=DateTimeTZRange(*period))
            )
    ExceptionalHours.objects.bulk_create(rows)


def _exceptional_periods(hub: Hub, line: Sheet, world: InventedWorld, closed: list[Period]) -> list[Period]:
    """The periods that a line of the sheet means.

    What comes some weeks ahead comes a week earlier where the hub is closed then, or it is a public holiday.
    """
    if "every_year" in line:
        years = range(world.days[0].year - 1, world.days[-1].year + 1)
        return [_days_of_year(line["every_year"], year, hub.zone) for year in years]
    this_week = world.today + timedelta(days=(WEEKDAYS.index(line["weekday"]) - world.today.weekday()) % 7)
    for weeks in range(line["weeks_ahead"], 0, -1):
        day = this_week + timedelta(days=7 * weeks)
        starts_at = at_wall_clock(day, time.fromisoformat(line["from"]), hub.zone)
        period = Period(starts_at, starts_at + timedelta(hours=line["hours"]))
        if not public_holidays(hub, period) and not any(period.overlaps(other) for other in closed):
            return [period]
    return []


def _days_of_year(ends: list[str], year: int, zone: ZoneInfo) -> Period:
    first, last = (date.fromisoformat(f"{year}-{end}") for end in ends)
    if last < first:
        last = last.replace(year=year + 1)
    return Period(at_wall_clock(first, time.min, zone), at_wall_clock(last + DAY, time.min, zone))
