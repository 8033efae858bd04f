"""Drafts: what can still be changed, without a number."""

from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from totem.billing.models.customers import Customer
from totem.billing.models.documents import DocumentKind, IssuedDocument, IssuedLine
from totem.billing.models.sellers import Seller
from totem.core.measures import CountedUnit
from totem.core.model_fields import DecimalField
from totem.core.models import Dated
from totem.core.money import VAT_RATES, to_cents
from totem.core.triggers import Refusal, Trigger, append_only
from totem.hubs.models import Hub


class QuantityUnit(models.TextChoices):
    """Units of quantity, by their UN/ECE recommendation 20 code (BT-130)."""

    ITEM = "C62", _("item")
    HOUR = "HUR", _("hour")
    HALF_DAY = "E48", _("half-day")
    DAY = "DAY", _("day")
    MONTH = "MON", _("month")
    YEAR = "ANN", _("year")


COUNTED = {
    QuantityUnit.ITEM: CountedUnit(_("item"), _("items")),
    QuantityUnit.HOUR: CountedUnit(_("hour"), _("hours")),
    QuantityUnit.HALF_DAY: CountedUnit(_("half-day"), _("half-days")),
    QuantityUnit.DAY: CountedUnit(_("day"), _("days")),
    QuantityUnit.MONTH: CountedUnit(_("month"), _("months")),
    QuantityUnit.YEAR: CountedUnit(_("year"), _("years")),
}
"""What one of each unit is called, and several."""


class VatExemption(models.TextChoices):
    """Grounds on which a line carries no VAT although its seller charges it: VATEX codes (BT-121)."""

    BARE_PREMISES = "VATEX-FR-CGI261D-2", _("Bare premises (CGI art. 261 D, 2°)")
    OUTSIDE_SCOPE = "VATEX-EU-O", _("Outside the scope of VAT: dues, nothing else on the document")
    TRAINING = "VATEX-FR-CGI261-4", _("Professional training (CGI art. 261, 4-4°)")


class CollectionExport(models.Model):
    """Amounts that a public operator under a régie gave its accounting officer to collect, as they were then.

    `content` is canonical JSON: a list of `billing.collecting.AmountRow`. The drafts that it names change no more.
    """

    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="collection_exports")
    hub = models.ForeignKey(Hub, on_delete=models.PROTECT, related_name="collection_exports")
    exported_at = models.DateTimeField(_("exported"))
    exported_by = models.BigIntegerField(_("by"), null=True)
    content = models.TextField()

    class Meta:
        verbose_name = _("export of amounts to collect")
        verbose_name_plural = _("exports of amounts to collect")
        ordering: ClassVar = ["-pk"]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.hub_id} {self.exported_at}"


class OpenDrafts(models.Manager["Draft"]):
    """The drafts that can still be changed: what was exported for collection is final."""

    def get_queryset(self) -> models.QuerySet["Draft"]:
        return super().get_queryset().filter(collected_in=None)


class Draft(Dated):
    """A quote, an invoice or a credit note that is being written; issued, it becomes an `IssuedDocument`."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="drafts")
    kind = models.CharField(_("kind"), max_length=10, choices=DocumentKind, default=DocumentKind.INVOICE)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="drafts", verbose_name=_("customer"))
    about = models.ForeignKey(
        IssuedDocument, on_delete=models.PROTECT, null=True, blank=True, related_name="drafts_about",
        help_text=_("What it credits, replaces or neutralises; of an invoice, the quote."),
    )  # fmt: skip
    deposits = models.ManyToManyField(IssuedDocument, related_name="+", blank=True)
    purchase_order = models.CharField(_("purchase order"), max_length=50, blank=True)
    commitment = models.CharField(_("commitment number (public body)"), max_length=50, blank=True)
    note = models.TextField(_("note on the document"), max_length=1000, blank=True)
    collected_in = models.ForeignKey(
        CollectionExport, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )

    objects = OpenDrafts()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        ordering: ClassVar = ["-created_at", "-id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=DocumentKind.values), name="draft_kind_known"),
            models.CheckConstraint(
                condition=~Q(kind__in=["credit", "corrected", "reversal"]) | Q(about__isnull=False),
                name="draft_cites_what_it_is_about",
            ),
        ]
        triggers: ClassVar = [
            Refusal(
                name="kept_once_collected",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__collected_in__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def gross(self) -> Decimal:
        """What its lines add up to, with VAT, in euros."""
        return sum((line.gross for line in self.lines.all()), Decimal("0.00"))


class DraftLine(models.Model):
    """A line: quantity times a price with VAT. `source` is what it comes from ("booking:42"), once among drafts."""

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="lines")
    label = models.CharField(_("what"), max_length=200)
    quantity = DecimalField(_("quantity"), max_digits=10, decimal_places=3, default=1)
    unit = models.CharField(_("unit"), max_length=3, choices=QuantityUnit, default=QuantityUnit.ITEM)
    unit_price = DecimalField(_("price with VAT (EUR)"), max_digits=11, decimal_places=4)
    vat_rate = DecimalField(_("VAT (%)"), max_digits=4, decimal_places=2)
    exemption = models.CharField(_("without VAT because"), max_length=30, choices=VatExemption, blank=True)
    is_goods = models.BooleanField(_("goods (food, material…), not a service"), default=False, db_default=False)
    starts_on = models.DateField(_("from"), null=True, blank=True)
    ends_on = models.DateField(_("until (included)"), null=True, blank=True)
    source = models.CharField(max_length=60, null=True, blank=True, unique=True)
    about_line = models.ForeignKey(IssuedLine, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("line of a draft")
        verbose_name_plural = _("lines of drafts")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(quantity=0), name="line_quantity_not_zero", violation_error_message=_("Not zero.")
            ),
            models.CheckConstraint(
                condition=Q(unit_price__gte=0),
                name="line_price_not_negative",
                violation_error_message=_("A price is not negative; a discount is a line with a negative quantity."),
            ),
            models.CheckConstraint(condition=Q(vat_rate__in=VAT_RATES), name="line_vat_rate_known"),
            models.CheckConstraint(
                condition=Q(exemption="") | Q(vat_rate=0),
                name="line_exempt_at_zero",
                violation_error_message=_("What is exempt has a rate of 0 %%."),
            ),
            models.CheckConstraint(
                condition=Q(starts_on=None, ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="line_period_in_order",
                violation_error_message=_("The end comes before the start."),
            ),
        ]
        triggers: ClassVar = [
            Trigger(  # EN 16931, BR-O-11 to BR-O-14
                name="outside_scope_alone",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update,
                timing=pgtrigger.Deferred,
                func="""
                IF (SELECT count(DISTINCT exemption = 'VATEX-EU-O')
                      FROM billing_draftline WHERE draft_id = NEW.draft_id) > 1 THEN
                    RAISE EXCEPTION 'What is outside the scope of VAT stands alone.' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NULL;
                """,
            ),
            Trigger(
                name="kept_once_collected",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                func="""
                PERFORM FROM billing_draft WHERE id IN (NEW.draft_id, OLD.draft_id) FOR SHARE;
                IF EXISTS (
                    SELECT FROM billing_draft
                     WHERE id IN (NEW.draft_id, OLD.draft_id) AND collected_in_id IS NOT NULL
                ) THEN
                    RAISE EXCEPTION 'This draft was exported.' USING ERRCODE = 'check_violation';
                END IF;
                RETURN coalesce(NEW, OLD);
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def gross(self) -> Decimal:
        """The amount with VAT, in euros and cents."""
        return to_cents(self.quantity * self.unit_price)
