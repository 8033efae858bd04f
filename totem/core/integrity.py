"""What `totem verify` recomputes of this room (`core.verification`)."""

from collections.abc import Iterator

from totem.core import chain, seals
from totem.core.constraints import is_sha256_of
from totem.core.models import ChainLink, Signature, StoredFile
from totem.core.signatures.queries import CHAIN, signature_problems
from totem.core.verification import check

check(seals.problems)
check(chain.problems)


@check
def stored_files() -> Iterator[str]:
    """Stored files whose bytes have another digest than their name."""
    for sha256 in StoredFile.objects.exclude(is_sha256_of("content", is_text=False)).values_list("sha256", flat=True):
        yield f"The stored file {sha256} was changed: its bytes have another digest."


@check
def signatures() -> Iterator[str]:
    """Signatures that are not what their link of the chain says, or are gone; of another file than was to be signed."""
    rows = Signature.objects.select_related("link", "signatory__request").order_by("pk")
    for row in rows.iterator():
        yield from signature_problems(row)
    if gone := ChainLink.objects.filter(key=CHAIN).count() - rows.count():
        yield f"{gone} of the chain's signatures have no row."
