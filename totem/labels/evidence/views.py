"""The figures of a board, for its team: what counts, what is said side by side, declaring, correcting, choosing."""

import datetime
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from msgspec import structs
from procrastinate.exceptions import AlreadyEnqueued

from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.components import Tab
from totem.core.measures import Combine, Text
from totem.core.pages import SHOW_AND_SEND, errors_as_message, errors_at, errors_in, form_status
from totem.core.wording import date_with_year
from totem.labels.boards import actions as board_actions
from totem.labels.boards.views.frame import board_frame
from totem.labels.charters.format import Charter, PeriodKind, indicator_of
from totem.labels.coalitions.comparison import (
    Comparison,
    Difference,
    Line,
    Said,
    compare,
    differences,
    documents_with_workspace,
    lines_of,
    text_of,
)
from totem.labels.evidence import actions as evidence_actions
from totem.labels.evidence.forms import COMPUTED, ObservationForm, RegisterForm, RetainForm
from totem.labels.figures import FigureDefinition, KnownFigure, figures_of, period_of
from totem.labels.jobs import refresh_board
from totem.labels.judging.evaluations import NoCharter, charter_of, version_for
from totem.labels.models import Board, Observation, ObservationVersion
from totem.labels.permissions import EDIT, SEE, board_for
from totem.labels.subjects import Subject, subject_at, subject_of
from totem.observatory.measures import activities_named
from totem.territories.actions import add_document
from totem.territories.models import Workspace
from totem.territories.places import PlaceNotFound, part_refs, version_of

COMBINES: dict[Combine, Text] = {
    Combine.SUM: gettext_lazy("Several territories together: their sum."),
    Combine.MAX: gettext_lazy("Several territories together: the largest of them."),
    Combine.ANY: gettext_lazy("Several territories together: yes as soon as one says so."),
    Combine.ALL: gettext_lazy("Several territories together: the lowest of them, as all have to reach it."),
    Combine.UNION: gettext_lazy("Several territories together: what they have in common counts once."),
    Combine.RATIO: gettext_lazy("Several territories together: parts and wholes are added up, then divided."),
}
PERIODS: dict[PeriodKind, Text] = {
    PeriodKind.DAY: gettext_lazy("As of a day"),
    PeriodKind.YEAR: gettext_lazy("Over the last twelve months"),
    PeriodKind.CLOSED_YEAR: gettext_lazy("Over the last calendar year that is over"),
}


@dataclass(frozen=True)
class BoardFigures:
    """A board, the figures its charter asks for, and the place one looks at: the whole or one of its parts."""

    board: Board
    workspace: Workspace
    charter: Charter
    figures: dict[str, FigureDefinition]
    whole: Subject
    subject: Subject
    day: datetime.date

    @property
    def query(self) -> str:
        """What an address adds to speak of the same part."""
        return "" if self.subject is self.whole else f"?{urlencode({'sur': self.subject.key})}"

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The names of the parts, by key."""
        if not self.whole.parts or self.board.perimeter is None:
            return {}
        version = version_of(self.board.perimeter, on=self.day)
        return {named.key: named.name for named in part_refs(version)} if version is not None else {}

    def figured(self, name: str) -> FigureDefinition:
        """The figure of that name. Raises Http404."""
        if name not in self.figures:
            raise Http404
        return self.figures[name]

    def at(self, route: str, *arguments: object) -> str:
        """The address of a page of this board."""
        return reverse(f"labels:{route}", args=[self.workspace.slug, self.board.slug, *arguments])

    def here(self, route: str, *arguments: object) -> str:
        """The address of a page of this board about the same place."""
        return self.at(route, *arguments) + self.query


def _asked(request: HttpRequest, workspace: str, slug: str, permission: str = SEE, part: str = "") -> BoardFigures:
    """The board if the person may do that there, and the place of `?sur=`. Raises Http404."""
    board = board_for(request.user, workspace, slug, permission)
    day = clock.today()
    if board.workspace is None:
        raise Http404
    try:
        whole = subject_of(board, day)
        charter = charter_of(version_for(board.charter, day))
        key = part or request.GET.get("sur", "")
        subject = whole if key in ("", whole.key) else _part(whole, key)
    except (NoCharter, PlaceNotFound):
        raise Http404 from None
    return BoardFigures(board, board.workspace, charter, figures_of(charter), whole, subject, day)


def _part(whole: Subject, key: str) -> Subject:
    """One of the places that the whole is made of. Raises PlaceNotFound."""
    if key not in whole.parts:
        raise PlaceNotFound(key)
    return subject_at(key)


def _frame(request: HttpRequest, asked: BoardFigures, *steps: tuple[str, str]) -> dict[str, Any]:
    """What every page here shows: the board's frame, and the place when it is a part."""
    part = asked.subject if asked.query else None
    return {**board_frame(request, asked.board, *steps), "asked": asked, "part": part}


def _above(asked: BoardFigures, figured: FigureDefinition | None = None) -> list[tuple[str, str]]:
    """The way back from a figure, or from something about it: the bar leads to the figures of the whole alone."""
    steps = [(pgettext("tab", "Figures"), asked.here("figures"))] if asked.query else []
    if figured is not None:
        steps.append((str(figured.label), asked.here("figure", figured.name)))
    return steps


# -- Reading ----------------------------------------------------------------------------------------------------------

FILTERS: dict[str, tuple[Text, Callable[[Line], bool]]] = {
    "a-remplir": (gettext_lazy("To fill"), lambda line: line.is_missing),
    "contredits": (gettext_lazy("Contradicted"), lambda line: line.contradicts),
    "perimes": (gettext_lazy("Out of date"), lambda line: line.is_stale),
}


@require_safe
def figures(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """Every figure that the charter asks for: what counts, from where, since when, what is missing."""
    asked = _asked(request, workspace, board)
    lines = lines_of(asked.figures, asked.subject, asked.day, asked.workspace)
    chosen = request.GET.get("etat", "")
    if chosen not in FILTERS:
        chosen = ""
    shown = [line for line in lines if not chosen or FILTERS[chosen][1](line)]
    context = {
        **_frame(request, asked),
        "lines": shown,
        "chosen": chosen,
        "filters": _filters(asked, lines, chosen),
    }
    return render(request, "labels/figures.html", context)


def _filters(asked: BoardFigures, lines: list[Line], chosen: str) -> list[Tab]:
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
    asked = _asked(request, workspace, board, EDIT)
    form = _register_form(asked, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        board_actions.choose_register(board=asked.board, **form.cleaned_data, by=signed_in(request))
        with suppress(AlreadyEnqueued), transaction.atomic():  # the job that waits will do
            refresh_board.configure(queueing_lock=f"labels.board:{asked.board.pk}").defer(board_id=asked.board.pk)
        messages.success(request, _("It is chosen. The figures are computed again in a few minutes."))
        return redirect(asked.here("figures"))
    context = {**_frame(request, asked), "form": form}
    return render(request, "labels/register.html", context, status=form_status(request))


@require_safe
def figure(request: HttpRequest, workspace: str, board: str, name: str) -> HttpResponse:
    """One figure: its definition, what is computed and what everybody says of it, which one counts and why."""
    asked = _asked(request, workspace, board)
    return _figure_page(request, asked, asked.figured(name))


def _figure_page(
    request: HttpRequest, asked: BoardFigures, figured: FigureDefinition, form: RetainForm | None = None
) -> HttpResponse:
    found = compare(figured, asked.subject, asked.day, asked.workspace, asked.names)
    context = {
        **_frame(request, asked, *_above(asked)),
        **_charter_says(asked, figured),
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


def _charter_says(asked: BoardFigures, figured: FigureDefinition) -> dict[str, Any]:
    """What the charter says of a figure: its period, how it combines, where it comes from, what reads it."""
    indicator = next((one for one in asked.charter.indicators if one.name == figured.name), None)
    return {
        "figured": figured,
        "combines": COMBINES[figured.combine],
        "period": PERIODS[figured.period],
        "note": indicator.note if indicator is not None else None,
        "asked_by": asked.charter.sources.get(indicator.source) if indicator is not None else None,
        "readers": [
            (criterion, requirement)
            for criterion in asked.charter.criteria
            for requirement in structs.replace(asked.charter, criteria=(criterion,)).requirements()
            if indicator_of(asked.charter, requirement) == figured.name
        ],
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
    asked = _asked(request, workspace, board, EDIT)
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


# -- One observation --------------------------------------------------------------------------------------------------


def _observation(
    request: HttpRequest, workspace: str, board: str, pk: int, permission: str = SEE
) -> tuple[BoardFigures, FigureDefinition, Observation]:
    """An observation of a figure of this board that its workspace sees; to change it, its own. Raises Http404."""
    holder = board_for(request.user, workspace, board, permission).workspace
    seen = Observation.objects.select_related("workspace", "declared_by").visible_to_workspace(holder)
    row = seen.filter(pk=pk).first()
    if row is None or (permission != SEE and row.workspace_id != (holder.pk if holder else None)):
        raise Http404
    asked = _asked(request, workspace, board, permission, part=row.subject)
    return asked, asked.figured(row.indicator), row


@dataclass(frozen=True)
class VersionStep:
    """A version of an observation and what it changed of the one before."""

    said: Said
    changes: list[Difference]


@require_safe
def observation(request: HttpRequest, workspace: str, board: str, pk: int) -> HttpResponse:
    """What an observation says, and all that it said before; of another territory's, what it publishes today."""
    asked, figured, row = _observation(request, workspace, board, pk)
    own = row.workspace_id == asked.workspace.pk
    rows = list(_versions(row))
    if not own:
        rows = rows[:1]
        if rows[0].withdrawn:
            raise Http404
    texts = [text_of(version) for version in rows]
    steps = [
        VersionStep(
            Said(figured, version, own, asked.day, counts=False),
            differences(figured, before, text) if before is not None else [],
        )
        for version, text, before in zip(rows, texts, [*texts[1:], None], strict=True)
    ]
    found = compare(figured, asked.subject, asked.day, asked.workspace, {})
    counts = any(one.counts and one.observation.pk == pk for one in found.said)
    context = {
        **_frame(request, asked, *_above(asked, figured)),
        "figured": figured,
        "observation": row,
        "own": own,
        "said": steps[0].said,
        "steps": steps,
        "counts": counts,
        "public_url": asked.at("observation_public", pk),
        "withdraw_url": asked.at("observation_withdraw", pk),
        "edit_url": asked.at("observation_edit", pk),
    }
    return render(request, "labels/observation.html", context)


def _versions(row: Observation) -> Any:
    rows = row.versions.select_related("observation__workspace", "written_by")
    return rows.prefetch_related(documents_with_workspace()).order_by("-number")


# -- Declaring --------------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def declare(request: HttpRequest, workspace: str, board: str, name: str) -> HttpResponse:
    """Declare a figure, with what stands behind it."""
    asked = _asked(request, workspace, board, EDIT)
    figured = asked.figured(name)
    form = ObservationForm(
        request.POST if request.method == "POST" else None,
        request.FILES or None,
        figured=figured,
        workspace=asked.workspace,
        initial=_proposed(figured, asked.day),
    )
    if request.method == "POST" and _is_fine(request, asked, form):
        with errors_in(form):
            made = evidence_actions.declare(
                workspace=asked.workspace, subject=asked.subject, figured=figured, values=form.said,
                documents=form.cleaned_data["documents"], public=form.cleaned_data["public"],
                by=signed_in(request), now=clock.now(),
            )  # fmt: skip
            words = (
                _("It is declared, and everybody sees it.")
                if made.public
                else _("It is declared. Only your team sees it until you publish it.")
            )
            messages.success(request, words)
            return redirect(asked.here("figure", name))
    return _form_page(request, asked, figured, form, asked.here("figure", name))


def _proposed(figured: FigureDefinition, day: datetime.date) -> dict[str, Any]:
    """The period that the charter asks for; of a document, that it is there."""
    period = period_of(figured.period, day)
    last = timezone.localdate(period.ends_at) - datetime.timedelta(days=1)
    if figured.period is PeriodKind.DAY:
        there = {"value": Decimal(1)} if figured.documents and not figured.travel else {}
        return {"ends_on": day, **there}
    return {"starts_on": timezone.localdate(period.starts_at), "ends_on": last}


def _is_fine(request: HttpRequest, asked: BoardFigures, form: ObservationForm) -> bool:
    """Whether the form may be acted upon. Documents sent are kept in any case: nobody sends them twice."""
    fine = form.is_valid()
    title = str(form.cleaned_data.get("source", ""))[:200]
    with errors_in(form), errors_at("uploads"), transaction.atomic():
        sent = [
            add_document(workspace=asked.workspace, checked=checked, title=title, by=signed_in(request))
            for checked in form.cleaned_data.get("uploads", ())
        ]
        if sent:
            form.keep(sent)
    return fine and form.is_valid()


def _form_page(
    request: HttpRequest,
    asked: BoardFigures,
    figured: FigureDefinition,
    form: ObservationForm,
    back: str,
    **context: Any,
) -> HttpResponse:
    initial_end = form.initial.get("ends_on", asked.day)
    values: dict[str, Any] = {
        **_frame(request, asked, *_above(asked, figured)),
        **_charter_says(asked, figured),
        "form": form,
        "back": back,
        "lasts_until": figured.lasts_until(initial_end),
        "correcting": None,
        **context,
    }
    return render(request, "labels/observation_form.html", values, status=context.get("status", form_status(request)))


@require_http_methods(SHOW_AND_SEND)
def observation_edit(request: HttpRequest, workspace: str, board: str, pk: int) -> HttpResponse:
    """Correct what was declared: a version more. Somebody else's newer text is shown beside (409), none is lost."""
    asked, figured, row = _observation(request, workspace, board, pk, EDIT)
    latest = _versions(row)[0]
    form = ObservationForm(
        request.POST if request.method == "POST" else None,
        request.FILES or None,
        figured=figured,
        workspace=asked.workspace,
        correcting=True,
        initial={**_text(latest), "based_on": latest.number},
    )
    back = asked.at("observation", pk)
    context: dict[str, Any] = {"correcting": row, "latest": latest}
    if request.method == "POST" and _is_fine(request, asked, form):
        try:
            with errors_in(form):
                evidence_actions.revise(
                    observation=row, based_on=form.cleaned_data["based_on"] or 0, figured=figured, values=form.said,
                    documents=form.cleaned_data["documents"], by=signed_in(request), now=clock.now(),
                )  # fmt: skip
                messages.success(request, _("Saved. What it said before is kept."))
                return redirect(back)
        except evidence_actions.Outdated as meanwhile:
            context |= _conflict(row, figured, form, meanwhile.latest.number)
    return _form_page(request, asked, figured, form, back, **context)


def _text(version: ObservationVersion) -> dict[str, Any]:
    """What a version says, as the form takes it."""
    said = {name: getattr(version, name) for name in ObservationForm.Meta.fields}
    return {**said, "documents": list(version.documents.all())}


def _conflict(row: Observation, figured: FigureDefinition, form: ObservationForm, number: int) -> dict[str, Any]:
    """Both texts where they differ. Sending the form again is a choice: what stands now has been seen."""
    theirs = _versions(row).get(number=number)
    mine = {
        **form.said,
        "documents": tuple(sorted(str(document) for document in form.cleaned_data["documents"])),
        "withdrawn": False,
    }
    form.put("based_on", number)
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
    try:
        evidence_actions.withdraw(
            observation=row,
            based_on=int(based_on) if based_on.isdecimal() and len(based_on) < 10 else 0,
            by=signed_in(request),
            now=clock.now(),
        )
    except evidence_actions.Outdated:
        words = _("Somebody has changed it meanwhile: look at what it says now before you withdraw it.")
        messages.error(request, words)
    else:
        messages.success(request, _("It is withdrawn: it does not count any more."))
    return redirect(asked.at("observation", pk))
