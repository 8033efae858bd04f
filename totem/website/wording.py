"""What public pages say in words: doors, prices, rules, slots."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from totem.core import wording
from totem.core.periods import DAY, Period
from totem.hubs.models import ExceptionalHours
from totem.hubs.queries import Doors
from totem.spaces.models import Audience, Feature, Kind, Price, Space

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


def price_from(prices: Sequence[Price]) -> str:
    """« à partir de 12,00 € l’heure »: the price of the shortest time sold; nothing paid where there is no price."""
    if not prices:
        return _("free of charge")
    shortest = min(prices, key=lambda price: price.per)
    return _("from %(price)s") % {"price": price_words(shortest)}


def price_words(price: Price) -> str:
    """« 12,00 € l’heure »."""
    amount = {"amount": wording.money(price.amount)}
    return {
        Price.Per.HOUR: _("%(amount)s an hour"),
        Price.Per.HALF_DAY: _("%(amount)s a half-day"),
        Price.Per.DAY: _("%(amount)s a day"),
    }[Price.Per(price.per)] % amount


@dataclass(frozen=True)
class PriceLine:
    """A line of a price list: for one hour, half-day or day; `note` says from when where it is not yet so."""

    label: str
    amount: Decimal
    note: str


def price_lines(prices: Sequence[Price], today: date) -> list[PriceLine]:
    """The price list of a space as of `today`, VAT included, with the prices to come."""
    return [
        PriceLine(
            {
                Price.Per.HOUR: _("An hour"),
                Price.Per.HALF_DAY: _("A half-day (4 hours)"),
                Price.Per.DAY: _("A day"),
            }[Price.Per(price.per)],
            price.amount,
            _("from %(day)s") % {"day": wording.date_words(price.starts_on)} if price.starts_on > today else "",
        )
        for price in prices
    ]


AUDIENCE_NOTES: dict[str, Promise | str] = {
    Audience.PUBLIC: "",
    Audience.SIGNED_IN: gettext_lazy("with an account"),
    Audience.NETWORK: gettext_lazy("for members of other hubs"),
    Audience.MEMBERS: gettext_lazy("for members"),
    Audience.TEAM: gettext_lazy("for the team"),
}


def audience_note(space: Space) -> str:
    """Whom a space is kept for; empty where anybody may book."""
    return str(AUDIENCE_NOTES[space.audience])


def quantity_words(space: Space) -> str:
    """« 40 postes », « 3 exemplaires »."""
    if space.kind == Kind.EQUIPMENT:
        words = ngettext("%(count)s copy", "%(count)s copies", space.quantity)
    else:
        words = ngettext("%(count)s desk", "%(count)s desks", space.quantity)
    return words % {"count": space.quantity}


def feature_words(space: Space) -> list[str]:
    """The features of the space by their names, in the order of the list."""
    return [str(feature.label) for feature in Feature if feature in space.features]


def free_words(space: Space, count: int) -> str:
    """« 12 postes libres sur 40 »; « Libre » for a single space."""
    if not space.is_pool:
        return _("Free")
    numbers = {"count": count, "total": space.quantity}
    if space.kind == Kind.EQUIPMENT:
        return ngettext("%(count)s free of %(total)s", "%(count)s free of %(total)s", count) % numbers
    return ngettext("%(count)s desk free of %(total)s", "%(count)s desks free of %(total)s", count) % numbers


def rules_words(space: Space) -> Iterator[str]:
    """The rules for visitors, a sentence each."""
    length = wording.minutes_words
    yield {
        Audience.PUBLIC: _("Everybody may book, with or without an account."),
        Audience.SIGNED_IN: _("Everybody with an account may book."),
        Audience.NETWORK: _("Members of other hubs may book."),
        Audience.MEMBERS: _("Members of this hub may book."),
        Audience.TEAM: _("The team books it."),
    }[Audience(space.audience)]
    if space.needs_approval:
        yield _("The team approves each booking.")
    yield _("From %(least)s to %(most)s, starting every %(step)s.") % {
        "least": length(space.min_minutes),
        "most": length(space.max_minutes),
        "step": length(space.step_minutes),
    }
    ahead = length(space.horizon_days * 1440)
    if space.min_notice_minutes:
        yield _("Between %(notice)s and %(ahead)s ahead.") % {
            "notice": length(space.min_notice_minutes),
            "ahead": ahead,
        }
    else:
        yield _("Up to %(ahead)s ahead, and until the last minute.") % {"ahead": ahead}
    if space.cancel_notice_minutes:
        yield _("Cancelled up to %(notice)s before the start.") % {"notice": length(space.cancel_notice_minutes)}
    else:
        yield _("Cancelled up to the start.")
    yield from _buffer_words(space)


def _buffer_words(space: Space) -> Iterator[str]:
    kept = {
        "before": wording.minutes_words(space.buffer_before_minutes),
        "after": wording.minutes_words(space.buffer_after_minutes),
    }
    if space.buffer_before_minutes and space.buffer_after_minutes:
        yield _("%(before)s before and %(after)s after each booking are kept free.") % kept
    elif space.buffer_before_minutes:
        yield _("%(before)s before each booking are kept free.") % kept
    elif space.buffer_after_minutes:
        yield _("%(after)s after each booking are kept free.") % kept


def exception_words(row: ExceptionalHours) -> str:
    """« Fermé: travaux »."""
    if row.kind == ExceptionalHours.Kind.OPEN:
        return _("Open: %(reason)s") % {"reason": row.reason}
    return _("Closed: %(reason)s") % {"reason": row.reason}
