"""Wording of opening hours."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from totem.core import wording
from totem.core.periods import DAY, Period
from totem.hubs.models import Hub
from totem.hubs.queries import Doors, closing_reasons

AROUND_THE_CLOCK = timedelta(days=7)


def closed_words(hub: Hub, window: Period) -> str:
    """« Fermé : Noël. », « Fermé ce jour-là. »: of a hub that does not open within `window`, one day."""
    reasons = closing_reasons(hub, window)
    return _("Closed: %(reason)s.") % {"reason": ", ".join(reasons)} if reasons else _("Closed on this day.")


def doors_words(doors: Doors, now: datetime, zone: ZoneInfo) -> str:
    """« Ouvert jusqu’à 19 h », « Ouvre lundi à 9 h »; `doors` as of `now`."""
    if doors.is_open and doors.until is not None:
        return _open_words(doors.until, now, zone)
    if doors.opens_at is None:
        return _("Closed for the next two weeks")
    return _("Opens %(day)s at %(hour)s") % {
        "day": _near_day(doors.opens_at, now, zone),
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
    return _("Open until %(day)s at %(hour)s") % {"day": _near_day(until, now, zone), "hour": wording.hour(until, zone)}


def _near_day(instant: datetime, now: datetime, zone: ZoneInfo) -> str:
    """« aujourd’hui », « demain », « lundi » within a week, else « lundi 7 décembre »."""
    day, today = instant.astimezone(zone).date(), now.astimezone(zone).date()
    if timedelta(days=1) < day - today < timedelta(days=7):
        return date_format(day, "l")
    return wording.day_words(day, zone, now=now)
