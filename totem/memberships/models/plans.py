"""What a hub offers: plans by the month and passes, their prices by group and period, what they include."""

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from totem.billing.models import VatExemption
from totem.core.constraints import EqualAsRange, InclusiveDates
from totem.core.model_fields import DecimalField, NameField
from totem.core.models import Dated
from totem.core.money import VAT_RATES
from totem.hubs.models import Hub
from totem.spaces.models import Space

LONGEST_NOTICE = 31
"""Days: a label asks for agreements that are left within a month."""


def dates_in_order(name: str) -> models.CheckConstraint:
    """The constraint that `ends_on`, where there is one, is not before `starts_on`."""
    return models.CheckConstraint(
        condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
        name=name,
        violation_error_message=_("The end is before the start."),
    )


class MemberGroup(models.IntegerChoices):
    """Whom a price is for, and the publics of a place in its figures."""

    EVERYBODY = 0, _("Everybody")
    INDEPENDENT = 1, _("Independent worker")
    CREATOR = 2, _("Creator of a company")
    COMPANY = 3, _("Company")
    STUDENT = 4, _("Student")
    JOB_SEEKER = 5, _("Job seeker")
    ASSOCIATION = 6, _("Association")


class PlanKind(models.TextChoices):
    AGREEMENT = "agreement", _("By the month, until given notice")
    PASS = "pass", _("Sold once (day, ticket book, hours)")


class ContractKind(models.TextChoices):
    """What the agreement is in law; its contract says so. It is never the membership of the association."""

    SERVICE = "service", _("Coworking service")
    HOSTING = "hosting", _("Hosting agreement (convention d’hébergement)")
    PRECARIOUS = "precarious", _("Precarious occupation")
    PUBLIC_PROPERTY = "public", _("Occupation of public property")


class Cycle(models.TextChoices):
    """When the periods that are invoiced begin."""

    CALENDAR = "calendar", _("on the first of the month")
    ANNIVERSARY = "anniversary", _("on the day of the month on which it began")


class Plan(Dated):
    """Something a hub sells to who works there: an agreement by the month, or a pass."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="plans")
    kind = models.CharField(_("sold"), max_length=10, choices=PlanKind, default=PlanKind.AGREEMENT)
    name = NameField(_("name"), max_length=80)
    description = models.TextField(_("description"), max_length=1000, blank=True)
    is_public = models.BooleanField(_("shown on the page of offers"), default=True)
    is_active = models.BooleanField(_("can be taken"), default=True)
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    vat_rate = DecimalField(_("VAT (%)"), max_digits=4, decimal_places=2, default=20)
    exemption = models.CharField(_("without VAT because"), max_length=30, choices=VatExemption, blank=True)
    reserved_to = models.ManyToManyField(
        "self", symmetrical=False, blank=True, verbose_name=_("reserved to who holds one of"), related_name="opens"
    )
    capacity = models.PositiveSmallIntegerField(
        _("places"), null=True, blank=True, validators=[MinValueValidator(1)],
        help_text=_("Leave empty: as many as ask. Beyond them people wait for a place."),
    )  # fmt: skip
    # Of an agreement.
    contract = models.CharField(
        _("what it is in law"), max_length=10, choices=ContractKind, default=ContractKind.SERVICE
    )
    cycle = models.CharField(_("its periods begin"), max_length=12, choices=Cycle, default=Cycle.CALENDAR)
    notice_days = models.PositiveSmallIntegerField(
        _("days of notice"), default=30, validators=[MaxValueValidator(LONGEST_NOTICE)], help_text=_("At most 31.")
    )
    deposit = DecimalField(_("security deposit (EUR)"), max_digits=8, decimal_places=2, default=0)
    space = models.ForeignKey(
        Space, on_delete=models.SET_NULL, null=True, blank=True, related_name="plans",
        verbose_name=_("comes with one of"), help_text=_("Fixed desks or offices, of which each agreement takes one."),
    )  # fmt: skip
    is_incubation = models.BooleanField(_("free place of the incubator"), default=False)
    market_value = DecimalField(
        _("market price by the month (EUR, without VAT)"), max_digits=8, decimal_places=2, null=True, blank=True,
        help_text=_("What the aid of a free or cheaper place is counted from (Regulation (EU) 2023/2831)."),
    )  # fmt: skip
    is_domiciliation = models.BooleanField(_("with the address of the company (domiciliation)"), default=False)
    # Of a pass.
    valid_days = models.PositiveSmallIntegerField(
        _("days it can be used"), null=True, blank=True, validators=[MinValueValidator(1)],
        help_text=_("From its first day. Leave empty: without an end."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        ordering: ClassVar = ["position", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["hub", "name"],
                name="plan_name_once",
                violation_error_message=_("A plan has this name already."),
            ),
            models.CheckConstraint(condition=Q(kind__in=PlanKind.values), name="plan_kind_known"),
            models.CheckConstraint(condition=Q(contract__in=ContractKind.values), name="plan_contract_known"),
            models.CheckConstraint(condition=Q(cycle__in=Cycle.values), name="plan_cycle_known"),
            models.CheckConstraint(condition=Q(vat_rate__in=VAT_RATES), name="plan_vat_rate_known"),
            models.CheckConstraint(
                condition=Q(exemption="") | Q(vat_rate=0),
                name="plan_exempt_at_zero",
                violation_error_message=_("What is exempt has a rate of 0 %%."),
            ),
            models.CheckConstraint(condition=Q(notice_days__lte=LONGEST_NOTICE), name="plan_notice_at_most_a_month"),
            models.CheckConstraint(condition=Q(deposit__gte=0), name="plan_deposit_not_negative"),
            models.CheckConstraint(condition=Q(capacity=None) | Q(capacity__gte=1), name="plan_capacity_positive"),
            models.CheckConstraint(
                condition=Q(is_incubation=False) | Q(market_value__gt=0),
                name="plan_incubation_has_a_market_price",
                violation_error_message=_("A place of the incubator has a market price: it is the aid that is given."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PlanPrice(Dated):
    """The price of a plan for a group, VAT included, from one day until another; with `minimum`, as much as they like.

    `months` is what one payment covers: 1 by the month, 3 by the quarter, 12 by the year; 0 for a pass.
    """

    class Months(models.IntegerChoices):
        ONCE = 0, _("once")
        MONTH = 1, _("month")
        QUARTER = 3, _("quarter")
        YEAR = 12, _("year")

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="prices")
    group = models.PositiveSmallIntegerField(_("for"), choices=MemberGroup, default=MemberGroup.EVERYBODY)
    months = models.PositiveSmallIntegerField(_("for one"), choices=Months, default=Months.MONTH)
    amount = DecimalField(_("price, VAT included (EUR)"), max_digits=8, decimal_places=2)
    minimum = DecimalField(
        _("at least (EUR)"), max_digits=8, decimal_places=2, null=True, blank=True,
        help_text=_("Who takes it chooses what they pay, from this on; the price is what is proposed."),
    )  # fmt: skip
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("price of a plan")
        verbose_name_plural = _("prices of plans")
        ordering: ClassVar = ["group", "months", "starts_on"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="plan_price_not_negative"),
            models.CheckConstraint(
                condition=Q(minimum=None) | Q(minimum__gte=0, minimum__lte=F("amount")),
                name="plan_minimum_below_price",
                violation_error_message=_("The minimum is at most the price proposed."),
            ),
            models.CheckConstraint(condition=Q(group__in=MemberGroup.values), name="plan_price_group_known"),
            models.CheckConstraint(condition=Q(months__in=[0, 1, 3, 12]), name="plan_price_months_known"),
            dates_in_order("plan_price_dates_in_order"),
            ExclusionConstraint(
                name="plan_price_once_at_a_time",
                expressions=[
                    EqualAsRange.on("plan_id"),
                    EqualAsRange.on("group"),
                    EqualAsRange.on("months"),
                    InclusiveDates.overlap(),
                ],
                violation_error_message=_("Another price already holds during part of this time."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.amount}"


class CreditUnit(models.TextChoices):
    """What is given and spent. Quantities are whole numbers of `GRAIN`s."""

    ROOM = "room", _("hours of meeting room")
    MACHINE = "machine", _("hours of machine")
    DAY = "day", _("days at a desk")
    EVENT = "event", _("events")


GRAIN = {CreditUnit.ROOM: 60, CreditUnit.MACHINE: 60, CreditUnit.DAY: 2, CreditUnit.EVENT: 1}
"""How many are one hour (minutes), one day (half-days) and one event."""


class PlanBenefit(models.Model):
    """What a plan includes: by the month for an agreement, once for a pass. `quantity` is in grains (`GRAIN`)."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="benefits")
    unit = models.CharField(_("what"), max_length=10, choices=CreditUnit)
    quantity = models.PositiveIntegerField(_("how many"))
    rolls_over = models.BooleanField(_("what is left at the end of a month is kept for the next"), default=False)

    class Meta:
        verbose_name = _("what a plan includes")
        verbose_name_plural = _("what plans include")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["plan", "unit"], name="plan_benefit_once"),
            models.CheckConstraint(condition=Q(unit__in=CreditUnit.values), name="plan_benefit_unit_known"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="plan_benefit_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.unit}"


OFFER_LASTS = timedelta(days=7)
"""A place that is offered is kept so long for the one who waited."""


class PlaceRequest(Dated):
    """Somebody waits for a place of a plan that is full; in the order of asking."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="waiting")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    offered_at = models.DateTimeField(_("offered"), null=True, blank=True)

    class Meta:
        verbose_name = _("request for a place")
        verbose_name_plural = _("requests for a place")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["plan", "person"], name="place_request_once")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.plan_id}"
