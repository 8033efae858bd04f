"""The team's pages of agreements: the lists, a new one, what is shown before an end, conflicts, files, deposits."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories.accounts import UserFactory
from tests.factories.billing import CustomerFactory, DraftFactory, SellerFactory
from tests.factories.hubs import TeamMemberFactory
from tests.factories.memberships import AgreementFactory, PlanFactory
from totem.billing.actions.issuing import issue
from totem.core import clock
from totem.core.edit_conflicts import version_token
from totem.hubs.models import Role
from totem.memberships.models import Agreement, AgreementState, PlaceRequest

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Any:
    """A client of the front desk, with `hub`."""
    member = TeamMemberFactory(role=Role.DESK)
    SellerFactory(organisation=member.hub.operator)
    client: Any = Client(headers={"accept-language": "fr"})
    client.force_login(member.person)
    client.hub = member.hub
    return client


def url(client: Any, name: str, *arguments: Any) -> str:
    return reverse(f"memberships:{name}", args=[client.hub.slug, *arguments])


def text(response: Any) -> str:
    return response.content.decode().replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_the_list_costs_as_many_queries_with_three_as_with_one_and_is_a_file(desk: Any) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert desk.get(url(desk, "agreements")).status_code == 200
        return len(found)

    AgreementFactory(hub=desk.hub, plan__plan__name="Nomade")
    first = queries()
    AgreementFactory.create_batch(2, hub=desk.hub)
    assert queries() == first
    lines = b"".join(desk.get(url(desk, "agreements_csv"))).decode("utf-8-sig").splitlines()
    assert len(lines) == 4
    assert any("Nomade" in line and "180,00" in line for line in lines)
    assert "Nomade" not in text(desk.get(url(desk, "agreements"), {"liste": "finis"}))
    assert desk.get(url(desk, "agreements"), {"liste": "x"}).status_code == 404


def test_an_agreement_is_made_in_a_page_and_who_finds_it_full_waits(desk: Any) -> None:
    plan = PlanFactory(hub=desk.hub, capacity=1)
    customer = CustomerFactory(hub=desk.hub, consumer=True, person=UserFactory())
    today = clock.today(desk.hub.zone)
    data = {"customer": customer.pk, "plan": plan.pk, "group": 0, "months": 1, "starts_on": today.isoformat()}
    refused = desk.post(url(desk, "agreement_add"), {**data, "months": 12})
    assert (refused.status_code, "n’a pas de prix" in text(refused)) == (422, True)
    made = desk.post(url(desk, "agreement_add"), data)
    agreement = Agreement.objects.get()
    assert made.url == url(desk, "agreement", agreement.pk)
    page = text(desk.get(made.url))
    assert all(words in page for words in ("180,00 €", "Faire signer en ligne", "Signé sur papier", "Contrat fait"))
    full = desk.post(url(desk, "agreement_add"), data)
    assert (full.status_code, "Noter qu’il attend une place" in text(full)) == (422, True)
    desk.post(url(desk, "agreement_add"), {**data, "wait": "1"})
    request = PlaceRequest.objects.get()
    assert customer.person.name in text(desk.get(url(desk, "waiting")))
    desk.post(url(desk, "waiting_end", request.pk))
    assert not PlaceRequest.objects.exists()
    another = PlanFactory()  # of another hub
    assert desk.post(url(desk, "agreement_add"), {**data, "plan": another.pk}).status_code == 422
    desk.post(url(desk, "agreement_paper", agreement.pk), {"signed_on": today.isoformat()})
    agreement.refresh_from_db()
    assert agreement.state == AgreementState.ACTIVE


def test_an_end_is_confirmed_only_after_what_is_left_to_invoice_was_shown(desk: Any) -> None:
    today = clock.today(desk.hub.zone)
    agreement = AgreementFactory(hub=desk.hub, starts_on=today, cycle="anniversary", notice_days=10)
    address, earliest = url(desk, "agreement_notice", agreement.pk), today + timedelta(days=10)
    data = {"seen": version_token(agreement), "ends_on": earliest + timedelta(days=1), "shown": earliest}
    assert "180,00" not in text(desk.get(address))  # eleven days of a month are less
    assert desk.post(address, data).status_code == 200
    agreement.refresh_from_db()
    assert agreement.ends_on is None
    assert desk.post(address, {**data, "shown": data["ends_on"], "seen": "old"}).status_code == 409
    early = today + timedelta(days=9)
    assert desk.post(address, {**data, "ends_on": early, "shown": early}).status_code == 422
    assert desk.post(address, {**data, "shown": data["ends_on"]}).status_code == 302
    agreement.refresh_from_db()
    assert agreement.ends_on == data["ends_on"]


def test_the_changes_of_an_agreement_have_a_page_each(desk: Any) -> None:
    today = clock.today(desk.hub.zone)
    agreement = AgreementFactory(hub=desk.hub, starts_on=today - timedelta(days=40))
    plan, later = PlanFactory(hub=desk.hub), today + timedelta(days=60)
    colleague = CustomerFactory(hub=desk.hub, consumer=True, person=UserFactory()).person

    def send(name: str, **data: Any) -> int:
        agreement.refresh_from_db()
        data |= {"seen": version_token(agreement)}
        return int(desk.post(url(desk, name, agreement.pk), data).status_code)

    terms = {"plan": plan.pk, "group": 0, "months": 1, "starts_on": later}
    assert send("agreement_terms", **terms) == 302
    assert send("agreement_terms", **{**terms, "starts_on": today - timedelta(days=1)}) == 422
    assert send("agreement_terms_back") == 302
    assert send("agreement_price", amount="195", starts_on=later) == 302
    assert send("agreement_price", amount="200", starts_on=today) == 422
    assert send("agreement_pause", starts_on=today, ends_on=today + timedelta(days=3)) == 302
    assert send("agreement_seat", email=UserFactory().email, starts_on=today) == 422  # a stranger
    assert send("agreement_seat", email=colleague.email, starts_on=today) == 302
    agreement.refresh_from_db()
    received = {
        "kind": "received",
        "amount": "180",
        "means": "cash",
        "moved_on": today,
        "seen": version_token(agreement),
    }
    sent = [desk.post(url(desk, "agreement_deposit", agreement.pk), received) for _ in range(2)]
    assert [one.status_code for one in sent] == [302, 422]
    assert "si le dépôt est déjà noté" in text(sent[1])
    movement = agreement.deposit_movements.get()
    prints = [text(desk.post(url(desk, "deposit_receipt", movement.pk))) for _ in range(2)]
    assert ["Duplicata" in one for one in prints] == [False, True]
    assert send("agreement_deposit", kind="returned", amount="180.01", means="cash", moved_on=today) == 422
    page = text(desk.get(url(desk, "agreement", agreement.pk)))
    assert all(words in page for words in (colleague.name, "195,00 €", "Détenu", "annoncé le"))
    assert "Dépôts de garantie que le lieu détient, à rendre : 180,00 €" in text(desk.get(url(desk, "agreements")))


def test_an_overdue_invoice_is_shown_to_a_person_who_suspends_and_lifts(desk: Any) -> None:
    agreement = AgreementFactory(hub=desk.hub)
    now = clock.now()
    invoice = issue(draft_id=DraftFactory(customer=agreement.customer).pk, by=None, now=now - timedelta(days=90))
    listed = text(desk.get(url(desk, "agreements")))
    assert invoice.reference in listed
    assert not agreement.suspensions.exists()  # nothing is cut by itself
    desk.post(url(desk, "agreement_suspend", agreement.pk), {"reason": invoice.reference})
    assert invoice.reference not in text(desk.get(url(desk, "agreements")))
    found = agreement.suspensions.get()
    assert "Lever la suspension" in text(desk.get(url(desk, "agreement", agreement.pk)))
    desk.post(url(desk, "suspension_lift", found.pk))
    assert not agreement.suspensions.exists()  # lifted the same day: it never was
