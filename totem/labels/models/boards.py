"""A territory on its way to a label: what is judged by people, what was evaluated when, who would complete it."""

import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from totem.core.constraints import is_sha256_of
from totem.core.model_fields import NameField
from totem.core.triggers import append_only
from totem.labels.models.bodies import Governed
from totem.labels.models.charters import CharterVersion
from totem.territories.triggers import published_by_trusted


class Board(Governed):
    """A workspace that wants a label for one of its perimeters, or for a hub."""

    slug = models.SlugField(_("address on this site"), unique=True, max_length=80)
    charter = models.SlugField(_("charter"), max_length=40)
    parameters = models.CharField(
        _("counted in the register"), max_length=200, blank=True, db_default="", help_text="`core.measures.Basis`"
    )
    contact_name = NameField(_("contact"), max_length=120, blank=True, db_default="")
    contact_email = models.EmailField(_("address of the contact"), blank=True, db_default="")
    labelled_on = models.DateField(_("label granted on"), null=True, blank=True)
    labelled_until = models.DateField(_("granted until"), null=True, blank=True)
    plan_shared = models.BooleanField(_("plan shown to who has its link"), default=False, db_default=False)
    plan_link = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Signed in the link of the plan: a former number opens nothing."
    )

    class Meta:
        verbose_name = _("board of a label")
        verbose_name_plural = _("boards of labels")
        ordering: ClassVar = ["slug"]
        constraints: ClassVar = [
            Governed.of_one("board_of_one"),
            models.UniqueConstraint(
                fields=["workspace", "charter", "perimeter", "hub"],
                nulls_distinct=False,
                name="board_once",
                violation_error_message=_("There is a board for this already."),
            ),
            models.CheckConstraint(
                condition=Q(labelled_until=None) | Q(labelled_on__isnull=False, labelled_until__gte=F("labelled_on")),
                name="board_labelled_in_order",
                violation_error_message=_("The label ends before it was granted."),
            ),
        ]
        triggers: ClassVar = [published_by_trusted("board")]

    def __str__(self) -> str:
        return str(self.hub or self.perimeter)

    def is_labelled(self, day: datetime.date) -> bool:
        """Whether the label was granted and holds on that day, as the team says."""
        until = self.labelled_until
        return self.labelled_on is not None and self.labelled_on <= day and (until is None or day <= until)


class Judgement(models.Model):
    """What a person said where only a person can judge. The last one on a version of the charter counts."""

    class Verdict(models.TextChoices):
        MET = "met", _("Met")
        NOT_MET = "not_met", _("Not met")
        NOT_APPLICABLE = "not_applicable", _("Not applicable")
        APPLIES = "applies", _("It applies")

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="judgements")
    charter_version = models.ForeignKey(CharterVersion, on_delete=models.PROTECT, related_name="+")
    requirement = models.CharField(max_length=40)
    verdict = models.CharField(_("verdict"), max_length=14, choices=Verdict.choices)
    reason = models.TextField(_("reason"), max_length=2000)
    conflicts = models.TextField(
        _("conflicts of interest declared"), max_length=1000, help_text=_("« None » when there are none.")
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("judgement")
        verbose_name_plural = _("judgements")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(verdict__in=["met", "not_met", "not_applicable", "applies"]), name="judgement_is_a_verdict"
            ),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(conflicts=""), name="judgement_is_reasoned"),
        ]
        indexes: ClassVar = [models.Index(fields=["board", "requirement", "-id"], name="judgement_of_requirement")]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.board_id} {self.requirement}: {self.verdict}"


class Evaluation(models.Model):
    """A board judged on a day: canonical JSON of the facts used and of the result, with its sum. Never changed.

    The daily ones are kept where something changed; a frozen one is what somebody wanted to keep.
    """

    board = models.ForeignKey(Board, on_delete=models.PROTECT, related_name="evaluations")
    charter_version = models.ForeignKey(CharterVersion, on_delete=models.PROTECT, related_name="+")
    day = models.DateField(_("day"))
    content = models.TextField()
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    state = models.CharField(_("state"), max_length=15)
    frozen = models.BooleanField(_("frozen"), default=False)
    note = models.CharField(_("why it was frozen"), max_length=300, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(_("made"))

    class Meta:
        verbose_name = _("evaluation")
        verbose_name_plural = _("evaluations")
        ordering: ClassVar = ["-day", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=is_sha256_of("content"), name="evaluation_is_its_sum")
        ]
        indexes: ClassVar = [models.Index(fields=["board", "-day", "-id"], name="evaluation_of_board")]
        triggers: ClassVar = [append_only()]

    def __str__(self) -> str:
        return f"{self.board_id} {self.day}"


class Search(models.Model):
    """A search for partners that would complete a board: what was asked, and the answer as it comes."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SEARCHING = "searching", _("Searching")
        DONE = "done", _("Done")
        FAILED = "failed", _("Stopped")

    RUNNING: ClassVar = (State.WAITING, State.SEARCHING)

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="searches")
    charter_version = models.ForeignKey(CharterVersion, on_delete=models.PROTECT, related_name="+")
    day = models.DateField(_("day"))
    scope = models.CharField(_("among"), max_length=60, help_text="`france`, or a place: `region:28`.")
    most = models.PositiveSmallIntegerField(_("partners at most"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    answer = models.JSONField(default=dict)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(_("asked"))
    ended_at = models.DateTimeField(_("answered"), null=True)

    class Meta:
        verbose_name = _("search for partners")
        verbose_name_plural = _("searches for partners")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(most__range=(1, 4)), name="search_most_partners"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "searching"], ended_at=None)
                | Q(state__in=["done", "failed"], ended_at__isnull=False),
                name="search_ended",
            ),
            models.UniqueConstraint(
                fields=["board"], condition=Q(state__in=["waiting", "searching"]), name="search_running_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.board_id} {self.scope}"
