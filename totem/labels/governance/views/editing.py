"""Adding, changing, showing and taking out what governs and pays: one set of pages for all kinds of rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Model, Q
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from totem.accounts.models import User
from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.edit_conflicts import conflict_as_message
from totem.core.measures import Text
from totem.core.pages import SHOW_AND_SEND, errors_as_message, errors_at, errors_in
from totem.labels.boards.views.form_page import FormPage, answer_form
from totem.labels.boards.views.frame import workspace_of
from totem.labels.governance import actions
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
from totem.labels.governance.queries import about
from totem.labels.models import Appointment, Board, Body, BodyKind, FundingLine, Meeting, Office, Seat
from totem.labels.permissions import EDIT, board_for
from totem.organisations.actions import note_organisation
from totem.organisations.forms import label_of, search_for
from totem.organisations.models import LegalForm, Organisation
from totem.organisations.queries import relations_of_workspace
from totem.territories.actions import add_document

NAMES_PROPOSED = 200

View = Callable[..., HttpResponse]


def _initial_body(request: HttpRequest) -> dict[str, Any]:
    kind = request.GET.get("nature", "")
    return {"kind": kind} if kind in BodyKind.values else {}


@dataclass(frozen=True)
class RowKind:
    """A kind of row: its form and its words; the route that takes one out, where that can be, and what is said then.

    `anchor` is its section on the page of the governance; `initial` what a new one begins with.
    """

    model: type[Model]
    form: type[Form]
    new: Text
    changed: Text
    remove_route: str = ""
    removed: Text = ""
    lead: Text = ""
    anchor: str = ""
    initial: Callable[[HttpRequest], dict[str, Any]] = lambda request: {}  # noqa: ARG005


BODY = RowKind(
    Body,
    BodyForm,
    gettext_lazy("New body"),
    gettext_lazy("Change the body"),
    lead=gettext_lazy("Its seats and its meetings are said next, on its page."),
    initial=_initial_body,
)
SEAT = RowKind(
    Seat,
    SeatForm,
    gettext_lazy("New seat"),
    gettext_lazy("Change a seat"),
    "seat_remove",
    gettext_lazy("The seat is no longer there."),
)
MEETING = RowKind(
    Meeting,
    MeetingForm,
    gettext_lazy("A meeting that was held"),
    gettext_lazy("Change a meeting"),
    "meeting_remove",
    gettext_lazy("The meeting is no longer there."),
    initial=lambda _request: {"held_on": clock.today()},
)
APPOINTMENT = RowKind(
    Appointment,
    AppointmentForm,
    gettext_lazy("Somebody named to an office"),
    gettext_lazy("Change an appointment"),
    anchor="#offices",
    initial=lambda _request: {"office": Office.CHIEF_DIGITAL_OFFICER},
)
FUNDING = RowKind(
    FundingLine,
    FundingForm,
    gettext_lazy("New funding line"),
    gettext_lazy("Change a funding line"),
    "funding_remove",
    gettext_lazy("The funding line is no longer there."),
    anchor="#money",
)


# -- Where a row stands -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BodyPlace:
    """The board, and the body where the row belongs to one; for those who may change it."""

    board: Board
    body: Body | None = None

    @classmethod
    def of(cls, request: HttpRequest, workspace: str, board: str, body: int | None = None) -> "BodyPlace":
        """Raises Http404, also for a body that another territory declared."""
        row = board_for(request.user, workspace, board, EDIT)
        if body is None:
            return cls(row)
        bodies = Body.objects.select_related("workspace", "organisation").filter(about(row))
        return cls(row, get_object_or_404(bodies, workspace=row.workspace, pk=body))

    def own(self, kind: RowKind, pk: int) -> Any:
        """The row of that kind. Raises Http404."""
        if self.body is not None:
            return get_object_or_404(kind.model, body=self.body, pk=pk)
        return get_object_or_404(kind.model, about(self.board), workspace=self.board.workspace, pk=pk)

    def own_or_gone(self, kind: RowKind, pk: int) -> Any:
        """The row of that kind; None once somebody has taken it out."""
        return self.own(kind, pk) if kind.model._default_manager.filter(pk=pk).exists() else None

    def back(self, kind: RowKind, row: Any = None) -> tuple[str, str]:
        """The page that the row stands on: that of its body, or of the governance."""
        body = row if isinstance(row, Body) else self.body
        if body is not None:
            return body.name, self._at("body", body.pk)
        return "", self._at("governance") + kind.anchor

    def page(self, kind: RowKind, title: Text, row: Any = None) -> FormPage:
        remove = ""
        if row is not None and kind.remove_route:
            remove = self._at(kind.remove_route, *([self.body.pk] if self.body else []), row.pk)
        lead = "" if row is not None else str(kind.lead)
        return FormPage(self.board, str(title), self.back(kind, row), lead, row, remove)

    def _at(self, route: str, *arguments: object) -> str:
        return reverse(f"labels:{route}", args=[workspace_of(self.board).slug, self.board.slug, *arguments])


# -- Pages ------------------------------------------------------------------------------------------------------------


def _saves(kind: RowKind) -> View:
    """The page that adds a row, and changes one where the address names it."""

    @require_http_methods(SHOW_AND_SEND)
    def view(
        request: HttpRequest, workspace: str, board: str, body: int | None = None, pk: int | None = None
    ) -> HttpResponse:
        place = BodyPlace.of(request, workspace, board, body)
        find = place.own_or_gone if request.method == "POST" else place.own  # what is typed of a gone row is not lost
        row = None if pk is None else find(kind, pk)
        more: dict[str, Any] = {"initial": kind.initial(request)} if row is None else {"instance": row}
        if kind is SEAT:
            more["body"] = place.body
        form = kind.form(request.POST or None, request.FILES or None, **more)

        def act(**values: Any) -> str:
            values["seen"] = form.cleaned_data["seen"]
            if row is not None:
                actions.change(row=row, **values)
                return place.back(kind, row)[1]
            return place.back(kind, actions.add(kind.model, within=place.body or place.board, **values))[1]  # type: ignore[type-var]

        return _answer(request, place.page(kind, kind.new if pk is None else kind.changed, row), form, act)

    return view


def _removes(kind: RowKind) -> View:
    @require_POST
    def view(request: HttpRequest, workspace: str, board: str, pk: int, body: int | None = None) -> HttpResponse:
        place = BodyPlace.of(request, workspace, board, body)
        with errors_as_message(request), conflict_as_message(request):
            if row := place.own_or_gone(kind, pk):
                actions.remove(row=row, seen=request.POST.get("seen", ""), by=signed_in(request))
            messages.success(request, str(kind.removed))
        return redirect(place.back(kind)[1])

    return view


def _shows(kind: RowKind) -> View:
    @require_POST
    def view(request: HttpRequest, workspace: str, board: str, pk: int) -> HttpResponse:
        place = BodyPlace.of(request, workspace, board)
        row, public = place.own(kind, pk), request.POST.get("public") == "yes"
        with errors_as_message(request), conflict_as_message(request):
            seen = request.POST.get("seen", "")
            actions.set_governed_public(row=row, seen=seen, public=public, by=signed_in(request))
            messages.success(request, _("Everybody sees it now.") if public else _("Only the team sees it now."))
        return redirect(place.back(kind, row)[1])

    return view


body_form, body_public = _saves(BODY), _shows(BODY)
seat_form, seat_remove = _saves(SEAT), _removes(SEAT)
meeting_form, meeting_remove = _saves(MEETING), _removes(MEETING)
appointment_form, appointment_public = _saves(APPOINTMENT), _shows(APPOINTMENT)
funding_form, funding_remove, funding_public = _saves(FUNDING), _removes(FUNDING), _shows(FUNDING)


@require_http_methods(SHOW_AND_SEND)
def appointment_end(request: HttpRequest, workspace: str, board: str, pk: int) -> HttpResponse:
    """From when somebody no longer holds an office."""
    place = BodyPlace.of(request, workspace, board)
    row = place.own(APPOINTMENT, pk)
    form = EndForm(request.POST or None, initial={"until": clock.today()})

    def act(**values: Any) -> str:
        actions.end_appointment(appointment=row, seen=form.cleaned_data["seen"], **values)
        return place.back(APPOINTMENT)[1]

    title = _("End of office: %(office)s") % {"office": row.get_office_display()}
    return _answer(request, place.page(APPOINTMENT, title, row), form, act)


# -- Forms ------------------------------------------------------------------------------------------------------------


def _answer(request: HttpRequest, page: FormPage, form: Form, act: Callable[..., str]) -> HttpResponse:
    """The page of the form; a document that is sent is kept, and an organisation that is named is noted."""
    workspace, by = workspace_of(page.board), signed_in(request)
    search_for(form, workspace)
    if isinstance(form, ProvenForm):
        form.of(workspace, page.row)
        if form.is_bound:
            form.full_clean()
            _keep_document(request, page.board, form)

    @transaction.atomic
    def done() -> str:
        return act(by=by, **_noted(page.board, form, by))

    known = {"known": _known(page.board)} if isinstance(form, NotingForm) else {}
    return answer_form(request, page, form, done, said, **known)


def _keep_document(request: HttpRequest, board: Board, form: ProvenForm) -> None:
    """A document that was sent is kept, whatever else is wrong: nobody sends it twice."""
    upload = form.cleaned_data.get("upload")
    if upload is not None:
        with errors_in(form), errors_at("upload"):
            form.keep(add_document(workspace=workspace_of(board), checked=upload, title="", by=signed_in(request)))


def _noted(board: Board, form: Form, by: User) -> dict[str, Any]:
    """The values of the form, with the organisation that had to be noted; none is when the action is refused."""
    values = said(form)
    if not isinstance(form, NotingForm) or not isinstance(values.get(form.noted), str):
        return values
    with errors_at(form.noted):
        made = note_organisation(
            by=by,
            workspace=workspace_of(board),
            name=values[form.noted],
            kind=form.cleaned_data["new_kind"],
            legal_form=LegalForm.OTHER,
        )
    return values | {form.noted: made}


def _known(board: Board) -> list[str]:
    """The organisations to propose: those of the territory's actors, and those that are named here already."""
    workspace = workspace_of(board)
    seated = Seat.objects.filter(body__workspace=workspace).values("organisation")
    appointing = Appointment.objects.filter(workspace=workspace).values("appointed_by")
    named = Q(relations__in=relations_of_workspace(workspace)) | Q(pk__in=seated) | Q(pk__in=appointing)
    return [label_of(one) for one in Organisation.objects.filter(named).distinct()[:NAMES_PROPOSED]]
