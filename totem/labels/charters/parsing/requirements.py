"""What the requirements of a charter's file ask, and its process: thresholds, groups, conditions."""

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, cast

from django.utils.translation import gettext as _

from totem.labels.charters import format as form
from totem.labels.charters.parsing.definitions import Definitions
from totem.labels.charters.parsing.names import table
from totem.labels.charters.parsing.positions import Path
from totem.labels.charters.parsing.problems import named, tables
from totem.labels.charters.requirements import OF_ROLE

LONGEST_ROW = 100  # conditions of conditions: judging one goes down to the last
MONEY = frozenset({"€", "EUR"})
UNITS_OF_FACTS = {
    "revenue": MONEY,
    "staff": frozenset({"people", "personnes", "employees", "salariés", "staff"}),
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


@dataclass(frozen=True)
class _Piece:
    """A requirement that has its shape; a group without its members, which are pieces of their own."""

    path: Path
    asks: form.Requirement
    members: tuple[str, ...] = ()


class Requirements(Definitions):
    """Checks what is asked, with what the file defines: `check` says all that is wrong in the file."""

    def __init__(self, text: str, data: dict[str, Any]) -> None:
        super().__init__(text, data)
        self.requirements: list[_Piece] = []

    def check(self) -> None:
        super().check()
        self._criteria()
        for piece in self.requirements:
            self._requirement(piece.path, piece.asks)
        self._conditions()
        for path, step in tables(table(self.data, "process").get("steps"), ("process", "steps")):
            months = step.get("months")
            if isinstance(months, int | float) and months < 0:
                message = _("« months » is {months}: a duration is not below zero.").format(months=months)
                self.say((*path, "months"), months, message)

    def _criteria(self) -> None:
        criteria = tables(self.data.get("criteria"), ("criteria",))
        if self.data.get("criteria") == []:
            self.say(("criteria",), "criteria", _("A charter has at least one criterion."))
        for path, raw in criteria:
            if raw.get("requirements") == []:
                name = raw.get("id", "")
                message = _("The criterion « {word} » asks nothing: add [[criteria.requirements]].").format(word=name)
                self.say(path, name, message)
            self._gather(raw.get("requirements"), (*path, "requirements"))
        self.once(self.requirement_ids, "id")

    def _gather(self, raw: object, path: Path) -> None:
        for place, requirement in tables(raw, path):
            inside = requirement.get("requirements")
            bare = {**requirement, "requirements": []} if "requirements" in requirement else requirement
            if asks := self.piece(bare, form.Requirement, place):
                members = tuple(member for _path, member in named(inside, (), "id"))
                self.requirements.append(_Piece(place, asks, members))
            self._gather(inside, (*place, "requirements"))

    def _requirement(self, path: Path, asks: form.Requirement) -> None:
        match asks:
            case form.MeasureRequirement():
                self.bound(path, asks, asks.indicator, self.units_of((*path, "indicator"), asks.indicator))
            case form.TravelRequirement():
                self.bound(path, asks, asks.indicator, {"min"})
            case form.OrganisationsRequirement():
                self._organisations(path, asks)
            case form.DocumentRequirement():
                if asks.indicator:
                    self.units_of((*path, "indicator"), asks.indicator)
            case form.BodyRequirement():
                for n, seats in enumerate(asks.seats):
                    self._seats((*path, "seats", n), seats)
            case form.FundingRequirement():
                self.bound(path, asks, asks.id, MONEY)
            case form.GroupRequirement():
                self._group(path, asks)

    def _organisations(self, path: Path, asks: form.OrganisationsRequirement) -> None:
        if not asks.roles and not asks.kinds:
            self.say(path, asks.id, _("« {word} »: say which « roles » or which « kinds ».").format(word=asks.id))
        if asks.stage and "invests_in" not in asks.roles:
            message = _("« {word} » is a stage of investment: « roles » has to name invests_in.")
            self.say((*path, "stage"), asks.stage, message.format(word=asks.stage))
        if asks.partner_kinds and not asks.roles:
            self.say((*path, "partner_kinds"), "partner_kinds", _("« partner_kinds » needs « roles »."), key=True)
        of_role = "" if asks.roles else _("« {word} » is a fact of a role: « roles » has to name one.")
        self._where(path, asks.where, of_role)
        kinds = {piece.asks.id: type(piece.asks) for piece in self.requirements}
        if kinds.get(asks.distinct_from, form.OrganisationsRequirement) is not form.OrganisationsRequirement:
            message = _("« {word} » does not count organisations.").format(word=asks.distinct_from)
            self.say((*path, "distinct_from"), asks.distinct_from, message)

    def _seats(self, path: Path, seats: form.Seats) -> None:
        if seats.detail and not seats.member_roles:
            self.say((*path, "detail"), "detail", _("« detail » needs « member_roles »."), key=True)
        self.bound(path, seats, "seats", {"%"} if seats.as_share else UNITS_OF_SEATS[seats.of])
        self._where(path, seats.where, _("« {word} » is a fact of a role, not of a member."))

    def _where(self, path: Path, facts: tuple[form.Where, ...], of_role: str) -> None:
        """The thresholds of facts; `of_role`: what is said of facts of a role where there is none."""
        for n, where in enumerate(facts):
            self.bound((*path, "where", n), where, where.fact, UNITS_OF_FACTS[where.fact])
            if of_role and where.fact in OF_ROLE:
                self.say((*path, "where", n, "fact"), where.fact, of_role.format(word=where.fact))

    def _group(self, path: Path, asks: form.GroupRequirement) -> None:
        members = [raw for _path, raw in tables(self._raw(path).get("requirements"), ())]
        count = sum(raw.get("mandatory") is not False and raw.get("bonus") is not True for raw in members)
        if not members:
            message = _("The group « {word} » is empty.").format(word=asks.id)
            self.say(path, asks.id, message)
        if asks.rule_of != "at_least":
            if asks.n is not None:
                message = _('« n » goes with rule_of = "at_least" only.')
                self.say((*path, "n"), asks.n, message, key=True)
        elif asks.n is None:
            message = _("« {word} » needs « n »: how many of its requirements have to be met.").format(word=asks.id)
            self.say(path, "n", message)
        elif not 1 <= asks.n <= count:
            message = _("« n » is {n}: the group « {word} » has {count} requirements that count.").format(
                n=asks.n, word=asks.id, count=count
            )
            self.say((*path, "n"), asks.n, message)

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
