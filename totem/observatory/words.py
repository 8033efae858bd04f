"""What the observatory's figures are called and mean, on pages, in print and in files: labels and definitions.

Numbers of a method come from the code that applies it. What a figure hides: `notes`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from totem.core.wording import date_with_year, number, percent
from totem.observatory.nomenclature import read_bands
from totem.observatory.register.layout import Estimate

if TYPE_CHECKING:
    from totem.observatory.answers import Interval, Totals
    from totem.observatory.engine import Scope

Text = str | Promise
REGISTER = gettext_lazy("Sirene business register (INSEE), Licence Ouverte 2.0")
SYNTHETIC = gettext_lazy("These figures are synthetic: made up for tests and demonstrations, they describe nobody.")


class Definition(NamedTuple):
    """A label, its definition in one sentence, and where the figure comes from."""

    label: Text
    definition: Text
    source: Text = REGISTER


_YEARS = Estimate()

# -- Definitions ------------------------------------------------------------------------------------------------------

DEFINITIONS: Mapping[str, Definition] = {
    "head_offices": Definition(
        gettext_lazy("Companies with head office here"),
        gettext_lazy(
            "Companies (SIREN) whose head office, open on the date of the edition of the register, is in the territory."
        ),
    ),
    "establishments": Definition(
        gettext_lazy("Establishments"),
        gettext_lazy(
            "Places of activity (SIRET) open on the date of the edition of the register, head offices included."
        ),
    ),
    "employers": Definition(
        gettext_lazy("Employing establishments"),
        gettext_lazy(
            "Open establishments with a headcount band of one employee or more, or that declare themselves employers."
        ),
    ),
    "estimated": Definition(
        gettext_lazy("Estimated active"),
        format_lazy(
            gettext_lazy(
                "Open establishments that employ, or are young ({young_company} years; {young_person} for a person),"
                " or whose entry moved lately ({seen_company} years; {seen_person} for a person): an estimate by Totem."
            ),
            young_company=_YEARS.young_company,
            young_person=_YEARS.young_person,
            seen_company=_YEARS.seen_company,
            seen_person=_YEARS.seen_person,
        ),
        gettext_lazy("Totem, from the Sirene register (INSEE)"),
    ),
    "jobs": Definition(
        gettext_lazy("Employees"),
        gettext_lazy(
            "Sum of the headcount bands of the open establishments: the register gives intervals, so does the figure."
        ),
    ),
    "growth": Definition(
        gettext_lazy("Change over five years"),
        gettext_lazy(
            "Open establishments at the end of the last full year, against those five years before. Those registered as"
            " open that are not estimated active are left out of the estimate today; five years before, each of them"
            " may have been active or not: hence its two bounds."
        ),
    ),
    "share": Definition(
        gettext_lazy("Share"),
        gettext_lazy("Part of the open establishments counted here."),
    ),
    "everything": Definition(
        gettext_lazy("All establishments"),
        gettext_lazy("Open establishments of every activity, digital or not."),
    ),
    "weight": Definition(
        gettext_lazy("Weight of the sector"),
        gettext_lazy("Establishments counted, over the open establishments of every activity."),
    ),
    "quotient": Definition(
        gettext_lazy("Specialisation"),
        gettext_lazy(
            "The branch’s share of all open establishments here, over its share in the country: 1 is the country’s."
        ),
    ),
    "country": Definition(
        gettext_lazy("In the country"),
        gettext_lazy("Open establishments of the branch in the whole country."),
    ),
    "stock": Definition(
        gettext_lazy("Open at the end of the year"),
        gettext_lazy(
            "Establishments open on 31 December; for the last year, on the date of the edition of the register."
        ),
    ),
    "births": Definition(
        gettext_lazy("Births"),
        gettext_lazy("Establishments opened in the year, without those that carry on another."),
    ),
    "closures": Definition(
        gettext_lazy("Closures"),
        gettext_lazy("Establishments closed in the year, without those that another carries on."),
    ),
    "arrivals": Definition(
        gettext_lazy("Arrivals"),
        gettext_lazy("Establishments that moved into the territory, or into the activities counted, by the links."),
    ),
    "departures": Definition(
        gettext_lazy("Departures"),
        gettext_lazy("Establishments that moved out of the territory, or of the activities counted, by the links."),
    ),
    "before": Definition(
        gettext_lazy("Open a year before"),
        gettext_lazy("Establishments open at the end of the year before."),
    ),
    "others": Definition(
        gettext_lazy("Other entries and exits"),
        gettext_lazy(
            "Balance of what else changed the number open: establishments that took up or gave up the activities"
            " counted without opening or closing, or that moved in another year than they opened or closed."
        ),
    ),
    "unit_band": Definition(
        gettext_lazy("Band of the company"),
        gettext_lazy("Headcount band of the whole company, wherever its employees work."),
    ),
    "band": Definition(
        gettext_lazy("Headcount band"),
        gettext_lazy("Headcount band of the establishment itself, not of the company."),
    ),
}
UNITS = {name: DEFINITIONS[name] for name in ("establishments", "head_offices", "employers")}

# -- Lists ------------------------------------------------------------------------------------------------------------

# First level of INSEE's list of legal categories.
LEGAL_FORMS: Mapping[str, Text] = {
    "0": gettext_lazy("Collective investment fund"),
    "1": gettext_lazy("Sole trader"),
    "2": gettext_lazy("Private grouping without legal personality"),
    "3": gettext_lazy("Foreign legal person"),
    "4": gettext_lazy("Public legal person under commercial law"),
    "5": gettext_lazy("Commercial company"),
    "6": gettext_lazy("Other legal person of the trade register"),
    "7": gettext_lazy("Public body under administrative law"),
    "8": gettext_lazy("Specialised private body"),
    "9": gettext_lazy("Association or other private grouping"),
}
CATEGORIES: Mapping[str, Text] = {
    "PME": gettext_lazy("Small or medium-sized"),
    "ETI": gettext_lazy("Mid-sized"),
    "GE": gettext_lazy("Large"),
}
# By the words of data/naf2025_bridge.csv.
PASSAGES: Mapping[str, Text] = {
    "": gettext_lazy("not in the official table"),
    "Unique": gettext_lazy("official, one to one"),
    "Multiple": gettext_lazy("official, one of several"),
    "cible citée par une source secondaire, ligne non relue": gettext_lazy("official, read second-hand"),
}
# How well it is known: the columns of `quality.sql`, then the rules by which a stock was read (`layout.RULES`).
FLAWS: Mapping[str, Text] = {
    "non_employer": gettext_lazy("Non-employers (NN)"),
    "band_missing": gettext_lazy("Without headcount band"),
    "employer_without_band": gettext_lazy("Employers since, without a band yet"),
    "partial_diffusion": gettext_lazy("Under partial diffusion: counted, never named nor placed"),
    "not_placed": gettext_lazy("Without a position"),
    "birth_unknown": gettext_lazy("Without a date of birth that can be believed"),
    "perhaps_inactive": gettext_lazy("Registered as open, not estimated active"),
}
RULES: Mapping[str, Text] = {
    "non_employer": FLAWS["non_employer"],
    "band_unknown": FLAWS["band_missing"],
    "employer_flag_without_band": gettext_lazy("Declared employer, without a band"),
    "band_without_employer_flag": gettext_lazy("With a headcount band, declared not to employ"),
    "absurd_date": gettext_lazy("With an impossible date, read as unknown"),
    "placeholder_date": gettext_lazy("Dated 1 January 1900, read as unknown"),
    "no_date": gettext_lazy("Without a date of birth"),
    "partial_diffusion": FLAWS["partial_diffusion"],
    "masked_coordinates": gettext_lazy("With masked coordinates"),
    "random_coordinates": gettext_lazy("With a random position in the commune, left out of maps"),
    "no_coordinates": gettext_lazy("Open, without coordinates"),
    "impossible_coordinates": gettext_lazy("With coordinates out of their territory"),
    "old_nomenclature": gettext_lazy("Coded in an older nomenclature, left out of counts by activity"),
    "no_activity": gettext_lazy("Without an activity"),
    "double_coded": gettext_lazy("Coded in both NAF rev. 2 and NAF 2025"),
    "folded_communes": gettext_lazy("At the code of a former commune or a district, folded to the present commune"),
    "unknown_commune": gettext_lazy("At an unknown commune code"),
    "abroad": gettext_lazy("Abroad"),
    "no_commune": gettext_lazy("Without a commune"),
    "no_unit": gettext_lazy("Whose company is not in the file"),
    "open_of_closed_unit": gettext_lazy("Open, of a company that has ceased"),
    "registered_only": FLAWS["perhaps_inactive"],
    "domiciliation": gettext_lazy("Addresses of many units without an employer"),
    "old_nomenclature_periods": gettext_lazy("Periods of the past coded in an older nomenclature"),
    "absurd_date_periods": gettext_lazy("Periods of the past with an impossible date"),
}


def band_words(code: str | None, *, unknown: bool = False) -> str:
    """The headcount band in words; `unknown`: declared an employer since, which bounds nothing."""
    if code == "NN":
        return _("Employer since, headcount not known yet") if unknown else _("Non-employer")
    if code == "00":
        return _("None on 31 December, some in the year")
    band = {band.code: band for band in read_bands()}.get(code or "")
    if band is None:
        return code or _("No band in the register")
    if band.most is None:
        return _("%(low)s employees and more") % {"low": number(band.least)}
    pattern = _("%(low)s or %(high)s employees") if band.most == band.least + 1 else _("%(low)s to %(high)s employees")
    return pattern % {"low": number(band.least), "high": number(band.most)}


def legal_words(digit: str | None) -> str:
    """The legal form of a first digit of INSEE's legal category."""
    return str(LEGAL_FORMS.get(digit or "", _("Not known")))


class AgeClass(NamedTuple):
    """Years of birth from `first` to `last`, both included; no `first` for the oldest."""

    first: int | None
    last: int

    @property
    def words(self) -> str:
        if self.first is None:
            return _("before %(year)s") % {"year": self.last + 1}
        if self.first == self.last:
            return str(self.last)
        return _("%(first)s to %(last)s") % {"first": self.first, "last": self.last}


AGES = (3, 6, 10, 15, 25)  # a class begins at each of these ages in calendar years; the first at 0


def age_classes(year: int) -> tuple[AgeClass, ...]:
    """The classes of birth years of a stock of that year, the youngest first."""
    edges = [0, *AGES]
    young = tuple(AgeClass(year - high + 1, year - low) for low, high in zip(edges, AGES, strict=False))
    return (*young, AgeClass(None, year - AGES[-1]))


# -- Dates and numbers -------------------------------------------------------------------------------------------------


def interval_words(interval: "Interval") -> str:
    """« 1 050 to 2 550, plus 3 establishments of unknown headcount », or the number alone."""
    text = number(interval.low)
    if interval.low < interval.high:
        text = _("%(low)s to %(high)s") % {"low": text, "high": number(interval.high)}
    if interval.endless:
        values = {"count": number(interval.endless), "interval": text}
        text = (
            ngettext(
                "%(interval)s or more: %(count)s establishment has no upper bound",
                "%(interval)s or more: %(count)s establishments have no upper bound",
                interval.endless,
            )
            % values
        )
    if interval.unknown:
        values = {"count": number(interval.unknown), "interval": text}
        text = (
            ngettext(
                "%(interval)s, plus %(count)s establishment of unknown headcount",
                "%(interval)s, plus %(count)s establishments of unknown headcount",
                interval.unknown,
            )
            % values
        )
    return text


def counted_words(scope: "Scope") -> str:
    """What every figure carries: the activities counted and the stock’s date."""
    return _("%(activities)s; edition of the register of %(date)s") % {
        "activities": scope.activities.label,
        "date": date_with_year(scope.stock.date),
    }


def undecided_words(totals: "Totals", unit: str) -> str:
    """The part of that unit of a drawn place that cannot be decided, in words; empty where all is."""
    unsure, share = totals.undecided.get(unit, 0), totals.share_undecided(unit)
    if not unsure or share is None:
        return ""
    said = ngettext(
        "%(count)s more cannot be decided (%(share)s): no position",
        "%(count)s more cannot be decided (%(share)s): no position",
        unsure,
    )
    return said % {"count": number(unsure), "share": percent(share, 1)}
