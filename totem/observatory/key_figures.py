"""The few figures of a place that matter, in words: everything a reader needs not to misread them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from totem.core.wording import number, percent
from totem.observatory import words
from totem.observatory.answers import Profile, Totals, Year
from totem.observatory.engine import Scope
from totem.observatory.masking import is_too_small, threshold_in_force
from totem.observatory.place_tables import ratio


@dataclass(frozen=True)
class KeyFigure:
    """A figure in words. `beside` is the same estimated active, `undecided` the part that cannot be decided, if any."""

    name: str
    label: str
    value: str
    definition: str
    source: str
    unit: str = ""
    beside: str = ""
    undecided: str = ""


def figures_of(scope: Scope, profile: Profile) -> list[KeyFigure]:
    """The three units, jobs as an interval, the weight of the sector and its change over five years."""
    totals = profile.totals
    found = [*(_unit_figure(totals, name) for name in words.UNITS), _jobs_figure(totals)]
    everything = next((speciality.everything for speciality in profile.specialities), None)
    weight = ratio(totals.establishments, everything or 0)
    if weight is not None and not is_too_small(totals.establishments):
        found.append(_figure("weight", percent(weight, 1)))
    if growth := _change(scope, profile.series, 5):
        found.append(_figure("growth", growth))
    return found


def more_figures(scope: Scope, profile: Profile) -> Iterator[KeyFigure]:
    """Beside those of every document: for 1,000 inhabitants, and the change in the last full year."""
    count, people, source = profile.totals.establishments, scope.place.population, str(words.REGISTER)
    if people and not is_too_small(count):
        yield KeyFigure(
            "per_thousand",
            _("Establishments per 1,000 inhabitants"),
            number(1000 * count / people, 1),
            _("Establishments counted, for 1,000 of the %(people)s inhabitants (legal population).")
            % {"people": number(people)},
            source,
        )
    if change := _change(scope, profile.series, 1):
        last = {"year": scope.stock.date.year - 1}
        definition = _("Open establishments at the end of %(year)s, the last full year, against a year before.")
        yield KeyFigure("last_year", _("Change in %(year)s") % last, change, definition % last, source)


def _figure(name: str, value: str, **more: str) -> KeyFigure:
    notion = words.DEFINITIONS[name]
    return KeyFigure(name, str(notion.label), value, str(notion.definition), str(notion.source), **more)


def _unit_figure(totals: Totals, name: str) -> KeyFigure:
    registered, estimated = getattr(totals, name), getattr(totals, f"{name}_estimated")
    if is_too_small(registered):
        return _figure(name, _("fewer than %(count)s") % {"count": threshold_in_force()})
    beside = _("%(count)s estimated active (%(share)s)") % {
        "count": number(estimated),
        "share": percent(estimated / registered) if registered else "—",
    }
    shown = bool(registered) and not is_too_small(estimated) and not is_too_small(registered - estimated)
    return _figure(
        name, number(registered), beside=beside if shown else "", undecided=words.undecided_words(totals, name)
    )


def _jobs_figure(totals: Totals) -> KeyFigure:
    if is_too_small(totals.employers):
        return _figure("jobs", _("left out"))
    unbounded = ngettext(
        "Nothing bounds the headcount of %(count)s establishment",
        "Nothing bounds the headcount of %(count)s establishments",
        totals.jobs_unbounded,
    ) % {"count": number(totals.jobs_unbounded)}
    return _figure("jobs", words.interval_words(totals.jobs), beside=unbounded if totals.jobs_unbounded else "")


def _change(scope: Scope, series: Sequence[Year], years: int) -> str:
    """The change of the stock over that many full years, with its sign; empty where it is not known."""
    stock_of = {year.year: year.stock for year in series}
    last = scope.stock.date.year - 1
    before, now = stock_of.get(last - years), stock_of.get(last)
    if not before or now is None or is_too_small(before) or is_too_small(now):
        return ""
    change = (now - before) / before
    return f"{'+' if change > 0 else ''}{percent(change, 1)}"
