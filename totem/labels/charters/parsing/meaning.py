"""What has its shape asked whether it means something: names, units, thresholds, words, rings of conditions."""

import datetime
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core import languages
from totem.core.measures import Combine
from totem.core.subjects import AreaKind
from totem.labels.charters import format as form
from totem.labels.charters.format import COMPARATORS, Unit, Words
from totem.labels.charters.parsing.positions import Path, Positions
from totem.labels.charters.parsing.problems import Checker, close, key_of, shown
from totem.labels.charters.vocabulary import JUDGED, TITLES, Known, Of
from totem.organisations.subjects import ORGANISATION

PARAMETER_IN_TEXT = re.compile(r"\$[a-zA-Z]\w*")
TRAVEL_TIMES = ("minutes_to_centre", "minutes_to_airport", "minutes_to_tgv_station")
LONGEST_ROW = 100  # conditions of conditions: judging one goes down to the last
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
S = TypeVar("S", bound=form.Struct)


@dataclass(frozen=True)
class _Piece:
    """A requirement that has its shape; a group without its members, which are pieces of their own."""

    path: Path
    asks: form.Requirement
    group: str  # id of the group that it is in
    members: tuple[str, ...] = ()


class Sense(Checker):
    """Asks of what has a shape whether it means something: names, units, thresholds, words, conditions."""

    def __init__(self, positions: Positions, data: dict[str, Any], broken: list[Path], known: Known) -> None:
        super().__init__(positions)
        self.data = data
        self.broken = broken
        self.known = known
        self.sources = _table(data, "sources")
        self.parameter_names = _table(data, "parameters")
        self.parameters = dict(self._pieces_of("parameters", form.Parameter))
        self.indicator_names = {name for _path, name in _named(data.get("indicators"), ("indicators",), "name")}
        self.indicators = {
            path: piece
            for path, raw in _tables(data.get("indicators"), ("indicators",))
            if (piece := self._piece(raw, form.Indicator, path)) is not None
        }
        self.by_name = {indicator.name: indicator for indicator in self.indicators.values()}
        self.requirements: list[_Piece] = []
        self.requirement_ids: list[tuple[Path, str]] = []
        self.judges = AreaKind.HUB if data.get("subject") == AreaKind.HUB else AreaKind.TERRITORY

    def check(self) -> None:
        self._texts(self.data, ())
        self._dates()
        for name in self.sources:
            self._address(name)
        for name, parameter in self.parameters.items():
            self._parameter(name, parameter)
        self._once(_named(self.data.get("indicators"), ("indicators",), "name"), "name")
        for path, indicator in self.indicators.items():
            self._indicator(path, indicator)
        self._criteria()
        self._process()

    # - pieces

    def _whole(self, path: Path) -> bool:
        """Whether nothing there, but in the requirements inside it, has lost its shape."""
        n = len(path)
        return not any(p[:n] == path and p[n : n + 1] != ("requirements",) for p in self.broken)

    def _piece(self, raw: object, cls: Any, path: Path) -> Any:
        if not isinstance(raw, dict) or not self._whole(path):
            return None
        try:
            return msgspec.convert(raw, cls)
        except msgspec.ValidationError:  # its shape is told by the other pass
            return None

    def _pieces_of(self, table: str, cls: type[S]) -> Iterator[tuple[str, S]]:
        for name, raw in _table(self.data, table).items():
            if (piece := self._piece(raw, cls, (table, name))) is not None:
                yield name, piece

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

    def _source(self, path: Path, source: str) -> None:
        if source and source not in self.sources:
            self._unknown((*path, "source"), source, _("« {word} » is not one of the sources; {hint}"), self.sources)

    def _unknown(self, path: Path, word: str, message: str, options: Iterable[str], **more: object) -> None:
        self.say(path, word, message.format(word=word, hint=close(word, options), **more))

    def _words(self, path: Path, words: Iterable[str], of: Of) -> None:
        """Each word is one of a vocabulary."""
        for n, word in enumerate(words):
            self._word((*path, n), word, of)

    def _word(self, path: Path, word: str, of: Of) -> None:
        if word not in self.known.words[of]:
            message = _("« {word} » is not one of the {list}; {hint}")
            self._unknown(path, word, message, self.known.words[of], list=TITLES[of])

    def _once(self, found: list[tuple[Path, str]], key: str) -> None:
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
        self._source(path, parameter.source)
        if parameter.assumption and parameter.why is None:
            message = _("« {word} » is an assumption: say « why ».").format(word=name)
            self.say(path, name, message, key=True)
        elif not parameter.assumption and not parameter.source:
            message = _(
                "« {word} » has no source: give one, or write « assumption = true » and « why » where nobody gives it."
            ).format(word=name)
            self.say(path, name, message, key=True)

    def _value(
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

    def _bound(
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
        parameter = self._value(field, value, _is_number, gettext_lazy("a number"))
        named = isinstance(value, str) and parameter is None
        unit = piece.unit or (parameter.unit if parameter else "")
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
        self._source(path, indicator.source)
        if indicator.measure:
            return self._of_totem(path, indicator)
        if indicator.name in self.known.asked_of_areas or indicator.name in TRAVEL_TIMES:
            message = _(
                "« {word} » is a figure of Totem's own: take another name, or add « measure » to read that one."
            ).format(word=indicator.name)
            self.say((*path, "name"), indicator.name, message)
        missing = [key for key in ("label", "unit", "combine") if not getattr(indicator, key)]
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
            return self._unknown((*path, "measure"), indicator.measure, message, self.known.asked_of_areas)
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

    def _units_of(self, path: Path, name: str) -> frozenset[str] | None:
        """The words of an indicator's unit; None where it is not known which, which is said."""
        own = self.by_name.get(name)
        if name in TRAVEL_TIMES:
            self.say(path, name, _("« {word} » is asked for by a requirement of kind travel.").format(word=name))
            return None
        if own is not None and not own.measure:
            return _unit_words(own.unit) or None
        measure = own.measure if own is not None else name
        if measure in self.known.measures:
            if own is None:
                self._subject(path, measure)
            known = self.known.measures[measure]
            return known.units if known.is_asked_of_areas else None
        if own is not None or name in self.indicator_names:
            return None
        message = _("« {word} » is neither an indicator of this charter nor a measure of Totem; {hint}")
        self._unknown(path, name, message, [*self.indicator_names, *self.known.asked_of_areas])
        return None

    # - criteria and requirements

    def _criteria(self) -> None:
        criteria = _tables(self.data.get("criteria"), ("criteria",))
        self._once(_named(self.data.get("criteria"), ("criteria",), "id"), "id")
        if isinstance(self.data.get("criteria"), list) and not criteria:
            self.say(("criteria",), "criteria", _("A charter has at least one criterion."))
        for path, raw in criteria:
            if raw.get("requirements") == []:
                message = _("The criterion « {word} » asks nothing: add [[criteria.requirements]].").format(
                    word=raw.get("id", "")
                )
                self.say(path, raw.get("id", ""), message)
            self._gather(raw.get("requirements"), (*path, "requirements"), "")
        self._once(self.requirement_ids, "id")
        for piece in self.requirements:
            self._requirement(piece)
        self._rings()

    def _gather(self, raw: object, path: Path, group: str) -> None:
        for place, requirement in _tables(raw, path):
            name = requirement.get("id")
            if isinstance(name, str):
                self.requirement_ids.append((place, name))
            inside = requirement.get("requirements")
            bare = {**requirement, "requirements": []} if "requirements" in requirement else requirement
            asks = self._piece(bare, form.Requirement, place)
            if asks is not None:
                members = tuple(member for _path, member in _named(inside, (), "id"))
                self.requirements.append(_Piece(place, asks, group, members))
            self._gather(inside, (*place, "requirements"), name if isinstance(name, str) else "")

    def _requirement(self, piece: _Piece) -> None:
        path, asks = piece.path, piece.asks
        self._source(path, asks.source)
        self._refers(path, "only_if", asks.only_if)
        match asks:
            case form.MeasureRequirement():
                self._bound(path, asks, asks.indicator, self._units_of((*path, "indicator"), asks.indicator))
            case form.TravelRequirement():
                self._bound(path, asks, asks.indicator, {"min"})
                self._travel_mode(path, asks.mode)
            case form.OrganisationsRequirement():
                self._organisations(path, asks)
            case form.DocumentRequirement():
                if asks.indicator:
                    self._units_of((*path, "indicator"), asks.indicator)
            case form.BodyRequirement():
                self._body(path, asks)
            case form.AppointmentRequirement():
                self._word((*path, "office"), asks.office, Of.OFFICES)
                self._words((*path, "appointed_by"), asks.appointed_by, Of.KINDS)
            case form.FundingRequirement():
                self._bound(path, asks, asks.id, MONEY)
                self._words((*path, "levels"), asks.levels, Of.LEVELS)
                self._words((*path, "purposes"), asks.purposes, Of.PURPOSES)
            case form.GroupRequirement():
                self._group(piece, asks)

    def _refers(self, path: Path, key: str, target: str) -> None:
        ids = {name for _path, name in self.requirement_ids}
        if target and target not in ids:
            self._unknown((*path, key), target, _("« {word} » is not the id of a requirement; {hint}"), ids)

    def _travel_mode(self, path: Path, mode: str) -> None:
        field = (*path, "mode")
        modes = self.known.words[Of.MODES]
        if mode.startswith("$"):
            self._value(field, mode, lambda value: value in modes, _("one of {words}").format(words=", ".join(modes)))
        else:
            self._word(field, mode, Of.MODES)

    def _organisations(self, path: Path, asks: form.OrganisationsRequirement) -> None:
        self._words((*path, "roles"), asks.roles, Of.ROLES)
        self._words((*path, "also_roles"), asks.also_roles, Of.ROLES)
        self._words((*path, "kinds"), asks.kinds, Of.KINDS)
        self._words((*path, "partner_kinds"), asks.partner_kinds, Of.KINDS)
        if asks.stage:
            self._word((*path, "stage"), asks.stage, Of.STAGES)
        if not asks.roles and not asks.kinds:
            self.say(path, asks.id, _("« {word} »: say which « roles » or which « kinds ».").format(word=asks.id))
        if asks.stage and "invests_in" not in asks.roles:
            message = _("« {word} » is a stage of investment: « roles » has to name invests_in.").format(
                word=asks.stage
            )
            self.say((*path, "stage"), asks.stage, message)
        if asks.partner_kinds and not asks.roles:
            self.say((*path, "partner_kinds"), "partner_kinds", _("« partner_kinds » needs « roles »."), key=True)
        counted = gettext_lazy("a whole number from 1 on")
        self._value((*path, "number"), asks.number, _is_count, counted)
        self._value((*path, "years_running"), asks.years_running, _is_count, counted)
        for n, where in enumerate(asks.where):
            self._bound((*path, "where", n), where, where.fact, UNITS_OF_FACTS[where.fact])
            if where.fact in {"places", "amount"} and not asks.roles:
                message = _("« {word} » is a fact of a role: « roles » has to name one.").format(word=where.fact)
                self.say((*path, "where", n, "fact"), where.fact, message)
        self._distinct(path, asks)

    def _distinct(self, path: Path, asks: form.OrganisationsRequirement) -> None:
        if asks.distinct_if:
            self._value((*path, "distinct_if"), asks.distinct_if, _is_bool, gettext_lazy("true or false"))
        self._refers(path, "distinct_from", asks.distinct_from)
        kinds = {piece.asks.id: type(piece.asks) for piece in self.requirements}
        if kinds.get(asks.distinct_from, form.OrganisationsRequirement) is not form.OrganisationsRequirement:
            message = _("« {word} » does not count organisations.").format(word=asks.distinct_from)
            self.say((*path, "distinct_from"), asks.distinct_from, message)

    def _body(self, path: Path, asks: form.BodyRequirement) -> None:
        self._words((*path, "forms"), asks.forms, Of.FORMS)
        self._words((*path, "classes_represented"), asks.classes_represented, Of.CLASSES)
        for n, seats in enumerate(asks.seats):
            place = (*path, "seats", n)
            self._words((*place, "classes"), seats.classes, Of.CLASSES)
            self._words((*place, "roles"), seats.roles, Of.SEATS)
            self._words((*place, "kinds"), seats.kinds, Of.KINDS)
            self._bound(place, seats, "seats", {"%"} if seats.as_share else UNITS_OF_SEATS[seats.of])
            for m, where in enumerate(seats.where):
                self._bound((*place, "where", m), where, where.fact, UNITS_OF_FACTS[where.fact])
                if where.fact in {"places", "amount"}:
                    message = _("« {word} » is a fact of a role, not of a member.").format(word=where.fact)
                    self.say((*place, "where", m, "fact"), where.fact, message)

    def _group(self, piece: _Piece, asks: form.GroupRequirement) -> None:
        members = [raw for _path, raw in _tables(self._raw(piece.path).get("requirements"), ())]
        count = sum(raw.get("mandatory") is not False and raw.get("bonus") is not True for raw in members)
        if not members:
            message = _("The group « {word} » is empty.").format(word=asks.id)
            self.say(piece.path, asks.id, message)
        if asks.rule_of != "at_least":
            if asks.n is not None:
                message = _('« n » goes with rule_of = "at_least" only.')
                self.say((*piece.path, "n"), asks.n, message, key=True)
        elif asks.n is None:
            message = _("« {word} » needs « n »: how many of its requirements have to be met.").format(word=asks.id)
            self.say(piece.path, "n", message)
        elif not 1 <= asks.n <= count:
            message = _("« n » is {n}: the group « {word} » has {count} requirements that count.").format(
                n=asks.n, word=asks.id, count=count
            )
            self.say((*piece.path, "n"), asks.n, message)

    def _raw(self, path: Path) -> dict[str, Any]:
        found: Any = self.data
        for part in path:
            found = found[part]
        return cast("dict[str, Any]", found)  # the path of a requirement leads to a table

    def _rings(self) -> None:
        """Conditions that wait for each other: only_if, distinct_from, and a group for its members."""
        edges: dict[str, list[str]] = {}
        paths: dict[str, Path] = {}
        for piece in self.requirements:
            targets = [piece.asks.only_if, getattr(piece.asks, "distinct_from", ""), *piece.members]
            edges.setdefault(piece.asks.id, []).extend(target for target in targets if target)
            paths.setdefault(piece.asks.id, piece.path)
        rings = _rings(edges)
        if not rings and (waiting := _waiting(edges)):
            message = _("More than {most} conditions wait for each other in a row.").format(most=LONGEST_ROW)
            self.say(paths[waiting], waiting, message)
        for ring in rings:
            message = _("The conditions go in a ring: {ring}.").format(ring=" -> ".join(ring))
            at = next(
                ((*paths[name], key) for name in ring for key in ("only_if", "distinct_from")
                 if name in paths and self._raw(paths[name]).get(key)),
                paths[ring[0]],
            )  # fmt: skip
            self.say(at, ring[0], message)

    # - process

    def _process(self) -> None:
        process = self.data.get("process")
        if not isinstance(process, dict):
            return
        if isinstance(source := process.get("source", ""), str):
            self._source(("process",), source)
        steps = _tables(process.get("steps"), ("process", "steps"))
        named = _named(process.get("steps"), ("process", "steps"), "id")
        self._once(named, "id")
        ids = {name for _path, name in named}
        for path, raw in steps:
            step = self._piece(raw, form.Step, path)
            if step is None:
                continue
            self._source(path, step.source)
            if step.months is not None and step.months < 0:
                message = _("« months » is {months}: a duration is not below zero.").format(months=step.months)
                self.say((*path, "months"), step.months, message)
            self._once([((*path, "outcomes", n), outcome.id) for n, outcome in enumerate(step.outcomes)], "id")
            for n, outcome in enumerate(step.outcomes):
                if outcome.to and outcome.to not in ids:
                    message = _("« {word} » is not the id of a step; {hint}")
                    self._unknown((*path, "outcomes", n, "to"), outcome.to, message, ids)


_TAKE_PARAMETERS = {*COMPARATORS, "number", "years_running", "mode", "distinct_if"}


def _table(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _tables(value: object, path: Path) -> list[tuple[Path, dict[str, Any]]]:
    """The tables of a list, each with its path."""
    members = value if isinstance(value, list) else []
    return [((*path, n), member) for n, member in enumerate(members) if isinstance(member, dict)]


def _named(value: object, path: Path, key: str) -> list[tuple[Path, str]]:
    """The names that the tables of a list give themselves, each with the table's path."""
    return [(place, raw[key]) for place, raw in _tables(value, path) if isinstance(raw.get(key), str)]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _unit_words(unit: Unit) -> frozenset[str]:
    """The words that a unit is written with, in every language."""
    words = unit.texts.values() if isinstance(unit, Words) else [unit]
    return frozenset(word for word in words if word)


def _same(unit: Unit, words: frozenset[str]) -> bool:
    return bool({word.casefold() for word in _unit_words(unit)} & {word.casefold() for word in words})


def _waiting(edges: Mapping[str, list[str]]) -> str:
    """One that waits for more others in a row than judging bears; empty where there is none. Of a graph without rings.

    Each round takes away those that wait for nobody any more.
    """
    left = set(edges)
    for _round in range(LONGEST_ROW):
        left = {name for name in left if any(target in left for target in edges[name])}
    return min(left, default="")


def _rings(edges: Mapping[str, list[str]]) -> list[list[str]]:
    """One ring a ring of the graph: a, b, a."""
    found: list[list[str]] = []
    done: set[str] = set()
    for start in edges:
        stack: list[tuple[str, Iterator[str]]] = [(start, iter(edges[start]))]
        on_the_way = [start]
        while stack and start not in done:
            target = next(stack[-1][1], None)
            if target is None:
                stack.pop()
                done.add(on_the_way.pop())
            elif target in on_the_way:
                found.append([*on_the_way[on_the_way.index(target) :], target])
            elif target in edges and target not in done:
                on_the_way.append(target)
                stack.append((target, iter(edges[target])))
    return found
