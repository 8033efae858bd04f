"""The first of the month: each member's invoice once, whatever happens to the run."""

from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from tests.concurrency import at_once
from tests.factories.accounts import UserFactory
from tests.factories.billing import CustomerFactory, DraftFactory, SellerFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.memberships import AgreementFactory
from totem.billing.actions.drafts import delete_draft
from totem.billing.models import Customer, Draft, DraftLine, IssuedDocument, IssuedFile
from totem.core.files import CheckedFile, store
from totem.core.mail import deliver
from totem.core.models import Mail
from totem.hubs.models import Hub
from totem.memberships import integrity
from totem.memberships.actions import monthly_run
from totem.memberships.actions.monthly_run import mail_invoices, run_chunk, run_month
from totem.memberships.models import Agreement, AgreementCharge, AgreementPause, MonthlyRun, RunItem
from totem.memberships.queries.monthly_run import preview

OCTOBER = date(2026, 10, 1)
NOW = datetime(2026, 10, 1, 7, tzinfo=UTC)
NOVEMBER, THEN = date(2026, 11, 1), datetime(2026, 11, 1, 7, tzinfo=UTC)


@pytest.fixture
def hub(db: None) -> Hub:
    made = HubFactory.create()
    SellerFactory.create(organisation=made.operator)
    return made


def run_of(hub: Hub, month: date = OCTOBER, now: datetime = NOW) -> MonthlyRun:
    return MonthlyRun.objects.get_or_create(hub=hub, month=month, defaults={"started_at": now})[0]


def member(hub: Hub, **fields: Any) -> Agreement:
    return AgreementFactory.create(hub=hub, **{"starts_on": OCTOBER, **fields})


def invoices() -> list[tuple[str, Decimal]]:
    return list(IssuedDocument.objects.order_by("number").values_list("reference", "gross"))


def test_who_joined_on_16_september_is_invoiced_15_days_of_30_and_october(hub: Hub) -> None:
    agreement = member(hub, starts_on=date(2026, 9, 16))
    run_month(run=run_of(hub), now=NOW)
    document = IssuedDocument.objects.get()
    assert [(line.label, line.gross) for line in document.lines.all()] == [
        (f"{agreement.terms.get().plan.name}, du 16 septembre 2026 au 30 septembre 2026", Decimal("90.00")),
        (f"{agreement.terms.get().plan.name}, du 1er octobre 2026 au 31 octobre 2026", Decimal("180.00")),
    ]
    assert not Draft.objects.exists()


def test_what_ended_yesterday_is_not_invoiced_and_a_pause_of_what_was_is_given_back(hub: Hub) -> None:
    ended, paused = member(hub, starts_on=date(2026, 9, 1), ends_on=date(2026, 9, 30)), member(hub)
    run_month(run=run_of(hub, date(2026, 9, 1)), now=NOW)
    run_month(run=run_of(hub), now=NOW)
    assert [gross for _reference, gross in invoices()] == [Decimal(180), Decimal(180)]
    AgreementPause.objects.create(agreement=paused, starts_on=date(2026, 10, 2), ends_on=date(2026, 10, 31))
    run_month(run=run_of(hub, NOVEMBER, THEN), now=THEN)
    last = IssuedDocument.objects.get(number=3)
    assert (last.customer, last.gross) == (paused.customer, Decimal("5.81"))  # 180 and 1/31 of it, less 180
    assert set(AgreementCharge.objects.filter(agreement=ended).values_list("starts_on", flat=True)) == {
        date(2026, 9, 1)
    }


def test_run_again_or_after_it_was_killed_each_is_invoiced_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    for _number in range(5):
        member(hub)
    monkeypatch.setattr(monthly_run, "CHUNK", 2)
    run = run_of(hub)
    after = run_chunk(run=run, after=0, now=NOW)
    with monkeypatch.context() as patched:
        patched.setattr(RunItem.objects, "bulk_create", _killed)
        with pytest.raises(KeyboardInterrupt):
            run_chunk(run=run, after=after, now=NOW)  # its transaction is rolled back
    assert len(invoices()) == 2
    for _again in range(2):
        run_month(run=run, now=NOW)
    assert [reference for reference, _gross in invoices()] == [f"F2026-{number:06}" for number in range(1, 6)]
    assert RunItem.objects.count() == IssuedDocument.objects.values("customer").distinct().count() == 5


def _killed(*_args: object) -> None:
    raise KeyboardInterrupt


def test_two_runs_at_once_are_one(committed_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = HubFactory.create()
    SellerFactory.create(organisation=hub.operator)
    for _number in range(6):
        member(hub)
    monkeypatch.setattr(monthly_run, "CHUNK", 2)
    run = run_of(hub)
    assert at_once(*[lambda: run_month(run=run, now=NOW)] * 2) == [None, None]
    assert [number for number, _gross in invoices()] == [f"F2026-{number:06}" for number in range(1, 7)]


def test_without_an_address_the_others_are_invoiced_and_it_is_once_it_has_one(hub: Hub) -> None:
    company = CustomerFactory.create(hub=hub, street="")
    member(hub)
    member(hub, customer=company)
    (row,) = (row for row in preview(hub, OCTOBER) if row.customer == company)
    assert row.problem
    run_month(run=run_of(hub), now=NOW)
    assert len(invoices()) == 1
    assert RunItem.objects.get(customer=company).problem == row.problem
    company.street = "3 rue Delambre"
    company.save()
    run_month(run=run_of(hub), now=NOW)
    assert [gross for _reference, gross in invoices()] == [Decimal(180), Decimal(180)]
    assert not RunItem.objects.exclude(problem="").exists()


def test_what_was_taken_off_a_draft_is_invoiced_by_the_next_run_once(hub: Hub) -> None:
    agreement = member(hub, customer=CustomerFactory.create(hub=hub, street=""))
    run_month(run=run_of(hub), now=NOW)
    delete_draft(draft=Draft.objects.get(), by=UserFactory.create())
    assert [row.total for row in preview(hub, OCTOBER)] == [Decimal(180)]
    Customer.objects.filter(pk=agreement.customer_id).update(street="1 rue de la Paix")
    for _turn in range(2):
        run_month(run=run_of(hub, NOVEMBER, THEN), now=THEN)
    assert [line.source for line in IssuedDocument.objects.get().lines.order_by("source")] == [
        f"agreement:{agreement.pk}:2026-10-01",
        f"agreement:{agreement.pk}:2026-11-01",
    ]
    assert AgreementCharge.objects.count() == 2
    assert list(integrity.charges()) == []


def test_what_was_booked_for_later_waits_and_what_the_team_is_writing_is_left(hub: Hub) -> None:
    agreement = member(hub)
    draft = DraftFactory.create(
        customer=agreement.customer,
        line__source="booking:1",
        line__starts_on=date(2026, 9, 20),
        line__ends_on=date(2026, 9, 20),
    )
    later = draft.lines.get()
    later.pk, later.source, later.starts_on, later.ends_on = None, "booking:2", date(2026, 10, 20), date(2026, 10, 20)
    later.save()
    written = DraftFactory.create(customer=CustomerFactory.create(hub=hub))
    run_month(run=run_of(hub), now=NOW)
    assert {line.source for line in IssuedDocument.objects.get().lines.all()} == {
        "booking:1",
        f"agreement:{agreement.pk}:2026-10-01",
    }
    assert DraftLine.objects.get(source="booking:2").draft.customer == agreement.customer
    assert Draft.objects.filter(pk=written.pk).exists()


def test_the_preview_says_what_is_odd_in_as_many_queries_for_three_as_for_one(
    hub: Hub, django_assert_num_queries: Any
) -> None:
    def asked() -> int:
        with django_assert_num_queries(10):
            return len(preview(hub, NOVEMBER))

    first = member(hub)
    of_september = {"line__starts_on": date(2026, 9, 20), "line__ends_on": date(2026, 9, 20)}
    DraftFactory.create(customer=first.customer, line__source="booking:8", **of_september)
    assert asked() == 1
    run_month(run=run_of(hub), now=NOW)
    DraftFactory.create(
        customer=first.customer,
        line__unit_price=400,
        line__source="booking:9",
        line__starts_on=OCTOBER,
        line__ends_on=OCTOBER,
    )
    forgotten = member(hub, starts_on=date(2026, 8, 1))
    member(hub, starts_on=NOVEMBER)
    assert asked() == 3
    odd = {row.customer.pk: row.odd for row in preview(hub, NOVEMBER)}
    assert [len(odd[pk]) for pk in (first.customer_id, forgotten.customer_id)] == [1, 1]
    assert "192,00" in odd[first.customer_id][0]  # 180 and what was booked


def test_each_invoice_is_mailed_once_with_its_pdf(hub: Hub) -> None:
    member(hub, customer=CustomerFactory.create(hub=hub, email="atelier@example.org"))
    run_month(run=run_of(hub), now=NOW)
    assert mail_invoices(now=NOW) == 0  # not drawn
    document, pdf = IssuedDocument.objects.get(), b"%PDF-1.7 drawn"
    stored = store(CheckedFile("drawn.pdf", "application/pdf", len(pdf), sha256(pdf).hexdigest(), pdf))
    IssuedFile.objects.create(document=document, stored=stored, drawn_at=NOW)
    assert [mail_invoices(now=NOW), mail_invoices(now=NOW)] == [1, 0]
    deliver(Mail.objects.get().pk)
    (sent,) = mail.outbox
    assert sent.to == ["atelier@example.org"]
    assert sent.attachments[0][:2] == (f"{document.reference}.pdf", pdf)


def test_the_team_sees_what_it_invoices_then_that_it_is_done(hub: Hub, client: Client) -> None:
    agreement = member(hub)
    client.force_login(TeamMemberFactory.create(hub=hub, role="desk").person)
    address = f"/lieux/{hub.slug}/facturation/premier-du-mois/?mois=2026-10"
    assert agreement.customer.name in client.get(address).content.decode()
    assert client.post(address).status_code == 302
    run_month(run=MonthlyRun.objects.get(), now=NOW)
    page = client.get(address).content.decode()
    assert "180,00" in page
    client.force_login(UserFactory.create())
    assert client.get(address).status_code == 404
