"""Electronic invoices go to a platform once, and what it says of them is read, whatever its files hold."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from tests.billing.test_pages import client_of
from tests.factories.billing import CustomerFactory, DraftFactory, SellerFactory
from totem.billing import einvoicing
from totem.billing.actions.drafts import draft_about
from totem.billing.actions.issuing import issue
from totem.billing.actions.payments import record_payment
from totem.billing.actions.transmitting import TransmissionFailed, transmit
from totem.billing.models import Customer, DocumentKind, IssuedDocument, IssuedFile, Means, Transmission
from totem.core.files import CheckedFile, store

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 30, 10, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)


class Killed(BaseException):
    """The process dies."""


class DiesAfterWriting(einvoicing.FolderDrop):
    def send(self, document: IssuedDocument, pdf: bytes) -> None:
        super().send(document, pdf)
        raise Killed


class TakesAllButTheFirst(einvoicing.FolderDrop):
    def send(self, document: IssuedDocument, pdf: bytes) -> None:
        if document.number == 1:
            raise RuntimeError("503")
        super().send(document, pdf)


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.EINVOICING = "totem.billing.einvoicing.FolderDrop"
    settings.EINVOICING_FOLDER = tmp_path
    return tmp_path


@pytest.fixture
def customer() -> Customer:
    made = CustomerFactory()
    SellerFactory(organisation=made.hub.operator, einvoices_since=NOW.date())
    return made


def issued(customer: Customer, now: datetime = NOW, **fields: Any) -> IssuedDocument:
    return drawn(issue(draft_id=DraftFactory(customer=customer, **fields).pk, by=None, now=now))


def drawn(document: IssuedDocument) -> IssuedDocument:
    pdf = f"%PDF of {document.reference}".encode()
    stored = store(CheckedFile("f.pdf", "application/pdf", len(pdf), hashlib.sha256(pdf).hexdigest(), pdf))
    IssuedFile.objects.create(document=document, stored=stored, drawn_at=NOW)
    return document


def pay(document: IssuedDocument, amount: str) -> None:
    record_payment(
        document=document, amount=Decimal(amount), means=Means.CARD, received_on=NOW.date(), by=None, now=LATER
    )


def outgoing(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "outgoing").rglob("*") if path.is_file())


def answer(folder: Path, name: str, document: IssuedDocument, status: str, at: datetime = NOW, **more: Any) -> None:
    content = {"seller": document.seller.siren, "document": document.reference, "status": status, "at": str(at), **more}
    (folder / "incoming" / name).write_text(json.dumps(content))


def said(document: IssuedDocument) -> list[str]:
    return [row.status for row in document.transmissions.order_by("pk")]


def test_each_electronic_document_is_handed_over_once(customer: Customer, folder: Path) -> None:
    document = issued(customer)
    for _run in range(2):
        transmit(now=NOW)
    assert (folder / "outgoing" / document.seller.siren / "F2026-000001.pdf").read_bytes() == b"%PDF of F2026-000001"
    assert outgoing(folder) == ["F2026-000001.pdf"]
    assert said(document) == ["sent"]


def test_what_is_not_electronic_not_drawn_or_too_early_is_never_sent(customer: Customer, folder: Path) -> None:
    issued(customer, kind=DocumentKind.QUOTE)
    issued(CustomerFactory(hub=customer.hub, consumer=True))
    issue(draft_id=DraftFactory(customer=customer).pk, by=None, now=NOW)
    other = CustomerFactory()
    SellerFactory(organisation=other.hub.operator, einvoices_since=date(2026, 12, 1))
    issued(other)
    transmit(now=NOW)
    assert outgoing(folder) == []
    assert not Transmission.objects.exists()


def test_two_sellers_have_the_same_reference_and_a_consumer_with_an_address_is_sent(folder: Path) -> None:
    for _seller in range(2):
        consumer = CustomerFactory(consumer=True, email="somebody@example.org")
        SellerFactory(organisation=consumer.hub.operator, einvoices_since=NOW.date())
        issued(consumer)
    transmit(now=NOW)
    assert outgoing(folder) == ["F2026-000001.pdf"] * 2


def test_a_process_killed_after_writing_does_no_harm(customer: Customer, folder: Path, settings: Any) -> None:
    first = issued(customer)
    settings.EINVOICING = f"{__name__}.DiesAfterWriting"
    with pytest.raises(Killed):
        transmit(now=NOW)
    assert said(first) == [], "the row was not committed"
    settings.EINVOICING = "totem.billing.einvoicing.FolderDrop"
    transmit(now=NOW)
    assert (outgoing(folder), said(first)) == (["F2026-000001.pdf"], ["sent"])

    second = issued(customer)
    settings.EINVOICING = f"{__name__}.DiesAfterWriting"
    with pytest.raises(Killed):
        transmit(now=NOW)
    (folder / "outgoing" / second.seller.siren / "F2026-000002.pdf").unlink()
    answer(folder, "1.json", second, "deposited")
    settings.EINVOICING = "totem.billing.einvoicing.FolderDrop"
    transmit(now=NOW)
    assert (outgoing(folder), said(second)) == (["F2026-000001.pdf"], ["deposited"]), "deposited once"


def test_a_platform_of_ones_own_that_fails_for_one_document_has_the_others(
    customer: Customer, folder: Path, settings: Any
) -> None:
    first, second = issued(customer), issued(customer)
    settings.EINVOICING = f"{__name__}.TakesAllButTheFirst"
    with pytest.raises(TransmissionFailed, match="1 documents"):
        transmit(now=NOW)
    assert (said(first), said(second)) == ([], ["sent"])


def test_a_file_of_another_document_is_not_overwritten(customer: Customer, folder: Path) -> None:
    document = issued(customer)
    taken = folder / "outgoing" / document.seller.siren / f"{document.reference}.pdf"
    taken.parent.mkdir(parents=True)
    taken.write_bytes(b"another")
    with pytest.raises(TransmissionFailed):
        transmit(now=NOW)
    assert (taken.read_bytes(), said(document)) == (b"another", [])


def test_a_demonstration_sends_nothing(customer: Customer, folder: Path, settings: Any) -> None:
    issued(customer)
    settings.DEMO = True
    transmit(now=NOW)
    assert outgoing(folder) == []


def test_cashed_is_told_once_when_all_is_paid_and_never_when_nothing_was(customer: Customer, folder: Path) -> None:
    paid, credited, turned_down = issued(customer), issued(customer), issued(customer)
    transmit(now=NOW)
    pay(paid, "11.99")
    issue(draft_id=draft_about(document=credited, kind=DocumentKind.CREDIT_NOTE).pk, by=None, now=NOW)
    pay(turned_down, "12.00")
    answer(folder, "1.json", turned_down, "rejected")
    transmit(now=LATER)
    assert [said(one) for one in (paid, credited, turned_down)] == [["sent"], ["sent"], ["sent", "rejected"]]
    pay(paid, "0.01")
    for _run in range(2):
        transmit(now=LATER)
    assert said(paid) == ["sent", "cashed"]
    (told,) = folder.rglob("*.cashed.json")
    assert json.loads(told.read_text()) == {
        "seller": paid.seller.siren, "document": paid.reference, "status": "cashed", "on": "2026-11-30",
        "amount": "12.00", "rates": [{"vat_rate": "20", "amount": "12.00", "vat": "2.00"}],
    }  # fmt: skip
    assert IssuedDocument.objects.get(pk=paid.pk).sha256 == paid.sha256, "paid later, the document stays the same"


def test_answers_are_recorded_in_their_order(customer: Customer, folder: Path) -> None:
    document = issued(customer)
    transmit(now=NOW)
    answer(folder, "a.json", document, "rejected", detail="Address unknown" + "!" * 400)
    answer(folder, "b.json", document, "deposited")
    transmit(now=LATER)
    assert said(document) == ["sent", "deposited", "rejected"]
    assert sorted(path.name for path in (folder / "incoming/read").iterdir()) == ["a.json", "b.json"]


def test_what_is_no_answer_is_kept_aside_and_nothing_stops(customer: Customer, folder: Path) -> None:
    document = issued(customer)
    transmit(now=NOW)
    answer(folder, "1.json", document, "refused", NOW + timedelta(minutes=5))
    transmit(now=LATER)
    incoming = folder / "incoming"
    answer(folder, "1.json", document, "refused", NOW + timedelta(minutes=5))
    answer(folder, "again.json", document, "refused", NOW + timedelta(minutes=6))
    answer(folder, "late.json", document, "deposited")
    answer(folder, "cashed.json", document, "cashed", NOW + timedelta(minutes=7))
    answer(folder, "future.json", document, "deposited", LATER + timedelta(days=1))
    answer(folder, "first_day.json", document, "deposited", at="0001-01-01T00:00:00+14:00")  # type: ignore[arg-type]
    answer(folder, "naive.json", document, "deposited", at="2026-11-30T11:00:00")  # type: ignore[arg-type]
    answer(folder, "nul.json", document, "deposited", detail="\0")
    answer(folder, "surrogate.json", document, "deposited", detail="\ud800")
    answer(folder, "other_seller.json", document, "deposited", seller="732829320")
    for name, content in {
        "empty.json": b"", "list.json": b"[]", "latin.json": b'{"seller": "\xe9"}', "deep.json": b"[" * 60_000,
        "long.json": b" " * 70_000, "number.json": b'{"seller":1,"document":2,"status":3,"at":4}',
    }.items():  # fmt: skip
        (incoming / name).write_bytes(content)
    (incoming / "folder.json").mkdir()
    (incoming / "being-written.part").write_text("")
    transmit(now=LATER)
    assert said(document) == ["sent", "refused"]
    assert sorted(path.name for path in incoming.iterdir()) == ["aside", "being-written.part", "folder.json", "read"]
    assert len(list((incoming / "aside").iterdir())) == 16
    answer(folder, "late.json", document, "deposited")
    transmit(now=LATER)
    assert (incoming / "aside/late.json.2").exists(), "nothing that was kept aside is overwritten"


def test_what_is_turned_down_is_listed_and_says_what_to_do_until_it_is_done(customer: Customer, folder: Path) -> None:
    document = issued(customer)
    client, hub = client_of(customer.hub), customer.hub
    listed = f"{reverse('billing:documents', args=[hub.slug])}?liste=a-reprendre"
    page = reverse("billing:document", args=[hub.slug, document.reference])
    transmit(now=NOW)
    assert "Rejetées ou refusées" not in client.get(reverse("billing:documents", args=[hub.slug])).content.decode()
    answer(folder, "1.json", document, "rejected", detail="Adresse <inconnue>")
    transmit(now=LATER)
    assert document.reference in client.get(listed).content.decode()
    shown = client.get(page).content.decode()
    assert "Rejetée par la plateforme" in shown
    assert "Adresse &lt;inconnue&gt;" in shown
    assert "facture rectificative" in shown
    issue(draft_id=draft_about(document=document, kind=DocumentKind.CORRECTED).pk, by=None, now=LATER)
    assert document.reference not in client.get(listed).content.decode()
    assert "pas parvenu" not in client.get(page).content.decode()
