"""A hub whose place was given wrongly: in another time zone what is ahead keeps its hour; other public holidays."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.core.periods import NonexistentTimeError
from totem.hubs.models import ExceptionalHours, Hub
from totem.hubs.queries import closing_reasons, open_periods
from totem.hubs.signals import (
    AffectedBooking,
    ZoneChange,
    affected_by_closing,
    newly_closed,
    planning_window,
    zone_changing,
)


def affected_by_move(former: Hub, hub: Hub, *, by: User, now: datetime) -> list[AffectedBooking]:
    """The bookings that another time zone moves to the same wall clock, and those on days that become holidays.

    `hub` is saved already, `former` is what it was; both come with commune and department. Raises ValidationError.
    """
    moved, closed = _move(former, hub, by, now), _on_new_holidays(former, hub, now)
    listed = {one.url for one in closed}
    return sorted([*closed, *(one for one in moved if one.url not in listed)], key=lambda one: (one.period, one.label))


def _move(former: Hub, hub: Hub, by: User, now: datetime) -> list[AffectedBooking]:
    if former.time_zone == hub.time_zone:
        return []
    change = ZoneChange(former.zone, hub.zone, now)
    answers: list[tuple[Any, Any]] = zone_changing.send(sender=Hub, hub=hub, change=change, by=by)
    move_ranges(ExceptionalHours.objects.filter(hub=hub), change)
    return [booking for _receiver, moved in answers for booking in moved or ()]


def _on_new_holidays(former: Hub, hub: Hub, now: datetime) -> list[AffectedBooking]:
    if former.commune.department == hub.commune.department:
        return []
    former.time_zone, window = hub.time_zone, planning_window(now)
    before, after = (open_periods([one], window)[hub.pk] for one in (former, hub))
    affected = affected_by_closing(hub, newly_closed(before, after), now=now)
    return [replace(one, label=" · ".join([one.label, *closing_reasons(hub, one.period)])) for one in affected]


def move_ranges(rows: "models.QuerySet[Any]", change: ZoneChange) -> None:
    """Move the ends of each row's `during` that are ahead; in such an order that neighbours do not overlap on the way.

    Raises ValidationError.
    """
    for row in rows.filter(during__overlap=(change.now, None)).order_by("-during" if change.is_later else "during"):
        starts_at, ends_at = row.during.lower, row.during.upper
        with at_the_same_hour(str(row)):
            if ends_at is None:
                starts_at = change.moved(starts_at)
            else:
                starts_at, ends_at = change.moved_ends(starts_at, ends_at)
            row.during = (starts_at, ends_at and max(ends_at, change.now))
            row.save(update_fields=["during", "updated_at"])


@contextmanager
def at_the_same_hour(what: str) -> Iterator[None]:
    """Refuse, by name and at `time_zone`, what has no such hour in the new zone, or overlaps something there.

    Raises ValidationError.
    """
    try:
        with transaction.atomic():
            yield
    except NonexistentTimeError as error:
        words = _("%(what)s: in the new time zone there is no such time. Move it first.")
        raise ValidationError({"time_zone": words % {"what": what}}) from error
    except IntegrityError as error:
        words = _("%(what)s: in the new time zone it would overlap what has begun already. Move it first.")
        raise ValidationError({"time_zone": words % {"what": what}}) from error
