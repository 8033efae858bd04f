"""Credits: given once, spent in order, never below zero, given back, expired or kept, and read by who may."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as PropertyCase

from tests.factories.accounts import UserFactory
from tests.factories.billing import CustomerFactory
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.memberships import AgreementFactory, AgreementSeatFactory, PlanBenefitFactory, PlanFactory
from tests.factories.organisations import OrganisationFactory
from totem.accounts.actions import erase_person
from totem.billing.models import Customer
from totem.core.models import Mail
from totem.hubs.models import Role
from totem.memberships.actions import credits as ledger
from totem.memberships.actions.credits import NotEnoughCreditsError
from totem.memberships.models import (
    Agreement,
    AgreementPause,
    AgreementTerms,
    CreditEntry,
    CreditLot,
    Plan,
    PlanBenefit,
    Suspension,
)
from totem.memberships.queries import credits as queries
from totem.memberships.queries.credits import Spender

pytestmark = pytest.mark.django_db

DAY = date(2026, 10, 12)
NOW = datetime(2026, 10, 12, 8, tzinfo=UTC)


def at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 8, tzinfo=UTC)


def lot_of(customer: Customer, quantity: Any = 60, **fields: Any) -> CreditLot:
    """A lot of room, bought, without an end."""
    number = CreditLot.objects.count()
    fields = {"plan": PlanFactory.create(hub=customer.hub, a_pass=True), "unit": "room", **fields}
    days = {"starts_on": date(2026, 1, 1), "ends_on": None}
    return ledger.grant(customer=customer, quantity=quantity, source=f"test:{number}", now=NOW, **{**days, **fields})


def left_of(*lots: CreditLot) -> list[int]:
    """What is left of each lot."""
    found = {lot.pk: lot.left for lot in CreditLot.objects.with_left()}
    return [found[lot.pk] for lot in lots]


def plain(words: str) -> str:
    return words.replace("\N{NO-BREAK SPACE}", " ")


def member(**fields: Any) -> tuple[Agreement, Spender]:
    agreement = AgreementFactory.create(**fields)
    return agreement, Spender(agreement.hub, agreement.customer.person)


def spendable(spender: Spender, unit: str = "room", day: date = DAY) -> int:
    return queries.left(queries.spendable(spender, unit, day))


def test_a_month_and_those_that_follow_bring_their_credits_once_whoever_asks() -> None:
    agreement, spender = member(starts_on=date(2026, 10, 10))
    for _ in range(2):
        ledger.grant_due(agreement=agreement, now=NOW)
    ledger.grant_all_due(now=NOW)
    lots = list(CreditLot.objects.order_by("starts_on"))
    assert [(lot.starts_on, lot.ends_on) for lot in lots] == [
        (date(2026, 10, 1), date(2026, 10, 31)),  # whole, although the agreement begins on the tenth
        (date(2026, 11, 1), date(2026, 11, 30)),
        (date(2026, 12, 1), date(2026, 12, 31)),
    ]
    assert left_of(*lots) == [600, 600, 600]
    assert (spendable(spender), spendable(spender, day=date(2026, 10, 9))) == (600, 0)
    ledger.spend(lots=queries.spendable(spender, "room", date(2026, 11, 3)), quantity=60, source="booking:1", now=NOW)
    assert left_of(*lots) == [600, 540, 600]  # those of November pay for November


def test_a_plan_that_changes_corrects_the_months_to_come_and_takes_nothing_spent() -> None:
    agreement, spender = member()
    ledger.grant_due(agreement=agreement, now=NOW)
    november = queries.spendable(spender, "room", date(2026, 11, 3))
    ledger.spend(lots=november, quantity=500, source="booking:1", now=NOW)
    AgreementTerms.objects.update(ends_on=date(2026, 10, 31))
    smaller = PlanFactory.create(hub=agreement.hub, benefit=None)
    PlanBenefitFactory.create(plan=smaller, quantity=120)
    fields = {"agreement": agreement, "plan": smaller, "amount": 90, "vat_rate": 20}
    AgreementTerms.objects.create(starts_on=date(2026, 11, 1), **fields)
    for _ in range(2):
        ledger.grant_due(agreement=agreement, now=NOW)
    assert [lot.left for lot in CreditLot.objects.order_by("starts_on").with_left()] == [600, 0, 120]


def test_what_ends_first_is_spent_first_then_the_oldest_and_what_is_free_before_what_was_bought() -> None:
    agreement, spender = member()
    customer, october = agreement.customer, dict[str, Any](ends_on=date(2026, 10, 31))
    last = lot_of(customer)
    bought = lot_of(customer, **october)
    included = lot_of(customer, agreement=agreement, **october)
    older = lot_of(customer, starts_on=date(2025, 12, 1), **october)
    first = lot_of(customer, ends_on=date(2026, 10, 20))
    spent = []
    for number in range(5):
        lots = queries.spendable(spender, "room", DAY)
        ledger.spend(lots=lots, quantity=60, source=f"booking:{number}", now=NOW)
        spent.append(CreditEntry.objects.get(source=f"booking:{number}").lot)
    assert spent == [first, older, included, bought, last]
    with pytest.raises(NotEnoughCreditsError):
        ledger.spend(lots=queries.spendable(spender, "room", DAY), quantity=1, source="booking:9", now=NOW)


def test_what_is_given_back_goes_to_its_lots_once() -> None:
    agreement, spender = member()
    lots = [lot_of(agreement.customer, 60, ends_on=date(2026, 10, 31)), lot_of(agreement.customer, 60)]
    ledger.spend(lots=queries.spendable(spender, "room", DAY), quantity=90, source="booking:1", now=NOW)
    assert left_of(*lots) == [0, 30]
    assert [ledger.give_back(source="booking:1", now=NOW) for _ in range(2)] == [90, 0]
    assert left_of(*lots) == [60, 60]


def test_only_who_has_a_seat_on_that_day_spends_and_not_during_a_pause_or_a_suspension() -> None:
    company = CustomerFactory.create(organisation=OrganisationFactory.create())
    agreement = AgreementFactory.create(customer=company, hub=company.hub)
    lot_of(company, agreement=agreement)
    lot_of(company, 30)
    person = AgreementSeatFactory.create(agreement=agreement, ends_on=date(2026, 10, 12)).person
    here = Spender(company.hub, person)
    assert spendable(here) == 90
    assert spendable(here, day=date(2026, 10, 13)) == 0  # the seat has ended
    assert spendable(Spender(company.hub, person, organisation=OrganisationFactory.create())) == 0
    assert spendable(Spender(company.hub, person, organisation=company.organisation)) == 90
    for stranger in (Spender(HubFactory.create(), person), Spender(company.hub, UserFactory.create())):
        assert spendable(stranger) == 0
        assert (queries.balances(stranger, DAY), queries.ledger(stranger)) == ([], [])
    days = {"agreement": agreement, "starts_on": date(2026, 10, 12)}
    for stopped in (AgreementPause(**days), Suspension(**days, reason="Unpaid")):
        stopped.save()
        assert spendable(here) == 0
        stopped.delete()


def test_what_is_left_of_a_month_expires_or_is_kept_for_one_more() -> None:
    agreement, spender = member()
    AgreementTerms.objects.update(starts_on=date(2026, 1, 1))
    PlanBenefit.objects.update(rolls_over=True)
    ledger.grant_due(agreement=agreement, now=at(2026, 10, 1))
    ledger.spend(lots=queries.spendable(spender, "room", DAY), quantity=500, source="booking:1", now=NOW)
    ledger.expire(now=at(2026, 10, 31))
    assert spendable(spender, day=date(2026, 10, 31)) == 100  # the last day counts
    for _ in range(2):
        ledger.expire(now=at(2026, 11, 1))
    november = queries.spendable(spender, "room", date(2026, 11, 2)).with_left()
    assert [(lot.left, lot.ends_on) for lot in november] == [(100, date(2026, 11, 30)), (600, date(2026, 11, 30))]
    ledger.expire(now=at(2026, 12, 1))
    assert spendable(spender, day=date(2026, 12, 2)) == 1200  # six hundred kept; the hundred were kept once already
    PlanBenefit.objects.update(rolls_over=False)
    ledger.expire(now=at(2027, 1, 1))
    assert spendable(spender, day=date(2027, 1, 2)) == 0


def test_who_bought_credits_is_told_once_before_they_end() -> None:
    customer = CustomerFactory.create(consumer=True, email="ines@example.org")
    bought = lot_of(customer, 90, ends_on=date(2026, 10, 26))
    lot_of(customer, ends_on=date(2026, 10, 27))  # later
    lot_of(customer, ends_on=date(2026, 10, 20), agreement=AgreementFactory.create())  # a month's
    for _ in range(2):
        ledger.warn(now=NOW)
    mail = Mail.objects.get()
    assert (mail.key, mail.to) == (f"memberships.credits_ending:{bought.pk}", "ines@example.org")
    assert "1\N{NO-BREAK SPACE}h\N{NO-BREAK SPACE}30" in mail.text
    assert "26 octobre" in mail.text


def test_the_team_corrects_with_a_reason_and_never_below_zero() -> None:
    by, lot = UserFactory.create(), lot_of(CustomerFactory.create(consumer=True))
    wrong: dict[str, Any]
    for wrong in ({"quantity": 60, "reason": " "}, {"quantity": 0, "reason": "Why"}, {"quantity": -61, "reason": "No"}):
        with pytest.raises(ValidationError):
            ledger.correct(lot=lot, by=by, now=NOW, **wrong)
    ledger.correct(lot=lot, quantity=30, reason="La salle était en panne", by=by, now=NOW)
    assert left_of(lot) == [90]


def test_the_ledger_says_each_entry_in_words_with_as_many_queries_for_many(django_assert_num_queries: Any) -> None:
    agreement, spender = member()
    lot = lot_of(agreement.customer, 90, agreement=agreement, ends_on=date(2026, 10, 31))
    ledger.spend(lots=queries.spendable(spender, "room", DAY), quantity=60, source="test:1", now=NOW)
    queries.describe_source("test")(lambda pks: {pk: f"Room {pk}" for pk in pks})
    for _ in range(2):
        with django_assert_num_queries(1):
            rows = queries.ledger(spender)
        ledger.correct(lot=lot, quantity=1, reason="Une minute", by=UserFactory.create(), now=NOW)
    assert [(plain(row.label), plain(row.amount)) for row in rows][1:] == [
        ("Room 1", "−1 h"),
        (f"Donné : {lot.plan.name}", "+1 h 30"),
    ]
    [balance] = queries.balances(spender, DAY)
    assert (balance.unit, plain(balance.words)) == ("room", "32 min")
    assert plain(balance.lots[0].words) == "32 min jusqu’au samedi 31 octobre"


def test_an_erased_persons_ledger_stays_without_their_name() -> None:
    agreement, spender = member(customer__name="Inès Petit")
    lot = lot_of(agreement.customer)
    assert spender.person is not None
    erase_person(person=spender.person, actor_id=spender.person.pk, now=NOW)
    customer = Customer.objects.get(pk=lot.customer_id)
    assert (customer.person, customer.name, customer.email) == (None, "—", "")
    assert left_of(lot) == [60]


class RandomLedger(PropertyCase):
    """Whatever is given, spent and given back: no lot is below zero, and nothing is lost."""

    customer: Customer
    plan: Plan

    @classmethod
    def setUpTestData(cls) -> None:
        cls.customer = CustomerFactory.create(consumer=True, person=UserFactory.create())
        cls.plan = PlanFactory.create(hub=cls.customer.hub, a_pass=True)

    @settings(max_examples=15, deadline=None)
    @given(
        lots=st.lists(st.tuples(st.integers(1, 9), st.none() | st.integers(0, 5)), min_size=1, max_size=4),
        steps=st.lists(st.tuples(st.sampled_from(["spend", "give_back"]), st.integers(1, 9)), max_size=6),
    )
    def test_adds_up(self, lots: list[tuple[int, int | None]], steps: list[tuple[str, int]]) -> None:
        spender = Spender(self.customer.hub, self.customer.person)
        spent: dict[int, int] = {}
        for quantity, days in lots:
            lot_of(self.customer, quantity, plan=self.plan, ends_on=None if days is None else DAY + timedelta(days))
        given_in_all = sum(quantity for quantity, _days in lots)
        for step, number in steps:
            if step == "give_back":
                assert ledger.give_back(source=f"booking:{number}", now=NOW) == spent.pop(number, 0)
            elif number not in spent:
                wanted, found = number, queries.spendable(spender, "room", DAY)
                if wanted > queries.left(found):
                    with pytest.raises(NotEnoughCreditsError):
                        ledger.spend(lots=found, quantity=wanted, source=f"booking:{number}", now=NOW)
                    continue
                first = next(lot for lot in found.with_left() if lot.left)
                ledger.spend(lots=found, quantity=wanted, source=f"booking:{number}", now=NOW)
                assert CreditEntry.objects.filter(source=f"booking:{number}", lot=first, kind="spend").exists()
                spent[number] = wanted
            left = [lot.left for lot in CreditLot.objects.with_left()]
            assert min(left) >= 0
            assert sum(left) == given_in_all - sum(spent.values())


def test_the_team_reads_who_has_what_left_and_corrects_it_by_an_entry(client: Client) -> None:
    customer = CustomerFactory.create(consumer=True, name="Inès Petit")
    lot = lot_of(customer, 600)
    desk = TeamMemberFactory(hub=customer.hub, role=Role.DESK).person
    home = f"/lieux/{customer.hub.slug}/forfaits/"
    client.force_login(TeamMemberFactory(hub=HubFactory()).person)
    for page in ("", f"clients/{customer.pk}/", f"credits/{lot.pk}/corriger/"):
        assert client.get(f"{home}{page}").status_code == 404
    client.force_login(desk)
    correction = f"{home}credits/{lot.pk}/corriger/"
    for wrong in (
        {"way": "take", "quantity": "11", "reason": "Trop"},  # ten hours are left
        {"way": "give", "quantity": "1", "reason": " "},
        {"way": "give", "quantity": "0,001", "reason": "Rien"},
        {"way": "", "quantity": "1", "reason": "Vers où"},
    ):
        assert client.post(correction, wrong).status_code == 422, wrong
    assert CreditEntry.objects.count() == 1
    seen = client.get(correction).context["form"]["seen_left"].value()
    taken = {"way": "take", "quantity": "1,5", "reason": "Salle rendue deux fois", "seen_left": seen}
    assert [client.post(correction, taken).status_code for _ in range(2)] == [302, 422]  # sent twice, corrected once
    entry = CreditEntry.objects.latest("pk")
    assert (entry.quantity, entry.kind, entry.by) == (-90, "correct", desk.pk)
    page = plain(client.get(f"{home}clients/{customer.pk}/").content.decode())
    assert "8 h 30" in page
    lot_of(customer, starts_on=date(2020, 1, 1), ends_on=date(2020, 1, 31))  # it is over
    assert plain(client.get(f"{home}clients/{customer.pk}/").content.decode()).count("/corriger/") == 1
    assert "Corrigé par l’équipe : Salle rendue deux fois" in page
    assert "Inès Petit" in plain(client.get(f"{home}?q=inès").content.decode())
    assert "Inès Petit" not in client.get(f"{home}?q=bob").content.decode()
    first = queries.left_by_customer([customer.pk], DAY)
    assert [plain(words) for words in first[customer.pk]] == ["heures de salle : 8 h 30"]
