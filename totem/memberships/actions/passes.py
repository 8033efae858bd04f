"""Passes: sold at the desk and paid at once, or ordered on line; their credits come with the invoice, once.

At the desk the customer, the invoice, the payment and the credits are one transaction. What is ordered on line goes on
the customer's next invoice: its credits come once that is issued, paid or not, as an invoice is owed.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.billing.actions.customers import GuestBuyer, customer_for
from totem.billing.actions.drafts import put_lines, start_draft
from totem.billing.actions.issuing import issue
from totem.billing.actions.payments import record_payment
from totem.billing.models import Customer, DocumentKind, DraftLine, IssuedDocument, IssuedLine, Means
from totem.hubs.models import Hub
from totem.memberships.actions import credits as ledger
from totem.memberships.actions.crediting import follow_credit_notes
from totem.memberships.models import CreditLot, Plan, PlanKind, PlanPrice

PREFIX = "pass:"


def new_token() -> str:
    """What tells one sale from another: sixteen hexadecimal digits."""
    return secrets.token_hex(8)


@dataclass(frozen=True)
class PassBuyer:
    """Who buys a pass; known by the e-mail address where there is one, else a customer of their own each time.

    `token` is that of the sale: it is sold once.
    """

    name: str
    email: str = ""
    token: str = field(default_factory=lambda: f"{PREFIX}{new_token()}")

    @property
    def key(self) -> str:
        """Of the customer that a guest is (`Customer.guest`)."""
        return self.email.lower() or self.token

    def person(self) -> User | None:
        """Whose account has that address."""
        return User.objects.filter(email__iexact=self.email, erased_at=None).first() if self.email else None

    def customer(self, hub: Hub) -> Customer:
        """Their customer of the hub, made if need be: of the account with that address, else a guest."""
        person = self.person()
        guest = None if person else GuestBuyer(self.key, self.name, self.email)
        return customer_for(hub=hub, person=person, organisation=None, guest=guest)


@transaction.atomic
def sell(*, price: PlanPrice, buyer: PassBuyer, means: Means, by: User, now: datetime) -> IssuedDocument:
    """Sell a pass at the desk: the invoice, its payment of today and its credits.

    Raises ValidationError, also for a sale that was recorded before: its form was sent twice.
    """
    plan = price.plan
    _check(price, now)
    draft = start_draft(customer=buyer.customer(plan.hub), kind=DocumentKind.INVOICE)
    source = f"{PREFIX}{plan.pk}:{buyer.token.removeprefix(PREFIX)}"
    DraftLine.objects.create(draft=draft, source=source, **_line(price))  # waits for the same one under way
    if IssuedLine.objects.filter(source=source).exists():
        raise ValidationError(_("This sale is recorded already: open this page again for another one."))
    document = issue(draft_id=draft.pk, by=by.pk, now=now)
    if document.gross:
        today = now.astimezone(plan.hub.zone).date()
        record_payment(document=document, amount=document.gross, means=means, received_on=today, by=by.pk, now=now)
    _grant(document.lines.get(), now, by.pk)
    return document


@transaction.atomic
def order(*, price: PlanPrice, person: User, now: datetime) -> None:
    """Put a pass on the person's next invoice of the hub; its credits come with it. Raises ValidationError."""
    _check(price, now)
    customer = customer_for(hub=price.plan.hub, person=person, organisation=None)
    put_lines(source=_new_source(price.plan), customer=customer, lines=[_line(price)])


def grant_invoiced(*, now: datetime) -> int:
    """The credits of the passes that were invoiced since; how many passes."""
    lines = IssuedLine.objects.filter(source__startswith=PREFIX, document__kind=DocumentKind.INVOICE)
    of_line = Concat(OuterRef("source"), Value(":"))
    lots = CreditLot.objects.filter(document=OuterRef("document"), source__startswith=of_line)
    rows = lines.exclude(Exists(lots))
    return sum(_grant(line, now, None) for line in rows.select_related("document__customer__hub", "document__hub"))


def _check(price: PlanPrice, now: datetime) -> None:
    plan, day = price.plan, now.astimezone(price.plan.hub.zone).date()
    holds = price.starts_on <= day and (price.ends_on is None or day <= price.ends_on)
    if plan.kind != PlanKind.PASS or not plan.is_active or not holds:
        raise ValidationError({"price": _("This pass is no longer sold at this price.")})


def _new_source(plan: Plan) -> str:
    return f"{PREFIX}{plan.pk}:{new_token()}"


def _line(price: PlanPrice) -> dict[str, object]:
    plan = price.plan
    return {
        "label": plan.name,
        "quantity": 1,
        "unit_price": price.amount,
        "vat_rate": plan.vat_rate,
        "exemption": plan.exemption,
    }


@transaction.atomic
def _grant(line: IssuedLine, now: datetime, by: int | None) -> bool:
    document = line.document
    plan = Plan.objects.filter(pk=line.source.split(":")[1], hub=document.hub_id).first()
    if plan is None:
        return False
    starts_on = document.issued_on
    ends_on = starts_on + timedelta(days=plan.valid_days - 1) if plan.valid_days else None
    for benefit in plan.benefits.all():
        ledger.grant(
            customer=document.customer,
            plan=plan,
            unit=benefit.unit,
            quantity=benefit.quantity,
            starts_on=starts_on,
            ends_on=ends_on,
            source=f"{line.source}:{benefit.unit}",
            now=now,
            by=by,
            document=document,
        )
    follow_credit_notes(references={document.pk: document.reference}, by=by, now=now)  # credited before it was here
    return True


def prices_sold(hub: Hub, now: datetime, **filters: object) -> list[PlanPrice]:
    """The prices of the passes that are sold today, in the order of the hub's plans; `filters` of PlanPrice."""
    day = now.astimezone(hub.zone).date()
    holds = Q(ends_on=None) | Q(ends_on__gte=day)
    plans = Q(plan__hub=hub, plan__kind=PlanKind.PASS, plan__is_active=True)
    rows = PlanPrice.objects.filter(plans, holds, starts_on__lte=day, **filters).select_related("plan__hub")
    return list(rows.prefetch_related("plan__benefits").order_by("plan__position", "plan", "group"))
