"""The boards of a territory, for its team: criteria, judgements, evaluations kept."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from procrastinate.exceptions import AlreadyEnqueued

from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.pages import SHOW_AND_SEND, errors_as_message, errors_in, form_status
from totem.hubs.models import Hub
from totem.hubs.permissions import MANAGE
from totem.labels.boards import actions as board_actions
from totem.labels.boards.forms import FreezeForm, JudgementForm, OpeningForm
from totem.labels.boards.judged import Judged
from totem.labels.boards.links import page_of
from totem.labels.boards.news import computed_at, history_of, news_of
from totem.labels.boards.showing import shown_changes
from totem.labels.boards.views.frame import board_frame
from totem.labels.boards.views.judged import day_asked, judged_or_why, no_version
from totem.labels.charters.format import Criterion, Requirement, flat
from totem.labels.jobs import refresh_board
from totem.labels.judging.evaluations import charter_of, computed_again, evaluate, kept, version_for
from totem.labels.models import Board, CharterVersion, Evaluation, Judgement
from totem.labels.permissions import EDIT, JUDGE, SEE, board_for
from totem.labels.plans.queries import plan_of
from totem.territories.models import Perimeter, Workspace
from totem.territories.permissions import workspace_for
from totem.territories.places import PlaceNotFound

# -- All boards of a territory ----------------------------------------------------------------------------------------


@require_safe
def boards(request: HttpRequest, workspace: str) -> HttpResponse:
    """The labels that the territory is on its way to, each with its last state."""
    space = workspace_for(request.user, workspace)
    rows = list(Board.objects.filter(workspace=space).select_related("perimeter", "hub"))
    charters = {row.slug: charter_of(row) for row in CharterVersion.objects.for_day(clock.today()).defer("file")}
    last = (
        Evaluation.objects.filter(board__in=rows, frozen=False).order_by("board_id", "-day", "-pk").distinct("board_id")
    )
    states = {row.board_id: row for row in last.only("board", "day", "state")}
    context = {
        "workspace": space,
        "boards": [(row, charters.get(row.charter), states.get(row.pk)) for row in rows],
        "may_edit": request.user.has_perm(EDIT, space),
    }
    return render(request, "labels/boards.html", context)


def _all_boards(workspace: str) -> tuple[str, str]:
    """The way to them from one: the bar leads straight to the board of a territory that has one alone."""
    return _("Labels"), reverse("labels:boards", args=[workspace])


@require_http_methods(SHOW_AND_SEND)
def create(request: HttpRequest, workspace: str) -> HttpResponse:
    """A board for a label: first which one, then for which perimeter or which hub."""
    space = workspace_for(request.user, workspace, EDIT)
    context: dict[str, Any] = {
        "workspace": space,
        "trail": [_all_boards(space.slug)],
    }
    said = request.GET.get("charte", "")
    if not said:
        rows = CharterVersion.objects.for_day(clock.today()).defer("file")
        context["charters"] = [(row, charter_of(row)) for row in rows]
        return render(request, "labels/board_create.html", context)
    version = CharterVersion.objects.filter(slug=said[:40]).for_day(clock.today()).first()
    if version is None:
        raise Http404
    context["charter"] = charter = charter_of(version)
    context["form"] = form = _opening_form(request, space, for_hub=charter.subject == "hub")
    context["choices"] = next(iter(form.fields.values())).queryset.exists()  # type: ignore[attr-defined]
    if form.is_valid():
        with errors_in(form):
            made = board_actions.create_board(
                workspace=space, charter=version, by=signed_in(request), **form.cleaned_data
            )
            _defer_refresh(made)
            messages.success(request, _("The board is there. Its figures are being computed."))
            return redirect("labels:board", space.slug, made.slug)
    return render(request, "labels/board_create.html", context, status=form_status(request))


def _opening_form(request: HttpRequest, space: Workspace, *, for_hub: bool) -> OpeningForm:
    if for_hub:
        return OpeningForm(request.POST or None, hubs=_managed(request))
    rows = Perimeter.objects.filter(workspace=space, versions__isnull=False).distinct()
    return OpeningForm(request.POST or None, perimeters=rows)


def _managed(request: HttpRequest) -> QuerySet[Hub]:
    """The hubs whose team the person manages, also those in preparation."""
    hubs = Hub.objects.filter(team__person=signed_in(request)).distinct()
    return Hub.objects.filter(pk__in=[hub.pk for hub in hubs if request.user.has_perm(MANAGE, hub)])


def _defer_refresh(board: Board) -> None:
    try:
        with transaction.atomic():
            refresh_board.configure(queueing_lock=f"labels.board:{board.pk}").defer(board_id=board.pk)
    except AlreadyEnqueued:
        pass  # the job that waits will do


# -- One board --------------------------------------------------------------------------------------------------------


@require_safe
def board(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """The whole state in one sentence, the criteria, what changed, what to do next."""
    row = board_for(request.user, workspace, board)
    context = board_frame(request, row, _all_boards(workspace))
    judged = judged_or_why(request, row)
    if not isinstance(judged, Judged):
        return render(request, "labels/not_judged.html", {**context, "why": judged})
    rows = plan_of(judged)
    context |= {
        "judged": judged,
        "rows": rows,
        "rows_optional": sum(not row.shown.stops for row in rows),
        "news": news_of(judged),
        "computed_at": computed_at(judged),
        "versions": CharterVersion.objects.filter(slug=row.charter).only("slug", "version"),
    }
    return render(request, "labels/board.html", context)


@require_safe
def criterion(request: HttpRequest, workspace: str, board: str, criterion: str) -> HttpResponse:
    """A criterion: its rules in words, figures, gaps, evidence, judgements, history."""
    row = board_for(request.user, workspace, board)
    judged = judged_or_why(request, row)
    if not isinstance(judged, Judged):
        raise Http404
    shown = judged.criterion(criterion)
    asked = [one.asked.id for one in shown.flat() if board_actions.verdicts_on(one.asked)]
    context = board_frame(request, row)
    judgements = Judgement.objects.filter(board=row, requirement__in=asked) if asked else Judgement.objects.none()
    context |= {
        "judged": judged,
        "criterion": shown,
        "history": history_of(row, criterion),
        "judgements": judgements.select_related("made_by", "charter_version"),
    }
    return render(request, "labels/criterion.html", context)


@require_http_methods(SHOW_AND_SEND)
def judge(request: HttpRequest, workspace: str, board: str, requirement: str) -> HttpResponse:
    """Record what only a person can say, on the version of the charter that the page shows."""
    row = board_for(request.user, workspace, board, JUDGE)
    version = _version_said(request, row)
    asked, criterion = _judged_by_people(version, requirement)
    criterion_url = page_of(row, "criterion", criterion.id)
    form = JudgementForm(request.POST or None, verdicts=board_actions.verdicts_on(asked))
    if form.is_valid():
        with errors_in(form):
            board_actions.record_judgement(
                board=row,
                version=version,
                requirement=requirement,
                by=signed_in(request),
                now=clock.now(),
                **form.cleaned_data,
            )
            messages.success(request, _("The judgement is recorded, with your name and the day."))
            return redirect(f"{criterion_url}#{requirement}")
    context = board_frame(request, row, (str(criterion.title), criterion_url)) | {
        "asked": asked,
        "version": version,
        "form": form,
        "earlier": Judgement.objects.filter(board=row, requirement=requirement).select_related(
            "made_by", "charter_version"
        ),
    }
    return render(request, "labels/judge.html", context, status=form_status(request))


def _version_said(request: HttpRequest, row: Board) -> CharterVersion:
    """The version that the form names, or the one in force today. Raises Http404."""
    said = str(request.POST.get("version") or request.GET.get("charte") or "")
    if "\x00" in said:  # which PostgreSQL holds nowhere
        raise Http404
    if said:
        return get_object_or_404(CharterVersion, slug=row.charter, version=said[:20])
    return version_for(row.charter, clock.today())


def _judged_by_people(version: CharterVersion, pk: str) -> tuple[Requirement, Criterion]:
    """The requirement and its criterion. Raises Http404 where nobody has to judge it."""
    for criterion in charter_of(version).criteria:
        for requirement in flat(criterion.requirements):
            if requirement.id == pk and board_actions.verdicts_on(requirement):
                return requirement, criterion
    raise Http404


@require_POST
def set_public(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """Show the board to everybody, or to its team alone."""
    row = board_for(request.user, workspace, board, EDIT)
    public = request.POST.get("public") == "yes"
    with errors_as_message(request):
        board_actions.set_board_public(board=row, public=public, by=signed_in(request))
        messages.success(request, _("Everybody sees it now.") if public else _("Only the team sees it now."))
    return redirect(page_of(row, "board"))


@require_POST
def refresh(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """Ask for the figures of today: a job computes them."""
    row = board_for(request.user, workspace, board, EDIT)
    _defer_refresh(row)
    messages.success(request, _("The figures are being computed. Look again in a moment."))
    return redirect(page_of(row, "board"))


# -- Evaluations kept -------------------------------------------------------------------------------------------------


@require_safe
def evaluations(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """The evaluations that were frozen, and the way to freeze one."""
    row = board_for(request.user, workspace, board)
    return _evaluations_page(request, row, _freeze_form(request, row))


def _freeze_form(request: HttpRequest, row: Board) -> FreezeForm:
    today = clock.today()
    versions = list(CharterVersion.objects.filter(slug=row.charter).only("slug", "version"))
    initial = {"day": day_asked(request), "version": version_for(row.charter, today).version}
    return FreezeForm(request.POST or None, versions=versions, today=today, initial=initial)


def _evaluations_page(request: HttpRequest, row: Board, form: FreezeForm) -> HttpResponse:
    rows = Evaluation.objects.filter(board=row, frozen=True).select_related("made_by", "charter_version")
    context = board_frame(request, row) | {"evaluations": rows.defer("content"), "form": form}
    return render(request, "labels/evaluations.html", context, status=form_status(request))


@require_POST
def freeze(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """Keep the evaluation of a day as it is, for ever."""
    row = board_for(request.user, workspace, board, EDIT)
    form = _freeze_form(request, row)
    if form.is_valid():
        day, said = form.cleaned_data["day"], form.cleaned_data["version"]
        version = version_for(row.charter, day, said)
        try:
            evaluated = evaluate(row, day=day, workspace=row.workspace, version=version)
        except PlaceNotFound:
            form.add_error("day", no_version())
        else:
            made = board_actions.freeze(
                evaluated=evaluated, note=form.cleaned_data["note"], by=signed_in(request), now=clock.now()
            )
            messages.success(request, _("The evaluation is frozen. Nobody can change it."))
            return redirect("labels:evaluation", workspace, row.slug, made.pk)
    return _evaluations_page(request, row, form)


def _evaluation_of(row: Board, pk: int) -> Evaluation:
    return get_object_or_404(Evaluation.objects.select_related("charter_version", "made_by"), board=row, pk=pk)


@require_safe
def evaluation(request: HttpRequest, workspace: str, board: str, pk: int) -> HttpResponse:
    """A kept evaluation as it was, whether it comes out the same when computed again, and what changed since."""
    row = board_for(request.user, workspace, board)
    found = _evaluation_of(row, pk)
    content, charter = kept(found), charter_of(found.charter_version)
    judged = Judged(row, found.charter_version, charter, None, content.facts, content.result)
    context = board_frame(request, row) | {
        "evaluation": found,
        "judged": judged,
        "identical": computed_again(found),
    }
    try:
        now = evaluate(row, day=clock.today(), workspace=row.workspace, version=found.charter_version)
    except PlaceNotFound:
        pass
    else:
        context["today"] = Judged.of(now)
        context["changes"] = shown_changes(content.result, now.result, charter)
    return render(request, "labels/evaluation.html", context)


@require_safe
def evaluation_json(request: HttpRequest, workspace: str, board: str, pk: int) -> HttpResponse:
    """The canonical JSON: the bytes that the SHA-256 is of."""
    found = _evaluation_of(board_for(request.user, workspace, board, SEE), pk)
    response = HttpResponse(found.content.encode(), content_type="application/json")
    name = f"{found.board.slug}-{found.day.isoformat()}-{found.pk}.json"
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    return response
