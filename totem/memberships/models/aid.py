"""De minimis aid of places of the incubator (Regulation (EU) 2023/2831): declared, decided, attested, registered."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from totem.billing.models import Customer
from totem.core.model_fields import DecimalField
from totem.core.models import StoredFile
from totem.core.triggers import append_only
from totem.hubs.models import Hub
from totem.memberships.models.agreements import Agreement
from totem.memberships.models.plans import Plan

NACE = RegexValidator(r"^[0-9]{2}(\.[0-9]{1,2}[A-Z]?)?$", _("A code of activity, as 62 or 62.01Z."))


class AidRecord(models.Model):
    """What is recorded once about aid and never changed; people are ids only."""

    hub = models.ForeignKey(Hub, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(_("recorded"))
    recorded_by = models.BigIntegerField(null=True)

    class Meta:
        abstract = True


class AidDeclaration(AidRecord):
    """All de minimis aid that a customer declares to have been granted by others in three years; none without rows.

    It is of the single undertaking (article 2, paragraph 2): `linked` are the SIREN of the companies that form it with
    the customer. It is corrected by another one, which says everything again: the latest counts.
    """

    declared_on = models.DateField(_("declared on"))
    declared_by = models.CharField(_("declared by"), max_length=150, help_text=_("The name, and in what capacity."))
    activity = models.CharField(
        _("code of activity (NACE or APE)"), max_length=6, validators=[NACE],
        help_text=_("The register asks for the sector: 62.01Z, for example."),
    )  # fmt: skip
    linked = ArrayField(models.CharField(max_length=9), default=list, blank=True)

    class Meta:
        verbose_name = _("declaration of aid")
        verbose_name_plural = _("declarations of aid")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(declared_by=""), name="aid_declared_by_somebody"),
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.declared_on}"


class DeclaredAid(models.Model):
    """De minimis aid of a declaration: in euros, as gross grant equivalent."""

    declaration = models.ForeignKey(AidDeclaration, on_delete=models.PROTECT, related_name="aid")
    granted_on = models.DateField(_("granted on"))
    amount = DecimalField(_("amount (EUR)"), max_digits=9, decimal_places=2)
    body = models.CharField(_("granted by"), max_length=150)
    measure = models.CharField(_("measure"), max_length=150)

    class Meta:
        verbose_name = _("declared aid")
        verbose_name_plural = _("declared aid")
        ordering: ClassVar = ["granted_on", "pk"]
        constraints: ClassVar = [models.CheckConstraint(condition=Q(amount__gt=0), name="declared_aid_positive")]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.granted_on} {self.amount}"


class AidDecision(AidRecord):
    """What the team decides, and why, where the rule would refuse a place of that plan to the customer."""

    class Kind(models.TextChoices):
        UNDECLARED = "undeclared", _("Granted without a declaration")
        OTHER_REGIME = "regime", _("Another regime applies")

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("decision"), max_length=10, choices=Kind)
    legal_basis = models.CharField(
        _("legal basis"), max_length=200, blank=True,
        help_text=_("Of another regime: Regulation (EU) 651/2014, article 22, for example."),
    )  # fmt: skip
    reason = models.CharField(_("why"), max_length=300)
    decided_on = models.DateField(_("decided on"))

    class Meta:
        verbose_name = _("decision about aid")
        verbose_name_plural = _("decisions about aid")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(Q(kind="regime") & ~Q(legal_basis="")) | Q(kind="undeclared", legal_basis=""),
                name="aid_decision_names_its_regime",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="aid_decision_says_why"),
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.kind}"


class AidAttestation(AidRecord):
    """What a customer was told in writing of its aid between two days, both included: the PDF as it was issued."""

    number = models.PositiveIntegerField(_("number"))
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until (included)"))
    amount = models.DecimalField(_("aid (EUR)"), max_digits=9, decimal_places=2)
    total = models.DecimalField(_("total over three years (EUR)"), max_digits=9, decimal_places=2)
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("attestation of aid")
        verbose_name_plural = _("attestations of aid")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hub", "number"], name="aid_attestation_number_once"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, total__gte=F("amount"), ends_on__gte=F("starts_on")),
                name="aid_attestation_in_order",
            ),
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.hub_id} {self.number}"


class AidEntry(models.Model):
    """Aid of a month of an agreement that was entered in the central register; from number 1 on a correction of it."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="aid_entries")
    month = models.DateField(_("month"))
    number = models.PositiveSmallIntegerField(default=0)
    granted_on = models.DateField(_("granted on"))
    amount = models.DecimalField(_("aid (EUR)"), max_digits=9, decimal_places=2)
    entered_on = models.DateField(_("entered on"))
    recorded_at = models.DateTimeField(_("recorded"))
    recorded_by = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("entry of aid in the register")
        verbose_name_plural = _("entries of aid in the register")
        ordering: ClassVar = ["month", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["agreement", "month", "number"], name="aid_entry_once"),
            models.CheckConstraint(
                condition=Q(number=0, amount__gt=0) | (Q(number__gte=1) & ~Q(amount=0)), name="aid_entry_or_correction"
            ),
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.month}"
