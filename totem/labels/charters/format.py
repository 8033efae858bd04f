"""A charter as its file says it: the words, the thresholds and the process of a label, without a line of Python.

These types are the format: the published JSON Schema is made from them, `reading.py` checks a file against them, and
what is kept in the database is read back into them. Numbers are compared as the decimals that were typed.
"""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Literal

import msgspec

from totem.core import languages
from totem.core.measures import Combine

Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Month = Annotated[int, msgspec.Meta(ge=1, le=600)]


class Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What the tables of a charter have in common: a key that is not known is an error."""


class Words(Struct, frozen=True, kw_only=True):
    """A text in French and in English."""

    # One key a language of the settings, so that a language is added in one place; only the two that all can fall back
    # on are asked of every charter.
    __annotations__ = dict.fromkeys(languages.codes(), str)
    vars().update(dict.fromkeys(set(languages.codes()).difference(languages.FALLBACKS), ""))

    @property
    def texts(self) -> dict[str, str]:
        """The text by language."""
        return {code: getattr(self, code, "") for code in languages.codes()}

    def __str__(self) -> str:
        return languages.first_written(self.texts)[1]


class UnitWords(Words, frozen=True, kw_only=True):
    """A unit in words, and what a single one is called: « postes », « poste »."""

    __annotations__ = {f"{code}_one": str for code in languages.codes()}
    vars().update(dict.fromkeys(__annotations__, ""))

    def counted(self, value: Decimal | int) -> str:
        """The word for that many, singular or plural as the language of the word has it."""
        code, several = languages.first_written(self.texts)
        return (getattr(self, f"{code}_one", "") if languages.is_single(code, value) else "") or several


Unit = str | UnitWords  # « m² », or words where languages differ
YES_NO = "yes/no"  # the unit of a figure that only says whether there is something
Amount = int | float | str  # a number as it was typed, or « $name » of a parameter


class Source(Struct, frozen=True, kw_only=True):
    """Where something is written."""

    title: str
    url: str = ""
    date: datetime.date | None = None
    page: str = ""


class Parameter(Struct, frozen=True, kw_only=True):
    """A value that the charter leaves open or that may be discussed; an `assumption` is Totem's own, and shown so."""

    label: Words
    value: bool | int | float | str
    unit: Unit = ""
    assumption: bool = False
    why: Words | None = None
    source: str = ""


class PeriodKind(StrEnum):
    """Over what a figure runs: a day, the twelve months before it, or the last calendar year that is over."""

    DAY = "day"
    YEAR = "year"
    CLOSED_YEAR = "closed_year"


class Indicator(Struct, frozen=True, kw_only=True):
    """A figure to fill: one that Totem computes (`measure`), or the charter's own, filled by observations."""

    name: Id
    code: str = ""
    measure: str = ""
    label: Words | None = None
    unit: Unit = ""
    method: Words | None = None
    combine: Combine | None = None
    period: PeriodKind = PeriodKind.DAY
    validity_months: Month | None = None
    source: str = ""
    note: Words | None = None


class Compared(Struct, frozen=True, kw_only=True):
    """A threshold: exactly one of the four, in `unit` (a parameter brings its own)."""

    at_least: Amount | None = None
    more_than: Amount | None = None
    at_most: Amount | None = None
    less_than: Amount | None = None
    unit: Unit = ""

    @property
    def bound(self) -> tuple[str, Amount] | None:
        """Which of the four is given, and its value."""
        return _bound(self)


def _bound(compared: "Compared | CommonCompared") -> tuple[str, Amount] | None:
    given = ((name, getattr(compared, name)) for name in COMPARATORS)
    return next(((name, value) for name, value in given if value is not None), None)


COMPARATORS = ("at_least", "more_than", "at_most", "less_than")
Fact = Literal["revenue", "staff", "growth", "international_share", "places", "amount"]


class Where(Compared, frozen=True, kw_only=True):
    """What an organisation satisfies: facts of one closed year (or of its role: places, amount) against a threshold."""

    fact: Fact


class Common(Struct, frozen=True, kw_only=True):
    """What every requirement says of itself."""

    id: Id
    title: Words
    rule: Words
    source: str = ""
    mandatory: bool = True
    bonus: bool = False  # counts for nothing against the territory
    may_not_apply: bool = False  # whether the team may declare, with a reason, that it does not apply to the subject
    only_if: str = ""  # id of the requirement that has to be met for this one to be asked
    evidence: Words | None = None  # what a jury would accept
    next_step: Words | None = None


class CommonCompared(Common, frozen=True, kw_only=True):
    """A requirement with a threshold of its own; the fields of `Compared`, as a struct has one base."""

    at_least: Amount | None = None
    more_than: Amount | None = None
    at_most: Amount | None = None
    less_than: Amount | None = None
    unit: Unit = ""

    @property
    def bound(self) -> tuple[str, Amount] | None:
        """Which of the four is given, and its value."""
        return _bound(self)


class MeasureRequirement(CommonCompared, tag_field="kind", tag="measure", frozen=True, kw_only=True):
    """An indicator against a threshold."""

    indicator: str


class TravelRequirement(CommonCompared, tag_field="kind", tag="travel", frozen=True, kw_only=True):
    """Minutes to the centre, the airport or the TGV station; `mode` may be one, or any."""

    to: Literal["centre", "airport", "tgv_station"]
    mode: str = "any"  # or « $name » of a parameter

    @property
    def indicator(self) -> str:
        return f"minutes_to_{self.to}"


class OrganisationsRequirement(Common, tag_field="kind", tag="organisations", frozen=True, kw_only=True):
    """A number of distinct organisations in a role here that satisfy all filters together.

    `roles` are kinds of relations in force that day; without one, organisations of `kinds` located here. Facts of
    `where` hold on the same closed year, not older than `years_within_months`, and growth on each of the last
    `years_running`. `distinct_from` names another requirement whose organisations do not serve twice.
    """

    roles: tuple[str, ...] = ()
    also_roles: tuple[str, ...] = ()  # that the same organisation has too: a champion mentors
    kinds: tuple[str, ...] = ()
    partner_kinds: tuple[str, ...] = ()  # of the organisation that the role names as the other side
    stage: str = ""
    detail: str = ""
    number: int | str = 1
    where: tuple[Where, ...] = ()
    years_running: int | str = 1
    years_within_months: Month = 24
    with_document: bool = False
    distinct_from: str = ""
    distinct_if: str = ""  # « $name » of a parameter that says yes or no


class DocumentRequirement(Common, tag_field="kind", tag="document", frozen=True, kw_only=True):
    """A document or a signature, declared with the document itself."""

    indicator: str = ""  # the requirement's own when left out
    signed: bool = False
    number: int | str = 1  # distinct documents that show it: letters of support
    term: bool = False  # an award, an agreement: until when it holds is declared with it


class GeometryRequirement(Common, tag_field="kind", tag="geometry", frozen=True, kw_only=True):
    """The place is bounded: a valid shape with an area; `drawn` asks for a polygon and not for whole communes."""

    drawn: bool = False


class Seats(Compared, frozen=True, kw_only=True):
    """Seats of a body, as a number or as a share (%) of seats, votes or capital, that pass the filters together."""

    of: Literal["seats", "votes", "capital"] = "seats"
    as_share: bool = False
    classes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()  # of the member's organisation
    where: tuple[Where, ...] = ()  # facts of the member's organisation
    member_roles: tuple[str, ...] = ()  # one of which the member's organisation plays here
    detail: str = ""  # a text that the detail of that role contains
    observers: bool = False  # whether seats without a vote count in a share


class BodyRequirement(Common, tag_field="kind", tag="body", frozen=True, kw_only=True):
    """A governing body or a vehicle: what it is made of, that it met, and the rules of its legal form."""

    body: Literal["governing", "vehicle"]
    forms: tuple[str, ...] = ()
    legal_rules: bool = False
    after_call: bool = False
    met_within_months: Month | None = None
    classes_represented: tuple[str, ...] = ()
    seats: tuple[Seats, ...] = ()
    with_document: bool = False


class AppointmentRequirement(Common, tag_field="kind", tag="appointment", frozen=True, kw_only=True):
    """Somebody named to an office, by whom, with the act; so many posts of a team, each of them named."""

    office: str = "chief_digital_officer"
    number: int | str = 1
    appointed_by: tuple[str, ...] = ()  # kinds of organisations
    entrepreneur: bool = False
    with_document: bool = False


class FundingRequirement(CommonCompared, tag_field="kind", tag="funding", frozen=True, kw_only=True):
    """The sum of funding lines of some levels and purposes against a threshold."""

    levels: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()


class JudgementRequirement(Common, tag_field="kind", tag="judgement", frozen=True, kw_only=True):
    """What only a person can say, with a guide to judge by."""

    guide: Words


class GroupRequirement(Common, tag_field="kind", tag="group", frozen=True, kw_only=True):
    """Requirements together: all of them, any of them, or at least `n`."""

    rule_of: Literal["all", "any", "at_least"] = "all"
    n: int | None = None
    requirements: tuple["Requirement", ...]


Requirement = (
    MeasureRequirement
    | TravelRequirement
    | OrganisationsRequirement
    | DocumentRequirement
    | GeometryRequirement
    | BodyRequirement
    | AppointmentRequirement
    | FundingRequirement
    | JudgementRequirement
    | GroupRequirement
)


class Criterion(Struct, frozen=True, kw_only=True):
    """A criterion: met when all of its mandatory requirements are. `prior`: to be settled before the others count."""

    id: Id
    title: Words
    words: Words | None = None
    mandatory: bool = True
    prior: bool = False
    requirements: tuple[Requirement, ...]


class Outcome(Struct, frozen=True, kw_only=True):
    """Where a step leads."""

    id: Id
    title: Words
    to: str = ""  # a step; empty: the end


class Step(Struct, frozen=True, kw_only=True):
    """A step of the process: who does it, how long it takes, what comes out."""

    id: Id
    title: Words
    words: Words | None = None
    body: Words | None = None
    months: float | None = None
    outcomes: tuple[Outcome, ...] = ()
    source: str = ""


class Process(Struct, frozen=True, kw_only=True):
    """How the label is asked for, given, kept and renewed: read and shown."""

    steps: tuple[Step, ...] = ()
    validity_months: Month | None = None
    renewal: Words | None = None
    source: str = ""


class Charter(Struct, frozen=True, kw_only=True):
    """One version of a charter. `subject`: who it judges, a territory or a hub."""

    format: Literal[1]
    slug: Id
    version: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,19}$")]
    title: Words
    summary: Words
    authority: Words | None = None
    subject: Literal["territory", "hub"] = "territory"
    valid_from: datetime.date
    valid_until: datetime.date | None = None
    sources: dict[str, Source]
    parameters: dict[str, Parameter] = {}
    indicators: tuple[Indicator, ...] = ()
    criteria: tuple[Criterion, ...]
    process: Process | None = None

    def requirements(self) -> Iterator[Requirement]:
        """Every requirement, groups before their members."""
        for criterion in self.criteria:
            yield from _flat(criterion.requirements)

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

    def unit_of(self, compared: Compared | CommonCompared) -> Unit:
        """The unit of a threshold: its own, or its parameter's; of a figure that says yes or no, `YES_NO`."""
        if compared.unit or compared.bound is None:
            return compared.unit
        value = compared.bound[1]
        named = self.parameters[value[1:]].unit if isinstance(value, str) else ""
        return named or (YES_NO if isinstance(compared, MeasureRequirement) else "")


def _flat(requirements: tuple[Requirement, ...]) -> Iterator[Requirement]:
    for requirement in requirements:
        yield requirement
        if isinstance(requirement, GroupRequirement):
            yield from _flat(requirement.requirements)


def indicator_of(charter: Charter, requirement: Requirement) -> str:
    """The name of the figure that a requirement reads; empty where it reads none."""
    match requirement:
        case MeasureRequirement() | TravelRequirement():
            return requirement.indicator
        case DocumentRequirement():
            return requirement.indicator or f"{charter.slug}.{requirement.id}"
        case _:
            return ""


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the format, made once: not to be changed."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Charter)}


def from_content(content: object) -> Charter:
    """A charter read back from the JSON it is kept as. Raises msgspec.ValidationError."""
    return msgspec.convert(content, Charter, strict=False)
