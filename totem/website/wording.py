"""What public pages say in words: opening, slots, what is free. Rules and prices are in `spaces.wording`."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from totem.core import wording
from totem.core.periods import DAY, Period
from totem.hubs.models import ExceptionalHours
from totem.hubs.queries import Doors
from totem.spaces.models import Kind, Space

AROUND_THE_CLOCK = timedelta(days=7)


def doors_words(doors: Doors, now: datetime, zone: ZoneInfo) -> str:
    """« Ouvert jusqu’à 19 h », « Ouvre lundi à 9 h »; `doors` as of `now`."""
    if doors.is_open and doors.until is not None:
        return _open_words(doors.until, now, zone)
    if doors.opens_at is None:
        return _("Closed for the next two weeks")
    return _("Opens %(day)s at %(hour)s") % {
        "day": near_day(doors.opens_at, now, zone),
        "hour": wording.hour(doors.opens_at, zone),
    }


def _open_words(until: datetime, now: datetime, zone: ZoneInfo) -> str:
    if until - now > AROUND_THE_CLOCK:
        return _("Open day and night")
    today = now.astimezone(zone).date()
    end = until.astimezone(zone)
    if end.time() == time.min and end.date() == today + DAY:
        return _("Open until midnight")
    if end.date() == today or until - now < timedelta(hours=12):
        return _("Open until %(hour)s") % {"hour": wording.hour(until, zone)}
    return _("Open until %(day)s at %(hour)s") % {"day": near_day(until, now, zone), "hour": wording.hour(until, zone)}


def near_day(instant: datetime, now: datetime, zone: ZoneInfo) -> str:
    """« aujourd’hui », « demain », « lundi » within a week, else « lundi 7 décembre »."""
    day, today = instant.astimezone(zone).date(), now.astimezone(zone).date()
    if timedelta(days=1) < day - today < timedelta(days=7):
        return date_format(day, "l")
    return wording.day_words(day, zone, now=now)


def span_words(period: Period, zone: ZoneInfo) -> str:
    """« jeudi 24 décembre » for one whole day, else as `core.wording.period`."""
    start, end = period.starts_at.astimezone(zone), period.ends_at.astimezone(zone)
    if start.time() == end.time() == time.min and start.date() + DAY == end.date():
        return wording.date_words(period.starts_at, zone)
    return wording.period(period.starts_at, period.ends_at, zone)


def slot_words(period: Period, now: datetime, zone: ZoneInfo) -> str:
    """« aujourd’hui, de 14 h à 15 h »; over several days with both dates."""
    start, end = period.starts_at.astimezone(zone), period.ends_at.astimezone(zone)
    if start.date() != (end - timedelta.resolution).date():
        return wording.period(period.starts_at, period.ends_at, zone, now=now)
    hours = wording.hours_range(period.starts_at, period.ends_at, zone)
    return f"{wording.day_words(period.starts_at, zone, now=now)}, {hours}"


def free_words(space: Space, count: int) -> str:
    """« 12 postes libres sur 40 »; « Libre » for a single space."""
    if not space.is_pool:
        return _("Free")
    numbers = {"count": count, "total": space.quantity}
    if space.kind == Kind.EQUIPMENT:
        return ngettext("%(count)s free of %(total)s", "%(count)s free of %(total)s", count) % numbers
    return ngettext("%(count)s desk free of %(total)s", "%(count)s desks free of %(total)s", count) % numbers


def exception_words(row: ExceptionalHours) -> str:
    """« Fermé: travaux »."""
    if row.kind == ExceptionalHours.Kind.OPEN:
        return _("Open: %(reason)s") % {"reason": row.reason}
    return _("Closed: %(reason)s") % {"reason": row.reason}
