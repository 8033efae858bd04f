"""What the hubs of the demonstration offer: the spaces of each sheet, their rules, prices and outages."""

from datetime import date, timedelta
from decimal import Decimal

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from totem.core.demonstration import InventedWorld, Sheet, part
from totem.core.periods import DAY
from totem.core.slugs import free_slug
from totem.hubs.demonstration import HUBS, clocks
from totem.hubs.models import Hub, Zone
from totem.spaces.models import Composition, Outage, Price, Space, SpaceHours, Unit

# Keys of a space's sheet that are not fields of `Space`.
BESIDE = {"zone", "prices", "before", "outages", "parts", "hours", "busy"}
PER = {"hour": Price.Per.HOUR, "half_day": Price.Per.HALF_DAY, "day": Price.Per.DAY}


@part(HUBS, is_there=lambda _world: Space.objects.exists())
def load(world: InventedWorld) -> None:
    for sheet in world.sheets(HUBS):
        hub = Hub.objects.get(slug=sheet["hub"]["slug"])
        zones = {zone.name: zone for zone in hub.zones.all()}
        known: dict[str, Space] = {}
        for position, row in enumerate(sheet["spaces"]):
            space = _build(hub, row, zones=zones, position=position, known=known)
            _price(space, row, sheet["prices"], world)
            _break(space, row.get("outages", []), world)
            known[space.name] = space


def _build(hub: Hub, row: Sheet, *, zones: dict[str, Zone], position: int, known: dict[str, Space]) -> Space:
    fields = {key: value for key, value in row.items() if key not in BESIDE}
    fields["free_of_charge"] = not row.get("prices")
    slug = free_slug(Space.objects.filter(hub=hub), row["name"])
    space = Space(hub=hub, zone=zones[row["zone"]], slug=slug, position=position, **fields)
    space.full_clean()
    space.save()
    Unit.objects.bulk_create(Unit(space=space, number=number) for number in range(1, space.quantity + 1))
    Composition.objects.bulk_create(Composition(whole=space, part=known[name]) for name in row.get("parts", []))
    if "hours" in row:
        opens, closes = clocks(row["hours"])
        SpaceHours.objects.bulk_create(
            SpaceHours(space=space, weekday=day, opens_at=opens, closes_at=closes) for day in range(1, 8)
        )
    return space


def _price(space: Space, row: Sheet, sheet: Sheet, world: InventedWorld) -> None:
    """Today's prices, and those that held until the last time the hub changed them."""
    changed_on = max(
        day
        for year in (world.today.year - 1, world.today.year)
        if (day := date.fromisoformat(f"{year}-{sheet['changed_on']}")) <= world.today
    )
    long_ago = world.days[0].replace(year=world.days[0].year - 3, month=1, day=1)
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
                amount=Decimal(amount),
                vat_rate=Decimal(sheet["vat_rate"]),
                starts_on=first,
                ends_on=last,
            )
            for first, last, amount in held
        ]
    Price.objects.bulk_create(prices)


def _break(space: Space, rows: list[Sheet], world: InventedWorld) -> None:
    this_hour = world.now.replace(minute=0, second=0, microsecond=0)
    outages = []
    for row in rows:
        since = this_hour - timedelta(days=row["days_ago"])
        during = DateTimeTZRange(since, since + timedelta(days=row["days"]))
        unit = space.units.get(number=row["unit"]) if "unit" in row else None
        outages.append(Outage(space=space, unit=unit, during=during, reason=row["reason"]))
    Outage.objects.bulk_create(outages)
