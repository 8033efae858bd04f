"""What its customer asks to change of an agreement, until the team answers."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from totem.core.models import Dated
from totem.memberships.models.agreements import Agreement
from totem.memberships.models.plans import MemberGroup, Plan, PlanPrice, dates_in_order


class ChangeRequest(Dated):
    """Another plan from a day on or, without `plan`, a pause between two days; one of an agreement at a time."""

    agreement = models.OneToOneField(Agreement, on_delete=models.CASCADE, related_name="change_request")
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, null=True, related_name="+")
    group = models.PositiveSmallIntegerField(choices=MemberGroup, default=MemberGroup.EVERYBODY)
    months = models.PositiveSmallIntegerField(choices=PlanPrice.Months, default=PlanPrice.Months.MONTH)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until (included)"), null=True)

    class Meta:
        verbose_name = _("request for a change")
        verbose_name_plural = _("requests for changes")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(plan=None) | Q(ends_on=None), name="change_request_one_thing"),
            dates_in_order("change_request_dates_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.starts_on}"
