"""Amounts to collect, of a public operator under a régie: its accounting officer numbers and collects, not Totem.

Source: Code général des collectivités territoriales, art. R1617-1 and following (régies); a title of receipt states the
debtor, what for, and the amount.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from totem.billing.content import figures
from totem.billing.models import CollectionExport, DocumentKind, Draft, VatStatus
from totem.billing.queries import drafts_of
from totem.billing.refusals import check_customer
from totem.core.canonical import canonical, digest
from totem.core.spreadsheets import ListColumn
from totem.hubs.models import Hub

AmountRow = dict[str, Any]
"""A line to collect as JSON's types: its draft, its debtor, and `net`, `vat` and `gross` in euros, as texts."""
COLLECTED = (DocumentKind.INVOICE, DocumentKind.DEPOSIT)
DEBTOR = ("name", "siren", "siret", "street", "postcode", "city", "service_code")
SUMS = ("net", "vat", "gross")


@dataclass(frozen=True)
class AmountsOfDraft:
    """The lines of a draft as they would be exported, and why they cannot be."""

    draft: Draft
    rows: Sequence[AmountRow]
    problem: str

    @property
    def token(self) -> str:
        """What the page shows and the export repeats: the draft and a digest of its lines."""
        return f"{self.draft.pk}:{digest(canonical(self.rows))}"

    @property
    def lines(self) -> list[tuple[str, Decimal, Decimal, Decimal]]:
        """What each line is for, and its amount without VAT, its VAT, and both, in euros."""
        return [(row["label"], Decimal(row["net"]), Decimal(row["vat"]), Decimal(row["gross"])) for row in self.rows]

    @property
    def gross(self) -> Decimal:
        return sums(self.rows)["gross"]


def amounts(draft: Draft, status: VatStatus) -> AmountsOfDraft:
    """The lines of the draft: VAT is what the nets of its rates leave, so that each line and each sum agree."""
    lines = list(draft.lines.all())
    found = figures(lines, status)
    shared = {"draft": draft.pk, "commitment": draft.commitment, "purchase_order": draft.purchase_order}
    debtor = {name: getattr(draft.customer, name) for name in DEBTOR}
    rows = [
        {
            **shared,
            **debtor,
            "label": line.label,
            "quantity": f"{line.quantity.normalize():f}",
            "unit": line.unit,
            "starts_on": str(line.starts_on or ""),
            "ends_on": str(line.ends_on or ""),
            "vat_rate": f"{rated.vat_rate.normalize():f}",
            "exemption": rated.exemption,
            "net": str(net),
            "vat": str(line.gross - net),
            "gross": str(line.gross),
        }
        for line, rated, net in zip(lines, found.lines, found.totals.nets, strict=True)
    ]
    try:
        check_customer(draft)
    except ValidationError as refused:
        return AmountsOfDraft(draft, rows, " ".join(refused.messages))
    is_negative = any(rate.gross < 0 for rate in found.totals.rates)
    return AmountsOfDraft(draft, rows, str(_("An amount to collect cannot be negative.")) if is_negative else "")


def to_collect(hub: Hub, status: VatStatus) -> list[AmountsOfDraft]:
    """What waits to be exported, the oldest draft first; a draft without a line is none."""
    drafts = drafts_of(hub).filter(kind__in=COLLECTED, lines__isnull=False).distinct().order_by("pk")
    return [amounts(draft, status) for draft in drafts]


def rows_of(export: CollectionExport) -> list[AmountRow]:
    """The lines as they were exported."""
    found: list[AmountRow] = json.loads(export.content)
    return found


def sums(rows: Sequence[AmountRow]) -> dict[str, Decimal]:
    """What the lines add up to in euros: `net`, `vat` and `gross`."""
    return {name: sum((Decimal(row[name]) for row in rows), Decimal("0.00")) for name in SUMS}


COLUMNS: tuple[ListColumn[AmountRow], ...] = (
    ListColumn(_("Draft"), lambda row: row["draft"], "number"),
    ListColumn(_("Debtor"), lambda row: row["name"]),
    ListColumn("SIREN", lambda row: row["siren"]),
    ListColumn("SIRET", lambda row: row["siret"]),
    ListColumn(_("Street address"), lambda row: row["street"]),
    ListColumn(_("Postcode"), lambda row: row["postcode"]),
    ListColumn(_("Town"), lambda row: row["city"]),
    ListColumn(_("Service"), lambda row: row["service_code"]),
    ListColumn(_("Commitment number"), lambda row: row["commitment"]),
    ListColumn(_("Purchase order"), lambda row: row["purchase_order"]),
    ListColumn(_("What"), lambda row: row["label"]),
    ListColumn(_("From"), lambda row: row["starts_on"]),
    ListColumn(_("Until (included)"), lambda row: row["ends_on"]),
    ListColumn(_("Rate of VAT (%)"), lambda row: Decimal(row["vat_rate"]), "number"),
    ListColumn(_("Without VAT"), lambda row: Decimal(row["net"]), "amount"),
    ListColumn(_("VAT"), lambda row: Decimal(row["vat"]), "amount"),
    ListColumn(_("With VAT"), lambda row: Decimal(row["gross"]), "amount"),
)
