"""PDFs of what was issued: valid Factur-X for every kind of document and buyer, the same bytes whenever drawn."""

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from facturx import get_facturx_xml_from_pdf
from lxml import etree
from pypdf import PdfReader

from tests.factories.billing import CustomerFactory, DraftFactory, DraftLineFactory, SellerFactory
from totem.billing import drawing, facturx
from totem.billing.actions.drafts import put_lines, save_draft
from totem.billing.actions.issuing import issue
from totem.billing.models import DocumentKind, Draft, DraftLine, IssuedDocument, IssuedFile
from totem.core.edit_conflicts import version_token
from totem.core.rendering import RenderingFailed
from totem.core.rendering.invoices import broken_rules, invoice_xml

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 30, 10, tzinfo=UTC)
SELLERS: dict[str, dict[str, Any]] = {
    "taxable": {},
    "franchise": {"franchise": True},
    "nonprofit": {"nonprofit": True, "iban": "", "bic": "", "rna": "W802001234"},
    "debits": {"pays_vat_on_debits": True, "share_capital": 1000, "registration": "RCS Amiens"},
}
BUYERS: dict[str, dict[str, Any]] = {
    "business": {},
    "public": {"public": True, "needs_commitment": False},
    "consumer": {"consumer": True, "email": "buyer@example.org"},
}
# A price of 0.03 at 20 % has a missing cent; a discount; two other rates; a quantity with decimals.
LINES: list[dict[str, Any]] = [
    {"unit_price": Decimal("0.03")},
    {"unit_price": Decimal("17.5"), "quantity": Decimal("2.5"), "unit": "HUR"},
    {"unit_price": Decimal("1"), "quantity": -1, "label": "Discount"},
    {"unit_price": Decimal("3.335"), "quantity": 3, "vat_rate": Decimal("5.5")},
    {"unit_price": Decimal("9"), "vat_rate": Decimal(0), "is_goods": True},
    {"unit_price": Decimal("50"), "vat_rate": Decimal(0), "exemption": "VATEX-FR-CGI261D-2"},
]


def issued(seller: str = "taxable", buyer: str = "business", **fields: Any) -> IssuedDocument:
    customer = CustomerFactory(**BUYERS[buyer])
    SellerFactory(organisation=customer.hub.operator, **SELLERS[seller])
    draft = DraftFactory(customer=customer, line=None, note="Thank you & see you <soon>", **fields)
    for line in LINES:
        DraftLineFactory(draft=draft, **line)
    return issue(draft_id=draft.pk, by=None, now=NOW)


def followed(document: IssuedDocument, kind: DocumentKind) -> IssuedDocument:
    """What cites the whole document."""
    draft = DraftFactory(customer=document.customer, about=document, kind=kind, line=None)
    for line in document.lines.all():
        DraftLineFactory(
            draft=draft, about_line=line, label=line.label, unit_price=abs(line.gross),
            quantity=1 if line.gross > 0 else -1, vat_rate=line.vat_rate,
        )  # fmt: skip
    return issue(draft_id=draft.pk, by=None, now=NOW)


def problems(document: IssuedDocument) -> list[str]:
    return list(broken_rules(invoice_xml(facturx.terms(json.loads(document.content)))))


@pytest.mark.parametrize("seller", SELLERS)
@pytest.mark.parametrize("buyer", BUYERS)
def test_the_xml_passes_both_schematrons(seller: str, buyer: str) -> None:
    assert problems(issued(seller, buyer)) == []


def test_an_invoice_of_a_month_says_its_days() -> None:
    customer = CustomerFactory()
    SellerFactory(organisation=customer.hub.operator)
    draft = DraftFactory(customer=customer, line=None)
    DraftLineFactory(draft=draft, unit="MON", starts_on=date(2026, 11, 1), ends_on=date(2026, 11, 30))
    xml = invoice_xml(facturx.terms(json.loads(issue(draft_id=draft.pk, by=None, now=NOW).content)))
    assert list(broken_rules(xml)) == []
    assert b"20261101" in xml


@pytest.mark.parametrize("buyer", ["business", "consumer"])
def test_dues_are_outside_the_scope_of_vat_on_a_document_of_their_own(buyer: str) -> None:
    customer = CustomerFactory(vat_number="", **BUYERS[buyer])
    SellerFactory(organisation=customer.hub.operator)
    dues = {"label": "Adhésion 2026", "unit_price": Decimal(50), "vat_rate": Decimal(0), "exemption": "VATEX-EU-O"}
    room = {"label": "Salle", "unit_price": Decimal(12), "vat_rate": Decimal(20)}
    for number in (1, 2):
        put_lines(source=f"room:{number}", customer=customer, lines=[room])
        put_lines(source=f"dues:{number}", customer=customer, lines=[dues])
    rooms, own = Draft.objects.order_by("pk")
    assert [{line.label for line in draft.lines.all()} for draft in (rooms, own)] == [{"Salle"}, {"Adhésion 2026"}]
    lines = [*rooms.lines.all(), DraftLine(**dues)]
    with pytest.raises(ValidationError, match="Adhésion 2026"):
        save_draft(draft=rooms, seen=version_token(rooms), lines=lines)
    with transaction.atomic():
        DraftLineFactory(draft=rooms, **dues)
        with pytest.raises(IntegrityError, match="stands alone"):
            connection.check_constraints()
        transaction.set_rollback(True)
    document = issue(draft_id=own.pk, by=None, now=NOW)
    content = json.loads(document.content)
    assert (document.gross, document.vat) == (Decimal(100), 0)
    assert problems(document) == []
    assert content["seller"]["vat_number"].encode() not in invoice_xml(facturx.terms(content))
    assert b"<ram:CategoryCode>O</ram:CategoryCode>" in invoice_xml(facturx.terms(content))
    (pdf,) = drawing.pdfs([content])
    assert "Hors du champ" in " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_the_xml_of_every_other_kind_passes_both_schematrons() -> None:
    invoice = issued()
    credit = followed(invoice, DocumentKind.CREDIT_NOTE)
    reversal = followed(credit, DocumentKind.REVERSAL)
    assert problems(credit) == problems(reversal) == []
    assert {"PMT", "PMD"}.isdisjoint(json.loads(credit.content)["notes"]), "nothing is paid late of a credit note"
    assert problems(followed(issued(), DocumentKind.CORRECTED)) == []
    deposit = issued(kind=DocumentKind.DEPOSIT)
    assert problems(deposit) == []
    draft = DraftFactory(customer=deposit.customer, line__unit_price=1000)
    draft.deposits.add(deposit)
    assert problems(issue(draft_id=draft.pk, by=None, now=NOW)) == []


@pytest.mark.parametrize(
    ("term", "value", "rule"),
    [("BT-112", "999.00", "en16931"), ("BT-23", "S99", "french"), ("BG-1", [], "french")],
)
def test_a_wrong_file_fails(term: str, value: object, rule: str) -> None:
    terms = facturx.terms(json.loads(issued().content))
    found = list(broken_rules(invoice_xml({**terms, term: value})))
    assert any(one.startswith(rule) for one in found)


def test_what_is_not_valid_is_refused_and_the_others_are_kept() -> None:
    document, other = issued(), issued()
    content = json.loads(document.content) | {"vat": "999.00"}
    with pytest.raises(RenderingFailed, match="en16931"):
        drawing.pdfs([content])
    assert drawing.draw_missing(now=NOW) == 2
    assert set(IssuedFile.objects.values_list("document", flat=True)) == {document.pk, other.pk}
    assert drawing.draw_missing(now=NOW) == 0


def test_the_pdf_is_factur_x_and_keeps_what_it_claims() -> None:
    document = issued()
    content = json.loads(document.content)
    first, again = drawing.pdfs([content, content])
    assert first == again == drawing.pdfs([content])[0]
    reader = PdfReader(io.BytesIO(first))
    name, xml = get_facturx_xml_from_pdf(first, check_xsd=True)
    root = reader.trailer["/Root"]
    (attached,) = root["/AF"]
    assert (name, attached.get_object()["/AFRelationship"]) == ("factur-x.xml", "/Data")
    assert document.reference.encode() in xml
    assert root["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"
    metadata = root["/Metadata"].get_data()
    etree.fromstring(metadata)
    for claim in (b"<pdfaid:part>3<", b"<pdfuaid:part>1<", b"<fx:ConformanceLevel>EN 16931<", b"<fx:Version>1.0<"):
        assert claim in metadata
    assert metadata.count(b"<pdfaExtension:schemas>") == 1
    assert first.startswith(b"%PDF-1.7")


def test_the_pdf_says_what_the_law_asks() -> None:
    document = issued("nonprofit", "public", purchase_order="BC-7", commitment="EJ-42")
    content = json.loads(document.content)
    (pdf,) = drawing.pdfs([content])
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    for shown in (
        document.reference, "30 novembre 2026", content["seller"]["siret"], content["buyer"]["siret"], "W802001234",
        "SERVICE-1", "EJ-42", "BC-7", "30 décembre 2026", "261, 7-1° du CGI", "40 €", "Pas d’escompte", "Pénalités",
    ):  # fmt: skip
        assert shown in text, shown
    assert "293 B" not in text


def test_quotes_and_consumers_without_address_get_a_pdf_alone() -> None:
    consumer = CustomerFactory(consumer=True)
    SellerFactory(organisation=consumer.hub.operator)
    draft = DraftFactory(customer=consumer)
    for document in (issued(kind=DocumentKind.QUOTE), issue(draft_id=draft.pk, by=None, now=NOW)):
        content = json.loads(document.content)
        assert "PMT" not in content["notes"], "the recovery fee is between professionals"
        (pdf,) = drawing.pdfs([content])
        assert "/AF" not in PdfReader(io.BytesIO(pdf)).trailer["/Root"]


@pytest.mark.parametrize(("goods", "code"), [([False], "S1"), ([True], "B1"), ([True, False], "M1")])
def test_what_is_supplied_is_said(goods: list[bool], code: str) -> None:
    customer = CustomerFactory()
    SellerFactory(organisation=customer.hub.operator)
    draft = DraftFactory(customer=customer, line=None)
    for is_goods in goods:
        DraftLineFactory(draft=draft, is_goods=is_goods)
    document = issue(draft_id=draft.pk, by=None, now=NOW)
    assert facturx.terms(json.loads(document.content))["BT-23"] == code
    assert problems(document) == []
