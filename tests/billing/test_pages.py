"""The journey of a team: who sells, a customer, a quote, an invoice, a payment; and what each role may not see."""

import hashlib
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.billing import CustomerFactory, DraftFactory, SellerFactory, vat_number
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.organisations import siren
from totem.billing.actions.issuing import issue
from totem.billing.forms import CustomerForm, SellerForm
from totem.billing.models import Customer, DocumentKind, Draft, DraftLine, IssuedDocument, IssuedFile, Payment, Seller
from totem.core import clock
from totem.core.files import CheckedFile, store
from totem.hubs.models import Hub, Role

pytestmark = pytest.mark.django_db


def client_of(hub: Hub, role: Role = Role.MANAGER) -> Client:
    client = Client()
    client.force_login(TeamMemberFactory(hub=hub, role=role).person)
    return client


def lines(*rows: dict[str, Any]) -> dict[str, Any]:
    """The fields of a draft's lines as a browser sends them."""
    empty = {"quantity": "1", "unit": "C62", "vat_rate": "20", "exemption": ""}
    data: dict[str, Any] = {"lignes-TOTAL_FORMS": len(rows), "lignes-INITIAL_FORMS": 0}
    for number, row in enumerate(rows):
        data |= {f"lignes-{number}-{name}": value for name, value in {**empty, **row}.items()}
    return data


def test_from_nothing_to_a_paid_invoice() -> None:
    hub = HubFactory()
    client = client_of(hub)

    def at(name: str, *args: object) -> str:
        return reverse(f"billing:{name}", args=[hub.slug, *args])

    assert "Rien ne peut encore être facturé" in client.get(at("documents")).content.decode()
    page = client.get(at("seller"))
    fields = {name: value for name, value in page.context["form"].initial.items() if value not in (None, False)} | {
        "siren": siren(77),
        "siret": "",
        "vat_number": vat_number(siren(77)),
        "seen": "",
    }
    assert client.post(at("seller"), fields).status_code == 302
    client.post(at("seller_vat"), {"starts_on": "2026-01-01", "status": "taxable"})
    assert Seller.objects.get().vat_periods.count() == 1
    assert "Hors du champ d’application de la TVA" in client.get(at("seller_wording")).content.decode()

    person = {"kind": "consumer", "name": "Nadia", "street": "1 rue", "postcode": "80000", "city": "Amiens", "seen": ""}
    client.post(at("customer_add"), person)
    customer = Customer.objects.get()
    client.post(at("draft_start"), {"customer": customer.pk, "kind": "invoice"})
    draft = Draft.objects.get()
    seen = client.get(at("draft", draft.pk)).context["form"].initial["seen"]
    row = {"label": "Salle", "quantity": "2,5", "unit": "HUR", "unit_price": "17,50 €"}
    sent = client.post(at("draft", draft.pk), {"seen": seen, "check": "1", **lines(row, {})})
    assert sent.headers["Location"] == at("draft_check", draft.pk)
    assert DraftLine.objects.get().gross == Decimal("43.75"), "a line left empty is none"
    seen = client.get(at("draft_check", draft.pk)).context["seen"]
    client.post(at("draft_check", draft.pk), {"seen": seen})
    document = IssuedDocument.objects.get()
    assert (document.gross, document.net, document.vat) == (Decimal("43.75"), Decimal("36.46"), Decimal("7.29"))

    paid = {"is_given_back": "False", "amount": "43,75", "means": "cash", "received_on": str(document.issued_on)}
    client.post(at("pay", document.reference), paid)
    payment = Payment.objects.get()
    shown = client.get(at("document", document.reference)).content.decode()
    assert "Reste dû, TTC</dt><dd><strong>0,00" in shown
    first, second = (client.post(at("receipt", payment.pk)).content.decode() for _print in range(2))
    assert "Duplicata" not in first
    assert "Duplicata, impression n° 2" in second
    client.post(at("drawer"), {"counted": "40", "float_left": "20"})
    assert "-3,75" in client.get(at("drawer")).content.decode().replace("\N{MINUS SIGN}", "-")


def test_a_line_that_is_wrong_is_said_at_its_field_and_nothing_is_saved() -> None:
    draft = DraftFactory(line=None)
    client = client_of(draft.hub)
    url = reverse("billing:draft", args=[draft.hub.slug, draft.pk])
    seen = client.get(url).context["form"].initial["seen"]
    answer = client.post(url, {"seen": seen, **lines({"label": "Salle", "unit_price": "douze", "vat_rate": "7"})})
    assert answer.status_code == 422
    assert set(answer.context["lines"].errors[0]) == {"unit_price", "vat_rate"}
    assert not DraftLine.objects.exists()


def test_a_draft_changed_since_is_not_overwritten_nor_issued() -> None:
    draft = DraftFactory()
    SellerFactory(organisation=draft.hub.operator)
    client = client_of(draft.hub)
    url = reverse("billing:draft", args=[draft.hub.slug, draft.pk])
    check = reverse("billing:draft_check", args=[draft.hub.slug, draft.pk])
    seen = client.get(check).context["seen"]
    page = client.get(check).content.decode()
    for said in (draft.customer.street, "Échéance", "Prix unitaire HT", "À payer", "Pénalités de retard"):
        assert said in page, "what is checked is the document as it will stand"
    Draft.objects.filter(pk=draft.pk).update(note="since", updated_at=clock.now() + timedelta(seconds=1))
    answer = client.post(url, {"seen": seen, "note": "mine", **lines()})
    assert answer.status_code == 409
    assert "mine" in answer.content.decode()
    client.post(check, {"seen": seen})
    assert not IssuedDocument.objects.exists()
    assert Draft.objects.get().note == "since"


@pytest.mark.parametrize("role", [Role.FACILITATOR, Role.MACHINES, Role.READER])
def test_no_other_role_sees_the_money(role: Role) -> None:
    draft = DraftFactory()
    answer = client_of(draft.hub, role).get(reverse("billing:documents", args=[draft.hub.slug]))
    assert answer.status_code == 404


def test_a_hub_of_the_same_seller_does_not_see_another_ones_documents() -> None:
    draft = DraftFactory()
    SellerFactory(organisation=draft.hub.operator)
    document = issue(draft_id=draft.pk, by=None, now=clock.now())
    other = HubFactory(operator=draft.hub.operator)
    client = client_of(other)
    for slug in (other.slug, draft.hub.slug):
        assert client.get(reverse("billing:document", args=[slug, document.reference])).status_code == 404
    assert document.reference not in client.get(reverse("billing:documents", args=[other.slug])).content.decode()


def test_totals_of_all_hubs_are_for_who_keeps_the_books_of_each() -> None:
    draft = DraftFactory()
    SellerFactory(organisation=draft.hub.operator)
    member = TeamMemberFactory(hub=draft.hub)
    client = Client()
    client.force_login(member.person)
    url = reverse("billing:months", args=[draft.hub.slug])
    assert "closed" in client.get(url).context
    other = HubFactory(operator=draft.hub.operator)
    assert "closed" not in client.get(url).context
    assert client.get(reverse("billing:seller_vat", args=[draft.hub.slug])).context["turnover"]() is None
    TeamMemberFactory(hub=other, person=member.person)
    assert "closed" in client.get(url).context


def test_the_list_asks_as_many_queries_for_three_documents_as_for_one(django_assert_num_queries: Any) -> None:
    customer = CustomerFactory()
    SellerFactory(organisation=customer.hub.operator)
    client = client_of(customer.hub)
    url = reverse("billing:documents", args=[customer.hub.slug])
    for number in (1, 3):
        while IssuedDocument.objects.count() < number:
            issue(draft_id=DraftFactory(customer=customer).pk, by=None, now=clock.now())
        with django_assert_num_queries(13):
            client.get(url)


def test_a_credit_note_begins_with_what_is_left() -> None:
    customer = CustomerFactory()
    SellerFactory(organisation=customer.hub.operator)
    document = issue(draft_id=DraftFactory(customer=customer).pk, by=None, now=clock.now())
    follow = reverse("billing:document_follow", args=[customer.hub.slug, document.reference, "credit"])
    client = client_of(customer.hub, Role.DESK)
    client.post(follow)
    draft = Draft.objects.get()
    assert (draft.kind, draft.about, draft.gross) == (DocumentKind.CREDIT_NOTE, document, Decimal("12.00"))
    issue(draft_id=draft.pk, by=None, now=clock.now())
    client.post(follow)
    assert not Draft.objects.exists(), "nothing is left"


def test_a_customer_noted_on_the_way_to_a_quote_leads_back_to_it_and_the_draft_says_its_totals() -> None:
    hub = HubFactory()
    SellerFactory(organisation=hub.operator)
    client = client_of(hub, Role.DESK)
    start = reverse("billing:draft_start", args=[hub.slug])
    assert "?ensuite=piece" in client.get(start).content.decode()
    added = client.post(
        f"{reverse('billing:customer_add', args=[hub.slug])}?ensuite=piece",
        {"kind": "consumer", "name": "Nadia", "seen": ""},
    )
    customer = Customer.objects.get()
    assert added.headers["Location"] == f"{start}?client={customer.pk}"
    assert client.get(added.headers["Location"]).context["form"]["customer"].value() == str(customer.pk)
    client.post(start, {"customer": customer.pk, "kind": "quote"})
    url = reverse("billing:draft", args=[hub.slug, Draft.objects.get().pk])
    seen = client.get(url).context["form"].initial["seen"]
    saved = client.post(url, {"seen": seen, **lines({"label": "Salle", "unit_price": "12"})}, follow=True)
    page = " ".join(saved.content.decode().split())
    assert "Le brouillon est enregistré : 12,00 € TTC." in page
    assert "<dt>Total HT</dt><dd>10,00" in page


def test_the_page_asks_for_its_pdf_until_it_is_drawn() -> None:
    draft = DraftFactory()
    SellerFactory(organisation=draft.hub.operator)
    document = issue(draft_id=draft.pk, by=None, now=clock.now())
    client = client_of(draft.hub)
    url = reverse("billing:document", args=[draft.hub.slug, document.reference])
    part = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert part.strip() in client.get(url).content.decode()
    assert "hx-get" in part
    old = issue(draft_id=DraftFactory(customer=document.customer).pk, by=None, now=clock.now() - timedelta(minutes=3))
    said = client.get(reverse("billing:document", args=[draft.hub.slug, old.reference])).content.decode()
    assert "hx-get" not in said, "a page left open does not ask for ever"
    assert "Il est dessiné tout seul" in said
    pdf = CheckedFile("F.pdf", "application/pdf", 4, hashlib.sha256(b"%PDF").hexdigest(), b"%PDF")
    IssuedFile.objects.create(document=document, stored=store(pdf), drawn_at=clock.now())
    part = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "hx-get" not in part
    assert reverse("billing:document_pdf", args=[draft.hub.slug, document.reference]) in part


def test_an_invoice_says_the_quantities_and_the_order_of_its_quote() -> None:
    draft = DraftFactory(
        kind=DocumentKind.QUOTE, purchase_order="BC-7", line__quantity=Decimal("2.5"), line__unit="HUR"
    )
    SellerFactory(organisation=draft.hub.operator)
    quote = issue(draft_id=draft.pk, by=None, now=clock.now())
    client_of(draft.hub).post(
        reverse("billing:document_follow", args=[draft.hub.slug, quote.reference, DocumentKind.INVOICE])
    )
    line = DraftLine.objects.get()
    assert (line.draft.purchase_order, line.quantity, line.unit, line.unit_price) == ("BC-7", Decimal("2.5"), "HUR", 12)


@pytest.mark.parametrize("form", [SellerForm, CustomerForm])
def test_no_field_is_missing_under_the_headings(form: Any) -> None:
    assert {name for _heading, names in form.groups for name in names} | {"seen"} == set(form.base_fields)
