"""Evaluations: a board, a day and a version of a charter; kept as canonical JSON, judged again, compared."""

import datetime
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from totem.core.canonical import canonical, digest
from totem.labels.charters.format import Charter, from_content
from totem.labels.evidence.gathering import gather
from totem.labels.figures import PlainStruct
from totem.labels.judging import judge
from totem.labels.judging.facts import Facts, Finding, Result
from totem.labels.models import Board, CharterVersion, Evaluation
from totem.labels.subjects import Subject, subject_of
from totem.territories.models import Workspace


class NoCharter(Exception):
    """No version of the charter is published that holds on that day."""


@dataclass(frozen=True)
class Evaluated:
    """A board as it was judged on a day."""

    board: Board
    version: CharterVersion
    charter: Charter
    subject: Subject
    facts: Facts
    result: Result

    @property
    def day(self) -> datetime.date:
        return self.facts.day

    @property
    def content(self) -> str:
        """What is kept of it, as canonical JSON: the facts used and the result, and which charter."""
        charter = {"slug": self.version.slug, "version": self.version.version, "sha256": self.version.sha256}
        return canonical(Content(charter, self.facts, self.result)).decode()

    @property
    def sha256(self) -> str:
        return digest(self.content)


class Content(PlainStruct, frozen=True):
    """What an evaluation is kept as. `charter` has slug, version and sha256."""

    charter: dict[str, str]
    facts: Facts
    result: Result
    format: int = 1


@lru_cache(maxsize=32)
def _charter(content: str) -> Charter:
    return from_content(msgspec.json.decode(content))


def charter_of(version: CharterVersion) -> Charter:
    """What a published version says; remembered, as it never changes."""
    return _charter(version.content)


def version_for(slug: str, day: datetime.date, version: str = "") -> CharterVersion:
    """That version of a charter; without a name the one that is used that day. Raises NoCharter."""
    rows = CharterVersion.objects.filter(slug=slug)
    found = rows.filter(version=version).first() if version else rows.for_day(day).first()
    if found is None:
        raise NoCharter(slug)
    return found


def evaluate(
    board: Board, *, day: datetime.date, workspace: Workspace | None, version: CharterVersion | None = None
) -> Evaluated:
    """The board judged as that workspace (None: the public) can see it. Raises NoCharter, PlaceNotFound."""
    version = version or version_for(board.charter, day)
    charter, subject = charter_of(version), subject_of(board, day)
    (facts,) = gather(charter, [subject], day, workspace=workspace, board=board, version=version)
    return Evaluated(board, version, charter, subject, facts, judge(charter, facts))


def kept(evaluation: Evaluation) -> Content:
    """What was kept, as values again. Raises msgspec.ValidationError."""
    return msgspec.json.decode(evaluation.content, type=Content)


def computed_again(evaluation: Evaluation) -> bool:
    """Whether the sum is that of the content, and judging the kept facts by the kept charter gives the kept result."""
    content, version = kept(evaluation), evaluation.charter_version
    again = judge(charter_of(version), content.facts)
    return (
        content.charter["sha256"] == version.sha256
        and canonical(again) == canonical(content.result)
        and digest(evaluation.content) == evaluation.sha256
    )


@dataclass(frozen=True)
class Change:
    """A requirement whose state or figure is not what it was; None where it was not asked."""

    id: str
    before: Finding | None
    after: Finding | None


def changes(before: Result, after: Result) -> list[Change]:
    """What changed from one result to another, in the order of the later one; states and values only."""
    old = {finding.id: finding for finding in before.findings()}
    new = {finding.id: finding for finding in after.findings()}
    return [Change(pk, old.get(pk), new.get(pk)) for pk in new | old if _shown(old.get(pk)) != _shown(new.get(pk))]


def _shown(finding: Finding | None) -> tuple[object, ...] | None:
    return None if finding is None else (finding.state, finding.value, finding.low, finding.high, finding.threshold)
