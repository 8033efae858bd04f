"""The monthly run of a hub: which customers it has invoiced for a month."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from totem.billing.models import Customer, IssuedDocument
from totem.core.models import Dated
from totem.hubs.models import Hub


class MonthlyRun(Dated):
    """The invoicing of a month in a hub: begun once, resumed where it stopped. `month` is its first day."""

    hub = models.ForeignKey(Hub, on_delete=models.PROTECT, related_name="monthly_runs")
    month = models.DateField(_("month"))
    started_by = models.BigIntegerField(null=True)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("monthly run")
        verbose_name_plural = _("monthly runs")
        ordering: ClassVar = ["-month"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hub", "month"], name="monthly_run_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="monthly_run_by_its_first_day"),
        ]

    def __str__(self) -> str:
        return f"{self.hub_id} {self.month:%Y-%m}"


class RunItem(models.Model):
    """A customer whose month is done: the invoice, or why there is none."""

    run = models.ForeignKey(MonthlyRun, on_delete=models.PROTECT, related_name="items")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    document = models.OneToOneField(IssuedDocument, on_delete=models.PROTECT, null=True, related_name="run_item")
    problem = models.CharField(_("why not"), max_length=300, blank=True)
    mailed_at = models.DateTimeField(_("mailed"), null=True, blank=True)

    class Meta:
        verbose_name = _("customer of a monthly run")
        verbose_name_plural = _("customers of monthly runs")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["run", "customer"], condition=Q(document__isnull=True), name="run_problem_once"
            ),
            models.CheckConstraint(condition=Q(document__isnull=False) ^ ~Q(problem=""), name="run_item_says_what"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.customer_id}"
