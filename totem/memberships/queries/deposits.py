"""Security deposits: what is held of an agreement, and what the hub owes in all."""

from decimal import Decimal
from typing import Any

from django.db.models import Sum

from totem.billing.models import Means
from totem.hubs.models import Hub
from totem.memberships.models import Agreement, DepositMovement


def deposit_held(agreement: Agreement) -> Decimal:
    """What is held of the agreement's deposit, in euros."""
    return _sum(agreement=agreement)


def deposits_owed(hub: Hub) -> Decimal:
    """What the hub would have to give back of all deposits, in euros."""
    return _sum(agreement__hub=hub)


def cash_since(hub: Hub, link: int) -> Decimal:
    """What was received in cash as deposits, less what was given back so, in links of the chain after that one."""
    return _sum(agreement__hub=hub, means=Means.CASH, link__gt=link)


def _sum(**of: Any) -> Decimal:
    total = DepositMovement.objects.filter(**of).aggregate(total=Sum("amount"))["total"]
    return total or Decimal("0.00")
