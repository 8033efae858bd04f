"""What an end leaves uncovered and is shown, a notice that is taken back, places that lapse, cash of deposits."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from tests.factories.accounts import UserFactory
from tests.factories.billing import CustomerFactory, SellerFactory
from tests.factories.bookings import BookingFactory
from tests.factories.hubs import TeamMemberFactory
from tests.factories.memberships import AgreementFactory, PlanFactory
from tests.factories.spaces import SpaceFactory
from totem.accounts.actions import erase_person, export_personal_data
from totem.billing.actions.payments import count_drawer, expected_in_drawer
from totem.billing.models import Means, Seller
from totem.core import clock
from totem.core.models import Mail, SigningState
from totem.core.periods import Period
from totem.core.signatures.actions import expire
from totem.hubs.models import Membership, Role
from totem.memberships import contracts
from totem.memberships.actions import agreements as actions
from totem.memberships.actions import changes, deposits
from totem.memberships.actions.agreements import ChosenTerms, PlanFullError
from totem.memberships.actions.standing import set_rule
from totem.memberships.models import (
    Agreement,
    AgreementState,
    AskedFor,
    DepositMovement,
    PlaceRequest,
)
from totem.spaces.models import Audience

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


@pytest.fixture
def manager() -> Any:
    """A client of the manager of a hub that sells, with `hub` and `person`."""
    member = TeamMemberFactory(role=Role.MANAGER)
    SellerFactory(organisation=member.hub.operator)
    client: Any = Client(headers={"accept-language": "fr"})
    client.force_login(member.person)
    client.hub, client.person = member.hub, member.person
    return client


def test_bookings_that_an_end_leaves_uncovered_are_shown_before_and_after_and_come_back(manager: Any) -> None:
    hub, now = manager.hub, clock.now()
    agreement = AgreementFactory(hub=hub, notice_days=1)
    set_rule(hub=hub, asked_for=AskedFor.AGREEMENT, by=manager.person)
    room, day = SpaceFactory(hub=hub, audience=Audience.MEMBERS), clock.today(hub.zone) + timedelta(days=20)
    starts_at = datetime.combine(day, time(10), hub.zone)
    person = agreement.customer.person
    booking = BookingFactory(space=room, person=person, period=Period(starts_at, starts_at + timedelta(hours=1)))
    page, notice, back = (
        reverse(f"memberships:{name}", args=[hub.slug, agreement.pk])
        for name in ("agreement", "agreement_notice", "agreement_notice_back")
    )
    assert booking.reference not in manager.get(page).content.decode()
    shown = manager.get(notice)
    assert booking.reference in shown.content.decode()
    assert Membership.objects.get().ends_on is None  # nothing is saved by looking
    ends_on = clock.today(hub.zone) + timedelta(days=3)
    data = {"ends_on": ends_on, "shown": ends_on.isoformat(), "seen": shown.context["form"]["seen"].value()}
    assert manager.post(notice, data).url == page
    assert (Membership.objects.get().ends_on, Agreement.objects.get().ends_on) == (ends_on, ends_on)
    assert booking.reference in manager.get(page).content.decode()
    with pytest.raises(ValidationError, match="préavis"):
        changes.take_back_notice(agreement=agreement, by=UserFactory(), now=now)
    assert manager.post(back).url == page
    assert (Membership.objects.get().ends_on, Agreement.objects.get().ends_on) == (None, None)
    assert Mail.objects.filter(key__startswith="memberships.notice_taken_back", to=person.email).exists()
    with pytest.raises(ValidationError):
        changes.take_back_notice(agreement=agreement, by=manager.person, now=now)


def test_a_notice_is_taken_back_by_who_gave_it_until_its_last_day_where_its_place_is_free() -> None:
    plan = PlanFactory(capacity=1)
    agreement = AgreementFactory(hub=plan.hub, plan=plan, ends_on=date(2026, 12, 31))
    person, arguments = agreement.customer.person, {"agreement": agreement, "now": NOW}
    for ends_on in (date(2026, 6, 30), date(2026, 5, 31)):
        changes.give_notice(ends_on=ends_on, by=person, **arguments)
    assert changes.take_back_notice(by=person, **arguments).ends_on == date(2026, 12, 31)
    changes.give_notice(ends_on=date(2026, 5, 31), by=person, **arguments)
    with pytest.raises(ValidationError):
        changes.take_back_notice(agreement=agreement, by=person, now=datetime(2026, 6, 1, 9, tzinfo=UTC))
    chosen = ChosenTerms(plan, group=0, months=1, starts_on=date(2026, 6, 1))
    actions.make_agreement(customer=CustomerFactory(hub=plan.hub), chosen=chosen, by=UserFactory(), now=NOW)
    with pytest.raises(PlanFullError):
        changes.take_back_notice(by=person, **arguments)


def test_a_place_that_lapses_goes_to_the_next_and_what_is_not_signed_in_time_is_free(manager: Any) -> None:
    hub, now = manager.hub, clock.now()
    plan = PlanFactory(hub=hub, capacity=1)
    today = clock.today(hub.zone)
    customer = CustomerFactory(hub=hub, consumer=True, person=UserFactory())
    chosen = ChosenTerms(plan, group=0, months=1, starts_on=today)
    agreement = actions.make_agreement(customer=customer, chosen=chosen, by=manager.person, now=now)
    waiting = [UserFactory() for _number in range(3)]
    for person in waiting:
        actions.wait_for_place(plan=plan, person=person)
    request = contracts.send_contract(agreement=agreement, by=manager.person, now=now)
    expire(now=now + timedelta(days=29))
    assert Agreement.objects.get().state == AgreementState.TO_SIGN
    late = now + timedelta(days=31)
    expire(now=late)
    request.refresh_from_db()
    assert (request.state, Agreement.objects.get().state) == (SigningState.EXPIRED, AgreementState.WITHDRAWN)

    def offered() -> list[int]:
        return list(PlaceRequest.objects.exclude(offered_at=None).values_list("person", flat=True))

    assert offered() == [waiting[0].pk]
    actions.offer_lapsed_places(now=late + timedelta(days=6))
    assert offered() == [waiting[0].pk]
    for _hour in range(2):
        actions.offer_lapsed_places(now=late + timedelta(days=7, minutes=1))
    assert offered() == [one.pk for one in waiting[:2]]
    # Who is erased no longer waits, and is told what was known of them before.
    assert [one["plan"] for one in export_personal_data(person=waiting[1])["waiting_for_a_place"]] == [plan.name]
    erase_person(person=waiting[1], actor_id=waiting[1].pk, now=late + timedelta(days=7, minutes=2))
    assert offered() == [waiting[0].pk, waiting[2].pk]


def test_deposits_in_cash_are_expected_in_the_drawer_once(manager: Any) -> None:
    agreement, today = AgreementFactory(hub=manager.hub), clock.today(manager.hub.zone)
    other = AgreementFactory()
    kinds = DepositMovement.Kind

    def move(kind: DepositMovement.Kind, amount: int, means: Means = Means.CASH, of: Agreement = agreement) -> None:
        deposits.move_deposit(
            agreement=of, kind=kind, amount=Decimal(amount), means=means, moved_on=today, by=manager.person,
            now=clock.now(),
        )  # fmt: skip

    move(kinds.RECEIVED, 180)
    move(kinds.RECEIVED, 50, Means.TRANSFER)
    move(kinds.RECEIVED, 7, of=other)
    assert expected_in_drawer(manager.hub)[0] == 180
    seller = Seller.objects.get()
    count_drawer(
        hub=manager.hub, seller=seller, counted=Decimal(180), float_left=Decimal(100), by=None, now=clock.now()
    )
    move(kinds.RETURNED, 30)
    assert expected_in_drawer(manager.hub)[0] == 70
