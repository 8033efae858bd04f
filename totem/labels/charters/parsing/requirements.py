"""What the requirements of a charter's file ask, and its process: thresholds, words, groups, conditions."""

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, cast

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.labels.charters import format as form
from totem.labels.charters.parsing.definitions import (
    MONEY,
    UNITS_OF_FACTS,
    UNITS_OF_SEATS,
    Definitions,
    is_bool,
    is_count,
    named,
    tables,
)
from totem.labels.charters.parsing.positions import Path, Positions
from totem.labels.charters.vocabulary import Known, Of

LONGEST_ROW = 100  # conditions of conditions: judging one goes down to the last


@dataclass(frozen=True)
class _Piece:
    """A requirement that has its shape; a group without its members, which are pieces of their own."""

    path: Path
    asks: form.Requirement
    members: tuple[str, ...] = ()


class Requirements(Definitions):
    """Checks what is asked, with what the file defines: `check` says all that is wrong in the file."""

    def __init__(self, positions: Positions, data: dict[str, Any], broken: list[Path], known: Known) -> None:
        super().__init__(positions, data, broken, known)
        self.requirements: list[_Piece] = []
        self.requirement_ids: list[tuple[Path, str]] = []

    def check(self) -> None:
        super().check()
        self._criteria()
        self._process()

    def _criteria(self) -> None:
        criteria = tables(self.data.get("criteria"), ("criteria",))
        self.once(named(self.data.get("criteria"), ("criteria",), "id"), "id")
        if isinstance(self.data.get("criteria"), list) and not criteria:
            self.say(("criteria",), "criteria", _("A charter has at least one criterion."))
        for path, raw in criteria:
            if raw.get("requirements") == []:
                message = _("The criterion « {word} » asks nothing: add [[criteria.requirements]].").format(
                    word=raw.get("id", "")
                )
                self.say(path, raw.get("id", ""), message)
            self._gather(raw.get("requirements"), (*path, "requirements"))
        self.once(self.requirement_ids, "id")
        for piece in self.requirements:
            self._requirement(piece)
        self._conditions()

    def _gather(self, raw: object, path: Path) -> None:
        for place, requirement in tables(raw, path):
            name = requirement.get("id")
            if isinstance(name, str):
                self.requirement_ids.append((place, name))
            inside = requirement.get("requirements")
            bare = {**requirement, "requirements": []} if "requirements" in requirement else requirement
            asks = self.piece(bare, form.Requirement, place)
            if asks is not None:
                members = tuple(member for _path, member in named(inside, (), "id"))
                self.requirements.append(_Piece(place, asks, members))
            self._gather(inside, (*place, "requirements"))

    def _requirement(self, piece: _Piece) -> None:
        path, asks = piece.path, piece.asks
        self.source(path, asks.source)
        self._refers(path, "only_if", asks.only_if)
        self.words(path, asks)
        for key in ("number", "years_running"):
            if (count := getattr(asks, key, None)) is not None:
                self.value((*path, key), count, is_count, gettext_lazy("a whole number from 1 on"))
        self._of_its_kind(piece)

    def _of_its_kind(self, piece: _Piece) -> None:
        path, asks = piece.path, piece.asks
        match asks:
            case form.MeasureRequirement():
                self.bound(path, asks, asks.indicator, self.units_of((*path, "indicator"), asks.indicator))
            case form.TravelRequirement():
                self.bound(path, asks, asks.indicator, {"min"})
                if asks.mode.startswith("$"):
                    modes = self.known.words[Of.MODES]
                    expected = _("one of {words}").format(words=", ".join(modes))
                    self.value((*path, "mode"), asks.mode, lambda value: value in modes, expected)
            case form.OrganisationsRequirement():
                self._organisations(path, asks)
            case form.DocumentRequirement():
                if asks.indicator:
                    self.units_of((*path, "indicator"), asks.indicator)
            case form.BodyRequirement():
                self._body(path, asks)
            case form.FundingRequirement():
                self.bound(path, asks, asks.id, MONEY)
            case form.GroupRequirement():
                self._group(piece, asks)

    def _refers(self, path: Path, key: str, target: str) -> None:
        ids = {name for _path, name in self.requirement_ids}
        if target and target not in ids:
            self.unknown((*path, key), target, _("« {word} » is not the id of a requirement; {hint}"), ids)

    def _organisations(self, path: Path, asks: form.OrganisationsRequirement) -> None:
        if not asks.roles and not asks.kinds:
            self.say(path, asks.id, _("« {word} »: say which « roles » or which « kinds ».").format(word=asks.id))
        if asks.stage and "invests_in" not in asks.roles:
            message = _("« {word} » is a stage of investment: « roles » has to name invests_in.").format(
                word=asks.stage
            )
            self.say((*path, "stage"), asks.stage, message)
        if asks.partner_kinds and not asks.roles:
            self.say((*path, "partner_kinds"), "partner_kinds", _("« partner_kinds » needs « roles »."), key=True)
        for n, where in enumerate(asks.where):
            self.bound((*path, "where", n), where, where.fact, UNITS_OF_FACTS[where.fact])
            if where.fact in {"places", "amount"} and not asks.roles:
                message = _("« {word} » is a fact of a role: « roles » has to name one.").format(word=where.fact)
                self.say((*path, "where", n, "fact"), where.fact, message)
        self._distinct(path, asks)

    def _distinct(self, path: Path, asks: form.OrganisationsRequirement) -> None:
        if asks.distinct_if:
            self.value((*path, "distinct_if"), asks.distinct_if, is_bool, gettext_lazy("true or false"))
        self._refers(path, "distinct_from", asks.distinct_from)
        kinds = {piece.asks.id: type(piece.asks) for piece in self.requirements}
        if kinds.get(asks.distinct_from, form.OrganisationsRequirement) is not form.OrganisationsRequirement:
            message = _("« {word} » does not count organisations.").format(word=asks.distinct_from)
            self.say((*path, "distinct_from"), asks.distinct_from, message)

    def _body(self, path: Path, asks: form.BodyRequirement) -> None:
        for n, seats in enumerate(asks.seats):
            place = (*path, "seats", n)
            self.words(place, seats)
            if seats.detail and not seats.member_roles:
                self.say((*place, "detail"), "detail", _("« detail » needs « member_roles »."), key=True)
            self.bound(place, seats, "seats", {"%"} if seats.as_share else UNITS_OF_SEATS[seats.of])
            for m, where in enumerate(seats.where):
                self.bound((*place, "where", m), where, where.fact, UNITS_OF_FACTS[where.fact])
                if where.fact in {"places", "amount"}:
                    message = _("« {word} » is a fact of a role, not of a member.").format(word=where.fact)
                    self.say((*place, "where", m, "fact"), where.fact, message)

    def _group(self, piece: _Piece, asks: form.GroupRequirement) -> None:
        members = [raw for _path, raw in tables(self._raw(piece.path).get("requirements"), ())]
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

    def _conditions(self) -> None:
        """Conditions that wait for each other: only_if, distinct_from, and a group for its members."""
        paths = {piece.asks.id: piece.path for piece in reversed(self.requirements)}  # of the first of that name
        waits: dict[str, set[str]] = {piece.asks.id: set() for piece in self.requirements}
        for piece in self.requirements:
            targets = [piece.asks.only_if, getattr(piece.asks, "distinct_from", ""), *piece.members]
            waits[piece.asks.id].update(paths.keys() & targets)
        rings = _rings(waits)
        if not rings and (waiting := _waiting_too_long(waits)):
            message = _("More than {most} conditions wait for each other in a row.").format(most=LONGEST_ROW)
            self.say(paths[waiting], waiting, message)
        for ring in rings:
            message = _("The conditions go in a ring: {ring}.").format(ring=" -> ".join([*ring, ring[0]]))
            keys = (((*paths[name], key), key, name) for name in ring for key in ("only_if", "distinct_from"))
            at = next((path for path, key, name in keys if self._raw(paths[name]).get(key)), paths[ring[0]])
            self.say(at, ring[0], message)

    # - process

    def _process(self) -> None:
        process = self.data.get("process")
        if not isinstance(process, dict):
            return
        if isinstance(source := process.get("source", ""), str):
            self.source(("process",), source)
        steps = tables(process.get("steps"), ("process", "steps"))
        ids = named(process.get("steps"), ("process", "steps"), "id")
        self.once(ids, "id")
        for path, raw in steps:
            step = self.piece(raw, form.Step, path)
            if step is None:
                continue
            self.source(path, step.source)
            if step.months is not None and step.months < 0:
                message = _("« months » is {months}: a duration is not below zero.").format(months=step.months)
                self.say((*path, "months"), step.months, message)
            self.once([((*path, "outcomes", n), outcome.id) for n, outcome in enumerate(step.outcomes)], "id")
            for n, outcome in enumerate(step.outcomes):
                names = {name for _path, name in ids}
                if outcome.to and outcome.to not in names:
                    message = _("« {word} » is not the id of a step; {hint}")
                    self.unknown((*path, "outcomes", n, "to"), outcome.to, message, names)


def _rings(waits: Mapping[str, set[str]]) -> list[list[str]]:
    """The rings of a graph, none with a name of another: a, b, c where a waits for b, b for c, and c for a."""
    found: list[list[str]] = []
    left = dict(waits)
    while True:
        try:
            TopologicalSorter({name: left.keys() & targets for name, targets in left.items()}).prepare()
        except CycleError as error:
            ring = error.args[1][:0:-1]  # graphlib gives it backwards, the first again at its end
            first = min(range(len(ring)), key=lambda n: list(waits).index(ring[n]))
            found.append([*ring[first:], *ring[:first]])
            left = {name: targets for name, targets in left.items() if name not in ring}
        else:
            return found


def _waiting_too_long(waits: Mapping[str, set[str]]) -> str:
    """One that waits for more others in a row than judging bears, or empty. Of a graph without rings."""
    rows: dict[str, int] = {}
    for name in TopologicalSorter(waits).static_order():
        rows[name] = 1 + max((rows[target] for target in waits[name]), default=0)
    return min((name for name, row in rows.items() if row > LONGEST_ROW), default="")
