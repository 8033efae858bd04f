"""Buildings of a territory: usable m² planned and delivered by phase, lots and how they are let, network offers.

A building is not a hub: Seine Innopolis is a building, the hub inside it belongs to an organisation. Planned area never
counts as delivered, and every announcement of a phase is kept, so that a delay stays visible.
"""

from datetime import date
from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from totem.core.model_fields import DecimalField, NameField
from totem.core.models import Dated
from totem.core.sort_keys import SortKeyField
from totem.core.triggers import Refusal, Trigger, append_only, read_only
from totem.premises.triggers import AS_ANNOUNCED, CHECK, LOTS_FIT
from totem.territories.models import Declared, DeclaredQuerySet
from totem.territories.triggers import published_by_trusted

ABOVE_NOTHING = MinValueValidator(Decimal("0.01"))
NOT_NEGATIVE = MinValueValidator(Decimal(0))


class Evidenced(models.Model):
    """A declaration about a building, with its source and document."""

    document = models.ForeignKey(
        "territories.Document",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("document"),
    )

    class Meta:
        abstract = True


class Building(Declared, Evidenced):
    """A building, or several at one address. Its area (m²) is the sum of its phases."""

    name = NameField(_("name"), max_length=150)
    sort_key = SortKeyField(source="name")
    address = models.CharField(_("address"), max_length=300, blank=True)
    commune = models.ForeignKey(
        "territories.Commune", on_delete=models.PROTECT, related_name="buildings", verbose_name=_("commune")
    )
    latitude = models.FloatField(
        _("latitude"), null=True, blank=True, validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    longitude = models.FloatField(
        _("longitude"), null=True, blank=True, validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    owner = models.ForeignKey(
        "organisations.Organisation",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="buildings",
        verbose_name=_("owner"),
    )
    source = models.CharField(_("source"), max_length=300, blank=True)
    note = models.TextField(_("note"), blank=True, max_length=4000)

    objects = DeclaredQuerySet.as_manager()

    class Meta:
        verbose_name = _("building")
        verbose_name_plural = _("buildings")
        ordering: ClassVar = ["sort_key", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(public=True) | Q(workspace__isnull=False), name="building_has_readers"),
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                | Q(latitude__isnull=False, longitude__isnull=False)
                & Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="building_is_on_earth",
                violation_error_message=_("A position is a latitude and a longitude, or neither."),
            ),
            # Two public rows of one building would count its area twice.
            models.UniqueConstraint(
                fields=["workspace", "commune", "sort_key"],
                nulls_distinct=False,
                name="building_declared_once",
                violation_error_message=_("A building of this commune already bears this name."),
            ),
            models.UniqueConstraint(
                fields=["commune", "sort_key"],
                condition=Q(public=True),
                name="building_public_once",
                violation_error_message=_("A building of this name is already public in this commune."),
            ),
        ]
        triggers: ClassVar = [published_by_trusted("building")]

    def __str__(self) -> str:
        return self.name


# -- Phases -----------------------------------------------------------------------------------------------------------


class PhaseState(models.TextChoices):
    """The state of the works. Only delivered phases count for a label."""

    PLANNED = "planned", _("Planned")
    UNDER_WAY = "under_way", _("Under way")
    DELIVERED = "delivered", _("Delivered")
    CANCELLED = "cancelled", _("Cancelled")


class PhaseFigures(Evidenced):
    """The fields that a phase and each announcement about it have in common."""

    state = models.CharField(_("state"), max_length=10, choices=PhaseState.choices)
    usable_m2 = DecimalField(_("usable area (m²)"), max_digits=10, decimal_places=2, validators=[NOT_NEGATIVE])
    cost = DecimalField(
        _("cost (€)"), max_digits=14, decimal_places=2, null=True, blank=True, validators=[NOT_NEGATIVE]
    )
    due_on = models.DateField(_("foreseen on"), null=True, blank=True)
    delivered_on = models.DateField(_("delivered on"), null=True, blank=True)

    class Meta:
        abstract = True
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=PhaseState.values), name="%(class)s_state_known"),
            models.CheckConstraint(
                condition=Q(state=PhaseState.DELIVERED, delivered_on__isnull=False)
                | (~Q(state=PhaseState.DELIVERED) & Q(delivered_on__isnull=True)),
                name="%(class)s_delivered_on_a_day",
                violation_error_message=_("What is delivered has its date of delivery, and nothing else has one."),
            ),
            models.CheckConstraint(
                condition=Q(state=PhaseState.DELIVERED) | Q(due_on__isnull=False),
                name="%(class)s_due_until_delivered",
                violation_error_message=_("What is not delivered has the date at which it is foreseen."),
            ),
            models.CheckConstraint(condition=Q(usable_m2__gte=0), name="%(class)s_area_positive"),
            models.CheckConstraint(condition=Q(cost__isnull=True) | Q(cost__gte=0), name="%(class)s_cost_positive"),
        ]


class Phase(PhaseFigures):
    """A part of a building that is built or refitted at one time, with the values of its newest announcement.

    Once delivered, `due_on` is the last date that had been planned.
    """

    building = models.ForeignKey(Building, on_delete=models.PROTECT, related_name="phases", verbose_name=_("building"))
    name = NameField(_("name"), max_length=150)

    class Meta(PhaseFigures.Meta):
        verbose_name = _("phase")
        verbose_name_plural = _("phases")
        ordering: ClassVar = ["building", "pk"]
        constraints: ClassVar = [
            *PhaseFigures.Meta.constraints,
            models.UniqueConstraint(
                fields=["building", "name"],
                name="phase_named_once",
                violation_error_message=_("A phase of this building already bears this name."),
            ),
        ]
        triggers: ClassVar = [
            Refusal(name="phase_kept", operation=pgtrigger.Delete | pgtrigger.Truncate),
            read_only("phase_of_its_building", "building"),
            Trigger(name="phase_as_announced", func=AS_ANNOUNCED.format(phase="NEW.id"), **CHECK),
            Trigger(name="phase_holds_its_lots", func=LOTS_FIT, **CHECK),
        ]

    def __str__(self) -> str:
        return self.name


class LocalDate(Func):
    """The local day of an instant in metropolitan France."""

    template = "(%(expressions)s AT TIME ZONE 'Europe/Paris')::date"
    output_field: ClassVar["models.DateField[date, date]"] = models.DateField()


class PhaseRevision(PhaseFigures):
    """One announcement about a phase. Append-only: triggers refuse UPDATE and DELETE.

    Sources contradict each other: the phase takes the values of `retained` ones; the others are kept beside.
    """

    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, related_name="revisions")
    announced_on = models.DateField(_("announced on"))
    source = models.CharField(_("source"), max_length=300, blank=True)
    reason = models.CharField(_("why it is retained or not"), max_length=300, blank=True)
    retained = models.BooleanField(_("retained"), default=True)
    at = models.DateTimeField(_("recorded"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta(PhaseFigures.Meta):
        verbose_name = _("announcement about a phase")
        verbose_name_plural = _("announcements about phases")
        ordering: ClassVar = ["phase", "announced_on", "pk"]
        constraints: ClassVar = [
            *PhaseFigures.Meta.constraints,
            models.CheckConstraint(
                condition=Q(delivered_on__isnull=True) | Q(delivered_on__lte=F("announced_on")),
                name="phaserevision_delivered_before_it_is_said",
                violation_error_message=_("A delivery is announced once it has taken place."),
            ),
            models.CheckConstraint(
                condition=Q(announced_on__lte=LocalDate(F("at"))),
                name="phaserevision_announced_before_it_is_recorded",
                violation_error_message=_("This date is to come."),
            ),
        ]
        triggers: ClassVar = [
            append_only(),
            Trigger(
                name="phase_revision_is_the_phase",
                func=AS_ANNOUNCED.format(phase="NEW.phase_id"),
                **{**CHECK, "operation": pgtrigger.Insert},
            ),
        ]

    def __str__(self) -> str:
        return f"{self.phase_id} {self.announced_on}: {self.state}"


# -- Lots -------------------------------------------------------------------------------------------------------------


class LeaseForm(models.TextChoices):
    """How a lot is let."""

    COMMERCIAL = "commercial", _("Commercial lease (3-6-9)")
    SHORT_TERM = "short_term", _("Short-term lease")
    PRECARIOUS = "precarious", _("Precarious occupancy agreement")
    SERVICE = "service", _("Service agreement (coworking)")
    PUBLIC_DOMAIN = "public_domain", _("Occupancy of the public domain")
    OTHER = "other", _("Other")


class Lot(Dated, Evidenced):
    """A part of a building let in one way. Its document is the template of the agreement, or the price list."""

    building = models.ForeignKey(Building, on_delete=models.PROTECT, related_name="lots", verbose_name=_("building"))
    name = NameField(_("name"), max_length=150)
    usable_m2 = DecimalField(_("usable area (m²)"), max_digits=10, decimal_places=2, validators=[ABOVE_NOTHING])
    use = models.CharField(_("use"), max_length=150, blank=True)
    lease_form = models.CharField(_("form of lease"), max_length=15, choices=LeaseForm.choices)
    period_months = DecimalField(
        _("period (months)"),
        max_digits=5,
        decimal_places=1,
        validators=[MinValueValidator(Decimal("0.1"))],
        help_text=_("For how long one commits oneself: 1 for a monthly agreement, 36 for three years."),
    )
    notice_months = DecimalField(_("notice (months)"), max_digits=5, decimal_places=1, validators=[NOT_NEGATIVE])

    class Meta:
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        ordering: ClassVar = ["building", "name", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(usable_m2__gt=0), name="lot_area_positive"),
            models.CheckConstraint(condition=Q(period_months__gt=0), name="lot_period_positive"),
            models.CheckConstraint(condition=Q(notice_months__gte=0), name="lot_notice_positive"),
            models.CheckConstraint(condition=Q(lease_form__in=LeaseForm.values), name="lot_lease_known"),
            models.UniqueConstraint(
                fields=["building", "name"],
                name="lot_named_once",
                violation_error_message=_("A lot of this building already bears this name."),
            ),
        ]
        triggers: ClassVar = [
            read_only("lot_of_its_building", "building"),
            Trigger(name="lot_fits_its_building", func=LOTS_FIT, **CHECK),
        ]

    def __str__(self) -> str:
        return self.name


# -- Networks ---------------------------------------------------------------------------------------------------------


class Network(models.TextChoices):
    FIXED = "fixed", _("Fixed")
    MOBILE = "mobile", _("Mobile")


class Technology(models.TextChoices):
    """The technology of a fixed network; a mobile one has a generation."""

    FIBRE = "fibre", _("Optical fibre")
    CABLE = "cable", _("Cable")
    COPPER = "copper", _("Copper (DSL)")
    RADIO = "radio", _("Radio")
    SATELLITE = "satellite", _("Satellite")


class Offer(Dated, Evidenced):
    """A network offer of an operator in a building, from one day until (not including) another, attested on a day."""

    building = models.ForeignKey(Building, on_delete=models.PROTECT, related_name="offers", verbose_name=_("building"))
    operator = models.ForeignKey(
        "organisations.Organisation",
        on_delete=models.PROTECT,
        related_name="network_offers",
        verbose_name=_("operator"),
    )
    network = models.CharField(_("network"), max_length=6, choices=Network.choices)
    technology = models.CharField(_("technology"), max_length=10, choices=Technology.choices, blank=True)
    generation = models.PositiveSmallIntegerField(
        _("generation"),
        null=True,
        blank=True,
        validators=[MinValueValidator(2), MaxValueValidator(9)],
        help_text=_("Of a mobile network: 4 for 4G, 5 for 5G."),
    )
    mbits_down = DecimalField(
        _("download (Mbit/s)"), max_digits=8, decimal_places=1, null=True, blank=True, validators=[ABOVE_NOTHING]
    )
    mbits_up = DecimalField(
        _("upload (Mbit/s)"), max_digits=8, decimal_places=1, null=True, blank=True, validators=[ABOVE_NOTHING]
    )
    coverage_percent = DecimalField(
        _("coverage of the building (%)"),
        max_digits=4,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[NOT_NEGATIVE, MaxValueValidator(Decimal(100))],
    )
    since = models.DateField(_("from"))
    until = models.DateField(_("until"), null=True, blank=True, help_text=_("The first day it no longer holds."))
    attested_on = models.DateField(_("attested on"), null=True, blank=True)

    class Meta:
        verbose_name = _("operator's offer")
        verbose_name_plural = _("operators' offers")
        ordering: ClassVar = ["building", "network", "-mbits_down", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(network=Network.FIXED, generation__isnull=True, mbits_down__isnull=False)
                & Q(technology__in=Technology.values)
                | Q(network=Network.MOBILE, technology="", generation__isnull=False, coverage_percent__isnull=False)
                & Q(generation__range=(2, 9)),
                name="offer_is_fixed_or_mobile",
                violation_error_message=_(
                    "A fixed offer has a technology and a speed; a mobile one a generation and a coverage."
                ),
            ),
            models.CheckConstraint(
                condition=(Q(mbits_down__isnull=True) | Q(mbits_down__gt=0))
                & (Q(mbits_up__isnull=True) | Q(mbits_up__gt=0)),
                name="offer_speed_positive",
            ),
            models.CheckConstraint(
                condition=Q(coverage_percent__isnull=True) | Q(coverage_percent__range=(0, 100)),
                name="offer_coverage_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")),
                name="offer_ends_after_it_starts",
                violation_error_message=_("The end comes before the start."),
            ),
        ]
        triggers: ClassVar = [read_only("offer_of_its_building", "building")]

    def __str__(self) -> str:
        return f"{self.operator_id} {self.network}"

    def holds(self, on: date) -> bool:
        """Whether it is in force on that day."""
        return self.since <= on and (self.until is None or on < self.until)
