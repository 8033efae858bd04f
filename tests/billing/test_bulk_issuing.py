"""Many drafts become documents in one transaction, and what is frozen of each."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories.billing import CustomerFactory, DraftFactory, DraftLineFactory, SellerFactory
from totem.billing.actions.issuing import issue, issue_all
from totem.billing.models import Customer, DocumentKind, Draft, IssuedDocument, IssuedLine
from totem.core.models import JournalEntry
from totem.hubs.models import Hub

NOW = datetime(2026, 11, 30, 10, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def known_customer() -> Customer:
    customer = CustomerFactory(
        public=True, name="Mairie", siren="210000012", siret="21000001200017", vat_number="", email="mairie@example.org"
    )
    Hub.objects.filter(pk=customer.hub_id).update(name="Cantine d’Amiens", accent="#0B5D5B")
    SellerFactory(
        organisation=customer.hub.operator, name="Cantine", siren="732829320", siret="", vat_number="FR44732829320",
        pays_vat_on_debits=True,
    )  # fmt: skip
    return customer


def test_what_is_frozen_of_a_draft_stays_the_same_to_the_byte() -> None:
    customer = known_customer()
    deposit = issue(
        draft_id=DraftFactory(
            customer=customer, kind=DocumentKind.DEPOSIT, commitment="EJ-1", line__unit_price=Decimal("30.00")
        ).pk,
        by=None,
        now=NOW,
    )
    draft = DraftFactory(
        customer=customer, commitment="EJ-1", purchase_order="BC-7", note="Merci",
        line__unit_price=Decimal("17.5000"), line__quantity=Decimal("2.500"),
    )  # fmt: skip
    DraftLineFactory(draft=draft, label="Repas", unit_price=Decimal("12.9"), vat_rate=Decimal("5.5"), is_goods=True)
    DraftLineFactory(
        draft=draft, label="Local nu", unit_price=Decimal("100"), vat_rate=0, exemption="VATEX-FR-CGI261D-2",
        starts_on=date(2026, 11, 1), ends_on=date(2026, 11, 30),
    )  # fmt: skip
    draft.deposits.add(deposit)
    document = issue(draft_id=draft.pk, by=None, now=NOW)
    assert document.sha256 == "d70c05454943edbb5cc6da56c03d43a1819bdab0928b03ef2cc4bf74a4adad6e", document.content


def test_many_drafts_take_as_many_statements_as_a_few_and_the_numbers_of_their_order() -> None:
    customer = known_customer()
    taken = []
    for count in (1, 3, 40):
        drafts = [DraftFactory(customer=customer, commitment="EJ-1") for _ in range(count)][::-1]
        first = IssuedDocument.objects.count() + 1
        with CaptureQueriesContext(
            connection,
        ) as queries:
            made = issue_all(draft_ids=[draft.pk for draft in drafts], by=7, now=NOW)
        taken.append(len(queries))
        assert list(made.documents) == [draft.pk for draft in drafts]
        assert [one.number for one in made.documents.values()] == list(range(first, first + count))
        ids = [one.pk for one in made.documents.values()]
        assert ids == sorted(ids)
    assert len(set(taken[1:])) == 1
    assert taken[-1] <= 16
    assert not Draft.objects.exists()
    assert IssuedLine.objects.count() == JournalEntry.objects.filter(verb="billing.issued", actor_id=7).count() == 44


def test_a_refused_draft_stops_no_other() -> None:
    customer = known_customer()

    def draft(kind: DocumentKind = DocumentKind.INVOICE, price: int = 10, **more: object) -> Draft:
        made: Draft = DraftFactory(customer=customer, kind=kind, line__unit_price=price, commitment="EJ-1", **more)
        return made

    invoice, deposit, other = (
        issue(draft_id=draft(kind).pk, by=None, now=NOW)
        for kind in (DocumentKind.INVOICE, DocumentKind.DEPOSIT, DocumentKind.INVOICE)
    )
    line = invoice.lines.get()
    refused = {
        "adresse": DraftFactory(customer=CustomerFactory(hub=customer.hub, street="")),
        "engagement": DraftFactory(customer=customer),
        "ajoutez une ligne": draft(line=None),
        "négatif": draft(line__quantity=-1),
        "plus que ce qui": draft(DocumentKind.CREDIT_NOTE, 5, about=invoice, line__about_line=line),
        "ne peut plus": draft(DocumentKind.CORRECTED, about=invoice),
        "déjà été déduit": draft(price=30),
        "remplacée": draft(DocumentKind.CREDIT_NOTE, about=other, line__about_line=other.lines.get()),
    }
    accepted = [
        draft(DocumentKind.CREDIT_NOTE, 6, about=invoice, line__about_line=line),
        draft(price=40),
        draft(DocumentKind.CORRECTED, about=other),
        draft(DocumentKind.QUOTE),
    ]
    for one in (refused["déjà été déduit"], accepted[1]):
        one.deposits.add(deposit)
    asked = [one.pk for one in [*accepted, *refused.values()]]
    made = issue_all(draft_ids=[*asked, asked[0], 0], by=None, now=NOW)
    assert [one.reference for one in made.documents.values()] == [
        "A2026-000001", "F2026-000004", "F2026-000005", "D2026-000001",
    ]  # fmt: skip
    assert list(made.documents) == [one.pk for one in accepted]
    for message, one in refused.items():
        assert message in str(made.refused[one.pk])
    assert set(Draft.objects.values_list("pk", flat=True)) == set(made.refused) == {one.pk for one in refused.values()}


def test_what_refuses_all_is_said_once_and_writes_nothing() -> None:
    customer = known_customer()
    ids = [DraftFactory(customer=customer, commitment="EJ-1").pk for _ in range(2)]
    issue(draft_id=ids[0], by=None, now=NOW)
    with pytest.raises(ValidationError, match="ne reculent jamais"):
        issue_all(draft_ids=ids, by=None, now=NOW.replace(day=29))
    assert Draft.objects.count() == 1
    with pytest.raises(ValueError, match="one hub"):
        issue_all(draft_ids=[ids[1], DraftFactory().pk], by=None, now=NOW)
