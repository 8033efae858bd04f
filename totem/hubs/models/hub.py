"""A hub: who runs it, where it is, its zones, partners and photos; and who asks for one."""

from datetime import date
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from totem.core.colour import validate_accent
from totem.core.model_fields import DecimalField, DegreesField, NameField
from totem.core.models import Dated
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
