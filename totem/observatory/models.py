"""What the observatory keeps in the database: which stocks of the register there are, and which activities are counted.

The rows of the register themselves stand in Parquet files, one folder a stock (`totem.observatory.layout`).
"""

from pathlib import Path
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from totem.core import languages
from totem.core.model_fields import NameField
from totem.core.models import Dated
from totem.core.triggers import Refusal, Trigger
from totem.territories.models import Workspace
from totem.territories.triggers import published_by_trusted


class StockQuerySet(models.QuerySet["Stock"]):
    def serving(self) -> "Stock | None":
        """The stock that answers today, if any."""
        return self.filter(state=Stock.State.SERVING).first()

    def answering(self) -> "StockQuerySet":
        """Those that figures can be asked of, the newest first: the one in service and those that were."""
        return self.filter(state__in=[Stock.State.SERVING, Stock.State.ARCHIVED]).order_by("-date", "-id")


class Stock(Dated):
    """One edition of the business register, as it was imported.

    At most one is in service. One that is not plausible beside it is kept aside until a person decides. Those that were
    in service stay as cubes: `complete` says whether the row-level files are still there.
    """

    class State(models.TextChoices):
        SERVING = "serving", _("in service")
        ASIDE = "aside", _("kept aside")
        REFUSED = "refused", _("refused")
        ARCHIVED = "archived", _("archived")

    date = models.DateField(_("date of the stock"), help_text=_("The day on which the register was as it is here."))
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    folder = models.CharField(max_length=60, unique=True, editable=False)
    synthetic = models.BooleanField(_("synthetic"), default=False, help_text=_("Made up for tests and demonstrations."))
    complete = models.BooleanField(_("with its rows"), default=True)
    has_history = models.BooleanField(_("with the history file"), default=False)
    has_links = models.BooleanField(_("with the succession links"), default=False)
    has_coordinates = models.BooleanField(_("with the geolocation file"), default=False)
    rows = models.BigIntegerField(_("rows"))
    sources = models.JSONField(default=list, help_text="A list of {file, address, bytes, sha256, published}.")
    totals = models.JSONField(default=dict, help_text="{state|code|department: {value: rows}} of StockEtablissement.")
    quality = models.JSONField(default=dict, help_text="{what was found: rows}.")
    differences = models.JSONField(default=list, help_text="What was not plausible beside the stock then in service.")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    reason = models.TextField(_("reason of the decision"), blank=True)

    objects = StockQuerySet.as_manager()

    class Meta:
        verbose_name = _("stock of the register")
        verbose_name_plural = _("stocks of the register")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="serving"), name="one_stock_in_service"),
            models.CheckConstraint(condition=~Q(state="aside") | ~Q(differences=[]), name="aside_for_a_difference"),
            models.CheckConstraint(
                condition=~Q(state="refused") | (Q(decided_at__isnull=False) & ~Q(reason="")),
                name="refused_by_somebody_with_a_reason",
            ),
            models.CheckConstraint(condition=~Q(state="serving") | Q(complete=True), name="in_service_with_its_rows"),
        ]

    def __str__(self) -> str:
        return f"{self.date:%Y-%m-%d}"

    @property
    def path(self) -> Path:
        """The folder of its Parquet files."""
        return Path(settings.OBSERVATORY_DIR) / "stocks" / self.folder


class Nomenclature(models.TextChoices):
    """The two national lists of activities; NAF 2025 is the official one from 1 January 2027 (decree 2025-736)."""

    REV2 = "NAFRev2", _("NAF rev. 2")
    NAF2025 = "NAF2025", _("NAF 2025")


class Activity(models.Model):
    """An activity code with its official wording, in French as published."""

    nomenclature = models.CharField(max_length=7, choices=Nomenclature.choices)
    code = models.CharField(max_length=6)
    label = models.CharField(max_length=200)

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        ordering: ClassVar = ["nomenclature", "code"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["nomenclature", "code"], name="one_activity_a_code"),
            models.CheckConstraint(
                condition=Q(code__regex=r"^[0-9]{2}\.[0-9]{2}[A-Z]$"), name="activity_code_as_published"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.label}"


class Named(models.Model):
    """Something with a French name and, where it has one, an English one."""

    name = NameField(_("name"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return languages.first_written({languages.FRENCH: self.name, languages.ENGLISH: self.name_en})[1]


class ActivityPerimeter(Named, Dated):
    """What is meant by « digital »: a named set of activities, in versions. A territory may make its own."""

    slug = models.SlugField(_("address"), max_length=60, unique=True)
    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, null=True, blank=True, related_name="activity_perimeters",
        verbose_name=_("territory"),
    )  # fmt: skip
    public = models.BooleanField(_("public"), default=False)

    class Meta:
        verbose_name = _("activity perimeter")
        verbose_name_plural = _("activity perimeters")
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(workspace__isnull=False) | Q(public=True), name="private_perimeter_has_a_territory"
            ),
        ]
        triggers: ClassVar = [published_by_trusted("activities")]


class ActivityVersion(models.Model):
    """One edition of an activity perimeter. A draft can be changed; once published nothing of it ever changes."""

    perimeter = models.ForeignKey(ActivityPerimeter, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField(_("version"))
    valid_from = models.DateField(_("valid from"))
    source = models.CharField(_("source"), max_length=300, blank=True)
    note = models.TextField(_("note"), blank=True)
    published_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("version of an activity perimeter")
        verbose_name_plural = _("versions of activity perimeters")
        ordering: ClassVar = ["perimeter", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["perimeter", "number"], name="one_activity_version_a_number"),
        ]
        triggers: ClassVar = [
            Refusal(name="version_kept", operation=pgtrigger.Truncate),
            # created_by may still be emptied: a person can be forgotten, what was counted cannot.
            Trigger(
                name="published_for_ever",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.published_at IS NOT NULL"),
                func="""
                    IF TG_OP = 'UPDATE' AND NEW.created_by_id IS NULL THEN
                        NEW.created_by_id := OLD.created_by_id;
                        IF NEW IS NOT DISTINCT FROM OLD THEN NEW.created_by_id := NULL; RETURN NEW; END IF;
                    END IF;
                    RAISE EXCEPTION 'A published version of an activity perimeter never changes.';
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.perimeter} v{self.number}"


def _sealed(*, with_branch: bool = False) -> list[Trigger]:
    """Refuse any change of a part of a published version, and a branch of another version."""
    same_version = """
            IF NEW.branch_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM observatory_branch b WHERE b.id = NEW.branch_id AND b.version_id = NEW.version_id
            ) THEN
                RAISE EXCEPTION 'The branch is one of another version.';
            END IF;"""
    sealed = Trigger(
        name="sealed_with_its_version",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        declare=[("version", "bigint")],
        func=f"""
            IF TG_OP = 'DELETE' THEN version := OLD.version_id; ELSE version := NEW.version_id; END IF;
            -- Who is publishing it at this moment is waited for.
            PERFORM FROM observatory_activityversion v WHERE v.id = version FOR SHARE;
            IF EXISTS (SELECT FROM observatory_activityversion v WHERE v.id = version AND v.published_at IS NOT NULL)
               OR (TG_OP = 'UPDATE' AND OLD.version_id <> NEW.version_id) THEN
                RAISE EXCEPTION 'A published version of an activity perimeter never changes.';
            END IF;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;{same_version if with_branch else ""}
            RETURN NEW;
        """,
    )
    return [sealed, Refusal(name="part_kept", operation=pgtrigger.Truncate)]


class Branch(Named):
    """A group of activities of a version, such as « Software publishing »; companies are counted by it."""

    version = models.ForeignKey(ActivityVersion, on_delete=models.CASCADE, related_name="branches")
    position = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = _("branch")
        verbose_name_plural = _("branches")
        ordering: ClassVar = ["version", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "position"], name="one_branch_a_position"),
        ]
        triggers: ClassVar = _sealed()


class ActivityCode(models.Model):
    """One activity of a version, in its branch. Both nomenclatures stand side by side, counted one at a time."""

    version = models.ForeignKey(ActivityVersion, on_delete=models.CASCADE, related_name="codes")
    branch = models.ForeignKey(Branch, on_delete=models.CASCADE, related_name="codes")
    activity = models.ForeignKey(Activity, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("activity of a perimeter")
        verbose_name_plural = _("activities of a perimeter")
        ordering: ClassVar = ["branch__position", "activity__nomenclature", "activity__code"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "activity"], name="an_activity_in_one_branch"),
        ]
        triggers: ClassVar = _sealed(with_branch=True)

    def __str__(self) -> str:
        return str(self.activity)


class Correction(models.Model):
    """A company counted, or not counted, by hand, with the reason.

    An activity code alone misses digital companies coded elsewhere (domain: health, media, research).
    """

    version = models.ForeignKey(ActivityVersion, on_delete=models.CASCADE, related_name="corrections")
    siren = models.CharField("SIREN", max_length=9, validators=[RegexValidator(r"^[0-9]{9}$")])
    branch = models.ForeignKey(
        Branch, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("branch"),
        help_text=_("Counted in this branch. Empty: not counted."),
    )  # fmt: skip
    reason = models.CharField(_("reason"), max_length=300)

    class Meta:
        verbose_name = _("company counted or left out by hand")
        verbose_name_plural = _("companies counted or left out by hand")
        ordering: ClassVar = ["siren"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "siren"], name="one_correction_a_company"),
            models.CheckConstraint(condition=Q(siren__regex=r"^[0-9]{9}$"), name="correction_siren_has_nine_digits"),
            models.CheckConstraint(condition=~Q(reason=""), name="correction_with_its_reason"),
        ]
        triggers: ClassVar = _sealed(with_branch=True)

    def __str__(self) -> str:
        return self.siren

    @property
    def included(self) -> bool:
        """Counted by hand; otherwise left out by hand."""
        return self.branch_id is not None
