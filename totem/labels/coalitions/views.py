"""Better together: the matrix of territories by requirements, and the search for those that would complete it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.pages import errors_in, render_page, wants_partial
from totem.labels import wording
from totem.labels.boards.views.frame import board_frame
from totem.labels.charters.format import Requirement
from totem.labels.coalitions import JointStanding, Standing, joined
from totem.labels.coalitions import actions as coalition_actions
from totem.labels.coalitions.forms import SearchForm
from totem.labels.coalitions.partners import Table, table_of
from totem.labels.judging.evaluations import charter_of, version_for
from totem.labels.judging.facts import State
from totem.labels.models import Board, Search
from totem.labels.permissions import EDIT, board_for
from totem.labels.subjects import Subject, subject_at, subject_of
from totem.territories.places import PlaceNotFound
from totem.territories.search import find_places, sole_match

MOST_CHOSEN = 8  # partners that stand in the matrix at once


@dataclass(frozen=True)
class Cell:
    """What one territory has of a requirement."""

    words: str
    state: State
    decides: bool  # without it the others would not meet the requirement

    @property
    def stale(self) -> str:
        """The word that a figure does not count any more, where it is shown."""
        word = wording.state_word(State.STALE)
        return word if self.state is State.STALE and self.words != word else ""


@dataclass(frozen=True)
class Row:
    """A requirement: each territory's part, and what they make together."""

    requirement: Requirement
    required: bool
    cells: tuple[Cell, ...]
    together: Standing
    words: str

    @property
    def state(self) -> State:
        known = self.together.value is not None
        return State.MET if self.together.met else State.NOT_MET if known else State.UNKNOWN


@dataclass(frozen=True)
class Column:
    """A territory of the matrix: the lead (nothing takes it away), or a partner."""

    subject: Subject
    without: str


@require_safe
def together(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """The lead and the partners of `?avec=epci:…`, requirement by requirement; `?ajouter=` looks for one more."""
    row = board_for(request.user, workspace, board)
    typed = request.GET.get("ajouter", "").strip()[:80]
    in_place = wants_partial(request)
    keys = list(dict.fromkeys(request.GET.getlist("avec")))
    if len(keys) > MOST_CHOSEN:
        raise Http404(_("Up to %(count)s partners stand in the matrix.") % {"count": MOST_CHOSEN})
    if not in_place and (meant := sole_match(typed)):
        return redirect(_address(row, [*keys, meant.key]))
    found = [named for named in find_places(typed, 12) if named.level != "perimetre"] if len(typed) > 1 else []
    found_links = [(named.title, _address(row, [*keys, named.key])) for named in found if named.key not in keys]
    if in_place and "ajouter" in request.GET:
        return render_page(request, "labels/together.html", {"found": found_links, "typed": typed}, partial="found")
    context = (
        board_frame(request, row)
        | _matrix(row, keys)
        | {
            "found": found_links,
            "typed": typed,
            "keys": keys,
            "full": len(keys) >= MOST_CHOSEN,
            "form": SearchForm(initial={"scope": SearchForm.scopes(row)[0][0]}, board=row),
            "searches": _searches(row),
        }
    )
    return render_page(request, "labels/together.html", context, partial="matrix")


def _searches(board: Board) -> list[tuple[Search, str]]:
    """The last searches, each with the name of the place that it is about."""
    rows = list(board.searches.defer("answer")[:5])
    names = dict(SearchForm.scopes(board)) if rows else {}
    return [(row, names.get(row.scope, row.scope)) for row in rows]


def _address(board: Board, keys: Sequence[str]) -> str:
    query = QueryDict(mutable=True)
    query.setlist("avec", list(dict.fromkeys(keys)))
    base = reverse("labels:together", args=[board.workspace.slug, board.slug])  # type: ignore[union-attr]
    return f"{base}?{query.urlencode(safe=':')}" if keys else base


def _matrix(board: Board, keys: Sequence[str]) -> dict[str, Any]:
    """The table and what it says: rows, columns, and the sentence above them."""
    day = clock.today()
    charter = charter_of(version_for(board.charter, day))
    lead = subject_of(board, day)
    try:
        partners = [subject_at(key) for key in keys]
    except PlaceNotFound as nowhere:
        raise Http404 from nowhere
    covered = set(lead.place.communes)
    twice = [partner.name for partner in partners if covered & set(partner.place.communes)]
    coalition_actions.compute_missing(
        charter, partners, day
    )  # some tens of milliseconds a figure, the first time in a month
    table = table_of(charter, lead, partners, day, workspace=board.workspace)
    rows = _rows(table)
    open_rows = [row for row in rows if row.required and row.state is not State.MET]
    return {
        "columns": [Column(lead, ""), *(Column(one, _address(board, _without(keys, one.key))) for one in partners)],
        "rows": [row for row in rows if row.required],
        "others": [row for row in rows if not row.required],
        "twice": twice,
        "missing": open_rows,
        "beside": table.beside,
    }


def _without(keys: Sequence[str], gone: str) -> list[str]:
    return [key for key in keys if key != gone]


def _rows(table: Table) -> list[Row]:
    problem = table.problem(most=0, neighbours=None)
    everyone = range(1, len(table.subjects))
    whole = joined(problem, everyone)
    # Without each one in turn: what only that one brings. The lead is always there.
    without = {one: _met(joined(problem, (other for other in everyone if other != one))) for one in everyone}
    named = {one.id: one for one in table.charter.requirements()}
    rows = []
    for standing in (*whole.clauses, *whole.open_points):
        requirement = named[standing.name]
        findings = [result.finding(requirement.id) for result in table.results]
        cells = tuple(
            Cell(
                wording.figure_alone(finding) or wording.state_word(finding.state),
                finding.state,
                standing.met and index > 0 and standing.name not in without[index],
            )
            for index, finding in enumerate(findings)
        )
        rows.append(
            Row(
                requirement,
                standing.name in table.clauses,
                cells,
                standing,
                wording.joined_words(standing, findings[0]),
            )
        )
    order = {pk: place for place, pk in enumerate(named)}
    return sorted(rows, key=lambda row: order[row.requirement.id])


def _met(found: JointStanding) -> set[str]:
    return {standing.name for standing in (*found.clauses, *found.open_points) if standing.met}


# -- The search -------------------------------------------------------------------------------------------------------


@require_POST
def search(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """Look for every minimal set of partners: a job answers."""
    row = board_for(request.user, workspace, board, EDIT)
    form = SearchForm(request.POST, board=row)
    if form.is_valid():
        with errors_in(form):
            try:
                asked = coalition_actions.ask_for_partners(
                    board=row, by=signed_in(request), day=clock.today(), **form.cleaned_data
                )
            except coalition_actions.SearchRunningError as running:
                messages.info(request, _("This search has not ended yet; another can be asked for when it has."))
                asked = running.search
            return redirect("labels:search_result", row.workspace.slug, row.slug, asked.pk)  # type: ignore[union-attr]
    messages.error(request, " ".join(str(words) for errors in form.errors.values() for words in errors))
    return redirect(_address(row, []))


@require_safe
def search_result(request: HttpRequest, workspace: str, board: str, pk: int) -> HttpResponse:
    """What a search found: while it goes on the page asks again, or the reader does."""
    row = board_for(request.user, workspace, board)
    asked = get_object_or_404(Search.objects.select_related("charter_version"), board=row, pk=pk)
    context = board_frame(request, row) | _answer(row, asked)
    return render_page(request, "labels/search.html", context, partial="answer")


def _answer(board: Board, asked: Search) -> dict[str, Any]:
    """The answer, with names for keys and titles for ids."""
    charter = charter_of(asked.charter_version)
    titles = {one.id: str(one.title) for one in charter.requirements()}
    answer: dict[str, Any] = asked.answer
    names: dict[str, str] = answer.get("names", {})
    best = [
        {
            "members": [
                (names[key], [titles.get(pk, pk) for pk in brought])
                for key, brought in zip(found["members"], found["brings"], strict=True)
            ],
            "pieces": found["pieces"],
            "missing": [titles.get(pk, pk) for pk in found["missing"]],
            "address": _address(board, found["members"]),
        }
        for found in answer.get("best", [])
    ]
    nearest = answer.get("nearest")
    return {
        "search": asked,
        "running": asked.state in Search.RUNNING,
        "answer": answer,
        "scope_name": dict(SearchForm.scopes(board)).get(asked.scope, asked.scope),
        "sizes": [(size, number) for size, number in enumerate(answer.get("by_size", [])) if number],
        "best": best,
        "irreplaceable": [names[key] for key in answer.get("irreplaceable", [])],
        "only_from": [
            (titles.get(pk, pk), [names[key] for key in keys]) for pk, keys in answer.get("only_from", []) if keys
        ],
        "nearest": nearest
        and {
            "members": [names[key] for key in nearest["members"]],
            "unmet": [_unmet(one, titles) for one in nearest["unmet"]],
            "address": _address(board, nearest["members"]),
        },
        "undecided": [titles.get(pk, pk) for pk in answer.get("open", [])],
    }


def _unmet(one: dict[str, Any], titles: dict[str, str]) -> dict[str, str]:
    gap = wording.amount_words(Decimal(one["gap"]).normalize()) if one["gap"] else ""
    return {"title": titles.get(one["id"], one["id"]), "gap": gap}
