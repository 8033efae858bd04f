"""What was issued: numbered, frozen, append-only."""

from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from totem.billing.models.customers import Customer
from totem.billing.models.sellers import Seller
from totem.core.constraints import is_sha256_of
from totem.core.models import StoredFile
from totem.core.triggers import Refusal, Trigger, append_only
from totem.hubs.models import Hub


class DocumentKind(models.TextChoices):
    QUOTE = "quote", _("Quote")
    INVOICE = "invoice", _("Invoice")
    DEPOSIT = "deposit", _("Deposit invoice")
    CREDIT_NOTE = "credit", _("Credit note")
    CORRECTED = "corrected", _("Corrected invoice")
    REVERSAL = "reversal", _("Invoice that cancels a credit note")


PREFIXES = {
    DocumentKind.QUOTE: "D",
    DocumentKind.INVOICE: "F",
    DocumentKind.DEPOSIT: "F",
    DocumentKind.CORRECTED: "F",
    DocumentKind.REVERSAL: "F",
    DocumentKind.CREDIT_NOTE: "A",
}
"""The series of each kind: devis, factures, avoirs."""


class Series(models.Model):
    """The counter of a seller's documents of one prefix and year. Its row is the last that issuing locks.

    Triggers let it only count up, on a day that is not before the last, and refuse at the commit a number that no
    document of that day has.
    """

    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="series")
    prefix = models.CharField(max_length=1)
    year = models.PositiveSmallIntegerField()
    last_number = models.PositiveIntegerField(default=0)
    last_issued_on = models.DateField(null=True)

    class Meta:
        verbose_name = _("series")
        verbose_name_plural = _("series")
        constraints: ClassVar = [models.UniqueConstraint(fields=["seller", "prefix", "year"], name="series_once")]
        triggers: ClassVar = [
            Refusal(name="kept", operation=pgtrigger.Delete | pgtrigger.Truncate),
            Trigger(
                name="counts_up",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                IF TG_OP = 'INSERT' AND NEW.last_number = 0 AND NEW.last_issued_on IS NULL THEN RETURN NEW; END IF;
                IF TG_OP = 'UPDATE' AND (NEW.id, NEW.seller_id, NEW.prefix, NEW.year)
                        = (OLD.id, OLD.seller_id, OLD.prefix, OLD.year)
                    AND NEW.last_number > OLD.last_number
                    AND NEW.last_issued_on >= coalesce(OLD.last_issued_on, NEW.last_issued_on) THEN RETURN NEW;
                END IF;
                RAISE EXCEPTION 'Numbers follow each other, and their dates.' USING ERRCODE = 'check_violation';
                """,
            ),
            Trigger(
                name="every_number_is_used",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                timing=pgtrigger.Deferred,
                func="""
                IF NEW.last_number - OLD.last_number <> (
                    SELECT count(*) FROM billing_issueddocument
                     WHERE series_id = NEW.id AND number > OLD.last_number AND number <= NEW.last_number
                       AND issued_on = NEW.last_issued_on
                ) THEN
                    RAISE EXCEPTION 'A number from % to % is of no document.', OLD.last_number + 1, NEW.last_number
                        USING ERRCODE = 'check_violation';
                END IF;
                RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}{self.year}"


class IssuedDocument(models.Model):
    """A quote, an invoice or a credit note as it was issued. `content` is canonical JSON (`billing.content`).

    Amounts are in euros and positive, those of credit notes too. `about` is the document that it credits, replaces or
    neutralises, or the quote of an invoice; `chain` is shared by an invoice and those that replace it.
    """

    seller = models.ForeignKey(Seller, on_delete=models.PROTECT, related_name="documents")
    hub = models.ForeignKey(Hub, on_delete=models.PROTECT, related_name="documents")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(_("kind"), max_length=10, choices=DocumentKind)
    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="documents")
    number = models.PositiveIntegerField(_("number"))
    reference = models.CharField(_("number"), max_length=20)
    issued_on = models.DateField(_("issued on"))
    issued_at = models.DateTimeField(_("issued"))
    issued_by = models.BigIntegerField(_("issued by"), null=True)
    due_on = models.DateField(_("due on"), null=True)
    net = models.DecimalField(_("without VAT"), max_digits=12, decimal_places=2)
    vat = models.DecimalField(_("VAT"), max_digits=12, decimal_places=2)
    gross = models.DecimalField(_("with VAT"), max_digits=12, decimal_places=2)
    about = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="followed_by")
    chain = models.UUIDField()
    content = models.TextField()
    # What `queries.with_balance` adds, in euros.
    paid: Decimal
    credited: Decimal
    deducted: Decimal
    balance: Decimal
    is_replaced: bool
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("issued document")
        verbose_name_plural = _("issued documents")
        ordering: ClassVar = ["-issued_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["hub", "-issued_at", "-id"], name="document_of_hub"),
            models.Index(fields=["chain"], name="document_of_chain"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["series", "number"], name="document_number_once"),
            models.UniqueConstraint(fields=["seller", "reference"], name="document_reference_once"),
            models.UniqueConstraint(fields=["about"], condition=Q(kind="corrected"), name="document_replaced_once"),
            models.CheckConstraint(condition=Q(kind__in=DocumentKind.values), name="document_kind_known"),
            models.CheckConstraint(
                condition=~Q(kind__in=["credit", "corrected", "reversal"]) | Q(about__isnull=False),
                name="document_cites_what_it_is_about",
            ),
            models.CheckConstraint(condition=Q(gross__gte=0), name="document_total_not_negative"),
            models.CheckConstraint(condition=is_sha256_of("content"), name="document_digest_of_its_content"),
        ]
        triggers: ClassVar = [
            append_only(),
            Trigger(
                name="takes_its_number",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                IF NOT EXISTS (
                    SELECT FROM billing_series AS s
                     WHERE s.id = NEW.series_id AND s.seller_id = NEW.seller_id
                       AND NEW.number BETWEEN 1 AND s.last_number
                       AND s.last_issued_on = NEW.issued_on AND s.year = extract(year FROM NEW.issued_on)
                       AND NEW.reference = s.prefix || s.year || '-' || lpad(NEW.number::text, 6, '0')
                ) THEN
                    RAISE EXCEPTION 'This is not a new number of its series.' USING ERRCODE = 'check_violation';
                END IF;
                IF EXISTS (
                    SELECT FROM billing_closedmonth
                     WHERE seller_id = NEW.seller_id AND month >= date_trunc('month', NEW.issued_on)
                ) THEN
                    RAISE EXCEPTION 'This month is closed.' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class IssuedLine(models.Model):
    """A line of an issued document. `about_line` is the line that it credits, or whose credit it neutralises."""

    document = models.ForeignKey(IssuedDocument, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    label = models.CharField(max_length=200)
    gross = models.DecimalField(max_digits=12, decimal_places=2)
    net = models.DecimalField(max_digits=12, decimal_places=2)
    vat_rate = models.DecimalField(max_digits=4, decimal_places=2)
    exemption = models.CharField(max_length=30)
    source = models.CharField(max_length=60)
    about_line = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="followed_by")

    class Meta:
        verbose_name = _("line of an issued document")
        verbose_name_plural = _("lines of issued documents")
        ordering: ClassVar = ["position"]
        indexes: ClassVar = [models.Index(fields=["source"], condition=~Q(source=""), name="document_line_source")]
        constraints: ClassVar = [models.UniqueConstraint(fields=["document", "position"], name="document_line_once")]
        triggers: ClassVar = [
            append_only(),
            Trigger(
                name="never_above_what_was_invoiced",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Q(new__about_line__isnull=False),
                func="""
                IF (SELECT sign(NEW.gross) <> sign(cited.gross) OR abs(cited.gross) < abs(NEW.gross + coalesce(
                        (SELECT sum(credit.gross - coalesce((SELECT sum(reversal.gross)
                           FROM billing_issuedline AS reversal WHERE reversal.about_line_id = credit.id), 0))
                           FROM billing_issuedline AS credit WHERE credit.about_line_id = cited.id), 0))
                      FROM billing_issuedline AS cited WHERE cited.id = NEW.about_line_id) THEN
                    RAISE EXCEPTION 'More than what was invoiced.' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.label


class Deduction(models.Model):
    """A deposit that a final invoice deducts, once; the invoices of its `chain` that replace it take it over."""

    invoice = models.ForeignKey(IssuedDocument, on_delete=models.PROTECT, related_name="deductions")
    deposit = models.OneToOneField(IssuedDocument, on_delete=models.PROTECT, related_name="deducted_in")

    class Meta:
        verbose_name = _("deducted deposit")
        verbose_name_plural = _("deducted deposits")
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.deposit_id} in {self.invoice_id}"


class IssuedFile(models.Model):
    """The PDF of an issued document, drawn after the transaction that issued it."""

    document = models.OneToOneField(IssuedDocument, on_delete=models.PROTECT, related_name="file")
    stored = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    drawn_at = models.DateTimeField()

    class Meta:
        verbose_name = _("PDF of a document")
        verbose_name_plural = _("PDFs of documents")
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.document_id}"


class Transmission(models.Model):
    """What became of a document given to an e-invoicing platform; the latest row tells. Append-only."""

    LONGEST_DETAIL = 300

    class Status(models.TextChoices):
        """That it was handed over, and the statuses that the law names (décret 2022-1299, annex).

        The platform says deposited, rejected and refused; cashed is what it is told.
        """

        SENT = "sent", _("Handed over for the platform")
        DEPOSITED = "deposited", _("Deposited")
        REJECTED = "rejected", _("Rejected by the platform")
        REFUSED = "refused", _("Refused by the customer")
        CASHED = "cashed", _("Cashed")

    TURNED_DOWN = (Status.REJECTED, Status.REFUSED)
    FROM_PLATFORM = (Status.DEPOSITED, *TURNED_DOWN)

    document = models.ForeignKey(IssuedDocument, on_delete=models.PROTECT, related_name="transmissions")
    status = models.CharField(_("status"), max_length=10, choices=Status)
    at = models.DateTimeField(_("at"))
    detail = models.CharField(_("detail"), max_length=LONGEST_DETAIL, blank=True)

    class Meta:
        verbose_name = _("e-invoicing status")
        verbose_name_plural = _("e-invoicing statuses")
        ordering: ClassVar = ["at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["document", "status", "at"], name="transmission_once"),
            models.UniqueConstraint(
                fields=["document", "status"],
                condition=Q(status__in=["sent", "cashed"]),
                name="transmission_sent_and_cashed_once",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["sent", "deposited", "rejected", "refused", "cashed"]),
                name="transmission_status_known",
            ),
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.document_id} {self.status}"
