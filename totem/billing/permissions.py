"""Permissions on a hub's money. Fetching and authorising are one call; what is not allowed is a 404."""

from typing import TypeVar

import rules
from django.db.models import Model
from django.shortcuts import get_object_or_404

from totem.billing.models import IssuedDocument
from totem.hubs.models import Hub, Role
from totem.hubs.permissions import Person, hub_for, roles_in

Row = TypeVar("Row", bound=Model)

SELL = "billing.sell"  # customers, quotes, invoices, credit notes, payments, the drawer
KEEP_BOOKS = "billing.keep_books"  # who sells, VAT, wording, closing a month

rules.add_perm(SELL, rules.predicate(lambda person, hub: bool(roles_in(person, hub) & {Role.MANAGER, Role.DESK})))
rules.add_perm(KEEP_BOOKS, rules.predicate(lambda person, hub: Role.MANAGER in roles_in(person, hub)))


def keeps_all_books(person: Person, hub: Hub) -> bool:
    """Whether the person keeps the books of every hub of this one's seller, and may read what is of all of them."""
    return all(person.has_perm(KEEP_BOOKS, one) for one in Hub.objects.filter(operator=hub.operator_id))


def row_for(person: Person, slug: str, model: type[Row], pk: int, permission: str = SELL) -> tuple[Hub, Row]:
    """The hub at `slug` and its row of that model. Raises Http404 for anything else, another hub's rows first."""
    hub = hub_for(person, slug, permission)
    return hub, get_object_or_404(model._default_manager, hub=hub, pk=pk)


def document_for(person: Person, slug: str, reference: str) -> tuple[Hub, IssuedDocument]:
    """The hub at `slug` and what it issued under that number. Raises Http404 for anything else."""
    hub = hub_for(person, slug, SELL)
    rows = IssuedDocument.objects.select_related("customer", "about", "seller")
    return hub, get_object_or_404(rows, hub=hub, reference=reference)
