"""The demonstration hours after it was loaded: time passes, people come and go."""

from datetime import timedelta
from random import Random

from totem.bookings.demonstration import scenes, writing
from totem.bookings.demonstration.diary import HOUR, Diary
from totem.bookings.models import Booking, Occupancy, Status
from totem.core import locks
from totem.core.demonstration import STALE_AFTER
from totem.core.periods import MINUTE, Period
from totem.hubs.queries import period_of

REACH = timedelta(days=2)
NOT_BEFORE = 25 * MINUTE  # until then whoever tries the desk notes the arrival
HERE = 3


def keep_alive(diary: Diary) -> None:
    """Note who arrived and left since; where the hub is open and lacks people here, late or due, book for some."""
    locks.lock(locks.LockKind.SPACE, [bookable.space.pk for bookable in diary.bookables])
    _pass_time(diary)
    now = diary.world.now
    opening = next((p for p in diary.hub_opening if p.starts_at <= now < p.ends_at - HOUR), None)
    if opening is None or _is_alive(diary):
        return
    diary.bookables = [bookable for bookable in diary.bookables if bookable.space.is_active]
    _take_what_is_booked(diary)
    scenes.play_around_now(diary, opening)
    writing.write(diary)


def _is_alive(diary: Diary) -> bool:
    now = diary.world.now
    current = Booking.objects.filter(hub=diary.hub, status=Status.CONFIRMED, ends_at__gt=now)
    absent = current.filter(checked_in_at=None)
    return (
        current.filter(checked_in_at__isnull=False, checked_out_at=None).count() >= HERE
        and absent.filter(starts_at__lte=now).exists()
        and absent.filter(starts_at__range=(now, now + HOUR)).exists()
    )


def _pass_time(diary: Diary) -> None:
    """Check in and out those whose time has come; the same few never come, however often this runs."""
    now, world = diary.world.now, diary.world
    due = Booking.objects.select_for_update(of=("self",), no_key=True).filter(
        hub=diary.hub,
        status=Status.CONFIRMED,
        starts_at__range=(now - STALE_AFTER, now - NOT_BEFORE),
        checked_out_at=None,
    )
    changed = []
    for booking in due:
        draw = Random(f"{world.seed} {booking.pk}")  # noqa: S311 - the same ones every time
        arrives = draw.random() >= diary.rhythm["no_show"]
        before = booking.checked_in_at, booking.checked_out_at
        diary.attend(booking, arrives or booking.checked_in_at is not None)
        if (booking.checked_in_at, booking.checked_out_at) != before:
            changed.append(booking)
    Booking.objects.bulk_update(changed, ["checked_in_at", "checked_out_at", "updated_at"])


def _take_what_is_booked(diary: Diary) -> None:
    """Enter what is booked around now; buffers too, which is more than they ask for."""
    now = diary.world.now
    rows = Occupancy.objects.filter(unit__space__hub=diary.hub, during__overlap=Period(now - REACH, now + REACH))
    for row in rows.select_related("booking__space"):
        space = row.booking.space
        diary.taken.take([row.unit_id], period_of(row.during), space.buffer_before, space.buffer_after)
