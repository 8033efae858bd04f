"""What `totem verify` recomputes of this room (`core.verification`)."""

from collections.abc import Iterator

from totem.core.constraints import is_sha256_of
from totem.core.models import JournalEntry
from totem.core.verification import check
from totem.labels.models import CharterVersion, Evaluation


@check
def charters() -> Iterator[str]:
    """Versions of charters that are not what was published."""
    changed = set(CharterVersion.objects.exclude(is_sha256_of("content")).values_list("pk", flat=True))
    digests = dict(CharterVersion.objects.values_list("pk", "sha256"))
    for entry in JournalEntry.objects.filter(verb="labels.charter_published"):
        changed |= {entry.subject_id} if digests.get(entry.subject_id) != entry.facts["sha256"] else set()
    for pk in sorted(changed):
        yield f"Version {pk} of a charter is not what was published."


@check
def evaluations() -> Iterator[str]:
    """Kept evaluations that are not what was kept, or frozen."""
    changed = set(Evaluation.objects.exclude(is_sha256_of("content")).values_list("pk", flat=True))
    digests = dict(Evaluation.objects.values_list("pk", "sha256"))
    for facts in JournalEntry.objects.filter(verb="labels.evaluation_frozen").values_list("facts", flat=True):
        changed |= {facts["evaluation"]} if digests.get(facts["evaluation"]) != facts["sha256"] else set()
    for pk in sorted(changed):
        yield f"Evaluation {pk} is not what was kept."
