"""What a charter may ask: the kinds of requirements, with their thresholds."""

from typing import Annotated, Literal

from django.utils.translation import gettext_noop as _

from totem.labels.charters.keys import (
    Amount,
    Count,
    Month,
    Name,
    Names,
    Of,
    OrParameter,
    Refers,
    SourceKey,
    Struct,
    Title,
    Unit,
    UnitKey,
    Words,
)

COMPARATORS = ("at_least", "more_than", "at_most", "less_than")
Bound = Annotated[Amount | None, OrParameter.NUMBER]
AtLeast = Annotated[Bound, _("The value has to be this or more. A number, or « $name » of a parameter.")]
MoreThan = Annotated[Bound, _("The value has to be above this: the number itself fails.")]
AtMost = Annotated[Bound, _("The value has to be this or less.")]
LessThan = Annotated[Bound, _("The value has to be below this: the number itself fails.")]
Fact = Literal["revenue", "staff", "growth", "international_share", "places", "amount"]
OF_ROLE = frozenset({"places", "amount"})  # facts of a role; the others are of a closed year


class Bounded:
    """What is compared to a threshold."""

    __slots__ = ()
    unit: Unit

    @property
    def bound(self) -> tuple[str, Amount] | None:
        """Which of the four comparators is given, and its value."""
        given = ((name, getattr(self, name)) for name in COMPARATORS)
        return next(((name, value) for name, value in given if value is not None), None)


class Compared(Struct, Bounded, frozen=True, kw_only=True):
    """A threshold: exactly one of the four, in `unit` (a parameter brings its own)."""

    at_least: AtLeast = None
    more_than: MoreThan = None
    at_most: AtMost = None
    less_than: LessThan = None
    unit: UnitKey = ""


class Where(Compared, frozen=True, kw_only=True):
    """What an organisation satisfies: facts of one closed year (or of its role: places, amount) against a threshold."""

    fact: Annotated[
        Fact,
        Of.FACTS,
        _(
            "Of a closed year: revenue (€), staff (people), growth (%, computed from two years), international_share "
            "(%). Of the role: places (places), amount (€)."
        ),
    ]


Facts = Annotated[
    tuple[Where, ...],
    _("Facts, each with a threshold, that hold together on the same organisation and the same closed year."),
]


class Common(Struct, frozen=True, kw_only=True):
    """What every requirement says of itself."""

    id: Name
    title: Title
    rule: Annotated[Words, _("The rule, in a sentence.")]
    source: SourceKey = ""
    mandatory: Annotated[bool, _("false: shown and judged, but the whole does not depend on it.")] = True
    bonus: Annotated[bool, _("true: an asset, which counts for nothing against the subject.")] = False
    may_not_apply: Annotated[bool, _("true: who judges may declare, with a reason, that it does not apply here.")] = (
        False
    )
    only_if: Annotated[
        str,
        Refers.REQUIREMENT,
        _("id of the requirement that has to be met for this one to be asked. Conditions may not go in a ring."),
    ] = ""
    evidence: Annotated[Words | None, _("What a jury would accept.")] = None
    next_step: Annotated[Words | None, _("What to do when it is not met.")] = None


class CommonCompared(Common, Bounded, frozen=True, kw_only=True):
    """A requirement with a threshold of its own; the fields of `Compared`, as a struct has one base."""

    at_least: AtLeast = None
    more_than: MoreThan = None
    at_most: AtMost = None
    less_than: LessThan = None
    unit: UnitKey = ""


class MeasureRequirement(CommonCompared, tag_field="kind", tag="measure", frozen=True, kw_only=True):
    """An indicator against a threshold."""

    indicator: Annotated[str, _("An indicator of this file, or a measure of Totem.")]


class TravelRequirement(CommonCompared, tag_field="kind", tag="travel", frozen=True, kw_only=True):
    """Minutes to the centre, the airport or the TGV station; `mode` may be one, or any."""

    to: Annotated[Literal["centre", "airport", "tgv_station"], _("Where one travels.")]
    mode: Annotated[
        str, Of.MODES, OrParameter.WORD, _("How one travels; any: the figure retained, whatever the way.")
    ] = "any"

    @property
    def indicator(self) -> str:
        return f"minutes_to_{self.to}"


class OrganisationsRequirement(Common, tag_field="kind", tag="organisations", frozen=True, kw_only=True):
    """A number of distinct organisations in a role here that satisfy all filters together.

    `roles` are kinds of relations in force that day; without one, organisations of `kinds` located here. Facts of
    `where` hold on the same closed year, not older than `years_within_months`, and growth on each of the last
    `years_running`. `distinct_from` names another requirement whose organisations do not serve twice.
    """

    roles: Annotated[
        Names,
        Of.ROLES,
        _(
            "Roles in force on the day, one of which suffices. Without any: organisations of « kinds » that are "
            "located here and have people on the site, or of which something is said."
        ),
    ] = ()
    also_roles: Annotated[Names, Of.ROLES, _("Roles that the same organisation has too, all of them.")] = ()
    kinds: Annotated[Names, Of.KINDS, _("Kinds of organisations, one of which suffices.")] = ()
    partner_kinds: Annotated[
        Names,
        Of.KINDS,
        _("Kinds of the organisation that is the other side of the role: a scheme with a state_service."),
    ] = ()
    stage: Annotated[str, Of.STAGES, _("Stage at which it invests; with the role invests_in.")] = ""
    detail: Annotated[str, _("A text that the detail of the role contains.")] = ""
    number: Annotated[Count, _("How many distinct organisations, or « $name ».")] = 1
    where: Facts = ()
    years_running: Annotated[
        Count,
        _(
            "Closed years in a row over which the growth asked in « where » holds (the other facts: the last one), or "
            "« $name »."
        ),
    ] = 1
    years_within_months: Annotated[Month, _("A year that was closed more months ago is stale.")] = 24
    with_document: Annotated[bool, _("true: a document has to show the role.")] = False
    distinct_from: Annotated[
        str, Refers.REQUIREMENT, _("id of a requirement of this kind: the same organisation does not serve both.")
    ] = ""
    distinct_if: Annotated[
        str, OrParameter.YES_NO, _("« $name » of a parameter that is true or false: whether distinct_from holds.")
    ] = ""


class DocumentRequirement(Common, tag_field="kind", tag="document", frozen=True, kw_only=True):
    """A document or a signature, declared with the document itself."""

    indicator: Annotated[
        str,
        _(
            "An indicator of this file; left out, the requirement has its own. Met when it is declared with the "
            "document itself."
        ),
    ] = ""
    signed: Annotated[bool, _("true: it is a signature.")] = False
    number: Annotated[Count, _("How many distinct documents show it: letters of support.")] = 1
    term: Annotated[
        bool,
        _(
            "true: an award or an agreement with a term. Until when it holds is declared with it; after that day it is "
            "stale."
        ),
    ] = False


class GeometryRequirement(Common, tag_field="kind", tag="geometry", frozen=True, kw_only=True):
    """The place is bounded: a valid shape with an area; `drawn` asks for a polygon and not for whole communes."""

    drawn: Annotated[bool, _("true: a drawn limit is asked for, not whole communes.")] = False


class Seats(Compared, frozen=True, kw_only=True):
    """Seats of a body, as a number or as a share (%) of seats, votes or capital, that pass the filters together."""

    of: Annotated[
        Literal["seats", "votes", "capital"], _("Count seats, votes, or capital: unit « seats », « votes » or « % ».")
    ] = "seats"
    as_share: Annotated[bool, _("true: as a percentage of all of them; unit « % ».")] = False
    classes: Annotated[Names, Of.CLASSES, _("Classes of members that count.")] = ()
    roles: Annotated[Names, Of.SEATS, _("Roles that count: president.")] = ()
    kinds: Annotated[Names, Of.KINDS, _("Kinds of the member’s organisation that count.")] = ()
    where: Facts = ()
    member_roles: Annotated[
        Names, Of.ROLES, _("Roles that the member’s organisation plays here, one of which suffices.")
    ] = ()
    detail: Annotated[str, _("A text that the detail of that role contains; with member_roles.")] = ""
    observers: Annotated[bool, _("true: seats of observers count in a share too; without it they do not.")] = False


class BodyRequirement(Common, tag_field="kind", tag="body", frozen=True, kw_only=True):
    """A governing body or a vehicle: what it is made of, that it met, and the rules of its legal form."""

    body: Annotated[Literal["governing", "vehicle"], _("Governing body, or legal vehicle.")]
    forms: Annotated[Names, Of.FORMS, _("Legal forms that are accepted.")] = ()
    legal_rules: Annotated[
        bool,
        _(
            "true: the rules of its form. GIP: public bodies and those with a public-service task have more than half. "
            "SEM: local authorities more than half of capital and votes, others at least 15 %, one of them private."
        ),
    ] = False
    after_call: Annotated[bool, _("true: it was set up after a call.")] = False
    met_within_months: Annotated[Month | None, _("It met in so many months before the day.")] = None
    classes_represented: Annotated[Names, Of.CLASSES, _("Each of these classes has a seat.")] = ()
    seats: Annotated[
        tuple[Seats, ...],
        _(
            "Rules on its seats; all of them hold, on one and the same body. Each counts the seats that pass all its "
            "filters."
        ),
    ] = ()
    with_document: Annotated[bool, _("true: its statutes or agreement have to be there.")] = False


class AppointmentRequirement(Common, tag_field="kind", tag="appointment", frozen=True, kw_only=True):
    """Somebody named to an office, by whom, with the act; so many posts of a team, each of them named."""

    office: Annotated[str, Of.OFFICES, _("The office.")] = "chief_digital_officer"
    number: Annotated[Count, _("How many people are named to it: the posts of a team.")] = 1
    appointed_by: Annotated[Names, Of.KINDS, _("Kinds of organisations that may appoint.")] = ()
    entrepreneur: Annotated[bool, _("true: the person comes from the local digital entrepreneurs.")] = False
    with_document: Annotated[bool, _("true: the act has to be there.")] = False


class FundingRequirement(CommonCompared, tag_field="kind", tag="funding", frozen=True, kw_only=True):
    """The sum of funding lines of some levels and purposes against a threshold."""

    levels: Annotated[
        Names,
        Of.LEVELS,
        _("Levels whose lines are added up; none: all. Without any line it is not known, rather than 0."),
    ] = ()
    purposes: Annotated[Names, Of.PURPOSES, _("Purposes whose lines are added up; none: all.")] = ()


class JudgementRequirement(Common, tag_field="kind", tag="judgement", frozen=True, kw_only=True):
    """What only a person can say, with a guide to judge by."""

    guide: Annotated[Words, _("What to look at. It stays open until an authorised person decides, with reasons.")]


class GroupRequirement(Common, tag_field="kind", tag="group", frozen=True, kw_only=True):
    """Requirements together: all of them, any of them, or at least `n`."""

    rule_of: Annotated[Literal["all", "any", "at_least"], _("all of them, any of them, or at_least n.")] = "all"
    n: Annotated[int | None, _("With at_least: how many.")] = None
    requirements: Annotated[
        tuple["Requirement", ...],
        _("Its members; a bonus or optional one is shown and does not count. Groups may hold groups."),
    ]


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
