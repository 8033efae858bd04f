"""The aid of places of the incubator: by the day, without pauses, over three years, in all hubs of one operator."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from tests.factories.accounts import UserFactory
from tests.factories.billing import CustomerFactory, SellerFactory
from tests.factories.hubs import HubFactory
from tests.factories.memberships import AgreementFactory, DomiciliationApprovalFactory, PlanFactory
from totem.memberships.actions import agreements as actions
from totem.memberships.actions import changes
from totem.memberships.actions.agreements import ChosenTerms
from totem.memberships.aid.actions import OtherAid, decide_aid, declare_aid
from totem.memberships.aid.queries import AidTotal, aid_by_month, standing_of
from totem.memberships.contracts import send_contract
from totem.memberships.models import Agreement, AgreementPause, AidDecision, AidDeclaration
from totem.memberships.periods import Days

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


def place(value: int, *, amount: int = 0, plan: dict[str, Any] | None = None, **more: Any) -> Agreement:
    free = PlanFactory(
        is_incubation=True, market_value=value, price__amount=Decimal(amount), **{"hub": more["hub"], **(plan or {})}
    )
    return AgreementFactory(plan=free, plan__amount=Decimal(amount), **more)


def test_aid_is_the_market_value_by_the_day_less_the_price_without_vat_and_without_pauses() -> None:
    paying = place(300, amount=120, hub=HubFactory(), starts_on=date(2026, 9, 16))
    AgreementPause.objects.create(agreement=paying, starts_on=date(2026, 11, 1), ends_on=date(2026, 11, 15))
    months = aid_by_month(paying, Days(date(2026, 1, 1), date(2026, 11, 30)))
    assert [(str(one.days.first), one.value, one.price, one.aid) for one in months] == [
        ("2026-09-16", Decimal("150.00"), Decimal("50.00"), Decimal("100.00")),
        ("2026-10-01", Decimal("300.00"), Decimal("100.00"), Decimal("200.00")),
        ("2026-11-01", Decimal("150.00"), Decimal("50.00"), Decimal("100.00")),
    ]
    assert aid_by_month(AgreementFactory(), Days(date(2026, 1, 1), date(2026, 11, 30))) == []


def test_the_total_is_of_three_years_to_the_day_and_of_all_hubs_of_one_operator() -> None:
    hub = HubFactory()
    customer = CustomerFactory(hub=hub)
    old = {"starts_on": date(2023, 3, 10), "ends_on": date(2023, 3, 31)}
    place(310, hub=hub, customer=customer, **old)
    assert standing_of(customer).total(date(2026, 3, 9)).total == Decimal("220.00")  # 22 days of 31
    assert standing_of(customer).total(date(2026, 3, 10)).total == Decimal("210.00")
    assert standing_of(customer).total(date(2026, 3, 31)).total == 0
    for operator in (hub.operator, HubFactory().operator):
        other = HubFactory(operator=operator)
        same = CustomerFactory(hub=other, siren=customer.siren, organisation=customer.organisation)
        place(310, hub=other, customer=same, starts_on=date(2026, 3, 1))
    assert standing_of(customer).total(date(2026, 3, 31)).total == Decimal("310.00")  # not what another operator gives


def test_a_free_place_that_passes_the_ceiling_is_refused_and_a_paid_one_is_not() -> None:
    hub = HubFactory()
    given = place(80_000, hub=hub, customer=CustomerFactory(hub=hub))
    plan = PlanFactory(hub=hub, is_incubation=True, market_value=60_000, price__amount=Decimal(0))
    terms: dict[str, Any] = {"plan": plan, "group": 0, "months": 1}
    arguments: dict[str, Any] = {"customer": given.customer, "by": UserFactory(), "now": NOW}
    # 240,000 in January, February and March, whose days to come are granted too.
    assert actions.make_agreement(chosen=ChosenTerms(**terms, starts_on=date(2026, 3, 10)), **arguments).pk
    with pytest.raises(ValidationError) as met:
        actions.make_agreement(chosen=ChosenTerms(**terms, starts_on=date(2026, 3, 10)), **arguments)
    assert "2023/2831" in met.value.message_dict["plan"][0]
    dear = PlanFactory(hub=hub, is_incubation=True, market_value=180, price__amount=Decimal(216))
    paid = ChosenTerms(plan=dear, group=0, months=1, starts_on=date(2026, 6, 1))
    assert actions.make_agreement(chosen=paid, **arguments).pk


def declare(customer: Any, *aid: OtherAid, **more: Any) -> AidDeclaration:
    given: dict[str, Any] = {"declared_on": date(2026, 3, 1), "declared_by": "Lou Petit, gérante", "linked": [], **more}
    return declare_aid(customer=customer, aid=aid, activity="62.01Z", by=UserFactory(), now=NOW, **given)


def test_a_plan_that_changes_does_not_change_the_aid_that_was_given() -> None:
    given = place(300, hub=HubFactory(), starts_on=date(2026, 1, 1))
    plan = given.terms.get().plan
    plan.market_value, plan.is_incubation = Decimal(900), False
    plan.save()
    assert standing_of(given.customer).total(date(2026, 1, 31)).total == Decimal("300.00")
    with pytest.raises(DatabaseError), transaction.atomic():
        given.terms.update(market_value=Decimal(900))


def test_what_others_gave_counts_as_the_latest_declaration_says_and_linked_companies_too() -> None:
    given = place(310, hub=HubFactory(), customer=CustomerFactory(), starts_on=date(2026, 3, 1)).customer
    aid = OtherAid(date(2023, 3, 11), Decimal(250_000), "Région", "Prêt d’honneur")
    declare(given, aid, OtherAid(date(2023, 3, 10), Decimal(9_000), "Ville", "Trop ancienne"))
    found = standing_of(given).total(date(2026, 3, 10))
    assert (found.places, found.declared, found.is_near_ceiling) == (Decimal("310.00"), Decimal(250_000), True)
    sister = place(310, hub=given.hub, customer=CustomerFactory(hub=given.hub), starts_on=date(2026, 3, 1)).customer
    declare(given, linked=[sister.siren, given.siren])  # corrected: nothing of others, and one undertaking with another
    assert standing_of(given).total(date(2026, 3, 10)) == AidTotal(Decimal("620.00"), Decimal(0))
    assert AidDeclaration.objects.filter(customer=given).count() == 2
    with pytest.raises(DatabaseError), transaction.atomic():
        AidDeclaration.objects.update(declared_on=date(2025, 1, 1))
    with pytest.raises(ValidationError):
        declare(given, OtherAid(date(2026, 3, 2), Decimal(1), "Région", "Après la déclaration"))


def test_aid_is_granted_once_it_is_declared_or_the_team_says_why_not_or_under_which_other_regime() -> None:
    customer, by = CustomerFactory(), UserFactory()
    plan = PlanFactory(hub=customer.hub, is_incubation=True, market_value=300, price__amount=Decimal(0))
    arguments: dict[str, Any] = {"by": by, "now": NOW}

    def made() -> Agreement:
        chosen = ChosenTerms(plan=plan, group=0, months=1, starts_on=date(2026, 3, 10))
        return actions.make_agreement(customer=customer, chosen=chosen, **arguments)

    def sign(agreement: Agreement) -> Agreement:
        return actions.sign_on_paper(agreement=agreement, signed_on=date(2026, 3, 10), **arguments)

    first = made()
    SellerFactory(organisation=customer.hub.operator)
    for refused in (lambda: sign(first), lambda: send_contract(agreement=first, **arguments)):
        with pytest.raises(ValidationError, match="déclare avoir reçu"):
            refused()
    declare(customer, declared_on=date(2025, 12, 9))
    with pytest.raises(ValidationError, match="déclare avoir reçu"):
        sign(first)  # it is older than three months
    waived = {"customer": customer, "plan": plan, "reason": "Elle arrive par courrier.", **arguments}
    decide_aid(kind=AidDecision.Kind.UNDECLARED, **waived)
    assert sign(first).state == "active"
    declare(customer, OtherAid(date(2026, 2, 1), Decimal(299_900), "Région", "Prêt"))
    with pytest.raises(ValidationError, match="autre régime"):
        made()
    with pytest.raises(ValidationError):
        decide_aid(kind=AidDecision.Kind.OTHER_REGIME, **waived)  # which one?
    basis = "Règlement (UE) n° 651/2014, article 22"
    decide_aid(kind=AidDecision.Kind.OTHER_REGIME, legal_basis=basis, **waived)
    other = sign(made())
    assert other.terms.get().other_regime == basis
    assert aid_by_month(other, Days(date(2026, 3, 1), date(2026, 3, 31))) == []  # it counts in no total


def test_the_address_of_a_company_ends_after_three_months_then_with_the_notice() -> None:
    plan = PlanFactory(is_domiciliation=True, hub=DomiciliationApprovalFactory().hub)
    agreement = AgreementFactory(hub=plan.hub, plan=plan, starts_on=date(2026, 3, 1), notice_days=30)
    arguments: dict[str, Any] = {"agreement": agreement, "by": UserFactory(), "now": NOW}
    with pytest.raises(ValidationError) as met:
        changes.give_notice(ends_on=date(2026, 5, 30), **arguments)
    assert "31 mai 2026" in met.value.messages[0]
    with pytest.raises(ValidationError) as met:
        actions.make_agreement(
            customer=agreement.customer, by=UserFactory(), now=NOW, ends_on=date(2026, 5, 30),
            chosen=ChosenTerms(plan=plan, group=0, months=1, starts_on=date(2026, 3, 1)),
        )  # fmt: skip
    assert "trois mois" in met.value.message_dict["ends_on"][0]
    later = {**arguments, "now": datetime(2026, 5, 20, 9, tzinfo=UTC)}
    with pytest.raises(ValidationError):
        changes.give_notice(ends_on=date(2026, 6, 18), **later)
    assert changes.give_notice(ends_on=date(2026, 6, 19), **later).ends_on == date(2026, 6, 19)
