"""The figures of a board, for its team: what counts, what is said side by side, choosing among them."""

import datetime
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import parse_qsl

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from procrastinate.exceptions import AlreadyEnqueued

from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.components import Tab
from totem.core.measures import Text
from totem.core.pages import SHOW_AND_SEND, errors_in, form_status
from totem.core.wording import date_with_year
from totem.labels.boards import actions as board_actions
from totem.labels.evidence import actions as evidence_actions
from totem.labels.evidence.comparison import Comparison, compare
from totem.labels.evidence.figure_rows import FigureRow, lines_of
from totem.labels.evidence.forms import RegisterForm, RetainForm
from totem.labels.evidence.views.asked import BoardFigures, asked_for, charter_says, frame_of, steps_above
from totem.labels.figures import KnownFigure
from totem.labels.jobs import refresh_board
from totem.labels.permissions import EDIT
from totem.observatory.measures import activities_named

FILTERS: dict[str, tuple[Text, Callable[[FigureRow], bool]]] = {
    "a-remplir": (gettext_lazy("To fill"), lambda line: line.origin == "missing"),
    "contredits": (gettext_lazy("Contradicted"), lambda line: line.contradicts),
    "perimes": (gettext_lazy("Out of date"), lambda line: line.is_stale),
}


@require_safe
def figures(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """Every figure that the charter asks for: what counts, from where, since when, what is missing."""
    asked = asked_for(request, workspace, board)
    lines = lines_of(asked.figures, asked.subject, asked.day, asked.workspace)
    kept = {name: [line for line in lines if holds(line)] for name, (_label, holds) in FILTERS.items()}
    chosen, here = request.GET.get("etat", ""), asked.here("figures")
    join = "&" if asked.query else "?"
    filters = [Tab(_("All"), here, len(lines), chosen not in kept)]
    for name, (label, _holds) in FILTERS.items():
        filters.append(Tab(label, f"{here}{join}etat={name}", len(kept[name]), chosen == name))
    context = {"lines": kept.get(chosen, lines), "chosen": chosen if chosen in kept else "", "filters": filters}
    return render(request, "labels/figures.html", {**frame_of(request, asked), **context})


@require_http_methods(SHOW_AND_SEND)
def register(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """Choose the activities and the edition of the register that the board's figures are counted in."""
    asked = asked_for(request, workspace, board, EDIT)
    chosen = dict(parse_qsl(asked.board.parameters))
    initial = {"activities": chosen.get("activites", ""), "edition": chosen.get("stock", "")}
    form = RegisterForm(request.POST or None, workspace=asked.workspace, initial=initial)
    if form.is_valid():
        board_actions.choose_register(board=asked.board, **form.cleaned_data, by=signed_in(request))
        with suppress(AlreadyEnqueued), transaction.atomic():  # the job that waits will do
            refresh_board.configure(queueing_lock=f"labels.board:{asked.board.pk}").defer(board_id=asked.board.pk)
        messages.success(request, _("It is chosen. The figures are computed again in a few minutes."))
        return redirect(asked.here("figures"))
    context = {**frame_of(request, asked), "form": form}
    return render(request, "labels/register.html", context, status=form_status(request))


@require_safe
def figure(request: HttpRequest, workspace: str, board: str, name: str) -> HttpResponse:
    """One figure: its definition, what is computed and what everybody says of it, which one counts and why."""
    asked = asked_for(request, workspace, board)
    found = _compared(asked, name)
    return _figure_page(request, asked, found, RetainForm(found=found))


@require_POST
def retain(request: HttpRequest, workspace: str, board: str, name: str) -> HttpResponse:
    """Choose which figure counts, with the reason."""
    asked = asked_for(request, workspace, board, EDIT)
    found = _compared(asked, name)
    form = RetainForm(request.POST, found=found)
    if form.is_valid():
        with errors_in(form):
            evidence_actions.retain(
                workspace=asked.workspace, subject=asked.subject, indicator=name, **form.cleaned_data,
                by=signed_in(request), now=clock.now(),
            )  # fmt: skip
            messages.success(request, _("This one counts from now on."))
            return redirect(asked.here("figure", name))
    return _figure_page(request, asked, found, form)


def _compared(asked: BoardFigures, name: str) -> Comparison:
    return compare(asked.figured(name), asked.subject, asked.day, asked.workspace, asked.names)


def _figure_page(request: HttpRequest, asked: BoardFigures, found: Comparison, form: RetainForm) -> HttpResponse:
    figured = found.line.figured
    context = {
        **frame_of(request, asked, *steps_above(asked)),
        **charter_says(asked, figured),
        "found": found,
        "line": found.line,
        "basis": _basis(asked, found.line.computed),
        "form": form,
        "declare_url": asked.here("declare", figured.name),
        "retain_url": asked.here("retain", figured.name),
    }
    return render(request, "labels/figure.html", context, status=form_status(request))


def _basis(asked: BoardFigures, computed: KnownFigure) -> dict[str, str] | None:
    """What a computed figure was counted in, in words, and the page of the observatory that shows it."""
    parameters = next((item.parameters for item in computed.evidence if item.parameters), "")
    if not parameters:
        return None
    chosen, place = dict(parse_qsl(parameters)), asked.subject.place
    activities = activities_named(chosen.get("activites", ""))
    return {
        "activities": activities.label if activities else chosen.get("activites", ""),
        "edition": date_with_year(datetime.date.fromisoformat(chosen["stock"])),
        "url": f"{reverse('observatory:place', args=[place.level, place.code])}?{parameters}",
    }
