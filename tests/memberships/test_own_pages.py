"""One's own contracts, credits and invoices: what holds, what comes next, leaving; and what nobody else sees."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories.accounts import UserFactory
from tests.factories.billing import CustomerFactory, DraftFactory, SellerFactory
from tests.factories.hubs import TeamMemberFactory
from tests.factories.memberships import AgreementFactory, AgreementSeatFactory, PlanFactory
from tests.factories.organisations import AffiliationFactory
from totem.billing.actions.issuing import issue
from totem.billing.models import Means
from totem.core import clock
from totem.core.edit_conflicts import version_token
from totem.core.models import Mail
from totem.memberships.actions.agreements import sign_on_paper
from totem.memberships.actions.credits import grant, grant_due, spend
from totem.memberships.actions.deposits import move_deposit
from totem.memberships.models import Agreement, ChangeRequest, DepositMovement, PlaceRequest
from totem.organisations.models import Affiliation

pytestmark = pytest.mark.django_db
OWN = ("my_agreement", "my_contract", "my_notice", "my_change", "my_pause", "my_agreement_withdraw")


def of(person: Any) -> Client:
    client = Client(headers={"accept-language": "fr"})
    client.force_login(person)
    return client


def text(response: Any) -> str:
    """The words of a page, without marks and with plain spaces."""
    words = re.sub(r"<[^>]*>", " ", response.content.decode())
    return " ".join(words.split())


def url(name: str, *arguments: Any) -> str:
    return reverse(f"memberships:{name}", args=arguments)


@pytest.fixture
def agreement() -> Agreement:
    """Of one person, since the first of last month, with a deposit of 100 € and ten hours of room a month."""
    today = clock.today()
    made: Agreement = AgreementFactory(starts_on=(today.replace(day=1) - timedelta(days=1)).replace(day=1), deposit=100)
    SellerFactory(organisation=made.hub.operator)
    return made


def test_a_member_reads_their_contract_what_comes_next_and_what_credits_were_spent_on(agreement: Agreement) -> None:
    now, person = clock.now(), agreement.customer.person
    client, today = of(person), clock.today(agreement.hub.zone)
    grant_due(agreement=agreement, now=now)
    lots = agreement.credit_lots.filter(starts_on__lte=today, ends_on__gte=today)
    spend(lots=lots, quantity=90, source="other:1", now=now)
    listed = text(client.get(url("my_agreements")))
    assert agreement.hub.name in listed
    shown = text(client.get(url("my_agreement", agreement.pk)))
    for words in ("10 h de salle de réunion par mois", "180,00 € TTC (150,00 € HT)", person.name, "Quitter"):
        assert words in shown, words
    credits_page = text(client.get(url("my_credits"), {"lieu": agreement.hub.slug}))
    assert all(words in credits_page for words in ("8 h 30 jusqu’au", "−1 h 30", "Donné", "Heures de salle"))
    assert client.get(url("my_credits"), {"lieu": "ailleurs"}).status_code == 404
    invoice = issue(draft_id=DraftFactory(customer=agreement.customer).pk, by=None, now=now)
    invoices = text(client.get(reverse("billing:mine")))
    assert all(words in invoices for words in (invoice.reference, "TTC", "HT", "avant le"))


def test_nobody_else_sees_them_and_a_seat_shows_no_amount(agreement: Agreement) -> None:
    now, colleague = clock.now(), UserFactory()
    AgreementSeatFactory(agreement=agreement, person=colleague)
    invoice = issue(draft_id=DraftFactory(customer=agreement.customer).pk, by=None, now=now)
    seated = of(colleague)
    shown = text(seated.get(url("my_agreement", agreement.pk)))
    assert "Vous travaillez dans le cadre de ce contrat" in shown
    assert "€" not in shown
    assert [seated.get(url(name, agreement.pk)).status_code for name in OWN[1:]] == [404, 404, 404, 404, 405]
    seats = agreement.seats.filter(person=colleague)
    seats.update(starts_on=clock.today() - timedelta(days=9), ends_on=clock.today() - timedelta(days=1))
    manager = of(TeamMemberFactory(hub=agreement.hub).person)
    assert manager.get(url("my_contract", agreement.pk)).status_code == 404  # by the team's pages alone
    for client in (seated, of(AgreementFactory(hub=agreement.hub).customer.person)):
        assert client.get(url("my_agreement", agreement.pk)).status_code == 404
        assert {client.post(url(name, agreement.pk)).status_code for name in OWN} == {404, 405}
        assert client.get(reverse("billing:mine_pdf", args=[invoice.pk])).status_code == 404
        assert invoice.reference not in text(client.get(reverse("billing:mine")))
    agreement.refresh_from_db()
    assert agreement.ends_on is None


def test_an_organisation_is_answered_for_by_its_representatives_on_the_day(agreement: Agreement) -> None:
    affiliation = AffiliationFactory(role=Affiliation.Role.REPRESENTATIVE)
    employee = AffiliationFactory(organisation=affiliation.organisation, role=Affiliation.Role.EMPLOYEE)
    customer = CustomerFactory(hub=agreement.hub, organisation=affiliation.organisation)
    held = AgreementFactory(hub=agreement.hub, customer=customer, person=None, asked_by=employee.person)
    invoice = issue(draft_id=DraftFactory(customer=customer).pk, by=None, now=clock.now())
    for person, sees, sees_invoices in ((affiliation.person, True, True), (employee.person, True, False)):
        assert ("180,00 €" in text(of(person).get(url("my_agreement", held.pk)))) is sees
        assert (invoice.reference in text(of(person).get(reverse("billing:mine")))) is sees_invoices
    Affiliation.objects.update(since=clock.today() - timedelta(days=9), until=clock.today())  # they left it
    for person in (affiliation.person, employee.person):
        assert of(person).get(url("my_agreement", held.pk)).status_code == 404
        assert invoice.reference not in text(of(person).get(reverse("billing:mine")))


def test_leaving_shows_the_end_first_then_says_what_comes_next(agreement: Agreement) -> None:
    now, client, today = clock.now(), of(agreement.customer.person), clock.today(agreement.hub.zone)
    grant_due(agreement=agreement, now=now)
    move_deposit(
        agreement=agreement, kind=DepositMovement.Kind.RECEIVED, amount=Decimal(100), means=Means.CASH, moved_on=today,
        by=UserFactory(), now=now,
    )  # fmt: skip
    earliest, address = today + timedelta(days=30), url("my_notice", agreement.pk)
    agreement.refresh_from_db()
    data = {"seen": version_token(agreement), "ends_on": earliest, "shown": earliest}
    shown = text(client.get(address))
    assert all(words in shown for words in ("30 jours", "Reste à facturer", "Crédits restants", "100,00 €, est rendu"))
    starts = agreement.credit_lots.values_list("starts_on", flat=True)
    assert shown.count("Crédits restants") == sum(day <= earliest for day in starts) < len(starts)
    for refused in ({"ends_on": today, "shown": today}, {"seen": "old"}, {"shown": "another"}):
        assert client.post(address, {**data, **refused}).status_code in {422, 409, 200}
        agreement.refresh_from_db()
        assert agreement.ends_on is None
    assert client.post(address, data).url == url("my_agreement", agreement.pk)
    agreement.refresh_from_db()
    assert (agreement.ends_on, agreement.ended_by) == (earliest, agreement.customer.person.pk)
    after = text(client.get(url("my_agreement", agreement.pk)))
    assert all(words in after for words in ("Son dernier jour est le", "Reste à facturer", "100,00 €, est rendu"))
    mail = Mail.objects.get(key__startswith="memberships.notice_given:")
    assert url("my_agreement", agreement.pk) in mail.text
    assert client.post(address, data).status_code == 404  # once


def test_a_contract_with_an_agreed_last_day_can_be_left_where_the_notice_ends_before(agreement: Agreement) -> None:
    client, today = of(agreement.customer.person), clock.today(agreement.hub.zone)
    for days, status in ((100, 200), (30, 404)):
        Agreement.objects.filter(pk=agreement.pk).update(ends_on=today + timedelta(days=days))
        assert client.get(url("my_notice", agreement.pk)).status_code == status
        page = client.get(url("my_agreement", agreement.pk)).content.decode()
        assert (url("my_notice", agreement.pk) in page) == (status == 200)


def test_what_was_asked_for_is_taken_back_and_a_place_is_no_longer_waited_for(agreement: Agreement) -> None:
    person = agreement.customer.person
    client = of(person)
    asked = AgreementFactory(hub=agreement.hub, customer=agreement.customer, state="to_sign", signed_on=None)
    waits = PlaceRequest.objects.create(plan=PlanFactory(hub=agreement.hub, capacity=1), person=person)
    assert "vous êtes n° 1" in text(client.get(url("my_agreements")))
    assert of(UserFactory()).post(url("my_waiting_end", waits.pk)).status_code == 404
    assert client.post(url("my_waiting_end", waits.pk)).status_code == 302
    assert not PlaceRequest.objects.exists()
    assert "Retirer ma demande" in text(client.get(url("my_agreement", asked.pk)))
    client.post(url("my_agreement_withdraw", asked.pk))
    client.post(url("my_agreement_withdraw", agreement.pk))  # signed: it is left, never taken back
    asked.refresh_from_db()
    agreement.refresh_from_db()
    assert (asked.state, agreement.state) == ("withdrawn", "active")


def test_these_pages_cost_the_same_with_three_as_with_one_and_say_that_there_is_nothing(agreement: Agreement) -> None:
    person, now = agreement.customer.person, clock.now()
    pages = (url("my_agreements"), url("my_credits"), reverse("billing:mine"))

    def queries(client: Client) -> list[int]:
        counts = []
        for page in pages:
            with CaptureQueriesContext(connection) as found:
                assert client.get(page).status_code == 200
            counts.append(len(found))
        return counts

    def add() -> None:
        plan = PlanFactory(hub=agreement.hub)
        AgreementFactory(hub=agreement.hub, customer=agreement.customer, plan=plan)
        values = {"unit": "room", "quantity": 60, "starts_on": clock.today(), "ends_on": None, "now": now}
        grant(customer=agreement.customer, plan=plan, source=f"test:{plan.pk}", **values)
        issue(draft_id=DraftFactory(customer=agreement.customer).pk, by=None, now=now)

    add()
    first = queries(of(person))
    for _number in range(2):
        add()
    assert queries(of(person)) == first
    nothing = " ".join(text(of(UserFactory()).get(page)) for page in pages)
    assert all(words in nothing for words in ("Aucun contrat", "Aucun crédit", "Aucune facture"))


def test_a_change_or_a_pause_is_asked_for_and_the_team_makes_it_or_says_why_not(agreement: Agreement) -> None:
    client, team = of(agreement.customer.person), of(TeamMemberFactory(hub=agreement.hub).person)
    today, here = clock.today(agreement.hub.zone), url("my_agreement", agreement.pk)
    plan = PlanFactory(hub=agreement.hub, name="Nomade", price__amount=90)
    other, held = PlanFactory(), agreement.terms.get().plan
    start = today + timedelta(days=40)
    change, pause = url("my_change", agreement.pk), url("my_pause", agreement.pk)
    data = {"price": plan.prices.get().pk, "starts_on": start}
    for bad in ({"price": other.prices.get().pk}, {"price": held.prices.get().pk}, {"starts_on": "2026-01-01"}):
        assert client.post(change, {**data, **bad}).status_code == 422, bad
    assert client.post(pause, {"starts_on": start, "ends_on": today}).status_code == 422
    assert not ChangeRequest.objects.exists()
    assert client.post(pause, {"starts_on": start, "ends_on": start}).status_code == 302
    assert client.post(change, data).status_code == 302  # in place of the pause
    assert "Nomade, à partir du" in text(client.get(here))
    of_team = [agreement.hub.slug, agreement.pk]
    assert agreement.customer.name in text(team.get(f"{url('agreements', agreement.hub.slug)}?liste=demandes"))
    assert "Nomade, à partir du" in text(team.get(url("agreement", *of_team)))
    assert client.post(url("change_accept", *of_team)).status_code == 404  # not by the member
    assert list(agreement.terms.values_list("plan", flat=True)) == [held.pk]
    assert team.post(url("change_accept", *of_team)).status_code == 302
    assert list(agreement.terms.values_list("plan", "starts_on"))[1:] == [(plan.pk, start)]
    assert "Nomade" in Mail.objects.get(key__startswith="memberships.change_answered:").text
    client.post(pause, {"starts_on": start, "ends_on": start})
    client.post(url("my_change_withdraw", agreement.pk))
    assert not ChangeRequest.objects.exists()
    client.post(pause, {"starts_on": start, "ends_on": start})
    assert team.post(url("change_refuse", *of_team), {"reason": "Trop tard"}).status_code == 302
    assert not agreement.pauses.exists()
    client.post(pause, {"starts_on": start, "ends_on": start})
    agreement.refresh_from_db()
    last = today + timedelta(days=31)
    client.post(url("my_notice", agreement.pk), {"seen": version_token(agreement), "ends_on": last, "shown": last})
    assert not ChangeRequest.objects.exists()  # it would begin after the end
    assert Mail.objects.filter(key__startswith="memberships.change_answered:", text__contains="Trop tard").exists()


def test_a_plan_that_is_full_is_said_for_the_member_and_an_ended_contract_asks_for_nothing(
    agreement: Agreement,
) -> None:
    full = PlanFactory(hub=agreement.hub, capacity=1)
    AgreementFactory(hub=agreement.hub, plan=full)
    member, today = of(agreement.customer.person), clock.today(agreement.hub.zone)
    asked = {"price": full.prices.get().pk, "starts_on": today}
    assert "ou attendez-en une" in text(member.post(url("my_change", agreement.pk), asked))
    assert not ChangeRequest.objects.exists()
    Agreement.objects.filter(pk=agreement.pk).update(ends_on=today - timedelta(days=1))
    assert [member.get(url(name, agreement.pk)).status_code for name in ("my_change", "my_pause")] == [404, 404]


def test_a_contract_that_is_signed_brings_its_first_credits_at_once(
    agreement: Agreement, django_capture_on_commit_callbacks: Any
) -> None:
    waiting = AgreementFactory(hub=agreement.hub, state="to_sign", signed_on=None, starts_on=clock.today())
    with django_capture_on_commit_callbacks(execute=True):
        sign_on_paper(agreement=waiting, signed_on=clock.today(), by=UserFactory(), now=clock.now())
    assert "10 h jusqu’au" in text(of(waiting.customer.person).get(url("my_credits")))
