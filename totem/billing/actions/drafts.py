"""Drafts: written by the team, made of what they cite, and of what other rooms sell."""

import json
from collections import Counter
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.billing.models import (
    Customer,
    DocumentKind,
    Draft,
    DraftLine,
    IssuedDocument,
    IssuedLine,
    VatExemption,
)
from totem.billing.refusals import check_commitment, remaining
from totem.core import clock, journal
from totem.core.edit_conflicts import check_version
from totem.core.money import VAT_RATES

SAID = ("quantity", "unit", "unit_price", "starts_on", "ends_on")
"""What an invoice takes over of each line of its quote, a corrected one of the one that it replaces."""
OUTSIDE = VatExemption.OUTSIDE_SCOPE
FULL = 150
"""As many lines of what is sold stand on a draft at most: its form takes 200."""


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
    *,
    draft: Draft,
    seen: str,
    lines: Sequence[DraftLine],
    removed: Iterable[int] = (),
    deposits: Iterable[IssuedDocument] = (),
    **fields: Any,
) -> Draft:
    """The draft with these fields and these lines, in their order; lines without their id are new.

    Those whose ids are `removed` go; one that another room has put there since stays.
    Raises EditConflict where somebody saved it since, Draft.DoesNotExist where it is gone, ValidationError.
    """
    row = Draft.objects.select_for_update().get(pk=draft.pk)
    check_version(row, seen)
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()
    row.deposits.set(deposits)
    row.lines.filter(pk__in=removed).delete()
    for line in lines:
        line.draft = row
        line.full_clean(exclude=["draft", "source", "about_line"])
        line.save()
    kept = list(row.lines.all())
    outside = [line for line in kept if line.exemption == OUTSIDE]
    if outside and len(outside) < len(kept):
        text = _("“%(line)s” is outside the scope of VAT: such lines have a document of their own.")
        raise ValidationError(text % {"line": outside[0].label})
    return row


@transaction.atomic
def delete_draft(*, draft: Draft, by: User) -> bool:
    """Delete the draft, unless it is gone; what it came from can be invoiced again.

    Returns whether it held what another room sells.
    """
    row = Draft.objects.select_for_update().filter(pk=draft.pk).first()
    if row is None:
        return False
    held_sales = row.lines.exclude(source=None).exists()
    journal.record("billing.draft_deleted", row, actor_id=by.pk, scope=row.hub, facts={"kind": row.kind})
    row.delete()
    return held_sales


@transaction.atomic
def draft_about(*, document: IssuedDocument, kind: DocumentKind) -> Draft:
    """A draft that credits, replaces or neutralises the document, or invoices the quote, with its lines as they are.

    Of what is credited or neutralised, only what is left of each line. Raises ValidationError where nothing is.
    """
    left = remaining([document.pk])[document.pk] if kind in {DocumentKind.CREDIT_NOTE, DocumentKind.REVERSAL} else None
    if left is not None and not any(left.values()):
        raise ValidationError(_("Nothing is left of this document to credit or cancel."))
    said = json.loads(document.content)
    draft = Draft.objects.create(
        hub=document.hub,
        customer=document.customer,
        kind=kind,
        about=document,
        purchase_order=said["purchase_order"],
        commitment=said["commitment"],
    )
    for line, frozen in zip(document.lines.all(), said["lines"], strict=True):
        amount = line.gross if left is None else left[line.pk]
        if amount:
            is_whole = kind in {DocumentKind.INVOICE, DocumentKind.CORRECTED}
            amounts = {name: frozen[name] for name in SAID} if is_whole else _once(amount)
            DraftLine.objects.create(
                draft=draft,
                label=line.label,
                is_goods=frozen["is_goods"],
                **amounts,
                vat_rate=line.vat_rate,
                exemption=line.exemption if line.exemption in VatExemption.values else "",
                about_line=line if left is not None else None,
            )
    return draft


def _once(amount: Decimal) -> dict[str, Any]:
    """A line of that amount, whose quantity is one: what is credited or asked beforehand is a part of a line."""
    return {"quantity": 1 if amount > 0 else -1, "unit_price": abs(amount)}


# -- For the rooms that sell ------------------------------------------------------------------------------------------


def sources_of(source: str) -> dict[Decimal, str]:
    """The names of the second and further lines of one `source`, by their VAT rate: "booking:42:5.5"."""
    return {rate: f"{source}:{rate}" for rate in VAT_RATES}


@transaction.atomic(savepoint=False)  # with what the other room does, or not at all
def put_lines(*, source: str, customer: Customer | None, lines: Sequence[dict[str, Any]]) -> None:
    """Keep on a draft of an invoice what another room sells and names by `source` ("booking:42").

    `lines` are the fields of a DraftLine, one a VAT rate: the first is named `source`, others as `sources_of` says;
    none, and no customer, where nothing is due any more. They stay on their draft, or go to the customer's latest one;
    what is outside the scope of VAT is on a draft without anything else.
    What is issued, or exported for collection, stays: what follows is the team's decision.
    """
    further = sources_of(source)
    names = [source, *further.values()]
    of_source = DraftLine.objects.filter(source__in=names)
    open_drafts = Q(customer=customer, kind=DocumentKind.INVOICE, about=None) if lines else Q()
    # Drafts before their lines, as who issues one locks them; in order, as the source may change customers.
    found = Draft.objects.filter(Q(pk__in=of_source.values("draft")) | open_drafts).order_by("pk").select_for_update()
    drafts = {draft.pk: draft for draft in found}
    if not drafts and not lines:
        return
    of_drafts = DraftLine.objects.filter(Q(draft__in=drafts) | Q(source__in=names))
    held = of_drafts.values_list("source", "pk", "draft", "exemption")
    known = {name: pk for name, pk, _draft, _exemption in held if name in names}
    is_exported = any(draft not in drafts for _name, _pk, draft, _exemption in held)
    if is_exported or (lines and IssuedLine.objects.filter(source__in=names).exists()):
        return
    changed = {draft: drafts[draft] for name, _pk, draft, _exemption in held if name in known}
    others = [(draft, exemption == OUTSIDE) for name, _pk, draft, exemption in held if name not in known]
    count = Counter(draft for draft, _is_outside in others)
    if customer is not None and lines:
        outside = lines[0].get("exemption") == OUTSIDE
        apart = {draft for draft, is_outside in others if is_outside != outside}
        fitting = {pk: draft for pk, draft in drafts.items() if pk not in apart}
        draft = _draft_for(customer, fitting, changed, count)
        changed[draft.pk] = draft
        count[draft.pk] += len(lines)
        for name, fields in zip([source, *(further[line["vat_rate"]] for line in lines[1:])], lines, strict=True):
            DraftLine(pk=known.pop(name, None), source=name, draft=draft, **fields).save()
    if known:
        of_source.filter(pk__in=known.values()).delete()
    for draft in changed.values():
        if count[draft.pk]:
            draft.save(update_fields=["updated_at"])  # who has it open sees that it changed
        else:
            draft.delete()


def lock_drafts(*, sources: Collection[str], customers: QuerySet[Customer]) -> None:
    """Lock what `put_lines` of these sources and customers locks, in id order, where one transaction puts several.

    Else two of them could wait for each other's drafts.
    """
    held = DraftLine.objects.filter(source__in=sources)
    owners = Q(customer__in=held.values("draft__customer")) | Q(customer__in=customers)
    rows = Draft.objects.filter(Q(pk__in=held.values("draft")) | owners & Q(kind=DocumentKind.INVOICE, about=None))
    list(rows.order_by("pk").select_for_update())


@transaction.atomic(savepoint=False)
def add_lines(lines: Mapping[Customer, Sequence[dict[str, Any]]]) -> None:
    """Put lines of what another room sells on drafts of these customers, in as many statements for one as for all.

    They are the fields of a DraftLine, each with a `source` that no line had before.
    """
    wanted = {customer.pk: len(found) for customer, found in lines.items()}
    rows = Draft.objects.filter(customer__in=wanted, kind=DocumentKind.INVOICE, about=None)
    held = DraftLine.objects.filter(draft=OuterRef("pk")).order_by().values("draft").annotate(count=Count("pk"))
    counted = rows.annotate(held=Coalesce(Subquery(held.values("count")), 0)).order_by("pk")
    locked = counted.select_for_update(of=("self",))
    drafts: dict[int, Draft] = {
        draft.customer_id: draft for draft in locked if draft.held + wanted[draft.customer_id] <= FULL
    }
    new = Draft.objects.bulk_create(
        Draft(hub_id=customer.hub_id, customer=customer, purchase_order=customer.purchase_order)
        for customer in lines
        if customer.pk not in drafts
    )
    Draft.objects.filter(pk__in=[draft.pk for draft in drafts.values()]).update(updated_at=clock.now())
    drafts.update({draft.customer_id: draft for draft in new})
    DraftLine.objects.bulk_create(
        DraftLine(draft=drafts[customer.pk], **fields) for customer, found in lines.items() for fields in found
    )


def _draft_for(
    customer: Customer, drafts: dict[int, Draft], holding: Container[int], count: Mapping[int, int]
) -> Draft:
    """The draft that holds the source already, else the latest with room for its lines, else a new one."""
    own = [draft for draft in drafts.values() if draft.customer_id == customer.pk]
    fitting = [draft for draft in own if draft.pk in holding] or [draft for draft in own if count[draft.pk] < FULL]
    return fitting[-1] if fitting else start_draft(customer=customer, kind=DocumentKind.INVOICE)
