"""Under a régie amounts are exported, each once, and what was exported changes no more."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from tests.billing.test_pages import client_of
from tests.factories.accounts import UserFactory
from tests.factories.billing import CustomerFactory, DraftFactory, DraftLineFactory, SellerFactory
from totem.accounts.signals import person_erasing, personal_data_requested
from totem.billing.actions.collecting import export_amounts
from totem.billing.actions.drafts import put_lines
from totem.billing.collecting import to_collect
from totem.billing.models import CollectionExport, Customer, Draft, DraftLine, VatStatus
from totem.core import clock
from totem.hubs.models import Hub

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer() -> Customer:
    made = CustomerFactory(name="=Mairie")
    SellerFactory(organisation=made.hub.operator, is_regie=True)
    return made


def page_of(hub: Hub) -> str:
    return reverse("billing:collect", args=[hub.slug])


def tokens(hub: Hub) -> list[str]:
    return [one.token for one in to_collect(hub, VatStatus.TAXABLE)]


def rows(client: Client, export: CollectionExport) -> list[list[str]]:
    answer: Any = client.get(reverse("billing:collected_csv", args=[export.hub.slug, export.pk]))
    return list(csv.reader(io.StringIO(b"".join(answer).decode("utf-8-sig")), delimiter=";"))


def test_amounts_are_exported_by_line_once_and_can_be_downloaded_again(customer: Customer) -> None:
    hub = customer.hub
    draft = DraftFactory(customer=customer, line__unit_price=Decimal("0.03"), line__label="Salle")
    DraftLineFactory(draft=draft, label="Repas", unit_price=Decimal("10.55"), vat_rate=Decimal("5.5"))
    later = DraftFactory(customer=customer)
    DraftFactory(customer=customer, kind="quote")
    DraftFactory(customer=customer, line=None)
    client = client_of(hub)
    assert "Sommes à percevoir" in client.get(reverse("billing:documents", args=[hub.slug])).content.decode()
    shown = client.get(page_of(hub)).context["waiting"]
    assert [one.draft for one in shown] == [draft, later]
    for _press in range(2):
        client.post(page_of(hub), {"draft": [shown[0].token]})
    export = CollectionExport.objects.get()
    assert export.exported_by is not None
    assert [one.draft for one in client.get(page_of(hub)).context["waiting"]] == [later], "nothing is lost"
    title, *lines = rows(client, export)
    assert title[-4:] == ["Taux de TVA (%)", "HT", "TVA", "TTC"]
    assert [line[-4:] for line in lines] == [["20", "0,02", "0,01", "0,03"], ["5,5", "10,00", "0,55", "10,55"]]
    assert lines[0][1] == "'=Mairie"
    Customer.objects.update(name="Autre")
    assert rows(client, export)[1:] == lines, "what was exported stays what it was"
    answer: Any = client.get(reverse("billing:collected_xlsx", args=[hub.slug, export.pk]))
    sheet = load_workbook(io.BytesIO(b"".join(answer))).active
    assert [cell.value for cell in list(sheet.rows)[2]][-3:] == [10, 0.55, 10.55]


def test_what_changed_since_it_was_shown_is_not_exported(customer: Customer) -> None:
    DraftFactory(customer=customer)
    shown = tokens(customer.hub)
    DraftLine.objects.update(unit_price=13)
    client = client_of(customer.hub)
    answer = client.post(page_of(customer.hub), {"draft": shown}, follow=True)
    assert "relisez-la" in answer.content.decode()
    for wrong in ([], ["x"], ["1:2:3"], ["9" * 30 + ":a"]):
        client.post(page_of(customer.hub), {"draft": wrong})
    assert not CollectionExport.objects.exists()


def test_a_public_body_without_its_commitment_is_shown_with_the_reason(customer: Customer) -> None:
    DraftFactory(customer=CustomerFactory(hub=customer.hub, public=True))
    client = client_of(customer.hub)
    assert "numéro d’engagement" in client.get(page_of(customer.hub)).content.decode()
    client.post(page_of(customer.hub), {"draft": tokens(customer.hub)})
    assert not CollectionExport.objects.exists()


def test_what_is_exported_changes_no_more(customer: Customer) -> None:
    put_lines(customer=customer, source="booking:1", lines=booked("12"))
    line = DraftLine.objects.get()
    export_amounts(hub=customer.hub, tokens=tokens(customer.hub), by=1, now=clock.now())
    put_lines(customer=customer, source="booking:1", lines=booked("99"))
    put_lines(customer=None, source="booking:1", lines=[])
    assert DraftLine.objects.get().unit_price == 12
    put_lines(customer=customer, source="booking:2", lines=booked("5"))
    other = DraftLine.objects.get(source="booking:2")
    assert other.draft_id != line.draft_id
    attempts = [
        lambda: DraftLineFactory(draft=line.draft),
        lambda: DraftLine.objects.filter(pk=line.pk).update(unit_price=1),
        lambda: DraftLine.objects.filter(pk=line.pk).delete(),
        lambda: DraftLine.objects.filter(pk=other.pk).update(draft=line.draft),
        lambda: Draft._base_manager.filter(pk=line.draft_id).update(collected_in=None),
        lambda: Draft._base_manager.filter(pk=line.draft_id)._raw_delete("default"),  # type: ignore[attr-defined]
        lambda: CollectionExport.objects.update(content="[]"),
    ]
    for attempt in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    draft = reverse("billing:draft", args=[customer.hub.slug, line.draft_id])
    assert client_of(customer.hub).get(draft).status_code == 404


def booked(price: str) -> list[dict[str, Any]]:
    return [{"label": "Salle", "unit_price": Decimal(price), "vat_rate": Decimal(20)}]


def test_a_person_whose_amounts_were_exported_is_erased_and_the_export_stays(customer: Customer) -> None:
    person = UserFactory()
    own = CustomerFactory(hub=customer.hub, consumer=True, person=person)
    DraftFactory(customer=own)
    export = export_amounts(hub=customer.hub, tokens=tokens(customer.hub), by=1, now=clock.now())
    answers = personal_data_requested.send(sender=None, person=person)
    (given,) = [one["amounts_to_collect"] for _receiver, one in answers if "amounts_to_collect" in one]
    assert given == [{"label": "Meeting room", "with_vat": "12.00", "exported_at": export.exported_at.isoformat()}]
    person_erasing.send(sender=None, person=person, now=clock.now())
    own.refresh_from_db()
    assert (own.person, own.street) == (None, "")
    assert own.name in CollectionExport.objects.get(pk=export.pk).content


def test_a_seller_that_invoices_and_another_hub_see_nothing(customer: Customer) -> None:
    DraftFactory(customer=customer)
    export = export_amounts(hub=customer.hub, tokens=tokens(customer.hub), by=1, now=clock.now())
    other = CustomerFactory().hub
    SellerFactory(organisation=other.operator)
    client = client_of(other)
    assert client.get(page_of(other)).status_code == 404
    for slug in (other.slug, customer.hub.slug):
        assert client.get(reverse("billing:collected_csv", args=[slug, export.pk])).status_code == 404
    assert client.get(page_of(customer.hub)).status_code == 404
