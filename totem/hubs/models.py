"""A hub: operator, address, opening hours, zones, team and members."""

from datetime import date
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Expression, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from totem.core.colour import validate_accent
from totem.core.constraints import EqualAsRange, InclusiveDates, MinutesOfWeek
from totem.core.model_fields import DecimalField, DegreesField, NameField
from totem.core.models import Dated
from totem.core.wording import date_with_year
from totem.organisations.models import Organisation
from totem.territories.models import Commune
from totem.territories.public_holidays import CustomaryHoliday

DEFAULT_ACCENT = "#0B5C73"


def known_zone(name: str) -> None:
    """Raises ValidationError for a name that is not an IANA time zone."""
    if name not in available_timezones():
        raise ValidationError(_("This is not an IANA time zone, such as Europe/Paris."))


class Language(models.TextChoices):
    """Languages spoken at the desk, ISO 639-1 (and French Sign Language, ISO 639-3)."""

    FR = "fr", _("French")
    EN = "en", _("English")
    DE = "de", _("German")
    ES = "es", _("Spanish")
    IT = "it", _("Italian")
    NL = "nl", _("Dutch")
    PT = "pt", _("Portuguese")
    PL = "pl", _("Polish")
    AR = "ar", _("Arabic")
    UK = "uk", _("Ukrainian")
    FSL = "fsl", _("French Sign Language")


class HubQuerySet(models.QuerySet["Hub"]):
    def published(self) -> Self:
        return self.filter(is_published=True)


class Hub(Dated):
    """A hub. Its wall-clock times are in its `time_zone`."""

    name = NameField(_("name"), max_length=120)
    slug = models.SlugField(_("address on this site"), unique=True)
    operator = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="hubs", verbose_name=_("run by"))
    is_published = models.BooleanField(_("shown to the public"), default=False)
    tagline = models.CharField(_("in one sentence"), max_length=160)
    description = models.TextField(_("what it offers"), blank=True)
    street = models.CharField(_("street address"), max_length=200)
    postcode = models.CharField(_("postcode"), max_length=5)
    commune = models.ForeignKey(Commune, on_delete=models.PROTECT, related_name="hubs", verbose_name=_("commune"))
    latitude = DegreesField(
        _("latitude"), max_digits=8, decimal_places=6, validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    longitude = DegreesField(
        _("longitude"), max_digits=9, decimal_places=6, validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    host_building = models.CharField(_("host building"), max_length=160, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=40, default="Europe/Paris", validators=[known_zone])
    closed_on_public_holidays = models.BooleanField(_("closed on public holidays"), default=True)
    customary_holidays = ArrayField(
        models.CharField(max_length=20, choices=CustomaryHoliday),
        verbose_name=_("closed by custom on"),
        default=list,
        blank=True,
    )
    accent = models.CharField(_("accent colour"), max_length=7, default=DEFAULT_ACCENT, validators=[validate_accent])
    step_free = models.BooleanField(
        _("step-free access"), null=True, blank=True, help_text=_("Leave empty if not known.")
    )
    access_notes = models.TextField(_("access for people with disabilities"), blank=True)
    transport = models.TextField(_("how to come"), blank=True)
    languages = ArrayField(
        models.CharField(max_length=3, choices=Language), verbose_name=_("languages spoken"), default=list, blank=True
    )
    email = models.EmailField(_("e-mail"), blank=True)
    grace_minutes = models.PositiveSmallIntegerField(
        _("minutes to change one's mind"),
        default=15,
        validators=[MaxValueValidator(24 * 60)],
        help_text=_("A booking just made can be cancelled for that long, even where it begins soon."),
    )
    mail_note = models.TextField(
        _("what mails about bookings add"),
        max_length=600,
        blank=True,
        help_text=_("How to get in, the Wi-Fi: it stands in confirmations and reminders, and nowhere else."),
    )
    phone = models.CharField(_("telephone"), max_length=20, blank=True)
    website = models.URLField(_("website"), blank=True)
    accepts_requests = models.BooleanField(
        _("people may ask to become members"),
        default=False,
        db_default=False,  # the former version inserts during an upgrade
        help_text=_("A button on the hub's page; you answer each request."),
    )

    objects = HubQuerySet.as_manager()

    class Meta:
        verbose_name = _("hub")
        verbose_name_plural = _("hubs")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(accent__regex=r"^#[0-9A-F]{6}$"), name="hub_accent_is_hex"),
            models.CheckConstraint(condition=Q(postcode__regex=r"^[0-9]{5}$"), name="hub_postcode_is_five_digits"),
            models.CheckConstraint(
                condition=Q(latitude__range=(-90, 90), longitude__range=(-180, 180)), name="hub_is_on_earth"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class FoundingRequest(Dated):
    """Somebody asks the installation's staff for a hub; one that is granted founds one hub."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waits for an answer")
        GRANTED = "granted", _("Granted")
        REFUSED = "refused", _("Refused")

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="founding_requests", verbose_name=_("person")
    )
    name = NameField(_("name of the hub"), max_length=120)
    message = models.TextField(
        _("who you are, and what the hub is"),
        max_length=2000,
        help_text=_("Where it is, who runs it, when it opens. The installation’s team reads it and answers by mail."),
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    answer = models.TextField(_("answer"), max_length=1000, blank=True)
    hub = models.OneToOneField(
        Hub, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("hub")
    )

    class Meta:
        verbose_name = _("request for a hub")
        verbose_name_plural = _("requests for hubs")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(state="waiting"),
                name="founding_asked_once_at_a_time",
                violation_error_message=_("You have asked already: the answer comes by mail."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "granted", "refused"]), name="founding_state_known"
            ),
            models.CheckConstraint(condition=Q(hub__isnull=True) | Q(state="granted"), name="founded_once_granted"),
        ]

    def __str__(self) -> str:
        return self.name


class ZoneKind(models.TextChoices):
    INCUBATOR = "incubator", _("Incubator")
    COWORKING = "coworking", _("Coworking")
    SHARED_TOOLS = "shared_tools", _("Shared tools")
    EVENTS = "events", _("Events and communication")
    MEETING = "meeting", _("Meeting")
    OFFICES = "offices", _("Offices")
    COMMON = "common", _("Common areas")


class ZoneQuerySet(models.QuerySet["Zone"]):
    """Zones, filtered by opening day."""

    def delivered(self, day: date) -> Self:
        """Those that are open on that day."""
        return self.filter(Q(opens_on=None) | Q(opens_on__lte=day))

    def planned(self, day: date) -> Self:
        """Those that open after that day."""
        return self.filter(opens_on__gt=day)


class Zone(Dated):
    """A part of the hub with one use, and its floor area in m². Without `opens_on` it is open."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="zones")
    kind = models.CharField(_("use"), max_length=20, choices=ZoneKind)
    name = NameField(_("name"), max_length=80)
    area = DecimalField(_("floor area (m²)"), max_digits=8, decimal_places=2)
    opens_on = models.DateField(
        _("opens on"),
        null=True,
        blank=True,
        help_text=_("Leave empty if it is open already. Until that day its m² are planned and counted apart."),
    )

    objects = ZoneQuerySet.as_manager()

    class Meta:
        verbose_name = _("zone")
        verbose_name_plural = _("zones")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(area__gt=0), name="zone_area_positive", violation_error_message=_("More than 0 m².")
            ),
            models.UniqueConstraint(
                "hub", Lower("name"), name="zone_once", violation_error_message=_("The hub has a zone of this name.")
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_planned(self, day: date) -> bool:
        """Whether it opens after that day."""
        return self.opens_on is not None and self.opens_on > day


class Partner(Dated):
    """Who supports the hub or works with it, shown on its page in the order in which they were added."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="partners")
    name = NameField(_("name"), max_length=120)
    website = models.URLField(_("website"), blank=True)

    class Meta:
        verbose_name = _("partner")
        verbose_name_plural = _("partners")
        constraints: ClassVar = [
            models.UniqueConstraint(
                "hub",
                Lower("name"),
                name="partner_once",
                violation_error_message=_("The hub has a partner of this name."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class WeeklyHoursBase(models.Model):
    """A line of a weekly timetable. `closes_at` not after `opens_at` is on the next day; 00:00 closes at midnight."""

    class Weekday(models.IntegerChoices):
        MONDAY = 1, _("Monday")
        TUESDAY = 2, _("Tuesday")
        WEDNESDAY = 3, _("Wednesday")
        THURSDAY = 4, _("Thursday")
        FRIDAY = 5, _("Friday")
        SATURDAY = 6, _("Saturday")
        SUNDAY = 7, _("Sunday")

    weekday = models.PositiveSmallIntegerField(_("day"), choices=Weekday)
    opens_at = models.TimeField(_("from"))
    closes_at = models.TimeField(_("until"))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens_at:%H:%M}-{self.closes_at:%H:%M}"


class OpeningHours(WeeklyHoursBase):
    """A line of the hub's weekly opening hours."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="opening_hours")

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(weekday__range=(1, 7)), name="hub_hours_weekday_is_iso"),
            ExclusionConstraint(
                name="hub_hours_never_overlap",
                expressions=[EqualAsRange.on("hub_id"), MinutesOfWeek.overlap()],
                violation_error_message=_("These hours overlap others of the same day."),
            ),
        ]


class ExceptionalHours(Dated):
    """An exceptional closure or opening. An opening overrides closures, public holidays and the week."""

    class Kind(models.TextChoices):
        CLOSED = "closed", _("Closed")
        OPEN = "open", _("Open")

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="exceptional_hours")
    kind = models.CharField(_("the hub is"), max_length=6, choices=Kind)
    during = DateTimeRangeField(_("when"))
    reason = models.CharField(_("reason, shown to the public"), max_length=160)

    class Meta:
        verbose_name = _("exceptional hours")
        verbose_name_plural = _("exceptional hours")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(during__isempty=False, during__lower_inf=False, during__upper_inf=False),
                name="exceptional_hours_bounded",
            ),
            ExclusionConstraint(
                name="closures_never_overlap",
                expressions=[EqualAsRange.on("hub_id"), ("during", RangeOperators.OVERLAPS)],
                condition=Q(kind="closed"),
                violation_error_message=_("Another closure already covers part of this time."),
            ),
            ExclusionConstraint(
                name="openings_never_overlap",
                expressions=[EqualAsRange.on("hub_id"), ("during", RangeOperators.OVERLAPS)],
                condition=Q(kind="open"),
                violation_error_message=_("Another exceptional opening already covers part of this time."),
            ),
        ]

    def __str__(self) -> str:
        return self.reason


class Role(models.TextChoices):
    """The roles of a team, from the widest permissions to the narrowest."""

    MANAGER = "manager", _("Manager")
    DESK = "desk", _("Front desk")
    FACILITATOR = "facilitator", _("Facilitator")
    MACHINES = "machines", _("Machine manager")
    READER = "reader", _("Reader")


class TeamMember(Dated):
    """A person's role in the team of a hub; one person may hold several."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="team")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="team_roles")
    role = models.CharField(_("role"), max_length=20, choices=Role)

    class Meta:
        verbose_name = _("team member")
        verbose_name_plural = _("team members")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["hub", "person", "role"],
                name="team_role_once",
                violation_error_message=_("This person already has this role."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.person} ({self.get_role_display()})"


class MembershipQuerySet(models.QuerySet["Membership"]):
    def on(self, day: date | Expression) -> Self:
        """Memberships in force on `day`, both ends included."""
        return self.ending_from(day).filter(starts_on__lte=day)

    def ending_from(self, day: date | Expression) -> Self:
        """Memberships in force on `day` or to come."""
        return self.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=day))


class Membership(Dated):
    """A membership from one day until another, both included; without an end, until further notice."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"), null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        indexes: ClassVar = [models.Index(fields=["person", "starts_on"], name="membership_of_person")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=models.F("starts_on")),
                name="membership_ends_after_start",
                violation_error_message=_("The end is before the start."),
            ),
            ExclusionConstraint(
                name="membership_once_at_a_time",
                expressions=[EqualAsRange.on("hub_id"), EqualAsRange.on("person_id"), InclusiveDates.overlap()],
                violation_error_message=_("This person is already a member during part of this time."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} - {self.hub}"

    @property
    def dates(self) -> str:
        """« du 1er janvier 2026 au 31 mars 2026 », in the active language."""
        first = date_with_year(self.starts_on)
        if self.ends_on is None:
            return gettext("from %(first)s") % {"first": first}
        return gettext("from %(first)s to %(last)s") % {"first": first, "last": date_with_year(self.ends_on)}


class MembershipRequest(Dated):
    """Somebody asks to become a member of a hub; deleted once accepted or taken back.

    One that was declined stays, without its words, and keeps them from asking again for a time (`hubs.limits`).
    """

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="membership_requests")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="membership_requests")
    message = models.TextField(_("what you want to say to the team"), max_length=600, blank=True)
    declined_at = models.DateTimeField(_("declined"), null=True, blank=True)

    class Meta:
        verbose_name = _("request to become a member")
        verbose_name_plural = _("requests to become a member")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hub", "person"], name="membership_request_once"),
            models.CheckConstraint(
                condition=Q(declined_at__isnull=True) | Q(message=""), name="membership_request_declined_says_nothing"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.hub_id}"


class PersonNote(Dated):
    """What the team of a hub notes about somebody; read by those who work at the desk, and given to the person."""

    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="notes")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notes_about")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(_("note"), max_length=2000)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        indexes: ClassVar = [models.Index(fields=["hub", "person", "-id"], name="note_of_person")]
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(text=""), name="note_says_something")]

    def __str__(self) -> str:
        return f"{self.hub_id} {self.person_id}"


class PhotoQuerySet(models.QuerySet["Photo"]):
    def in_order(self) -> Self:
        return self.order_by("position", "pk")


class Photo(Dated):
    """A photo of a hub or of a space; `description` is read to people who do not see it."""

    hub_path = "hub"  # from the photo to the hub whose photos are counted
    image: models.ImageField
    description = models.CharField(_("what the photo shows"), max_length=200)
    position = models.PositiveSmallIntegerField(_("order"), default=0)

    objects = PhotoQuerySet.as_manager()

    class Meta:
        abstract = True
        verbose_name = _("photo")
        verbose_name_plural = _("photos")

    def __str__(self) -> str:
        return self.description

    @property
    def place(self) -> Any:
        """The hub or the space that it shows."""
        raise NotImplementedError


class HubPhoto(Photo):
    hub = models.ForeignKey(Hub, on_delete=models.CASCADE, related_name="photos")
    image = models.ImageField(_("photo"), upload_to="hubs/%Y/")

    @property
    def place(self) -> Hub:
        return self.hub
