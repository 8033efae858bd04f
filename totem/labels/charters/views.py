"""Charters for everybody: what each version asks, its files, the format they are written in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from totem.core import clock
from totem.core.measures import Text
from totem.labels.boards.showing import assumptions_of
from totem.labels.boards.views.public import labels_crumb
from totem.labels.charters import manual
from totem.labels.charters.format import Charter, GroupRequirement, Parameter, Requirement, Source, Step, Words
from totem.labels.charters.schema import published
from totem.labels.charters.wording import (
    COMBINED,
    PERIODS,
    asked_words,
    condition_words,
    is_figure_alone,
    not_in_force_words,
    parameter_words,
)
from totem.labels.figures import FigureDefinition, figures_of
from totem.labels.judging.evaluations import charter_of
from totem.labels.models import CharterVersion


@dataclass(frozen=True)
class AskedRequirement:
    """A requirement of a charter, as its page says it."""

    asked: Requirement
    lines: list[str]
    condition: str
    source: Source | None
    assumptions: tuple[tuple[str, Parameter], ...]
    members: list["AskedRequirement"]


def _asked(charter: Charter, requirement: Requirement) -> AskedRequirement:
    members = requirement.requirements if isinstance(requirement, GroupRequirement) else ()
    return AskedRequirement(
        requirement,
        asked_words(requirement, charter),
        condition_words(requirement, charter),
        charter.sources.get(requirement.source),
        assumptions_of(requirement, charter),
        [_asked(charter, member) for member in members],
    )


def _indicators(charter: Charter) -> Iterator[tuple[FigureDefinition, Words | str, Text, Text]]:
    """Each figure to fill, with its note, its period, and how several become one."""
    notes = {indicator.name: indicator.note or "" for indicator in charter.indicators}
    for name, figured in figures_of(charter).items():
        yield figured, notes.get(name, ""), PERIODS[figured.period], COMBINED[figured.combine]


def _steps(charter: Charter) -> Iterator[tuple[Step, Source | None, list[tuple[Words, Step | None]]]]:
    """Each step of the process, with its source and what comes out: title and the step it leads to (None: the end)."""
    steps = charter.process.steps if charter.process else ()
    named = {step.id: step for step in steps}
    for step in steps:
        yield step, charter.sources.get(step.source), [(one.title, named.get(one.to)) for one in step.outcomes]


def _summary(charter: Charter) -> list[str]:
    """What matters of a charter, each thing once: how much it asks, the figures without a threshold, assumptions."""
    asked = [one for one in charter.requirements() if not isinstance(one, GroupRequirement)]
    open_figures = sum(is_figure_alone(one, charter) for one in asked)
    assumed = sum(parameter.assumption for parameter in charter.parameters.values())
    criteria = ngettext("%(n)s criterion", "%(n)s criteria", len(charter.criteria)) % {"n": len(charter.criteria)}
    counts = ngettext("%(criteria)s, %(n)s requirement.", "%(criteria)s, %(n)s requirements.", len(asked))
    sentences = [counts % {"criteria": criteria, "n": len(asked)}]
    if open_figures:
        words = ngettext(
            "No threshold is known for %(n)s figure: giving it is enough, zero included.",
            "No threshold is known for %(n)s figures: giving them is enough, zero included.",
            open_figures,
        )
        sentences.append(words % {"n": open_figures})
    if assumed:
        words = ngettext(
            "%(n)s value is given by no source: it is an assumption of Totem, explained below.",
            "%(n)s values are given by no source: they are assumptions of Totem, explained below.",
            assumed,
        )
        sentences.append(words % {"n": assumed})
    return sentences


def _parameters(charter: Charter) -> list[tuple[str, list[tuple[str, Parameter, str, Any]]]]:
    """The values that no source gives, then those that a source gives: each list with its title, none empty."""
    rows = [
        (name, one, parameter_words(one), charter.sources.get(one.source)) for name, one in charter.parameters.items()
    ]
    lists = (
        (_("What the sources leave open"), [row for row in rows if row[1].assumption]),
        (_("Values that a source gives"), [row for row in rows if not row[1].assumption]),
    )
    return [(title, found) for title, found in lists if found]


@login_not_required
@require_safe
def charter(request: HttpRequest, charter: str) -> HttpResponse:
    """The version of a charter that is used today."""
    row = CharterVersion.objects.filter(slug=charter).for_day(clock.today()).first()
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
        "summary": _summary(said),
        "parameters": _parameters(said),
        "steps": list(_steps(said)),
        "versions": CharterVersion.objects.filter(slug=row.slug).defer("file", "content"),
        "not_in_force": not_in_force_words(row.valid_from, row.valid_until, today),
        "trail": [labels_crumb()],
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
        "trail": [labels_crumb()],
    }
    return render(request, "labels/format.html", context)
