"""Numbers of companies, electronic addresses, references: what is wrong is said at its field, and nothing is kept."""

import re
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from tests.billing.test_pages import client_of
from tests.factories.billing import CustomerFactory, DraftFactory, SellerFactory, siret, vat_number
from tests.factories.hubs import HubFactory
from tests.factories.organisations import siren
from totem.billing.actions.issuing import issue
from totem.billing.forms import CustomerForm, SellerForm
from totem.billing.models import Customer, Draft, IssuedDocument, Seller
from totem.billing.models.documents import PREFIXES
from totem.core import clock

pytestmark = pytest.mark.django_db
ONE, OTHER = siren(71), siren(72)
WRONG: list[tuple[str, str]] = [
    ("siren", ONE[:-1] + str((int(ONE[-1]) + 1) % 10)),
    ("siret", siret(OTHER)),
    ("vat_number", vat_number(OTHER)),
    ("vat_number", "FR00123"),
    ("electronic_address", OTHER),
    ("electronic_address", f"{ONE} SERVICE"),
    ("electronic_address", ONE + "_" * 117),
]
RIGHT = {
    "siren": f"{ONE[:3]} {ONE[3:6]} {ONE[6:]}", "siret": siret(ONE), "vat_number": vat_number(ONE),
    "electronic_address": f"{ONE}_FACTURES", "street": "1 rue", "postcode": "80000", "city": "Amiens", "seen": "",
}  # fmt: skip
KINDS: dict[str, dict[str, Any]] = {
    "seller": {"name": "Cantine", "legal_form": "Association", "payment_days": "30", "iban": "", "bic": ""},
    "customer_add": {"name": "Boulangerie", "kind": "business"},
}


@pytest.mark.parametrize("page", KINDS)
def test_a_wrong_number_is_refused_at_its_field(page: str) -> None:
    hub = HubFactory()

    def form(field: str, value: str) -> SellerForm | CustomerForm:
        sent = KINDS[page] | RIGHT | {field: value}
        if page == "seller":
            return SellerForm(sent, instance=Seller(organisation=hub.operator))
        return CustomerForm(sent, instance=Customer(hub=hub))

    for field, value in WRONG:
        assert list(form(field, value).errors) == [field], value
    assert form("electronic_address", ONE + "_" * 116).is_valid()


@pytest.mark.parametrize("page", KINDS)
def test_right_numbers_are_kept_without_spaces(page: str) -> None:
    hub = HubFactory()
    url, right = reverse(f"billing:{page}", args=[hub.slug]), KINDS[page] | RIGHT
    assert client_of(hub).post(url, right | {"einvoices_since": "01/09/2027"}).status_code == 302
    kept = Seller.objects.first() or Customer.objects.get()
    assert (kept.siren, kept.electronic_address) == (ONE, f"{ONE}_FACTURES")
    assert getattr(kept, "einvoices_since", date(2027, 9, 1)) == date(2027, 9, 1)


def test_an_iban_with_a_wrong_digit_is_refused_at_its_field() -> None:
    hub = HubFactory()
    sent = KINDS["seller"] | RIGHT | {"iban": "FR76 3000 6000 0112 3456 7890 188", "bic": "AGRI"}
    refused = client_of(hub).post(reverse("billing:seller", args=[hub.slug]), sent)
    assert list(refused.context["form"].errors) == ["iban", "bic"]


def test_a_vat_number_of_another_country_and_a_consumers_address_are_kept() -> None:
    CustomerFactory(vat_number="DE136695976")
    CustomerFactory(consumer=True, electronic_address="somebody@example.org")
    for made in (CustomerFactory, SellerFactory):
        with pytest.raises(IntegrityError, match="electronic_address"), transaction.atomic():
            made(siren=ONE, siret=siret(ONE), vat_number="", electronic_address=OTHER)


def test_references_have_the_characters_and_the_length_that_platforms_take() -> None:
    """BR-FR-01 and 02: BT-1 has at most 35 characters of [A-Za-z0-9+-_/]; the trigger writes nothing longer."""
    customer = CustomerFactory()
    SellerFactory(organisation=customer.hub.operator)
    for kind in ("quote", "invoice", "deposit"):
        issue(draft_id=DraftFactory(customer=customer, kind=kind).pk, by=None, now=clock.now())
    longest = max(len(prefix) for prefix in PREFIXES.values()) + len("2026-") + len(str(2**31))
    assert longest <= 35
    assert all(re.fullmatch(r"[A-Za-z0-9+_/-]{1,35}", prefix) for prefix in PREFIXES.values())
    for reference in IssuedDocument.objects.values_list("reference", flat=True):
        assert re.fullmatch(r"[A-Za-z0-9+_/-]{12}", reference)


def test_a_commitment_number_is_asked_before_the_draft_of_an_invoice() -> None:
    customer = CustomerFactory(public=True)
    client, url = client_of(customer.hub), reverse("billing:draft_start", args=[customer.hub.slug])
    wanted = {"customer": customer.pk, "kind": "invoice"}
    refused = client.post(url, wanted)
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["commitment"])
    assert not Draft.objects.exists()
    client.post(url, wanted | {"commitment": "EJ-42"})
    client.post(url, wanted | {"kind": "quote"})
    assert sorted(Draft.objects.values_list("kind", "commitment")) == [("invoice", "EJ-42"), ("quote", "")]
    other = HubFactory()
    CustomerFactory(hub=other)
    shown = client_of(other).get(reverse("billing:draft_start", args=[other.slug]))
    assert "commitment" not in shown.context["form"].fields
