"""What was paid: append-only rows, each a link of the seller's chain (`core.chain`), and what closes them."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from totem.billing.models.documents import IssuedDocument
from totem.billing.models.sellers import Seller
from totem.core.models import ChainLink
from totem.core.triggers import Trigger, append_only
from totem.hubs.models import Hub


class Means(models.TextChoices):
    """Means of payment; a cash drawer counts `cash` alone."""

    CASH = "cash", _("Cash")
    CARD = "card", _("Card")
    TRANSFER = "transfer", _("Bank transfer")
    CHEQUE = "cheque", _("Cheque")
    OTHER = "other", _("Other")


class Payment(models.Model):
    """An amount received for an invoice, or given back (negative). Nothing is corrected but by a row of its own.

    Source of what is kept: BOI-TVA-DECLA-30-10-30. People are ids only.
    """

    document = models.ForeignKey(IssuedDocument, on_delete=models.PROTECT, related_name="payments")
    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="payments")
    hub = models.ForeignKey(Hub, on_delete=models.PROTECT, related_name="payments")
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)
    means = models.CharField(_("means"), max_length=10, choices=Means)
    received_on = models.DateField(_("on"))
    recorded_at = models.DateTimeField(_("recorded"))
    recorded_by = models.BigIntegerField(_("by"), null=True)
    reference = models.CharField(_("reference"), max_length=60, blank=True, help_text=_("Of the cheque, the transfer."))
    cancels = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="cancelled_by",
        help_text=_("The payment that was typed by mistake, of which this row is the opposite."),
    )  # fmt: skip
    link = models.OneToOneField(ChainLink, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering: ClassVar = ["recorded_at", "id"]
        indexes: ClassVar = [models.Index(fields=["hub", "recorded_at"], name="payment_of_hub")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(amount=0), name="payment_not_zero"),
            models.CheckConstraint(condition=Q(means__in=Means.values), name="payment_means_known"),
        ]
        triggers: ClassVar = [
            append_only(),
            Trigger(
                name="of_an_open_month",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                IF EXISTS (
                    SELECT FROM billing_closedmonth
                     WHERE seller_id = NEW.seller_id AND month >= date_trunc('month', NEW.received_on)
                ) THEN
                    RAISE EXCEPTION 'This month is closed.' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            ),
            Trigger(
                name="of_what_is_owed",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                IF NOT EXISTS (
                    SELECT FROM billing_issueddocument
                     WHERE id = NEW.document_id AND seller_id = NEW.seller_id AND hub_id = NEW.hub_id
                       AND kind IN ('invoice', 'deposit', 'corrected')
                ) THEN
                    RAISE EXCEPTION 'Nothing is paid for this document.' USING ERRCODE = 'check_violation';
                END IF;
                IF NEW.amount + (
                    SELECT coalesce(sum(p.amount), 0)
                      FROM billing_issueddocument AS d JOIN billing_issueddocument AS s ON s.chain = d.chain
                      JOIN billing_payment AS p ON p.document_id = s.id WHERE d.id = NEW.document_id
                ) < 0 THEN
                    RAISE EXCEPTION 'More than was received.' USING ERRCODE = 'check_violation';
                END IF;
                IF NEW.cancels_id IS NOT NULL AND NOT EXISTS (
                    SELECT FROM billing_payment AS p WHERE p.id = NEW.cancels_id AND p.cancels_id IS NULL
                       AND (p.document_id, p.means, p.amount) = (NEW.document_id, NEW.means, -NEW.amount)
                ) THEN
                    RAISE EXCEPTION 'Not the opposite of the payment.' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.means}"


class ReceiptPrint(models.Model):
    """A receipt that was printed; the second and later ones of a payment are duplicates."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="receipts")
    copy = models.PositiveSmallIntegerField()
    printed_at = models.DateTimeField()
    printed_by = models.BigIntegerField(null=True)
    link = models.OneToOneField(ChainLink, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("printed receipt")
        verbose_name_plural = _("printed receipts")
        ordering: ClassVar = ["copy"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["payment", "copy"], name="receipt_copy_once")]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.payment_id} {self.copy}"


class DrawerCount(models.Model):
    """The cash of a hub's drawer, counted: what was expected since the last count, and what was there."""

    hub = models.ForeignKey(Hub, on_delete=models.PROTECT, related_name="drawer_counts")
    counted_at = models.DateTimeField(_("counted"))
    counted_by = models.BigIntegerField(null=True)
    since = models.DateTimeField(_("since"), null=True)
    float_left = models.DecimalField(_("left in the drawer"), max_digits=12, decimal_places=2)
    expected = models.DecimalField(_("expected"), max_digits=12, decimal_places=2)
    counted = models.DecimalField(_("in the drawer"), max_digits=12, decimal_places=2)
    link = models.OneToOneField(ChainLink, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("count of a drawer")
        verbose_name_plural = _("counts of drawers")
        ordering: ClassVar = ["-counted_at", "-id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(counted__gte=0, float_left__gte=0), name="drawer_not_negative"),
            models.CheckConstraint(condition=Q(float_left__lte=F("counted")), name="drawer_left_from_counted"),
            models.UniqueConstraint(fields=["hub", "since"], nulls_distinct=False, name="drawer_counts_follow"),
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.hub_id} {self.counted_at}"


class ClosedDay(models.Model):
    """What was written down in a hub since the day that was closed before, with the total since the beginning.

    By the order of the chain: what is written down after midnight, before the day is closed, counts in it. Source:
    BOI-TVA-DECLA-30-10-30, closings of the day, of the month and of the year.
    """

    hub = models.ForeignKey(Hub, on_delete=models.PROTECT, related_name="closed_days")
    day = models.DateField(_("day"))
    closed_at = models.DateTimeField(_("closed"))
    content = models.JSONField()
    link = models.OneToOneField(ChainLink, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("closed day")
        verbose_name_plural = _("closed days")
        ordering: ClassVar = ["-day"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["hub", "day"], name="day_closed_once")]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.hub_id} {self.day}"


class ClosedMonth(models.Model):
    """A month of a seller that accepts nothing more, with its totals and those since the beginning."""

    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="closed_months")
    month = models.DateField(_("month"), help_text="Its first day.")
    closed_at = models.DateTimeField(_("closed"))
    closed_by = models.BigIntegerField(null=True)
    content = models.JSONField()
    link = models.OneToOneField(ChainLink, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("closed month")
        verbose_name_plural = _("closed months")
        ordering: ClassVar = ["-month"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["seller", "month"], name="month_closed_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="closed_month_by_its_first_day"),
        ]
        triggers: ClassVar = [
            append_only(),
            Trigger(
                name="follows_the_last",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                IF (SELECT max(month) + interval '1 month' FROM billing_closedmonth WHERE seller_id = NEW.seller_id)
                    <> NEW.month THEN
                    RAISE EXCEPTION 'Months are closed in their order.' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seller_id} {self.month:%Y-%m}"
