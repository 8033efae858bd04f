"""Observations of figures, for the team of a board: declared, corrected, published, withdrawn."""

import datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.pages import SHOW_AND_SEND, errors_as_message, errors_at, errors_in, form_status
from totem.labels.charters.format import PeriodKind
from totem.labels.evidence import actions as evidence_actions
from totem.labels.evidence.comparison import DeclaredRow, compare, differences, documents_with_workspace, text_of
from totem.labels.evidence.forms import ObservationForm
from totem.labels.evidence.views.asked import BoardFigures, asked_for, charter_says, frame_of, steps_above
from totem.labels.figures import FigureDefinition, period_of
from totem.labels.models import Observation, ObservationVersion
from totem.labels.permissions import EDIT, SEE, board_for
from totem.territories.actions import add_document

if TYPE_CHECKING:
    from django.db.models import QuerySet


def _observation(
    request: HttpRequest, workspace: str, board: str, pk: int, permission: str = SEE
) -> tuple[BoardFigures, FigureDefinition, Observation]:
    """An observation of a figure of this board that its workspace sees; to change it, its own. Raises Http404."""
    holder = board_for(request.user, workspace, board, permission).workspace
    seen = Observation.objects.select_related("workspace", "declared_by").visible_to_workspace(holder)
    row = seen.filter(pk=pk).first()
    if row is None or (permission != SEE and row.workspace != holder):
        raise Http404
    asked = asked_for(request, workspace, board, permission, part=row.subject)
    return asked, asked.figured(row.indicator), row


@require_safe
def observation(request: HttpRequest, workspace: str, board: str, pk: int) -> HttpResponse:
    """What an observation says, and all that it said before; of another territory's, what it publishes today."""
    asked, figured, row = _observation(request, workspace, board, pk)
    own = row.workspace_id == asked.workspace.pk
    rows = list(_versions(row))[: None if own else 1]
    if rows[0].withdrawn and not own:
        raise Http404
    found = compare(figured, asked.subject, asked.day, asked.workspace, {})
    said = [DeclaredRow(figured, version, own, asked.day, counts=False) for version in rows]
    texts = [text_of(version) for version in rows]
    context = {
        **frame_of(request, asked, *steps_above(asked, figured)),
        "figured": figured,
        "observation": row,
        "own": own,
        "said": said[0],
        # Of each version, what it changed of the one before.
        "steps": list(zip(said, [*map(partial(differences, figured), texts[1:], texts), ()], strict=True)),
        "counts": any(one.counts and one.observation.pk == pk for one in found.said),
        "public_url": asked.at("observation_public", pk),
        "withdraw_url": asked.at("observation_withdraw", pk),
        "edit_url": asked.at("observation_edit", pk),
    }
    return render(request, "labels/observation.html", context)


def _versions(row: Observation) -> "QuerySet[ObservationVersion]":
    """All that an observation said, the last first."""
    rows = row.versions.select_related("observation__workspace", "written_by")
    return rows.prefetch_related(documents_with_workspace()).order_by("-number")


# -- Declaring --------------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def declare(request: HttpRequest, workspace: str, board: str, name: str) -> HttpResponse:
    """Declare a figure, with what stands behind it."""
    asked = asked_for(request, workspace, board, EDIT)
    figured, back = asked.figured(name), asked.here("figure", name)
    form = ObservationForm(
        request.POST or None, request.FILES or None, figured=figured, workspace=asked.workspace,
        initial=_proposed(figured, asked.day),
    )  # fmt: skip
    if _is_fine(request, asked, form):
        with errors_in(form):
            made = evidence_actions.declare(
                workspace=asked.workspace, subject=asked.subject, figured=figured, values=form.said,
                documents=form.cleaned_data["documents"], public=form.cleaned_data["public"],
                by=signed_in(request), now=clock.now(),
            )  # fmt: skip
            everybody = _("It is declared, and everybody sees it.")
            team = _("It is declared. Only your team sees it until you publish it.")
            messages.success(request, everybody if made.public else team)
            return redirect(back)
    return _form_page(request, asked, figured, form, back)


def _proposed(figured: FigureDefinition, day: datetime.date) -> dict[str, Any]:
    """The period that the charter asks for; of a document, that it is there."""
    if figured.period is PeriodKind.DAY:
        return {"ends_on": day} | ({"value": Decimal(1)} if figured.documents and not figured.travel else {})
    period = period_of(figured.period, day)
    last = timezone.localdate(period.ends_at) - datetime.timedelta(days=1)
    return {"starts_on": timezone.localdate(period.starts_at), "ends_on": last}


def _is_fine(request: HttpRequest, asked: BoardFigures, form: ObservationForm) -> bool:
    """Whether the form may be acted upon. Documents sent are kept in any case: nobody sends them twice."""
    fine = form.is_valid()
    uploads = form.cleaned_data.get("uploads") if form.is_bound else None
    if uploads:
        title = str(form.cleaned_data.get("source", ""))[:200]
        with errors_in(form), errors_at("uploads"), transaction.atomic():
            form.keep(
                [
                    add_document(workspace=asked.workspace, checked=checked, title=title, by=signed_in(request))
                    for checked in uploads
                ]
            )
    return fine and form.is_valid()


def _form_page(
    request: HttpRequest,
    asked: BoardFigures,
    figured: FigureDefinition,
    form: ObservationForm,
    back: str,
    **context: Any,
) -> HttpResponse:
    context = {
        **frame_of(request, asked, *steps_above(asked, figured)),
        **charter_says(asked, figured),
        "form": form,
        "back": back,
        "lasts_until": figured.lasts_until(form.initial["ends_on"]),
        **context,
    }
    return render(request, "labels/observation_form.html", context, status=context.get("status", form_status(request)))


@require_http_methods(SHOW_AND_SEND)
def observation_edit(request: HttpRequest, workspace: str, board: str, pk: int) -> HttpResponse:
    """Correct what was declared: a version more. Somebody else's newer text is shown beside (409), none is lost."""
    asked, figured, row = _observation(request, workspace, board, pk, EDIT)
    latest, back = _versions(row)[0], asked.at("observation", pk)
    form = ObservationForm(
        request.POST or None, request.FILES or None, figured=figured, workspace=asked.workspace, instance=latest
    )
    context: dict[str, Any] = {"correcting": row, "latest": latest}
    if _is_fine(request, asked, form):
        try:
            with errors_in(form):
                evidence_actions.revise(
                    observation=row, based_on=form.cleaned_data["based_on"] or 0, figured=figured, values=form.said,
                    documents=form.cleaned_data["documents"], by=signed_in(request), now=clock.now(),
                )  # fmt: skip
                messages.success(request, _("Saved. What it said before is kept."))
                return redirect(back)
        except evidence_actions.Outdated as newer:
            context |= _conflict(row, figured, form, newer.latest.number)
    return _form_page(request, asked, figured, form, back, **context)


def _conflict(row: Observation, figured: FigureDefinition, form: ObservationForm, number: int) -> dict[str, Any]:
    """Both texts where they differ. Sending the form again is a choice: what stands now has been seen."""
    theirs = _versions(row).get(number=number)
    documents = tuple(sorted(str(document) for document in form.cleaned_data["documents"]))
    form.put("based_on", number)
    mine = {**form.said, "documents": documents, "withdrawn": False}
    return {"theirs": theirs, "conflicts": differences(figured, text_of(theirs), mine), "status": 409}


@require_POST
def observation_public(request: HttpRequest, workspace: str, board: str, pk: int) -> HttpResponse:
    """Show an observation to everybody with its documents, or to the team alone."""
    asked, _figured, row = _observation(request, workspace, board, pk, EDIT)
    public = request.POST.get("public") == "yes"
    with errors_as_message(request):
        evidence_actions.publish_observation(observation=row, public=public, by=signed_in(request))
        messages.success(request, _("Everybody sees it now.") if public else _("Only the team sees it now."))
    return redirect(asked.at("observation", pk))


@require_POST
def observation_withdraw(request: HttpRequest, workspace: str, board: str, pk: int) -> HttpResponse:
    """Take an observation back: it does not count any more, and stays in the history."""
    asked, _figured, row = _observation(request, workspace, board, pk, EDIT)
    based_on = request.POST.get("based_on", "")
    number = int(based_on) if based_on.isdecimal() and len(based_on) < 10 else 0
    try:
        evidence_actions.withdraw(observation=row, based_on=number, by=signed_in(request), now=clock.now())
        messages.success(request, _("It is withdrawn: it does not count any more."))
    except evidence_actions.Outdated:
        words = _("Somebody has changed it meanwhile: look at what it says now before you withdraw it.")
        messages.error(request, words)
    return redirect(asked.at("observation", pk))
