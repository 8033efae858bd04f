"""The legal entity that sells, its dated VAT status and the dated wording of its invoices."""

from typing import ClassVar

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Left, Right
from django.utils.translation import gettext_lazy as _

from totem.core.model_fields import DecimalField, NameField
from totem.core.models import Dated
from totem.organisations.models import Organisation

ELECTRONIC_ADDRESS_REFUSED = _(
    "An electronic address is the SIREN, perhaps followed by letters, digits or the signs - _ . without a space."
)


def is_electronic_address() -> Q:
    """The row's electronic address begins with its SIREN and has the characters that BR-FR-23 allows (scheme 0225)."""
    return Q(electronic_address__regex=r"^[0-9]{9}[A-Za-z0-9_.-]*$", siren=Left("electronic_address", 9))


class Seller(Dated):
    """The legal entity that sells: it operates one or several hubs. What an invoice says of it is frozen on issue."""

    organisation = models.OneToOneField(
        Organisation, on_delete=models.PROTECT, related_name="seller", verbose_name=_("organisation")
    )
    name = NameField(_("legal name"), max_length=150)
    legal_form = models.CharField(
        _("legal form"), max_length=80, help_text=_("As invoices state it: association (law of 1901), SAS…")
    )
    siren = models.CharField(_("SIREN"), max_length=9)
    siret = models.CharField(_("SIRET"), max_length=14, blank=True)
    vat_number = models.CharField(_("VAT number"), max_length=20, blank=True)
    rna = models.CharField(_("RNA number (associations)"), max_length=10, blank=True)
    registration = models.CharField(
        _("commercial register"), max_length=80, blank=True, help_text=_("For a company: RCS Amiens, for instance.")
    )
    share_capital = DecimalField(_("share capital (EUR)"), max_digits=12, decimal_places=2, null=True, blank=True)
    street = models.CharField(_("street address"), max_length=200)
    postcode = models.CharField(_("postcode"), max_length=5)
    city = models.CharField(_("town"), max_length=100)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("telephone"), max_length=20, blank=True)
    iban = models.CharField(_("IBAN"), max_length=34, blank=True)
    bic = models.CharField(_("BIC"), max_length=11, blank=True)
    electronic_address = models.CharField(
        _("electronic address"),
        max_length=125,
        blank=True,
        help_text=_("Where an approved platform finds it: begins with the SIREN. Leave empty for the SIREN alone."),
    )
    einvoices_since = models.DateField(
        _("sends electronic invoices since"),
        null=True,
        blank=True,
        help_text=_(
            "Invoices and credit notes issued from this day on are handed over for an approved platform, where this "
            "installation has one. Leave empty: none is."
        ),
    )
    payment_days = models.PositiveSmallIntegerField(
        _("days to pay"),
        default=30,
        validators=[MaxValueValidator(60)],
        help_text=_("Sixty at most (Code de commerce, art. L441-10)."),
    )
    pays_vat_on_debits = models.BooleanField(
        _("VAT is due on invoices, not on payments"),
        default=False,
        help_text=_("The option for debits (option pour les débits), stated on invoices."),
    )
    is_regie = models.BooleanField(
        _("public operator under a régie"),
        default=False,
        help_text=_("It numbers no invoices here: the amounts to collect are exported for its accounting officer."),
    )

    class Meta:
        verbose_name = _("seller")
        verbose_name_plural = _("sellers")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(siren__regex=r"^[0-9]{9}$"), name="seller_siren_digits"),
            models.CheckConstraint(
                condition=Q(siret="") | Q(siret__regex=r"^[0-9]{14}$", siren=Left("siret", 9)),
                name="seller_siret_of_its_siren",
                violation_error_message=_("This SIRET is not of that SIREN."),
            ),
            models.CheckConstraint(
                condition=~Q(vat_number__startswith="FR") | Q(siren=Right("vat_number", 9)),
                name="seller_vat_number_of_its_siren",
                violation_error_message=_("A French VAT number ends with the SIREN: this one is another company’s."),
            ),
            models.CheckConstraint(
                condition=Q(electronic_address="") | is_electronic_address(),
                name="seller_electronic_address_of_its_siren",
                violation_error_message=ELECTRONIC_ADDRESS_REFUSED,
            ),
            models.CheckConstraint(condition=Q(postcode__regex=r"^[0-9]{5}$"), name="seller_postcode_is_five_digits"),
            models.CheckConstraint(condition=Q(payment_days__lte=60), name="seller_payment_days_at_most_60"),
        ]

    def __str__(self) -> str:
        return self.name


class VatStatus(models.TextChoices):
    """How a seller stands towards VAT. Source: CGI art. 261, 7-1° and 293 B; French rules, section 3."""

    NONPROFIT = "nonprofit", _("Non-profit, exempt from VAT")
    FRANCHISE = "franchise", _("Small seller, exempt from VAT (franchise en base)")
    TAXABLE = "taxable", _("Charges VAT")


class VatPeriod(Dated):
    """The VAT status of a seller from a day until its next one."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="vat_periods")
    starts_on = models.DateField(_("from"))
    status = models.CharField(_("VAT"), max_length=10, choices=VatStatus)
    threshold = DecimalField(
        _("yearly threshold (EUR)"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("Leave empty for the one that Totem knows; the figures are indexed, check yours."),
    )

    class Meta:
        verbose_name = _("VAT status")
        verbose_name_plural = _("VAT statuses")
        ordering: ClassVar = ["starts_on"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["seller", "starts_on"],
                name="vat_status_once_a_day",
                violation_error_message=_("Another status starts on that day."),
            ),
            models.CheckConstraint(condition=Q(threshold=None) | Q(threshold__gt=0), name="vat_threshold_positive"),
            models.CheckConstraint(condition=Q(status__in=VatStatus.values), name="vat_status_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_status_display()} ({self.starts_on})"


class Wording(Dated):
    """A text that a seller's invoices carry from a day on, in place of the one that Totem ships (`billing.wording`)."""

    seller = models.ForeignKey(Seller, on_delete=models.CASCADE, related_name="wordings")
    code = models.CharField(_("which"), max_length=40)
    starts_on = models.DateField(_("from"))
    text = models.CharField(_("text"), max_length=500)

    class Meta:
        verbose_name = _("wording")
        verbose_name_plural = _("wordings")
        ordering: ClassVar = ["code", "starts_on"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["seller", "code", "starts_on"],
                name="wording_once_a_day",
                violation_error_message=_("Another text starts on that day."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} ({self.starts_on})"
