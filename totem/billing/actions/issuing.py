"""Issuing: a draft takes the next number of its series and is frozen, in one transaction."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from totem.billing import jobs
from totem.billing.content import Figures, content, figures
from totem.billing.models import (
    ClosedMonth,
    Customer,
    Deduction,
    DocumentKind,
    Draft,
    DraftLine,
    IssuedDocument,
    IssuedLine,
    Seller,
    VatStatus,
)
from totem.billing.models.documents import PREFIXES
from totem.billing.queries import OWED, deposits_of, seller_of, vat_status
from totem.billing.wording import texts_on
from totem.core import journal
from totem.core.canonical import canonical, digest
from totem.core.locks import LockKind, lock, lock_shared

NEXT_NUMBER = """
UPDATE billing_series SET last_number = last_number + 1, last_issued_on = %(day)s
 WHERE seller_id = %(seller)s AND prefix = %(prefix)s AND year = %(year)s AND last_issued_on <= %(day)s IS NOT FALSE
RETURNING id, last_number
"""
FIRST_OF_YEAR = """
INSERT INTO billing_series (seller_id, prefix, year, last_number)
VALUES (%(seller)s, %(prefix)s, %(year)s, 0) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class Invoicing:
    """A draft with all that issuing it needs, read under its locks."""

    draft: Draft
    lines: Sequence[DraftLine]
    deposits: Sequence[IssuedDocument]
    figures: Figures
    seller: Seller
    day: date


@transaction.atomic
def issue(*, draft_id: int, by: int | None, now: datetime) -> IssuedDocument:
    """The document that the draft becomes, with its number; the draft is deleted and the PDF drawn after the commit.

    `by` is the id of a person. Raises Draft.DoesNotExist for one that is gone, ValidationError for what the law or
    the database refuses: then nothing is written and no number is used.
    """
    draft = Draft.objects.select_for_update(of=["self"]).select_related("hub", "customer", "about").get(pk=draft_id)
    lines = list(draft.lines.all())
    day = now.astimezone(draft.hub.zone).date()
    seller, status = _seller_on(draft, day)
    lock_shared(LockKind.SELLER, seller.pk)
    deposits = list(deposits_of(draft))
    if cited := [one.pk for one in [draft.about, *deposits] if one]:
        lock(LockKind.DOCUMENT, cited)
    invoicing = Invoicing(draft, lines, deposits, figures(lines, status), seller, day)
    _check(invoicing)
    draft.delete()
    return _numbered(invoicing, texts_on(seller, day), by, now)


def _numbered(invoicing: Invoicing, texts: Mapping[str, str], by: int | None, now: datetime) -> IssuedDocument:
    """All who issue in this series wait from its number until the commit: what needs no number is written before."""
    draft, seller, day, totals = invoicing.draft, invoicing.seller, invoicing.day, invoicing.figures.totals
    pk = _next_id()
    IssuedLine.objects.bulk_create(_lines(pk, invoicing))
    if draft.kind != DocumentKind.CORRECTED:
        Deduction.objects.bulk_create(Deduction(invoice_id=pk, deposit=deposit) for deposit in invoicing.deposits)
    prefix, due_on = PREFIXES[DocumentKind(draft.kind)], due_day(draft, seller, day)
    series, number = _next_number(seller, prefix, day)
    reference = f"{prefix}{day.year}-{number:06}"
    frozen = canonical(
        content(
            draft,
            seller,
            invoicing.figures,
            reference=reference,
            issued_on=day,
            due_on=due_on,
            texts=texts,
            deposits=invoicing.deposits,
        )
    ).decode()
    document = IssuedDocument.objects.create(
        pk=pk,
        seller=seller,
        hub=draft.hub,
        customer=draft.customer,
        kind=draft.kind,
        series_id=series,
        number=number,
        reference=reference,
        issued_on=day,
        issued_at=now,
        issued_by=by,
        due_on=due_on,
        net=totals.net,
        vat=totals.vat,
        gross=totals.gross,
        about=draft.about,
        chain=draft.about.chain if draft.about and draft.kind == DocumentKind.CORRECTED else uuid.uuid4(),
        content=frozen,
        sha256=digest(frozen),
    )
    facts = {"reference": reference, "sha256": document.sha256}
    journal.record("billing.issued", document, actor_id=by, scope=draft.hub, facts=facts)
    transaction.on_commit(jobs.draw_soon)
    return document


def due_day(draft: Draft, seller: Seller, day: date) -> date | None:
    """Until when what is issued on that day is to be paid, or a quote holds; None for a credit note."""
    return None if draft.kind == DocumentKind.CREDIT_NOTE else day + timedelta(days=seller.payment_days)


def _lines(document_id: int, invoicing: Invoicing) -> list[IssuedLine]:
    found = invoicing.figures
    return [
        IssuedLine(
            document_id=document_id,
            position=position,
            label=line.label,
            gross=line.gross,
            net=net,
            vat_rate=rated.vat_rate,
            exemption=rated.exemption,
            source=line.source or "",
            about_line_id=line.about_line_id,
        )
        for position, (line, rated, net) in enumerate(
            zip(invoicing.lines, found.lines, found.totals.nets, strict=True), 1
        )
    ]


def _next_id() -> int:
    """The id that the document will have. Foreign keys to it are checked at the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('billing_issueddocument', 'id'))")
        return int(cursor.fetchone()[0])


def _next_number(seller: Seller, prefix: str, day: date) -> tuple[int, int]:
    """The series and its next number; its row stays locked until the transaction ends, and is locked last."""
    known: dict[str, Any] = {"seller": seller.pk, "prefix": prefix, "year": day.year, "day": day}
    with connection.cursor() as cursor:
        row = cursor.execute(NEXT_NUMBER, known).fetchone()
        if row is None:
            cursor.execute(FIRST_OF_YEAR, known)
            row = cursor.execute(NEXT_NUMBER, known).fetchone()
    if row is None:
        raise ValidationError(_("A document of this series has a later date: dates never go back."))
    return row[0], row[1]


# -- What is refused --------------------------------------------------------------------------------------------------


def _seller_on(draft: Draft, day: date) -> tuple[Seller, VatStatus]:
    seller = seller_of(draft.hub)
    if seller is None:
        raise ValidationError(_("Say first who sells: the legal entity is not set up."))
    if seller.is_regie:
        raise ValidationError(_("Under a régie nothing is numbered here: export the amounts to collect."))
    status = vat_status(seller, day)
    if status is None:
        raise ValidationError(_("Say first how the legal entity stands towards VAT on this day."))
    if status == VatStatus.TAXABLE and not seller.vat_number:
        raise ValidationError(_("A seller that charges VAT needs its VAT number on its invoices."))
    return seller, status


def _check(invoicing: Invoicing) -> None:
    """Raises ValidationError for a draft that cannot be issued on that day."""
    draft, seller = invoicing.draft, invoicing.seller
    if not invoicing.lines:
        raise ValidationError(_("There is nothing to invoice: add a line."))
    if any(rate.gross < 0 for rate in invoicing.figures.totals.rates):
        raise ValidationError(_("The total of a VAT rate cannot be negative: make a credit note instead."))
    if ClosedMonth.objects.filter(seller=seller, month__gte=invoicing.day.replace(day=1)).exists():
        raise ValidationError(_("This month is closed: it accepts nothing more."))
    if draft.kind != DocumentKind.QUOTE:
        check_customer(draft)
    if draft.about:
        _check_cited(draft, draft.about, invoicing.lines)
    _check_deposits(invoicing)


def check_customer(draft: Draft) -> None:
    """Raises ValidationError where something of the customer is missing that an invoice names."""
    customer = draft.customer
    if not (customer.street and customer.postcode and customer.city):
        raise ValidationError(_("An invoice names the customer’s address: complete it first."))
    check_commitment(customer, draft.commitment)


def check_commitment(customer: Customer, commitment: str) -> None:
    """Raises ValidationError where a public body asks for a commitment number and there is none."""
    if customer.needs_commitment and not commitment:
        raise ValidationError({"commitment": _("This public body asks for a commitment number before it is invoiced.")})


def _check_cited(draft: Draft, about: IssuedDocument, lines: Sequence[DraftLine]) -> None:
    following = set(about.followed_by.values_list("kind", flat=True))
    if about.hub_id != draft.hub_id or about.customer_id != draft.customer_id:
        raise ValidationError(_("The document it cites is another customer’s."))
    if DocumentKind.CORRECTED in following:
        raise ValidationError(_("This invoice was replaced: use the one that replaced it."))
    wanted = {
        DocumentKind.CREDIT_NOTE: OWED,
        DocumentKind.CORRECTED: OWED,
        DocumentKind.REVERSAL: (DocumentKind.CREDIT_NOTE,),
    }.get(DocumentKind(draft.kind), (DocumentKind.QUOTE,))
    if about.kind not in wanted:
        raise ValidationError(_("A document of this kind cannot be about that one."))
    if draft.kind == DocumentKind.CORRECTED and DocumentKind.CREDIT_NOTE in following:
        raise ValidationError(_("A credit note is about this invoice: it can no longer be replaced."))
    if draft.kind in {DocumentKind.CREDIT_NOTE, DocumentKind.REVERSAL}:
        _check_amounts(about, lines)


def _check_amounts(about: IssuedDocument, lines: Sequence[DraftLine]) -> None:
    """A credit note stays within what is left of each line of its invoice, a reversal within its credit note."""
    left = remaining(about)
    for line in lines:
        amount = left.get(line.about_line_id) if line.about_line_id else None
        if amount is None:
            raise ValidationError(_("Each line cites one of the document it is about."))
        if abs(line.gross) > abs(amount) or line.gross * amount < 0:
            raise ValidationError(_("“%(line)s”: more than what was invoiced.") % {"line": line.label})


def remaining(document: IssuedDocument) -> dict[int, Any]:
    """What can still be credited of each line of an invoice, or neutralised of a credit note, in euros by its id."""
    left = {line.pk: line.gross for line in document.lines.all()}
    following = IssuedLine.objects.filter(about_line__document=document).prefetch_related("followed_by")
    for line in following:
        left[line.about_line_id or 0] -= line.gross - sum(reversal.gross for reversal in line.followed_by.all())
    return left


def _check_deposits(invoicing: Invoicing) -> None:
    deposits, customer = invoicing.deposits, invoicing.draft.customer_id
    if any(one.kind != DocumentKind.DEPOSIT or one.customer_id != customer for one in deposits):
        raise ValidationError(_("Only deposit invoices of the same customer can be deducted."))
    if invoicing.draft.kind != DocumentKind.CORRECTED and Deduction.objects.filter(deposit__in=deposits).exists():
        raise ValidationError(_("A deposit was deducted already."))
    if sum(one.gross for one in deposits) > invoicing.figures.totals.gross:
        raise ValidationError(_("The deposits are more than the invoice: make a credit note for the difference."))
