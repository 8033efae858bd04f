"""Dates, hours, lengths, money and figures as text, for templates and mails.

In the active language: its catalogue has the patterns, the CLDR has the names and separators (see
`totem.core.languages`). French follows the Lexique of the Imprimerie nationale: « 14 h 30 », « 12 480 », « 24,00 € »,
« 1er ». English is British, with a 24-hour clock. Instants are aware datetimes, shown in the zone given (a `ZoneInfo`
or its name), or else in the current one: a page about a hub gives the hub's.
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from babel.numbers import format_currency, format_decimal
from django.utils import timezone
from django.utils.translation import ngettext, pgettext

from totem.core import clock, languages

NBSP = "\N{NO-BREAK SPACE}"
NARROW = "\N{NARROW NO-BREAK SPACE}"

Zone = ZoneInfo | str | None


@cache
def _day_names(code: str, width: str = "wide") -> dict[int, str]:
    return dict(languages.cldr(code).days["format"][width])


@cache
def _month_names(code: str) -> dict[int, str]:
    return dict(languages.cldr(code).months["format"]["wide"])


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local(value: datetime, zone: Zone = None) -> datetime:
    """The instant in `zone` (default: the current time zone). A naive datetime raises ValueError."""
    if timezone.is_naive(value):
        raise ValueError("A time shown to people must be aware: its zone is unknown.")
    if zone is None:
        return timezone.localtime(value)
    return value.astimezone(_zone(zone) if isinstance(zone, str) else zone)


def _local_date(value: date | datetime, zone: Zone) -> date:
    return local(value, zone).date() if isinstance(value, datetime) else value


def _today(zone: Zone, now: datetime | None) -> date:
    return local(now or clock.now(), zone).date()


def _day_number(day: date) -> str:
    return pgettext("first day of the month", "1") if day.day == 1 else str(day.day)


def date_words(
    value: date | datetime, zone: Zone = None, *, now: datetime | None = None, with_year: bool = False
) -> str:
    """« jeudi 26 novembre »; the year follows when it is not the current one, or where it is asked for."""
    day, code = _local_date(value, zone), languages.active()
    parts = {
        "weekday": _day_names(code)[day.weekday()],
        "day": _day_number(day),
        "month": _month_names(code)[day.month],
        "year": day.year,
    }
    if not with_year and day.year == _today(zone, now).year:
        return pgettext("date", "{weekday} {day} {month}").format(**parts)
    return pgettext("date", "{weekday} {day} {month} {year}").format(**parts)


def date_with_year(value: date | datetime, zone: Zone = None) -> str:
    """« 1er novembre 2026 », with its year always."""
    day = _local_date(value, zone)
    month = _month_names(languages.active())[day.month]
    return pgettext("date", "{day} {month} {year}").format(day=_day_number(day), month=month, year=day.year)


def date_short(value: date | datetime, zone: Zone = None) -> str:
    """« jeu. 26 », for the heads of narrow columns, where a caption says the month."""
    day = _local_date(value, zone)
    weekday = _day_names(languages.active(), "abbreviated")[day.weekday()]
    return pgettext("date", "{weekday} {day}").format(weekday=weekday, day=_day_number(day))


def weekdays_short() -> list[str]:
    """« lun. » to « dim. », for the heads of narrow columns."""
    names = _day_names(languages.active(), "abbreviated")
    return [names[n] for n in range(7)]


def month_words(day: date) -> str:
    """« novembre 2026 », the month of that day."""
    month = _month_names(languages.active())[day.month]
    return pgettext("month", "{month} {year}").format(month=month, year=day.year)


def months_words(first: date, last: date) -> str:
    """« de novembre 2025 à octobre 2026 », « d’avril à … », from the month of one day to that of another."""
    start, end = month_words(first), month_words(last)
    if start == end:
        return start
    if start[0] in "aeiou":
        return pgettext("months, before a vowel", "from {first} to {last}").format(first=start, last=end)
    return pgettext("months", "from {first} to {last}").format(first=start, last=end)


def day_words(value: date | datetime, zone: Zone = None, *, now: datetime | None = None) -> str:
    """« aujourd’hui », « demain », or the date in words."""
    day, today = _local_date(value, zone), _today(zone, now)
    if day == today:
        return pgettext("day", "today")
    return pgettext("day", "tomorrow") if day == today + timedelta(days=1) else date_words(value, zone, now=now)


def wall_clock_hour(hour: int, minute: int) -> str:
    """« 14 h 30 », « 14 h »: an hour of a day, 24:00 included."""
    if minute:
        return pgettext("hour", "{hour:02d}:{minute:02d}").format(hour=hour, minute=minute)
    return pgettext("hour", "{hour:02d}:00").format(hour=hour)


def hour(value: datetime | time, zone: Zone = None) -> str:
    """« 14 h 30 », « 14 h ». In the hour that a night repeats, « (heure d’été) » or « (heure d’hiver) » tells which."""
    if isinstance(value, time):
        return wall_clock_hour(value.hour, value.minute)
    shown = local(value, zone)
    words = wall_clock_hour(shown.hour, shown.minute)
    first, second = shown.replace(fold=0).utcoffset(), shown.replace(fold=1).utcoffset()
    # An hour that occurs twice: its offset falls between fold 0 and 1. In a skipped hour it would rise, but no instant
    # has a skipped hour.
    if first is not None and second is not None and first > second:
        season = pgettext("hour", "winter time") if shown.fold else pgettext("hour", "summer time")
        words += f" ({season})"
    return words


def hours_range(start: datetime | time, end: datetime | time, zone: Zone = None) -> str:
    """« de 9 h à 12 h »; an end at 0:00 is « minuit », and from midnight to midnight is « toute la journée »."""
    first = local(start, zone).time() if isinstance(start, datetime) else start
    last = local(end, zone).time() if isinstance(end, datetime) else end
    ends_at_midnight = last == time(0)
    if ends_at_midnight and first == time(0):
        return all_day()
    return between(hour(start, zone), midnight() if ends_at_midnight else hour(end, zone))


def all_day() -> str:
    """« toute la journée »."""
    return pgettext("hours", "all day")


def midnight() -> str:
    """« minuit », at the end of a day."""
    return pgettext("hour", "midnight")


def between(start: str, end: str) -> str:
    """« de 9 h à 12 h », from two formatted hours."""
    return pgettext("hours", "{start} to {end}").format(start=start, end=end)


def period(
    start: datetime, end: datetime, zone: Zone = None, *, now: datetime | None = None, with_year: bool = False
) -> str:
    """« jeudi 26 novembre, de 14 h à 16 h »; over several days « du … à 22 h au … à 6 h », whole ones « du … au … »."""
    first, last = local(start, zone), local(end, zone)
    until_midnight = last.time() == time(0) and last.date() == first.date() + timedelta(days=1)
    day = date_words(start, zone, now=now, with_year=with_year)
    if first.date() == last.date() or until_midnight:
        return pgettext("period", "{day}, {hours}").format(day=day, hours=hours_range(start, end, zone))
    if first.time() == last.time() == time(0):
        last_day = date_words(end - timedelta.resolution, zone, now=now, with_year=with_year)
        return pgettext("period", "from {first} to {last}").format(first=day, last=last_day)
    return pgettext("period", "{first} at {start} to {last} at {end}").format(
        first=day,
        start=hour(start, zone),
        last=date_words(end, zone, now=now, with_year=with_year),
        end=hour(end, zone),
    )


def minutes_words(minutes: int) -> str:
    """A length: « 1 h 30 », « 45 min », « 2 jours » when it is a whole number of days."""
    if minutes and minutes % 1440 == 0:
        days = minutes // 1440
        return ngettext("{days}\N{NO-BREAK SPACE}day", "{days}\N{NO-BREAK SPACE}days", days).format(days=days)
    hours, minutes = divmod(minutes, 60)
    if not hours:
        pattern = pgettext("length", "{minutes}\N{NO-BREAK SPACE}min")
    elif not minutes:
        pattern = pgettext("length", "{hours}\N{NO-BREAK SPACE}h")
    else:
        pattern = pgettext("length", "{hours}\N{NO-BREAK SPACE}h\N{NO-BREAK SPACE}{minutes}\N{NO-BREAK SPACE}min")
    return pattern.format(hours=hours, minutes=minutes)


def number(value: Decimal | float, decimals: int | None = None) -> str:
    """« 12 480 », « 3,5 »: at most three decimals, or exactly `decimals` of them."""
    pattern = "#,##0.###" if decimals is None else "#,##0." + "0" * decimals if decimals else "#,##0"
    return _written(value, pattern, languages.active())


@lru_cache(maxsize=2048, typed=True)
def _written(value: Decimal | float, pattern: str, code: str) -> str:
    # Cached: a page of figures formats the same small numbers hundreds of times, and Babel is slow.
    return str(format_decimal(value, format=pattern, locale=languages.cldr(code)))


def money(value: Decimal) -> str:
    """« 24,00 € », with a no-break space."""
    return str(format_currency(value, "EUR", locale=languages.cldr(languages.active())))


def area(value: Decimal | float) -> str:
    """« 500 m² »."""
    return f"{number(value, None if value % 1 else 0)}{NBSP}m²"


def percent(share: Decimal | float, decimals: int = 0) -> str:
    """A share from 0 to 1 as « 42 % »."""
    return percent_words(number(share * 100, decimals))


def percent_words(written: str) -> str:
    """A formatted number with the percent sign: « 42 % », “42%”."""
    return languages.with_percent(languages.active(), written)


def instant_iso(value: datetime | date) -> str:
    """The value of the `datetime` attribute of <time>."""
    return (
        value.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value.isoformat()
    )
