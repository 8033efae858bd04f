"""A judged board as its pages show it: words, links to what was used and to where the next thing is done."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core.wording import date_with_year
from totem.labels.charters.format import (
    AppointmentRequirement,
    BodyRequirement,
    Charter,
    Criterion,
    FundingRequirement,
    GeometryRequirement,
    GroupRequirement,
    JudgementRequirement,
    OrganisationsRequirement,
    Parameter,
    Requirement,
    indicator_of,
)
from totem.labels.charters.format import Source as Written
from totem.labels.charters.wording import amount_words, condition_words, is_figure_alone, parameters_of
from totem.labels.evidence.similar import SimilarMean
from totem.labels.figures import Evidence, EvidenceKind, figures_of
from totem.labels.judging.evaluations import Change, changes
from totem.labels.judging.facts import FINE, RANK, CriterionFinding, Facts, Finding, NextStep, Result, State
from totem.labels.judging.wording import (
    evidence_kind,
    evidence_label,
    finding_words,
    gap_words,
    next_words,
    short_words,
)
from totem.labels.models import Board
from totem.organisations.models import RelationKind
from totem.premises.queries import FIGURES as OF_PREMISES


def address(route: str, *arguments: object) -> str:
    """The address of a page, its arguments in their order."""
    return reverse(route, args=arguments)


@dataclass(frozen=True)
class ShownEvidence:
    """A piece of evidence with the address of its page; `documents` are pairs of sum and address."""

    item: Evidence
    url: str
    documents: tuple[tuple[str, str], ...] = ()

    @property
    def label(self) -> str:
        return evidence_label(self.item)

    @property
    def kind_word(self) -> str:
        return evidence_kind(self.item)

    @property
    def source(self) -> str:
        """Where it comes from, in words; a computed figure names a measure there, which is nothing to people."""
        return "" if self.item.kind is EvidenceKind.COMPUTED else self.item.source


@dataclass(frozen=True)
class ShownRequirement:
    """A requirement and what was found of it, in words."""

    asked: Requirement
    finding: Finding
    words: str
    gap: str
    next: str
    next_url: str
    condition: str
    assumptions: tuple[tuple[str, Parameter], ...]
    evidence: tuple[ShownEvidence, ...]
    source: Written | None
    figure_url: str
    judge_url: str
    similar: str = ""  # the mean of similar territories, in words
    why_not: str = ""  # why the next thing has no page for whoever looks
    members: tuple["ShownRequirement", ...] = ()

    @property
    def fine(self) -> bool:
        return self.finding.state in FINE

    @property
    def effort(self) -> "Effort":
        return EFFORTS.get(self.finding.step, Effort.BUILD)

    @property
    def counts(self) -> bool:
        """Whether it can stop its criterion from being met."""
        return self.asked.mandatory and not self.asked.bonus

    @property
    def guide(self) -> str:
        return str(self.asked.guide) if isinstance(self.asked, JudgementRequirement) else ""

    def flat(self) -> Iterator["ShownRequirement"]:
        """Itself, then its members."""
        yield self
        for member in self.members:
            yield from member.flat()


@dataclass(frozen=True)
class ShownCriterion:
    """A criterion, its state and its requirements."""

    asked: Criterion
    finding: CriterionFinding
    url: str
    requirements: tuple[ShownRequirement, ...]

    @property
    def open(self) -> list[ShownRequirement]:
        """The requirements that are not met and stop the criterion, worst first."""
        return sorted((one for one in self.requirements if one.counts and not one.fine), key=_worst)

    @property
    def optional(self) -> list[ShownRequirement]:
        """Those that are not met and stop nothing, worst first."""
        return sorted((one for one in self.requirements if not one.counts and not one.fine), key=_worst)

    @property
    def met(self) -> list[ShownRequirement]:
        """Those that are met, in the charter's order."""
        return [one for one in self.requirements if one.fine]

    def flat(self) -> Iterator[ShownRequirement]:
        for one in self.requirements:
            yield from one.flat()


def _worst(one: ShownRequirement) -> tuple[bool, int]:
    return not one.counts, RANK[one.finding.state]


@dataclass
class Showing:
    """Makes the shown criteria of one judged board. `team`: with links to the pages of its team.

    `documents` are the addresses of documents by their SHA-256, those that whoever looks may open. `asked_as` is what
    follows the address of a criterion where another day or version is looked at: `?le=2015-03-31`.
    """

    board: Board
    charter: Charter
    facts: Facts
    result: Result
    team: bool = True
    may_judge: bool = False
    documents: dict[str, str] = field(default_factory=dict)
    asked_as: str = ""
    may_edit: bool = False
    similar: dict[str, SimilarMean] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.slug = self.board.workspace.slug if self.board.workspace else ""
        self.playing = {role.id: role.organisation for role in self.facts.roles if role.id}
        self.figures = figures_of(self.charter)

    def criteria(self) -> list[ShownCriterion]:
        """All criteria, in the order of the charter."""
        pairs = zip(self.charter.criteria, self.result.criteria, strict=True)
        return [self.criterion(asked, finding) for asked, finding in pairs]

    def criterion(self, asked: Criterion, finding: CriterionFinding) -> ShownCriterion:
        pairs = zip(asked.requirements, finding.findings, strict=True)
        shown = tuple(self.requirement(asked, one, found) for one, found in pairs)
        return ShownCriterion(asked, finding, self.criterion_url(asked), shown)

    def criterion_url(self, criterion: Criterion) -> str:
        own = ("labels:criterion", self.slug) if self.team else ("labels:public_criterion",)
        return f"{address(*own, self.board.slug, criterion.id)}{self.asked_as}"

    def requirement(self, criterion: Criterion, asked: Requirement, finding: Finding) -> ShownRequirement:
        judged = (isinstance(asked, JudgementRequirement) or asked.may_not_apply) and self.team and self.may_judge
        members: Sequence[Requirement] = asked.requirements if isinstance(asked, GroupRequirement) else ()
        indicator = indicator_of(self.charter, asked)
        return ShownRequirement(
            asked,
            finding,
            words=finding_words(finding, asked, self.charter),
            gap=gap_words(finding, asked, self.charter),
            next=next_words(finding, asked),
            next_url=self.next_url(criterion, asked, finding) if self.team else "",
            condition=condition_words(asked, self.charter),
            assumptions=assumptions_of(asked, self.charter),
            evidence=tuple(self.evidence(item, indicator) for item in finding.evidence),
            source=self.charter.sources.get(asked.source),
            figure_url=self.own("figure", indicator) if self.team and indicator else "",
            judge_url=self.judge_url(asked) if judged else "",
            similar=self.similar_words(indicator),
            why_not=self.why_not(asked, finding),
            members=tuple(
                self.requirement(criterion, one, found) for one, found in zip(members, finding.members, strict=True)
            ),
        )

    def similar_words(self, indicator: str) -> str:
        """« Moyenne de 7 territoires semblables : 120 entreprises, au 1er novembre 2026. »"""
        mean = self.similar.get(indicator)
        if mean is None:
            return ""
        amount = amount_words(mean.value, self.figures[indicator].unit_label)
        said = {"number": mean.number, "amount": amount, "day": date_with_year(mean.on)}
        return _("Mean of %(number)s similar territories: %(amount)s, on %(day)s.") % said

    def why_not(self, asked: Requirement, finding: Finding) -> str:
        """Why whoever looks cannot do what is to be done; empty where they can, or where there is nothing to do."""
        if not self.team or finding.state in FINE:
            return ""
        if isinstance(asked, JudgementRequirement) and not self.may_judge:
            return _("Only an officer of the territory judges: ask one of them.")
        if isinstance(asked, GeometryRequirement) and not self.perimeter_url:
            return _("A hub has no limits to draw.")
        return ""

    def judge_url(self, asked: Requirement) -> str:
        return f"{self.own('judge', asked.id)}{self.asked_as}"

    def own(self, route: str, *arguments: object) -> str:
        """A page of the board."""
        return address(f"labels:{route}", self.slug, self.board.slug, *arguments)

    def next_url(self, criterion: Criterion, asked: Requirement, finding: Finding) -> str:
        """Where the next thing is done; empty where there is nothing to do, or nothing for this person."""
        url = ""
        if finding.state in FINE or finding.step is NextStep.NOTHING:
            return url
        match asked:
            case GroupRequirement():
                url = f"{self.criterion_url(criterion)}#{asked.id}"
            case JudgementRequirement():
                url = self.judge_url(asked) if self.may_judge else ""
            case OrganisationsRequirement():
                url = self.actors_url(asked)
            case BodyRequirement() | AppointmentRequirement() | FundingRequirement():
                url = self.own("governance")
            case GeometryRequirement():
                url = self.perimeter_url
            case _figure:
                url = self.figure_step(indicator_of(self.charter, asked), finding)
        return url

    def actors_url(self, asked: OrganisationsRequirement) -> str:
        """The form of an actor with what is asked proposed, « Est implanté » where no role is; else the list."""
        if not self.may_edit:
            return address("organisations:actors", self.slug)
        kind = asked.roles[0] if asked.roles else RelationKind.LOCATED_IN
        return f"{address('organisations:actor_add', self.slug)}?{urlencode({'nature': str(kind)})}"

    @property
    def perimeter_url(self) -> str:
        return address("territories:perimeter", self.board.perimeter.slug) if self.board.perimeter else ""

    def figure_step(self, indicator: str, finding: Finding) -> str:
        measure = self.figures[indicator].measure
        if measure is not None and measure.name in OF_PREMISES and finding.step is not NextStep.RETAIN:
            return address("premises:buildings", self.slug)
        declared = finding.step in {NextStep.DECLARE, NextStep.FIND, NextStep.DOCUMENT} and measure is None
        return self.own("declare" if declared else "figure", indicator)

    def evidence(self, item: Evidence, indicator: str) -> ShownEvidence:
        pairs = [(sha256, self.documents.get(sha256, "")) for sha256 in item.sha256]
        known = tuple(pair for pair in pairs if self.team or pair[1])  # a sum tells who has a document that it is this
        return ShownEvidence(item, self.evidence_url(item, indicator) if self.team else "", known)

    def evidence_url(self, item: Evidence, indicator: str) -> str:
        url = ""
        match item.kind:
            case EvidenceKind.OBSERVATION:
                url = self.own("observation", item.id)
            case EvidenceKind.COMPUTED:
                url = self.own("figure", indicator)
            case EvidenceKind.RELATION if playing := self.playing.get(item.id or 0):
                url = address("organisations:actor", self.slug, playing)
            case EvidenceKind.ORGANISATION | EvidenceKind.YEAR:
                url = address("organisations:actor", self.slug, item.id)
            case EvidenceKind.BUILDING:
                url = address("premises:building", self.slug, item.id)
            case EvidenceKind.BODY:
                url = self.own("body", item.id)
            case EvidenceKind.APPOINTMENT | EvidenceKind.FUNDING:
                url = self.own("governance")
            case EvidenceKind.PLACE:
                url = self.perimeter_url
        return url


def assumptions_of(requirement: Requirement, charter: Charter) -> tuple[tuple[str, Parameter], ...]:
    """The parameters that are Totem's own and decide in a requirement, by name; none for a figure without threshold,
    of which the words say it.
    """
    if is_figure_alone(requirement, charter):
        return ()
    named = [(name, charter.parameters[name]) for name in parameters_of(requirement)]
    return tuple((name, parameter) for name, parameter in named if parameter.assumption)


class Effort(IntEnum):
    """How far away a requirement is, by the next thing to do about it."""

    DECIDE = 1
    ASK = 2
    BUILD = 3

    @property
    def label(self) -> str:
        return str(EFFORT_WORDS[self])


EFFORT_WORDS = {
    Effort.DECIDE: gettext_lazy("To decide: a figure to choose, a judgement to make"),
    Effort.ASK: gettext_lazy("To ask for: a figure, a document, something to record"),
    Effort.BUILD: gettext_lazy("To build: thresholds to reach, organisations and bodies to bring together"),
}
EFFORTS = {
    **dict.fromkeys((NextStep.RETAIN, NextStep.JUDGE), Effort.DECIDE),
    **dict.fromkeys(
        (NextStep.DECLARE, NextStep.RENEW, NextStep.FIND, NextStep.SETTLE, NextStep.DOCUMENT, NextStep.DRAW), Effort.ASK
    ),
}  # the others are built


class MissingRequirement(NamedTuple):
    """Something that is missing, where it stands: in a criterion, itself or a member of `requirement`."""

    criterion: ShownCriterion
    requirement: ShownRequirement
    shown: ShownRequirement

    @property
    def stops(self) -> bool:
        """Whether the whole depends on it."""
        return self.criterion.asked.mandatory and self.requirement.counts and self.shown.counts

    @property
    def heading(self) -> str:
        return self.shown.effort.label if self.stops else _("Not mandatory: nothing depends on it")

    @property
    def order(self) -> tuple[bool, Effort, bool, Decimal]:
        """What the whole depends on first, then by effort, and by the gap as a share of the threshold."""
        found = self.shown.finding
        share = (found.gap or Decimal(0)) / abs(found.threshold or Decimal(1))
        return not self.stops, self.shown.effort, not self.criterion.asked.prior, share


def missing(criteria: Iterable[ShownCriterion]) -> list[MissingRequirement]:
    """What is missing, in order of effort; of a group its members."""
    rows = [
        MissingRequirement(criterion, requirement, one)
        for criterion in criteria
        for requirement in criterion.requirements
        if not requirement.fine
        for one in requirement.flat()
        if one.next and not one.members and not one.fine
    ]
    return sorted(rows, key=lambda row: row.order)


@dataclass(frozen=True)
class ShownChange:
    """A requirement that is not what it was: its title, its state and figure before and after."""

    title: str
    before: State | None
    after: State | None
    words_before: str
    words_after: str


def shown_changes(before: Result, after: Result, charter: Charter, most: int = 20) -> list[ShownChange]:
    """What changed between two results, groups left out: their members tell it."""
    asked = {requirement.id: requirement for requirement in charter.requirements()}
    found = [change for change in changes(before, after) if not isinstance(asked.get(change.id), GroupRequirement)]
    return [_shown_change(change, asked.get(change.id), charter) for change in found][:most]


def _shown_change(change: Change, requirement: Requirement | None, charter: Charter) -> ShownChange:
    def words(finding: Finding | None) -> str:
        return short_words(finding, requirement, charter) if finding and requirement else ""

    return ShownChange(
        str(requirement.title) if requirement else change.id,
        change.before.state if change.before else None,
        change.after.state if change.after else None,
        words(change.before),
        words(change.after),
    )
