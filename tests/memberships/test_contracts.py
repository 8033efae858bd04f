"""The contract of an agreement: drawn, signed on line by both; the desk that comes with it; the security deposit."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from pypdf import PdfReader

from tests.factories.accounts import UserFactory
from tests.factories.billing import CustomerFactory, DraftFactory, SellerFactory
from tests.factories.memberships import AgreementFactory, PlanFactory
from tests.factories.signatures import code_for
from tests.factories.spaces import SpaceFactory
from totem.billing.actions.issuing import issue
from totem.billing.models import Means
from totem.billing.queries import with_balance
from totem.bookings import actions as bookings
from totem.bookings.actions import Booker, SlotTakenError
from totem.bookings.queries import free_counts
from totem.core import chain, clock
from totem.core.models import ChainLink, SigningRequest, SigningState
from totem.core.periods import Period
from totem.core.signatures import decline, sign
from totem.memberships import contracts
from totem.memberships.actions import agreements as actions
from totem.memberships.actions import deposits
from totem.memberships.actions.agreements import ChosenTerms, PlanFullError
from totem.memberships.models import Agreement, AgreementState, DepositMovement, Plan
from totem.memberships.queries.deposits import deposit_held, deposits_owed

pytestmark = pytest.mark.django_db


def make(plan: Plan, starts_on: date, **more: Any) -> Agreement:
    customer = CustomerFactory(consumer=True, hub=plan.hub, person=UserFactory())
    chosen = ChosenTerms(plan, group=0, months=1, starts_on=starts_on)
    return actions.make_agreement(customer=customer, chosen=chosen, by=UserFactory(), now=clock.now(), **more)


@pytest.fixture
def to_sign() -> Agreement:
    plan = PlanFactory(name="Mois complet", deposit=180, description="Un poste dans l’espace ouvert.")
    SellerFactory(organisation=plan.hub.operator)
    return make(plan, clock.now().date())


def test_the_last_signature_puts_the_agreement_in_force(to_sign: Agreement) -> None:
    by = UserFactory()
    request = contracts.send_contract(agreement=to_sign, by=by, now=clock.now())
    assert [one.email for one in request.signatories.all()] == [to_sign.customer.person.email, by.email]
    for signatory in request.signatories.all():
        sign(signatory=signatory, code=code_for(signatory), client="x", now=clock.now())
    to_sign.refresh_from_db()
    assert (to_sign.state, to_sign.signed_on) == (AgreementState.ACTIVE, clock.today(to_sign.hub.zone))
    with pytest.raises(ValidationError):
        contracts.send_contract(agreement=to_sign, by=by, now=clock.now())


def test_declined_it_ends_and_withdrawn_nobody_signs_it_any_more(to_sign: Agreement) -> None:
    by = UserFactory()
    request = contracts.send_contract(agreement=to_sign, by=by, now=clock.now())
    decline(signatory=request.signatories.all()[0], reason="Trop cher", now=clock.now())
    to_sign.refresh_from_db()
    assert to_sign.state == AgreementState.WITHDRAWN
    other = make(to_sign.terms.get().plan, clock.now().date())
    request = contracts.send_contract(agreement=other, by=by, now=clock.now())
    actions.sign_on_paper(agreement=other, signed_on=clock.today(other.hub.zone), by=by, now=clock.now())
    assert SigningRequest.objects.get(pk=request.pk).state == SigningState.WITHDRAWN


def test_the_contract_says_what_it_is_what_it_costs_and_how_it_ends(to_sign: Agreement) -> None:
    text = "\n".join(page.extract_text() for page in PdfReader(BytesIO(contracts.contract_pdf(to_sign))).pages)
    text = text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
    for words in ("Mois complet", "180,00 €", "150,00 €", "30,00 €", "30 jours", to_sign.customer.name, "L145-1"):
        assert words in text


# -- A desk of one's own ----------------------------------------------------------------------------------------------


def test_a_desk_of_an_agreement_is_nobody_elses_from_midnight_to_midnight() -> None:
    space = SpaceFactory(pool=True, quantity=2)
    hub, plan = space.hub, PlanFactory(hub=space.hub, space=space)
    day = clock.today(hub.zone) + timedelta(days=8)
    day += timedelta(days=(7 - day.weekday()) % 7)  # a Monday
    morning = datetime.combine(day, datetime.min.time(), tzinfo=hub.zone).replace(hour=10).astimezone(UTC)
    hour = Period(morning, morning + timedelta(hours=1))
    before = Period(hour.starts_at - timedelta(days=3), hour.ends_at - timedelta(days=3))  # the Friday
    hub.closed_on_public_holidays = False
    hub.save()
    now = clock.now()
    booked = bookings.book(space=space, period=hour, booker=Booker.oneself(UserFactory()), now=now)
    first = make(plan, day)
    assert first.unit_id not in booked.occupancy.values_list("unit_id", flat=True)
    with pytest.raises(PlanFullError):  # the other is booked on that day
        make(plan, day)
    with pytest.raises(ValidationError):
        make(plan, day, unit=first.unit)
    assert free_counts([space], before, now) == {space.pk: 2}
    assert free_counts([space], hour, now) == {}
    with pytest.raises(SlotTakenError):
        bookings.book(space=space, period=hour, booker=Booker.oneself(UserFactory()), now=now)
    actions.withdraw(agreement=first, by=None, now=now)
    assert free_counts([space], hour, now) == {space.pk: 1}


# -- Deposits ---------------------------------------------------------------------------------------------------------


def test_a_deposit_is_a_liability_in_a_chain_and_never_more_is_given_back_than_was_received() -> None:
    agreement, by, now = AgreementFactory(), UserFactory(), clock.now()
    SellerFactory(organisation=agreement.hub.operator)
    today = clock.today(agreement.hub.zone)
    move = {"agreement": agreement, "means": Means.TRANSFER, "moved_on": today, "by": by, "now": now}
    received, returned = DepositMovement.Kind.RECEIVED, DepositMovement.Kind.RETURNED
    deposits.move_deposit(kind=received, amount=Decimal(180), **move)
    for kind, amount in [(returned, "180.01"), (received, "0")]:
        with pytest.raises(ValidationError):
            deposits.move_deposit(kind=kind, amount=Decimal(amount), **move)
    with pytest.raises(ValidationError):
        deposits.move_deposit(kind=received, amount=Decimal(1), **{**move, "moved_on": today + timedelta(days=1)})
    invoice = issue(draft_id=DraftFactory(customer=agreement.customer).pk, by=None, now=now)
    keep = {"agreement": agreement, "by": by, "now": now}
    elsewhere = issue(draft_id=DraftFactory(customer=CustomerFactory(hub=agreement.hub)).pk, by=None, now=now)
    with pytest.raises(ValidationError):
        deposits.keep_deposit(amount=Decimal(10), document=elsewhere, **keep)
    deposits.keep_deposit(amount=Decimal(10), document=invoice, **keep)
    assert with_balance(type(invoice).objects.filter(pk=invoice.pk)).get().paid == 10
    deposits.move_deposit(kind=returned, amount=Decimal(100), **move)
    assert deposit_held(agreement) == deposits_owed(agreement.hub) == 70
    row = DepositMovement.objects.first()
    assert [deposits.print_receipt(movement=row, by=by, now=now).copy for _ in range(2)] == [1, 2]
    key = deposits.chain_of(agreement.hub)
    assert (chain.verify(key), ChainLink.objects.filter(key=key).count()) == ([], 5)
    with pytest.raises(IntegrityError, match="More than was received"), transaction.atomic():
        DepositMovement.objects.create(
            agreement=agreement, kind=returned, amount=-71, means=Means.CASH, moved_on=today, recorded_at=now,
            link=ChainLink.objects.create(key="x", number=1, content="{}", previous="x", digest="y"),
        )  # fmt: skip
