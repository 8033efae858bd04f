"""Actions on hubs: settings, opening hours, zones and photos.

Changes of opening hours take the hub's lock exclusively, so that no booking is made under half-changed hours.
"""

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack, cast

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.core import journal, locks
from totem.core.models import JournalEntry, assign_changes
from totem.core.periods import HoursLine, Period
from totem.core.slugs import free_slug
from totem.hubs.models import ExceptionalHours, Hub, OpeningHours, Photo, Role, TeamMember, Zone
from totem.hubs.moving import affected_by_move
from totem.hubs.queries import open_periods
from totem.hubs.signals import AffectedBooking, affected_by_closing, newly_closed, planning_window
from totem.organisations.models import Organisation
from totem.territories.models import Commune
from totem.territories.queries import centre_of

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

SomePhoto = TypeVar("SomePhoto", bound=Photo)
MOST_PHOTOS = 200  # of a hub and its spaces: about 60 MB, as `core.images` makes them


class HoursOverlapError(ValueError):
    """Some lines of a week overlap; `lines` are their indexes in the list."""

    def __init__(self, lines: Iterable[int]) -> None:
        self.lines = sorted(set(lines))
        super().__init__(f"lines {self.lines} overlap")


class HubFields(TypedDict, total=False):
    """The optional fields of a hub."""

    is_published: bool
    tagline: str
    description: str
    street: str
    postcode: str
    commune: Commune
    latitude: Decimal | None
    longitude: Decimal | None
    host_building: str
    time_zone: str
    closed_on_public_holidays: bool
    accent: str
    step_free: bool | None
    access_notes: str
    transport: str
    languages: list[str]
    email: str
    phone: str
    website: str
    mail_note: str
    grace_minutes: int
    accepts_requests: bool


class HubChanges(HubFields, total=False):
    name: str
    operator: Organisation


def record(verb: str, hub: Hub, by: User, **facts: object) -> JournalEntry:
    """Write the journal entry of a change of the hub, in the caller's transaction, and return it."""
    return journal.record(verb, hub, actor_id=by.pk, scope=hub, facts=facts)


# -- The hub itself ---------------------------------------------------------------------------------------------------


@transaction.atomic
def create_hub(*, name: str, operator: Organisation, by: User, slug: str = "", **fields: Unpack[HubFields]) -> Hub:
    """A new hub, hidden from the public by default, with `by` as its first manager.

    Its address on the site is made of its name; without coordinates it stands in the middle of its commune, without a
    time zone it has that of the department. Raises ValidationError.
    """
    if "commune" in fields:
        fields.setdefault("time_zone", fields["commune"].department.time_zone)
    hub = Hub(name=name, operator=operator, slug=slug or free_slug(Hub.objects.all(), name), **fields)
    _place(hub)
    _check(hub)
    hub.save(force_insert=True)
    TeamMember.objects.create(hub=hub, person=by, role=Role.MANAGER)
    record("hubs.created", hub, by)
    return hub


def _place(hub: Hub) -> None:
    """Put a hub without coordinates in the middle of its commune."""
    if hub.latitude is None or hub.longitude is None:
        hub.longitude, hub.latitude = centre_of(hub.commune)


def _check(hub: Hub) -> None:
    """Raises ValidationError, at its field where it has one, for what the database would refuse."""
    hub.full_clean()


@transaction.atomic
def update_hub(*, hub: Hub, by: User, now: datetime, **fields: Unpack[HubChanges]) -> list[AffectedBooking]:
    """Change these fields of the hub; with coordinates of None it stands in the middle of its commune.

    Returns the bookings that another time zone moves to the same wall clock, with closures and outages, and those on
    days that another commune makes public holidays, which stay. Raises ValidationError.
    """
    locks.lock(locks.LockKind.HUB, [hub.pk])
    row = Hub.objects.select_related("commune__department").select_for_update(of=("self",)).get(pk=hub.pk)
    former = copy(row)
    changed = assign_changes(row, fields)
    if not changed:
        return []
    _place(row)
    if row.commune != former.commune:
        kept = [day for day in row.customary_holidays if day in row.commune.department.customary_holidays]
        changed += assign_changes(row, {"customary_holidays": kept})
    _check(row)
    row.save(update_fields=[*changed, "updated_at"])
    record("hubs.updated", row, by, fields=changed)
    return affected_by_move(former, row, by=by, now=now)


# -- When it is open --------------------------------------------------------------------------------------------------


DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES


def _minutes(line: HoursLine) -> tuple[int, int]:
    start = (line.weekday - 1) * DAY_MINUTES + line.opens_at.hour * 60 + line.opens_at.minute
    end = (line.weekday - 1) * DAY_MINUTES + line.closes_at.hour * 60 + line.closes_at.minute
    return start, end if end > start else end + DAY_MINUTES


def check_hours(lines: Sequence[HoursLine]) -> None:
    """Raises HoursOverlapError where lines overlap; Sunday's night and Monday's morning are neighbours too."""
    spans = sorted((*_minutes(line), place) for place, line in enumerate(lines))
    if not spans:
        return
    first = spans[0]
    around = [*spans, (first[0] + WEEK_MINUTES, first[1] + WEEK_MINUTES, first[2])]
    clashing = {place for before, after in pairwise(around) if after[0] < before[1] for place in (before[2], after[2])}
    if clashing:
        raise HoursOverlapError(clashing)


@transaction.atomic
def set_opening_hours(
    *,
    hub: Hub,
    lines: Sequence[HoursLine],
    by: User,
    now: datetime,
    closed_on_public_holidays: bool | None = None,
    customary_holidays: Sequence[str] | None = None,
) -> list[AffectedBooking]:
    """Replace the whole week, whether public holidays count and which customary ones do (None: as before).

    Returns what the removed hours affect, over 400 days: affected bookings stay, for the team to look after. Raises
    HoursOverlapError.
    """
    check_hours(lines)
    locks.lock(locks.LockKind.HUB, [hub.pk])
    row = Hub.objects.select_related("commune__department").get(pk=hub.pk)
    window = planning_window(now)
    before = open_periods([row], window)[row.pk]
    holidays = {"closed_on_public_holidays": closed_on_public_holidays, "customary_holidays": customary_holidays}
    changed = assign_changes(row, {name: value for name, value in holidays.items() if value is not None})
    if changed:
        row.save(update_fields=[*changed, "updated_at"])
    row.opening_hours.all().delete()
    OpeningHours.objects.bulk_create(OpeningHours(hub=row, **line._asdict()) for line in lines)
    record(
        "hubs.opening_hours_set",
        row,
        by,
        lines=[line.words for line in lines],
        closed_on_public_holidays=row.closed_on_public_holidays,
        customary_holidays=row.customary_holidays,
    )
    return affected_by_closing(row, newly_closed(before, open_periods([row], window)[row.pk]), now=now)


@dataclass(frozen=True)
class AddedExceptionalHours:
    """Added exceptional hours, and the bookings that a closure affects, which stay for the team to look after."""

    row: ExceptionalHours
    affected: list[AffectedBooking]


@transaction.atomic
def add_exceptional_hours(
    *, hub: Hub, kind: str, period: Period, reason: str, by: User, now: datetime
) -> AddedExceptionalHours:
    """Close or open the hub out of the ordinary. Raises ValidationError where another of the same kind overlaps."""
    locks.lock(locks.LockKind.HUB, [hub.pk])
    row = ExceptionalHours(hub=hub, kind=kind, during=tuple(period), reason=reason)
    row.full_clean()
    row.save(force_insert=True)
    record("hubs.exceptional_hours_added", hub, by, exceptional=row.pk, kind=str(kind))
    closes = kind == ExceptionalHours.Kind.CLOSED
    return AddedExceptionalHours(row, affected_by_closing(hub, [period], now=now) if closes else [])


@transaction.atomic
def remove_exceptional_hours(*, exceptional: ExceptionalHours, by: User, now: datetime) -> None:
    """Delete a closure or opening; one that has begun ends now instead. Raises ValidationError when it is over."""
    hub = exceptional.hub
    locks.lock(locks.LockKind.HUB, [hub.pk])
    row = ExceptionalHours.objects.filter(pk=exceptional.pk).first()
    if row is None or row.during.upper <= now:
        raise ValidationError(_("This is over already."))
    if row.during.lower >= now:
        row.delete()
    else:
        row.during = (row.during.lower, now)
        row.save(update_fields=["during", "updated_at"])
    record("hubs.exceptional_hours_removed", hub, by, exceptional=exceptional.pk)


# -- Zones ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_zone(*, hub: Hub, kind: str, name: str, area: Decimal, opens_on: date | None = None, by: User) -> Zone:
    """A part of the hub with one use; `area` in m²; planned until `opens_on` (None: open). Raises ValidationError."""
    locks.lock(locks.LockKind.HUB, [hub.pk])
    zone = Zone(hub=hub, kind=kind, name=name, area=area, opens_on=opens_on)
    zone.full_clean()
    zone.save(force_insert=True)
    record("hubs.zone_added", hub, by, **_facts(zone))
    return zone


@transaction.atomic
def update_zone(*, zone: Zone, kind: str, name: str, area: Decimal, opens_on: date | None, by: User) -> Zone:
    """Change fields of the zone. Raises ValidationError."""
    locks.lock(locks.LockKind.HUB, [zone.hub_id])
    row = Zone.objects.select_for_update().get(pk=zone.pk)
    row.kind, row.name, row.area, row.opens_on = kind, name, area, opens_on
    row.full_clean()
    row.save()
    record("hubs.zone_updated", row.hub, by, **_facts(row))
    return row


def _facts(zone: Zone) -> dict[str, object]:
    opens_on = zone.opens_on.isoformat() if zone.opens_on else None
    return {"zone": zone.pk, "area": str(zone.area), "opens_on": opens_on}


@transaction.atomic
def remove_zone(*, zone: Zone, by: User) -> None:
    """Delete a zone; its spaces then have none."""
    hub, pk = zone.hub, zone.pk
    zone.delete()
    record("hubs.zone_removed", hub, by, zone=pk)


# -- Photos -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_photo(
    *, photos: "RelatedManager[SomePhoto]", image: "ContentFile[bytes]", description: str, by: User
) -> SomePhoto:
    """A photo after the others of `photos`, those of a hub or a space; `image` comes from `totem.core.images`.

    Raises ValidationError where the hub and its spaces have MOST_PHOTOS already.
    """
    hub = _hub_of(cast("Any", photos).instance)
    locks.lock(locks.LockKind.HUB, [hub.pk])
    if sum(kind.objects.filter(**{kind.hub_path: hub}).count() for kind in Photo.__subclasses__()) >= MOST_PHOTOS:
        words = _("The hub and its spaces have %(most)s photos, as many as they may: remove one first.")
        raise ValidationError({"image": words % {"most": MOST_PHOTOS}}, code="quota")
    last: int | None = photos.aggregate(last=Max("position"))["last"]
    photo = photos.create(image=image, description=description, position=0 if last is None else last + 1)
    _record_photo("photo_added", photo, photo.pk, by)
    return photo


@transaction.atomic
def remove_photo(*, photo: Photo, by: User) -> None:
    """Delete a photo, and its file once the transaction is committed."""
    name, storage, pk = str(photo.image.name), photo.image.storage, photo.pk
    photo.delete()
    _record_photo("photo_removed", photo, pk, by)
    transaction.on_commit(lambda: storage.delete(name))


def _record_photo(verb: str, photo: Photo, pk: int, by: User) -> None:
    place = photo.place
    facts = {"photo": pk}
    journal.record(f"{place._meta.app_label}.{verb}", place, actor_id=by.pk, scope=_hub_of(place), facts=facts)


def _hub_of(place: Any) -> Hub:
    hub: Hub = place if isinstance(place, Hub) else place.hub
    return hub
