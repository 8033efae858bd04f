"""What `totem verify` recomputes of this room (`core.verification`)."""

from collections.abc import Iterator

from totem.core.verification import check
from totem.hubs.models import Hub
from totem.memberships.queries.standing import differing


@check
def members() -> Iterator[str]:
    """People whose memberships of a hub are not what dues, agreements and admissions make them."""
    for hub in Hub.objects.order_by("pk"):
        for person in differing(hub):
            yield f"The memberships of person {person} in the hub {hub.slug} are not what they are derived from."
