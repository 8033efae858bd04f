"""Labels for everybody: the charters and what they ask, and the boards that territories show."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from totem.core import clock
from totem.core.components import Crumb
from totem.labels import wording
from totem.labels.boards.showing import assumptions_of
from totem.labels.boards.views.judged import Judged, judged_or_why
from totem.labels.charters import manual
from totem.labels.charters.format import Charter, GroupRequirement, JudgementRequirement, Parameter, Requirement, Step
from totem.labels.charters.schema import published
from totem.labels.evidence.indicators import Figured, figures_of
from totem.labels.judging.evaluations import charter_of
from totem.labels.models import CharterVersion
from totem.labels.permissions import public_board as public_board_for
from totem.labels.permissions import public_boards


def _home() -> Crumb:
    return Crumb(_("Labels"), reverse("labels:index"))


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The charters, in force or past, and the boards that are shown to everybody."""
    newest = list(CharterVersion.objects.newest().defer("file"))
    in_force = set(CharterVersion.objects.on(clock.today()).values_list("slug", flat=True))
    charters = [(row, charter_of(row), row.slug in in_force) for row in newest]
    titles = {row.slug: str(charter.title) for row, charter, _now in charters}
    boards = public_boards()
    shown = [(board, titles.get(board.charter, board.charter), str(board.hub or board.perimeter)) for board in boards]
    context = {"charters": charters, "boards": sorted(shown, key=lambda row: (row[1], row[2]))}
    return render(request, "labels/index.html", context)


# -- A charter --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AskedRequirement:
    """A requirement of a charter, as its page says it."""

    asked: Requirement
    lines: list[str]
    condition: str
    source: Any
    assumptions: tuple[tuple[str, Parameter], ...]
    members: list["AskedRequirement"]

    @property
    def guide(self) -> str:
        return str(self.asked.guide) if isinstance(self.asked, JudgementRequirement) else ""


def _asked(charter: Charter, requirement: Requirement) -> AskedRequirement:
    members = requirement.requirements if isinstance(requirement, GroupRequirement) else ()
    return AskedRequirement(
        requirement,
        wording.asked_words(requirement, charter),
        wording.condition_words(requirement, charter),
        charter.sources.get(requirement.source),
        assumptions_of(requirement, charter),
        [_asked(charter, member) for member in members],
    )


@dataclass(frozen=True)
class AskedIndicator:
    """An indicator to fill, in words."""

    figured: Figured
    note: str
    source: Any

    @property
    def computed(self) -> bool:
        return self.figured.measure is not None

    @property
    def period(self) -> str:
        return str(wording.PERIODS[self.figured.period])

    @property
    def combined(self) -> str:
        return str(wording.COMBINED[self.figured.combine])


def _indicators(charter: Charter) -> Iterable[AskedIndicator]:
    said = {indicator.name: indicator for indicator in charter.indicators}
    for name, figured in figures_of(charter).items():
        indicator = said.get(name)
        note = str(indicator.note) if indicator and indicator.note else ""
        source = charter.sources.get(indicator.source) if indicator else None
        yield AskedIndicator(figured, note, source)


@dataclass(frozen=True)
class AskedStep:
    """A step of the process; `outcomes` are pairs of title and the step it leads to (None: the end)."""

    step: Step
    source: Any
    outcomes: list[tuple[str, Step | None]]


def _steps(charter: Charter) -> Iterable[AskedStep]:
    steps = charter.process.steps if charter.process else ()
    named = {step.id: step for step in steps}
    for step in steps:
        outcomes = [(str(outcome.title), named.get(outcome.to)) for outcome in step.outcomes]
        yield AskedStep(step, charter.sources.get(step.source), outcomes)


@login_not_required
@require_safe
def charter(request: HttpRequest, charter: str) -> HttpResponse:
    """The version in force of a charter, or else the newest."""
    rows = CharterVersion.objects.filter(slug=charter)
    row = rows.on(clock.today()).first() or rows.newest().first()
    if row is None:
        raise Http404
    return _charter_page(request, row)


@login_not_required
@require_safe
def charter_version(request: HttpRequest, charter: str, version: str) -> HttpResponse:
    """One version of a charter."""
    return _charter_page(request, get_object_or_404(CharterVersion, slug=charter, version=version))


def _charter_page(request: HttpRequest, row: CharterVersion) -> HttpResponse:
    said, today = charter_of(row), clock.today()
    context = {
        "row": row,
        "charter": said,
        "criteria": [(one, [_asked(said, requirement) for requirement in one.requirements]) for one in said.criteria],
        "indicators": list(_indicators(said)),
        "parameters": [(name, one, wording.parameter_words(one)) for name, one in said.parameters.items()],
        "steps": list(_steps(said)),
        "versions": CharterVersion.objects.filter(slug=row.slug).defer("file", "content"),
        "in_force": row.valid_from <= today and (row.valid_until is None or today < row.valid_until),
        "trail": [_home()],
    }
    return render(request, "labels/charter.html", context)


@login_not_required
@require_safe
def charter_file(request: HttpRequest, charter: str, version: str) -> HttpResponse:
    """The TOML file as it was published."""
    row = get_object_or_404(CharterVersion, slug=charter, version=version)
    return _file(row.file, f"{row.slug}-{row.version}.toml", "application/toml; charset=utf-8")


@login_not_required
@require_safe
def charter_json(request: HttpRequest, charter: str, version: str) -> HttpResponse:
    """The content as canonical JSON: the bytes that the SHA-256 is of."""
    row = get_object_or_404(CharterVersion, slug=charter, version=version)
    return _file(row.content, f"{row.slug}-{row.version}.json", "application/json")


def _file(content: str, name: str, content_type: str) -> HttpResponse:
    response = HttpResponse(content.encode(), content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@login_not_required
@require_safe
def charter_schema(request: HttpRequest) -> HttpResponse:
    """The JSON Schema of a charter's file."""
    content = msgspec.json.format(msgspec.json.encode(published()), indent=2)
    return HttpResponse(content, content_type="application/schema+json")


@login_not_required
@require_safe
def charter_format(request: HttpRequest) -> HttpResponse:
    """How a charter's file is written: every key, word and measure, with examples."""
    context = {
        "tables": manual.key_tables(),
        "lists": manual.word_lists(),
        "measures": manual.measure_rows(),
        "example": manual.whole_example(),
        "trail": [_home()],
    }
    return render(request, "labels/format.html", context)


# -- A board that is shown --------------------------------------------------------------------------------------------


@login_not_required
@require_safe
def public_board(request: HttpRequest, board: str) -> HttpResponse:
    """A board as what is published makes it."""
    row = public_board_for(board)
    judged = judged_or_why(request, row, public=True)
    if not isinstance(judged, Judged):
        return render(request, "labels/public_not_judged.html", {"why": judged, "board": row, "trail": [_home()]})
    context = {"board": row, "judged": judged, "criteria": judged.criteria(), "trail": [_home()]}
    return render(request, "labels/public_board.html", context)


@login_not_required
@require_safe
def public_criterion(request: HttpRequest, board: str, criterion: str) -> HttpResponse:
    """A criterion of a board that is shown, with the evidence that is published."""
    row = public_board_for(board)
    judged = judged_or_why(request, row, public=True)
    if not isinstance(judged, Judged):
        raise Http404
    context = {
        "board": row,
        "judged": judged,
        "criterion": judged.criterion(criterion),
        "trail": [_home(), Crumb(judged.heading, reverse("labels:public_board", args=[row.slug]))],
    }
    return render(request, "labels/public_criterion.html", context)
