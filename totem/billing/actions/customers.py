"""Customers of a hub: noted by its team, or made of who books."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, ProtectedError, QuerySet

from totem.accounts.models import User
from totem.billing.models import Customer, CustomerKind, Draft, IssuedDocument
from totem.core import journal
from totem.core.edit_conflicts import check_version
from totem.core.models import assign_changes
from totem.hubs.models import Hub
from totem.organisations.models import LegalForm, Organisation

PUBLIC_FORMS = {
    LegalForm.PUBLIC_BODY, LegalForm.COMMUNE, LegalForm.EPCI, LegalForm.DEPARTMENT, LegalForm.REGION, LegalForm.GIP,
}  # fmt: skip


ERASED_NAME = "—"


@dataclass(frozen=True)
class GuestBuyer:
    """Somebody without an account; `key` is their address, or their booking where `email` is empty."""

    key: str
    name: str
    email: str


@transaction.atomic
def save_customer(*, hub: Hub, by: User, customer: Customer | None = None, seen: str = "", **fields: Any) -> Customer:
    """A new customer of the hub, or one changed; what is issued keeps what it said.

    Raises EditConflict where somebody saved it since, ValidationError.
    """
    row = Customer.objects.select_for_update().get(pk=customer.pk) if customer else Customer(hub=hub)
    check_version(row, seen)
    changed = assign_changes(row, fields)
    row.full_clean(exclude=["hub", "organisation", "person"])
    row.save()
    if changed:
        journal.record("billing.customer_saved", row, actor_id=by.pk, scope=hub, facts={"fields": changed})
    return row


def customer_for(
    *, hub: Hub, person: User | None, organisation: Organisation | None, guest: GuestBuyer | None = None
) -> Customer:
    """The customer of the hub that stands for who books: the organisation, the person or the guest; made if need be.

    An organisation without SIREN is invoiced as a private person; a public body only with a SIRET.
    """
    if organisation is not None:
        return _organisation(hub, organisation)
    if person is not None:
        who: dict[str, Any] = {"person": person}
        named = {"name": person.name or person.email, "email": person.email}
    elif guest is not None:
        who, named = {"guest": guest.key}, {"name": guest.name, "email": guest.email}
    else:
        raise ValueError("A customer stands for somebody.")
    defaults = {"kind": CustomerKind.CONSUMER, **named}
    return Customer.objects.get_or_create(hub=hub, **who, defaults=defaults)[0]


def _organisation(hub: Hub, organisation: Organisation) -> Customer:
    kind = CustomerKind.BUSINESS if organisation.siren else CustomerKind.CONSUMER
    if organisation.legal_form in PUBLIC_FORMS and organisation.siret:
        kind = CustomerKind.PUBLIC
    found, _made = Customer.objects.get_or_create(
        hub=hub,
        organisation=organisation,
        defaults={
            "kind": kind,
            "name": organisation.name,
            "siren": organisation.siren,
            "siret": organisation.siret,
            "email": organisation.email,
        },
    )
    return found


@transaction.atomic
def anonymise(*, customers: QuerySet[Customer], now: datetime) -> None:
    """What was issued stays with its frozen buyer (ten years, Code de commerce, art. L123-22); the rest goes.

    A customer without documents, nor amounts exported for collection, is deleted with its drafts; of the others the
    contact details are erased, and the name where no document says it (of who has an agreement or credits, which stay).
    """
    rows = Customer.objects.filter(pk__in=list(customers.values_list("pk", flat=True)))
    uninvoiced = rows.filter(~Exists(IssuedDocument.objects.filter(customer=OuterRef("pk"))))
    uninvoiced = uninvoiced.exclude(drafts__collected_in__isnull=False)
    Draft.objects.filter(customer__in=uninvoiced).delete()
    for row in uninvoiced:
        try:
            with transaction.atomic():
                row.delete()
        except ProtectedError:
            Customer.objects.filter(pk=row.pk).update(name=ERASED_NAME, sort_key="")
    rows.update(person=None, guest="", email="", street="", postcode="", city="", electronic_address="", updated_at=now)
