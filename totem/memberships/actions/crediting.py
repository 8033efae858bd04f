"""A credit note for a pass takes back its credits; where it is neutralised they are given again.

Of what the pass gave, the share that is credited is taken back, rounded up to a whole grain. What was spent or has
ended is not: the page that issues the credit note says how much, and a credit note of less is the team's choice.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from totem.billing.models import Draft, IssuedLine
from totem.billing.refusals import remaining
from totem.memberships.actions.credits import lock_customers
from totem.memberships.models import CreditEntry, CreditLot
from totem.memberships.queries.credits import quantity_words


def lock_credited(*, invoices: Collection[int]) -> None:
    """Lock the credits that these invoices gave, until the transaction ends."""
    lock_customers(set(CreditLot.objects.filter(document__in=invoices).values_list("customer_id", flat=True)))


def follow_credit_notes(*, references: Mapping[int, str], by: int | None, now: datetime) -> None:
    """Take back what is credited of these invoices, or give it again; `references`: which document says so of each."""
    for lot, due in _due(remaining(references)):
        if change := max(-due, -lot.left):
            CreditEntry.objects.create(
                lot=lot,
                kind=CreditEntry.Kind.CORRECT,
                quantity=change,
                at=now,
                by=by,
                source=_source(lot),
                reason=references[lot.document_id or 0],
            )


def credit_words(draft: Draft) -> list[str]:
    """What a credit note would take back of each pass of its invoice, and what is too late for that."""
    invoice = draft.about_id or 0
    left = remaining([invoice])
    for line in draft.lines.all():
        if line.about_line_id in left[invoice]:
            left[invoice][line.about_line_id] -= line.gross
    return [_words(lot, due) for lot, due in _due(left) if due > 0]


def _due(left: Mapping[int, Mapping[int, Decimal]]) -> Iterator[tuple[CreditLot, int]]:
    """The lots of these invoices, of whose lines so much is left, each with what is still to take back, in grains."""
    rows = CreditLot.objects.filter(document__in=left).select_related("plan").with_left()
    lots: list[Any] = list(rows.annotate(given=Coalesce(Sum("entries__quantity", filter=Q(entries__kind="grant")), 0)))
    lines = IssuedLine.objects.filter(document__in={lot.document_id for lot in lots}).exclude(source="", gross=0)
    by_source = {(line.document_id, line.source): line for line in lines}
    taken = dict(
        CreditEntry.objects.filter(source__in=map(_source, lots))
        .order_by()
        .values_list("lot")
        .annotate(taken=-Sum("quantity"))
    )
    for lot in lots:
        line = by_source.get((lot.document_id or 0, lot.source.rpartition(":")[0]))
        if line is not None and line.gross:
            share = 1 - left[line.document_id][line.pk] / line.gross
            wanted = int((lot.given * share).to_integral_value(ROUND_CEILING))
            yield lot, wanted - taken.get(lot.pk, 0)


def _source(lot: CreditLot) -> str:
    return f"credited:{lot.document_id}"


def _words(lot: CreditLot, due: int) -> str:
    taken = min(due, lot.left)
    words = {
        "plan": lot.plan.name,
        "taken": quantity_words(lot.unit, taken),
        "kept": quantity_words(lot.unit, due - taken),
    }
    if taken == due:
        return _("%(plan)s: %(taken)s will be taken back.") % words
    return _("%(plan)s: %(taken)s will be taken back; %(kept)s, spent or ended already, will not.") % words
