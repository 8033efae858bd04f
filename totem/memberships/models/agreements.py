"""Agreements by the month (the contract for the place): terms, pauses, seats, what was invoiced, security deposits."""

from typing import ClassVar, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from totem.billing.models import Customer
from totem.billing.models.payments import Means
from totem.core.constraints import EqualAsRange, InclusiveDates
from totem.core.model_fields import DecimalField
from totem.core.models import ChainLink, Dated, StoredFile
from totem.core.money import VAT_RATES
from totem.core.triggers import Trigger, append_only, read_only
from totem.hubs.models import Hub
from totem.memberships.models.plans import LONGEST_NOTICE, Cycle, MemberGroup, Plan, PlanPrice, dates_in_order
from totem.spaces.models import Unit


class AgreementState(models.TextChoices):
    """`active` counts between its dates; nothing else is in force. `to_sign` keeps its place and its desk."""

    ASKED = "asked", _("Asked for")
    TO_SIGN = "to_sign", _("Waits for its signature")
    ACTIVE = "active", pgettext_lazy("agreement", "Signed")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


HOLDING = (AgreementState.TO_SIGN, AgreementState.ACTIVE)


class AgreementQuerySet(models.QuerySet["Agreement"]):
    def in_force(self, day: object) -> Self:
        """Those signed that hold on that day, both ends included."""
        return self.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=day), state=AgreementState.ACTIVE, starts_on__lte=day
        )


class Agreement(Dated):
    """A contract between a hub and a customer, from one day until further notice or until a last day.

    Its plan and price on a day are its `AgreementTerms`; who works under it are its seats. Its periods are counted from
    the first of its first month, or from its first day (`cycle`): `memberships.periods`.
    """

    hub = models.ForeignKey(Hub, on_delete=models.PROTECT, related_name="agreements")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="agreements")
    state = models.CharField(_("state"), max_length=10, choices=AgreementState, default=AgreementState.ASKED)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until (included)"), null=True, blank=True)
    cycle = models.CharField(max_length=12, choices=Cycle, default=Cycle.CALENDAR)
    notice_days = models.PositiveSmallIntegerField(
        _("days of notice"), default=30, validators=[MaxValueValidator(LONGEST_NOTICE)]
    )
    deposit = DecimalField(_("security deposit (EUR)"), max_digits=8, decimal_places=2, default=0)
    unit = models.ForeignKey(
        Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="agreements", verbose_name=_("desk, office")
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    signed_on = models.DateField(_("signed on"), null=True, blank=True)
    signed_file = models.ForeignKey(
        StoredFile, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+",
        help_text="The scan of what was signed on paper.",
    )  # fmt: skip
    signed_name = models.CharField(max_length=150, blank=True, db_default="", editable=False)
    ended_by = models.BigIntegerField(null=True, blank=True, help_text="Who gave notice: the id of a person.")
    agreed_end = models.DateField(null=True, blank=True, editable=False, help_text="Its last day before the notice.")
    end_reason = models.CharField(_("why it ends"), max_length=200, blank=True)

    pays: bool  # of `queries.own.own_agreements`

    objects = AgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        ordering: ClassVar = ["-starts_on", "-pk"]
        indexes: ClassVar = [models.Index(fields=["hub", "state", "starts_on"], name="agreement_of_hub")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=AgreementState.values), name="agreement_state_known"),
            models.CheckConstraint(condition=Q(cycle__in=Cycle.values), name="agreement_cycle_known"),
            models.CheckConstraint(
                condition=Q(notice_days__lte=LONGEST_NOTICE), name="agreement_notice_at_most_a_month"
            ),
            models.CheckConstraint(condition=Q(deposit__gte=0), name="agreement_deposit_not_negative"),
            models.CheckConstraint(
                condition=~Q(state="active") | Q(signed_on__isnull=False), name="agreement_active_once_signed"
            ),
            dates_in_order("agreement_dates_in_order"),
            ExclusionConstraint(
                name="agreement_unit_once_at_a_time",
                expressions=[EqualAsRange.on("unit_id"), InclusiveDates.overlap()],
                condition=Q(unit__isnull=False, state__in=HOLDING),
                violation_error_message=_("This desk or office is taken during part of this time."),
            ),
        ]
        triggers: ClassVar = [read_only("stays_its_customers", "hub", "customer")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.starts_on}"


class AgreementTerms(Dated):
    """The plan and the price of an agreement from one day until another, both included; VAT included, for `months`.

    Terms to come are a change that is planned; `announced_on` is when a changed price was told. `market_value` is that
    of a plan of the incubator when they were made: a plan that changes later does not change past aid.
    """

    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, related_name="terms")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="terms")
    group = models.PositiveSmallIntegerField(_("as"), choices=MemberGroup, default=MemberGroup.EVERYBODY)
    months = models.PositiveSmallIntegerField(_("for one"), choices=PlanPrice.Months, default=PlanPrice.Months.MONTH)
    amount = DecimalField(_("price, VAT included (EUR)"), max_digits=8, decimal_places=2)
    vat_rate = DecimalField(_("VAT (%)"), max_digits=4, decimal_places=2)
    exemption = models.CharField(max_length=30, blank=True)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until (included)"), null=True, blank=True)
    announced_on = models.DateField(_("announced on"), null=True, blank=True)
    market_value = DecimalField(
        _("market price by the month (EUR, without VAT)"), max_digits=8, decimal_places=2, null=True, blank=True,
        editable=False,
    )  # fmt: skip
    other_regime = models.CharField(
        max_length=200,
        blank=True,
        db_default="",
        editable=False,
        help_text="The legal basis of aid that is not de minimis.",
    )

    class Meta:
        verbose_name = _("terms of an agreement")
        verbose_name_plural = _("terms of agreements")
        ordering: ClassVar = ["starts_on", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="terms_amount_not_negative"),
            models.CheckConstraint(condition=Q(months__in=[1, 3, 12]), name="terms_months_known"),
            models.CheckConstraint(condition=Q(group__in=MemberGroup.values), name="terms_group_known"),
            models.CheckConstraint(condition=Q(vat_rate__in=VAT_RATES), name="terms_vat_rate_known"),
            dates_in_order("terms_dates_in_order"),
            ExclusionConstraint(
                name="terms_once_at_a_time",
                expressions=[EqualAsRange.on("agreement_id"), InclusiveDates.overlap()],
                violation_error_message=_("Other terms hold during part of this time."),
            ),
        ]
        triggers: ClassVar = [read_only("keeps_its_market_value", "market_value")]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.starts_on}"


class AgreementPause(Dated):
    """Days of an agreement that are not invoiced and give nothing, both included."""

    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, related_name="pauses")
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until (included)"), null=True, blank=True)

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        ordering: ClassVar = ["starts_on"]
        constraints: ClassVar = [
            dates_in_order("pause_dates_in_order"),
            ExclusionConstraint(
                name="pause_once_at_a_time",
                expressions=[EqualAsRange.on("agreement_id"), InclusiveDates.overlap()],
                violation_error_message=_("Another pause holds during part of this time."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.starts_on}"


class Suspension(Dated):
    """Somebody of the team suspends what an agreement gives (never what it owes), after an unpaid invoice; lifted."""

    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, related_name="suspensions")
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until (included)"), null=True, blank=True)
    reason = models.CharField(_("why"), max_length=200)
    by = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("suspension")
        verbose_name_plural = _("suspensions")
        ordering: ClassVar = ["starts_on"]
        constraints: ClassVar = [
            dates_in_order("suspension_dates_in_order"),
            ExclusionConstraint(
                name="suspension_once_at_a_time",
                expressions=[EqualAsRange.on("agreement_id"), InclusiveDates.overlap()],
                violation_error_message=_("It is already suspended during part of this time."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.starts_on}"


class AgreementSeat(Dated):
    """A person who works under an agreement from one day until another, both included; one payer for a team."""

    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, related_name="seats")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="agreement_seats")
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until (included)"), null=True, blank=True)

    class Meta:
        verbose_name = _("seat of an agreement")
        verbose_name_plural = _("seats of agreements")
        ordering: ClassVar = ["starts_on", "pk"]
        constraints: ClassVar = [
            dates_in_order("agreement_seat_dates_in_order"),
            ExclusionConstraint(
                name="agreement_seat_once_at_a_time",
                expressions=[EqualAsRange.on("agreement_id"), EqualAsRange.on("person_id"), InclusiveDates.overlap()],
                violation_error_message=_("This person has a seat during part of this time already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.agreement_id}"


class AgreementCharge(models.Model):
    """Days of an agreement that were put on a draft, once: what the monthly run has done. `amount` has VAT.

    Both days are included; no two charges of an agreement overlap. `adjusts` is the charge for whose days an end, a
    pause or other terms made more or less due; `number` tells apart the adjustments of one charge.
    """

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="charges")
    adjusts = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="adjustments")
    number = models.PositiveSmallIntegerField(default=0)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until (included)"))
    amount = models.DecimalField(_("amount with VAT"), max_digits=10, decimal_places=2)
    vat_rate = models.DecimalField(_("VAT (%)"), max_digits=4, decimal_places=2)
    exemption = models.CharField(max_length=30, blank=True)
    charged_at = models.DateTimeField(_("charged"))

    class Meta:
        verbose_name = _("charge of an agreement")
        verbose_name_plural = _("charges of agreements")
        ordering: ClassVar = ["starts_on", "pk"]
        constraints: ClassVar = [
            dates_in_order("charge_dates_in_order"),
            models.CheckConstraint(
                condition=Q(adjusts=None, number=0, amount__gt=0)
                | (Q(adjusts__isnull=False, number__gte=1) & ~Q(amount=0)),
                name="charge_or_adjustment",
            ),
            models.UniqueConstraint(fields=["adjusts", "number"], name="charge_adjustment_once"),
            ExclusionConstraint(
                name="charge_once",
                expressions=[EqualAsRange.on("agreement_id"), InclusiveDates.overlap()],
                condition=Q(adjusts=None),
                violation_error_message=_("Part of this time is charged already."),
            ),
        ]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return self.source

    @property
    def source(self) -> str:
        """The name of its line in `billing`: "agreement:12:2026-10-01"; of its first adjustment, ":1" after that."""
        name = f"agreement:{self.agreement_id}:{self.starts_on}"
        return f"{name}:{self.number}" if self.number else name


class DepositMovement(models.Model):
    """A security deposit received, given back or kept (negative): a liability with a receipt, never an invoice.

    Kept in the chain of the hub's deposits (`core.chain`); people are ids only.
    """

    class Kind(models.TextChoices):
        RECEIVED = "received", _("Received")
        RETURNED = "returned", _("Given back")
        KEPT = "kept", _("Kept for an invoice")

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="deposit_movements")
    kind = models.CharField(max_length=10, choices=Kind)
    amount = models.DecimalField(_("amount"), max_digits=8, decimal_places=2)
    means = models.CharField(_("means"), max_length=10, choices=Means)
    moved_on = models.DateField(_("on"))
    recorded_at = models.DateTimeField(_("recorded"))
    recorded_by = models.BigIntegerField(null=True)
    reason = models.CharField(_("why"), max_length=200, blank=True)
    link = models.OneToOneField(ChainLink, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("movement of a security deposit")
        verbose_name_plural = _("movements of security deposits")
        ordering: ClassVar = ["recorded_at", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind="received", amount__gt=0) | Q(kind__in=["returned", "kept"], amount__lt=0),
                name="deposit_movement_signed",
            ),
            models.CheckConstraint(condition=Q(means__in=Means.values), name="deposit_means_known"),
        ]
        triggers: ClassVar = [
            append_only(),
            Trigger(
                name="never_more_than_was_received",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                PERFORM FROM memberships_agreement WHERE id = NEW.agreement_id FOR NO KEY UPDATE;
                IF NEW.amount + (
                    SELECT coalesce(sum(amount), 0) FROM memberships_depositmovement
                     WHERE agreement_id = NEW.agreement_id
                ) < 0 THEN
                    RAISE EXCEPTION 'More than was received.' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


class DepositReceiptPrint(models.Model):
    """A receipt of a deposit that was printed; the second and later ones of a movement are duplicates."""

    movement = models.ForeignKey(DepositMovement, on_delete=models.PROTECT, related_name="receipts")
    copy = models.PositiveSmallIntegerField()
    printed_at = models.DateTimeField()
    printed_by = models.BigIntegerField(null=True)
    link = models.OneToOneField(ChainLink, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("printed receipt of a deposit")
        verbose_name_plural = _("printed receipts of deposits")
        ordering: ClassVar = ["copy"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["movement", "copy"], name="deposit_receipt_copy_once")]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.movement_id} {self.copy}"
