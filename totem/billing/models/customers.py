"""Customers: companies, associations, public bodies and people, each of one hub."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Left, Right
from django.utils.translation import gettext_lazy as _

from totem.billing.models.sellers import ELECTRONIC_ADDRESS_REFUSED, is_electronic_address
from totem.core.model_fields import NameField
from totem.core.models import Dated
from totem.core.sort_keys import SortKeyField
from totem.hubs.models import Hub
from totem.organisations.models import Organisation


class CustomerKind(models.TextChoices):
    """What decides which mentions an invoice needs, and whether it is sent electronically."""

    BUSINESS = "business", _("Company, or association with a SIREN")
    PUBLIC = "public", _("Public body")
    CONSUMER = "consumer", _("Private person, or association without a SIREN")


class Customer(Dated):
    """Whom a hub invoices. What an invoice says of a customer is frozen on issue; this row may change after."""

    hub = models.ForeignKey(Hub, on_delete=models.PROTECT, related_name="customers")
    kind = models.CharField(_("kind"), max_length=10, choices=CustomerKind)
    name = NameField(_("name"), max_length=150)
    sort_key = SortKeyField(source="name", db_index=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    guest = models.CharField(
        max_length=254,
        blank=True,
        default="",
        db_default="",  # the former version inserts during an upgrade
        help_text="Who booked without an account: their address, or their booking where none is known.",
    )
    siren = models.CharField(_("SIREN"), max_length=9, blank=True)
    siret = models.CharField(_("SIRET"), max_length=14, blank=True)
    vat_number = models.CharField(_("VAT number"), max_length=20, blank=True)
    street = models.CharField(_("street address"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=10, blank=True)
    city = models.CharField(_("town"), max_length=100, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    electronic_address = models.CharField(
        _("electronic address"),
        max_length=125,
        blank=True,
        help_text=_("Of a company: its SIREN, perhaps with a suffix. Leave empty for the SIREN alone."),
    )
    purchase_order = models.CharField(_("purchase order"), max_length=50, blank=True)
    service_code = models.CharField(_("service code (public body)"), max_length=100, blank=True)
    needs_commitment = models.BooleanField(
        _("asks for a commitment number (public body)"), default=False, help_text=_("Before anything is invoiced.")
    )

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering: ClassVar = ["sort_key", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=CustomerKind.values), name="customer_kind_known"),
            models.CheckConstraint(
                condition=~Q(kind="business") | Q(siren__regex=r"^[0-9]{9}$"),
                name="customer_business_has_siren",
                violation_error_message=_("An invoice to a company names its SIREN."),
            ),
            models.CheckConstraint(
                condition=~Q(kind="public") | Q(siret__regex=r"^[0-9]{14}$"),
                name="customer_public_has_siret",
                violation_error_message=_("An invoice to a public body names its SIRET."),
            ),
            models.CheckConstraint(
                condition=Q(siret="") | Q(siren=Left("siret", 9)),
                name="customer_siret_of_its_siren",
                violation_error_message=_("This SIRET is not of that SIREN."),
            ),
            models.CheckConstraint(
                condition=~Q(vat_number__startswith="FR") | Q(siren="") | Q(siren=Right("vat_number", 9)),
                name="customer_vat_number_of_its_siren",
                violation_error_message=_("A French VAT number ends with the SIREN: this one is another company’s."),
            ),
            models.CheckConstraint(
                condition=Q(kind="consumer") | Q(electronic_address="") | is_electronic_address(),
                name="customer_electronic_address_of_its_siren",
                violation_error_message=ELECTRONIC_ADDRESS_REFUSED,
            ),
            models.CheckConstraint(
                condition=Q(kind="public") | Q(needs_commitment=False, service_code=""),
                name="customer_commitment_of_public_body",
            ),
            models.UniqueConstraint(
                fields=["hub", "organisation"],
                condition=Q(organisation__isnull=False),
                name="customer_organisation_once",
            ),
            models.UniqueConstraint(
                fields=["hub", "person"], condition=Q(person__isnull=False), name="customer_person_once"
            ),
            models.UniqueConstraint(fields=["hub", "guest"], condition=~Q(guest=""), name="customer_guest_once"),
        ]

    def __str__(self) -> str:
        return self.name
