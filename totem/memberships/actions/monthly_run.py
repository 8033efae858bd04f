"""The monthly run: what is due of agreements goes on drafts, and these are issued, in chunks of customers.

Each chunk is one transaction under the lock of the hub's run. Killed, it is run again: what a chunk has done stays, the
rest is done then. Two at once do each chunk one after the other, and the second finds nothing left of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from totem.billing.actions.drafts import add_lines
from totem.billing.actions.issuing import issue_all
from totem.billing.mails import write_document
from totem.billing.models import Customer, Draft, DraftLine
from totem.billing.queries import seller_of
from totem.core import journal
from totem.core.locks import LockKind, lock
from totem.hubs.models import Hub
from totem.memberships.models import AgreementCharge, MonthlyRun, RunItem
from totem.memberships.queries.monthly_run import (
    ChargeDue,
    charges_due,
    customers_of_month,
    label_of,
    later_lines,
    sold_drafts,
)

CHUNK = 100
"""Customers a transaction: those who pay, book or issue wait for one chunk at most, about two seconds."""


@transaction.atomic
def start_run(*, hub: Hub, month: date, by: int, now: datetime) -> MonthlyRun:
    """The run of the month, begun or begun again, and the job that does it. Raises ValidationError before its month."""
    if month > now.astimezone(hub.zone).date():
        raise ValidationError(_("This month has not begun."))
    if seller_of(hub) is None:
        raise ValidationError(_("Say first who sells: the legal entity is not set up."))
    lock(LockKind.MONTHLY_RUN, [hub.pk])
    run, made = MonthlyRun.objects.get_or_create(hub=hub, month=month, defaults={"started_by": by, "started_at": now})
    if not made:
        run.started_by, run.started_at, run.finished_at = by, now, None
        run.save(update_fields=["started_by", "started_at", "finished_at", "updated_at"])
    journal.record("memberships.run_started", run, actor_id=by, scope=hub, facts={"month": str(month)})
    from totem.memberships import jobs  # noqa: PLC0415 - jobs imports this module

    transaction.on_commit(partial(jobs.queue_run, run.pk))
    return run


def run_month(*, run: MonthlyRun, now: datetime) -> None:
    """Invoice all customers of the month, chunk by chunk, and say when it is finished."""
    after = 0
    while after := run_chunk(run=run, after=after, now=now):
        pass
    MonthlyRun.objects.filter(pk=run.pk).update(finished_at=now)


@transaction.atomic
def run_chunk(*, run: MonthlyRun, after: int, now: datetime) -> int:
    """Invoice the next `CHUNK` customers whose ids come after that one; the last one's id, 0 where none is left."""
    lock(LockKind.MONTHLY_RUN, [run.hub_id])
    customers = list(customers_of_month(run.hub, run.month).filter(pk__gt=after)[:CHUNK])
    if not customers:
        return 0
    _charge(customers, charges_due(customers, run.month), now)
    drafts = sold_drafts(run.hub, run.month).filter(customer__in=customers).order_by("customer_id", "pk")
    held = list(drafts.select_for_update(of=("self",)).select_related("customer"))
    _set_later_lines_apart(held, run.month)
    _issue(run, held, now)
    return customers[-1].pk


def _charge(customers: Sequence[Customer], due: dict[int, list[ChargeDue]], now: datetime) -> None:
    """Write down what is charged, and put its lines on drafts of the customers."""
    lines: dict[Customer, list[dict[str, Any]]] = {}
    charges: list[AgreementCharge] = []
    for customer in customers:
        for one in due.get(customer.pk, []):
            charge = one.charge()
            if one.charged is None:
                charge.charged_at = now
                charges.append(charge)
            lines.setdefault(customer, []).append(_line(charge, label_of(one)))
    AgreementCharge.objects.bulk_create(charges)
    add_lines(lines)


def _line(charge: AgreementCharge, label: str) -> dict[str, Any]:
    """The fields of its DraftLine; what is given back has a negative quantity."""
    return {
        "source": charge.source,
        "label": label,
        "quantity": 1 if charge.amount > 0 else -1,
        "unit_price": abs(charge.amount),
        "vat_rate": charge.vat_rate,
        "exemption": charge.exemption,
        "starts_on": charge.starts_on,
        "ends_on": charge.ends_on,
    }


def _set_later_lines_apart(drafts: Sequence[Draft], month: date) -> None:
    """Move what takes place later to a draft of its own, which is not issued now."""
    later: defaultdict[int, list[DraftLine]] = defaultdict(list)
    for line in DraftLine.objects.filter(later_lines(month), draft__in=drafts):
        later[line.draft_id].append(line)
    moved = [draft for draft in drafts if draft.pk in later]
    made = Draft.objects.bulk_create(
        Draft(hub_id=draft.hub_id, customer=draft.customer, purchase_order=draft.purchase_order) for draft in moved
    )
    lines = []
    for draft, new in zip(moved, made, strict=True):
        for line in later[draft.pk]:
            line.draft = new
            lines.append(line)
    DraftLine.objects.bulk_update(lines, ["draft"])


def _issue(run: MonthlyRun, drafts: Sequence[Draft], now: datetime) -> None:
    """Issue the drafts; what is refused stays a draft, with the reason for the team. A régie issues nothing here."""
    seller = seller_of(run.hub)
    if seller is None or seller.is_regie or not drafts:
        return
    outcome = issue_all(draft_ids=[draft.pk for draft in drafts], by=run.started_by, now=now)
    RunItem.objects.filter(run=run, document=None, customer__in={draft.customer_id for draft in drafts}).delete()
    RunItem.objects.bulk_create(
        RunItem(run=run, customer_id=document.customer_id, document=document) for document in outcome.documents.values()
    )
    problems = {draft.customer_id: outcome.refused[draft.pk] for draft in drafts if draft.pk in outcome.refused}
    RunItem.objects.bulk_create(
        RunItem(run=run, customer_id=customer, problem=" ".join(error.messages)[:300])
        for customer, error in problems.items()
    )


def mail_invoices(*, now: datetime, items: Iterable[RunItem] | None = None) -> int:
    """Queue the mails of the run's invoices whose PDF is drawn; how many. Each once; without an address, none."""
    waiting = RunItem.objects.filter(mailed_at=None, document__file__isnull=False).exclude(customer__email="")
    rows = waiting.select_related("document__file__stored", "document__hub", "document__customer__person")
    count = 0
    for item in rows.order_by("pk").iterator(chunk_size=50) if items is None else items:
        with transaction.atomic():
            if item.document and write_document(item.document):
                RunItem.objects.filter(pk=item.pk).update(mailed_at=now)
                count += 1
    return count
