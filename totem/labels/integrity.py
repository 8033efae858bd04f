"""What `totem verify` recomputes of this room (`core.verification`)."""

from collections.abc import Iterable, Iterator

from totem.core.constraints import is_sha256_of
from totem.core.models import JournalEntry
from totem.core.verification import check
from totem.labels.models import CharterVersion, Evaluation


@check
def charters() -> Iterator[str]:
    """Versions of charters that are not what was published."""
    published = JournalEntry.objects.filter(verb="labels.charter_published").values_list("subject_id", "facts")
    for pk in _changed(CharterVersion, ((pk, facts["sha256"]) for pk, facts in published)):
        yield f"Version {pk} of a charter is not what was published."


@check
def evaluations() -> Iterator[str]:
    """Kept evaluations that are not what was kept, or frozen."""
    frozen = JournalEntry.objects.filter(verb="labels.evaluation_frozen").values_list("facts", flat=True)
    for pk in _changed(Evaluation, ((facts["evaluation"], facts["sha256"]) for facts in frozen)):
        yield f"Evaluation {pk} is not what was kept."


def _changed(model: type[CharterVersion | Evaluation], kept: Iterable[tuple[int, str]]) -> list[int]:
    """The rows whose content has not their digest, or whose digest is not that of the journal."""
    digests = dict(model.objects.values_list("pk", "sha256"))
    changed = set(model.objects.exclude(is_sha256_of("content")).values_list("pk", flat=True))
    return sorted(changed | {pk for pk, sha256 in kept if digests.get(pk) != sha256})
