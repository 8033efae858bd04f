"""Who governs: bodies with their seats and meetings, offices, and who pays for what."""

from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar, TypeVar

import pgtrigger
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from totem.core.model_fields import DecimalField, NameField
from totem.core.models import Dated
from totem.core.triggers import Refusal, Trigger, read_only
from totem.hubs.models import Hub
from totem.organisations.models import LegalForm, Organisation
from totem.territories.models import Declared, DeclaredQuerySet, Document, Perimeter
from totem.territories.triggers import published_by_trusted

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable
    from django.utils.functional import _StrPromise as StrPromise

Row = TypeVar("Row", bound=models.Model)


def optional(to: type[Row], name: "StrPromise") -> "models.ForeignKey[Row | Combinable | None, Row | None]":
    """A foreign key that may be empty, protects what it names, and is not followed back."""
    return models.ForeignKey(to, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=name)


class Governed(Declared):
    """Something declared about a perimeter, or about a hub."""

    perimeter = optional(Perimeter, _("perimeter"))
    hub = optional(Hub, _("hub"))

    objects = DeclaredQuerySet.as_manager()

    class Meta:
        abstract = True

    @staticmethod
    def of_one(name: str) -> models.CheckConstraint:
        one = Q(perimeter__isnull=False, hub=None) | Q(perimeter=None, hub__isnull=False)
        return models.CheckConstraint(condition=one & Q(workspace__isnull=False), name=name)


def in_order(name: str) -> models.CheckConstraint:
    """The constraint that `until` comes after `since`."""
    return models.CheckConstraint(
        condition=Q(since=None) | Q(until=None) | Q(until__gt=F("since")),
        name=name,
        violation_error_message=_("The end comes before the start."),
    )


class BodyKind(models.TextChoices):
    GOVERNING = "governing", _("Governing body")
    VEHICLE = "vehicle", _("Legal vehicle")


class Body(Governed):
    """A steering committee, a board, a GIP, a SEM: what the charter asks the territory (or the hub) to have."""

    kind = models.CharField(_("what it is"), max_length=10, choices=BodyKind.choices)
    name = NameField(_("name"), max_length=150)
    legal_form = models.CharField(_("legal form"), max_length=20, choices=LegalForm.choices, blank=True)
    has_capital = models.BooleanField(_("has capital"), default=False)
    after_call = models.BooleanField(_("set up after a call"), default=False)
    organisation = optional(Organisation, _("the organisation that it is"))
    since = models.DateField(_("from"))
    until = models.DateField(_("until"), null=True, blank=True, help_text=_("The first day it no longer holds."))
    document = optional(Document, _("statutes, agreement"))

    class Meta:
        verbose_name = _("body")
        verbose_name_plural = _("bodies")
        ordering: ClassVar = ["kind", "name", "pk"]
        constraints: ClassVar = [Governed.of_one("body_of_one"), in_order("body_ends_after_it_starts")]
        triggers: ClassVar = [published_by_trusted("body")]

    def __str__(self) -> str:
        return self.name


class ActorClass(models.TextChoices):
    """The class in which a member sits. The legal rules of a GIP and a SEM and the charter's actors are told by it."""

    LOCAL_AUTHORITY = "local_authority", _("Local authority")
    STATE = "state", _("State")
    PUBLIC_BODY = "public_body", _("Other public body")
    PUBLIC_SERVICE = "public_service", _("Private body with a public-service task")
    COMPANY = "company", _("Company")
    ENTREPRENEURS = "entrepreneurs", _("Entrepreneurs")
    TECH_CHAMPION = "tech_champion", _("Tech Champion")
    LARGE_GROUP = "large_group", _("Large group with R&D")
    HIGHER_EDUCATION = "higher_education", _("Higher education")
    TRAINING = "training", _("Training in programming")
    INCUBATOR = "incubator", _("Incubator, accelerator")
    VENTURE_CAPITAL = "venture_capital", _("Venture capital")
    SEED_CAPITAL = "seed_capital", _("Seed capital")
    BUSINESS_ANGELS = "business_angels", _("Business angels")
    CLUSTER = "cluster", _("Competitiveness cluster")
    COMMUNITY = "community", _("Who runs the communities")
    OTHER = "other", _("Other")


class SeatRole(models.TextChoices):
    PRESIDENT = "president", _("President")
    VICE_PRESIDENT = "vice_president", _("Vice-president")
    TREASURER = "treasurer", _("Treasurer")
    SECRETARY = "secretary", _("Secretary")
    MEMBER = "member", _("Member")
    OBSERVER = "observer", _("Observer, without a vote")


# The sum of shares is largest on the first day of one of the seats. The row of the body is held: two transactions that
# each fit, and do not fit together, see each other.
_CAPITAL_FITS = """
PERFORM FROM labels_body WHERE id = NEW.body_id FOR NO KEY UPDATE;
IF EXISTS (
    SELECT FROM labels_seat one JOIN labels_seat other ON other.body_id = one.body_id
     WHERE one.body_id = NEW.body_id
       AND coalesce(other.since, '-infinity') <= coalesce(one.since, '-infinity')
       AND coalesce(other.until, 'infinity') > coalesce(one.since, '-infinity')
     GROUP BY one.id HAVING sum(other.capital_share) > 100
) THEN
    RAISE EXCEPTION 'The seats of a body share at most the whole of its capital.' USING ERRCODE = 'check_violation';
END IF;
RETURN NULL;
"""


class Seat(Dated):
    """A seat of a body: whose it is, in which class, with how many votes and how much of the capital."""

    body = models.ForeignKey(Body, on_delete=models.CASCADE, related_name="seats")
    organisation = optional(Organisation, _("member"))
    holder = models.CharField(
        _("who sits"), max_length=150, blank=True, help_text=_("An office rather than a name: the mayor, the head of…")
    )
    actor_class = models.CharField(_("class"), max_length=20, choices=ActorClass.choices)
    role = models.CharField(_("role"), max_length=15, choices=SeatRole.choices, default=SeatRole.MEMBER)
    votes = DecimalField(
        _("votes"), max_digits=8, decimal_places=2, default=Decimal(1), validators=[MinValueValidator(0)]
    )
    capital_share = DecimalField(
        _("share of the capital (%)"),
        max_digits=6,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    since = models.DateField(_("from"), null=True, blank=True)
    until = models.DateField(_("until"), null=True, blank=True, help_text=_("The first day it no longer holds."))

    class Meta:
        verbose_name = _("seat")
        verbose_name_plural = _("seats")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            in_order("seat_ends_after_it_starts"),
            models.CheckConstraint(condition=Q(votes__gte=0), name="seat_votes_not_negative"),
            models.CheckConstraint(
                condition=~Q(role=SeatRole.OBSERVER) | Q(votes=0),
                name="seat_observer_has_no_vote",
                violation_error_message=_("An observer has no vote."),
            ),
            models.CheckConstraint(
                condition=Q(capital_share=None) | Q(capital_share__range=(0, 100)), name="seat_capital_is_a_share"
            ),
            models.CheckConstraint(
                condition=Q(organisation__isnull=False) | ~Q(holder=""),
                name="seat_is_somebodys",
                violation_error_message=_("Name the member, or who sits."),
            ),
        ]
        triggers: ClassVar = [
            read_only("seat_of_its_body", "body"),
            Trigger(
                name="seat_shares_the_capital",
                level=pgtrigger.Row,
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update,
                timing=pgtrigger.Deferred,
                func=_CAPITAL_FITS,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.actor_class} in {self.body_id}"


class Meeting(Dated):
    """A meeting of a body that was held, with its minutes; that of a general assembly is never changed."""

    body = models.ForeignKey(Body, on_delete=models.CASCADE, related_name="meetings")
    held_on = models.DateField(_("held on"))
    subject = models.CharField(_("about"), max_length=200, blank=True)
    document = optional(Document, _("minutes"))
    assembly = models.OneToOneField(
        "labels.Assembly", on_delete=models.PROTECT, null=True, blank=True, related_name="meeting"
    )

    class Meta:
        verbose_name = _("meeting")
        verbose_name_plural = _("meetings")
        ordering: ClassVar = ["-held_on", "-pk"]
        constraints: ClassVar = [
            # An ordinary and an extraordinary general assembly are often held on one day.
            models.UniqueConstraint(fields=["body", "held_on"], condition=Q(assembly=None), name="meeting_once_a_day")
        ]
        triggers: ClassVar = [
            Refusal(
                name="meeting_with_signed_minutes",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__assembly__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.body_id} {self.held_on}"


class Office(models.TextChoices):
    CHIEF_DIGITAL_OFFICER = "chief_digital_officer", _("Chief Digital Officer")
    LABEL_CONTACT = "label_contact", _("Contact for the label")
    TEAM_POST = "team_post", _("Post of the team")


class Appointment(Governed):
    """Somebody named to an office by an organisation, with the act that says so."""

    office = models.CharField(_("office"), max_length=25, choices=Office.choices)
    holder = models.CharField(
        _("who"),
        max_length=150,
        blank=True,
        help_text=_("What tells them apart: a first name and what they founded is enough."),
    )
    company = optional(Organisation, _("their company"))
    is_entrepreneur = models.BooleanField(_("comes from the local digital entrepreneurs"), default=False)
    appointed_by = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", verbose_name=_("appointed by")
    )
    act = models.CharField(_("act"), max_length=200, help_text=_("Deliberation or order, with its number."))
    since = models.DateField(_("from"))
    until = models.DateField(_("until"), null=True, blank=True, help_text=_("The first day it no longer holds."))
    document = optional(Document, _("the act"))

    class Meta:
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        ordering: ClassVar = ["-since", "-pk"]
        constraints: ClassVar = [
            Governed.of_one("appointment_of_one"),
            in_order("appointment_ends_after_it_starts"),
        ]
        triggers: ClassVar = [published_by_trusted("appointment")]

    def __str__(self) -> str:
        return f"{self.office} {self.since}"


class FundingLevel(models.TextChoices):
    EUROPE = "europe", _("European Union")
    STATE = "state", _("State")
    REGION = "region", _("Region")
    DEPARTMENT = "department", _("Department")
    EPCI = "epci", _("EPCI")
    COMMUNE = "commune", _("Commune")
    PRIVATE = "private", _("Private")
    OWN = "own", _("Own income")


class FundingPurpose(models.TextChoices):
    DEVELOPMENT = "development_operation", _("Development operation")
    INVESTMENT = "investment", _("Investment in the place")
    RUNNING = "running", _("Running costs")
    TEAM = "team", _("Team")
    PROGRAMME = "programme", _("Programme and events")
    COMPANIES = "companies", _("Support of companies")
    PROMOTION = "promotion", _("Promotion")
    OTHER = "other", _("Other")


class FundingLine(Governed):
    """Money of one level for one purpose over a period."""

    level = models.CharField(_("level"), max_length=12, choices=FundingLevel.choices)
    purpose = models.CharField(_("purpose"), max_length=25, choices=FundingPurpose.choices)
    funder = optional(Organisation, _("funder"))
    amount = DecimalField(_("amount (€)"), max_digits=14, decimal_places=2)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to (included)"))
    source = models.CharField(_("source"), max_length=300)
    document = optional(Document, _("document"))

    class Meta:
        verbose_name = _("funding line")
        verbose_name_plural = _("funding lines")
        ordering: ClassVar = ["starts_on", "pk"]
        constraints: ClassVar = [
            Governed.of_one("funding_of_one"),
            models.CheckConstraint(
                condition=Q(starts_on__lte=F("ends_on")),
                name="funding_period_in_order",
                violation_error_message=_("The period ends before it starts."),
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="funding_amount_positive", violation_error_message=_("More than 0 €.")
            ),
        ]
        triggers: ClassVar = [published_by_trusted("funding")]

    def __str__(self) -> str:
        return f"{self.level} {self.purpose} {self.amount}"
