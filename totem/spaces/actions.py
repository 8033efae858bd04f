"""Actions on spaces. They take the hub's lock exclusively, so that no booking is made under half-changed rules."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.core import journal, locks
from totem.core.models import assign_changes
from totem.core.money import VAT_RATES
from totem.core.periods import DAY, HoursLine, Period
from totem.core.slugs import free_slug
from totem.core.wording import minutes_words
from totem.hubs.actions import check_hours
from totem.hubs.models import Hub, Zone
from totem.hubs.signals import FAR, AffectedBooking, affected_by_closing, newly_closed, planning_window
from totem.spaces import signals
from totem.spaces.models import Composition, Outage, Price, Space, SpaceHours, Unit
from totem.spaces.queries import open_periods
from totem.spaces.rules import allowed_lengths


class BookedError(Exception):
    """Bookings prevent the change; `affected` lists them."""

    def __init__(self, affected: Sequence[AffectedBooking]) -> None:
        super().__init__(f"{len(affected)} bookings in the way")
        self.affected = list(affected)


class SpaceFields(TypedDict, total=False):
    """The optional fields of a space; units are those of the model."""

    zone: Zone | None
    description: str
    position: int
    capacity: int
    area: Decimal | None
    features: list[str]
    audience: str
    free_of_charge: bool
    needs_approval: bool
    min_notice_minutes: int
    horizon_days: int
    step_minutes: int
    min_minutes: int
    max_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    cancel_notice_minutes: int


class SpaceChanges(SpaceFields, total=False):
    name: str
    kind: str


def _lock(space: Space) -> None:
    """Lock the hub exclusively: bookings read a space's rules under its shared lock, and wait."""
    locks.lock(locks.LockKind.HUB, [space.hub_id])


def _record(verb: str, space: Space, by: User, **facts: object) -> None:
    journal.record(verb, space, actor_id=by.pk, scope=Hub(pk=space.hub_id), facts=facts)


def _check(space: Space) -> None:
    """Raises ValidationError, at its field where it has one, for what the database would refuse."""
    if space.zone is not None and space.zone.hub_id != space.hub_id:
        raise ValidationError({"zone": _("This zone is in another hub.")})
    space.full_clean(validate_unique=False)
    if not allowed_lengths(space):
        message = _("No multiple of %(step)s lies between the shortest and the longest.")
        raise ValidationError({"max_minutes": message % {"step": minutes_words(space.step_minutes)}})


# -- The space itself -------------------------------------------------------------------------------------------------


@transaction.atomic
def create_space(
    *,
    hub: Hub,
    by: User,
    name: str,
    kind: str,
    quantity: int = 1,
    slug: str = "",
    **fields: Unpack[SpaceFields],
) -> Space:
    """A new space in service, with its units; its address is made of its name. Raises ValidationError."""
    locks.lock(locks.LockKind.HUB, [hub.pk])
    space = Space(hub=hub, name=name, kind=kind, quantity=quantity, **fields)
    space.slug = slug or free_slug(Space.objects.filter(hub=hub), name)
    _check(space)
    space.save(force_insert=True)
    Unit.objects.bulk_create(Unit(space=space, number=number) for number in range(1, quantity + 1))
    _record("spaces.created", space, by, kind=str(kind), quantity=quantity)
    return space


@transaction.atomic
def update_space(*, space: Space, by: User, **fields: Unpack[SpaceChanges]) -> Space:
    """The space with these fields changed; bookings already made keep the rules they were made under.

    Raises ValidationError.
    """
    _lock(space)
    row = Space.objects.select_for_update().get(pk=space.pk)
    changed = assign_changes(row, fields)
    if not changed:
        return row
    _check(row)
    row.save(update_fields=[*changed, "updated_at"])
    _record("spaces.updated", row, by, fields=changed)
    return row


@transaction.atomic
def set_quantity(*, space: Space, quantity: int, by: User, now: datetime) -> Space:
    """Change how many units there are. New ones are numbered on; of fewer, free ones go, the highest numbers first.

    Raises BookedError when too few are free from now on, ValidationError for a number that does not suit the space.
    """
    _lock(space)
    row = Space.objects.select_for_update().get(pk=space.pk)
    before = row.quantity
    if quantity == before:
        return row
    row.quantity = quantity
    _check(row)
    if quantity > 1 and (row.parts.exists() or row.wholes.exists()):
        raise ValidationError({"quantity": _("A space made of others, or a part of one, stays single.")})
    if quantity < before:
        _retire_units(row, before - quantity, now)
    else:
        _add_units(row, quantity - before)
    row.save(update_fields=["quantity", "updated_at"])
    _record("spaces.quantity_set", row, by, **{"from": before, "to": quantity})
    return row


def _retire_units(space: Space, count: int, now: datetime) -> None:
    affected = affected_by_closing(_hub(space), [Period(now, FAR)], now=now, space_id=space.pk)
    taken = {unit_id for booking in affected for unit_id in booking.unit_ids}
    free = list(space.units.filter(is_active=True).exclude(pk__in=taken).order_by("-number")[:count])
    if len(free) < count:
        raise BookedError(affected)
    Unit.objects.filter(pk__in=[unit.pk for unit in free]).update(is_active=False)


def _add_units(space: Space, count: int) -> None:
    """Reactivate withdrawn units first: a number identifies one unit for ever."""
    back = list(space.units.filter(is_active=False).order_by("number")[:count])
    Unit.objects.filter(pk__in=[unit.pk for unit in back]).update(is_active=True)
    last: int = space.units.aggregate(last=Max("number"))["last"] or 0
    Unit.objects.bulk_create(
        Unit(space=space, number=number) for number in range(last + 1, last + 1 + count - len(back))
    )


def _hub(space: Space) -> Hub:
    return Hub.objects.select_related("commune__department").get(pk=space.hub_id)


@transaction.atomic
def set_active(*, space: Space, is_active: bool, by: User, now: datetime) -> list[AffectedBooking]:
    """Put the space in service, or out of it: it cannot be booked then. Returns the future bookings, which stay."""
    _lock(space)
    if Space.objects.filter(pk=space.pk, is_active=not is_active).update(is_active=is_active):
        _record("spaces.restored" if is_active else "spaces.retired", space, by)
    space.is_active = is_active
    return [] if is_active else affected_by_closing(_hub(space), [Period(now, FAR)], now=now, space_id=space.pk)


# -- What it is made of -----------------------------------------------------------------------------------------------


@transaction.atomic
def set_parts(*, space: Space, parts: Iterable[Space], by: User, now: datetime) -> None:
    """Set the parts of a space; booking either then blocks what they share, parts of parts included.

    Bookings already made of the whole take the new parts too. Raises ValidationError for a circle, a pool or a space
    of another hub, BookedError where whole and part are both promised for the same time.
    """
    wanted = {part.pk: part for part in parts}
    locks.lock(locks.LockKind.HUB, [space.hub_id])
    _check_parts(space, wanted)
    before = set(Composition.objects.filter(whole__hub_id=space.hub_id).values_list("whole_id", "part_id"))
    direct = Composition.objects.filter(whole__hub_id=space.hub_id, is_direct=True)
    chosen: defaultdict[int, set[int]] = defaultdict(set)
    for whole_id, part_id in direct.exclude(whole=space).values_list("whole_id", "part_id"):
        chosen[whole_id].add(part_id)
    chosen[space.pk] = set(wanted)
    closure = {whole_id: _all_parts(whole_id, chosen) for whole_id in chosen}
    if any(whole_id in below for whole_id, below in closure.items()):
        raise ValidationError({"parts": _("A space cannot be a part of itself.")})
    after = {(whole_id, part_id) for whole_id, below in closure.items() for part_id in below}
    Composition.objects.filter(whole__hub_id=space.hub_id).delete()
    Composition.objects.bulk_create(
        Composition(whole_id=whole_id, part_id=part_id, is_direct=part_id in chosen[whole_id])
        for whole_id, part_id in sorted(after)
    )
    added = sorted(after - before)
    if added and (affected := signals.affected_by_added_parts(_hub(space), added, now=now)):
        raise BookedError(affected)
    _record("spaces.parts_set", space, by, parts=sorted(wanted))


def _check_parts(space: Space, parts: dict[int, Space]) -> None:
    if space.pk in parts:
        raise ValidationError({"parts": _("A space cannot be a part of itself.")})
    if parts and (space.is_pool or any(part.is_pool for part in parts.values())):
        raise ValidationError({"parts": _("Desks and equipment that come in numbers are not parts of a space.")})
    if any(part.hub_id != space.hub_id for part in parts.values()):
        raise ValidationError({"parts": _("The parts are spaces of the same hub.")})


def _all_parts(whole_id: int, chosen: dict[int, set[int]]) -> set[int]:
    """The parts, and their parts; a circle shows in the whole being among them."""
    found: set[int] = set()
    to_see = list(chosen.get(whole_id, ()))
    while to_see:
        part_id = to_see.pop()
        if part_id not in found:
            found.add(part_id)
            to_see.extend(chosen.get(part_id, ()))
    return found


# -- Hours ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def set_hours(*, space: Space, lines: Sequence[HoursLine], by: User, now: datetime) -> list[AffectedBooking]:
    """Replace the space's own hours, within the hub's; none: it follows the hub.

    Returns the bookings that the removed hours affect, over 400 days: they stay. Raises HoursOverlapError.
    """
    check_hours(lines)
    _lock(space)
    row = Space.objects.select_related("hub__commune__department").get(pk=space.pk)
    window = planning_window(now)
    before = open_periods([row], window)[row.pk]
    row.hours.all().delete()
    SpaceHours.objects.bulk_create(SpaceHours(space=row, **line._asdict()) for line in lines)
    _record("spaces.hours_set", row, by, lines=[line.words for line in lines])
    closed = newly_closed(before, open_periods([row], window)[row.pk])
    return affected_by_closing(row.hub, closed, now=now, space_id=row.pk)


# -- Prices -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_price(
    *,
    space: Space,
    per: int,
    amount: Decimal,
    vat_rate: Decimal,
    starts_on: date,
    by: User,
    ends_on: date | None = None,
    **rule: Any,
) -> Price:
    """The price for one hour, half-day or day from `starts_on`; the former of the same `rule` ends the day before.

    `rule` is for whom and when it counts (`Price.rule`): without one, for everybody, all the time.

    Without an end it holds until the next price already known. With an end, the former comes back the day after, so
    that no day is left without a price. Raises ValidationError when a price already starts on that day, or within.
    """
    _lock(space)
    price = Price(space=space, per=per, amount=amount, vat_rate=vat_rate, starts_on=starts_on, **rule)
    same = Price.objects.filter(space=space, per=per, **price.rule)
    later = same.filter(starts_on__gte=starts_on).order_by("starts_on").first()
    if later is not None and later.starts_on == starts_on:
        raise ValidationError({"starts_on": _("A price already starts on this day. Remove it first.")})
    if later is not None and ends_on is None:
        ends_on = later.starts_on - DAY
    if ends_on is not None and ends_on < starts_on:
        raise ValidationError({"ends_on": _("The end is before the start.")})
    if later is not None and ends_on is not None and ends_on >= later.starts_on:
        raise ValidationError({"ends_on": _("Another price starts before this end.")})
    price.ends_on = ends_on
    former = same.filter(starts_on__lt=starts_on).order_by("-starts_on").first()
    _make_room(price, former)
    price.full_clean()
    price.save(force_insert=True)
    _record("spaces.price_added", space, by, price=price.pk, per=per, amount=str(amount), starts_on=str(starts_on))
    return price


def _make_room(price: Price, former: Price | None) -> None:
    if former is None or (former.ends_on is not None and former.ends_on < price.starts_on):
        return
    resumes = None
    if price.ends_on is not None and (former.ends_on is None or former.ends_on > price.ends_on):
        if former.vat_rate not in VAT_RATES:
            raise ValidationError({"ends_on": _("No invoice has the VAT rate of the former price: leave this empty.")})
        values = {name: getattr(former, name) for name in ("space_id", "per", "amount", "vat_rate", "ends_on")}
        values |= former.rule
        resumes = Price(starts_on=price.ends_on + DAY, **values)
    former.ends_on = price.starts_on - DAY
    former.save(update_fields=["ends_on", "updated_at"])
    if resumes is not None:
        resumes.save(force_insert=True)


@transaction.atomic
def end_price(*, price: Price, ends_on: date, by: User) -> Price:
    """Set the last day of a price. Raises ValidationError outside the time it is in force."""
    _lock(price.space)
    row = Price.objects.get(pk=price.pk)
    if ends_on < row.starts_on:
        raise ValidationError({"ends_on": _("The end is before the start.")})
    if row.ends_on is not None and ends_on > row.ends_on:
        raise ValidationError({"ends_on": _("It ends before that already. Add a price instead.")})
    row.ends_on = ends_on
    row.save(update_fields=["ends_on", "updated_at"])
    _record("spaces.price_ended", price.space, by, price=row.pk, ends_on=str(ends_on))
    return row


@transaction.atomic
def remove_price(*, price: Price, by: User, today: date) -> None:
    """Delete a future price. Raises ValidationError for one that is or was in force."""
    _lock(price.space)
    row = Price.objects.get(pk=price.pk)
    if row.starts_on <= today:
        raise ValidationError(_("This price holds already: end it instead."))
    cut_short = Price.objects.filter(space_id=row.space_id, per=row.per, ends_on=row.starts_on - DAY, **row.rule)
    former = cut_short.first()
    row_id, ends_on = row.pk, row.ends_on
    row.delete()
    if former is not None:  # what it had cut short goes on
        former.ends_on = ends_on
        former.save(update_fields=["ends_on", "updated_at"])
    _record("spaces.price_removed", price.space, by, price=row_id)


# -- Out of order -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReportedOutage:
    """An outage and the bookings that it affects, which stay for the team to look after."""

    outage: Outage
    affected: list[AffectedBooking]


@transaction.atomic
def report_outage(
    *,
    space: Space,
    starts_at: datetime,
    reason: str,
    by: User,
    now: datetime,
    unit: Unit | None = None,
    ends_at: datetime | None = None,
) -> ReportedOutage:
    """Put a space, or one of its units, out of order until `ends_at` or until somebody ends it.

    Raises ValidationError when it is out of order then already, or for a time that ends before it starts.
    """
    _lock(space)
    if unit is not None and unit.space_id != space.pk:
        raise ValidationError({"unit": _("This is not one of its units.")})
    if ends_at is not None and ends_at <= starts_at:
        raise ValidationError({"ends_at": _("The end is before the start.")})
    outage = Outage(space=space, unit=unit, during=(starts_at, ends_at), reason=reason)
    outage.full_clean()
    outage.save(force_insert=True)
    _record("spaces.outage_reported", space, by, outage=outage.pk, unit=unit.pk if unit else None)
    return ReportedOutage(outage, signals.affected_by_outage(outage, now=now))


@transaction.atomic
def end_outage(*, outage: Outage, by: User, now: datetime) -> None:
    """End an outage now; one that has not begun is deleted. Raises ValidationError when it is over already."""
    _lock(outage.space)
    row = Outage.objects.select_for_update().filter(pk=outage.pk).first()
    if row is None or (row.during.upper is not None and row.during.upper <= now):
        raise ValidationError(_("It is back in service already."))
    if row.during.lower >= now:
        row.delete()
    else:
        row.during = (row.during.lower, now)
        row.save(update_fields=["during", "updated_at"])
    _record("spaces.outage_ended", outage.space, by, outage=outage.pk)
