"""The cards of a hub, by which its desk knows who stands there."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from totem.core.models import Dated
from totem.hubs.models import Hub


class Card(Dated):
    """The card that a hub has given somebody; its reader types the number, kept as `core.codes.parse` reads it."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="cards")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="cards")
    number = models.CharField(_("number of the card"), max_length=64)

    class Meta:
        verbose_name = _("card")
        verbose_name_plural = _("cards")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hub", "number"], name="card_of_one_person"),
            models.UniqueConstraint(fields=["hub", "person"], name="card_once"),
            models.CheckConstraint(condition=~Q(number=""), name="card_has_a_number"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.hub_id}"
