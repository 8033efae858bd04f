"""Credits: lots given by an agreement or a pass, and the append-only ledger of what each gave, spent and lost."""

from typing import ClassVar, Self

import pgtrigger
from django.db import models
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from totem.billing.models import Customer, IssuedDocument
from totem.core.models import Dated
from totem.core.triggers import Trigger, append_only, read_only
from totem.hubs.models import Hub
from totem.memberships.models.agreements import Agreement
from totem.memberships.models.plans import CreditUnit, Plan, dates_in_order


class CreditLotQuerySet(models.QuerySet["CreditLot"]):
    def with_left(self) -> Self:
        """Each with `left`: the sum of its entries, in grains of its unit."""
        return self.annotate(left=Coalesce(Sum("entries__quantity"), 0))

    def unspent(self) -> Self:
        """Those of which something is left, with `left`."""
        return self.annotate(left=Coalesce(Sum("entries__quantity"), 0)).filter(left__gt=0)

    def in_order(self) -> Self:
        """In the order in which they are spent: what ends first, then the oldest; free ones before bought ones."""
        return self.order_by(F("ends_on").asc(nulls_last=True), "starts_on", F("agreement").asc(nulls_last=True), "pk")


class CreditLot(Dated):
    """Credits of one unit given at once: a month of an agreement, a pass. What is left of it is its entries' sum.

    `source` names what gave it, once: "agreement:12:2026-10-01:room", "pass:F2026-000012:day".
    """

    hub = models.ForeignKey(Hub, on_delete=models.PROTECT, related_name="credit_lots")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="credit_lots")
    unit = models.CharField(_("what"), max_length=10, choices=CreditUnit)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until (included)"), null=True, blank=True)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    agreement = models.ForeignKey(
        Agreement, on_delete=models.PROTECT, null=True, blank=True, related_name="credit_lots"
    )
    document = models.ForeignKey(IssuedDocument, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    source = models.CharField(max_length=80, unique=True)

    left: int  # of `with_left`

    objects = CreditLotQuerySet.as_manager()

    class Meta:
        verbose_name = _("lot of credits")
        verbose_name_plural = _("lots of credits")
        ordering: ClassVar = ["ends_on", "pk"]
        indexes: ClassVar = [models.Index(fields=["customer", "unit"], name="credit_lot_of_customer")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(unit__in=CreditUnit.values), name="credit_unit_known"),
            dates_in_order("credit_lot_dates_in_order"),
        ]
        triggers: ClassVar = [read_only("stays_its_customers", "hub", "customer", "unit", "source")]

    def __str__(self) -> str:
        return self.source


class CreditEntry(models.Model):
    """A movement of a lot, in grains of its unit (`plans.GRAIN`): positive what it gains, negative what it loses.

    `source` is what spent it: "booking:42". Kept for ever; a trigger keeps every lot at zero or above.
    """

    class Kind(models.TextChoices):
        GRANT = "grant", _("Given")
        SPEND = "spend", _("Spent")
        GIVE_BACK = "give_back", _("Given back")
        EXPIRE = "expire", _("Expired")
        CORRECT = "correct", _("Corrected by the team")

    lot = models.ForeignKey(CreditLot, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=Kind)
    quantity = models.IntegerField(_("how many"))
    at = models.DateTimeField(_("at"))
    by = models.BigIntegerField(null=True)
    source = models.CharField(max_length=60, blank=True)
    reason = models.CharField(_("why"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("entry of credits")
        verbose_name_plural = _("entries of credits")
        ordering: ClassVar = ["pk"]
        indexes: ClassVar = [models.Index(fields=["source"], condition=~Q(source=""), name="credit_entry_source")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=["grant", "give_back"], quantity__gt=0)
                | Q(kind__in=["spend", "expire"], quantity__lt=0)
                | (Q(kind="correct") & ~Q(quantity=0) & ~Q(reason="")),
                name="credit_entry_signed",
            )
        ]
        triggers: ClassVar = [
            append_only(),
            Trigger(
                name="never_below_zero",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                PERFORM FROM memberships_creditlot WHERE id = NEW.lot_id FOR NO KEY UPDATE;
                IF NEW.quantity + (
                    SELECT coalesce(sum(quantity), 0) FROM memberships_creditentry WHERE lot_id = NEW.lot_id
                ) < 0 THEN
                    RAISE EXCEPTION 'Credits are never below zero.'
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'credits_never_below_zero';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lot_id} {self.quantity}"
