"""Who governs and who pays, for the team of a board: bodies, their seats and meetings, offices, funding lines."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.models import User
from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.edit_conflicts import EditConflict, VersionedForm, differences
from totem.core.models import Dated
from totem.core.pages import SHOW_AND_SEND, errors_as_message, errors_at, errors_in, form_status
from totem.labels.boards.showing import ShownCriterion, ShownRequirement
from totem.labels.boards.views.frame import board_frame
from totem.labels.boards.views.judged import Judged
from totem.labels.charters.format import AppointmentRequirement, BodyRequirement, FundingRequirement
from totem.labels.governance import actions as governance_actions
from totem.labels.governance.forms import (
    AppointmentForm,
    BodyForm,
    EndForm,
    FundingForm,
    MeetingForm,
    NotingForm,
    ProvenForm,
    SeatForm,
    said,
)
from totem.labels.governance.queries import (
    BodyComposition,
    Legality,
    about,
    appointments_of,
    bodies_of,
    composition,
    funding_of,
    in_force,
    legality,
    totals,
)
from totem.labels.judging.evaluations import NoCharter, evaluate
from totem.labels.judging.facts import FINE, State
from totem.labels.models import Appointment, Board, Body, BodyKind, FundingLine, Meeting, Office, Seat
from totem.labels.permissions import EDIT, board_for
from totem.labels.wording import amount_words
from totem.organisations.actions import note_organisation
from totem.organisations.forms import label_of, search_for
from totem.organisations.models import LegalForm, Organisation
from totem.organisations.queries import relations_of_workspace
from totem.territories.actions import add_document
from totem.territories.models import Workspace
from totem.territories.places import PlaceNotFound

NAMES_PROPOSED = 200


def _workspace(board: Board) -> Workspace:
    """Whose board it is."""
    if board.workspace is None:  # the constraint `board_of_one` lets no such row be
        raise Http404
    return board.workspace


def _at(board: Board, route: str, *arguments: object) -> str:
    """The address of a page of this board."""
    return reverse(f"labels:{route}", args=[_workspace(board).slug, board.slug, *arguments])


def _home(board: Board) -> tuple[str, str]:
    return pgettext("tab", "Governance"), _at(board, "governance")


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
        for criterion in Judged.of(evaluated, team=True).criteria()
        for one in criterion.flat()
        if isinstance(one.asked, kinds)
    ]


@dataclass(frozen=True)
class ShownBody:
    """A body, what its seats in force come to, and the law of its form."""

    body: Body
    day: datetime.date
    seats: list[Seat]

    @classmethod
    def of(cls, body: Body, day: datetime.date) -> "ShownBody":
        return cls(body, day, [seat for seat in body.seats.all() if in_force(seat, day)])

    @property
    def in_force(self) -> bool:
        return in_force(self.body, self.day)

    @property
    def last_meeting(self) -> datetime.date | None:
        return getattr(self.body, "last", None)

    @property
    def composition(self) -> BodyComposition:
        return composition(self.seats)

    @property
    def legality(self) -> Legality | None:
        return legality(self.body, self.seats)


@require_safe
def governance(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """Who governs and who pays, each with what the charter asks of it."""
    row, today = board_for(request.user, workspace, board), clock.today()
    judged = _asked_here(row)
    asked = judged or []
    shown = [ShownBody.of(body, today) for body in bodies_of(row, today)]
    shown.sort(key=lambda one: not one.in_force)
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
    shown, frame = ShownBody.of(found, today), board_frame(request, row)
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


# -- What may be changed ----------------------------------------------------------------------------------------------


def _own_body(request: HttpRequest, workspace: str, board: str, pk: int) -> tuple[Board, Body]:
    """A body of the board that its own workspace declared, for those who may change it. Raises Http404."""
    row = board_for(request.user, workspace, board, EDIT)
    rows = Body.objects.select_related("workspace", "organisation")
    return row, get_object_or_404(rows, about(row), workspace=row.workspace, pk=pk)


def _own_seat(request: HttpRequest, workspace: str, board: str, body: int, pk: int) -> tuple[Board, Seat]:
    row, within = _own_body(request, workspace, board, body)
    return row, get_object_or_404(Seat.objects.select_related("body__workspace", "organisation"), body=within, pk=pk)


def _own_meeting(request: HttpRequest, workspace: str, board: str, body: int, pk: int) -> tuple[Board, Meeting]:
    row, within = _own_body(request, workspace, board, body)
    return row, get_object_or_404(Meeting.objects.select_related("body__workspace"), body=within, pk=pk)


def _own_appointment(request: HttpRequest, workspace: str, board: str, pk: int) -> tuple[Board, Appointment]:
    row = board_for(request.user, workspace, board, EDIT)
    rows = Appointment.objects.select_related("workspace", "perimeter", "hub")
    return row, get_object_or_404(rows, about(row), workspace=row.workspace, pk=pk)


def _own_line(request: HttpRequest, workspace: str, board: str, pk: int) -> tuple[Board, FundingLine]:
    row = board_for(request.user, workspace, board, EDIT)
    rows = FundingLine.objects.select_related("workspace")
    return row, get_object_or_404(rows, about(row), workspace=row.workspace, pk=pk)


# -- Forms ------------------------------------------------------------------------------------------------------------

Act = Callable[[User, dict[str, Any]], str]


@dataclass(frozen=True)
class Page:
    """A form of a board: what it is called, the page it comes from, the row it changes and where that is taken out."""

    board: Board
    title: str
    back: tuple[str, str]
    lead: str = ""
    row: Dated | None = None
    remove_url: str = ""


def _answer(request: HttpRequest, page: Page, form: Form, act: Act) -> HttpResponse:
    """The page of a form, or, once `act` has done what it says, the address that it gives.

    409 with both texts when somebody else has saved the row of the page since it was shown.
    """
    status, theirs, row = form_status(request), None, page.row
    search_for(form, _workspace(page.board))
    if isinstance(form, ProvenForm):
        form.of(_workspace(page.board), row)
    if row is not None and isinstance(form, VersionedForm):
        form.show_version(row)
    form.full_clean()
    _keep_document(request, page.board, form)
    if form.is_valid():
        try:
            with errors_in(form):
                where = _done(request, page.board, form, act)
                messages.success(request, _("Saved."))
                return redirect(where)
        except EditConflict as conflict:
            status, theirs = 409, differences(form, said(form), conflict.current)
            if isinstance(form, VersionedForm):
                form.accept_version(conflict.current)
    if isinstance(form, AppointmentForm) and "together" in form.errors:
        form.ask_together()
    context = {
        **board_frame(request, page.board, *([] if page.back == _home(page.board) else [page.back])),
        "form": form,
        "page": page,
        "back": page.back[1],
        "theirs": theirs,
        "known": _known(page.board) if isinstance(form, NotingForm) else [],
    }
    return render(request, "labels/governance_form.html", context, status=status)


def _keep_document(request: HttpRequest, board: Board, form: Form) -> None:
    """A document that was sent is kept, whatever else is wrong: nobody sends it twice."""
    if not isinstance(form, ProvenForm) or not form.is_bound:
        return
    upload = form.cleaned_data.get("upload")
    if upload is not None:
        with errors_in(form), errors_at("upload"):
            form.keep(add_document(workspace=_workspace(board), checked=upload, title="", by=signed_in(request)))


@transaction.atomic
def _done(request: HttpRequest, board: Board, form: Form, act: Act) -> str:
    """The address after the action, with the organisation that had to be noted; nothing is noted when it is refused."""
    by, values = signed_in(request), said(form)
    if isinstance(form, NotingForm) and isinstance(values.get(form.noted), str):
        try:
            values[form.noted] = note_organisation(
                by=by,
                workspace=_workspace(board),
                name=values[form.noted],
                kind=form.cleaned_data["new_kind"],
                legal_form=LegalForm.OTHER,
            )
        except ValidationError as error:
            raise ValidationError({form.noted: error.messages}) from error
    return act(by, values)


def _known(board: Board) -> list[str]:
    """The organisations to propose: those of the territory's actors, and those that are named here already."""
    workspace = _workspace(board)
    seated = Seat.objects.filter(body__workspace=workspace).values("organisation")
    appointing = Appointment.objects.filter(workspace=workspace).values("appointed_by")
    named = Q(relations__in=relations_of_workspace(workspace)) | Q(pk__in=seated) | Q(pk__in=appointing)
    rows = Organisation.objects.filter(named).distinct()[:NAMES_PROPOSED]
    return [label_of(one) for one in rows]


# -- Bodies -----------------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def body_create(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """A new body, for the team until it is published."""
    row = board_for(request.user, workspace, board, EDIT)
    kind = request.GET.get("nature", "")
    initial = {"kind": kind} if kind in BodyKind.values else {}
    form = BodyForm(request.POST or None, request.FILES or None, initial=initial)

    def act(by: User, values: dict[str, Any]) -> str:
        return _at(row, "body", governance_actions.create_body(board=row, by=by, **values).pk)

    lead = _("Its seats and its meetings are said next, on its page.")
    return _answer(request, Page(row, _("New body"), _home(row), lead), form, act)


@require_http_methods(SHOW_AND_SEND)
def body_edit(request: HttpRequest, workspace: str, board: str, pk: int) -> HttpResponse:
    """Change what a body is."""
    row, found = _own_body(request, workspace, board, pk)
    page = Page(row, _("Change %(name)s") % {"name": found.name}, (found.name, _at(row, "body", pk)), row=found)
    form = BodyForm(request.POST or None, request.FILES or None, instance=found)

    def act(by: User, values: dict[str, Any]) -> str:
        governance_actions.change_body(body=found, seen=form.cleaned_data["seen"], by=by, **values)
        return page.back[1]

    return _answer(request, page, form, act)


@require_POST
def body_public(request: HttpRequest, workspace: str, board: str, pk: int) -> HttpResponse:
    """Show a body, with its seats and meetings, to everybody, or to the team alone."""
    row, found = _own_body(request, workspace, board, pk)
    return _published(request, found, _at(row, "body", pk))


def _published(request: HttpRequest, row: Body | Appointment | FundingLine, where: str) -> HttpResponse:
    public = request.POST.get("public") == "yes"
    with errors_as_message(request):
        governance_actions.set_governed_public(row=row, public=public, by=signed_in(request))  # type: ignore[type-var]
        messages.success(request, _("Everybody sees it now.") if public else _("Only the team sees it now."))
    return redirect(where)


@require_http_methods(SHOW_AND_SEND)
def seat_create(request: HttpRequest, workspace: str, board: str, body: int) -> HttpResponse:
    """A new seat of a body."""
    row, found = _own_body(request, workspace, board, body)
    page = Page(row, _("New seat"), (found.name, _at(row, "body", body)))
    form = SeatForm(request.POST or None, body=found)

    def act(by: User, values: dict[str, Any]) -> str:
        governance_actions.add_seat(body=found, by=by, **values)
        return page.back[1]

    return _answer(request, page, form, act)


@require_http_methods(SHOW_AND_SEND)
def seat_edit(request: HttpRequest, workspace: str, board: str, body: int, pk: int) -> HttpResponse:
    """Change a seat, or say when it ends."""
    row, seat = _own_seat(request, workspace, board, body, pk)
    back, remove = (seat.body.name, _at(row, "body", body)), _at(row, "seat_remove", body, pk)
    page = Page(row, _("Change a seat"), back, row=seat, remove_url=remove)
    form = SeatForm(request.POST or None, instance=seat, body=seat.body)

    def act(by: User, values: dict[str, Any]) -> str:
        governance_actions.change_seat(seat=seat, seen=form.cleaned_data["seen"], by=by, **values)
        return page.back[1]

    return _answer(request, page, form, act)


@require_POST
def seat_remove(request: HttpRequest, workspace: str, board: str, body: int, pk: int) -> HttpResponse:
    """Take out a seat that was noted by mistake."""
    row, seat = _own_seat(request, workspace, board, body, pk)
    governance_actions.remove_seat(seat=seat, by=signed_in(request))
    messages.success(request, _("The seat is no longer there."))
    return redirect(_at(row, "body", body))


@require_http_methods(SHOW_AND_SEND)
def meeting_create(request: HttpRequest, workspace: str, board: str, body: int) -> HttpResponse:
    """A meeting of a body that was held."""
    row, found = _own_body(request, workspace, board, body)
    page = Page(row, _("A meeting that was held"), (found.name, _at(row, "body", body)))
    form = MeetingForm(request.POST or None, request.FILES or None, initial={"held_on": clock.today()})

    def act(by: User, values: dict[str, Any]) -> str:
        governance_actions.add_meeting(body=found, now=clock.now(), by=by, **values)
        return page.back[1]

    return _answer(request, page, form, act)


@require_http_methods(SHOW_AND_SEND)
def meeting_edit(request: HttpRequest, workspace: str, board: str, body: int, pk: int) -> HttpResponse:
    """Change what is said of a meeting."""
    row, meeting = _own_meeting(request, workspace, board, body, pk)
    back, remove = (meeting.body.name, _at(row, "body", body)), _at(row, "meeting_remove", body, pk)
    page = Page(row, _("Change a meeting"), back, row=meeting, remove_url=remove)
    form = MeetingForm(request.POST or None, request.FILES or None, instance=meeting)

    def act(by: User, values: dict[str, Any]) -> str:
        governance_actions.change_meeting(
            meeting=meeting, seen=form.cleaned_data["seen"], now=clock.now(), by=by, **values
        )
        return page.back[1]

    return _answer(request, page, form, act)


@require_POST
def meeting_remove(request: HttpRequest, workspace: str, board: str, body: int, pk: int) -> HttpResponse:
    """Take out a meeting that was noted by mistake."""
    row, meeting = _own_meeting(request, workspace, board, body, pk)
    governance_actions.remove_meeting(meeting=meeting, by=signed_in(request))
    messages.success(request, _("The meeting is no longer there."))
    return redirect(_at(row, "body", body))


# -- Offices ----------------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def appointment_create(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """Somebody named to an office."""
    row = board_for(request.user, workspace, board, EDIT)
    initial = {"office": Office.CHIEF_DIGITAL_OFFICER}
    form = AppointmentForm(request.POST or None, request.FILES or None, initial=initial)

    def act(by: User, values: dict[str, Any]) -> str:
        governance_actions.appoint(board=row, by=by, **values)
        return _at(row, "governance") + "#offices"

    return _answer(request, Page(row, _("Somebody named to an office"), _home(row)), form, act)


@require_http_methods(SHOW_AND_SEND)
def appointment_edit(request: HttpRequest, workspace: str, board: str, pk: int) -> HttpResponse:
    """Change what is said of an appointment."""
    row, found = _own_appointment(request, workspace, board, pk)
    form = AppointmentForm(request.POST or None, request.FILES or None, instance=found)

    def act(by: User, values: dict[str, Any]) -> str:
        governance_actions.change_appointment(appointment=found, seen=form.cleaned_data["seen"], by=by, **values)
        return _at(row, "governance") + "#offices"

    page = Page(row, _("Change an appointment"), _home(row), row=found)
    return _answer(request, page, form, act)


@require_http_methods(SHOW_AND_SEND)
def appointment_end(request: HttpRequest, workspace: str, board: str, pk: int) -> HttpResponse:
    """From when somebody no longer holds an office."""
    row, found = _own_appointment(request, workspace, board, pk)
    form = EndForm(request.POST or None, initial={"until": clock.today()})

    def act(by: User, values: dict[str, Any]) -> str:
        governance_actions.end_appointment(appointment=found, seen=form.cleaned_data["seen"], by=by, **values)
        return _at(row, "governance") + "#offices"

    title = _("End of office: %(office)s") % {"office": found.get_office_display()}
    return _answer(request, Page(row, title, _home(row), row=found), form, act)


@require_POST
def appointment_public(request: HttpRequest, workspace: str, board: str, pk: int) -> HttpResponse:
    """Show an appointment to everybody, or to the team alone."""
    row, found = _own_appointment(request, workspace, board, pk)
    return _published(request, found, _at(row, "governance") + "#offices")


# -- Money ------------------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def funding_create(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """A new funding line."""
    row = board_for(request.user, workspace, board, EDIT)
    form = FundingForm(request.POST or None, request.FILES or None)

    def act(by: User, values: dict[str, Any]) -> str:
        governance_actions.add_funding(board=row, by=by, **values)
        return _at(row, "governance") + "#money"

    return _answer(request, Page(row, _("New funding line"), _home(row)), form, act)


@require_http_methods(SHOW_AND_SEND)
def funding_edit(request: HttpRequest, workspace: str, board: str, pk: int) -> HttpResponse:
    """Change a funding line."""
    row, line = _own_line(request, workspace, board, pk)
    form = FundingForm(request.POST or None, request.FILES or None, instance=line)

    def act(by: User, values: dict[str, Any]) -> str:
        governance_actions.change_funding(line=line, seen=form.cleaned_data["seen"], by=by, **values)
        return _at(row, "governance") + "#money"

    remove = _at(row, "funding_remove", pk)
    page = Page(row, _("Change a funding line"), _home(row), row=line, remove_url=remove)
    return _answer(request, page, form, act)


@require_POST
def funding_public(request: HttpRequest, workspace: str, board: str, pk: int) -> HttpResponse:
    """Show a funding line to everybody, or to the team alone."""
    row, line = _own_line(request, workspace, board, pk)
    return _published(request, line, _at(row, "governance") + "#money")


@require_POST
def funding_remove(request: HttpRequest, workspace: str, board: str, pk: int) -> HttpResponse:
    """Take out a funding line that was noted by mistake."""
    row, line = _own_line(request, workspace, board, pk)
    governance_actions.remove_funding(line=line, by=signed_in(request))
    messages.success(request, _("The funding line is no longer there."))
    return redirect(_at(row, "governance") + "#money")
