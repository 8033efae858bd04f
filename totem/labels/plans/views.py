"""The plan of a board: who does what is missing, until when; its calendar, and the link that partners have."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.answering import invite_from
from totem.accounts.invitations import waiting_at
from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.calendar_files import calendar_feed
from totem.core.components import Tab
from totem.core.edit_conflicts import conflict_as_message
from totem.core.measures import Text
from totem.core.pages import SHOW_AND_SEND, errors_as_message
from totem.core.views import not_found
from totem.labels.boards.judged import Judged
from totem.labels.boards.links import page_of
from totem.labels.boards.views.form_page import FormPage, answer_form
from totem.labels.boards.views.frame import board_frame
from totem.labels.boards.views.judged import judged_or_why
from totem.labels.invitations import OWNER
from totem.labels.judging.evaluations import charter_of, version_for
from totem.labels.models import Assignment, Board
from totem.labels.permissions import EDIT, SEE, board_for
from totem.labels.plans import actions, queries
from totem.labels.plans.calendars import entries_of
from totem.labels.plans.forms import AssignmentForm, BoardForm
from totem.territories.permissions import Person

FILTERS: dict[str, tuple[Text, Callable[[queries.PlanRow, Person], bool]]] = {
    "miens": (pgettext_lazy("of a plan", "Mine"), lambda row, person: row.is_of(person)),
    "retard": (gettext_lazy("Late"), lambda row, _person: row.is_late),
    "sans": (gettext_lazy("Without an owner"), lambda row, _person: not row.has_owner),
}


def _shared_url(board: Board, route: str = "shared_plan") -> str:
    """The absolute address that partners are given; empty while the plan is not shared."""
    if not board.plan_shared:
        return ""
    return settings.SITE_URL + reverse(f"labels:{route}", args=[board.slug, queries.plan_key(board)])


@require_safe
def plan(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """What is missing in order of effort, who does it, until when; how it is shared."""
    row = queries.plan_for(request.user, workspace, board)
    context = board_frame(request, row)
    judged = judged_or_why(request, row)
    if not isinstance(judged, Judged):
        return render(request, "labels/not_judged.html", {**context, "why": judged})
    rows, chosen = queries.plan_of(judged), request.GET.get("voir", "")
    kept = {name: [one for one in rows if holds(one, request.user)] for name, (_label, holds) in FILTERS.items()}
    filters = [Tab(_("All"), request.path, len(rows), chosen not in kept)]
    filters += [
        Tab(label, f"{request.path}?voir={name}", len(kept[name]), chosen == name)
        for name, (label, _holds) in FILTERS.items()
    ]
    context |= {
        "judged": judged,
        "rows": kept.get(chosen, rows),
        "chosen": chosen in kept,
        "filters": filters,
        "may_see": request.user.has_perm(SEE, row.workspace),
        "shared_url": _shared_url(row),
        "feed_url": _shared_url(row, "shared_calendar"),
        "waiting": waiting_at([OWNER], row) if context["may_edit"] else [],
    }
    return render(request, "labels/plan.html", context)


@require_safe
def calendar(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """The due dates as a file, for one's own calendar."""
    row = queries.plan_for(request.user, workspace, board)
    return _calendar(row, settings.SITE_URL + page_of(row, "plan"))


def _calendar(board: Board, url: str) -> HttpResponse:
    name, entries = entries_of(board, url)
    answer = HttpResponse(calendar_feed(name, entries), content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{board.slug}.ics"'
    return answer


# -- By its link ------------------------------------------------------------------------------------------------------


def by_its_link(view: Callable[[HttpRequest, str, str], HttpResponse]) -> Callable[..., HttpResponse]:
    """Open to who has the link. Its address is a key: nobody keeps the page, and no other site is told of it."""

    @wraps(view)
    def answer(request: HttpRequest, board: str, key: str) -> HttpResponse:
        try:
            shown = view(request, board, key)
        except Http404 as missing:
            shown = not_found(request, missing)
        shown["X-Robots-Tag"] = "noindex"
        shown["Referrer-Policy"] = "no-referrer"
        return shown

    return login_not_required(never_cache(require_safe(answer)))


@by_its_link
def shared_plan(request: HttpRequest, board: str, key: str) -> HttpResponse:
    """The plan for who has its link: to be read, without the pages of the team."""
    row = queries.shared_board(board, key)
    judged = judged_or_why(request, row)
    if not isinstance(judged, Judged):
        return render(request, "labels/public_not_judged.html", {"why": judged, "board": row, "trail": []})
    rows = queries.plan_of(judged)
    context = {"board": row, "judged": judged, "rows": rows, "feed_url": _shared_url(row, "shared_calendar")}
    return render(request, "labels/shared_plan.html", context)


@by_its_link
def shared_calendar(request: HttpRequest, board: str, key: str) -> HttpResponse:
    """The due dates for a calendar that asks for them again and again."""
    row = queries.shared_board(board, key)
    return _calendar(row, _shared_url(row))


@require_POST
def share(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """Make a new link, after which former ones open nothing; or none."""
    row = board_for(request.user, workspace, board, EDIT)
    shared = request.POST.get("shared") == "yes"
    with errors_as_message(request):
        actions.set_plan_shared(board=row, shared=shared, by=signed_in(request))
        messages.success(request, _("Who has the link sees the plan.") if shared else _("The link opens nothing now."))
    return redirect(page_of(row, "plan"))


# -- Who, until when --------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def assign(request: HttpRequest, workspace: str, board: str, requirement: str) -> HttpResponse:
    """Who is in charge of a requirement, and until when."""
    row = board_for(request.user, workspace, board, EDIT)
    title = _title_of(row, requirement)
    known = queries.assignments_of(row).get(requirement)
    form = AssignmentForm(request.POST or None, instance=known, board=row)

    def act() -> str:
        values = {name: form.cleaned_data[name] for name in (*AssignmentForm.Meta.fields, "seen")}
        made = actions.assign(board=row, requirement=requirement, by=signed_in(request), now=clock.now(), **values)
        if form.cleaned_data["invited"] and made.email and not invite_from(request, form, OWNER, row, {}):
            messages.warning(request, " ".join(map(str, form["email"].errors)))
        return f"{page_of(row, 'plan')}#plan-{requirement}"

    remove = page_of(row, "unassign", requirement) if known else ""
    page = FormPage(
        row,
        title,
        (pgettext("tab", "Plan"), page_of(row, "plan")),
        row=known,
        remove_url=remove,
        remove_words=_("Nobody will be in charge of it any more, and no day will be due."),
    )
    return answer_form(request, page, form, act)


def _title_of(board: Board, requirement: str) -> str:
    """Raises Http404 where the charter asks for no such thing."""
    asked = charter_of(version_for(board.charter, clock.today())).requirements()
    title = next((str(one.title) for one in asked if one.id == requirement), None)
    if title is None:
        raise Http404
    return title


@require_POST
def unassign(request: HttpRequest, workspace: str, board: str, requirement: str) -> HttpResponse:
    """Nobody is in charge of it any more."""
    row = board_for(request.user, workspace, board, EDIT)
    with conflict_as_message(request):
        for known in Assignment.objects.filter(board=row, requirement=requirement):
            actions.unassign(assignment=known, seen=request.POST.get("seen", ""), by=signed_in(request))
        messages.success(request, _("Nobody is in charge of it any more."))
    return redirect(page_of(row, "plan"))


@require_http_methods(SHOW_AND_SEND)
def describe(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """Whom the public writes to, and since when the label is granted."""
    row = board_for(request.user, workspace, board, EDIT)
    form = BoardForm(request.POST or None, instance=row)

    def act() -> str:
        values: dict[str, Any] = {name: form.cleaned_data[name] for name in BoardForm.Meta.fields}
        actions.describe_board(board=row, seen=form.cleaned_data["seen"], by=signed_in(request), **values)
        return page_of(row, "board")

    back = ("", page_of(row, "board"))
    return answer_form(request, FormPage(row, _("Contact and label granted"), back, row=row), form, act)
