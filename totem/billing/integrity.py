"""What `totem verify` recomputes of this room (`core.verification`); the chains are `core.integrity`'s."""

import json
from collections.abc import Iterator
from decimal import Decimal

from django.db.models import Count, Max

from totem.billing.models import IssuedDocument, Payment
from totem.core.constraints import is_sha256_of
from totem.core.models import JournalEntry
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


@check
def payments() -> Iterator[str]:
    """Payments that are not what their link of the chain says."""
    rows = Payment.objects.select_related("link", "document").order_by("pk")
    for payment in rows.iterator():
        said = json.loads(payment.link.content)
        found = (payment.document.reference, payment.amount, payment.means, str(payment.received_on))
        if found != (said["document"], Decimal(said["amount"]), said["means"], said["received_on"]):
            yield f"Payment {payment.pk} is not what the chain says of it."
