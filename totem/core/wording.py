"""How dates, hours, lengths, sums and figures are written for people: templates and mails both use these functions.

The language is the active one. French follows the Lexique of the Imprimerie nationale: « 14 h 30 », « 12 480 »,
« 24,00 € », « 1er ». English is British, with a 24-hour clock. Instants are aware datetimes, shown in the zone given (a
`ZoneInfo` or its name), or else in the current one: a page about a hub gives the hub's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.numbers import format_currency, format_decimal
from django.utils import timezone
from django.utils.translation import get_language

from totem.core import clock

NBSP = "\N{NO-BREAK SPACE}"
NARROW = "\N{NARROW NO-BREAK SPACE}"

Zone = ZoneInfo | str | None


@dataclass(frozen=True)
class Voice:
    """What one language writes around the figures."""

    babel: str
    today: str
    tomorrow: str
    midnight: str
    all_day: str
    summer: str
    winter: str
    between: str
    on_day: str
    over_days: str
    over_whole_days: str
    hour: Callable[[int, int], str]
    length: Callable[[int, int], str]
    day_count: Callable[[int], str]
    day_number: Callable[[int], str]


def _hour_fr(hour: int, minute: int) -> str:
    return f"{hour}{NBSP}h{NBSP}{minute:02d}" if minute else f"{hour}{NBSP}h"


def _length_fr(hours: int, minutes: int) -> str:
    return _hour_fr(hours, minutes) if hours else f"{minutes}{NBSP}min"


def _length_en(hours: int, minutes: int) -> str:
    parts = [f"{hours}{NBSP}h"] if hours else []
    return NBSP.join([*parts, f"{minutes}{NBSP}min"] if minutes or not hours else parts)


FRENCH = Voice(
    babel="fr_FR",
    today="aujourd’hui",
    tomorrow="demain",
    midnight="minuit",
    all_day="toute la journée",
    summer="heure d’été",
    winter="heure d’hiver",
    between="de {start} à {end}",
    on_day="{day}, {hours}",
    over_days="du {first} à {start} au {last} à {end}",
    over_whole_days="du {first} au {last}",
    hour=_hour_fr,
    length=_length_fr,
    day_count=lambda days: f"{days}{NBSP}{'jours' if days > 1 else 'jour'}",
    day_number=lambda day: "1er" if day == 1 else str(day),
)
ENGLISH = Voice(
    babel="en_GB",
    today="today",
    tomorrow="tomorrow",
    midnight="midnight",
    all_day="all day",
    summer="summer time",
    winter="winter time",
    between="{start} to {end}",
    on_day="{day}, {hours}",
    over_days="{first} at {start} to {last} at {end}",
    over_whole_days="from {first} to {last}",
    hour=lambda hour, minute: f"{hour:02d}:{minute:02d}",
    length=_length_en,
    day_count=lambda days: f"{days}{NBSP}{'day' if days == 1 else 'days'}",
    day_number=str,
)


def voice() -> Voice:
    """The voice of the active language; English where there is none of its own."""
    return FRENCH if (get_language() or "fr").startswith("fr") else ENGLISH


@cache
def _names(locale: str) -> tuple[dict[int, str], dict[int, str]]:
    known = Locale.parse(locale)
    return dict(known.days["format"]["wide"]), dict(known.months["format"]["wide"])


@cache
def _short_names(locale: str) -> dict[int, str]:
    return dict(Locale.parse(locale).days["format"]["abbreviated"])


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local(value: datetime, zone: Zone = None) -> datetime:
    """The instant on the clocks of `zone` (default: the current time zone). A naive datetime raises ValueError."""
    if timezone.is_naive(value):
        raise ValueError("A time shown to people must be aware: its zone is unknown.")
    if zone is None:
        return timezone.localtime(value)
    return value.astimezone(_zone(zone) if isinstance(zone, str) else zone)


def _local_date(value: date | datetime, zone: Zone) -> date:
    return local(value, zone).date() if isinstance(value, datetime) else value


def _today(zone: Zone, now: datetime | None) -> date:
    return local(now or clock.now(), zone).date()


def date_words(value: date | datetime, zone: Zone = None, *, now: datetime | None = None) -> str:
    """« jeudi 26 novembre »; the year follows when it is not the current one."""
    day, said = _local_date(value, zone), voice()
    days, months = _names(said.babel)
    words = f"{days[day.weekday()]} {said.day_number(day.day)} {months[day.month]}"
    return words if day.year == _today(zone, now).year else f"{words} {day.year}"


def date_short(value: date | datetime, zone: Zone = None) -> str:
    """« jeu. 26 », for the heads of narrow columns, where a caption says the month."""
    day, said = _local_date(value, zone), voice()
    return f"{_short_names(said.babel)[day.weekday()]} {said.day_number(day.day)}"


def day_words(value: date | datetime, zone: Zone = None, *, now: datetime | None = None) -> str:
    """« aujourd’hui », « demain », or the date in words."""
    day, today = _local_date(value, zone), _today(zone, now)
    if day == today:
        return voice().today
    return voice().tomorrow if day == today + timedelta(days=1) else date_words(value, zone, now=now)


def hour(value: datetime | time, zone: Zone = None) -> str:
    """« 14 h 30 », « 14 h ». In the hour that a night repeats, « (heure d’été) » or « (heure d’hiver) » tells which."""
    said = voice()
    if isinstance(value, time):
        return said.hour(value.hour, value.minute)
    shown = local(value, zone)
    words = said.hour(shown.hour, shown.minute)
    first, second = shown.replace(fold=0).utcoffset(), shown.replace(fold=1).utcoffset()
    # Twice on the clocks: the offset falls between the two readings. In the hour that is jumped it would rise, but no
    # instant has such a reading.
    if first is not None and second is not None and first > second:
        words += f" ({said.winter if shown.fold else said.summer})"
    return words


def hours_range(start: datetime | time, end: datetime | time, zone: Zone = None) -> str:
    """« de 9 h à 12 h »; an end at 0:00 is « minuit », and from midnight to midnight is « toute la journée »."""
    said = voice()
    first = local(start, zone).time() if isinstance(start, datetime) else start
    last = local(end, zone).time() if isinstance(end, datetime) else end
    ends_at_midnight = last == time(0)
    if ends_at_midnight and first == time(0):
        return said.all_day
    return said.between.format(start=hour(start, zone), end=said.midnight if ends_at_midnight else hour(end, zone))


def period(start: datetime, end: datetime, zone: Zone = None, *, now: datetime | None = None) -> str:
    """« jeudi 26 novembre, de 14 h à 16 h »; over several days « du … à 22 h au … à 6 h », whole ones « du … au … »."""
    said, first, last = voice(), local(start, zone), local(end, zone)
    until_midnight = last.time() == time(0) and last.date() == first.date() + timedelta(days=1)
    day = date_words(start, zone, now=now)
    if first.date() == last.date() or until_midnight:
        return said.on_day.format(day=day, hours=hours_range(start, end, zone))
    if first.time() == last.time() == time(0):
        return said.over_whole_days.format(first=day, last=date_words(end - timedelta.resolution, zone, now=now))
    return said.over_days.format(
        first=day, start=hour(start, zone), last=date_words(end, zone, now=now), end=hour(end, zone)
    )


def minutes_words(minutes: int) -> str:
    """A length: « 1 h 30 », « 45 min », « 2 jours » when it is a whole number of days."""
    said = voice()
    if minutes and minutes % 1440 == 0:
        return said.day_count(minutes // 1440)
    return said.length(*divmod(minutes, 60))


def number(value: Decimal | float, decimals: int | None = None) -> str:
    """« 12 480 », « 3,5 »: at most three decimals, or exactly `decimals` of them."""
    pattern = "#,##0.###" if decimals is None else "#,##0." + "0" * decimals if decimals else "#,##0"
    return _written(value, pattern, voice().babel)


@lru_cache(maxsize=8192, typed=True)
def _written(value: Decimal | float, pattern: str, locale: str) -> str:
    # A page of figures writes the same small numbers hundreds of times, and Babel takes its time.
    return str(format_decimal(value, format=pattern, locale=locale))


def money(value: Decimal) -> str:
    """« 24,00 € », with a no-break space."""
    return str(format_currency(value, "EUR", locale=voice().babel))


def area(value: Decimal | float) -> str:
    """« 500 m² »."""
    return f"{number(value, None if value % 1 else 0)}{NBSP}m²"


def percent(share: Decimal | float, decimals: int = 0) -> str:
    """A share from 0 to 1 as « 42 % »."""
    sign = f"{NBSP}%" if voice() is FRENCH else "%"
    return f"{number(share * 100, decimals)}{sign}"


def instant_iso(value: datetime | date) -> str:
    """What the `datetime` attribute of <time> holds."""
    return (
        value.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value.isoformat()
    )
