"""A charter as its file says it: the words, the thresholds and the process of a label, without a line of Python.

These types are the format: the JSON Schema and the page of the format are made from them, `parsing` checks a file
against them, and what is kept in the database is read back into them. Numbers are compared as the decimals that were
typed. What is asked stands in `requirements`, what keys are made of in `keys`.
"""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from django.utils.translation import gettext_noop as _

from totem.core.measures import Combine
from totem.labels.charters.keys import (
    YES_NO,
    Amount,
    Id,
    Month,
    Name,
    Refers,
    Sentences,
    SourceKey,
    Struct,
    Title,
    Unit,
    UnitWords,
    Words,
)
from totem.labels.charters.requirements import (
    COMPARATORS,
    AppointmentRequirement,
    BodyRequirement,
    Bounded,
    Common,
    CommonCompared,
    Compared,
    DocumentRequirement,
    Fact,
    FundingRequirement,
    GeometryRequirement,
    GroupRequirement,
    JudgementRequirement,
    MeasureRequirement,
    OrganisationsRequirement,
    Requirement,
    Seats,
    TravelRequirement,
    Where,
)

__all__ = [
    "COMPARATORS", "YES_NO", "Amount", "AppointmentRequirement", "BodyRequirement", "Bounded", "Charter", "Common",
    "CommonCompared", "Compared", "Criterion", "DocumentRequirement", "Fact", "FundingRequirement",
    "GeometryRequirement", "GroupRequirement", "Indicator", "JudgementRequirement", "MeasureRequirement",
    "OrganisationsRequirement", "Outcome", "Parameter", "PeriodKind", "Process", "Requirement", "Seats", "Source",
    "Step", "Struct", "TravelRequirement", "Unit", "UnitWords", "Where", "Words", "from_content", "indicator_of",
]  # fmt: skip


class Source(Struct, frozen=True, kw_only=True):
    """Where something is written."""

    title: Annotated[str, _("Author and name of the text.")]
    url: Annotated[str, _("Address: https://…")] = ""
    date: Annotated[datetime.date | None, _("Day of the text.")] = None
    page: Annotated[str, _("Page or article.")] = ""


class Parameter(Struct, frozen=True, kw_only=True):
    """A value that the charter leaves open or that may be discussed; an `assumption` is Totem's own, and shown so."""

    label: Title
    value: Annotated[bool | int | float | str, _("A number, a text, or true or false.")]
    unit: Annotated[Unit, _("The unit; needed where the parameter is a threshold and the requirement says none.")] = ""
    assumption: Annotated[
        bool, _("true: no source gives this value; it is shown as an assumption wherever it decides.")
    ] = False
    why: Annotated[Words | None, _("Why this value: needed for an assumption.")] = None
    source: Annotated[
        str, Refers.SOURCE, _("Key of the source that gives the value: a parameter has a source, or is an assumption.")
    ] = ""


class PeriodKind(StrEnum):
    """Over what a figure runs: a day, the twelve months before it, or the last calendar year that is over."""

    DAY = "day"
    YEAR = "year"
    CLOSED_YEAR = "closed_year"


class Indicator(Struct, frozen=True, kw_only=True):
    """A figure to fill: one that Totem computes (`measure`), or the charter's own, filled by observations."""

    name: Annotated[
        Id, _("What requirements call it. The same name in two charters is the same figure: same unit, same combine.")
    ]
    code: Annotated[str, _("The code that the label gives it: F5.")] = ""
    measure: Annotated[
        str,
        _("The measure of Totem that it is; without it, territories declare it, and it needs label, unit and combine."),
    ] = ""
    label: Annotated[Words | None, _("The name that people read.")] = None
    unit: Annotated[
        Unit,
        _(
            "The unit of a figure of the charter’s own. Left out with combine = any or all: it is declared by yes or "
            "no, and a threshold of 1 asks for yes."
        ),
    ] = ""
    method: Annotated[Words | None, _("How it is counted.")] = None
    combine: Annotated[
        Combine | None,
        _(
            "How the figures of several territories become one; declared ones are added up (sum), or the largest "
            "counts (max), or one suffices (any), or all have to reach it (all): the lowest counts."
        ),
    ] = None
    period: Annotated[
        PeriodKind,
        _(
            "Over what it runs: a day, the twelve months up to it (year), the last calendar year that is over "
            "(closed_year)."
        ),
    ] = PeriodKind.DAY
    validity_months: Annotated[
        Month | None, _("After so many months a declared figure is stale and counts no more.")
    ] = None
    source: SourceKey = ""
    note: Annotated[Words | None, _("What one has to know of it.")] = None


class Criterion(Struct, frozen=True, kw_only=True):
    """A criterion: met when all of its mandatory requirements are. `prior`: to be settled before the others count."""

    id: Name
    title: Title
    words: Sentences = None
    mandatory: Annotated[bool, _("false: shown and judged, but the whole does not depend on it.")] = True
    prior: Annotated[bool, _("true: to be settled before the others count; shown first.")] = False
    requirements: Annotated[tuple[Requirement, ...], _("What it asks.")]


class Outcome(Struct, frozen=True, kw_only=True):
    """Where a step leads."""

    id: Name
    title: Title
    to: Annotated[str, Refers.STEP, _("id of the step that follows; empty: the end.")] = ""


class Step(Struct, frozen=True, kw_only=True):
    """A step of the process: who does it, how long it takes, what comes out."""

    id: Name
    title: Title
    words: Sentences = None
    body: Annotated[Words | None, _("Who does it.")] = None
    months: Annotated[float | None, _("How many months it takes.")] = None
    outcomes: Annotated[tuple[Outcome, ...], _("What can come out.")] = ()
    source: SourceKey = ""


class Process(Struct, frozen=True, kw_only=True):
    """How the label is asked for, given, kept and renewed: read and shown."""

    steps: Annotated[tuple[Step, ...], _("The steps, in their order.")] = ()
    validity_months: Annotated[Month | None, _("How many months the label holds.")] = None
    renewal: Annotated[Words | None, _("How it is renewed.")] = None
    source: SourceKey = ""


class Charter(Struct, frozen=True, kw_only=True):
    """One version of a charter. `subject`: who it judges, a territory or a hub."""

    format: Annotated[Literal[1], _("The format of the file: 1.")]
    slug: Annotated[Id, _("Name of the charter, the same for all its versions.")]
    version: Annotated[
        str,
        msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,19}$"),
        _("A published version never changes: a correction is another version."),
    ]
    title: Title
    summary: Annotated[Words, _("One sentence: what the label asks.")]
    authority: Annotated[Words | None, _("Who gives the label.")] = None
    subject: Annotated[Literal["territory", "hub"], _("What is judged: a territory, or a hub.")] = "territory"
    valid_from: Annotated[datetime.date, _("First day on which this version is in force.")]
    valid_until: Annotated[datetime.date | None, _("First day on which it is no longer in force.")] = None
    sources: Annotated[dict[str, Source], _("Where the rules are written, by key.")]
    parameters: Annotated[dict[str, Parameter], _("Values left open or that may be discussed, by name.")] = {}
    indicators: Annotated[tuple[Indicator, ...], _("Figures to fill: Totem’s, or the charter’s own.")] = ()
    criteria: Annotated[tuple[Criterion, ...], _("The criteria, in their order.")]
    process: Annotated[Process | None, _("How the label is asked for, given, kept and renewed: shown, not judged.")] = (
        None
    )

    def requirements(self) -> Iterator[Requirement]:
        """Every requirement, groups before their members."""
        for criterion in self.criteria:
            yield from flat(criterion.requirements)

    def amount(self, value: Amount | int) -> Decimal:
        """The number, through the parameter where it names one."""
        found = self.parameters[value[1:]].value if isinstance(value, str) else value
        return Decimal(str(found))

    def text(self, value: str) -> str:
        """The text, through the parameter where it names one."""
        return str(self.parameters[value[1:]].value) if value.startswith("$") else value

    def says(self, value: str) -> bool:
        """Whether a parameter that says yes or no says yes."""
        return self.text(value).lower() in {"true", "yes", "oui", "1"}

    def unit_of(self, compared: Bounded) -> Unit:
        """The unit of a threshold: its own, or its parameter's; of a figure that says yes or no, `YES_NO`."""
        if compared.unit or compared.bound is None:
            return compared.unit
        value = compared.bound[1]
        named = self.parameters[value[1:]].unit if isinstance(value, str) else ""
        return named or (YES_NO if isinstance(compared, MeasureRequirement) else "")


def flat(requirements: tuple[Requirement, ...]) -> Iterator[Requirement]:
    """The requirements, groups before their members."""
    for requirement in requirements:
        yield requirement
        if isinstance(requirement, GroupRequirement):
            yield from flat(requirement.requirements)


def indicator_of(charter: Charter, requirement: Requirement) -> str:
    """The name of the figure that a requirement reads; empty where it reads none."""
    match requirement:
        case MeasureRequirement() | TravelRequirement():
            return requirement.indicator
        case DocumentRequirement():
            return requirement.indicator or f"{charter.slug}.{requirement.id}"
        case _:
            return ""


def from_content(content: object) -> Charter:
    """A charter read back from the JSON it is kept as. Raises msgspec.ValidationError."""
    return msgspec.convert(content, Charter, strict=False)
