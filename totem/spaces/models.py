"""Spaces: units, parts, opening hours, prices, rules and outages."""

from datetime import date, timedelta
from typing import Any, ClassVar, Self

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _

from totem.core.constraints import EqualAsRange, InclusiveDates, MinutesOfWeek
from totem.core.model_fields import DecimalField, NameField
from totem.core.models import Dated
from totem.core.money import VAT_RATES
from totem.core.triggers import Trigger
from totem.hubs.models import Hub, Photo, WeeklyHoursBase, Zone

STEPS = (5, 10, 15, 20, 30, 60)
LONGEST_MINUTES = 31 * 24 * 60
FARTHEST_DAYS = 1100


class SpaceKind(models.TextChoices):
    HOT_DESKS = "hot_desks", _("Hot desks")
    FIXED_DESK = "fixed_desk", _("Fixed desk")
    OFFICE = "office", _("Office")
    MEETING_ROOM = "meeting_room", _("Meeting room")
    EVENT_ROOM = "event_room", _("Event room")
    MACHINE = "machine", _("Machine")
    VISITING_DESKS = "visiting_desks", _("Visiting desks")
    EQUIPMENT = "equipment", _("Equipment that travels")


class Feature(models.TextChoices):
    SCREEN = "screen", _("Screen")
    PROJECTOR = "projector", _("Projector")
    WHITEBOARD = "whiteboard", _("Whiteboard")
    VIDEO = "video", _("Video conference")
    STREAMING = "streaming", _("Streaming equipment")
    SOUND = "sound", _("Sound system")
    POWER = "power", _("Power at every seat")
    STEP_FREE = "step_free", _("Step-free")
    HEARING_LOOP = "hearing_loop", _("Hearing loop")
    DAYLIGHT = "daylight", _("Daylight")
    QUIET = "quiet", _("Quiet")
    KITCHEN = "kitchen", _("Kitchen corner")
    EXTRACTION = "extraction", _("Fume extraction")


class Audience(models.TextChoices):
    """Who may book, from the widest to the narrowest. The team may always."""

    PUBLIC = "public", _("Everybody, with or without an account")
    SIGNED_IN = "signed_in", _("People with an account")
    NETWORK = "network", _("Members of other hubs")
    MEMBERS = "members", _("Members of this hub")
    TEAM = "team", _("The team")


class SpaceQuerySet(models.QuerySet["Space"]):
    def active(self) -> Self:
        return self.filter(is_active=True)


class Space(Dated):
    """What is booked: a room, a machine, or a pool of `quantity` interchangeable units (desks, projectors).

    Rules are in minutes and days; a booking keeps the price and deadline of the rules it was made under.
    """

    hub = models.ForeignKey(Hub, on_delete=models.PROTECT, related_name="spaces")
    zone = models.ForeignKey(
        Zone, on_delete=models.SET_NULL, null=True, blank=True, related_name="spaces", verbose_name=_("zone")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=SpaceKind)
    name = NameField(_("name"), max_length=80)
    slug = models.SlugField(_("address on this site"), max_length=80)
    description = models.TextField(_("description"), blank=True)
    is_active = models.BooleanField(_("in service"), default=True)
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    quantity = models.PositiveSmallIntegerField(
        _("how many"), default=1, help_text=_("Desks of the pool, or copies of the equipment; 1 for a room.")
    )
    capacity = models.PositiveSmallIntegerField(_("people, each"), default=1)
    area = DecimalField(_("floor area (m²)"), max_digits=8, decimal_places=2, null=True, blank=True)
    features = ArrayField(
        models.CharField(max_length=20, choices=Feature), verbose_name=_("features"), default=list, blank=True
    )

    audience = models.CharField(_("who may book"), max_length=10, choices=Audience, default=Audience.SIGNED_IN)
    free_of_charge = models.BooleanField(
        _("free of charge where no price holds"),
        default=False,
        help_text="Otherwise the public cannot book it on a day without a price.",
    )
    needs_approval = models.BooleanField(_("the team approves each booking"), default=False)
    takes_credits = models.BooleanField(
        _("hours and days included in plans can be spent here"),
        default=True,
        db_default=True,
        help_text=_("Hours in rooms and on machines, half-days at desks; beyond them the price is due."),
    )
    min_notice_minutes = models.PositiveIntegerField(_("minimum notice"), default=0)
    horizon_days = models.PositiveSmallIntegerField(
        _("bookable ahead (days)"), default=90, validators=[MinValueValidator(1), MaxValueValidator(FARTHEST_DAYS)]
    )
    step_minutes = models.PositiveSmallIntegerField(
        _("starts every"), default=30, choices=[(step, str(step)) for step in STEPS]
    )
    min_minutes = models.PositiveIntegerField(_("shortest booking"), default=30)
    max_minutes = models.PositiveIntegerField(_("longest booking"), default=600)
    buffer_before_minutes = models.PositiveSmallIntegerField(_("time kept free before"), default=0)
    buffer_after_minutes = models.PositiveSmallIntegerField(_("time kept free after"), default=0)
    cancel_notice_minutes = models.PositiveIntegerField(_("cancellation until, before the start"), default=0)

    objects = SpaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("space")
        verbose_name_plural = _("spaces")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["hub", "slug"],
                name="space_slug_once_in_hub",
                violation_error_message=_("The hub has a space at this address."),
            ),
            models.CheckConstraint(
                condition=Q(quantity__range=(1, 1000)),
                name="space_quantity_in_range",
                violation_error_message=_("From 1 to 1000."),
            ),
            models.CheckConstraint(
                condition=Q(quantity=1)
                | Q(kind__in=[SpaceKind.HOT_DESKS, SpaceKind.VISITING_DESKS, SpaceKind.EQUIPMENT]),
                name="space_rooms_are_single",
                violation_error_message=_("Only desks and equipment come in numbers."),
            ),
            models.CheckConstraint(
                condition=Q(capacity__gte=1),
                name="space_capacity_positive",
                violation_error_message=_("At least one person."),
            ),
            models.CheckConstraint(
                condition=Q(area__isnull=True) | Q(area__gt=0),
                name="space_area_positive",
                violation_error_message=_("More than 0 m²."),
            ),
            models.CheckConstraint(
                condition=Q(step_minutes__in=STEPS),
                name="space_step_divides_the_hour",
                violation_error_message=_("5, 10, 15, 20, 30 or 60 minutes."),
            ),
            models.CheckConstraint(
                condition=Q(min_minutes__gte=F("step_minutes"), max_minutes__gte=F("min_minutes")),
                name="space_lengths_in_order",
                violation_error_message=_("The shortest booking is at least one step and at most the longest."),
            ),
            models.CheckConstraint(
                condition=Q(max_minutes__lte=LONGEST_MINUTES),
                name="space_longest_is_a_month",
                violation_error_message=_("At most 31 days."),
            ),
            models.CheckConstraint(
                condition=Q(horizon_days__range=(1, FARTHEST_DAYS)),
                name="space_horizon_in_range",
                violation_error_message=_("From 1 to 1100 days."),
            ),
        ]
        triggers: ClassVar = [
            Trigger(
                name="stays_what_others_count_on",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("hub_id", "quantity"),
                func="""
                    IF NEW.hub_id <> OLD.hub_id THEN
                        RAISE EXCEPTION 'a space does not change hub'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'space_stays_in_its_hub';
                    END IF;
                    IF NEW.quantity > 1
                        AND EXISTS (SELECT FROM spaces_composition WHERE NEW.id IN (whole_id, part_id)) THEN
                        RAISE EXCEPTION 'a composite space is made of single spaces of one hub'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'composition_of_one_hub';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def step(self) -> timedelta:
        return timedelta(minutes=self.step_minutes)

    @property
    def buffer_before(self) -> timedelta:
        return timedelta(minutes=self.buffer_before_minutes)

    @property
    def buffer_after(self) -> timedelta:
        return timedelta(minutes=self.buffer_after_minutes)

    @property
    def is_pool(self) -> bool:
        return self.quantity > 1


class Unit(models.Model):
    """What one booking occupies: a room has one unit, a pool of forty desks has forty."""

    space = models.ForeignKey(Space, on_delete=models.PROTECT, related_name="units")
    number = models.PositiveSmallIntegerField(_("number"))
    label = models.CharField(_("label"), max_length=40, blank=True)
    is_active = models.BooleanField(_("in service"), default=True)

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        constraints: ClassVar = [models.UniqueConstraint(fields=["space", "number"], name="unit_number_once")]

    def __str__(self) -> str:
        return self.label or str(self.number)


class Composition(models.Model):
    """`whole` shares `part`: booking either blocks it for the other. Kept closed: the parts of parts are here too."""

    whole = models.ForeignKey(Space, on_delete=models.CASCADE, related_name="parts")
    part = models.ForeignKey(Space, on_delete=models.PROTECT, related_name="wholes")
    is_direct = models.BooleanField(default=True, help_text="Chosen by the team; otherwise a part of a part.")

    class Meta:
        verbose_name = _("composition")
        verbose_name_plural = _("compositions")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["whole", "part"], name="composition_once"),
            models.CheckConstraint(
                condition=~Q(whole=F("part")),
                name="composition_without_circle",
                violation_error_message=_("A space cannot be a part of itself."),
            ),
        ]
        triggers: ClassVar = [
            Trigger(
                name="single_units_of_one_hub",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                declare=[("fits", "boolean")],
                func="""
                    SELECT count(DISTINCT hub_id) = 1 AND max(quantity) = 1 INTO fits
                      FROM spaces_space WHERE id IN (NEW.whole_id, NEW.part_id);
                    IF NOT fits THEN
                        RAISE EXCEPTION 'a composite space is made of single spaces of one hub'
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'composition_of_one_hub';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.whole_id} > {self.part_id}"


class SpaceHours(WeeklyHoursBase):
    """Hours narrower than the hub's. A space without any follows the hub."""

    space = models.ForeignKey(Space, on_delete=models.CASCADE, related_name="hours")

    class Meta:
        verbose_name = _("hours of a space")
        verbose_name_plural = _("hours of a space")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(weekday__range=(1, 7)), name="space_hours_weekday_is_iso"),
            ExclusionConstraint(
                name="space_hours_never_overlap",
                expressions=[EqualAsRange.on("space_id"), MinutesOfWeek.overlap()],
                violation_error_message=_("These hours overlap others of the same day."),
            ),
        ]


class PriceQuerySet(models.QuerySet["Price"]):
    def on(self, day: date) -> Self:
        """Those that hold on that day."""
        return self.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day), starts_on__lte=day)


EVERY_DAY = 127
"""The sum of the bits of the seven days, Monday's being 1."""


class Price(Dated):
    """A price of a space for an hour, a half-day or a day, VAT included, from one day until another.

    VAT included because that is the price consumers must be shown (arrêté du 3 décembre 1987, article 1). Public, or
    `for_members`; all the time, or off-peak: on `weekdays`, between two minutes of the local day.
    """

    class Per(models.IntegerChoices):
        """The minutes that one payment covers."""

        HOUR = 60, _("hour")
        HALF_DAY = 240, _("half-day")
        DAY = 1440, _("day")

    space = models.ForeignKey(Space, on_delete=models.CASCADE, related_name="prices")
    per = models.PositiveSmallIntegerField(_("for one"), choices=Per)
    amount = DecimalField(_("price, VAT included (€)"), max_digits=8, decimal_places=2)
    vat_rate = DecimalField(_("VAT rate (%)"), max_digits=4, decimal_places=2, default=20)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"), null=True, blank=True)
    for_members = models.BooleanField(_("for members of the hub only"), default=False, db_default=False)
    weekdays = models.PositiveSmallIntegerField(_("on"), default=EVERY_DAY, db_default=EVERY_DAY)
    from_minute = models.PositiveSmallIntegerField(default=0, db_default=0)
    until_minute = models.PositiveSmallIntegerField(default=1440, db_default=1440)

    objects = PriceQuerySet.as_manager()

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(amount__gte=0),
                name="price_not_negative",
                violation_error_message=_("A price cannot be negative."),
            ),
            models.CheckConstraint(condition=Q(per__in=[60, 240, 1440]), name="price_per_known"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="price_ends_after_start",
                violation_error_message=_("The end is before the start."),
            ),
            models.CheckConstraint(
                condition=Q(weekdays__range=(1, EVERY_DAY)),
                name="price_on_some_weekday",
                violation_error_message=_("Tick at least one day."),
            ),
            models.CheckConstraint(
                condition=Q(from_minute__lt=F("until_minute"), until_minute__lte=1440),
                name="price_hours_in_order",
                violation_error_message=_("The end is before the start."),
            ),
            ExclusionConstraint(
                name="price_once_at_a_time",
                expressions=[
                    EqualAsRange.on("space_id"),
                    EqualAsRange.on("per"),
                    EqualAsRange.on(Cast("for_members", models.IntegerField())),
                    EqualAsRange.on("weekdays"),
                    EqualAsRange.on("from_minute"),
                    EqualAsRange.on("until_minute"),
                    InclusiveDates.overlap(),
                ],
                violation_error_message=_("Another price already holds during part of this time."),
            ),
        ]
        triggers: ClassVar = [
            Trigger(  # and no constraint: prices of before may have another rate, and have to end
                name="vat_rate_known",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=f"""
                    IF NEW.vat_rate NOT IN ({", ".join(map(str, VAT_RATES))})
                        AND (TG_OP = 'INSERT' OR NEW.vat_rate <> OLD.vat_rate) THEN
                        RAISE EXCEPTION 'no invoice has this rate' USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.amount} / {self.get_per_display()}"

    @property
    def rule(self) -> dict[str, Any]:
        """For whom and when it counts; of one rule and length one price holds at a time."""
        return {
            "for_members": self.for_members,
            "weekdays": self.weekdays,
            "from_minute": self.from_minute,
            "until_minute": self.until_minute,
        }

    @property
    def has_hours(self) -> bool:
        return (self.from_minute, self.until_minute) != (0, 1440)

    @property
    def is_off_peak(self) -> bool:
        return self.has_hours or self.weekdays != EVERY_DAY

    def counts_at(self, weekday: int, minute: int) -> bool:
        """Whether a payment may begin at that minute of a local day (0 is Monday)."""
        return bool(self.weekdays >> weekday & 1) and self.from_minute <= minute < self.until_minute


class Outage(Dated):
    """A space, or one of its units, is out of order; bookings that it affects stay, and the desk sees them."""

    space = models.ForeignKey(Space, on_delete=models.CASCADE, related_name="outages")
    unit = models.ForeignKey(
        Unit,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="outages",
        verbose_name=_("which one"),
        help_text=_("Empty: all of it."),
    )
    during = DateTimeRangeField(_("when"), help_text=_("Without an end: until somebody puts it back in service."))
    reason = models.CharField(_("reason"), max_length=160)

    class Meta:
        verbose_name = _("outage")
        verbose_name_plural = _("outages")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(during__isempty=False, during__lower_inf=False), name="outage_has_a_start"
            ),
            ExclusionConstraint(
                name="outage_once_at_a_time",
                expressions=[
                    EqualAsRange.on("space_id"),
                    EqualAsRange.on(Coalesce("unit_id", 0)),
                    ("during", RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("It is already out of order during part of this time."),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["space", "unit"], name="outage_of_space")]

    def __str__(self) -> str:
        return self.reason


class SpacePhoto(Photo):
    hub_path = "space__hub"
    space = models.ForeignKey(Space, on_delete=models.CASCADE, related_name="photos")
    image = models.ImageField(_("photo"), upload_to="spaces/%Y/")

    @property
    def place(self) -> Space:
        return self.space
