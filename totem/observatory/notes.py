"""Sentences that keep figures from being misread, and where each applies."""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core.wording import number
from totem.observatory.answers import Profile
from totem.observatory.corrections import reach
from totem.observatory.coverage import is_of_whole_country, missing
from totem.observatory.engine import Scope
from totem.observatory.models import Stock
from totem.observatory.register.layout import DOMICILIATION_UNITS, Estimate
from totem.observatory.register.plausibility import WHOLE
from totem.observatory.words import SYNTHETIC
from totem.territories.overlaps import RULE_WORDS

_YEARS = Estimate()


class Note(NamedTuple):
    """A sentence under figures; `name` is its anchor."""

    name: str
    title: str | Promise
    text: str | Promise


_TEXTS: Mapping[str, tuple[str | Promise, str | Promise]] = {
    "unites": (
        gettext_lazy("Three units"),
        gettext_lazy(
            "A company with ten sites is one head office and ten establishments: figures can only be compared in"
            " the same unit, so the three stand side by side."
        ),
    ),
    "non-employeurs": (
        gettext_lazy("Non-employers"),
        gettext_lazy(
            "« NN » in the register is a non-employer, not an unknown: no employee in the year of the band nor on"
            " its 31 December. An employer born since is « NN » too, so young employers are missed."
        ),
    ),
    "tranches": (
        gettext_lazy("Headcount bands"),
        gettext_lazy(
            "Sizes are those of the establishment, not of its company: an agency of a large group is small here."
            " The company’s own band stands beside it where companies are listed."
        ),
    ),
    "intervalles": (
        gettext_lazy("Intervals"),
        gettext_lazy(
            "The register knows headcounts by band only. They are added up as intervals, from the sum of the lowest"
            " to the sum of the highest values; a midpoint would be a guess."
        ),
    ),
    "diffusion-partielle": (
        gettext_lazy("Partial diffusion"),
        gettext_lazy(
            "Units that asked not to be shown (Commerce Code, art. R123-232-1) are counted in their commune, never"
            " named nor placed on a map."
        ),
    ),
    "actifs-estimes": (
        gettext_lazy("Registered and estimated active"),
        format_lazy(
            gettext_lazy(
                "Nobody has to declare an end, so the register keeps units that stopped long ago: INSEE found 5.5"
                " of 8.9 million active in 2022. Beside what is registered stands an estimate: open, of an open"
                " company, and an employer, or born less than {young_company} years ago ({young_person} for a"
                " person), or with an entry that moved in the last {seen_company} years ({seen_person}"
                " for a person)."
            ),
            young_company=_YEARS.young_company,
            young_person=_YEARS.young_person,
            seen_company=_YEARS.seen_company,
            seen_person=_YEARS.seen_person,
        ),
    ),
    "demenagements": (
        gettext_lazy("Moves"),
        gettext_lazy(
            "A move closes one establishment and opens another under a new number. With the register’s succession"
            " links the two are chained: they count as a departure and an arrival, not as a closure and a birth."
        ),
    ),
    "demenagements-non-chaines": (
        gettext_lazy("Moves not chained"),
        gettext_lazy(
            "This edition of the register was read without the succession links: a move counts as a closure and a"
            " birth."
        ),
    ),
    "dates": (
        gettext_lazy("Dates"),
        gettext_lazy(
            "Dates out of reason (year 0001, 2925…) and 1 January 1900, which stands for « unknown », are read as"
            " unknown; such establishments are counted, without an age."
        ),
    ),
    "positions": (
        gettext_lazy("Positions"),
        gettext_lazy(
            "Positions that INSEE drew at random in the commune are not placed: neither on maps nor in a drawn"
            " perimeter. They count in their commune."
        ),
    ),
    "sans-positions": (
        gettext_lazy("No positions"),
        gettext_lazy(
            "This edition of the register was read without the geolocation file: only the register’s own"
            " coordinates place establishments, and they do not say which were drawn at random."
        ),
    ),
    "anciennes-nomenclatures": (
        gettext_lazy("Older nomenclatures"),
        gettext_lazy(
            "Establishments closed long ago still carry codes of older nomenclatures (NAP, NAF 1993, NAF rev. 1)."
            " They are no part of the counts by activity, so the first years of the series miss some."
        ),
    ),
    "naf-2025": (
        gettext_lazy("NAF 2025"),
        gettext_lazy(
            "On 1 January 2027 NAF 2025 replaces NAF rev. 2. Codes do not map one to one, so a figure speaks of one"
            " nomenclature; the page « from one NAF to the other » shows what really changes here."
        ),
    ),
    "naf-2025-sans-serie": (
        gettext_lazy("No series in NAF 2025"),
        gettext_lazy("The register does not tell the past in NAF 2025: there is no yearly series in it."),
    ),
    "zone-dessinee": (
        gettext_lazy("Drawn territory"),
        format_lazy(
            "{rule} {cut}",
            rule=RULE_WORDS,
            cut=gettext_lazy(
                "Of these count the establishments whose position is inside, unless a perimeter says otherwise; those"
                " without a position cannot be decided, and their number is said."
            ),
        ),
    ),
    "zone-dessinee-serie": (
        gettext_lazy("Series and moves of a drawn territory"),
        gettext_lazy("Series and moves know communes only: they speak of all the communes that count, even in part."),
    ),
    "serie": (
        gettext_lazy("Yearly series"),
        gettext_lazy(
            "Past years come from the history of establishments: state and activity of the time, at the present"
            " address, as the register keeps no past commune; past sizes do not exist."
        ),
    ),
    "serie-approchee": (
        gettext_lazy("Yearly series, approximate"),
        gettext_lazy(
            "This edition of the register was read without the history: past years come from dates of birth and of"
            " the present state, with today’s activity and address. They are approximate."
        ),
    ),
    "corrections": (
        gettext_lazy("Corrections by hand"),
        gettext_lazy(
            "Companies counted or left out by hand, each with its reason, change the counts of today. They do not"
            " reach the yearly series, nor the country’s figures."
        ),
    ),
    "corrections-absentes": (
        gettext_lazy("Corrections by hand not counted"),
        gettext_lazy(
            "The companies counted or left out by hand in these activities are not corrected here: the rows of this"
            " edition of the register were gone when they were published."
        ),
    ),
    "domiciliation": (
        gettext_lazy("Domiciliation and holdings"),
        format_lazy(
            gettext_lazy(
                "An address where {count} units of the sector or more are registered and nobody is employed is more"
                " often a postal address than a workplace: the page on quality lists them, the counts keep them."
            ),
            count=DOMICILIATION_UNITS,
        ),
    ),
    "communes": (
        gettext_lazy("Communes of today"),
        gettext_lazy(
            "Merged communes and the municipal districts of Paris, Lyon and Marseille are folded to the present"
            " commune before anything is counted."
        ),
    ),
    "synthetique": (
        gettext_lazy("Synthetic figures"),
        SYNTHETIC,
    ),
}
NOTES = {name: Note(name, *texts) for name, texts in _TEXTS.items()}


def notes_for(scope: Scope, profile: Profile | None = None) -> tuple[Note, ...]:
    """The notes that apply to the figures of this scope, the most needed first."""
    stock, activities, place = scope.stock, scope.activities, scope.place
    edition = _of_edition(stock)
    rev2 = not activities.naf2025 or activities.nomenclature == "NAFRev2"
    totals = profile.totals if profile else None
    applies = {
        "synthetique": stock.synthetic,
        "unites": True,
        "actifs-estimes": True,
        "non-employeurs": True,
        "intervalles": True,
        "tranches": True,
        "zone-dessinee": bool(place.partial or place.overlap),
        "diffusion-partielle": totals is None or totals.partial_diffusion > 0,
        "positions": True,
        "sans-positions": True,
        "dates": totals is None or totals.birth_unknown > 0,
        "serie": rev2,
        "serie-approchee": rev2,
        "zone-dessinee-serie": rev2 and bool(place.partial),
        "anciennes-nomenclatures": rev2,
        "demenagements": rev2,
        "demenagements-non-chaines": rev2,
        "naf-2025-sans-serie": not rev2,
        "corrections": activities.corrected and reach(stock, activities.version_id),
        "corrections-absentes": activities.corrected and not reach(stock, activities.version_id),
        "naf-2025": True,
        "domiciliation": True,
        "communes": True,
    }
    return (
        *_part_of_country(stock),
        *_left_out(scope),
        *(NOTES[n] for n in applies if applies[n] and edition.get(n, True)),
    )


def notes_of_edition(stock: Stock) -> list[Note]:
    """Every note, whatever the place and the activities, but those that hold of another edition."""
    edition = {**_of_edition(stock), "synthetique": False, "corrections-absentes": False}
    return [note for name, note in NOTES.items() if edition.get(name, True)]


def _of_edition(stock: Stock) -> dict[str, bool]:
    return {
        "positions": stock.has_coordinates,
        "sans-positions": not stock.has_coordinates,
        "serie": stock.has_history,
        "serie-approchee": not stock.has_history,
        "demenagements": stock.has_links,
        "demenagements-non-chaines": not stock.has_links,
    }


def part_of_country(stock: Stock) -> str:
    """That the stock is not of the whole country, so that shares of it mean nothing; empty where it is."""
    if is_of_whole_country(stock):
        return ""
    return _(
        "This register is not that of the whole country: it holds %(held)s open establishments, of about %(whole)s."
        " Shares of the country and ranks in it would mean nothing, and are not given."
    ) % {"held": number(stock.totals["state"].get("A", 0)), "whole": number(round(WHOLE["A"], -6))}


def _part_of_country(stock: Stock) -> tuple[Note, ...]:
    text = part_of_country(stock)
    return (Note("pays-partiel", _("A part of the country"), text),) if text else ()


def _left_out(scope: Scope) -> tuple[Note, ...]:
    """What says that activities published after the stock was imported are not in its figures, or not in its series."""
    found = missing(scope)
    series = tuple(code for code in found.series if code not in found.cube)
    notes = []
    if found.cube:
        text = _(
            "Published after this edition of the register was imported, %(codes)s are not counted in it yet: no"
            " figure holds them."
        )
        notes.append(Note("activites-absentes", _("Activities not counted"), text % {"codes": ", ".join(found.cube)}))
    if series and scope.activities.nomenclature == "NAFRev2":
        text = _("The yearly series leaves out %(codes)s, published after this edition of the register was imported.")
        notes.append(Note("serie-incomplete", _("Series not whole"), text % {"codes": ", ".join(series)}))
    return tuple(notes)
