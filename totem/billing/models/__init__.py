"""Who sells, to whom, what was drafted, what was issued, and what was paid."""

from totem.billing.models.customers import Customer, CustomerKind
from totem.billing.models.documents import (
    Deduction,
    DocumentKind,
    IssuedDocument,
    IssuedFile,
    IssuedLine,
    Series,
    Transmission,
)
from totem.billing.models.drafts import CollectionExport, Draft, DraftLine, QuantityUnit, VatExemption
from totem.billing.models.payments import ClosedDay, ClosedMonth, DrawerCount, Means, Payment, ReceiptPrint
from totem.billing.models.sellers import Seller, VatPeriod, VatStatus, Wording

__all__ = [
    "ClosedDay",
    "ClosedMonth",
    "CollectionExport",
    "Customer",
    "CustomerKind",
    "Deduction",
    "DocumentKind",
    "Draft",
    "DraftLine",
    "DrawerCount",
    "IssuedDocument",
    "IssuedFile",
    "IssuedLine",
    "Means",
    "Payment",
    "QuantityUnit",
    "ReceiptPrint",
    "Seller",
    "Series",
    "Transmission",
    "VatExemption",
    "VatPeriod",
    "VatStatus",
    "Wording",
]
