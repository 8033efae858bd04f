"""Joint application: the matrix of territories by requirements, and the search for those that would complete it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from totem.accounts.models import User
from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.limits import LimitReached
from totem.core.pages import errors_in, render_page, wants_partial
from totem.labels.boards.views.frame import board_frame
from totem.labels.charters.format import GroupRequirement, Requirement
from totem.labels.charters.wording import amount_words
from totem.labels.coalitions import actions as coalition_actions
from totem.labels.coalitions.forms import CoalitionSearchForm
from totem.labels.coalitions.partners import CoalitionTable, is_mandatory
from totem.labels.judging.evaluations import charter_of, version_for
from totem.labels.judging.facts import FINE, Finding, Result, State
from totem.labels.judging.wording import figure_alone, joint_words, state_word
from totem.labels.models import Board, Search
from totem.labels.permissions import EDIT, board_for
from totem.labels.subjects import subject_at, subject_of
from totem.territories.places import PlaceNotFound
from totem.territories.search import find_places, sole_match

MOST_CHOSEN = 8  # partners that stand in the matrix at once


@dataclass(frozen=True)
class MatrixCell:
    """What one territory has of a requirement: what its board finds."""

    finding: Finding
    requirement: Requirement
    decides: bool  # without it the others would not meet the requirement

    @property
    def words(self) -> str:
        return figure_alone(self.finding, self.requirement) or state_word(self.finding.state)

    @property
    def stale(self) -> str:
        """The word that a figure does not count any more, where it is shown."""
        word = state_word(State.STALE)
        return word if self.finding.state is State.STALE and self.words != word else ""


@dataclass(frozen=True)
class MatrixRow:
    """A requirement, or the member of a group: each territory's part, and what they make together."""

    requirement: Requirement
    is_member: bool
    cells: tuple[MatrixCell, ...]
    joint: Finding

    @property
    def state_word(self) -> str:
        return state_word(self.joint.state)

    @property
    def words(self) -> str:
        return joint_words(self.joint, self.requirement)


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
        | _matrix(row, keys, signed_in(request))
        | {
            "found": found_links,
            "typed": typed,
            "keys": keys,
            "full": len(keys) >= MOST_CHOSEN,
            "form": CoalitionSearchForm(initial={"scope": CoalitionSearchForm.scopes(row)[0][0]}, board=row),
            "searches": _searches(row),
        }
    )
    return render_page(request, "labels/together.html", context, partial="matrix")


def _searches(board: Board) -> list[tuple[Search, str]]:
    """The last searches, each with the name of the place that it is about."""
    rows = list(board.searches.defer("answer")[:5])
    names = dict(CoalitionSearchForm.scopes(board)) if rows else {}
    return [(row, names.get(row.scope, row.scope)) for row in rows]


def _address(board: Board, keys: Sequence[str]) -> str:
    query = QueryDict(mutable=True)
    query.setlist("avec", list(dict.fromkeys(keys)))
    base = reverse("labels:together", args=[board.workspace.slug, board.slug])  # type: ignore[union-attr]
    return f"{base}?{query.urlencode(safe=':')}" if keys else base


def _matrix(board: Board, keys: Sequence[str], by: User) -> dict[str, Any]:
    """The table and what it says: rows, columns, and the sentence above them."""
    day = clock.today()
    version = version_for(board.charter, day)
    charter = charter_of(version)
    lead = subject_of(board, day)
    try:
        partners = [subject_at(key) for key in keys]
    except PlaceNotFound as nowhere:
        raise Http404 from nowhere
    covered = set(lead.place.communes)
    twice = [partner.name for partner in partners if covered & set(partner.place.communes)]
    limited = ""
    try:
        coalition_actions.compute_partners(board=board, charter=charter, partners=partners, day=day, by=by)
    except LimitReached as reached:
        limited = " ".join(reached.messages)
    table = CoalitionTable(charter, [lead, *partners], day, workspace=board.workspace, board=board, version=version)
    rows, others = _rows(table)
    return {
        # A territory, and the address without it: nothing takes the lead away.
        "columns": [(lead, ""), *((one, _address(board, [key for key in keys if key != one.key])) for one in partners)],
        "rows": rows,
        "others": others,
        "twice": twice,
        "limited": limited,
        "missing": [row for row in rows if not row.is_member and row.joint.state not in FINE],
        "beside": table.beside,
    }


def _rows(table: CoalitionTable) -> tuple[list[MatrixRow], list[MatrixRow]]:
    """What territories can share, in the charter's order: what is mandatory, and the rest."""
    everyone = range(len(table.subjects))
    whole = table.joint(everyone)
    # Without each one in turn: what only that one brings. The lead is always there.
    without = [table.joint([other for other in everyone if other != one]) for one in everyone[1:]]
    rows: tuple[list[MatrixRow], list[MatrixRow]] = [], []
    for criterion in table.charter.criteria:
        for requirement in criterion.requirements:
            if requirement not in table.beside:
                section = rows[0 if is_mandatory(criterion, requirement) else 1]
                section += [_row(table, one, one is not requirement, whole, without) for one in _flat(requirement)]
    return rows


def _flat(requirement: Requirement) -> Iterator[Requirement]:
    """Itself, then the members of a group."""
    yield requirement
    if isinstance(requirement, GroupRequirement):
        for member in requirement.requirements:
            yield from _flat(member)


def _row(
    table: CoalitionTable, asked: Requirement, is_member: bool, whole: Result, without: Sequence[Result]
) -> MatrixRow:
    joint = whole.finding(asked.id)
    decides = [joint.state in FINE and one.finding(asked.id).state not in FINE for one in without]
    cells = zip(table.results, (False, *decides), strict=True)
    found = tuple(MatrixCell(result.finding(asked.id), asked, decisive) for result, decisive in cells)
    return MatrixRow(asked, is_member, found, joint)


# -- The search -------------------------------------------------------------------------------------------------------


@require_POST
def search(request: HttpRequest, workspace: str, board: str) -> HttpResponse:
    """Look for every minimal set of partners: a job answers."""
    row = board_for(request.user, workspace, board, EDIT)
    form = CoalitionSearchForm(request.POST, board=row)
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
    mandatory = {
        one.id for criterion in charter.criteria for one in criterion.requirements if is_mandatory(criterion, one)
    }
    answer: dict[str, Any] = asked.answer
    names: dict[str, str] = answer.get("names", {})
    best = [
        {
            "members": [
                (names[key], [titles.get(pk, pk) for pk in brought])
                for key, brought in zip(found["members"], found["brings"], strict=True)
            ],
            "pieces": found["pieces"],
            "missing": [titles.get(pk, pk) for pk in found["missing"] if pk in mandatory],
            "optional": [titles.get(pk, pk) for pk in found["missing"] if pk not in mandatory],
            "address": _address(board, found["members"]),
        }
        for found in answer.get("best", [])
    ]
    nearest = answer.get("nearest")
    unknown = [titles.get(pk, pk) for pk in answer.get("open", []) if pk in mandatory]
    return {
        "search": asked,
        "running": asked.state in Search.RUNNING,
        "answer": answer,
        "scope_name": dict(CoalitionSearchForm.scopes(board)).get(asked.scope, asked.scope),
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
        "unknown": unknown,
        "asked": len(answer.get("required", [])) + len(unknown),
        "optional": [titles.get(pk, pk) for pk in answer.get("open", []) if pk not in mandatory],
    }


def _unmet(one: dict[str, Any], titles: dict[str, str]) -> dict[str, str]:
    gap = amount_words(Decimal(one["gap"]).normalize()) if one["gap"] else ""
    return {"title": titles.get(one["id"], one["id"]), "gap": gap}
