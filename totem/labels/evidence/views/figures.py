"""The figures of a board, for its team: what counts, what is said side by side, choosing among them."""

import datetime
from collections.abc import Callable
from contextlib import suppress
from typing import Any
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
from totem.labels.evidence.forms import COMPUTED, RegisterForm, RetainForm
from totem.labels.evidence.views.asked import BoardFigures, asked_for, charter_says, frame_of, steps_above
from totem.labels.figures import FigureDefinition, KnownFigure
from totem.labels.jobs import refresh_board
from totem.labels.permissions import EDIT
from totem.observatory.measures import activities_named

FILTERS: dict[str, tuple[Text, Callable[[FigureRow], bool]]] = {
    "a-remplir": (gettext_lazy("To fill"), lambda line: line.is_missing),
    "contredits": (gettext_lazy("Contradicted"), lambda line: line.contradicts),
    "perimes": (gettext_lazy("Out of date"), lambda line: line.is_stale),
}


@require_safe
def figures(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """Every figure that the charter asks for: what counts, from where, since when, what is missing."""
    asked = asked_for(request, workspace, board)
    lines = lines_of(asked.figures, asked.subject, asked.day, asked.workspace)
    chosen = request.GET.get("etat", "")
    if chosen not in FILTERS:
        chosen = ""
    shown = [line for line in lines if not chosen or FILTERS[chosen][1](line)]
    context = {
        **frame_of(request, asked),
        "lines": shown,
        "chosen": chosen,
        "filters": _filters(asked, lines, chosen),
    }
    return render(request, "labels/figures.html", context)


def _filters(asked: BoardFigures, lines: list[FigureRow], chosen: str) -> list[Tab]:
    here = asked.here("figures")
    join = "&" if asked.query else "?"
    found = [Tab(_("All"), here, len(lines), not chosen)]
    for name, (label, holds) in FILTERS.items():
        found.append(Tab(label, f"{here}{join}etat={name}", sum(map(holds, lines)), chosen == name))
    return found


def _register_form(asked: BoardFigures, data: Any = None) -> RegisterForm:
    chosen = dict(parse_qsl(asked.board.parameters))
    initial = {"activities": chosen.get("activites", ""), "edition": chosen.get("stock", "")}
    return RegisterForm(data, workspace=asked.workspace, initial=initial)


@require_http_methods(SHOW_AND_SEND)
def register(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """Choose the activities and the edition of the register that the board's figures are counted in."""
    asked = asked_for(request, workspace, board, EDIT)
    form = _register_form(asked, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
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
    return _figure_page(request, asked, asked.figured(name))


def _figure_page(
    request: HttpRequest, asked: BoardFigures, figured: FigureDefinition, form: RetainForm | None = None
) -> HttpResponse:
    found = compare(figured, asked.subject, asked.day, asked.workspace, asked.names)
    context = {
        **frame_of(request, asked, *steps_above(asked)),
        **charter_says(asked, figured),
        "found": found,
        "line": found.line,
        "basis": _basis(asked, found.computed),
        "form": form or _retaining(found),
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


def _retaining(found: Comparison, data: Any = None) -> RetainForm:
    """The form that chooses among what may count; what counts now is chosen first."""
    choices = [
        (
            str(one.observation.pk),
            _("%(value)s: %(source)s") % {"value": one.words or _("not available"), "source": one.source},
        )
        for one in found.said
    ]
    if found.computed_words:
        choices.insert(0, (COMPUTED, _("%(value)s: computed by Totem") % {"value": found.computed_words}))
    counts = next((str(one.observation.pk) for one in found.said if one.counts), "")
    initial = {"observation": counts or (COMPUTED if found.computed_counts else "")}
    return RetainForm(data, choices=choices, initial=initial)


@require_POST
def retain(request: HttpRequest, workspace: str, board: str, name: str) -> HttpResponse:
    """Choose which figure counts, with the reason."""
    asked = asked_for(request, workspace, board, EDIT)
    figured = asked.figured(name)
    found = compare(figured, asked.subject, asked.day, asked.workspace, asked.names)
    form = _retaining(found, request.POST)
    if form.is_valid():
        chosen = next((one.observation for one in found.said if one.observation.pk == form.chosen), None)
        with errors_in(form):
            evidence_actions.retain(
                workspace=asked.workspace, subject=asked.subject, indicator=name, observation=chosen,
                reason=form.cleaned_data["reason"], by=signed_in(request), now=clock.now(),
            )  # fmt: skip
            messages.success(request, _("This one counts from now on."))
            return redirect(asked.here("figure", name))
    return _figure_page(request, asked, figured, form)
