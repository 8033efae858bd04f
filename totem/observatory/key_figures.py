"""The few figures of a place that matter, in words: everything a reader needs not to misread them."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from totem.core.wording import number, percent
from totem.observatory import words
from totem.observatory.answers import Profile, Totals
from totem.observatory.engine import Scope
from totem.observatory.masking import is_too_small, threshold_in_force
from totem.observatory.place_tables import ratio


@dataclass(frozen=True)
class KeyFigure:
    """A figure in words. `beside` is the same estimated active, `warning` what cannot be decided or is not sure."""

    name: str
    label: str
    value: str
    definition: str
    source: str
    unit: str = ""
    beside: str = ""
    warning: str = ""


def figures_of(scope: Scope, profile: Profile) -> list[KeyFigure]:
    """The three units, jobs as an interval, the weight of the sector and its change over five years."""
    totals = profile.totals
    found = [*(_unit_figure(totals, name) for name in words.UNITS), _jobs_figure(totals)]
    everything = next((speciality.everything for speciality in profile.specialities), None)
    weight = ratio(totals.establishments, everything or 0)
    if weight is not None and not is_too_small(totals.establishments):
        found.append(_figure("weight", percent(weight, 1)))
    if growth := _change(scope, profile, 5):
        found.append(_figure("growth", growth[0], **growth[1]))
    return found


def more_figures(scope: Scope, profile: Profile) -> Iterator[KeyFigure]:
    """Beside those of every document: for 1,000 inhabitants, and the change in the last full year."""
    count, people, source = profile.totals.establishments, scope.place.population, str(words.REGISTER)
    if people and not is_too_small(count):
        yield KeyFigure(
            "per_thousand",
            _("Establishments per 1,000 inhabitants"),
            number(1000 * count / people, 2),
            _("Establishments counted, for 1,000 of the %(people)s inhabitants (legal population).")
            % {"people": number(people)},
            source,
        )
    if change := _change(scope, profile, 1):
        last = {"year": scope.stock.date.year - 1}
        definition = _("Open establishments at the end of %(year)s, the last full year, against a year before.")
        label = _("Change in %(year)s") % last
        yield KeyFigure("last_year", label, change[0], definition % last, source, **change[1])


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
        name, number(registered), beside=beside if shown else "", warning=words.undecided_words(totals, name)
    )


def _jobs_figure(totals: Totals) -> KeyFigure:
    if is_too_small(totals.employers):
        return _figure("jobs", _("left out"))
    undecided = totals.undecided.get("employers", 0)
    without = ngettext(
        "Without the employees of %(count)s employer without a position, inside or outside",
        "Without the employees of %(count)s employers without a position, inside or outside",
        undecided,
    ) % {"count": number(undecided)}
    return _figure("jobs", words.interval_words(totals.jobs), warning=without if undecided else "")


def _change(scope: Scope, profile: Profile, years: int) -> tuple[str, dict[str, str]] | None:
    """The change of the stock over that many full years, with what must stand beside it; None where it is not known."""
    stock_of = {year.year: year.stock for year in profile.series}
    last = scope.stock.date.year - 1
    before, now = stock_of.get(last - years), stock_of.get(last)
    if not before or now is None or is_too_small(before) or is_too_small(now):
        return None
    sleeping, sleeping_before = _perhaps_closed(profile, last), _perhaps_closed(profile, last - years)
    beside = {}
    if not scope.place.partial and not is_too_small(sleeping) and not is_too_small(sleeping_before):
        if sleeping:
            beside["warning"] = ngettext(
                "%(count)s of those registered as open has perhaps closed: nobody has to declare an end",
                "%(count)s of those registered as open have perhaps closed: nobody has to declare an end",
                sleeping,
            ) % {"count": number(sleeping)}
        if sleeping_before < before and sleeping <= now:
            bounds = [_signed((now - sleeping - then) / then) for then in (before, before - sleeping_before)]
            text = (
                _("Estimated active: %(low)s to %(high)s") if bounds[0] != bounds[1] else _("Estimated active: %(low)s")
            )
            beside["beside"] = text % {"low": bounds[0], "high": bounds[1]}
    return _signed((now - before) / before), beside


def _perhaps_closed(profile: Profile, year: int) -> int:
    """How many of the establishments open by the end of that year are registered as open and not estimated active."""
    born = (row for row in profile.born if row.key is None or row.key <= year)
    return sum(row.establishments - row.estimated for row in born)


def _signed(change: float) -> str:
    return f"{'+' if change > 0 else ''}{percent(change, 1)}"
