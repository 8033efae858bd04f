"""Public holidays of a department, and the days on which many close there by custom."""

import datetime
from collections.abc import Collection
from functools import cache, lru_cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

from dateutil.easter import easter
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from totem.core import languages

if TYPE_CHECKING:
    import holidays

    from totem.territories.models import Department

# Subdivisions of the `holidays` library for France. Alsace-Moselle: Code du travail, art. L3134-13; the collectivities
# of the Pacific have lists of their own. Everywhere else: the eleven days of L3133-1. Those of the library for the
# Antilles are not used: they hold customs too.
HOLIDAY_ZONES = {"57": "57", "67": "6AE", "68": "6AE", "984": "TF", "986": "WF", "987": "PF", "988": "NC"}

# Month and day of the commemoration of the abolition of slavery, by department: Code du travail, art. L3422-2.
ABOLITION_DAYS = {
    "971": (5, 27),
    "972": (5, 22),
    "973": (6, 10),
    "974": (12, 20),
    "976": (4, 27),
    "977": (10, 9),
    "978": (5, 27),
}


class CustomaryHoliday(models.TextChoices):
    """A day on which many close overseas by custom, without a law: each hub chooses."""

    MID_LENT = "mid_lent", _("Mid-Lent")
    GOOD_FRIDAY = "good_friday", _("Good Friday")
    SCHOELCHER = "schoelcher", _("Victor Schœlcher Day (21 July)")
    SAINT_MARTIN = "saint_martin", _("Abolition of slavery in Saint-Martin (28 May)")

    def day_of(self, year: int) -> datetime.date:
        """Its day of that year."""
        easter_sunday: datetime.date = easter(year)
        match self:
            case CustomaryHoliday.MID_LENT:
                return easter_sunday - datetime.timedelta(days=24)
            case CustomaryHoliday.GOOD_FRIDAY:
                return easter_sunday - datetime.timedelta(days=2)
            case CustomaryHoliday.SCHOELCHER:
                return datetime.date(year, 7, 21)
            case CustomaryHoliday.SAINT_MARTIN:
                return datetime.date(year, 5, 28)


CUSTOMARY_HOLIDAYS = {
    "971": [CustomaryHoliday.MID_LENT, CustomaryHoliday.GOOD_FRIDAY, CustomaryHoliday.SCHOELCHER],
    "972": [CustomaryHoliday.GOOD_FRIDAY, CustomaryHoliday.SCHOELCHER],
    "977": [CustomaryHoliday.MID_LENT, CustomaryHoliday.GOOD_FRIDAY],
    "978": [CustomaryHoliday.SCHOELCHER, CustomaryHoliday.SAINT_MARTIN],
}


def holidays_between(
    department: "Department", first: datetime.date, last: datetime.date, *, customs: Collection[str] = ()
) -> dict[datetime.date, str]:
    """Public holidays of the department from `first` to `last`, both included, in order, named in the language in use.

    Source: Code du travail, art. L3133-1 (national) and L3134-13 (Alsace-Moselle), with those of the collectivities of
    the Pacific, by the `holidays` library; L3422-2 (overseas). Good Friday is given for the whole of Alsace-Moselle,
    though the law says only in communes with a Protestant church or a mixed one: a hub elsewhere opens that day by an
    exceptional opening. `customs` adds the days of those `CustomaryHoliday`s.
    """
    language = languages.active()
    days: dict[datetime.date, str] = {}
    for year in range(first.year, last.year + 1):
        days |= {CustomaryHoliday(custom).day_of(year): str(CustomaryHoliday(custom).label) for custom in customs}
        if department.code in ABOLITION_DAYS:
            days[datetime.date(year, *ABOLITION_DAYS[department.code])] = gettext("Abolition of slavery")
        days |= _holidays_of(department.holiday_zone, year, language)
    return {day: days[day] for day in sorted(days) if first <= day <= last}


@cache
def _france() -> "type[holidays.HolidayBase]":
    """The library's France alone: the package it stands in imports all countries, 10 MB for nothing."""
    import holidays  # noqa: PLC0415 - 2 MB that only pages of a hub's days need

    path = Path(holidays.__file__).parent / "countries" / "france.py"
    spec = spec_from_file_location("holidays_of_france", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.France  # type: ignore[no-any-return]


@lru_cache(maxsize=512)
def _holidays_of(zone: str, year: int, language: str) -> dict[datetime.date, str]:
    supported = _france().supported_languages
    known = next((code for code in supported if code.partition("_")[0] == language), languages.FRENCH)
    found = _france()(subdiv=zone or None, years=year, language=known)
    return {day: name.replace("'", "’") for day, name in found.items()}
