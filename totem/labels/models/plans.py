"""Who is in charge of what a board lacks, and until when."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from totem.core.model_fields import NameField
from totem.core.models import Dated
from totem.labels.models.boards import Board


class Assignment(Dated):
    """The owner and the due date of one requirement of a board.

    The owner is an account, or a name with or without an address; that address joins its account once it is invited and
    accepts (`totem.labels.invitations`).
    """

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="assignments")
    requirement = models.CharField(max_length=40)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("somebody of the team"),
    )
    name = NameField(_("or somebody else"), max_length=120, blank=True)
    email = models.EmailField(_("their address"), blank=True)
    due_on = models.DateField(_("due on"), null=True, blank=True)

    class Meta:
        verbose_name = _("owner of a requirement")
        verbose_name_plural = _("owners of requirements")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["board", "requirement"], name="assignment_once"),
            models.CheckConstraint(condition=Q(person=None) | Q(name="", email=""), name="assignment_one_owner"),
            models.CheckConstraint(condition=~Q(name="") | Q(email=""), name="assignment_address_of_somebody"),
            models.CheckConstraint(
                condition=Q(person__isnull=False) | ~Q(name="") | Q(due_on__isnull=False), name="assignment_not_empty"
            ),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="assignment_email_lower_case"),
        ]
        indexes: ClassVar = [models.Index(fields=["due_on"], name="assignment_due")]

    def __str__(self) -> str:
        return f"{self.board_id} {self.requirement}"

    @property
    def owner(self) -> str:
        """Their name, never an address: partners read it. Empty where nobody is in charge yet."""
        return self.person.name or gettext("Somebody of the team") if self.person else self.name
