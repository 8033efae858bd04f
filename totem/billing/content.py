"""What a document says for ever: its frozen content, as canonical JSON, from which its PDF and its XML are drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from totem.billing.amounts import InvoiceTotals, totals
from totem.billing.models import (
    Customer,
    CustomerKind,
    DocumentKind,
    Draft,
    DraftLine,
    IssuedDocument,
    Seller,
    VatStatus,
)
from totem.billing.wording import DISCOUNT, EXEMPTION_OF, LATE_PENALTY, ON_DEBITS, OUTSIDE_SCOPE, RECOVERY_FEE

VERSION = 1
SELLER_FIELDS = (
    "name", "legal_form", "siren", "siret", "vat_number", "rna", "registration", "street", "postcode", "city",
    "email", "phone", "iban", "bic",
)  # fmt: skip
BUYER_FIELDS = (
    "name", "kind", "siren", "siret", "vat_number", "street", "postcode", "city", "email", "service_code",
)  # fmt: skip


@dataclass(frozen=True)
class TaxedLine:
    """A line of a draft with the rate that its seller's VAT status gives it."""

    line: DraftLine
    vat_rate: Decimal
    exemption: str

    @property
    def gross(self) -> Decimal:
        return self.line.gross


def taxed(lines: Sequence[DraftLine], status: VatStatus) -> list[TaxedLine]:
    """The lines with their rates; of a seller that is exempt all at 0 %, on its ground: the price stays what it was.

    What is outside the scope of VAT is so whoever sells.
    """
    ground = EXEMPTION_OF.get(status)
    return [
        TaxedLine(line, Decimal(0), ground)
        if ground and line.exemption != OUTSIDE_SCOPE
        else TaxedLine(line, line.vat_rate, line.exemption)
        for line in lines
    ]


@dataclass(frozen=True)
class Figures:
    """The lines of a draft with their rates, and what they add up to."""

    lines: tuple[TaxedLine, ...]
    totals: InvoiceTotals


def figures(lines: Sequence[DraftLine], status: VatStatus) -> Figures:
    """What the lines of a draft add up to for a seller of that VAT status."""
    with_rates = tuple(taxed(lines, status))
    return Figures(with_rates, totals(with_rates))


def content(
    draft: Draft,
    seller: Seller,
    figures: Figures,
    *,
    reference: str,
    issued_on: date,
    due_on: date | None,
    texts: Mapping[str, str],
    deposits: Sequence[IssuedDocument] = (),
) -> dict[str, Any]:
    """What is frozen, as JSON's types; decimals and days are texts."""
    deducted = sum((deposit.gross for deposit in deposits), Decimal("0.00"))
    return {
        "version": VERSION,
        "kind": draft.kind,
        "reference": reference,
        "issued_on": str(issued_on),
        "due_on": str(due_on) if due_on else None,
        "currency": "EUR",
        "hub": {"name": draft.hub.name, "accent": draft.hub.accent},
        "seller": _seller(seller),
        "buyer": _buyer(draft.customer),
        "purchase_order": draft.purchase_order,
        "commitment": draft.commitment,
        "note": draft.note,
        "about": _cited(draft.about) if draft.about else None,
        "deposits": [_cited(deposit) for deposit in deposits],
        "lines": [_line(line, net) for line, net in zip(figures.lines, figures.totals.nets, strict=True)],
        "rates": [
            {
                "vat_rate": _number(rate.vat_rate),
                "exemption": rate.exemption,
                "text": texts[rate.exemption] if rate.exemption else "",
                "net": str(rate.net),
                "vat": str(rate.vat),
                "gross": str(rate.gross),
            }
            for rate in figures.totals.rates
        ],
        "net": str(figures.totals.net),
        "vat": str(figures.totals.vat),
        "rounding": str(figures.totals.rounding),
        "gross": str(figures.totals.gross),
        "deducted": str(deducted),
        "due": str(figures.totals.gross - deducted),
        "notes": _notes(draft, seller, texts),
    }


def _seller(seller: Seller) -> dict[str, Any]:
    return {
        **{name: getattr(seller, name) for name in SELLER_FIELDS},
        "share_capital": str(seller.share_capital) if seller.share_capital is not None else "",
        "electronic_address": seller.electronic_address or seller.siren,
    }


def _buyer(customer: Customer) -> dict[str, Any]:
    address = customer.electronic_address or customer.siren
    return {**{name: getattr(customer, name) for name in BUYER_FIELDS}, "electronic_address": address}


def _cited(document: IssuedDocument) -> dict[str, str]:
    return {
        "kind": document.kind,
        "reference": document.reference,
        "issued_on": str(document.issued_on),
        "gross": str(document.gross),
    }


def _line(taxed_line: TaxedLine, net: Decimal) -> dict[str, Any]:
    line = taxed_line.line
    return {
        "label": line.label,
        "quantity": _number(line.quantity),
        "unit": line.unit,
        "unit_price": _number(line.unit_price),
        "vat_rate": _number(taxed_line.vat_rate),
        "exemption": taxed_line.exemption,
        "net": str(net),
        "gross": str(line.gross),
        "is_goods": line.is_goods,
        "starts_on": str(line.starts_on) if line.starts_on else None,
        "ends_on": str(line.ends_on) if line.ends_on else None,
    }


def _notes(draft: Draft, seller: Seller, texts: Mapping[str, str]) -> dict[str, str]:
    """The mentions about payment by subject code: between professionals, and of those who opted for debits."""
    if draft.kind == DocumentKind.QUOTE:
        return {}
    is_late_paid = draft.customer.kind != CustomerKind.CONSUMER and draft.kind != DocumentKind.CREDIT_NOTE
    codes = [RECOVERY_FEE, LATE_PENALTY] if is_late_paid else []
    return {code: texts[code] for code in [*codes, DISCOUNT, *([ON_DEBITS] if seller.pays_vat_on_debits else [])]}


def nature(content: Mapping[str, Any]) -> str:
    """What is supplied: "S" services, "B" goods (biens), "M" both, as BT-23 begins (BR-FR-08)."""
    kinds = {line["is_goods"] for line in content["lines"]}
    return "M" if len(kinds) > 1 else "B" if True in kinds else "S"


def _number(value: Decimal) -> str:
    """The number without trailing zeros, at most four decimals: 5.5, 20, 0.25."""
    return f"{value.normalize():f}"
