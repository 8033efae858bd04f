"""Receivers of the signals about people: export and erasure of personal data."""

import json
from datetime import datetime
from typing import Any

from django.dispatch import receiver

from totem.accounts.models import User
from totem.accounts.signals import person_erasing, personal_data_requested
from totem.billing.models import Customer, IssuedDocument


@receiver(person_erasing, dispatch_uid="billing.customers")
def anonymise_customers(person: User, now: datetime, **_kwargs: object) -> None:
    """What was issued stays with its frozen buyer (ten years, Code de commerce, art. L123-22); the rest goes.

    A customer without documents is deleted with its drafts; of the others the contact details are erased.
    """
    own = Customer.objects.filter(person=person)
    invoiced = IssuedDocument.objects.filter(customer__in=own).values("customer")
    for customer in own.exclude(pk__in=invoiced):
        customer.drafts.all().delete()
        customer.delete()
    own.update(person=None, email="", street="", postcode="", city="", electronic_address="", updated_at=now)


@receiver(personal_data_requested, dispatch_uid="billing.customers")
def give_invoices(person: User, **_kwargs: object) -> dict[str, Any]:
    """What hubs note of the person as a customer, and each document as it was issued."""
    documents = IssuedDocument.objects.filter(customer__person=person).order_by("issued_at", "pk")
    return {
        "customer_records": [
            {"hub": row.hub.name, "name": row.name, "email": row.email, "address": [row.street, row.postcode, row.city]}
            for row in Customer.objects.filter(person=person).select_related("hub").order_by("pk")
        ],
        "invoices": [json.loads(document.content) for document in documents],
    }
