"""Issuing: drafts take the next numbers of their series and are frozen, in one transaction."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import BigIntegerField, DateField, Exists, F, OuterRef, Subquery
from django.utils.translation import gettext as _

from totem.billing import jobs, signals
from totem.billing.content import content, figures
from totem.billing.models import (
    ClosedMonth,
    Deduction,
    DocumentKind,
    Draft,
    DraftLine,
    IssuedDocument,
    IssuedLine,
    Seller,
    VatPeriod,
    VatStatus,
)
from totem.billing.models.documents import PREFIXES
from totem.billing.refusals import CREDITING, Cited, Invoicing, check
from totem.billing.wording import texts_on
from totem.core import journal
from totem.core.canonical import canonical, digest
from totem.core.compiled_queries import AnyOf, CompiledModelQuery, CompiledQuery, QueryParameter
from totem.core.locks import LockKind, lock, lock_shared

DELETE_LINES = "DELETE FROM billing_draftline WHERE draft_id = ANY(%s)"
DELETE_DEPOSITS = "DELETE FROM billing_draft_deposits WHERE draft_id = ANY(%s)"
# With each draft the id that its document will have: foreign keys to it are checked at the commit.
DELETE_DRAFTS = """
DELETE FROM billing_draft WHERE id = ANY(%s) RETURNING nextval(pg_get_serial_sequence('billing_issueddocument', 'id'))
"""
NEXT_NUMBERS = """
UPDATE billing_series SET last_number = last_number + %(count)s, last_issued_on = %(day)s
 WHERE seller_id = %(seller)s AND prefix = %(prefix)s AND year = %(year)s AND last_issued_on <= %(day)s IS NOT FALSE
RETURNING id, last_number
"""
FIRST_OF_YEAR = """
INSERT INTO billing_series (seller_id, prefix, year, last_number)
VALUES (%(seller)s, %(prefix)s, %(year)s, 0) ON CONFLICT DO NOTHING
"""
_IDS, _DAY = QueryParameter("ids", ArrayField(BigIntegerField())), QueryParameter("day", DateField())
# `Any`: mypy does not know what is annotated.
_DRAFTS: CompiledModelQuery[Any] = CompiledModelQuery(
    lambda: (
        Draft.objects.filter(AnyOf("id", _IDS))
        .select_related("hub", "customer")
        .only(
            "kind", "about", "purchase_order", "commitment", "note", "customer",
            "hub__name", "hub__slug", "hub__accent", "hub__time_zone", "hub__operator",
        )
        .annotate(sold_by=F("hub__operator__seller"))
        .order_by("pk")
        .select_for_update(of=["self"])
    )
)  # fmt: skip
_LINES = CompiledModelQuery(lambda: DraftLine.objects.filter(AnyOf("draft", _IDS)).order_by("pk"))
_DEPOSITS = CompiledQuery(
    lambda: Draft.deposits.through.objects.filter(AnyOf("draft", _IDS)).values_list("draft_id", "issueddocument_id")
)
_SELLER: CompiledModelQuery[Any] = CompiledModelQuery(
    lambda: Seller.objects.filter(pk=QueryParameter("seller", BigIntegerField())).annotate(
        status=Subquery(
            VatPeriod.objects.filter(seller=OuterRef("pk"), starts_on__lte=_DAY)
            .order_by("-starts_on")
            .values("status")[:1]
        ),
        is_closed=Exists(
            ClosedMonth.objects.filter(seller=OuterRef("pk"), month__gte=QueryParameter("month", DateField()))
        ),
    )
)


@dataclass(frozen=True)
class IssuingOutcome:
    """What became of drafts, by their ids: a document, or why not. Those that were gone are in neither."""

    documents: dict[int, IssuedDocument]
    refused: dict[int, ValidationError]


def issue(*, draft_id: int, by: int | None, now: datetime) -> IssuedDocument:
    """The document that the draft becomes, with its number; the draft is deleted and the PDF drawn after the commit.

    `by` is the id of a person. Raises Draft.DoesNotExist for one that is gone, ValidationError for what the law or
    the database refuses: then nothing is written and no number is used.
    """
    outcome = issue_all(draft_ids=[draft_id], by=by, now=now)
    if refusal := outcome.refused.get(draft_id):
        raise refusal
    if draft_id not in outcome.documents:
        raise Draft.DoesNotExist
    return outcome.documents[draft_id]


@transaction.atomic
def issue_all(*, draft_ids: Sequence[int], by: int | None, now: datetime) -> IssuingOutcome:
    """The same for drafts of one hub, in one transaction and as many statements for a thousand as for ten.

    They are numbered in the order of `draft_ids`. A draft that is refused stays and takes no number; the others are
    issued. Raises ValidationError for what refuses them all, of the seller or of the day: then nothing is written.
    """
    known = {draft.pk: draft for draft in _DRAFTS.objects(ids=list(draft_ids))}
    drafts = [known[pk] for pk in dict.fromkeys(draft_ids) if pk in known]
    if not drafts:
        return IssuingOutcome({}, {})
    if len({draft.hub_id for draft in drafts}) > 1:
        raise ValueError("Only drafts of one hub are issued together.")
    day = now.astimezone(drafts[0].hub.zone).date()
    invoices = _credited_by(drafts)
    if invoices:
        signals.crediting.send(IssuedDocument, invoices=set(invoices.values()))
    seller, status = _seller_on(drafts[0].sold_by, day)
    accepted, refused = [], {}
    cited = Cited()
    for invoicing in _read(drafts, status, cited):
        try:
            check(invoicing, cited)
            accepted.append(invoicing)
        except ValidationError as error:
            refused[invoicing.draft.pk] = error
    documents = _written(accepted, seller, day, by, now) if accepted else []
    issued = {one.draft.pk: document for one, document in zip(accepted, documents, strict=True)}
    references = {invoice: issued[pk].reference for pk, invoice in invoices.items() if pk in issued}
    if references:
        signals.credited.send(IssuedDocument, references=references, by=by, now=now)
    return IssuingOutcome(issued, refused)


def _credited_by(drafts: Sequence[Draft]) -> dict[int, int]:
    """The id of the invoice that each draft of a credit note, or of what neutralises one, is about."""
    abouts = {draft.pk: draft.about_id for draft in drafts if draft.kind in CREDITING and draft.about_id}
    if not abouts:
        return {}
    notes = IssuedDocument.objects.filter(pk__in=abouts.values(), kind=DocumentKind.CREDIT_NOTE)
    found = dict(notes.values_list("pk", "about"))
    return {pk: found.get(about) or about for pk, about in abouts.items()}


def _seller_on(seller_id: int | None, day: date) -> tuple[Seller, VatStatus]:
    """The seller, locked until the commit against the end of its month, and its VAT status."""
    if seller_id is None:
        raise ValidationError(_("Say first who sells: the legal entity is not set up."))
    lock_shared(LockKind.SELLER, seller_id)
    (seller,) = _SELLER.objects(seller=seller_id, day=day, month=day.replace(day=1))
    if seller.is_regie:
        raise ValidationError(_("Under a régie nothing is numbered here: export the amounts to collect."))
    if seller.status is None:
        raise ValidationError(_("Say first how the legal entity stands towards VAT on this day."))
    if seller.status == VatStatus.TAXABLE and not seller.vat_number:
        raise ValidationError(_("A seller that charges VAT needs its VAT number on its invoices."))
    if seller.is_closed:
        raise ValidationError(_("This month is closed: it accepts nothing more."))
    return seller, VatStatus(seller.status)


def _read(drafts: Sequence[Draft], status: VatStatus, cited: "Cited") -> list[Invoicing]:
    """The drafts with their lines and what they cite, which is locked; `cited` is filled."""
    ids = [draft.pk for draft in drafts]
    lines: defaultdict[int, list[DraftLine]] = defaultdict(list)
    for line in _LINES.objects(ids=ids):
        lines[line.draft_id].append(line)
    documents = _documents(draft.about_id for draft in drafts if draft.about_id)
    deposits = _deposits(drafts, documents)
    if documents or deposits:
        lock(LockKind.DOCUMENT, {*documents, *(pk for pks in deposits.values() for pk in pks)})
        documents |= _documents({pk for pks in deposits.values() for pk in pks} - documents.keys())
        cited.read(drafts, documents)
    for draft in drafts:
        draft.about = documents[draft.about_id] if draft.about_id else None
    return [
        Invoicing(
            draft,
            lines[draft.pk],
            [documents[pk] for pk in sorted(deposits[draft.pk])],
            figures(lines[draft.pk], status),
        )
        for draft in drafts
    ]


def _documents(ids: Iterable[int]) -> dict[int, IssuedDocument]:
    wanted = set(ids)
    return IssuedDocument.objects.defer("content").in_bulk(wanted) if wanted else {}


def _deposits(drafts: Sequence[Draft], documents: Mapping[int, IssuedDocument]) -> defaultdict[int, list[int]]:
    """The ids of the deposits that each draft deducts; a corrected invoice takes over those of what it replaces."""
    replaced = {
        draft.pk: documents[draft.about_id].chain
        for draft in drafts
        if draft.kind == DocumentKind.CORRECTED and draft.about_id
    }
    found: defaultdict[int, list[int]] = defaultdict(list)
    for draft, deposit in _DEPOSITS.rows(ids=[draft.pk for draft in drafts if draft.pk not in replaced]):
        found[draft].append(deposit)
    if replaced:
        rows = Deduction.objects.filter(invoice__chain__in=replaced.values())
        by_chain: defaultdict[uuid.UUID, list[int]] = defaultdict(list)
        for chain, deposit in rows.values_list("invoice__chain", "deposit"):
            by_chain[chain].append(deposit)
        found |= {pk: by_chain[chain] for pk, chain in replaced.items() if chain in by_chain}
    return found


def _written(
    accepted: Sequence[Invoicing], seller: Seller, day: date, by: int | None, now: datetime
) -> list[IssuedDocument]:
    """The documents, numbered in that order.

    All who issue in these series wait from their numbers until the commit: what needs no number is written before.
    """
    texts = texts_on(seller, day)
    ids = _delete(accepted)
    IssuedLine.objects.bulk_create(line for pk, one in zip(ids, accepted, strict=True) for line in _lines(pk, one))
    Deduction.objects.bulk_create(
        Deduction(invoice_id=pk, deposit=deposit)
        for pk, one in zip(ids, accepted, strict=True)
        for deposit in one.deducted
    )
    prefixes = [PREFIXES[DocumentKind(one.draft.kind)] for one in accepted]
    # In one order: two who take numbers of several series never wait for each other.
    numbers = {prefix: _next_numbers(seller, prefix, day, count) for prefix, count in sorted(Counter(prefixes).items())}
    documents = []
    for pk, one, prefix in zip(ids, accepted, prefixes, strict=True):
        series, number = numbers[prefix]
        numbers[prefix] = series, number + 1
        document = _document(one, seller, day, f"{prefix}{day.year}-{number:06}", texts)
        document.pk, document.series_id, document.number = pk, series, number
        document.issued_by, document.issued_at = by, now
        documents.append(document)
    IssuedDocument.objects.bulk_create(documents)
    entries = ((one, {"reference": one.reference, "sha256": one.sha256}) for one in documents)
    journal.record_all("billing.issued", entries, actor_id=by, scope=accepted[0].draft.hub)
    transaction.on_commit(jobs.draw_soon)
    return documents


def _delete(accepted: Sequence[Invoicing]) -> list[int]:
    """Delete the drafts with what is theirs; returns as many ids for their documents, in order."""
    drafts = [[one.draft.pk for one in accepted]]
    with connection.cursor() as cursor:
        if any(one.deposits for one in accepted):
            cursor.execute(DELETE_DEPOSITS, drafts)
        cursor.execute(DELETE_LINES, drafts)
        cursor.execute(DELETE_DRAFTS, drafts)
        return sorted(pk for (pk,) in cursor.fetchall())


def _document(one: Invoicing, seller: Seller, day: date, reference: str, texts: Mapping[str, str]) -> IssuedDocument:
    """The document with its frozen content, without its id, series and number, by whom it is issued and when."""
    draft, totals = one.draft, one.figures.totals
    due_on = due_day(draft, seller, day)
    frozen = canonical(
        content(
            draft,
            seller,
            one.figures,
            reference=reference,
            issued_on=day,
            due_on=due_on,
            texts=texts,
            deposits=one.deposits,
        )
    ).decode()
    return IssuedDocument(
        seller=seller,
        hub=draft.hub,
        customer=draft.customer,
        kind=draft.kind,
        reference=reference,
        issued_on=day,
        due_on=due_on,
        net=totals.net,
        vat=totals.vat,
        gross=totals.gross,
        about=draft.about,
        chain=draft.about.chain if draft.about and draft.kind == DocumentKind.CORRECTED else uuid.uuid4(),
        content=frozen,
        sha256=digest(frozen),
    )


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


def _next_numbers(seller: Seller, prefix: str, day: date, count: int) -> tuple[int, int]:
    """The series and the first of its next numbers; its row stays locked until the commit, and is locked last."""
    known: dict[str, Any] = {"seller": seller.pk, "prefix": prefix, "year": day.year, "day": day, "count": count}
    with connection.cursor() as cursor:
        row = cursor.execute(NEXT_NUMBERS, known).fetchone()
        if row is None:
            cursor.execute(FIRST_OF_YEAR, known)
            row = cursor.execute(NEXT_NUMBERS, known).fetchone()
    if row is None:
        raise ValidationError(_("A document of this series has a later date: dates never go back."))
    return row[0], row[1] - count + 1
