"""A board judged on a day, or a kept evaluation of it, ready to be shown to its team or to everybody."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from totem.core import clock
from totem.core.wording import date_with_year
from totem.labels.boards.showing import ShownCriterion, ShownRequirement
from totem.labels.charters.format import Charter, Criterion
from totem.labels.charters.wording import not_in_force_words
from totem.labels.evidence.similar import SimilarMean, means_of, similar_to
from totem.labels.figures import Evidence, EvidenceKind, FigureDefinition, figures_of
from totem.labels.judging.evaluations import Evaluated
from totem.labels.judging.facts import FINE, CriterionFinding, Facts, Result, State
from totem.labels.judging.wording import note_words, whole_words
from totem.labels.models import Board, CharterVersion
from totem.labels.subjects import Subject
from totem.observatory.measures import activities_named
from totem.territories.models import Document

Key = TypeVar("Key")
WARNED = frozenset({"stale", "contradicted", "interval", "not_shown", "old_year", "unavailable"})


@dataclass(frozen=True, eq=False)
class Judged:
    """`team`: with links to the pages of its team, and documents that it alone may open.

    `asked_as` is what follows its address where another day or version is looked at: `?le=2015-03-31`.
    """

    board: Board
    version: CharterVersion
    charter: Charter
    subject: Subject | None  # None: of a kept evaluation
    facts: Facts
    result: Result
    team: bool = True
    may_judge: bool = False
    may_edit: bool = False
    asked_as: str = ""

    @classmethod
    def of(cls, evaluated: Evaluated, **seen_as: Any) -> "Judged":
        """`seen_as` are the fields from `team` on."""
        return cls(**vars(evaluated), **seen_as)

    @property
    def day(self) -> datetime.date:
        return self.facts.day

    @property
    def is_today(self) -> bool:
        return self.day == clock.today()

    @property
    def not_in_force(self) -> str:
        """That the version of the charter was not in force on the day; empty where it was."""
        return not_in_force_words(self.version.valid_from, self.version.valid_until, self.day)

    @property
    def title(self) -> str:
        return str(self.charter.title)

    @property
    def heading(self) -> str:
        """« Quartier numérique, Seine Innopolis »."""
        return f"{self.charter.title}, {self.facts.name}"

    @property
    def words(self) -> str:
        return whole_words(self.result, self.charter)

    @property
    def is_labelled(self) -> bool:
        return self.board.is_labelled(self.day)

    @property
    def quote(self) -> str:
        """What can be quoted: who, how far, for which label, on which day, by what; first the label once granted."""
        states = [found.state for asked, found in self._pairs if asked.mandatory]
        met, unmet = sum(state in FINE for state in states), states.count(State.NOT_MET)
        said = {
            "day": date_with_year(self.day),
            "name": self.facts.name,
            "met": met,
            "asked": len(states),
            "unmet": unmet,
            "open": len(states) - met - unmet,
            "title": self.title,
        }
        if not met and not unmet and State.STALE not in states:
            words = _(
                "On %(day)s, what is published does not say yet whether %(name)s meets the criteria of the label "
                "« %(title)s »."
            )
        elif met == len(states):
            words = _(
                "On %(day)s, by what is published, %(name)s meets all mandatory criteria of the label « %(title)s »."
            )
        else:
            words = ngettext(
                "On %(day)s, by what is published, %(name)s meets %(met)s mandatory criterion of %(asked)s of the "
                "label « %(title)s » (not met: %(unmet)s; not known, to be judged or out of date: %(open)s).",
                "On %(day)s, by what is published, %(name)s meets %(met)s mandatory criteria of %(asked)s of the "
                "label « %(title)s » (not met: %(unmet)s; not known, to be judged or out of date: %(open)s).",
                met,
            )
        return " ".join(part for part in (self._labelled_words, words % said) if part)

    @property
    def _labelled_words(self) -> str:
        if self.board.labelled_on is None or not self.is_labelled:
            return ""
        said = {"name": self.facts.name, "title": self.title, "since": date_with_year(self.board.labelled_on)}
        return _("%(name)s has had the label « %(title)s » since %(since)s.") % said

    @property
    def _pairs(self) -> Iterable[tuple[Criterion, CriterionFinding]]:
        return zip(self.charter.criteria, self.result.criteria, strict=True)

    # -- What stands in it ----------------------------------------------------------------------------------------

    @cached_property
    def criteria(self) -> list[ShownCriterion]:
        """All criteria, in the order of the charter."""
        return [ShownCriterion(self, asked, finding) for asked, finding in self._pairs]

    def criterion(self, pk: str) -> ShownCriterion:
        """The criterion of that name. Raises Http404."""
        for criterion in self.criteria:
            if criterion.asked.id == pk:
                return criterion
        raise Http404

    @property
    def requirements(self) -> list[ShownRequirement]:
        """All requirements, groups before their members."""
        return [one for criterion in self.criteria for one in criterion.flat()]

    @property
    def missing(self) -> list[ShownRequirement]:
        """What is missing, in order of effort; of a group its members."""
        tops = [one for criterion in self.criteria for one in criterion.requirements]
        return sorted((one for top in tops for one in top.missing()), key=lambda one: one.order)

    @property
    def mandatory_missing(self) -> int:
        """How many requirements that the whole depends on are missing."""
        mandatory = [criterion for criterion in self.criteria if criterion.asked.mandatory]
        return sum(one.number_missing for criterion in mandatory for one in criterion.requirements)

    @property
    def _computed(self) -> list[Evidence]:
        found = [item for one in self.requirements for item in one.finding.evidence]
        return [item for item in found if item.kind is EvidenceKind.COMPUTED]

    @property
    def computed(self) -> list[tuple[datetime.date | None, list[str]]]:
        """The figures that Totem computed and that were used, once each, by the day of their data."""
        return _grouped((item.on, item.label) for item in self._computed)

    @property
    def register(self) -> list[str]:
        """Which activities were counted in which edition of the register; what is chosen, where nothing was yet."""
        counted = dict.fromkeys(item.parameters for item in self._computed if item.parameters)
        return [_register_words(said) for said in counted or [self.board.parameters] if said]

    @property
    def warnings(self) -> list[tuple[str, list[str]]]:
        """What whoever signs has to know, and of what: out of date, contradicted, only known between two bounds."""
        warned = [one for one in self.requirements if one.finding.note in WARNED]
        return _grouped((note_words(one.finding), str(one.asked.title)) for one in warned)

    # -- What it refers to ----------------------------------------------------------------------------------------

    @cached_property
    def figures(self) -> dict[str, FigureDefinition]:
        return figures_of(self.charter)

    @property
    def subjects(self) -> list[str]:
        """The keys of its subject and of the places that this is made of."""
        return [self.subject.key, *self.subject.parts] if self.subject else []

    @cached_property
    def similar(self) -> dict[str, SimilarMean]:
        """The means of similar territories, by figure; none for a kept evaluation."""
        return means_of(self.figures, similar_to(self.subject), self.day) if self.subject else {}

    @cached_property
    def playing(self) -> dict[int, int]:
        """The organisation of each relation, by their ids."""
        return {role.id: role.organisation for role in self.facts.roles if role.id}

    @cached_property
    def documents(self) -> dict[str, str]:
        """Addresses of the documents that the evidence names, by their digest; of those that may be seen."""
        sums = {sha256 for one in self.requirements for item in one.finding.evidence for sha256 in item.sha256}
        if not sums:
            return {}
        seen = Document.objects.visible_to_workspace(self.board.workspace if self.team else None)
        rows = seen.filter(sha256__in=sums, erased_at=None).select_related("workspace").order_by("pk")
        return {row.sha256: _document_url(row) for row in rows}


def _document_url(document: Document) -> str:
    if document.workspace is None:
        return reverse("territories:public_document", args=[document.pk])
    return reverse("territories:document", args=[document.workspace.slug, document.pk])


def _register_words(parameters: str) -> str:
    """« Numérique (OCDE), v1, NAF rév. 2 ; édition du répertoire du 1er novembre 2026 », of `core.measures.Basis`."""
    chosen = dict(parse_qsl(parameters))
    found = activities_named(chosen.get("activites", ""))
    activities = found.label if found else _("Activities in force")
    if "stock" not in chosen:
        return activities
    day = date_with_year(datetime.date.fromisoformat(chosen["stock"]))
    return _("%(activities)s; stock of %(date)s") % {"activities": activities, "date": day}


def _grouped(pairs: Iterable[tuple[Key, str]]) -> list[tuple[Key, list[str]]]:
    """The second of each pair under the first, each once, in the order in which they come."""
    found: dict[Key, dict[str, None]] = {}
    for key, label in pairs:
        found.setdefault(key, {})[label] = None
    return [(key, list(labels)) for key, labels in found.items()]
