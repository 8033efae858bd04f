"""Sellers, customers and drafts of the tests: a small association that charges VAT."""

from datetime import date
from decimal import Decimal

from factory import LazyAttribute, RelatedFactory, Sequence, SubFactory, Trait
from factory.django import DjangoModelFactory
from stdnum import luhn

from tests.factories.hubs import HubFactory
from tests.factories.organisations import OrganisationFactory, siren
from totem.billing.models import Customer, CustomerKind, Draft, DraftLine, Seller, VatPeriod, VatStatus


def vat_number(of_siren: str) -> str:
    """The French VAT number of a SIREN (CGI art. 286 ter)."""
    return f"FR{(12 + 3 * (int(of_siren) % 97)) % 97:02d}{of_siren}"


def siret(of_siren: str) -> str:
    """The SIRET of the first establishment of a SIREN."""
    stem = f"{of_siren}0001"
    return stem + luhn.calc_check_digit(stem)


class VatPeriodFactory(DjangoModelFactory[VatPeriod]):
    class Meta:
        model = VatPeriod

    starts_on = date(2020, 1, 1)
    status = VatStatus.TAXABLE


class SellerFactory(DjangoModelFactory[Seller]):
    """Charges VAT since 2020, unless a trait says otherwise."""

    class Meta:
        model = Seller
        skip_postgeneration_save = True

    class Params:
        franchise = Trait(vat=RelatedFactory(VatPeriodFactory, "seller", status=VatStatus.FRANCHISE), vat_number="")
        nonprofit = Trait(vat=RelatedFactory(VatPeriodFactory, "seller", status=VatStatus.NONPROFIT), vat_number="")

    organisation = SubFactory(OrganisationFactory)
    name = Sequence(lambda n: f"Cantine {n}")
    legal_form = "Association loi 1901"
    siren = Sequence(lambda n: siren(500 + n))
    siret = LazyAttribute(lambda seller: siret(seller.siren))
    vat_number = LazyAttribute(lambda seller: vat_number(seller.siren))
    street = "1 place de la Gare"
    postcode = "80000"
    city = "Amiens"
    iban = "FR7630006000011234567890189"
    bic = "AGRIFRPPXXX"
    vat = RelatedFactory(VatPeriodFactory, "seller")


class CustomerFactory(DjangoModelFactory[Customer]):
    """A company; a consumer or a public body by its trait."""

    class Meta:
        model = Customer

    class Params:
        consumer = Trait(kind=CustomerKind.CONSUMER, siren="", siret="")
        public = Trait(kind=CustomerKind.PUBLIC, service_code="SERVICE-1", needs_commitment=True)

    hub = SubFactory(HubFactory)
    kind = CustomerKind.BUSINESS
    name = Sequence(lambda n: f"Customer {n}")
    siren = Sequence(lambda n: siren(9000 + n))
    siret = LazyAttribute(lambda customer: siret(customer.siren) if customer.siren else "")
    street = "2 rue des Jacobins"
    postcode = "80000"
    city = "Amiens"


class DraftLineFactory(DjangoModelFactory[DraftLine]):
    class Meta:
        model = DraftLine

    label = "Meeting room"
    unit_price = Decimal("12.00")
    vat_rate = Decimal(20)


class DraftFactory(DjangoModelFactory[Draft]):
    """An invoice with one line of 12 euros at 20 %."""

    class Meta:
        model = Draft
        skip_postgeneration_save = True

    customer = SubFactory(CustomerFactory)
    hub = LazyAttribute(lambda draft: draft.customer.hub)
    line = RelatedFactory(DraftLineFactory, "draft")
