"""What a judged board shows: criteria, requirements and evidence in words, what is missing, what changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from totem.core.wording import date_with_year
from totem.labels.boards.links import evidence_url, next_url, page_of, perimeter_url
from totem.labels.charters.format import (
    Charter,
    Criterion,
    GeometryRequirement,
    GroupRequirement,
    JudgementRequirement,
    Parameter,
    Requirement,
    indicator_of,
)
from totem.labels.charters.format import Source as Written
from totem.labels.charters.wording import (
    amount_words,
    condition_words,
    group_rule,
    is_figure_alone,
    label_and_words,
    parameters_of,
)
from totem.labels.figures import Evidence, EvidenceKind
from totem.labels.judging.evaluations import Change, changes
from totem.labels.judging.facts import FINE, RANK, CriterionFinding, Finding, NextStep, Result, State
from totem.labels.judging.wording import (
    evidence_kind,
    evidence_label,
    finding_words,
    gap_words,
    next_words,
    short_words,
)

if TYPE_CHECKING:
    from totem.labels.boards.judged import Judged

# How far away a requirement is, by the next thing to do about it: the quickest first, the last one is all others.
EFFORTS = (
    (gettext_lazy("To decide: a figure to choose, a judgement to make"), {NextStep.RETAIN, NextStep.JUDGE}),
    (
        gettext_lazy("To ask for: a figure, a document, something to record"),
        {NextStep.DECLARE, NextStep.RENEW, NextStep.FIND, NextStep.SETTLE, NextStep.DOCUMENT, NextStep.DRAW},
    ),
    (gettext_lazy("To build: thresholds to reach, organisations and bodies to bring together"), set(NextStep)),
)


@dataclass(frozen=True)
class ShownEvidence:
    """A piece of evidence with the address of its page; `documents` are pairs of digest and address."""

    item: Evidence
    url: str
    documents: list[tuple[str, str]]

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


@dataclass(frozen=True, eq=False)
class ShownRequirement:
    """A requirement and what was found of it, in words; `group` is the one that it is a member of."""

    criterion: "ShownCriterion"
    asked: Requirement
    finding: Finding
    group: "ShownRequirement | None" = None

    @cached_property
    def members(self) -> list["ShownRequirement"]:
        asked = self.asked.requirements if isinstance(self.asked, GroupRequirement) else ()
        pairs = zip(asked, self.finding.members, strict=True)
        return [ShownRequirement(self.criterion, one, finding, self) for one, finding in pairs]

    def flat(self) -> Iterator["ShownRequirement"]:
        """Itself, then its members."""
        yield self
        for member in self.members:
            yield from member.flat()

    @property
    def judged(self) -> "Judged":
        return self.criterion.judged

    @property
    def indicator(self) -> str:
        return indicator_of(self.judged.charter, self.asked)

    # -- What is missing ------------------------------------------------------------------------------------------

    @property
    def fine(self) -> bool:
        return self.finding.state in FINE

    @property
    def counts(self) -> bool:
        """Whether it can stop its criterion from being met."""
        return self.asked.mandatory and not self.asked.bonus

    @property
    def stops(self) -> bool:
        """Whether the whole depends on it."""
        return self.counts and (self.group.stops if self.group else self.criterion.asked.mandatory)

    @property
    def effort(self) -> int:
        """The place of its next step in `EFFORTS`."""
        return next(number for number, (_label, steps) in enumerate(EFFORTS) if self.finding.step in steps)

    @property
    def effort_words(self) -> str:
        return str(EFFORTS[self.effort][0]) if self.stops else _("Not mandatory: nothing depends on it")

    @property
    def order(self) -> tuple[bool, int, bool, Decimal]:
        """What the whole depends on first, then by effort, and by the gap as a share of the threshold."""
        share = (self.finding.gap or Decimal(0)) / abs(self.finding.threshold or Decimal(1))
        return not self.stops, self.effort, not self.criterion.asked.prior, share

    def missing(self) -> Iterator["ShownRequirement"]:
        """Itself where it is not met; of a group its members."""
        if self.members and not self.fine:
            for member in self.members:
                yield from member.missing()
        elif not self.fine:
            yield self

    @property
    def number_missing(self) -> int:
        """How many mandatory requirements it still asks for: of a group where some suffice, only as many as suffice."""
        if self.fine or not self.counts:
            return 0
        if not self.members:
            return 1
        numbers = sorted(member.number_missing for member in self.members if member.counts and not member.fine)
        return sum(numbers[: int(self.finding.gap or 0)])

    # -- In words -------------------------------------------------------------------------------------------------

    @property
    def words(self) -> str:
        return finding_words(self.finding, self.asked, self.judged.charter)

    @property
    def gap(self) -> str:
        return gap_words(self.finding, self.asked, self.judged.charter)

    @property
    def next(self) -> str:
        """What to do next; empty where another of several that suffice is met already."""
        if self.group is not None and self.group.fine and self.alternative:
            return ""
        return next_words(self.finding, self.asked)

    @property
    def alternative(self) -> str:
        """« Un lieu d’expérimentation : une suffit »; empty where it is not one of several of which some suffice."""
        asked = self.group and self.group.asked
        if not isinstance(asked, GroupRequirement) or asked.rule_of == "all":
            return ""
        return label_and_words(str(asked.title), group_rule(asked))

    @property
    def condition(self) -> str:
        return condition_words(self.asked, self.judged.charter)

    @property
    def assumptions(self) -> tuple[tuple[str, Parameter], ...]:
        return assumptions_of(self.asked, self.judged.charter)

    @property
    def source(self) -> Written | None:
        return self.judged.charter.sources.get(self.asked.source)

    @property
    def guide(self) -> str:
        return str(self.asked.guide) if isinstance(self.asked, JudgementRequirement) else ""

    @property
    def similar(self) -> str:
        """« Moyenne de 7 territoires semblables : 120 entreprises, au 1er novembre 2026. »"""
        mean = self.judged.similar.get(self.indicator)
        if mean is None:
            return ""
        amount = amount_words(mean.value, self.judged.figures[self.indicator].unit_label)
        said = {"number": mean.number, "amount": amount, "day": date_with_year(mean.on)}
        return _("Mean of %(number)s similar territories: %(amount)s, on %(day)s.") % said

    @property
    def why_not(self) -> str:
        """Why whoever looks cannot do what is to be done; empty where they can, or where there is nothing to do."""
        if not self.judged.team or self.fine:
            return ""
        if isinstance(self.asked, JudgementRequirement) and not self.judged.may_judge:
            return _("Only an officer of the territory judges: ask one of them.")
        if isinstance(self.asked, GeometryRequirement) and not perimeter_url(self.judged.board):
            return _("A hub has no limits to draw.")
        return ""

    # -- Where it leads -------------------------------------------------------------------------------------------

    @property
    def next_url(self) -> str:
        return next_url(self)

    @property
    def figure_url(self) -> str:
        return page_of(self.judged.board, "figure", self.indicator) if self.judged.team and self.indicator else ""

    @property
    def judge_url(self) -> str:
        """Where it is judged, or declared not to apply; empty where that is not for whoever looks."""
        by_people = isinstance(self.asked, JudgementRequirement) or self.asked.may_not_apply
        if not (by_people and self.judged.team and self.judged.may_judge):
            return ""
        return page_of(self.judged.board, "judge", self.asked.id) + self.judged.asked_as

    @property
    def evidence(self) -> list[ShownEvidence]:
        return [ShownEvidence(item, evidence_url(self, item), self._documents(item)) for item in self.finding.evidence]

    def _documents(self, item: Evidence) -> list[tuple[str, str]]:
        pairs = [(sha256, self.judged.documents.get(sha256, "")) for sha256 in item.sha256]
        # A digest tells who has a document that it is this one: nobody else is given one that they may not open.
        return [pair for pair in pairs if self.judged.team or pair[1]]


@dataclass(frozen=True, eq=False)
class ShownCriterion:
    """A criterion, its state and its requirements."""

    judged: "Judged"
    asked: Criterion
    finding: CriterionFinding

    @property
    def url(self) -> str:
        board, name = self.judged.board, self.asked.id
        own = page_of(board, "criterion", name) if self.judged.team else ""
        return (own or reverse("labels:public_criterion", args=[board.slug, name])) + self.judged.asked_as

    @cached_property
    def requirements(self) -> list[ShownRequirement]:
        pairs = zip(self.asked.requirements, self.finding.findings, strict=True)
        return [ShownRequirement(self, one, finding) for one, finding in pairs]

    @property
    def open(self) -> list[ShownRequirement]:
        """The requirements that are not met and stop the criterion, worst first."""
        return self._not_met(stopping=True)

    @property
    def optional(self) -> list[ShownRequirement]:
        """Those that are not met and stop nothing, worst first."""
        return self._not_met(stopping=False)

    def _not_met(self, *, stopping: bool) -> list[ShownRequirement]:
        found = [one for one in self.requirements if one.counts is stopping and not one.fine]
        return sorted(found, key=lambda one: RANK[one.finding.state])

    @property
    def met(self) -> list[ShownRequirement]:
        """Those that are met, in the charter's order."""
        return [one for one in self.requirements if one.fine]

    @property
    def score(self) -> str:
        """« 2 / 2 »: how many are met of those that can stop the criterion."""
        counted = [one.fine for one in self.requirements if one.counts]
        return f"{sum(counted)} / {len(counted)}"

    def flat(self) -> Iterator[ShownRequirement]:
        for one in self.requirements:
            yield from one.flat()


def assumptions_of(requirement: Requirement, charter: Charter) -> tuple[tuple[str, Parameter], ...]:
    """The parameters that are Totem's own and decide in a requirement, by name; none for a figure without threshold,
    of which the words say it.
    """
    if is_figure_alone(requirement, charter):
        return ()
    named = [(name, charter.parameters[name]) for name in parameters_of(requirement)]
    return tuple((name, parameter) for name, parameter in named if parameter.assumption)


# -- What changed -----------------------------------------------------------------------------------------------------


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
