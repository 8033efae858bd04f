"""What is paid: VAT per rate, rows that cancel, the drawer, closings, and what the chain shows."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from tests.billing.test_pages import client_of
from tests.factories.billing import CustomerFactory, DraftFactory, DraftLineFactory, SellerFactory
from tests.factories.hubs import HubFactory
from totem.billing.actions.issuing import issue
from totem.billing.actions.payments import (
    cancel_payment,
    close_day,
    close_month,
    count_drawer,
    expected_in_drawer,
    record_payment,
)
from totem.billing.amounts import paid_shares, totals
from totem.billing.models import Customer, DocumentKind, DraftLine, IssuedDocument, Means, Payment
from totem.billing.queries import with_balance
from totem.billing.vat import vat_due, vat_rows
from totem.core import chain
from totem.hubs.models import Role

NOW = datetime(2026, 9, 10, 10, tzinfo=UTC)
SEPTEMBER, OCTOBER, NOVEMBER = (date(2026, month, 1) for month in (9, 10, 11))


@pytest.fixture
def customer(db: None) -> Customer:
    made = CustomerFactory()
    SellerFactory(organisation=made.hub.operator)
    return made


def invoice(customer: Customer, now: datetime = NOW, **fields: Any) -> IssuedDocument:
    """12 euros at 20 % and 11 at 10 %."""
    draft = DraftFactory(customer=customer, **fields)
    DraftLineFactory(draft=draft, unit_price=11, vat_rate=10)
    return issue(draft_id=draft.pk, by=None, now=now)


def pay(document: IssuedDocument, amount: str, now: datetime = NOW, means: Means = Means.CASH) -> Payment:
    return record_payment(
        document=document, amount=Decimal(amount), means=means, received_on=now.date(), by=None, now=now
    )


def due(document: IssuedDocument, month: date) -> dict[str, str]:
    return {f"{rate.vat_rate:f}": f"{rate.vat:f}" for rate in vat_due(vat_rows(document.seller, month))}


RATES = st.sampled_from(["20", "10", "8.5", "5.5", "2.1", "0"]).map(Decimal)
LINES = st.lists(st.tuples(st.integers(1, 200_000), RATES), min_size=1, max_size=6)


@given(LINES, st.lists(st.integers(-50_000, 150_000), max_size=8))
def test_part_payments_add_up_to_the_vat_of_the_invoice(lines: list[tuple[int, Decimal]], parts: list[int]) -> None:
    """However it is paid: overpaid, given back, paid again. Each part is spread over the rates to the cent."""
    rates = totals([DraftLine(unit_price=Decimal(cents) / 100, vat_rate=rate) for cents, rate in lines]).rates
    owed = sum(rate.gross for rate in rates)
    paid, sums = Decimal(0), [Decimal(0)] * len(rates)
    for part in [*(Decimal(part) / 100 for part in parts), None]:
        after = owed if part is None else paid + part
        shares = [
            new.plus(old, -1) for new, old in zip(paid_shares(rates, after), paid_shares(rates, paid), strict=True)
        ]
        covered = [max(Decimal(0), min(one, owed)) for one in (after, paid)]
        assert sum(share.gross for share in shares) == covered[0] - covered[1]
        assert all(share.net + share.vat == share.gross for share in shares)
        sums = [total + share.vat for total, share in zip(sums, shares, strict=True)]
        paid = after
    assert sums == [rate.vat for rate in rates]


def test_vat_is_due_in_the_months_in_which_it_is_paid(customer: Customer) -> None:
    document = invoice(customer)
    assert due(document, SEPTEMBER) == {}
    pay(document, "10.00", NOW)
    pay(document, "15.00", NOW + timedelta(days=30))  # 2 euros too much
    credited = document.lines.get(position=1)
    draft = DraftFactory(
        customer=customer, kind=DocumentKind.CREDIT_NOTE, about=document, line__about_line=credited, line__unit_price=6
    )
    issue(draft_id=draft.pk, by=None, now=NOW + timedelta(days=60))
    pay(document, "-8.00", NOW + timedelta(days=61))
    assert due(document, SEPTEMBER) == {"20.00": "0.87", "10.00": "0.43"}
    assert due(document, OCTOBER) == {"20.00": "1.13", "10.00": "0.57"}
    assert due(document, NOVEMBER) == {"20.00": "-1.00"}


def test_vat_on_debits_is_due_in_the_month_of_the_invoice(customer: Customer) -> None:
    customer.hub.operator.seller.pays_vat_on_debits = True
    customer.hub.operator.seller.save()
    document = invoice(customer)
    pay(document, "23.00", NOW + timedelta(days=30))
    assert (due(document, SEPTEMBER), due(document, OCTOBER)) == ({"20.00": "2.00", "10.00": "1.00"}, {})


def test_a_deposit_and_its_final_invoice_owe_their_vat_once(customer: Customer) -> None:
    deposit = issue(
        draft_id=DraftFactory(customer=customer, kind=DocumentKind.DEPOSIT, line__unit_price=6).pk, by=None, now=NOW
    )
    pay(deposit, "6.00")
    draft = DraftFactory(customer=customer)
    draft.deposits.add(deposit)
    final = issue(draft_id=draft.pk, by=None, now=NOW)
    pay(final, "6.00", NOW + timedelta(days=30))
    assert (due(final, SEPTEMBER), due(final, OCTOBER)) == ({"20.00": "1.00"}, {"20.00": "1.00"})


def test_the_vat_page_says_what_is_due_and_of_which_invoices_to_who_keeps_all_books(customer: Customer) -> None:
    """A deposit of the month before, deducted; a part payment; a corrected invoice, and one on debits."""
    deposit = issue(
        draft_id=DraftFactory(customer=customer, kind=DocumentKind.DEPOSIT, line__unit_price=6).pk, by=None, now=NOW
    )
    pay(deposit, "6.00")
    former = invoice(customer)
    pay(former, "11.50")
    october = NOW + timedelta(days=30)
    draft = DraftFactory(customer=customer)
    draft.deposits.add(deposit)
    final = issue(draft_id=draft.pk, by=None, now=october)
    pay(final, "6.00", october)
    corrected = DraftFactory(customer=customer, kind=DocumentKind.CORRECTED, about=former, line__unit_price=24)
    corrected = issue(draft_id=corrected.pk, by=None, now=october)
    seller = customer.hub.operator.seller
    seller.pays_vat_on_debits = True
    seller.save()
    on_debits = invoice(customer, october)

    client = client_of(customer.hub)
    page = client.get(reverse("billing:vat_due", args=[customer.hub.slug]), {"mois": "2026-10"})
    assert [(row.document, row.is_on_debits, f"{row.rate.vat_rate:f}", f"{row.rate.vat}") for row, _b, _l in
            page.context["rows"]] == [
        (final, False, "20.00", "1.00"),
        (corrected, False, "20.00", "0.92"),  # 11.50 euros at 20 % instead of 6.00 at 20 % and 5.50 at 10 %
        (corrected, False, "10.00", "-0.50"),
        (on_debits, True, "20.00", "2.00"),
        (on_debits, True, "10.00", "1.00"),
    ]  # fmt: skip
    assert page.context["vat"] == Decimal("4.42")
    words = page.content.decode().replace("\N{NO-BREAK SPACE}", " ")
    assert reverse("billing:document", args=[customer.hub.slug, final.reference]) in words
    assert "TVA due pour octobre 2026" in words
    csv = reverse("billing:vat_due_csv", args=[customer.hub.slug])
    lines = b"".join(client.get(csv, {"mois": "2026-10"})).decode("utf-8-sig").splitlines()  # type: ignore[call-overload]
    assert len(lines) == 6
    assert lines[1].endswith(";règlements;20,00;;5,00;1,00;6,00")
    assert client.get(csv, {"mois": "2026-13"}).status_code == 404

    HubFactory(operator=customer.hub.operator)
    page = client.get(reverse("billing:vat_due", args=[customer.hub.slug]), {"mois": "2026-10"})
    assert "rows" not in page.context
    assert client.get(csv).status_code == 404


def test_what_is_not_an_invoice_is_not_paid_and_says_what_to_do(customer: Customer) -> None:
    quote = issue(draft_id=DraftFactory(customer=customer, kind=DocumentKind.QUOTE).pk, by=None, now=NOW)
    document = invoice(customer)
    cited = document.lines.first()
    draft = DraftFactory(customer=customer, kind=DocumentKind.CREDIT_NOTE, about=document, line__about_line=cited)
    credit = issue(draft_id=draft.pk, by=None, now=NOW)
    client = client_of(customer.hub, Role.DESK)
    for row, words in ((quote, "Un devis ne se règle pas"), (credit, "Un avoir ne se règle pas")):
        with pytest.raises(ValidationError, match=words):
            pay(row, "1.00")
        url = reverse("billing:pay", args=[customer.hub.slug, row.reference])
        assert words in client.get(url, follow=True).content.decode()
    with pytest.raises(DatabaseError, match="Nothing is paid"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_payment (document_id, seller_id, hub_id, amount, means, received_on, recorded_at,"
            " reference, link_id) VALUES (%s, %s, %s, 1, 'cash', '2026-09-10', now(), '', 0)",
            [quote.pk, quote.seller_id, quote.hub_id],
        )


def test_a_mistake_is_cancelled_once_by_its_opposite(customer: Customer) -> None:
    document = invoice(customer)
    wrong = pay(document, "230.00")
    pay(document, "23.00")
    client = client_of(customer.hub, Role.DESK)
    cancel = reverse("billing:payment_cancel", args=[customer.hub.slug, wrong.pk])
    page = client.post(cancel, follow=True).content.decode()
    assert "Espèces, annulé" in page
    assert "Espèces, annule un règlement" in page
    with pytest.raises(ValidationError, match="déjà annulé"):
        cancel_payment(payment=wrong, by=None, now=NOW)
    assert expected_in_drawer(customer.hub)[0] == Decimal("23.00")
    assert due(document, SEPTEMBER) == {"20.00": "2.00", "10.00": "1.00"}


def test_money_given_back_is_typed_without_a_sign_and_has_its_words(customer: Customer) -> None:
    document = invoice(customer)
    pay(document, "30.00")
    client = client_of(customer.hub, Role.DESK)
    url = reverse("billing:pay", args=[customer.hub.slug, document.reference])
    assert "À rembourser, TTC" in client.get(url).content.decode()
    client.post(url, {"is_given_back": "True", "amount": "7", "means": "cash", "received_on": "2026-09-10"})
    payment = Payment.objects.get(amount=-7)
    answer = client.post(reverse("billing:receipt", args=[customer.hub.slug, payment.pk]))
    assert answer.status_code == 200
    assert "Remboursement n° 2" in " ".join(answer.content.decode().split())
    refused = client.post(url, {"is_given_back": "True", "amount": "24", "means": "cash", "received_on": "2026-09-10"})
    assert refused.status_code == 422
    assert "rendre plus que" in refused.content.decode()


def test_a_receipt_names_the_seller_as_invoiced_and_the_vat_of_what_is_paid(customer: Customer) -> None:
    document = invoice(customer)
    payment = pay(document, "11.50")
    seller = document.seller
    seller.name = "Another name"
    seller.save()
    url = reverse("billing:receipt", args=[customer.hub.slug, payment.pk])
    page = " ".join(client_of(customer.hub).post(url).content.decode().split()).replace("\N{NO-BREAK SPACE}", " ")
    for words in (customer.hub.name, json.loads(document.content)["seller"]["name"], seller.siret, seller.vat_number):
        assert words in page
    assert "dont TVA à 20 %, sur 6,00 € TTC" in page
    assert "dont TVA à 10 %, sur 5,50 € TTC" in page
    assert "Another name" not in page
    assert payment.receipts.get().link.digest in page


def test_drawers_of_one_seller_do_not_mix_and_count_what_came_after_the_last_count(customer: Customer) -> None:
    other = HubFactory(operator=customer.hub.operator)
    pay(invoice(customer), "23.00")
    pay(invoice(CustomerFactory(hub=other)), "5.00")
    seller = customer.hub.operator.seller
    count_drawer(hub=customer.hub, seller=seller, counted=Decimal(20), float_left=Decimal(15), by=None, now=NOW)
    late = pay(invoice(customer), "1.00", NOW - timedelta(minutes=1))  # had read the clock before the count
    assert late.recorded_at < NOW
    assert expected_in_drawer(customer.hub) == (Decimal("16.00"), NOW)
    assert expected_in_drawer(other) == (Decimal("5.00"), None)


def test_a_day_is_closed_with_all_that_was_written_down_since_the_last(customer: Customer) -> None:
    hub, seller = customer.hub, customer.hub.operator.seller
    assert close_day(hub=hub, seller=seller, now=NOW) is None
    document = invoice(customer)
    pay(document, "10.00")
    pay(document, "5.00", NOW + timedelta(hours=13), Means.CARD)  # past midnight in Paris, before the closing
    first = close_day(hub=hub, seller=seller, now=NOW + timedelta(hours=14))
    pay(document, "-2.00", NOW + timedelta(hours=15))
    second = close_day(hub=hub, seller=seller, now=NOW + timedelta(days=2))
    assert first
    assert second
    assert (first.day, first.content["card"], first.content["total"]) == (date(2026, 9, 10), "5.00", "15.00")
    assert (second.content["total"], second.content["total_ever"]) == ("-2.00", "13.00")
    page = client_of(hub, Role.DESK).get(reverse("billing:drawer", args=[hub.slug])).content.decode()
    assert second.link.digest in page


def test_closing_a_month_closes_those_before_it_and_says_which(customer: Customer) -> None:
    document = invoice(customer)
    pay(document, "10.00", NOW + timedelta(days=30))
    seller, december = document.seller, datetime(2026, 11, 30, 23, 30, tzinfo=UTC)  # December in Paris
    with pytest.raises(ValidationError, match="pas terminé"):
        close_month(seller=seller, month=NOVEMBER, by=None, now=december - timedelta(hours=1))
    url = reverse("billing:months", args=[customer.hub.slug])
    closed = close_month(seller=seller, month=OCTOBER, by=None, now=december)
    assert [one.month for one in seller.closed_months.all()] == [OCTOBER, SEPTEMBER]
    assert (closed.content["paid"], closed.content["invoiced"], closed.content["invoiced_ever"]) == (
        "10.00",
        "0.00",
        "23.00",
    )
    page = client_of(customer.hub).get(url).content.decode()
    assert closed.link.digest in page
    with pytest.raises(DatabaseError, match="in their order"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_closedmonth (seller_id, month, closed_at, content, link_id)"
            " VALUES (%s, '2026-12-01', now(), '{}', 0)",
            [seller.pk],
        )
    assert chain.verify(f"billing:{seller.pk}") == []


def test_what_is_credited_beyond_an_invoice_is_credited_of_its_deposit_and_given_back_there(customer: Customer) -> None:
    deposit = issue(
        draft_id=DraftFactory(customer=customer, kind=DocumentKind.DEPOSIT, line__unit_price=24).pk, by=None, now=NOW
    )
    draft = DraftFactory(customer=customer, line__unit_price=120)
    draft.deposits.add(deposit)
    final = issue(draft_id=draft.pk, by=None, now=NOW)
    pay(final, "96.00")

    def balances() -> list[Decimal]:
        rows = with_balance(IssuedDocument.objects.filter(pk__in=[deposit.pk, final.pk]).order_by("pk"))
        return [row.balance for row in rows]

    def vat() -> Decimal:
        return sum((row.vat for row in vat_due(vat_rows(final.seller, SEPTEMBER))), Decimal(0))

    def credit(amount: int) -> None:
        about = {"about": final, "line__about_line": final.lines.get()}
        made = DraftFactory(customer=customer, kind=DocumentKind.CREDIT_NOTE, line__unit_price=amount, **about)
        issue(draft_id=made.pk, by=None, now=NOW)

    assert (balances(), vat()) == ([Decimal(24), Decimal(0)], Decimal(16))
    credit(108)  # all but half of the deposit, which nobody has paid
    assert (balances(), vat()) == ([Decimal(12), Decimal(-96)], Decimal(0))
    pay(deposit, "24.00")
    assert (balances(), vat()) == ([Decimal(-12), Decimal(-96)], Decimal(2))
    credit(12)
    assert (balances(), vat()) == ([Decimal(-24), Decimal(-96)], Decimal(0))
    pay(final, "-96.00")
    pay(deposit, "-24.00")
    assert (balances(), vat()) == ([Decimal(0), Decimal(0)], Decimal(0))
