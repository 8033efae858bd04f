"""Receivers of the signals about people: export and erasure of personal data."""

import json
from datetime import datetime
from typing import Any

from django.dispatch import receiver

from totem.accounts.models import User
from totem.accounts.signals import person_erasing, personal_data_requested
from totem.billing.actions.customers import anonymise
from totem.billing.models import Customer, DraftLine, IssuedDocument


@receiver(person_erasing, dispatch_uid="billing.customers")
def anonymise_customers(person: User, now: datetime, **_kwargs: object) -> None:
    """Erase the person as a customer, as far as the law lets."""
    anonymise(customers=Customer.objects.filter(person=person), now=now)


@receiver(personal_data_requested, dispatch_uid="billing.customers")
def give_invoices(person: User, **_kwargs: object) -> dict[str, Any]:
    """What hubs note of the person as a customer, amounts exported for collection, and each document as issued."""
    collected = DraftLine.objects.filter(draft__customer__person=person, draft__collected_in__isnull=False)
    collected = collected.select_related("draft__collected_in")
    documents = IssuedDocument.objects.filter(customer__person=person).order_by("issued_at", "pk")
    return {
        "customer_records": [
            {"hub": row.hub.name, "name": row.name, "email": row.email, "address": [row.street, row.postcode, row.city]}
            for row in Customer.objects.filter(person=person).select_related("hub").order_by("pk")
        ],
        "amounts_to_collect": [
            {
                "label": line.label,
                "with_vat": str(line.gross),
                "exported_at": line.draft.collected_in.exported_at.isoformat(),
            }
            for line in collected.order_by("pk")
            if line.draft.collected_in
        ],
        "invoices": [json.loads(document.content) for document in documents],
    }
