"""Seats of a body by list: each line of a table is a member and its seat."""

from collections.abc import Sequence
from typing import cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import Field
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from totem.accounts.permissions import signed_in
from totem.core.expensive import apart
from totem.core.pages import SHOW_AND_SEND, add_errors, form_status
from totem.core.tables import LineOutcome, TableLine, TableOutcome, choice_of, errors_of, save_table
from totem.core.wording import number
from totem.labels.boards.views.frame import board_frame, workspace_of
from totem.labels.governance import actions
from totem.labels.governance.forms import SeatForm, SeatsListForm, said
from totem.labels.governance.views.editing import SEAT, BodyPlace
from totem.labels.models import ActorClass, Body, Seat, SeatRole
from totem.organisations.forms import label_of
from totem.organisations.models import OrganisationKind
from totem.organisations.queries import OrganisationMatches
from totem.organisations.views.actors import organisation_of
from totem.organisations.views.listed import known_of, noted, who_form
from totem.territories.models import Workspace


@apart(most=2)
@require_http_methods(SHOW_AND_SEND)
def seats_list(request: HttpRequest, workspace: str, board: str, body: int) -> HttpResponse:
    """The seats of a body: shown line by line first, then saved together."""
    place = BodyPlace.of(request, workspace, board, body)
    label, back = place.back(SEAT)
    sent = request.POST if request.method == "POST" else None
    form, outcome = SeatsListForm(sent, request.FILES or None, body=cast("Body", place.body)), TableOutcome()
    if form.is_valid():
        outcome = save_table(form, lambda lines: _written(request, place, form, lines))
        if outcome.saved:
            messages.success(request, _("Saved."))
            return redirect(back)
    frame = board_frame(request, place.board, (label, back))
    context = frame | {
        "form": form,
        "outcome": outcome,
        "title": _("Add seats by list"),
        "kicker": frame["subject_name"],
        "lead": _("Paste a list or send a file: each line is checked and shown before anything is saved."),
        "back": back,
        "words_known": [(_("Class"), ActorClass.choices), (_("Role"), SeatRole.choices)],
    }
    refused = outcome.refused or not outcome.lines
    return render(request, "core/table_page.html", context, status=form_status(request) if refused else 200)


def _written(
    request: HttpRequest, place: BodyPlace, form: SeatsListForm, lines: Sequence[TableLine]
) -> list[LineOutcome]:
    workspace = workspace_of(place.board)
    known = known_of(lines, workspace)
    return [_one(request, workspace, cast("Body", place.body), form, line, known=known) for line in lines]


def _one(
    request: HttpRequest,
    workspace: Workspace,
    body: Body,
    shared: SeatsListForm,
    line: TableLine,
    *,
    known: OrganisationMatches,
) -> LineOutcome:
    who = who_form(line, shared.cleaned_data["organisation_kind"], workspace, known)
    # `who` checks whose it is, and says what is wrong with it.
    meant = (who.is_valid() and who.cleaned_data["organisation"]) or "x"
    form = SeatForm(_seat(line, shared) | {"organisation": meant}, body=body)
    form.fields["organisation"] = Field(required=False)
    if all([who.is_valid(), form.is_valid()]):
        try:
            with transaction.atomic():
                member = organisation_of(request, workspace, who)
                values = said(form) | {"organisation": member}
                seat = actions.add(Seat, within=body, by=signed_in(request), **values)
            votes = _("votes: %(votes)s") % {"votes": number(seat.votes)}
            parts = [seat.get_role_display(), seat.get_actor_class_display(), votes]
            if seat.capital_share is not None:
                parts.append(_("%(share)s %% of the capital") % {"share": number(seat.capital_share)})
            return LineOutcome(line, label_of(member), " · ".join(parts), noted(who, member, known))
        except ValidationError as error:
            if not who.errors:
                add_errors(form, error)
    return LineOutcome(line, line.get("name") or line.get("number"), errors=errors_of(who, form))


def _seat(line: TableLine, shared: SeatsListForm) -> dict[str, object]:
    role = choice_of(line.get("role"), SeatRole.choices) or SeatRole.MEMBER
    return {
        "actor_class": choice_of(line.get("actor_class"), ActorClass.choices) or shared.cleaned_data["actor_class"],
        "role": role,
        "votes": line.get("votes", "0" if role == SeatRole.OBSERVER else "1"),
        "capital_share": line.get("capital_share").rstrip(" %"),
        "since": shared.cleaned_data["since"],
        "new_kind": OrganisationKind.SME,
    }
