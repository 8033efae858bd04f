"""What the observatory's figures mean, in words that stand on the page, under the pointer, in print and in the files.

Labels, definitions and the notes that say what a figure hides. Numbers of a method come from the code that applies it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from totem.core.wording import date_with_year, number, percent
from totem.observatory.corrections import reach
from totem.observatory.coverage import missing
from totem.observatory.nomenclature import read_bands
from totem.observatory.register.layout import DOMICILIATION_UNITS, Estimate

if TYPE_CHECKING:
    from totem.observatory.engine import Scope
    from totem.observatory.queries import Interval, Profile, Totals

Text = str | Promise


class Said(NamedTuple):
    """A notion: its label, its definition in one sentence, and where the figure comes from."""

    label: Text
    definition: Text
    source: Text


class Note(NamedTuple):
    """A sentence that keeps a figure from being misread; `name` is its anchor."""

    name: str
    title: Text
    words: Text


REGISTER = gettext_lazy("Sirene business register (INSEE), Licence Ouverte 2.0")
_YEARS = Estimate()
DIFFERENCES = ("establishments", "head_offices", "employers")

# -- Notions ----------------------------------------------------------------------------------------------------------

NOTIONS: Mapping[str, Said] = {
    "head_offices": Said(
        gettext_lazy("Companies with head office here"),
        gettext_lazy("Legal units (SIREN) whose head office, open on the stock’s date, is in the territory."),
        REGISTER,
    ),
    "establishments": Said(
        gettext_lazy("Establishments"),
        gettext_lazy("Places of activity (SIRET) open on the stock’s date, head offices included."),
        REGISTER,
    ),
    "employers": Said(
        gettext_lazy("Employing establishments"),
        gettext_lazy(
            "Open establishments with a headcount band of one employee or more, or that declare themselves employers."
        ),
        REGISTER,
    ),
    "estimated": Said(
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
    "jobs": Said(
        gettext_lazy("Employees"),
        gettext_lazy(
            "Sum of the headcount bands of the open establishments: the register gives intervals, so does the figure."
        ),
        REGISTER,
    ),
    "growth": Said(
        gettext_lazy("Change over five years"),
        gettext_lazy("Open establishments at the end of the last full year, against those five years before."),
        REGISTER,
    ),
    "share": Said(
        gettext_lazy("Share"),
        gettext_lazy("Part of the open establishments counted here."),
        REGISTER,
    ),
    "everything": Said(
        gettext_lazy("All establishments"),
        gettext_lazy("Open establishments of every activity, digital or not."),
        REGISTER,
    ),
    "weight": Said(
        gettext_lazy("Weight of the sector"),
        gettext_lazy("Establishments counted, over the open establishments of every activity."),
        REGISTER,
    ),
    "quotient": Said(
        gettext_lazy("Specialisation"),
        gettext_lazy(
            "The branch’s share of all open establishments here, over its share in the country: 1 is the country’s."
        ),
        REGISTER,
    ),
    "country": Said(
        gettext_lazy("In the country"),
        gettext_lazy("Open establishments of the branch in the whole country."),
        REGISTER,
    ),
    "stock": Said(
        gettext_lazy("Stock"),
        gettext_lazy("Establishments open on 31 December; for the last year, on the stock’s date."),
        REGISTER,
    ),
    "births": Said(
        gettext_lazy("Births"),
        gettext_lazy("Establishments opened in the year, without those that carry on another."),
        REGISTER,
    ),
    "closures": Said(
        gettext_lazy("Closures"),
        gettext_lazy("Establishments closed in the year, without those that another carries on."),
        REGISTER,
    ),
    "arrivals": Said(
        gettext_lazy("Arrivals"),
        gettext_lazy("Establishments that moved into the territory, or into the activities counted, by the links."),
        REGISTER,
    ),
    "departures": Said(
        gettext_lazy("Departures"),
        gettext_lazy("Establishments that moved out of the territory, or of the activities counted, by the links."),
        REGISTER,
    ),
    "unit_band": Said(
        gettext_lazy("Band of the company"),
        gettext_lazy("Headcount band of the whole legal unit, wherever its employees work."),
        REGISTER,
    ),
    "band": Said(
        gettext_lazy("Headcount band"),
        gettext_lazy("Headcount band of the establishment itself, not of the company."),
        REGISTER,
    ),
}
UNITS = {name: NOTIONS[name] for name in DIFFERENCES}

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
    "no_unit": gettext_lazy("Whose legal unit is not in the file"),
    "open_of_closed_unit": gettext_lazy("Open, of a legal unit that has ceased"),
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


def interval_words(interval: "Interval", unbounded: int = 0) -> str:
    """« 1 050 to 2 550 », « at least 1 050 (nothing bounds 83 establishments) », or the number alone."""
    low = number(interval.low)
    if interval.high is None:
        if not unbounded:
            return _("at least %(low)s") % {"low": low}
        return ngettext(
            "at least %(low)s (nothing bounds %(count)s establishment)",
            "at least %(low)s (nothing bounds %(count)s establishments)",
            unbounded,
        ) % {"low": low, "count": number(unbounded)}
    if interval.exact:
        return low
    return _("%(low)s to %(high)s") % {"low": low, "high": number(interval.high)}


# -- Notes ------------------------------------------------------------------------------------------------------------

NOTES: Mapping[str, Note] = {
    note.name: note
    for note in (
        Note(
            "unites",
            gettext_lazy("Three units"),
            gettext_lazy(
                "A company with ten sites is one head office and ten establishments: figures can only be compared in"
                " the same unit, so the three stand side by side."
            ),
        ),
        Note(
            "non-employeurs",
            gettext_lazy("Non-employers"),
            gettext_lazy(
                "« NN » in the register is a non-employer, not an unknown: no employee in the year of the band nor on"
                " its 31 December. An employer born since is « NN » too, so young employers are missed."
            ),
        ),
        Note(
            "tranches",
            gettext_lazy("Headcount bands"),
            gettext_lazy(
                "Sizes are those of the establishment, not of its company: an agency of a large group is small here."
                " The company’s own band stands beside it where companies are listed."
            ),
        ),
        Note(
            "intervalles",
            gettext_lazy("Intervals"),
            gettext_lazy(
                "The register knows headcounts by band only. They are added up as intervals, from the sum of the lowest"
                " to the sum of the highest values; a midpoint would be a guess."
            ),
        ),
        Note(
            "diffusion-partielle",
            gettext_lazy("Partial diffusion"),
            gettext_lazy(
                "Units that asked not to be shown (Commerce Code, art. R123-232-1) are counted in their commune, never"
                " named nor placed on a map."
            ),
        ),
        Note(
            "actifs-estimes",
            gettext_lazy("Registered and estimated active"),
            format_lazy(
                gettext_lazy(
                    "Nobody has to declare an end, so the register keeps units that stopped long ago: INSEE found 5.5"
                    " of 8.9 million active in 2022. Beside what is registered stands an estimate: open, of an open"
                    " legal unit, and an employer, or born less than {young_company} years ago ({young_person} for a"
                    " person), or with an entry that moved in the last {seen_company} years ({seen_person}"
                    " for a person)."
                ),
                young_company=_YEARS.young_company,
                young_person=_YEARS.young_person,
                seen_company=_YEARS.seen_company,
                seen_person=_YEARS.seen_person,
            ),
        ),
        Note(
            "demenagements",
            gettext_lazy("Moves"),
            gettext_lazy(
                "A move closes one establishment and opens another under a new number. With the register’s succession"
                " links the two are chained: they count as a departure and an arrival, not as a closure and a birth."
            ),
        ),
        Note(
            "demenagements-non-chaines",
            gettext_lazy("Moves not chained"),
            gettext_lazy("This stock was read without the succession links: a move counts as a closure and a birth."),
        ),
        Note(
            "dates",
            gettext_lazy("Dates"),
            gettext_lazy(
                "Dates out of reason (year 0001, 2925…) and 1 January 1900, which stands for « unknown », are read as"
                " unknown; such establishments are counted, without an age."
            ),
        ),
        Note(
            "positions",
            gettext_lazy("Positions"),
            gettext_lazy(
                "Positions that INSEE drew at random in the commune are not placed: neither on maps nor in a drawn"
                " perimeter. They count in their commune."
            ),
        ),
        Note(
            "sans-positions",
            gettext_lazy("No positions"),
            gettext_lazy(
                "This stock was read without the geolocation file: only the register’s own coordinates place"
                " establishments, and they do not say which were drawn at random."
            ),
        ),
        Note(
            "anciennes-nomenclatures",
            gettext_lazy("Older nomenclatures"),
            gettext_lazy(
                "Establishments closed long ago still carry codes of older nomenclatures (NAP, NAF 1993, NAF rev. 1)."
                " They are no part of the counts by activity, so the first years of the series miss some."
            ),
        ),
        Note(
            "naf-2025",
            gettext_lazy("NAF 2025"),
            gettext_lazy(
                "On 1 January 2027 NAF 2025 replaces NAF rev. 2. Codes do not map one to one, so a figure speaks of one"
                " nomenclature; the page « from one NAF to the other » shows what really changes here."
            ),
        ),
        Note(
            "naf-2025-sans-serie",
            gettext_lazy("No series in NAF 2025"),
            gettext_lazy("The register does not tell the past in NAF 2025: there is no yearly series in it."),
        ),
        Note(
            "zone-dessinee",
            gettext_lazy("Drawn territory"),
            gettext_lazy(
                "Communes wholly inside count as a whole; those cut by the edge count the establishments whose position"
                " is inside. Those without a position cannot be decided, and their number is said."
            ),
        ),
        Note(
            "zone-dessinee-serie",
            gettext_lazy("Series and moves of a drawn territory"),
            gettext_lazy(
                "Series and moves know communes only: they speak of all the communes that the drawing touches."
            ),
        ),
        Note(
            "serie",
            gettext_lazy("Yearly series"),
            gettext_lazy(
                "Past years come from the history of establishments: state and activity of the time, at the present"
                " address, as the register keeps no past commune; past sizes do not exist."
            ),
        ),
        Note(
            "serie-approchee",
            gettext_lazy("Yearly series, approximate"),
            gettext_lazy(
                "This stock was read without the history: past years come from dates of birth and of the present state,"
                " with today’s activity and address. They are approximate."
            ),
        ),
        Note(
            "corrections",
            gettext_lazy("Corrections by hand"),
            gettext_lazy(
                "Companies counted or left out by hand, each with its reason, change the counts of today. They do not"
                " reach the yearly series, nor the country’s figures."
            ),
        ),
        Note(
            "corrections-absentes",
            gettext_lazy("Corrections by hand not counted"),
            gettext_lazy(
                "The companies counted or left out by hand in these activities are not corrected here: the rows of this"
                " stock were gone when they were published."
            ),
        ),
        Note(
            "domiciliation",
            gettext_lazy("Domiciliation and holdings"),
            format_lazy(
                gettext_lazy(
                    "An address where {count} units of the sector or more are registered and nobody is employed is more"
                    " often a postal address than a workplace: the page on quality lists them, the counts keep them."
                ),
                count=DOMICILIATION_UNITS,
            ),
        ),
        Note(
            "communes",
            gettext_lazy("Communes of today"),
            gettext_lazy(
                "Merged communes and the municipal districts of Paris, Lyon and Marseille are folded to the present"
                " commune before anything is counted."
            ),
        ),
        Note(
            "synthetique",
            gettext_lazy("Synthetic figures"),
            gettext_lazy("These figures are synthetic: made up for tests and demonstrations, they describe nobody."),
        ),
    )
}
SYNTHETIC = NOTES["synthetique"].words


def notes_for(scope: "Scope", profile: "Profile | None" = None) -> tuple[Note, ...]:
    """The notes that apply to the figures of this scope, the most needed first."""
    stock, activities, place = scope.stock, scope.activities, scope.place
    series = "serie" if stock.has_history else "serie-approchee"
    rev2 = not activities.naf2025 or activities.nomenclature == "NAFRev2"
    totals = profile.totals if profile else None
    applies = {
        "synthetique": stock.synthetic,
        "unites": True,
        "actifs-estimes": True,
        "non-employeurs": True,
        "intervalles": True,
        "tranches": True,
        "zone-dessinee": bool(place.partial),
        "diffusion-partielle": totals is None or totals.partial_diffusion > 0,
        "positions": stock.has_coordinates,
        "sans-positions": not stock.has_coordinates,
        "dates": totals is None or totals.birth_unknown > 0,
        series: rev2,
        "zone-dessinee-serie": rev2 and bool(place.partial),
        "anciennes-nomenclatures": rev2,
        "demenagements" if stock.has_links else "demenagements-non-chaines": rev2,
        "naf-2025-sans-serie": not rev2,
        "corrections": activities.corrected and reach(stock, activities.version_id),
        "corrections-absentes": activities.corrected and not reach(stock, activities.version_id),
        "naf-2025": True,
        "domiciliation": True,
        "communes": True,
    }
    return (*_left_out(scope), *(NOTES[name] for name, wanted in applies.items() if wanted))


def _left_out(scope: "Scope") -> tuple[Note, ...]:
    """What says that activities published after the stock was imported are not in its figures, or not in its series."""
    found = missing(scope)
    series = tuple(code for code in found.series if code not in found.cube)
    told = []
    if found.cube:
        text = _("Published after this stock was imported, %(codes)s are not counted in it yet: no figure holds them.")
        told.append(Note("activites-absentes", _("Activities not counted"), text % {"codes": ", ".join(found.cube)}))
    if series and scope.activities.nomenclature == "NAFRev2":
        text = _("The yearly series leaves out %(codes)s, published after this stock was imported.")
        told.append(Note("serie-incomplete", _("Series not whole"), text % {"codes": ", ".join(series)}))
    return tuple(told)


def counted_words(scope: "Scope") -> str:
    """What every figure carries: the activities counted and the stock’s date."""
    return _("%(activities)s; stock of %(date)s") % {
        "activities": scope.activities.label,
        "date": date_with_year(scope.stock.date),
    }


def undecided_words(totals: "Totals", unit: str) -> str:
    """The part of that unit of a drawn place that cannot be decided, in words; empty where all is."""
    unsure, share = totals.undecided.get(unit, 0), totals.share_undecided(unit)
    if not unsure or share is None:
        return ""
    return _("%(count)s more cannot be decided (%(share)s): no position") % {
        "count": number(unsure),
        "share": percent(share, 1),
    }
