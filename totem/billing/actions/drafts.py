"""Drafts: written by the team, made of what they cite, and of what other rooms sell."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.billing.actions.issuing import check_commitment, remaining
from totem.billing.models import (
    Customer,
    DocumentKind,
    Draft,
    DraftLine,
    IssuedDocument,
    IssuedLine,
    VatExemption,
)
from totem.core import journal
from totem.core.edit_conflicts import check_version


def start_draft(*, customer: Customer, kind: DocumentKind, commitment: str = "") -> Draft:
    """An empty quote, invoice or deposit invoice for the customer. Raises ValidationError without its commitment."""
    if kind != DocumentKind.QUOTE:
        check_commitment(customer, commitment)
    return Draft.objects.create(
        hub=customer.hub,
        customer=customer,
        kind=kind,
        purchase_order=customer.purchase_order,
        commitment=commitment if customer.needs_commitment else "",
    )


@transaction.atomic
def save_draft(
    *, draft: Draft, seen: str, lines: Sequence[DraftLine], deposits: Iterable[IssuedDocument] = (), **fields: Any
) -> Draft:
    """The draft with these fields and these lines, in their order; lines without their id are new, others go.

    Raises EditConflict where somebody saved it since, Draft.DoesNotExist where it is gone, ValidationError.
    """
    row = Draft.objects.select_for_update().get(pk=draft.pk)
    check_version(row, seen)
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()
    row.deposits.set(deposits)
    row.lines.exclude(pk__in=[line.pk for line in lines if line.pk]).delete()
    for line in lines:
        line.draft = row
        line.full_clean(exclude=["draft", "source", "about_line"])
        line.save()
    return row


@transaction.atomic
def delete_draft(*, draft: Draft, by: User) -> None:
    """Delete the draft; what it came from can be invoiced again."""
    journal.record("billing.draft_deleted", draft, actor_id=by.pk, scope=draft.hub, facts={"kind": draft.kind})
    draft.delete()


@transaction.atomic
def draft_about(*, document: IssuedDocument, kind: DocumentKind) -> Draft:
    """A draft that credits, replaces or neutralises the document, or invoices the quote, with its lines as they are.

    Of what is credited or neutralised, only what is left of each line. Raises ValidationError where nothing is.
    """
    left = remaining(document) if kind in {DocumentKind.CREDIT_NOTE, DocumentKind.REVERSAL} else None
    if left is not None and not any(left.values()):
        raise ValidationError(_("Nothing is left of this document to credit or cancel."))
    draft = Draft.objects.create(hub=document.hub, customer=document.customer, kind=kind, about=document)
    for line in document.lines.all():
        amount = line.gross if left is None else left[line.pk]
        if amount:
            DraftLine.objects.create(
                draft=draft,
                label=line.label,
                quantity=1 if amount > 0 else -1,
                unit_price=abs(amount),
                vat_rate=line.vat_rate,
                exemption=line.exemption if line.exemption in VatExemption.values else "",
                about_line=line if left is not None else None,
            )
    return draft


# -- For the rooms that sell ------------------------------------------------------------------------------------------


@transaction.atomic
def put_line(*, customer: Customer, source: str, line: dict[str, Any] | None) -> DraftLine | None:
    """Keep one line of an invoice's draft for what another room sells, named by `source` ("booking:42").

    `line` are the fields of a DraftLine, or None where nothing is due any more. It goes to the customer's latest draft
    of an invoice, or to a new one. What is issued stays: a credit note is the team's decision. Returns the line.
    """
    if IssuedLine.objects.filter(source=source).exists():
        return None
    known = DraftLine.objects.select_for_update().filter(source=source).first()
    if line is None:
        _drop(known)
        return None
    if known is not None and known.draft.customer_id != customer.pk:
        _drop(known)
        known = None
    if known is None:
        draft = Draft.objects.filter(customer=customer, kind=DocumentKind.INVOICE, about=None).first()
        known = DraftLine(draft=draft or Draft.objects.create(hub=customer.hub, customer=customer), source=source)
    for name, value in line.items():
        setattr(known, name, value)
    known.full_clean(exclude=["draft"])
    known.save()
    return known


def _drop(line: DraftLine | None) -> None:
    """Delete a line, and its draft where it held nothing else."""
    if line is not None:
        line.delete()
        if not line.draft.lines.exists():
            line.draft.delete()
