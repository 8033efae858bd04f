"""What is said of one figure, side by side: computed, declared here, published by others; and what changed in it."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Prefetch
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from totem.labels.evidence.figure_rows import FigureRow, known_words, line_of, value_words
from totem.labels.evidence.figures import choosing_among, holds_until
from totem.labels.figures import EvidenceKind, FigureDefinition, FigureState, KnownFigure
from totem.labels.models import Observation, ObservationVersion, Retention
from totem.labels.models.evidence import KEY_OF
from totem.labels.subjects import Subject, subject_at
from totem.premises.figures import FIGURES as OF_BUILDINGS
from totem.territories.models import Document, Workspace


@dataclass(frozen=True)
class DeclaredRow:
    """An observation as it stands, as one workspace sees it."""

    figured: FigureDefinition
    version: ObservationVersion
    own: bool
    day: datetime.date
    counts: bool

    @property
    def observation(self) -> Observation:
        return self.version.observation

    @property
    def source(self) -> str:
        """Its source; of another territory's, with who declares it."""
        holder = self.observation.workspace
        return self.version.source if self.own or holder is None else f"{self.version.source}, {holder.name}"

    @property
    def words(self) -> str:
        """The value; empty where it says that there is none."""
        return "" if self.version.value is None else value_words(self.figured, self.version.value)

    @property
    def valid_until(self) -> datetime.date | None:
        """The last day on which it counts, as it says or by the charter."""
        return holds_until(self.figured, self.version)

    @property
    def is_stale(self) -> bool:
        return self.version.value is not None and self.valid_until is not None and self.valid_until < self.day

    @property
    def documents(self) -> list[Document]:
        """Those that the workspace may see."""
        return [document for document in self.version.documents.all() if self.own or document.public]


class PartFigure(NamedTuple):
    """A place of which the subject is made, and its figure."""

    key: str
    name: str
    words: str
    known: KnownFigure

    @property
    def has_page(self) -> bool:
        return has_evidence(self.key)


class RetainedRow(NamedTuple):
    """What the workspace retained once, why, and what that says today; `said` is None where it is not seen any more."""

    retention: Retention
    said: DeclaredRow | None


@dataclass(frozen=True)
class Comparison:
    """A figure and everything that is said of it."""

    line: FigureRow
    said: Sequence[DeclaredRow]
    withdrawn: Sequence[DeclaredRow]
    choices: Sequence[RetainedRow]  # of the workspace, the last first
    parts: Sequence[PartFigure]
    why_ended: str  # the last choice of the workspace does not count any more (`FigureChoice.why_ended`)

    @property
    def computed_words(self) -> str:
        return known_words(self.line.figured, self.line.computed)

    @property
    def computed_counts(self) -> bool:
        return self.line.origin == "computed"

    @property
    def mine(self) -> RetainedRow | None:
        """What the workspace retains."""
        return self.choices[0] if self.choices else None


def compare(
    figured: FigureDefinition, subject: Subject, day: datetime.date, workspace: Workspace, names: Mapping[str, str]
) -> Comparison:
    """A figure about a subject as the workspace sees it. `names` are those of the subject's parts, by key."""
    choosing = choosing_among({figured.name: figured}, [subject, *_places(figured, subject)], day, workspace)
    line = line_of(choosing, figured, subject)
    contradicted = line.known.state is FigureState.CONTRADICTED
    counts = {item.id for item in line.known.evidence if item.kind is EvidenceKind.OBSERVATION and not contradicted}
    seen = [
        DeclaredRow(
            figured, version, version.observation.workspace_id == workspace.pk, day, version.observation_id in counts
        )
        for version in _latest_versions(figured.name, subject.key, workspace)
    ]
    by_id = {one.observation.pk: one for one in seen}
    retained = Retention.objects.filter(workspace=workspace, subject=subject.key, indicator=figured.name)
    return Comparison(
        line,
        said=[one for one in seen if not one.version.withdrawn],
        withdrawn=[one for one in seen if one.version.withdrawn and one.own],
        choices=[
            RetainedRow(row, by_id.get(row.observation_id or 0))
            for row in retained.select_related("made_by").order_by("-pk")
        ],
        parts=[
            PartFigure(key, names.get(key, key), known_words(figured, own), own)
            for key in subject.parts
            for own in (choosing.own(key, figured.name),)
        ],
        why_ended=choosing.why_ended(subject.key, figured.name),
    )


def _places(figured: FigureDefinition, subject: Subject) -> list[Subject]:
    """The parts of a subject as places, where the figure is computed at once: those of buildings."""
    if figured.measure is None or figured.measure.name not in OF_BUILDINGS:
        return []
    return [subject_at(key) for key in subject.parts if has_evidence(key)]


def has_evidence(key: str) -> bool:
    """Whether evidence can be about what this key names: not about a former region."""
    return key.partition(":")[0] in KEY_OF.values()


def _latest_versions(name: str, key: str, workspace: Workspace) -> list[ObservationVersion]:
    """What each observation of a figure says last, those of the workspace and those that others publish."""
    seen = Observation.objects.visible_to_workspace(workspace).filter(subject=key, indicator=name)
    rows = (
        ObservationVersion.objects.filter(observation__in=seen)
        .order_by("observation", "-number")
        .distinct("observation")
        .select_related("observation__workspace", "written_by")
        .prefetch_related(documents_with_workspace())
    )
    return sorted(rows, key=lambda row: (row.ends_on, row.observation_id), reverse=True)


def documents_with_workspace() -> "Prefetch[str]":
    """The documents of versions, ready for their addresses."""
    return Prefetch("documents", Document.objects.select_related("workspace"))


# -- What changed -----------------------------------------------------------------------------------------------------

TEXTS = (
    "value", "unavailable", "starts_on", "ends_on", "source", "source_url", "source_date", "method", "mode", "author",
    "confidence", "valid_until", "note", "withdrawn",
)  # fmt: skip


def differences(
    figured: FigureDefinition, before: Mapping[str, object], after: Mapping[str, object]
) -> list[tuple[str, str, str]]:
    """The fields in which two texts (as `text_of` gives them) differ: label, what is said before and after."""
    return [
        (_label(name), _shown(figured, name, before[name]), _shown(figured, name, after[name]))
        for name in (*TEXTS, "documents")
        if name in before and name in after and before[name] != after[name]
    ]


def text_of(version: ObservationVersion) -> dict[str, object]:
    """What a version says, by field; its documents by name, in order."""
    said: dict[str, object] = {name: getattr(version, name) for name in TEXTS}
    return {**said, "documents": tuple(sorted(str(document) for document in version.documents.all()))}


def _label(name: str) -> str:
    label = str(ObservationVersion._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return label[:1].upper() + label[1:]


def _shown(figured: FigureDefinition, name: str, value: object) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, Decimal):
        return value_words(figured, value)
    if isinstance(value, tuple):
        return ", ".join(value) or "–"
    if isinstance(value, datetime.date):
        return date_format(value, "SHORT_DATE_FORMAT")
    if name in {"mode", "confidence"}:
        choices = ObservationVersion._meta.get_field(name).flatchoices  # type: ignore[union-attr]
        return str(dict(choices).get(value, value))
    return str(value) if value not in (None, "") else "–"
