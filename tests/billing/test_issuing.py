"""A draft takes the next number of its series and is frozen; what is issued changes no more."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from tests.factories.billing import CustomerFactory, DraftFactory, DraftLineFactory, SellerFactory
from totem.billing import facturx
from totem.billing.actions.issuing import issue, issue_all
from totem.billing.actions.payments import close_month, record_payment
from totem.billing.models import Customer, DocumentKind, Draft, IssuedDocument, Means, Series, VatStatus
from totem.billing.queries import deposits_to_deduct, with_balance
from totem.billing.thresholds import turnover
from totem.billing.vat import vat_due, vat_rows
from totem.core.rendering.invoices import broken_rules, invoice_xml

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 30, 10, tzinfo=UTC)


@pytest.fixture
def customer() -> Customer:
    made = CustomerFactory()
    SellerFactory(organisation=made.hub.operator)
    return made


def issued(draft: Draft, now: datetime = NOW) -> IssuedDocument:
    return issue(draft_id=draft.pk, by=None, now=now)


def invoice(customer: Customer, price: str = "12.00", now: datetime = NOW, **fields: Any) -> IssuedDocument:
    return issued(DraftFactory(customer=customer, line__unit_price=Decimal(price), **fields), now)


def about(document: IssuedDocument, kind: DocumentKind, price: str | None) -> Draft:
    """A draft that cites the document, and its only line for that price."""
    line = document.lines.get()
    return DraftFactory(
        customer=document.customer, kind=kind, about=document, line__about_line=line,
        line__unit_price=Decimal(price) if price else line.gross,
    )  # fmt: skip


def balance(document: IssuedDocument) -> Decimal:
    return with_balance(IssuedDocument.objects.filter(pk=document.pk)).get().balance


def test_numbers_follow_each_other_and_each_kind_has_its_series(customer: Customer) -> None:
    first, second = invoice(customer), invoice(customer)
    credit = issued(about(first, DocumentKind.CREDIT_NOTE, None))
    assert [first.reference, second.reference] == ["F2026-000001", "F2026-000002"]
    assert credit.reference == "A2026-000001"
    assert not Draft.objects.exists()


def test_what_is_frozen_outlives_what_it_was_taken_from(customer: Customer) -> None:
    document = invoice(customer)
    Customer.objects.filter(pk=customer.pk).update(name="Another name")
    content = json.loads(IssuedDocument.objects.get(pk=document.pk).content)
    assert content["buyer"]["name"] == customer.name
    assert (content["net"], content["vat"], content["gross"]) == ("10.00", "2.00", "12.00")
    assert content["notes"]["PMT"].endswith("40 €")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_issueddocument SET gross = 1",
        "DELETE FROM billing_issueddocument",
        "TRUNCATE billing_issueddocument CASCADE",
        "UPDATE billing_issuedline SET gross = 1",
        "DELETE FROM billing_series",
        "UPDATE billing_series SET last_number = last_number",
        "UPDATE billing_series SET last_number = last_number - 1",
        "UPDATE billing_series SET last_number = last_number + 1, last_issued_on = '2026-01-01'",
    ],
)
def test_the_database_refuses_to_change_what_is_issued(customer: Customer, statement: str) -> None:
    invoice(customer)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


TO_TWO = "UPDATE billing_series SET last_number = 2;"
COPY = """
INSERT INTO billing_issueddocument (seller_id, hub_id, customer_id, kind, series_id, number, reference, issued_on,
    issued_at, net, vat, gross, chain, content, sha256)
SELECT seller_id, hub_id, customer_id, kind, series_id, %(number)s, 'F2026-' || lpad(%(number)s::text, 6, '0'), %(day)s,
    issued_at, net, vat, gross, chain, content, sha256 FROM billing_issueddocument
"""


@pytest.mark.parametrize(("more", "taken"), [(1, None), (2, 2), (2, 3)])
def test_a_number_without_document_is_refused_at_commit(customer: Customer, more: int, taken: int | None) -> None:
    invoice(customer)
    Series.objects.update(last_number=F("last_number") + more)
    if taken:
        with connection.cursor() as cursor:
            cursor.execute(COPY, {"number": taken, "day": NOW.date()})
    with pytest.raises(DatabaseError, match="of no document"), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize(("number", "day"), [(0, 30), (1, 30), (3, 30), (2, 29)])
def test_a_document_has_a_new_number_of_its_series_and_day(customer: Customer, number: int, day: int) -> None:
    invoice(customer)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TO_TWO + COPY, {"number": number, "day": date(2026, 11, day)})


def test_a_number_of_one_day_is_not_kept_for_the_next(customer: Customer) -> None:
    """In one transaction: number 3 on the 30th, then 2 on the day after, would go back."""
    invoice(customer)
    with connection.cursor() as cursor:
        for last, number, day in [(3, 3, date(2026, 11, 30)), (4, 4, date(2026, 12, 1)), (4, 2, date(2026, 12, 1))]:
            Series.objects.exclude(last_number=last).update(last_number=last, last_issued_on=day)
            cursor.execute(COPY + " WHERE number = 1", {"number": number, "day": day})
        with pytest.raises(DatabaseError, match="from 2 to 3 is of no document"):
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_dates_never_go_back(customer: Customer) -> None:
    invoice(customer)
    with pytest.raises(ValidationError, match="ne reculent jamais"):
        invoice(customer, now=NOW - timedelta(days=1))
    assert Series.objects.get().last_number == 1


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2026, 8, 31), "TVA non applicable, art. 293 B du CGI"),
        (date(2026, 9, 1), "TVA non applicable, art. L. 223-3 du CIBS"),
    ],
)
def test_the_franchise_text_is_that_of_the_day(day: date, text: str) -> None:
    customer = CustomerFactory()
    SellerFactory(organisation=customer.hub.operator, franchise=True)
    document = invoice(customer, now=datetime(day.year, day.month, day.day, 10, tzinfo=UTC))
    (rate,) = json.loads(document.content)["rates"]
    assert (rate["text"], rate["net"], rate["vat"], document.gross) == (text, "12.00", "0.00", Decimal("12.00"))


def test_an_association_exempt_as_such_never_prints_the_franchise_text() -> None:
    customer = CustomerFactory()
    SellerFactory(organisation=customer.hub.operator, nonprofit=True)
    content = invoice(customer).content
    assert "261, 7-1°" in content
    assert "293 B" not in content
    assert "CIBS" not in content


def test_the_day_is_that_of_the_hub(customer: Customer) -> None:
    """At 23:30 UTC on 31 December it is 2027 in Paris."""
    document = invoice(customer, now=datetime(2026, 12, 31, 23, 30, tzinfo=UTC))
    assert (document.issued_on, document.reference) == (date(2027, 1, 1), "F2027-000001")


def test_never_more_than_what_was_invoiced_is_credited(customer: Customer) -> None:
    document = invoice(customer)
    issued(about(document, DocumentKind.CREDIT_NOTE, "6.00"))
    with pytest.raises(ValidationError, match="plus que ce qui a été facturé"):
        issued(about(document, DocumentKind.CREDIT_NOTE, "6.01"))
    issued(about(document, DocumentKind.CREDIT_NOTE, "6.00"))
    assert balance(document) == 0


def test_the_database_refuses_more_than_what_was_invoiced(customer: Customer) -> None:
    document = invoice(customer)
    credit = issued(about(document, DocumentKind.CREDIT_NOTE, "6.00"))
    with pytest.raises(DatabaseError, match="More than"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_issuedline (document_id, position, label, gross, net, vat_rate, exemption, source,"
            " about_line_id) VALUES (%s, 9, 'x', 6.01, 5, 20, '', '', %s)",
            [credit.pk, document.lines.get().pk],
        )


def test_a_wrong_credit_note_is_neutralised_and_made_again(customer: Customer) -> None:
    document = invoice(customer)
    wrong = issued(about(document, DocumentKind.CREDIT_NOTE, None))
    assert balance(document) == 0
    reversal = issued(about(wrong, DocumentKind.REVERSAL, None))
    assert json.loads(reversal.content)["about"]["reference"] == wrong.reference
    assert balance(document) == Decimal("12.00")
    issued(about(document, DocumentKind.CREDIT_NOTE, "5.00"))
    assert balance(document) == Decimal("7.00")


def test_half_is_refunded_and_half_kept(customer: Customer) -> None:
    document = invoice(customer)
    pay(document, "12.00")
    issued(about(document, DocumentKind.CREDIT_NOTE, "6.00"))
    assert balance(document) == Decimal("-6.00")
    pay(document, "-6.00")
    assert balance(document) == 0


def test_a_corrected_invoice_takes_over_what_was_paid(customer: Customer) -> None:
    document = invoice(customer)
    pay(document, "5.00")
    corrected = issued(
        DraftFactory(customer=customer, kind=DocumentKind.CORRECTED, about=document, line__unit_price=11)
    )
    assert (balance(document), balance(corrected)) == (0, Decimal("6.00"))
    with pytest.raises(ValidationError, match="remplacée"):
        issued(DraftFactory(customer=customer, kind=DocumentKind.CORRECTED, about=document))
    with pytest.raises(ValidationError, match="remplacée"):
        pay(document, "1.00")


def test_a_final_invoice_deducts_its_deposit_once(customer: Customer) -> None:
    deposit = invoice(customer, "30.00", kind=DocumentKind.DEPOSIT)
    draft = DraftFactory(customer=customer, line__unit_price=100)
    draft.deposits.add(deposit)
    final = issued(draft)
    assert balance(final) == Decimal("70.00")
    assert json.loads(final.content)["due"] == "70.00"
    again = DraftFactory(customer=customer, line__unit_price=100)
    again.deposits.add(deposit)
    with pytest.raises(ValidationError, match="déjà été déduit"):
        issued(again)
    for kind in (DocumentKind.CREDIT_NOTE, DocumentKind.CORRECTED):
        with pytest.raises(ValidationError, match="la facture qui le déduit"):
            issued(about(deposit, kind, None))


def test_a_deposit_that_was_corrected_is_deducted_and_the_one_it_replaces_is_not(customer: Customer) -> None:
    deposit = invoice(customer, "30.00", kind=DocumentKind.DEPOSIT)
    corrected = issued(DraftFactory(customer=customer, kind=DocumentKind.CORRECTED, about=deposit, line__unit_price=40))
    ordinary = invoice(customer, "50.00")
    changed = issued(DraftFactory(customer=customer, kind=DocumentKind.CORRECTED, about=ordinary, line__unit_price=45))
    assert list(deposits_to_deduct(customer)) == [corrected]
    other = invoice(customer, "10.00", kind=DocumentKind.DEPOSIT)
    both = [
        DraftFactory(customer=customer, kind=DocumentKind.CORRECTED, about=other, line__unit_price=9),
        DraftFactory(customer=customer, line__unit_price=100),
    ]
    both[1].deposits.add(other)
    assert list(issue_all(draft_ids=[one.pk for one in both], by=None, now=NOW).refused) == [both[1].pk]
    for refused in (deposit, changed):
        draft = DraftFactory(customer=customer, line__unit_price=100)
        draft.deposits.add(refused)
        with pytest.raises(ValidationError, match="Seules les factures d’acompte"):
            issued(draft)
    draft.deposits.set([corrected])
    assert balance(issued(draft)) == Decimal("60.00")
    assert [one.gross for one in deposits_to_deduct(customer)] == [Decimal("9.00")]


def test_a_corrected_invoice_takes_over_the_deposits_and_the_payments_of_those_before_it(customer: Customer) -> None:
    deposit = invoice(customer, "30.00", kind=DocumentKind.DEPOSIT)
    pay(deposit, "30.00")
    draft = DraftFactory(customer=customer, line__unit_price=100)
    draft.deposits.add(deposit)
    first = issued(draft)
    pay(first, "20.00")
    with pytest.raises(ValidationError, match="dépassent la facture"):
        issued(DraftFactory(customer=customer, kind=DocumentKind.CORRECTED, about=first, line__unit_price=29))
    second = issued(DraftFactory(customer=customer, kind=DocumentKind.CORRECTED, about=first, line__unit_price=90))
    third = issued(DraftFactory(customer=customer, kind=DocumentKind.CORRECTED, about=second, line__unit_price=80))
    assert [balance(one) for one in (first, second, third)] == [0, 0, Decimal("30.00")]
    frozen = json.loads(third.content)
    assert (frozen["deducted"], frozen["due"]) == ("30.00", "50.00")
    terms = facturx.terms(frozen)
    assert (terms["BT-113"], terms["BT-115"]) == ("30.00", "50.00")
    assert [one["BT-25"] for one in terms["BG-3"]] == [second.reference], "it cites what it replaces alone"
    assert list(broken_rules(invoice_xml(terms))) == []
    assert [row.vat for row in vat_due(vat_rows(third.seller, date(2026, 11, 1)))] == [Decimal("8.33")], (
        "50 of 80 euros are paid"
    )
    pay(third, "30.00")
    assert [row.vat for row in vat_due(vat_rows(third.seller, date(2026, 11, 1)))] == [third.vat]
    period = third.seller.vat_periods.get()
    period.status = VatStatus.FRANCHISE
    year = turnover(third.seller, period, date(2026, 12, 31))
    assert year is not None
    assert year.amount == third.net, "the deposit is not counted twice"


def test_a_public_body_is_asked_its_commitment_first() -> None:
    customer = CustomerFactory(public=True)
    SellerFactory(organisation=customer.hub.operator)
    draft = DraftFactory(customer=customer)
    with pytest.raises(ValidationError, match="engagement"):
        issued(draft)
    Draft.objects.filter(pk=draft.pk).update(commitment="EJ-42")
    assert json.loads(issued(draft).content)["commitment"] == "EJ-42"


@pytest.mark.parametrize(("fields", "message"), [({"is_regie": True}, "régie"), ({"vat_number": ""}, "numéro de TVA")])
def test_a_seller_that_cannot_invoice(fields: dict[str, Any], message: str) -> None:
    customer = CustomerFactory()
    SellerFactory(organisation=customer.hub.operator, **fields)
    with pytest.raises(ValidationError, match=message):
        invoice(customer)


def test_a_closed_month_accepts_nothing(customer: Customer) -> None:
    document = invoice(customer)
    december = datetime(2026, 12, 1, 10, tzinfo=UTC)
    closed = close_month(seller=document.seller, month=date(2026, 11, 1), by=None, now=december)
    assert closed.content["invoiced"] == "12.00"
    with pytest.raises(ValidationError, match="clôturé"):
        invoice(customer)
    with pytest.raises(ValidationError, match="clôturé"):
        pay(document, "12.00", now=december)
    pay(document, "12.00", day=date(2026, 12, 1), now=december)
    with pytest.raises(DatabaseError, match="closed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_payment (document_id, seller_id, hub_id, amount, means, received_on, recorded_at,"
            " reference, link_id) SELECT document_id, seller_id, hub_id, 1, 'cash', '2026-11-30', recorded_at, '', 0"
            " FROM billing_payment"
        )


def pay(document: IssuedDocument, amount: str, *, day: date = date(2026, 11, 30), now: datetime = NOW) -> None:
    record_payment(document=document, amount=Decimal(amount), means=Means.CARD, received_on=day, by=None, now=now)


def test_a_refused_draft_stays_and_takes_no_number(customer: Customer) -> None:
    draft = DraftFactory(customer=customer, line__quantity=-1)
    with pytest.raises(ValidationError, match="négatif"):
        issued(draft)
    assert Draft.objects.get() == draft
    DraftLineFactory(draft=draft, unit_price=20)
    assert issued(draft).number == 1
