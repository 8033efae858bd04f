"""What a charter's file defines, and how it hangs together: dates, sources, parameters, figures, thresholds, units."""

import datetime
import re
from collections.abc import Iterable
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from totem.core import measures
from totem.core.measures import Combine, Measure
from totem.core.subjects import AreaKind
from totem.labels.charters import format as form
from totem.labels.charters.format import COMPARATORS, YES_NO, Unit, Words
from totem.labels.charters.parsing.names import table
from totem.labels.charters.parsing.positions import Path
from totem.labels.charters.parsing.problems import named, shown, tables
from totem.labels.charters.parsing.shape import Shape
from totem.labels.charters.vocabulary import JUDGED, asked_of_areas, subject_of, units_of
from totem.organisations.subjects import ORGANISATION

TRAVEL_TIMES = ("minutes_to_centre", "minutes_to_airport", "minutes_to_tgv_station")
DECLARED = (Combine.SUM, Combine.MAX, Combine.ANY, Combine.ALL)  # how declared numbers can become one
YES_OR_NO = (Combine.ANY, Combine.ALL)  # … and what is declared by yes or no


class Definitions(Shape):
    """Checks what a file defines. What lost its shape is left out."""

    def __init__(self, text: str, data: dict[str, Any]) -> None:
        super().__init__(text, data)
        self.check_shape()
        pieces = {name: self.piece(raw, form.Parameter, ("parameters", name)) for name, raw in self.parameters.items()}
        self.whole_parameters: dict[str, form.Parameter] = {name: one for name, one in pieces.items() if one}
        raw_indicators = tables(data.get("indicators"), ("indicators",))
        self.indicator_names = {name for _path, name in named(data.get("indicators"), (), "name")}
        self.indicators: dict[Path, form.Indicator] = {
            path: piece for path, raw in raw_indicators if (piece := self.piece(raw, form.Indicator, path))
        }
        self.by_name = {indicator.name: indicator for indicator in self.indicators.values()}
        self.measures = {known.name: known for known in measures.everything()}
        self.asked_of_areas = asked_of_areas()

    def piece(self, raw: object, cls: Any, path: Path) -> Any:
        """The table as what it is; None where something there, but in the requirements inside it, lost its shape."""
        n = len(path)
        if not isinstance(raw, dict) or any(p[:n] == path and p[n : n + 1] != ("requirements",) for p in self.broken):
            return None
        try:
            return msgspec.convert(raw, cls)
        except msgspec.ValidationError:  # said where the whole is converted
            return None

    def check(self) -> None:
        """Say all that is wrong in the file."""
        self._dates()
        for name in table(self.data, "sources"):
            self._address(name)
        for name, parameter in self.whole_parameters.items():
            self._parameter(name, parameter)
        for path, indicator in self.indicators.items():
            self._indicator(path, indicator)

    def _dates(self) -> None:
        start, end = self.data.get("valid_from"), self.data.get("valid_until")
        if type(start) is type(end) is datetime.date and end <= start:
            message = _("« valid_until » ({until}) has to come after « valid_from » ({start}).").format(
                until=end, start=start
            )
            self.say(("valid_until",), end, message)

    def _address(self, name: str) -> None:
        url = table(self.data["sources"], name).get("url", "")
        if isinstance(url, str) and url and not re.match(r"https?://[^\s/]", url):
            message = _("« {word} » is not an address: https://…").format(word=shown(url))
            self.say(("sources", name, "url"), url, message)

    def _parameter(self, name: str, parameter: form.Parameter) -> None:
        if parameter.assumption and parameter.why is None:
            message = _("« {word} » is an assumption: say « why ».")
        elif not parameter.assumption and not parameter.source:
            message = _(
                "« {word} » has no source: give one, or write « assumption = true » and « why » where nobody gives it."
            )
        else:
            return
        self.say(("parameters", name), name, message.format(word=name), key=True)

    # - thresholds

    def bound(self, path: Path, piece: form.Bounded, what: str, units: Iterable[str] | None) -> None:
        """Exactly one of the four, with a unit, and the right one (any where `units` is None)."""
        given = [name for name in COMPARATORS if getattr(piece, name) is not None]
        if len(given) != 1:
            message = (
                _("« {what} » has no threshold: one of {names} is needed.")
                if not given
                else _("« {what} » has several thresholds ({given}): keep one of them.")
            ).format(what=what, names=", ".join(COMPARATORS), given=", ".join(given))
            where = (*path, given[1]) if given else path
            return self.say(where, given[1] if given else what, message, key=bool(given))
        field, value = (*path, given[0]), getattr(piece, given[0])
        parameter = self.whole_parameters.get(value[1:]) if isinstance(value, str) else None
        unit = piece.unit or (parameter.unit if parameter else "")
        if not _unit_words(unit):
            # A parameter that is not there, or not right, is told of already.
            if units != {YES_NO} and (parameter or not isinstance(value, str)):
                message = _("The threshold « {key} = {value} » has no unit: add « unit ».").format(
                    key=given[0], value=shown(value)
                )
                self.say(field, given[0], message, key=True)
            return None
        if piece.unit and parameter and parameter.unit and not _same(piece.unit, _unit_words(parameter.unit)):
            message = _("« {unit} » is not the unit of {name}, which is in « {other} ».").format(
                unit=str(piece.unit), name=value, other=str(parameter.unit)
            )
            return self.say((*path, "unit"), str(piece.unit), message)
        return self._counted_in((*path, "unit") if piece.unit else field, unit, what, units)

    def _counted_in(self, path: Path, unit: Unit, what: str, units: Iterable[str] | None) -> None:
        if units is not None and not _same(unit, units):
            message = _("« {unit} » is not the unit of « {what} »: it is counted in {units}.").format(
                unit=str(unit), what=what, units=_(" or ").join(sorted(units))
            )
            self.say(path, str(unit), message)

    # - indicators

    def _indicator(self, path: Path, indicator: form.Indicator) -> None:
        if indicator.measure:
            return self._of_totem(path, indicator)
        if indicator.name in self.asked_of_areas or indicator.name in TRAVEL_TIMES:
            message = _(
                "« {word} » is a figure of Totem's own: take another name, or add « measure » to read that one."
            ).format(word=indicator.name)
            self.say((*path, "name"), indicator.name, message)
        needed = ("label", "combine") if indicator.combine in YES_OR_NO else ("label", "unit", "combine")
        missing = [key for key in needed if not getattr(indicator, key)]
        if missing:
            message = _("« {word} » is the charter's own figure: it needs {keys}.").format(
                word=indicator.name, keys=", ".join(f"« {key} »" for key in missing)
            )
            self.say(path, missing[0], message)
        if indicator.combine and indicator.combine not in DECLARED:
            message = _("Declared figures combine as {words}, not as « {word} ».").format(
                words=", ".join(DECLARED), word=indicator.combine
            )
            self.say((*path, "combine"), indicator.combine, message)
        return None

    def _of_totem(self, path: Path, indicator: form.Indicator) -> None:
        known = self.measures.get(indicator.measure)
        if known is None:
            message = _("« {word} » is not a measure of Totem; {hint}")
            return self.unknown((*path, "measure"), indicator.measure, message, self.asked_of_areas)
        self._subject((*path, "measure"), known)
        if known.name not in self.asked_of_areas:
            return None
        if _unit_words(indicator.unit):
            self._counted_in((*path, "unit"), indicator.unit, known.name, units_of(known))
        if indicator.combine and indicator.combine != known.combine:
            message = _("« {what} » combines as {right}, not as « {word} ».").format(
                what=known.name, right=known.combine, word=indicator.combine
            )
            self.say((*path, "combine"), indicator.combine, message)
        return None

    def _subject(self, path: Path, known: Measure) -> None:
        """What the measure is about has to be found in what the charter judges."""
        kind = subject_of(known)
        judges = AreaKind.HUB if self.data.get("subject") == AreaKind.HUB else AreaKind.TERRITORY
        if kind is None:
            message = _("« {word} » is about « {subject} », a subject that no room of this installation registers.")
        elif known.subject == ORGANISATION:
            message = _(
                "« {word} » is a figure of one organisation, not of a territory or a hub: a requirement of kind "
                "organisations asks for it, in « where »."
            )
        elif kind.inside is None:
            message = _("« {word} » is a figure of {kinds} one by one: no charter asks for it.")
        elif not kind.is_asked_of(judges):
            message = _("« {word} » is about {kinds}; this charter is about {judged} (subject).")
        else:
            return
        kinds = kind.plural if kind else ""
        message = message.format(word=known.name, subject=known.subject, kinds=kinds, judged=JUDGED[judges])
        self.say(path, known.name, message)

    def units_of(self, path: Path, name: str) -> frozenset[str] | None:
        """The words of an indicator's unit; None where it is not known which, which is said."""
        own = self.by_name.get(name)
        if name in TRAVEL_TIMES:
            self.say(path, name, _("« {word} » is asked for by a requirement of kind travel.").format(word=name))
            return None
        if own is not None and not own.measure:
            yes_no = own.combine in YES_OR_NO and not own.unit
            return frozenset({YES_NO}) if yes_no else _unit_words(own.unit) or None
        known = self.measures.get(own.measure if own is not None else name)
        if known is not None:
            if own is None:
                self._subject(path, known)
            return units_of(known) if known.name in self.asked_of_areas else None
        if own is None and name not in self.indicator_names:
            message = _("« {word} » is neither an indicator of this charter nor a measure of Totem; {hint}")
            self.unknown(path, name, message, [*self.indicator_names, *self.asked_of_areas])
        return None


def _unit_words(unit: Unit) -> frozenset[str]:
    """The words that a unit is written with, in every language."""
    words = unit.texts.values() if isinstance(unit, Words) else [unit]
    return frozenset(word for word in words if word)


def _same(unit: Unit, words: Iterable[str]) -> bool:
    return bool({word.casefold() for word in _unit_words(unit)} & {word.casefold() for word in words})
