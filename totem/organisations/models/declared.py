"""What territories and public data say of an organisation: figures of its years, what it does and where."""

import datetime
from typing import TYPE_CHECKING, ClassVar, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce, Concat, ExtractYear
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from totem.core.model_fields import DecimalField
from totem.organisations.models.organisation import DATES, Organisation, range_of
from totem.territories.models import Declared, DeclaredQuerySet
from totem.territories.triggers import published_by_trusted

if TYPE_CHECKING:
    from totem.territories.models import Commune, Perimeter


class Accounts(models.TextChoices):
    """Whose accounts they are (types C, K and S of the accounts filed with the commercial register)."""

    COMPANY = "C", _("Of the company")
    CONSOLIDATED = "K", _("Consolidated, of the whole group")
    SIMPLIFIED = "S", _("Of the company, simplified")


class YearFigures(Declared):
    """Figures of one organisation and one closed financial year, as one declarer or one public file gives them.

    Staff is a band, from `staff_low` to `staff_high`: equal where it is known, without `staff_high` unbounded. Growth
    is not kept: `queries.growth` computes it.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="years", verbose_name=_("organisation")
    )
    year = models.PositiveSmallIntegerField(_("financial year"))
    closing_date = models.DateField(_("closed on"))
    accounts = models.CharField(_("accounts"), max_length=1, choices=Accounts.choices, blank=True)
    revenue = DecimalField(_("revenue (EUR)"), max_digits=17, decimal_places=2, null=True, blank=True)
    staff_low = models.PositiveIntegerField(_("staff, at least"), null=True, blank=True)
    staff_high = models.PositiveIntegerField(
        _("staff, at most"), null=True, blank=True, help_text=_("The same number where it is known exactly.")
    )
    international_share = DecimalField(
        _("revenue made abroad (%)"), max_digits=9, decimal_places=6, null=True, blank=True
    )
    source = models.CharField(_("source"), max_length=300, blank=True)
    source_url = models.URLField(_("address of the source"), max_length=500, blank=True)
    document = models.ForeignKey(
        "territories.Document",
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("document"),
    )
    imported_from = models.CharField(_("imported from"), max_length=300, blank=True, editable=False)

    objects = DeclaredQuerySet.as_manager()

    class Meta:
        verbose_name = _("figures of a year")
        verbose_name_plural = _("figures of years")
        ordering: ClassVar = ["organisation", "-year", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "year", "workspace"],
                nulls_distinct=False,
                name="year_figures_once",
                violation_error_message=_("The figures of that year are here already: change them instead."),
            ),
            models.CheckConstraint(
                condition=Q(public=True) | Q(workspace__isnull=False), name="year_figures_have_readers"
            ),
            models.CheckConstraint(
                condition=Q(imported_from="") | Q(workspace__isnull=True), name="year_figures_imported_or_declared"
            ),
            models.CheckConstraint(
                condition=Exact(ExtractYear("closing_date"), F("year")), name="year_figures_year_of_closing"
            ),
            models.CheckConstraint(
                condition=Q(revenue__isnull=False) | Q(staff_low__isnull=False) | Q(international_share__isnull=False),
                name="year_figures_say_something",
                violation_error_message=_("Give at least one figure."),
            ),
            models.CheckConstraint(
                condition=Q(staff_high__isnull=True) | Q(staff_low__isnull=False, staff_high__gte=F("staff_low")),
                name="year_figures_staff_band",
                violation_error_message=_("The band of staff ends below where it starts."),
            ),
            models.CheckConstraint(
                condition=Q(international_share=None) | Q(international_share__gte=0, international_share__lte=100),
                name="year_figures_share_in_percent",
                violation_error_message=_("A share lies between 0 and 100 %%."),
            ),
        ]
        triggers: ClassVar = [published_by_trusted("year_figures")]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.year}"

    @property
    def staff_is_exact(self) -> bool:
        return self.staff_low is not None and self.staff_low == self.staff_high


class RelationKind(models.TextChoices):
    """What an organisation does in a place or for another one. The codes are stable: charters name them."""

    MENTORS = "mentors", _("Mentors")
    HAS_RND_IN = "has_rnd_in", _("Has part of its R&D in")
    TRAINS_IN = "trains_in", _("Trains in")
    INVESTS_IN = "invests_in", _("Invests in")
    INCUBATES_IN = "incubates_in", _("Incubates in")
    ACCELERATES_IN = "accelerates_in", _("Accelerates in")
    COORDINATES_WITH = "coordinates_with", _("Coordinates with")
    ANIMATES = "animates", _("Runs the communities of")
    SIMPLIFIES = "simplifies", _("Makes companies’ procedures simple with")
    RECIPROCAL_WITH = "reciprocal_with", _("Welcomes those of, and is welcomed by")
    OPERATES = "operates", _("Operates")
    MEMBER_OF = "member_of", _("Is a member of")
    MOBILISED_IN = "mobilised_in", _("Has signed up for")
    LARGE_ACCOUNT_IN = "large_account_in", _("Is a large digital account in")
    LOCATED_IN = "located_in", _("Is located in")
    OTHER = "other", _("Other")


# The partner of these may be anywhere (a State service in the chief town, a national network in Paris): the relation
# holds where the organisation itself is.
HOLDS_AT_ORGANISATION = (
    RelationKind.COORDINATES_WITH,
    RelationKind.SIMPLIFIES,
    RelationKind.RECIPROCAL_WITH,
    RelationKind.MEMBER_OF,
)


class RelationQuerySet(DeclaredQuerySet["Relation"]):
    """Relations filtered by day and by visibility."""

    def on(self, day: datetime.date) -> Self:
        """Those in force on that day."""
        return self.filter(Q(until=None) | Q(until__gt=day), since__lte=day)


def _number_of(text: F | Func) -> Func:
    """A 64-bit hash of a text; collisions are too improbable to matter."""
    return Func(text, Value(0), function="hashtextextended", output_field=models.BigIntegerField())


class Relation(Declared):
    """What an organisation does from a day until (not including) another: for one other, a perimeter or a commune."""

    class Stage(models.TextChoices):
        SEED = "seed", _("Seed")
        VENTURE = "venture", _("Venture")
        GROWTH = "growth", _("Growth")

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="relations", verbose_name=_("organisation")
    )
    kind = models.CharField(_("what it does"), max_length=20, choices=RelationKind.choices)
    stage = models.CharField(_("stage of investment"), max_length=10, choices=Stage.choices, blank=True)
    partner = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        related_name="relations_with",
        null=True,
        blank=True,
        verbose_name=_("other organisation"),
    )
    perimeter = models.ForeignKey(
        "territories.Perimeter",
        on_delete=models.PROTECT,
        related_name="relations",
        null=True,
        blank=True,
        verbose_name=_("perimeter"),
    )
    commune = models.ForeignKey(
        "territories.Commune",
        on_delete=models.PROTECT,
        related_name="relations",
        null=True,
        blank=True,
        verbose_name=_("commune"),
    )
    since = models.DateField(_("from"))
    until = models.DateField(_("until"), null=True, blank=True, help_text=_("The first day it no longer holds."))
    detail = models.CharField(
        _("in detail"), max_length=300, blank=True, help_text=_("What is taught, the theme, the scheme…")
    )
    places = models.PositiveIntegerField(
        _("places"), null=True, blank=True, help_text=_("Desks kept, or people of a cohort.")
    )
    amount = DecimalField(_("amount (EUR)"), max_digits=17, decimal_places=2, null=True, blank=True)
    source = models.CharField(_("source"), max_length=300, blank=True)
    source_url = models.URLField(_("address of the source"), max_length=500, blank=True)
    document = models.ForeignKey(
        "territories.Document",
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("document"),
    )

    objects = RelationQuerySet.as_manager()

    class Meta:
        verbose_name = _("relation of an organisation")
        verbose_name_plural = _("relations of organisations")
        ordering: ClassVar = ["organisation__sort_key", "kind", "-since", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(public=True) | Q(workspace__isnull=False), name="relation_has_readers"),
            models.CheckConstraint(
                condition=Exact(
                    Func(
                        *("partner", "perimeter", "commune"),
                        function="num_nonnulls",
                        output_field=models.IntegerField(),
                    ),
                    1,
                ),
                name="relation_has_one_target",
                violation_error_message=_("Name one other organisation, one perimeter or one commune."),
            ),
            models.CheckConstraint(
                condition=Q(partner=None) | ~Q(partner=F("organisation")),
                name="relation_not_with_itself",
                violation_error_message=_("An organisation has no relation with itself."),
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("since")),
                name="relation_ends_after_it_starts",
                violation_error_message=_("The end comes before the start."),
            ),
            models.CheckConstraint(condition=Q(kind__in=RelationKind.values), name="relation_kind_known"),
            models.CheckConstraint(
                condition=Q(stage="") | Q(kind=RelationKind.INVESTS_IN, stage__in=("seed", "venture", "growth")),
                name="relation_stage_of_an_investor",
                violation_error_message=_("Only who invests does so at a stage."),
            ),
            models.CheckConstraint(
                condition=Q(amount=None) | Q(amount__gte=0),
                name="relation_amount_positive",
                violation_error_message=_("An amount is not below zero."),
            ),
            # The stage is part of it: one house may have a seed team and a venture team, two relations of a charter.
            ExclusionConstraint(
                name="relation_once_at_a_time",
                expressions=[
                    (range_of(F("organisation")), RangeOperators.OVERLAPS),
                    (range_of(_number_of(Concat(F("kind"), Value(":"), F("stage")))), RangeOperators.OVERLAPS),
                    (range_of(Coalesce(F("partner"), Value(0))), RangeOperators.OVERLAPS),
                    (range_of(Coalesce(F("perimeter"), Value(0))), RangeOperators.OVERLAPS),
                    (range_of(_number_of(Coalesce(F("commune"), Value("")))), RangeOperators.OVERLAPS),
                    (range_of(Coalesce(F("workspace"), Value(0))), RangeOperators.OVERLAPS),
                    (DATES, RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("This is said already, at that time: change it instead."),
            ),
        ]
        triggers: ClassVar = [published_by_trusted("relation")]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.kind} {self.partner_id or self.perimeter_id or self.commune_id}"

    @property
    def target(self) -> "Organisation | Perimeter | Commune | None":
        """The partner, perimeter or commune it names; select_related them first."""
        return self.partner or self.perimeter or self.commune

    @property
    def where(self) -> "Perimeter | Commune | None":
        """Where it holds: a perimeter or a commune; select_related `organisation`, `partner` and their communes first.

        What it names, or where the partner is; for those of `HOLDS_AT_ORGANISATION`, where the organisation is. An
        agreement with another district never holds in that other district.
        """
        if self.kind != RelationKind.RECIPROCAL_WITH and self.partner_id is None:
            return self.perimeter or self.commune
        theirs = None if self.kind in HOLDS_AT_ORGANISATION or self.partner is None else self.partner.commune
        return theirs or self.organisation.commune
