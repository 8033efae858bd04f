"""What is known of a subject on a day, and what is judged of it: plain values that go to JSON and come back the same.

`judging.judge` reads nothing else, so that an evaluation can be kept, and computed again from what is kept.
"""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from totem.labels.charters.format import Unit
from totem.labels.figures import Evidence, KnownFigure, PlainStruct


class State(StrEnum):
    """What is judged, worst first: `STATES` has the order. A requirement that is not applicable counts as met."""

    NOT_MET = "not_met"
    STALE = "stale"
    UNKNOWN = "unknown"
    HUMAN = "human"
    MET = "met"
    NOT_APPLICABLE = "not_applicable"


STATES = tuple(State)
RANK = {state: rank for rank, state in enumerate(STATES)}
FINE = frozenset({State.MET, State.NOT_APPLICABLE})


class YearFact(PlainStruct, frozen=True):
    """A company's figures of one closed year, by one declarer. Amounts in euros, shares in percent."""

    id: int
    year: int
    closed_on: datetime.date
    revenue: Decimal | None = None
    staff_low: int | None = None
    staff_high: int | None = None
    international_share: Decimal | None = None
    organisation_id: int = 0
    workspace_id: int | None = None
    accounts: str = ""
    source: str = ""
    sha256: str = ""


class OrganisationFact(PlainStruct, frozen=True):
    """An organisation that plays a role here, with its years."""

    id: int
    name: str
    kind: str
    years: tuple[YearFact, ...] = ()


class RoleFact(PlainStruct, frozen=True):
    """What an organisation does here: a relation in force, or (`kind` empty) that it is located here."""

    organisation: int
    kind: str = ""
    id: int | None = None
    stage: str = ""
    detail: str = ""
    places: int | None = None
    amount: Decimal | None = None
    source: str = ""
    sha256: str = ""
    partner_kind: str = ""  # of the organisation that is the other side


class SeatFact(PlainStruct, frozen=True):
    """A seat in force. `capital` in percent."""

    actor_class: str
    role: str
    votes: Decimal
    capital: Decimal | None = None
    organisation: int | None = None


class BodyFact(PlainStruct, frozen=True):
    """A body in force, its seats, and the day of its last meeting."""

    id: int
    kind: str
    name: str
    legal_form: str = ""
    has_capital: bool = False
    after_call: bool = False
    seats: tuple[SeatFact, ...] = ()
    last_meeting: datetime.date | None = None
    sha256: str = ""
    had_seats: bool = False  # seats were recorded, and all of them have ended


class AppointmentFact(PlainStruct, frozen=True):
    """Somebody in office. `by_kind` is what the organisation that appointed them is."""

    id: int
    office: str
    act: str
    since: datetime.date
    by: str = ""
    by_kind: str = ""
    entrepreneur: bool = False
    sha256: str = ""


class FundingFact(PlainStruct, frozen=True):
    """A funding line that runs on the day, in euros."""

    id: int
    level: str
    purpose: str
    amount: Decimal
    source: str = ""
    sha256: str = ""


class JudgementFact(PlainStruct, frozen=True):
    """What a person decided. Names stay out: `by` is an id."""

    id: int
    met: bool
    on: datetime.date
    reason: str = ""
    applies: bool = True  # False: declared not to apply


class Bounds(PlainStruct, frozen=True):
    """The place as a shape: whether its limits are known, whether it was drawn, its area in km²."""

    bounded: bool
    drawn: bool = False
    area_km2: float | None = None


RULES = 2  # since 2: observers do not count in a share of seats unless the charter says so; seats to add are said


class Facts(PlainStruct, frozen=True):
    """Everything a program may decide on about one subject on one day."""

    subject: str
    name: str
    day: datetime.date
    figures: dict[str, KnownFigure] = {}
    organisations: tuple[OrganisationFact, ...] = ()
    roles: tuple[RoleFact, ...] = ()
    bodies: tuple[BodyFact, ...] = ()
    appointments: tuple[AppointmentFact, ...] = ()
    funding: tuple[FundingFact, ...] | None = None  # None: nobody has said anything of money
    judgements: dict[str, JudgementFact] = {}
    bounds: Bounds | None = None
    rules: int = 1  # by which edition of the rules they are judged: what is kept goes by its own (`RULES`)
    ended_roles: tuple[RoleFact, ...] = ()
    ended: tuple[str, ...] = ()  # kinds of bodies and offices that were recorded and have ended


# -- Findings ---------------------------------------------------------------------------------------------------------


class NextStep(TextChoices):
    """The next thing to do about a requirement, as its page says it where the charter does not."""

    NOTHING = "", ""
    DECLARE = "declare", _("Declare the figure, with its source.")
    RETAIN = "retain", _("Choose which of the figures counts, and say why.")
    RENEW = "renew", _("Give the figure of a later date.")
    FIND = "find", _("Find the figure that was said not to be available.")
    REACH = "reach", _("Reach the threshold.")
    DOCUMENT = "document", _("Send the document that shows it.")
    JUDGE = "judge", _("Judge it, with the guide, and say why.")
    SETTLE = "settle", _("Make the figure more exact.")
    ORGANISATION = "organisation", _("Record the organisation and what it does here.")
    BODY = "body", _("Record the body, its members and its meetings.")
    APPOINT = "appoint", _("Record who is named, and by which act.")
    DRAW = "draw", _("Draw the perimeter.")
    MEMBERS = "members", _("Complete what is missing in it.")


class Finding(PlainStruct, frozen=True):
    """What was judged of one requirement: the figure, the threshold, the gap in the unit, and what to do next.

    `note` is a word of `wording.NOTES` that says why; `about` are names that it speaks of, and `facts` what of theirs
    fails or would settle it. Where the value is an interval, `low` and `high` say which. `expected_on` is when what is
    planned would meet it.
    """

    id: str
    state: State
    step: NextStep = NextStep.NOTHING
    value: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    comparator: str = ""
    threshold: Decimal | None = None
    unit: Unit = ""
    gap: Decimal | None = None
    note: str = ""
    about: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()  # of `charter.Fact`
    evidence: tuple[Evidence, ...] = ()
    expected_on: datetime.date | None = None
    seats_missing: int | None = None  # that would reach a share, added to those there are
    members: tuple["Finding", ...] = ()


class CriterionFinding(PlainStruct, frozen=True):
    """A criterion: the worst of its mandatory requirements."""

    id: str
    state: State
    findings: tuple[Finding, ...]


class Result(PlainStruct, frozen=True):
    """The whole: the worst of the mandatory criteria."""

    state: State
    criteria: tuple[CriterionFinding, ...]

    def findings(self) -> Iterator[Finding]:
        """Every finding, in the charter's order: groups before their members."""
        for criterion in self.criteria:
            yield from _flat(criterion.findings)

    def finding(self, pk: str) -> Finding:
        """The finding of a requirement, wherever it stands. Raises KeyError."""
        for finding in self.findings():
            if finding.id == pk:
                return finding
        raise KeyError(pk)


def _flat(findings: tuple[Finding, ...]) -> Iterator[Finding]:
    for finding in findings:
        yield finding
        yield from _flat(finding.members)
