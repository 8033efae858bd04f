"""Who governs and who pays, as the team of a board reads it."""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from totem.core import clock
from totem.labels.boards.judged import Judged
from totem.labels.boards.showing import ShownCriterion, ShownRequirement
from totem.labels.boards.views.frame import board_frame
from totem.labels.charters.format import AppointmentRequirement, BodyRequirement, FundingRequirement
from totem.labels.charters.wording import amount_words
from totem.labels.governance.queries import (
    BodyComposition,
    Legality,
    appointments_of,
    bodies_of,
    bodies_with_observers,
    composition,
    funding_of,
    in_force,
    legality,
    totals,
)
from totem.labels.judging.evaluations import NoCharter, evaluate
from totem.labels.judging.facts import FINE, State
from totem.labels.models import Appointment, Board, Body, BodyKind, Office, Seat
from totem.labels.permissions import board_for
from totem.territories.places import PlaceNotFound

# -- The page ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AskedHere:
    """A requirement of the charter about governance, what was found of it, and the address of its criterion."""

    criterion: ShownCriterion
    shown: ShownRequirement

    @property
    def url(self) -> str:
        return f"{self.criterion.url}#{self.shown.asked.id}"

    @property
    def words(self) -> str:
        """What was found, and what to do next; of money that nobody should give, in plain words."""
        asked, found = self.shown.asked, self.shown.words
        if isinstance(asked, FundingRequirement) and asked.bound == ("at_most", 0):
            found = self._no_money(asked) or found
        return f"{found} {self.shown.next}".strip()

    def _no_money(self, asked: FundingRequirement) -> str:
        """The sentence for « no State money for the development operation »."""
        if (asked.levels, asked.purposes) != (("state",), ("development_operation",)):
            return ""
        finding = self.shown.finding
        if finding.state in FINE:
            return _("No State money goes to the development operation.")
        if finding.state is State.NOT_MET and finding.value:
            amount = amount_words(finding.value, "€")
            return _("%(amount)s of State money goes to the development operation.") % {"amount": amount}
        return _("No funding line is recorded: nothing says that no State money goes to the development operation.")


def _asked_here(board: Board) -> list[AskedHere] | None:
    """What the charter asks of governance, judged today; None where it cannot be judged yet."""
    try:
        evaluated = evaluate(board, day=clock.today(), workspace=board.workspace)
    except (NoCharter, PlaceNotFound):
        return None
    kinds = BodyRequirement | AppointmentRequirement | FundingRequirement
    return [
        AskedHere(criterion, one)
        for criterion in Judged.of(evaluated).criteria
        for one in criterion.flat()
        if isinstance(one.asked, kinds)
    ]


@dataclass(frozen=True)
class ShownBody:
    """A body on that day: what its seats in force come to, and the law of its form."""

    body: Body
    day: datetime.date
    observers: bool  # whether the charter counts their seats

    @property
    def in_force(self) -> bool:
        return in_force(self.body, self.day)

    @property
    def seats(self) -> list[Seat]:
        return [seat for seat in self.body.seats.all() if in_force(seat, self.day)]

    @property
    def composition(self) -> BodyComposition:
        return composition(self.seats, observers=self.observers)

    @property
    def legality(self) -> Legality | None:
        return legality(self.body, self.seats)


def _shown(board: Board, bodies: Iterable[Body], day: datetime.date) -> list[ShownBody]:
    observers = bodies_with_observers(board, day)
    return [ShownBody(body, day, body.kind in observers) for body in bodies]


@require_safe
def governance(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """Who governs and who pays, each with what the charter asks of it."""
    row, today = board_for(request.user, workspace, board), clock.today()
    judged = _asked_here(row)
    asked = judged or []
    shown = sorted(_shown(row, bodies_of(row, today), today), key=lambda one: not one.in_force)
    sections = [
        {
            "kind": kind.value,
            "asked": [
                one for one in asked if isinstance(one.shown.asked, BodyRequirement) and one.shown.asked.body == kind
            ],
            "bodies": [one for one in shown if one.body.kind == kind],
        }
        for kind in BodyKind
    ]
    appointments, lines = list(appointments_of(row)), list(funding_of(row))
    appointments.sort(key=lambda one: (not in_force(one, today), one.office))
    running = [line for line in lines if line.starts_on <= today <= line.ends_on]
    context = {
        **board_frame(request, row),
        "judged": judged is not None,
        "sections": sections,
        "appointments": [(one, in_force(one, today)) for one in appointments],
        "asked_offices": [one for one in asked if isinstance(one.shown.asked, AppointmentRequirement)],
        "crowded": _crowded(row, appointments, today),
        "lines": [(line, line in running) for line in lines],
        "running": running,
        "total": sum((line.amount for line in running), start=0),
        "by_level": totals(running, lambda line: line.get_level_display()),
        "by_purpose": totals(running, lambda line: line.get_purpose_display()),
        "asked_money": [one for one in asked if isinstance(one.shown.asked, FundingRequirement)],
    }
    return render(request, "labels/governance.html", context)


def _crowded(board: Board, appointments: list[Appointment], day: datetime.date) -> list[str]:
    """The offices that several people hold on that day, by what the territory itself says."""
    held = [one.office for one in appointments if in_force(one, day) and one.workspace_id == board.workspace_id]
    return [str(office.label) for office in Office if held.count(office.value) > 1]


@require_safe
def body(request: HttpRequest, workspace: str, board: str, pk: int) -> HttpResponse:
    """A body: its seats, what each class weighs, the law of its form, its meetings."""
    row, today = board_for(request.user, workspace, board), clock.today()
    found = get_object_or_404(bodies_of(row, today), pk=pk)
    (shown,), frame = _shown(row, [found], today), board_frame(request, row)
    own = found.workspace_id == row.workspace_id
    context = {
        **frame,
        "body": found,
        "shown": shown,
        "composition": shown.composition,
        "legality": shown.legality,
        "seats": [(seat, in_force(seat, today)) for seat in sorted(found.seats.all(), key=_seat_order(today))],
        "meetings": list(found.meetings.select_related("document__workspace")),
        "own": own,
        "may_edit": frame["may_edit"] and own,
    }
    return render(request, "labels/body.html", context)


def _seat_order(day: datetime.date) -> Callable[[Seat], tuple[bool, bool, int]]:
    """Those in force first, the president before the others."""
    return lambda seat: (not in_force(seat, day), seat.role != "president", seat.pk)
