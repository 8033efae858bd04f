"""What `totem verify` recomputes of this room (`core.verification`)."""

from collections.abc import Iterator

from totem.core import chain, seals
from totem.core.constraints import is_sha256_of
from totem.core.models import StoredFile
from totem.core.verification import check

check(seals.problems)
check(chain.problems)


@check
def stored_files() -> Iterator[str]:
    """Stored files whose bytes have another digest than their name."""
    for sha256 in StoredFile.objects.exclude(is_sha256_of("content", is_text=False)).values_list("sha256", flat=True):
        yield f"The stored file {sha256} was changed: its bytes have another digest."
