"""Bookings that spend credits: what is covered, what is due, what is given back, what the page says first."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from tests.bookings.test_book import NOW, at
from tests.bookings.test_views_book import address, fields, hidden
from tests.factories.accounts import UserFactory
from tests.factories.billing import CustomerFactory, SellerFactory
from tests.factories.bookings import from_now
from tests.factories.hubs import HubFactory, MembershipFactory, TeamMemberFactory
from tests.factories.memberships import AgreementFactory, PlanFactory
from tests.factories.organisations import AffiliationFactory
from tests.factories.spaces import PriceFactory, SpaceFactory
from totem.accounts.models import User
from totem.billing.models import Customer, DraftLine
from totem.bookings import actions
from totem.bookings.actions import Booker, Guest, PriceChangedError
from totem.bookings.costs import cost_key
from totem.bookings.models import Booking, Status
from totem.core.periods import Period
from totem.memberships.actions import credits as ledger
from totem.memberships.models import CreditEntry, CreditLot
from totem.memberships.queries import credits as credit_queries
from totem.memberships.queries.credits import Spender
from totem.spaces.models import Space

pytestmark = pytest.mark.django_db


@pytest.fixture
def space() -> Space:
    """A room at 12 euros an hour, 40 the half-day and 50 the day."""
    space: Space = SpaceFactory.create(name="Somme", hub__always_open=True, max_minutes=60 * 20)
    for per, amount in ((60, 12), (240, 40), (1440, 50)):
        PriceFactory.create(space=space, per=per, amount=amount)
    return space


def give(space: Space, person: User | None, minutes: int, unit: str = "room", **customer: Any) -> CreditLot:
    """A lot of so many grains of a person of the hub."""
    who = {"person": person} if person else customer
    customer = Customer.objects.filter(hub=space.hub, **who).first() or CustomerFactory.create(
        consumer=True, hub=space.hub, **who
    )
    plan = PlanFactory.create(hub=space.hub, a_pass=True)
    given_at = NOW - timedelta(400)  # before all that is booked, with the clock too
    days: dict[str, Any] = {"starts_on": given_at.date(), "ends_on": None}
    source = f"test:{CreditLot.objects.count()}"
    return ledger.grant(customer=customer, plan=plan, unit=unit, quantity=minutes, source=source, now=given_at, **days)


def left(lot: CreditLot) -> int:
    return CreditLot.objects.with_left().get(pk=lot.pk).left


def book(space: Space, period: Period, person: User | None = None, **more: Any) -> Booking:
    booker = more.pop("booker", None) or Booker.oneself(person)
    return actions.book(space=space, period=period, booker=booker, now=NOW, **more)


@pytest.mark.parametrize(
    ("minutes", "hours", "due", "spent"),
    [
        (600, 2, 0, 120),  # covered
        (120, 3, 12, 120),  # an hour is due beyond
        (60, 9, 50, 0),  # the day costs the same with an hour less: no hour is lost
        (330, 9, 40, 300),  # what is left is a half-day, for which five hours are enough
        (45, 1, 12, 0),  # less than the hour that is due anyway
        (90, 2.5, 12, 90),
    ],
)
def test_credits_cover_what_they_can_and_none_is_spent_in_vain(
    space: Space, minutes: int, hours: float, due: int, spent: int
):
    person = UserFactory()
    lot = give(space, person, minutes)
    booking = book(space, at(9, hours=hours), person)
    assert (booking.price, booking.credits_spent, left(lot)) == (due, spent, minutes - spent)
    assert sum(int(float(line["amount"])) * line["count"] for line in booking.price_lines) == due


def test_desks_take_half_days_and_machines_their_own_hours(space: Space):
    person = UserFactory()
    desks = SpaceFactory(pool=True, hub=space.hub, max_minutes=60 * 40)
    PriceFactory(space=desks, per=240, amount=8)
    PriceFactory(space=desks, per=1440, amount=14)
    machine = SpaceFactory(machine=True, hub=space.hub, audience="signed_in")
    PriceFactory(space=machine, amount=20)
    days, hours = give(space, person, 3, "day"), give(space, person, 60, "machine")
    assert book(desks, at(9, hours=4), person).credits_spent == 1
    longer = book(desks, at(9, day=3, hours=28), person)  # a day, then half a day
    assert (longer.credits_spent, longer.price, left(days)) == (2, 14, 0)
    assert (book(machine, at(9), person).credits_spent, left(hours)) == (60, 0)


def test_moved_lengthened_and_cancelled_in_time_they_are_given_back_and_spent_anew(space: Space):
    person = UserFactory()
    lot = give(space, person, 180)
    booking = book(space, at(9, hours=2), person)
    more = {"by": person, "by_team": False}
    moved = actions.move(booking=booking, space=space, period=at(14, hours=4), now=NOW, **more)
    assert (moved.price, moved.credits_spent, left(lot)) == (12, 180, 0)
    moved = actions.move(booking=booking, space=space, period=at(14, hours=1), now=NOW, **more)
    assert (moved.price, moved.credits_spent, left(lot)) == (0, 60, 120)
    under_way = at(14.5).starts_at
    ends_at = at(14, hours=4).ends_at
    longer = actions.change_end(booking=booking, ends_at=ends_at, now=under_way, **more)
    assert (longer.price, longer.credits_spent, left(lot)) == (12, 180, 0)
    shorter = actions.change_end(booking=booking, ends_at=at(14, hours=1).ends_at, now=under_way, **more)
    assert (shorter.credits_spent, left(lot)) == (180, 0)  # left early: it stays spent
    other = book(space, at(9, day=4), person)
    assert other.price == 12
    lot = give(space, person, 60)
    again = book(space, at(9, day=5), person)
    cancelled = actions.cancel(booking=again, now=NOW, **more)
    assert (cancelled.credits_spent, left(lot)) == (0, 60)


def test_cancelled_late_by_its_author_in_the_team_they_are_lost_and_by_the_hub_given_back(space: Space):
    desk = TeamMemberFactory(hub=space.hub).person
    Space.objects.update(cancel_notice_minutes=60 * 24)
    late = at(8).starts_at
    for person, lost in ((desk, 60), (UserFactory(), 0)):
        lot = give(space, person, 60)
        booking = book(space, at(9), person)
        Booking.objects.update(cancellable_until=NOW)
        actions.cancel(booking=booking, by=desk, now=late, by_team=True, reason="closed")
        assert left(lot) == 60 - lost


def test_a_request_spends_them_and_gives_them_back_where_it_is_refused_or_expires(space: Space):
    person, desk = UserFactory(), TeamMemberFactory(hub=space.hub).person
    Space.objects.update(needs_approval=True)
    space.refresh_from_db()
    lot = give(space, person, 60)
    asked = book(space, at(9), person)
    assert (asked.status, left(lot)) == (Status.PENDING, 0)
    actions.refuse(booking=asked, by=desk, now=NOW, reason="closed")
    assert left(lot) == 60
    book(space, at(9), person)
    actions.expire_requests(now=at(9).starts_at)
    assert left(lot) == 60


def test_the_team_uses_somebodys_credits_or_not_and_an_option_spends_none_until_it_is_firm(space: Space):
    person, desk = UserFactory(), TeamMemberFactory(hub=space.hub).person
    lot, guests = give(space, person, 120), give(space, None, 60, guest="ana@example.org")
    without = book(space, at(9), booker=Booker(by=desk, person=person, uses_credits=False))
    assert (without.price, left(lot)) == (12, 120)
    option = book(space, at(11), booker=Booker(by=desk, person=person), hold_for=timedelta(hours=2))
    assert (option.price, left(lot)) == (12, 120)
    firm = actions.confirm_hold(booking=option, by=desk, now=NOW)
    assert (firm.price, left(lot)) == (0, 60)
    guest = Guest("Ana", "ana@example.org")
    assert book(space, at(13), booker=Booker(by=None, guest=guest)).price == 12  # the address is not proved
    assert (book(space, at(15), booker=Booker(by=desk, guest=guest)).price, left(guests)) == (0, 0)


def test_only_what_is_due_goes_on_a_draft_and_another_hubs_credits_are_never_spent(space: Space):
    person = UserFactory()
    SellerFactory(organisation=space.hub.operator)
    elsewhere = give(SpaceFactory(hub=HubFactory()), person, 600)
    give(space, person, 60)
    booking = book(space, at(9, hours=2), person)
    covered = book(space, at(15), person)
    assert [(line.source, line.gross) for line in DraftLine.objects.order_by("pk")] == [
        (f"booking:{booking.pk}", 12),
        (f"booking:{covered.pk}", 12),
    ]
    assert left(elsewhere) == 600


def test_for_an_organisation_its_own_credits_are_spent_and_left_to_it_by_who_goes(space: Space):
    affiliation = AffiliationFactory()
    person, organisation = affiliation.person, affiliation.organisation
    company = CustomerFactory(hub=space.hub, organisation=organisation)
    agreement = AgreementFactory(hub=space.hub, customer=company)
    agreement.seats.create(person=person, starts_on=agreement.starts_on)
    ledger.grant_due(agreement=agreement, now=NOW)
    own = give(space, person, 600)
    booking = book(space, at(9), booker=Booker.oneself(person, organisation))
    assert (booking.price, left(own)) == (0, 600)
    affiliation.delete()
    [booking] = actions.leave_organisation(person=person, organisation=organisation, by=person, now=NOW, cancel=False)
    assert (booking.price, booking.credits_spent, left(own)) == (12, 0, 600)
    assert [lot.left for lot in company.credit_lots.with_left()] == [600, 600, 600]


def test_what_somebody_else_has_spent_since_is_shown_before_it_is_due(space: Space):
    person = UserFactory()
    give(space, person, 60)
    shown = cost_key(Decimal(0), 60)
    book(space, at(9), person)
    with pytest.raises(PriceChangedError):
        book(space, at(11), person, shown=shown)
    assert Booking.objects.count() == 1


def test_the_page_says_what_is_taken_and_what_is_left_before_it_is_confirmed(client: Client):
    space, person = SpaceFactory(all_night=True), UserFactory()
    PriceFactory(space=space, amount=12)
    PriceFactory(space=space, amount=9, for_members=True)
    give(space, person, 480)
    client.force_login(person)
    period = from_now(48, length=2)
    html = client.get(address(space), fields(period)).content.decode().replace("\N{NO-BREAK SPACE}", " ")
    assert "2 h de forfait" in html
    assert "il en restera 6 h" in html
    assert client.post(address(space), fields(period, shown=hidden(html, "shown"))).status_code == 303
    booking = Booking.objects.get()
    assert (booking.price, booking.credits_spent) == (0, 120)
    detail = client.get(f"/reservations/{booking.reference}/").content.decode().replace("\N{NO-BREAK SPACE}", " ")
    assert "2 h de forfait" in detail
    [spent, _given] = credit_queries.ledger(Spender(space.hub, person))
    assert (space.name in spent.label, spent.amount.replace("\N{NO-BREAK SPACE}", " ")) == (True, "−2 h")


def test_members_pay_their_price_when_they_are_members_on_that_day(client: Client):
    space, person = SpaceFactory(all_night=True), UserFactory()
    PriceFactory(space=space, amount=12)
    PriceFactory(space=space, amount=9, for_members=True)
    period = from_now(48)
    day = period.starts_at.astimezone(space.hub.zone).date()
    membership = MembershipFactory(hub=space.hub, person=person, starts_on=day, ends_on=day)
    client.force_login(person)
    html = client.get(address(space), fields(period)).content.decode()
    assert "9,00" in html
    client.post(address(space), fields(period, shown=hidden(html, "shown")))
    assert Booking.objects.get().price == 9
    membership.delete()
    assert "12,00" in client.get(address(space), fields(from_now(72))).content.decode()
    assert CreditEntry.objects.count() == 0
