"""A board judged for a page: on which day, by which version, as whom; what changed of late."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from django.http import Http404, HttpRequest
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from totem.core import clock
from totem.core.measures import UnknownMeasureError
from totem.core.pages import NotFound
from totem.core.periods import parse_day
from totem.core.subjects import UnknownSubjectError
from totem.core.wording import date_with_year
from totem.labels.boards.forms import EARLIEST
from totem.labels.boards.showing import Showing, ShownCriterion, address
from totem.labels.charters.format import Charter
from totem.labels.charters.wording import not_in_force_words
from totem.labels.evidence.similar import SimilarMean, means_of, similar_to
from totem.labels.figures import Evidence, EvidenceKind, figures_of
from totem.labels.judging.evaluations import Evaluated, NoCharter, evaluate, version_for
from totem.labels.judging.facts import FINE, Facts, Finding, Result
from totem.labels.judging.wording import note_words, whole_words
from totem.labels.models import Board, CharterVersion
from totem.labels.permissions import EDIT, JUDGE
from totem.labels.subjects import Subject
from totem.territories.models import Document
from totem.territories.places import PlaceNotFound

WARNED = frozenset({"stale", "contradicted", "interval", "not_shown", "old_year", "unavailable"})


def day_asked(request: HttpRequest) -> datetime.date:
    """The day of `?le=2015-03-31`, or today. Raises NotFound for what is no day, to come, or too long ago."""
    said = request.GET.get("le", "")
    today = clock.today()
    if not said:
        return today
    try:
        day = parse_day(said)
    except ValueError as unreadable:
        raise _not_judged(request, _("A day is written like 2026-03-12.")) from unreadable
    if day > today:
        raise _not_judged(request, _("A board is judged as of today or a day before: this one is still to come."))
    if day < EARLIEST:
        raise _not_judged(request, _("Nothing is known of a day so long ago."))
    return day


def _not_judged(request: HttpRequest, said: str) -> NotFound:
    return NotFound(said, link=(_("See the board as of today"), request.path))


def version_asked(request: HttpRequest, board: Board, day: datetime.date) -> CharterVersion:
    """The version of `?charte=2014`, or the one in force that day. Raises NotFound when there is no such one."""
    said = request.GET.get("charte", "")
    try:
        return version_for(board.charter, day, said[:20])
    except NoCharter as none:
        raise _not_judged(request, _("The charter has no such version, or none was in force that day.")) from none


@dataclass(frozen=True)
class Judged:
    """A board judged, or a kept evaluation of it, ready to be shown."""

    board: Board
    version: CharterVersion
    charter: Charter
    facts: Facts
    result: Result
    team: bool = True
    may_judge: bool = False
    subject: Subject | None = None
    asked_as: str = ""  # `?le=2015-03-31`, where another day or version is looked at
    may_edit: bool = False

    @classmethod
    def of(
        cls, evaluated: Evaluated, *, team: bool, may_judge: bool = False, may_edit: bool = False, asked_as: str = ""
    ) -> "Judged":
        return cls(
            evaluated.board,
            evaluated.version,
            evaluated.charter,
            evaluated.facts,
            evaluated.result,
            team,
            may_judge,
            evaluated.subject,
            asked_as,
            may_edit,
        )

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
    def _counts(self) -> tuple[int, int]:
        pairs = zip(self.charter.criteria, self.result.criteria, strict=True)
        states = [found.state in FINE for asked, found in pairs if asked.mandatory]
        return sum(states), len(states)

    @property
    def is_labelled(self) -> bool:
        return self.board.is_labelled(self.day)

    @property
    def quote(self) -> str:
        """What stands in one sentence that can be quoted: who, how far, for which label, on which day, by what."""
        met, asked = self._counts
        said = {
            "day": date_with_year(self.day),
            "name": self.facts.name,
            "met": met,
            "asked": asked,
            "title": self.title,
            "since": date_with_year(self.board.labelled_on) if self.board.labelled_on else "",
        }
        words = _(
            "On %(day)s, %(name)s meets %(met)s of the %(asked)s mandatory criteria of the label « %(title)s », "
            "by what is published."
        )
        if self.is_labelled:
            words = _(
                "%(name)s has had the label « %(title)s » since %(since)s. "
                "On %(day)s it meets %(met)s of its %(asked)s mandatory criteria, by what is published."
            )
        return words % said

    @property
    def computed(self) -> list[Evidence]:
        """The figures that Totem computed and that were used, once each."""
        found = [item for one in self._findings for item in one.evidence if item.kind is EvidenceKind.COMPUTED]
        return list({(item.label, item.on): item for item in found}.values())

    @property
    def warnings(self) -> list[str]:
        """What whoever signs has to know: what is out of date, contradicted or only known between two bounds."""
        titles = {one.id: str(one.title) for one in self.charter.requirements()}
        told = [(one, note_words(one)) for one in self._findings if one.note in WARNED]
        return [
            _("%(label)s: %(words)s") % {"label": titles.get(one.id, one.id), "words": words} for one, words in told
        ]

    @property
    def _findings(self) -> Iterator[Finding]:
        todo = [one for criterion in self.result.criteria for one in criterion.findings]
        while todo:
            one = todo.pop(0)
            yield one
            todo[:0] = one.members

    @cached_property
    def showing(self) -> Showing:
        return Showing(
            self.board,
            self.charter,
            self.facts,
            self.result,
            self.team,
            self.may_judge,
            self.documents(),
            self.asked_as,
            self.may_edit,
        )

    @property
    def similar(self) -> dict[str, SimilarMean]:
        """The means of similar territories, by figure; none for a kept evaluation."""
        if self.subject is None:
            return {}
        return means_of(figures_of(self.charter), similar_to(self.subject), self.day)

    def criteria(self) -> list[ShownCriterion]:
        return self.showing.criteria()

    def criterion(self, pk: str) -> ShownCriterion:
        """The criterion of that name, each figure beside the mean of similar territories. Raises Http404."""
        self.showing.similar = self.similar
        for asked, finding in zip(self.charter.criteria, self.result.criteria, strict=True):
            if asked.id == pk:
                return self.showing.criterion(asked, finding)
        raise Http404

    def documents(self) -> dict[str, str]:
        """Addresses of the documents that the evidence names, by their sum; of those that may be seen."""
        sums = {sha256 for found in self.result.criteria for one in found.findings for sha256 in _sums(one)}
        if not sums:
            return {}
        seen = Document.objects.visible_to_workspace(self.board.workspace if self.team else None)
        rows = seen.filter(sha256__in=sums, erased_at=None).select_related("workspace").order_by("pk")
        return {row.sha256: _document_url(row) for row in rows}


def _sums(finding: Finding) -> set[str]:
    own = {sha256 for item in finding.evidence for sha256 in item.sha256}
    return own.union(*(_sums(member) for member in finding.members))


def _document_url(document: Document) -> str:
    if document.workspace is None:
        return address("territories:public_document", document.pk)
    return address("territories:document", document.workspace.slug, document.pk)


def no_version() -> str:
    """Why a perimeter that was never published cannot be judged."""
    return _("Nothing says yet what the perimeter is made of: publish it first.")


def judged_or_why(request: HttpRequest, board: Board, *, public: bool = False) -> Judged | str:
    """The board judged as asked in the address; or why it cannot be. Raises Http404 for what is asked wrongly."""
    day = day_asked(request)
    version = version_asked(request, board, day)
    try:
        evaluated = evaluate(board, day=day, workspace=None if public else board.workspace, version=version)
    except PlaceNotFound:
        return no_version()
    except (UnknownMeasureError, UnknownSubjectError) as unknown:
        message = _("The charter asks for the figure « %(name)s », which this installation does not compute.")
        return message % {"name": unknown.args[0]}
    may_judge = not public and request.user.has_perm(JUDGE, board.workspace)
    may_edit = not public and request.user.has_perm(EDIT, board.workspace)
    return Judged.of(evaluated, team=not public, may_judge=may_judge, may_edit=may_edit, asked_as=_asked_as(request))


def _asked_as(request: HttpRequest) -> str:
    said = {name: request.GET[name] for name in ("le", "charte") if request.GET.get(name)}
    return f"?{urlencode(said)}" if said else ""
