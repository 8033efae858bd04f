"""What `totem verify` recomputes of this room (`core.verification`); the chains are `core.integrity`'s."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import Count, Max

from totem.billing.models import ClosedDay, ClosedMonth, DrawerCount, IssuedDocument, Payment, ReceiptPrint
from totem.core.canonical import canonical
from totem.core.constraints import is_sha256_of
from totem.core.models import ChainLink, JournalEntry
from totem.core.verification import check


@check
def documents() -> Iterator[str]:
    """Issued documents whose content has another digest than their row, or than the journal has of their issue."""
    changed = set(IssuedDocument.objects.exclude(is_sha256_of("content")).values_list("pk", flat=True))
    digests = dict(IssuedDocument.objects.values_list("pk", "sha256"))
    entries = JournalEntry.objects.filter(verb="billing.issued").values_list("subject_id", "facts")
    changed |= {pk for pk, facts in entries if digests.get(pk) != facts["sha256"]}
    for pk in sorted(changed):
        yield f"Document {pk} is not what was issued."


@check
def numbers() -> Iterator[str]:
    """Series with a missing number: as many documents as the last one says (`max - min + 1 = count`)."""
    series = IssuedDocument.objects.order_by().values("series").annotate(last=Max("number"), count=Count("pk"))
    for row in series.order_by("series"):
        if row["last"] != row["count"]:
            yield f"Series {row['series']} has {row['count']} documents and goes up to number {row['last']}."


CHAINED: tuple[tuple[str, Any, Callable[[Any], dict[str, Any]]], ...] = (
    (
        "payment",
        Payment,
        lambda row: {
            "document": row.document.reference,
            "amount": row.amount,
            "means": row.means,
            "received_on": row.received_on,
            "cancels": row.cancels_id,
        },
    ),
    ("receipt", ReceiptPrint, lambda row: {"payment": row.payment_id, "copy": row.copy}),
    (
        "drawer",
        DrawerCount,
        lambda row: {"hub": row.hub_id, "expected": row.expected, "counted": row.counted, "left": row.float_left},
    ),
    ("day", ClosedDay, lambda row: {"hub": row.hub_id, "day": row.day, **row.content}),
    ("month", ClosedMonth, lambda row: {"month": row.month, **row.content}),
)
"""The events of a seller's chain, the rows that they are of, and what the two must say alike."""


@check
def payments() -> Iterator[str]:
    """Payments, receipts, counts and closings that are not what their link of the chain says, or are gone."""
    for event, model, facts in CHAINED:
        related = ("link", "document") if model is Payment else ("link",)
        rows = model.objects.select_related(*related).order_by("pk")
        for row in rows.iterator():
            link = json.loads(row.link.content)
            said = json.loads(canonical({"event": event, **facts(row)}))
            if said != {name: link.get(name) for name in said}:
                yield f"{model.__name__} {row.pk} is not what the chain says of it."
        links = ChainLink.objects.filter(key__startswith="billing:", content__contains=f'"event":"{event}"')
        if gone := links.count() - rows.count():
            yield f"{gone} of the chains' events “{event}” have no row."
