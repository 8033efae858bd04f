"""Who is a member of a hub: what the hub asks for, and memberships that its team gives without dues or agreement.

From these, from dues and from agreements, `memberships.actions.standing` writes `hubs.Membership`.
"""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from totem.core.constraints import EqualAsRange, InclusiveDates
from totem.core.models import Dated
from totem.hubs.models import Hub


class AskedFor(models.TextChoices):
    """What makes somebody a member, who books as one and at their prices. What the team gives counts in every case."""

    TEAM = "team", _("the team decides")
    DUES = "dues", _("dues of the association")
    AGREEMENT = "agreement", _("an agreement for the place")
    EITHER = "either", _("dues or an agreement")
    BOTH = "both", _("dues and an agreement")


class MembershipRule(Dated):
    """What a hub asks of its members. A hub without a row asks nothing: its team decides."""

    hub = models.OneToOneField(Hub, on_delete=models.CASCADE, related_name="membership_rule")
    asked_for = models.CharField(_("a member is who has"), max_length=10, choices=AskedFor, default=AskedFor.TEAM)
    reminds = models.BooleanField(_("remind by mail, once, those whose dues have ended"), default=True, db_default=True)

    class Meta:
        verbose_name = _("rule of membership")
        verbose_name_plural = _("rules of membership")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(asked_for__in=AskedFor.values), name="membership_rule_known")
        ]

    def __str__(self) -> str:
        return f"{self.hub_id} {self.asked_for}"


class Admission(Dated):
    """A membership that the team gives somebody, from one day until another, both included, whatever the rule asks."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="admissions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="admissions")
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("admission")
        verbose_name_plural = _("admissions")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="admission_ends_after_start",
                violation_error_message=_("The end is before the start."),
            ),
            ExclusionConstraint(
                name="admission_once_at_a_time",
                expressions=[EqualAsRange.on("hub_id"), EqualAsRange.on("person_id"), InclusiveDates.overlap()],
                violation_error_message=_("This person is already a member during part of this time."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.hub_id}"
