"""Organisations (companies, associations, authorities, schools, funds) and their people."""

import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Left
from django.utils.translation import gettext_lazy as _

from totem.core.model_fields import NameField
from totem.core.models import Dated
from totem.core.sort_keys import SortKeyField


class LegalForm(models.TextChoices):
    """Legal forms common around a hub; with `other` the name tells."""

    ASSOCIATION = "association", _("Association (law of 1901)")
    SAS = "sas", _("SAS, SASU")
    SARL = "sarl", _("SARL, EURL")
    SA = "sa", _("SA")
    SOLE_TRADER = "ei", _("Sole trader, micro-enterprise")
    COOPERATIVE = "cooperative", _("Co-operative (SCOP, SCIC)")
    PUBLIC_BODY = "public_body", _("Public body")
    COMMUNE = "commune", _("Commune")
    EPCI = "epci", _("EPCI")
    DEPARTMENT = "department", _("Department")
    REGION = "region", _("Region")
    GIP = "gip", _("GIP (public interest group)")
    SEM = "sem", _("SEM (semi-public company)")
    FOUNDATION = "foundation", _("Foundation, endowment fund")
    OTHER = "other", _("Other")


class OrganisationKind(models.TextChoices):
    """What an organisation is in its territory. Source: the domain notes' list of actors; the codes are stable."""

    COMMUNE = "commune", _("Commune")
    EPCI = "epci", _("EPCI, metropolis")
    DEPARTMENT = "department", _("Department")
    REGION = "region", _("Region")
    STATE_SERVICE = "state_service", _("State service")
    PUBLIC_BANK = "public_bank", _("Public bank")
    CHAMBER = "chamber", _("Chamber of commerce or trades")
    INNOVATION_AGENCY = "innovation_agency", _("Innovation agency")
    DIGITAL_ASSOCIATION = "digital_association", _("Digital association")
    NATIONAL_NETWORK = "national_network", _("National network")
    HUB_OPERATOR = "hub_operator", _("Hub operator")
    COWORKING = "coworking", _("Coworking space")
    FAB_LAB = "fab_lab", _("Fab lab")
    INCUBATOR = "incubator", _("Incubator")
    ACCELERATOR = "accelerator", _("Accelerator")
    NURSERY = "nursery", _("Business nursery (pépinière)")
    BUSINESS_HOTEL = "business_hotel", _("Business hotel")
    TECHNOPOLE = "technopole", _("Technopole")
    CLUSTER = "cluster", _("Competitiveness cluster")
    UNIVERSITY = "university", _("University")
    SCHOOL = "school", _("Engineering or business school")
    CODING_SCHOOL = "coding_school", _("Coding school")
    LAB = "lab", _("Research laboratory")
    STARTUP = "startup", _("Startup")
    SCALEUP = "scaleup", _("Scale-up")
    TECH_CHAMPION = "tech_champion", _("Tech Champion")
    SME = "sme", _("Small or medium-sized company")
    LARGE_GROUP = "large_group", _("Large group")
    SPONSOR = "sponsor", _("Sponsor")
    VC_FUND = "vc_fund", _("Venture capital fund")
    SEED_FUND = "seed_fund", _("Seed fund")
    BUSINESS_ANGELS = "business_angels", _("Business angels")
    PROPERTY_OWNER = "property_owner", _("Property owner")
    DEVELOPER = "developer", _("Property developer")
    NETWORK_OPERATOR = "network_operator", _("Network operator")
    DATA_CENTRE = "data_centre", _("Data centre")
    EXCHANGE_POINT = "exchange_point", _("Internet exchange point (GIX)")
    MEDIA = "media", _("Media")
    OTHER = "other", _("Other")


class Organisation(Dated):
    """One legal person, or one establishment of it when the SIRET is given."""

    name = NameField(_("name"), max_length=150)
    sort_key = SortKeyField(source="name", db_index=True)
    legal_form = models.CharField(_("legal form"), max_length=20, choices=LegalForm.choices)
    kind = models.CharField(_("kind"), max_length=25, choices=OrganisationKind.choices)
    siren = models.CharField(
        _("SIREN"), max_length=9, blank=True, help_text=_("Nine digits. Leave empty if it has none yet.")
    )
    siret = models.CharField(
        _("SIRET"), max_length=14, blank=True, help_text=_("Fourteen digits: the establishment people go to.")
    )
    address = models.TextField(_("address"), blank=True, max_length=300)
    commune = models.ForeignKey(
        "territories.Commune",
        on_delete=models.PROTECT,
        related_name="organisations",
        null=True,
        blank=True,
        verbose_name=_("commune"),
    )
    website = models.URLField(_("website"), blank=True)
    email = models.EmailField(_("e-mail address"), blank=True)
    # A number is once among what one territory notes. Across owners it is not: a refusal would tell that it is here.
    noted_by = models.ForeignKey(
        "territories.Workspace", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+",
        verbose_name=_("noted by"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        ordering: ClassVar = ["sort_key", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(siren="") | Q(siren__regex=r"^[0-9]{9}$"), name="organisation_siren_digits"
            ),
            models.CheckConstraint(
                condition=Q(siret="") | Q(siret__regex=r"^[0-9]{14}$"), name="organisation_siret_digits"
            ),
            models.CheckConstraint(
                condition=Q(siret="") | Q(siren=Left("siret", 9)), name="organisation_siret_of_its_siren"
            ),
            models.UniqueConstraint(
                fields=["siret", "noted_by"],
                condition=~Q(siret=""),
                name="organisation_siret_once",
                violation_error_code="unique",  # Django then says it at the field
                violation_error_message=_("Your territory has noted an organisation with this SIRET already."),
            ),
            models.UniqueConstraint(
                fields=["siren", "noted_by"],
                condition=~Q(siren="") & Q(siret=""),
                name="organisation_siren_once",
                violation_error_code="unique",
                violation_error_message=_("Your territory has noted an organisation with this SIREN already."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


def range_of(number: F | Func) -> Func:
    """The range from a number to itself: `&&` on it stands in for `=` without btree_gist, which the embedded
    PostgreSQL does not have.
    """
    return Func(number, number, Value("[]"), function="int8range")


DATES = Func(F("since"), F("until"), Value("[)"), function="daterange", output_field=DateRangeField())


class AffiliationQuerySet(models.QuerySet["Affiliation"]):
    """Affiliations filtered by day."""

    def on(self, day: datetime.date) -> "AffiliationQuerySet":
        """Those in force on that day."""
        return self.filter(Q(until=None) | Q(until__gt=day), since__lte=day)

    def current_or_coming(self, day: datetime.date) -> "AffiliationQuerySet":
        """Those in force on that day or starting later."""
        return self.filter(Q(until=None) | Q(until__gt=day))


class Affiliation(Dated):
    """A person in an organisation, from one day until (not including) another."""

    class Role(models.TextChoices):
        REPRESENTATIVE = "representative", _("Representative")
        BOARD = "board", _("Board member")
        EMPLOYEE = "employee", _("Employee")
        VOLUNTEER = "volunteer", _("Volunteer")

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="affiliations", verbose_name=_("person")
    )
    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="affiliations", verbose_name=_("organisation")
    )
    role = models.CharField(_("role"), max_length=15, choices=Role.choices)
    can_book = models.BooleanField(_("may book for the organisation"), default=True)
    since = models.DateField(_("from"))
    until = models.DateField(_("until"), null=True, blank=True, help_text=_("The first day it no longer holds."))

    objects = AffiliationQuerySet.as_manager()

    class Meta:
        verbose_name = _("person in an organisation")
        verbose_name_plural = _("people in organisations")
        ordering: ClassVar = ["since", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")),
                name="affiliation_ends_after_it_starts",
                violation_error_message=_("The end comes before the start."),
            ),
            ExclusionConstraint(
                name="affiliation_once_at_a_time",
                expressions=[
                    (range_of(F("person")), RangeOperators.OVERLAPS),
                    (range_of(F("organisation")), RangeOperators.OVERLAPS),
                    (DATES, RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("This person is already in the organisation at that time."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.role} {self.organisation_id}"
