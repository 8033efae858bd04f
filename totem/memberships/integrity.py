"""What `totem verify` recomputes of this room (`core.verification`); the chains are `core.integrity`'s."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import Count, Exists, OuterRef

from totem.billing.models import IssuedLine
from totem.core.canonical import canonical
from totem.core.models import ChainLink, JournalEntry
from totem.core.verification import check
from totem.hubs.models import Hub
from totem.memberships.models import AidAttestation, DepositMovement, DepositReceiptPrint
from totem.memberships.queries.monthly_run import charges_by_source
from totem.memberships.queries.standing import differing


@check
def members() -> Iterator[str]:
    """People whose memberships of a hub are not what dues, agreements and admissions make them."""
    for hub in Hub.objects.order_by("pk"):
        for person in differing(hub):
            yield f"The memberships of person {person} in the hub {hub.slug} are not what they are derived from."


def _movement(row: DepositMovement) -> dict[str, Any]:
    facts = {"agreement": row.agreement_id, "amount": row.amount, "means": row.means, "moved_on": row.moved_on}
    return {"event": row.kind, "reason": row.reason, **facts}


def _receipt(row: DepositReceiptPrint) -> dict[str, Any]:
    return {"event": "receipt", "movement": row.movement_id, "copy": row.copy}


CHAINED: tuple[tuple[Any, Callable[[Any], dict[str, Any]]], ...] = (
    (DepositMovement, _movement), (DepositReceiptPrint, _receipt),
)  # fmt: skip
"""The rows that a hub's chain of deposits holds, and what its link says of each."""


@check
def deposits() -> Iterator[str]:
    """Movements and receipts of security deposits that are not what their link of the chain says, or are gone."""
    rows = 0
    for model, facts in CHAINED:
        for row in model.objects.select_related("link").order_by("pk").iterator():
            rows += 1
            link = json.loads(row.link.content)
            said = json.loads(canonical(facts(row)))
            if said != {name: link.get(name) for name in said}:
                yield f"{model.__name__} {row.pk} is not what the chain says of it."
    if gone := ChainLink.objects.filter(key__startswith="deposits:").count() - rows:
        yield f"{gone} of the chains' events about deposits have no row."


@check
def charges() -> Iterator[str]:
    """Charged days of agreements that are on two invoices; invoiced days that nobody charged."""
    issued = IssuedLine.objects.filter(source__startswith="agreement:")
    for row in issued.values("source").annotate(count=Count("pk")).filter(count__gt=1).order_by("source"):
        yield f"The charged days {row['source']} are on {row['count']} invoices."
    for line in issued.exclude(Exists(charges_by_source().filter(named=OuterRef("source")))).order_by("pk"):
        yield f"The days {line.source} of document {line.document_id} were charged by no run."


@check
def attestations() -> Iterator[str]:
    """Attestations of aid that are not what the journal says was issued, or are gone."""
    entries = JournalEntry.objects.filter(verb="memberships.aid_attested").values_list("subject_id", "facts")
    issued = {(customer, facts["number"], facts["sha256"], facts["amount"]) for customer, facts in entries}
    rows = AidAttestation.objects.values_list("customer", "number", "file", "amount")
    for customer, number, *_rest in sorted(issued ^ {(*row[:3], str(row[3])) for row in rows}):
        yield f"Attestation {number} of customer {customer} is not what was issued."
