"""Customers of a hub: noted by its team, or made of who books."""

from typing import Any

from django.db import transaction

from totem.accounts.models import User
from totem.billing.models import Customer, CustomerKind
from totem.core import journal
from totem.core.edit_conflicts import check_version
from totem.core.models import assign_changes
from totem.hubs.models import Hub
from totem.organisations.models import LegalForm, Organisation

PUBLIC_FORMS = {
    LegalForm.PUBLIC_BODY, LegalForm.COMMUNE, LegalForm.EPCI, LegalForm.DEPARTMENT, LegalForm.REGION, LegalForm.GIP,
}  # fmt: skip


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


def customer_for(*, hub: Hub, person: User, organisation: Organisation | None) -> Customer:
    """The customer of the hub that stands for who books: the organisation, or the person; made where there is none.

    An organisation without SIREN is invoiced as a private person; a public body only with a SIRET.
    """
    if organisation is None:
        found, _made = Customer.objects.get_or_create(
            hub=hub,
            person=person,
            defaults={"kind": CustomerKind.CONSUMER, "name": person.name or person.email, "email": person.email},
        )
        return found
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
