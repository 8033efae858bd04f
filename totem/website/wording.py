"""Wording of slots and availability on public pages. See `hubs.wording` and `spaces.wording` for the rest."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from totem.core import wording
from totem.core.periods import DAY, Period
from totem.hubs.models import ExceptionalHours
from totem.spaces.models import Space, SpaceKind


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
    if space.kind == SpaceKind.EQUIPMENT:
        return ngettext("%(count)s free of %(total)s", "%(count)s free of %(total)s", count) % numbers
    return ngettext("%(count)s desk free of %(total)s", "%(count)s desks free of %(total)s", count) % numbers


def exception_words(row: ExceptionalHours) -> str:
    """« Fermé: travaux »."""
    if row.kind == ExceptionalHours.Kind.OPEN:
        return _("Open: %(reason)s") % {"reason": row.reason}
    return _("Closed: %(reason)s") % {"reason": row.reason}
