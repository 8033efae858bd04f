"""Membership of the association (adhésion): what its dues are, what is asked on joining, who paid for which period."""

from typing import ClassVar, Self

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from totem.billing.models import IssuedDocument
from totem.core.constraints import EqualAsRange, InclusiveDates
from totem.core.model_fields import DecimalField, NameField
from totem.core.models import Dated
from totem.hubs.models import Hub
from totem.memberships.models.plans import MemberGroup, dates_in_order
from totem.organisations.models import Organisation


class DuesPeriod(models.TextChoices):
    """The period that one payment covers."""

    ROLLING = "rolling", _("a year from the day of joining")
    CIVIL = "civil", _("the civil year")
    SCHOOL = "school", _("the school year (from 1 September)")
    LIFE = "life", _("for life")


class DuesKind(Dated):
    """A kind of membership of the association: its period, its vote, how it is asked for and paid late."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="dues_kinds")
    name = NameField(_("name"), max_length=80)
    description = models.TextField(_("description"), max_length=1000, blank=True)
    period = models.CharField(_("period"), max_length=10, choices=DuesPeriod, default=DuesPeriod.CIVIL)
    has_vote = models.BooleanField(_("has a vote in the general assembly"), default=True)
    needs_approval = models.BooleanField(_("the association approves each request"), default=False)
    vat_rate = DecimalField(
        _("VAT (%)"), max_digits=4, decimal_places=2, null=True, blank=True,
        help_text=_("Leave empty: outside the scope of VAT, as dues without anything in return are."),
    )  # fmt: skip
    opens_before_days = models.PositiveSmallIntegerField(
        _("days before a period from which its dues are paid"), default=62, validators=[MaxValueValidator(366)],
        help_text=_("What is paid within these days is for the next period: with 31, from 1 December for next year."),
    )  # fmt: skip
    late_days = models.PositiveSmallIntegerField(
        _("days after a period within which paying late leaves no gap"), default=0, validators=[MaxValueValidator(366)],
        help_text=_("A rolling year paid later than that starts on the day of payment."),
    )  # fmt: skip
    is_active = models.BooleanField(_("can be joined"), default=True)
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("kind of dues")
        verbose_name_plural = _("kinds of dues")
        ordering: ClassVar = ["position", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(period__in=DuesPeriod.values), name="dues_period_known"),
            models.UniqueConstraint(
                fields=["hub", "name"],
                name="dues_name_once",
                violation_error_message=_("Dues of this name exist already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DuesAmount(Dated):
    """What a group of people pays for one period, from one day until another; with `minimum`, as much as they like."""

    kind = models.ForeignKey(DuesKind, on_delete=models.CASCADE, related_name="amounts")
    group = models.PositiveSmallIntegerField(_("for"), choices=MemberGroup, default=MemberGroup.EVERYBODY)
    amount = DecimalField(_("amount (EUR)"), max_digits=8, decimal_places=2)
    minimum = DecimalField(
        _("at least (EUR)"), max_digits=8, decimal_places=2, null=True, blank=True,
        help_text=_("Members choose what they pay, from this on; the amount is what is proposed."),
    )  # fmt: skip
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("amount of dues")
        verbose_name_plural = _("amounts of dues")
        ordering: ClassVar = ["group", "starts_on"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(minimum=None) | Q(minimum__lte=F("amount")),
                name="dues_minimum_below_amount",
                violation_error_message=_("The minimum is at most the amount proposed."),
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="dues_amount_not_negative"),
            models.CheckConstraint(condition=Q(minimum=None) | Q(minimum__gte=0), name="dues_minimum_not_negative"),
            models.CheckConstraint(condition=Q(group__in=MemberGroup.values), name="dues_group_known"),
            dates_in_order("dues_amount_dates_in_order"),
            ExclusionConstraint(
                name="dues_amount_once_at_a_time",
                expressions=[EqualAsRange.on("kind_id"), EqualAsRange.on("group"), InclusiveDates.overlap()],
                violation_error_message=_("Another amount already holds during part of this time."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind_id} {self.amount}"


class QuestionType(models.TextChoices):
    TEXT = "text", _("A line of text")
    LONG = "long", _("Several lines")
    CHOICE = "choice", _("One of a list")
    SEVERAL = "several", _("Several of a list")
    YES_NO = "yes_no", _("Yes or no")
    NUMBER = "number", _("A number")
    DATE = "date", _("A date")


class DuesQuestion(Dated):
    """A question asked on joining. Answers are kept by its `key`, which never changes."""

    kind = models.ForeignKey(DuesKind, on_delete=models.CASCADE, related_name="questions")
    key = models.SlugField(max_length=40)
    label = models.CharField(_("question"), max_length=200)
    type = models.CharField(_("answer"), max_length=10, choices=QuestionType, default=QuestionType.TEXT)
    options = ArrayField(models.CharField(max_length=100), verbose_name=_("the list"), default=list, blank=True)
    is_required = models.BooleanField(_("has to be answered"), default=False)
    is_active = models.BooleanField(_("asked"), default=True)
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("question on joining")
        verbose_name_plural = _("questions on joining")
        ordering: ClassVar = ["position", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "key"], name="dues_question_key_once"),
            models.CheckConstraint(
                condition=~Q(type__in=["choice", "several"]) | ~Q(options=[]),
                name="dues_question_has_its_list",
                violation_error_message=_("Give the answers to choose from."),
            ),
        ]

    def __str__(self) -> str:
        return self.label


class DuesState(models.TextChoices):
    """Only `paid` and `exempt` make a member; the others are no debt."""

    ASKED = "asked", _("Waits for approval")
    TO_PAY = "to_pay", _("Waits for its payment")
    PAID = "paid", _("Paid")
    EXEMPT = "exempt", _("Exempt")
    REFUSED = "refused", _("Refused")
    ABANDONED = "abandoned", _("Abandoned")
    CANCELLED = "cancelled", _("Cancelled")


VALID = (DuesState.PAID, DuesState.EXEMPT)
OPEN = (DuesState.ASKED, DuesState.TO_PAY)


class DuesTermQuerySet(models.QuerySet["DuesTerm"]):
    def valid(self) -> Self:
        """Those that make a member."""
        return self.filter(state__in=VALID)

    def on(self, day: object) -> Self:
        """Those whose period holds that day."""
        return self.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day), starts_on__lte=day)


class DuesTerm(Dated):
    """The membership of a person or an organisation for one period, both days included; without an end, for life.

    An organisation is represented by `person`. `answers` are by the key of their question.
    """

    hub = models.ForeignKey(Hub, on_delete=models.PROTECT, related_name="dues_terms")
    kind = models.ForeignKey(DuesKind, on_delete=models.PROTECT, related_name="terms")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="dues_terms")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="dues_terms"
    )
    group = models.PositiveSmallIntegerField(_("as"), choices=MemberGroup, default=MemberGroup.EVERYBODY)
    state = models.CharField(_("state"), max_length=10, choices=DuesState)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"), null=True, blank=True)
    amount = DecimalField(_("amount (EUR)"), max_digits=8, decimal_places=2)
    answers = models.JSONField(default=dict, blank=True)
    reason = models.CharField(_("why"), max_length=200, blank=True, help_text="Of an exemption or a refusal.")
    announced_on = models.DateField(_("transfer announced"), null=True, blank=True)
    document = models.OneToOneField(
        IssuedDocument, on_delete=models.PROTECT, null=True, blank=True, related_name="dues_term"
    )

    objects = DuesTermQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership of the association")
        verbose_name_plural = _("memberships of the association")
        ordering: ClassVar = ["-starts_on", "-pk"]
        indexes: ClassVar = [models.Index(fields=["hub", "state", "starts_on"], name="dues_term_of_hub")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=DuesState.values), name="dues_state_known"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="dues_term_amount_not_negative"),
            dates_in_order("dues_term_dates_in_order"),
            models.CheckConstraint(
                condition=~Q(state="paid") | Q(document__isnull=False) | Q(amount=0), name="dues_paid_by_a_document"
            ),
            models.CheckConstraint(condition=~Q(state="exempt") | ~Q(reason=""), name="dues_exempt_for_a_reason"),
            models.UniqueConstraint(
                "hub",
                "person",
                Coalesce("organisation", 0),
                condition=Q(state__in=OPEN),
                name="dues_one_attempt_at_a_time",
                violation_error_message=_("A request of the same member waits already."),
            ),
            ExclusionConstraint(
                name="dues_once_at_a_time",
                expressions=[
                    EqualAsRange.on("hub_id"),
                    # An organisation is a member once, whoever represents it.
                    EqualAsRange.on(Coalesce(F("organisation_id"), -F("person_id"))),
                    InclusiveDates.overlap(),
                ],
                condition=Q(state__in=VALID),
                violation_error_message=_("This member has paid for part of this time already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.starts_on}"
