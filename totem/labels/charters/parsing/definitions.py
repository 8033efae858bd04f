"""What a charter's file defines and may name: sources, parameters, figures and their units, words, thresholds."""

import datetime
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core import languages
from totem.core.measures import Combine
from totem.core.subjects import AreaKind
from totem.labels.charters import format as form
from totem.labels.charters.format import COMPARATORS, YES_NO, Unit, Words
from totem.labels.charters.parsing.positions import Path, Positions
from totem.labels.charters.parsing.problems import Checker, close, key_of, shown
from totem.labels.charters.vocabulary import JUDGED, TITLES, WORDS_OF, Known
from totem.organisations.subjects import ORGANISATION

PARAMETER_IN_TEXT = re.compile(r"\$[a-zA-Z]\w*")
TRAVEL_TIMES = ("minutes_to_centre", "minutes_to_airport", "minutes_to_tgv_station")
DECLARED = (Combine.SUM, Combine.MAX, Combine.ANY)  # how declared numbers can become one
MONEY = frozenset({"€", "EUR"})
PEOPLE = frozenset({"people", "personnes", "employees", "salariés", "staff"})
UNITS_OF_FACTS = {
    "revenue": MONEY,
    "staff": PEOPLE,
    "growth": frozenset({"%"}),
    "international_share": frozenset({"%"}),
    "places": frozenset({"places"}),
    "amount": MONEY,
}
UNITS_OF_SEATS = {
    "seats": frozenset({"seats", "sièges"}),
    "votes": frozenset({"votes", "voix"}),
    "capital": frozenset({"%"}),
}


class Definitions(Checker):
    """Checks what a file defines, and what its requirements may name of it. What lost its shape is left out."""

    def __init__(self, positions: Positions, data: dict[str, Any], broken: list[Path], known: Known) -> None:
        super().__init__(positions)
        self.data = data
        self.broken = broken
        self.known = known
        self.sources = table(data, "sources")
        self.parameter_names = table(data, "parameters")
        parameters = (
            (name, self.piece(raw, form.Parameter, ("parameters", name))) for name, raw in self.parameter_names.items()
        )
        self.parameters: dict[str, form.Parameter] = {name: piece for name, piece in parameters if piece is not None}
        self.indicator_names = {name for _path, name in named(data.get("indicators"), ("indicators",), "name")}
        self.indicators = {
            path: piece
            for path, raw in tables(data.get("indicators"), ("indicators",))
            if (piece := self.piece(raw, form.Indicator, path)) is not None
        }
        self.by_name = {indicator.name: indicator for indicator in self.indicators.values()}
        self.judges = AreaKind.HUB if data.get("subject") == AreaKind.HUB else AreaKind.TERRITORY

    def _whole(self, path: Path) -> bool:
        """Whether nothing there, but in the requirements inside it, has lost its shape."""
        n = len(path)
        return not any(p[:n] == path and p[n : n + 1] != ("requirements",) for p in self.broken)

    def piece(self, raw: object, cls: Any, path: Path) -> Any:
        if not isinstance(raw, dict) or not self._whole(path):
            return None
        try:
            return msgspec.convert(raw, cls)
        except msgspec.ValidationError:  # its shape is told by the other pass
            return None

    def check(self) -> None:
        self._texts(self.data, ())
        self._dates()
        for name in self.sources:
            self._address(name)
        for name, parameter in self.parameters.items():
            self._parameter(name, parameter)
        self.once(named(self.data.get("indicators"), ("indicators",), "name"), "name")
        for path, indicator in self.indicators.items():
            self._indicator(path, indicator)

    # - texts, dates, sources

    def _texts(self, value: object, path: Path) -> None:
        """No text is empty or names a parameter: nothing would put its value there."""
        if isinstance(value, dict):
            if written := value.keys() & languages.codes():
                for language in written:
                    self._text(value[language], (*path, language))
                return
            for key, member in value.items():
                self._texts(member, (*path, key))
        elif isinstance(value, list):
            for n, member in enumerate(value):
                self._texts(member, (*path, n))
        elif isinstance(value, str) and value.startswith("$") and key_of(path) not in _TAKE_PARAMETERS:
            message = _("« {word} »: a parameter cannot stand for « {key} ».").format(word=value, key=key_of(path))
            self.say(path, value, message)

    def _text(self, text: object, path: Path) -> None:
        if not isinstance(text, str):
            return
        if not text.strip():
            message = _("This text is empty in {language} (« {word} »).").format(
                language=languages.name(str(path[-1])), word=path[-1]
            )
            self.say(path, path[-1], message)
        elif found := PARAMETER_IN_TEXT.search(text):
            message = _("« {word} »: a parameter is not read inside a text; write its value.").format(word=found[0])
            self.say(path, found[0], message)

    def _dates(self) -> None:
        start, end = self.data.get("valid_from"), self.data.get("valid_until")
        if type(start) is type(end) is datetime.date and end <= start:
            message = _("« valid_until » ({until}) has to come after « valid_from » ({start}).").format(
                until=end, start=start
            )
            self.say(("valid_until",), end, message)

    def _address(self, name: str) -> None:
        raw = self.sources[name]
        url = raw.get("url", "") if isinstance(raw, dict) else ""
        if isinstance(url, str) and url and not re.match(r"https?://[^\s/]", url):
            self.say(
                ("sources", name, "url"), url, _("« {word} » is not an address: https://…").format(word=shown(url))
            )

    def source(self, path: Path, source: str) -> None:
        if source and source not in self.sources:
            self.unknown((*path, "source"), source, _("« {word} » is not one of the sources; {hint}"), self.sources)

    def unknown(self, path: Path, word: str, message: str, options: Iterable[str], **more: object) -> None:
        self.say(path, word, message.format(word=word, hint=close(word, options), **more))

    def words(self, path: Path, piece: form.Struct) -> None:
        """Each word of a table is one of the list that its key takes its words from."""
        for key in piece.__struct_fields__:
            of, value = WORDS_OF.get(f"{type(piece).__name__}.{key}"), getattr(piece, key)
            if of is None or not value:
                continue
            found = (
                [((key, n), word) for n, word in enumerate(value)] if isinstance(value, tuple) else [((key,), value)]
            )
            for place, word in found:
                if word not in self.known.words[of] and not word.startswith("$"):
                    message = _("« {word} » is not one of the {list}; {hint}")
                    self.unknown((*path, *place), word, message, self.known.words[of], list=TITLES[of])

    def once(self, found: list[tuple[Path, str]], key: str) -> None:
        seen: dict[str, Path] = {}
        for path, name in found:
            if name in seen:
                first = self.positions.value((*seen[name], key))[0]
                message = _("« {word} » is already used on line {line}.").format(word=name, line=first)
                self.say((*path, key), name, message)
            seen.setdefault(name, path)

    # - parameters and thresholds

    def _parameter(self, name: str, parameter: form.Parameter) -> None:
        path: Path = ("parameters", name)
        self.source(path, parameter.source)
        if parameter.assumption and parameter.why is None:
            message = _("« {word} » is an assumption: say « why ».").format(word=name)
            self.say(path, name, message, key=True)
        elif not parameter.assumption and not parameter.source:
            message = _(
                "« {word} » has no source: give one, or write « assumption = true » and « why » where nobody gives it."
            ).format(word=name)
            self.say(path, name, message, key=True)

    def value(
        self, path: Path, value: object, fits: Callable[[object], bool], expected: str | Promise
    ) -> form.Parameter | None:
        """Check a value that may be a parameter's; gives the parameter where it is one that has a shape."""
        if not isinstance(value, str):
            if not fits(value):
                self.say(path, value, self._has_to_be(path, value, expected))
            return None
        name = value[1:]
        if not value.startswith("$"):
            message = _("« {word} » is a text: write {expected}, or « $name » of a parameter.").format(
                word=value, expected=expected
            )
            self.say(path, value, message)
        elif name not in self.parameter_names:
            near = close(name, self.parameter_names)
            self.say(path, value, _("« {word} » is not a parameter; {hint}").format(word=value, hint=near))
        elif (parameter := self.parameters.get(name)) is not None:
            if not fits(parameter.value):
                self.say(path, value, self._has_to_be(path, parameter.value, expected, of=value))
            return parameter
        return None

    @staticmethod
    def _has_to_be(path: Path, value: object, expected: str | Promise, of: str = "") -> str:
        if of:
            return _("« {word} » is {value}: for « {key} » it has to be {expected}.").format(
                word=of, value=shown(value), key=key_of(path), expected=expected
            )
        return _("« {key} » is {value}: it has to be {expected}.").format(
            key=key_of(path), value=shown(value), expected=expected
        )

    def bound(
        self, path: Path, piece: form.Compared | form.CommonCompared, what: str, units: Iterable[str] | None
    ) -> None:
        """Exactly one of the four, a number, with a unit, and the right one (any where `units` is None)."""
        given = [name for name in COMPARATORS if getattr(piece, name) is not None]
        if len(given) != 1:
            message = (
                _("« {what} » has no threshold: one of {names} is needed.")
                if not given
                else _("« {what} » has several thresholds ({given}): keep one of them.")
            ).format(what=what, names=", ".join(COMPARATORS), given=", ".join(given))
            where = (*path, given[1]) if given else path
            return self.say(where, given[1] if given else what, message, key=bool(given))
        field = (*path, given[0])
        value = getattr(piece, given[0])
        parameter = self.value(field, value, is_number, gettext_lazy("a number"))
        named = isinstance(value, str) and parameter is None
        unit = piece.unit or (parameter.unit if parameter else "")
        if not _unit_words(unit) and units == {YES_NO}:
            return None
        if not _unit_words(unit):
            if not named:  # a parameter that is not there, or not right, is told of already
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
        if units is not None and not _same(unit, frozenset(units)):
            message = _("« {unit} » is not the unit of « {what} »: it is counted in {units}.").format(
                unit=str(unit), what=what, units=_(" or ").join(sorted(units))
            )
            self.say((*path, "unit") if piece.unit else field, str(unit), message)
        return None

    # - indicators

    def _indicator(self, path: Path, indicator: form.Indicator) -> None:
        self.source(path, indicator.source)
        if indicator.measure:
            return self._of_totem(path, indicator)
        if indicator.name in self.known.asked_of_areas or indicator.name in TRAVEL_TIMES:
            message = _(
                "« {word} » is a figure of Totem's own: take another name, or add « measure » to read that one."
            ).format(word=indicator.name)
            self.say((*path, "name"), indicator.name, message)
        needed = ("label", "combine") if indicator.combine is Combine.ANY else ("label", "unit", "combine")
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
        known = self.known.measures.get(indicator.measure)
        if known is None:
            message = _("« {word} » is not a measure of Totem; {hint}")
            return self.unknown((*path, "measure"), indicator.measure, message, self.known.asked_of_areas)
        self._subject((*path, "measure"), indicator.measure)
        if not known.is_asked_of_areas:
            return None
        if _unit_words(indicator.unit) and not _same(indicator.unit, known.units):
            message = _("« {unit} » is not the unit of « {what} »: it is counted in {units}.").format(
                unit=str(indicator.unit), what=indicator.measure, units=_(" or ").join(sorted(known.units))
            )
            self.say((*path, "unit"), str(indicator.unit), message)
        if indicator.combine and indicator.combine != known.combine:
            message = _("« {what} » combines as {right}, not as « {word} ».").format(
                what=indicator.measure, right=known.combine, word=indicator.combine
            )
            self.say((*path, "combine"), indicator.combine, message)
        return None

    def _subject(self, path: Path, measure: str) -> None:
        """What the measure is about has to be found in what the charter judges."""
        known = self.known.measures[measure]
        if known.kind is None:
            message = _("« {word} » is about « {subject} », a subject that no room of this installation registers.")
        elif known.subject == ORGANISATION:
            message = _(
                "« {word} » is a figure of one organisation, not of a territory or a hub: a requirement of kind "
                "organisations asks for it, in « where »."
            )
        elif not known.is_asked_of_areas:
            message = _("« {word} » is a figure of {kinds} one by one: no charter asks for it.")
        elif not known.kind.is_asked_of(self.judges):
            message = _("« {word} » is about {kinds}; this charter is about {judged} (subject).")
        else:
            return
        kinds = known.kind.plural if known.kind else ""
        message = message.format(word=measure, subject=known.subject, kinds=kinds, judged=JUDGED[self.judges])
        self.say(path, measure, message)

    def units_of(self, path: Path, name: str) -> frozenset[str] | None:
        """The words of an indicator's unit; None where it is not known which, which is said."""
        own = self.by_name.get(name)
        if name in TRAVEL_TIMES:
            self.say(path, name, _("« {word} » is asked for by a requirement of kind travel.").format(word=name))
            return None
        if own is not None and not own.measure:
            yes_no = own.combine is Combine.ANY and not own.unit
            return frozenset({YES_NO}) if yes_no else _unit_words(own.unit) or None
        measure = own.measure if own is not None else name
        if measure in self.known.measures:
            if own is None:
                self._subject(path, measure)
            known = self.known.measures[measure]
            return known.units if known.is_asked_of_areas else None
        if own is not None or name in self.indicator_names:
            return None
        message = _("« {word} » is neither an indicator of this charter nor a measure of Totem; {hint}")
        self.unknown(path, name, message, [*self.indicator_names, *self.known.asked_of_areas])
        return None


_TAKE_PARAMETERS = {*COMPARATORS, "number", "years_running", "mode", "distinct_if"}


def table(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def tables(value: object, path: Path) -> list[tuple[Path, dict[str, Any]]]:
    """The tables of a list, each with its path."""
    members = value if isinstance(value, list) else []
    return [((*path, n), member) for n, member in enumerate(members) if isinstance(member, dict)]


def named(value: object, path: Path, key: str) -> list[tuple[Path, str]]:
    """The names that the tables of a list give themselves, each with the table's path."""
    return [(place, raw[key]) for place, raw in tables(value, path) if isinstance(raw.get(key), str)]


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _unit_words(unit: Unit) -> frozenset[str]:
    """The words that a unit is written with, in every language."""
    words = unit.texts.values() if isinstance(unit, Words) else [unit]
    return frozenset(word for word in words if word)


def _same(unit: Unit, words: frozenset[str]) -> bool:
    return bool({word.casefold() for word in _unit_words(unit)} & {word.casefold() for word in words})
