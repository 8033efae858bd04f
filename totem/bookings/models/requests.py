"""How a hub's team is told of requests."""

from datetime import date
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from totem.core.models import Dated
from totem.hubs.models import Hub


class RequestFrequency(models.TextChoices):
    """How somebody of the team is told of requests."""

    EACH = "each", _("A mail for each request")
    DAILY = "daily", _("One mail a day, in the morning, when requests wait")
    NEVER = "never", _("No mail")


class RequestNotification(Dated):
    """How somebody of a hub's team chose to be told of requests; without a row their role decides.

    `digest_on` is the last day of the hub whose digest was due, sent or not: nothing may have waited.
    """

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    frequency = models.CharField(_("mails about requests"), max_length=10, choices=RequestFrequency)
    digest_on = models.DateField(null=True)

    class Meta:
        verbose_name = _("mails about requests")
        verbose_name_plural = _("mails about requests")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hub", "person"], name="request_notification_once"),
            models.CheckConstraint(
                condition=Q(frequency__in=RequestFrequency.values), name="request_notification_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.frequency}"

    def is_due(self, day: date) -> bool:
        """Whether the digest of that day of the hub is still to be made."""
        return self.digest_on is None or self.digest_on < day
