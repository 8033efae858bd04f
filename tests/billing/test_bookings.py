"""A room booked at its price is a line of its customer's draft; what is issued stays."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from tests.billing.test_pages import lines
from tests.concurrency import at_once, outcomes_at_once
from tests.factories.accounts import UserFactory
from tests.factories.billing import SellerFactory
from tests.factories.bookings import BookingFactory, confirmed_guest
from tests.factories.hubs import HubFactory, TeamMemberFactory
from tests.factories.organisations import AffiliationFactory, OrganisationFactory
from tests.factories.spaces import PriceFactory, SpaceFactory
from totem.accounts.actions import erase_person
from totem.billing.actions.drafts import delete_draft, save_draft
from totem.billing.actions.issuing import issue
from totem.billing.models import Customer, Draft, DraftLine, IssuedDocument, IssuedLine, Seller, VatPeriod
from totem.bookings import actions, invoicing
from totem.bookings.actions import Booker, Guest
from totem.bookings.models import Booking, Status
from totem.bookings.rules import GUESTS_KEPT
from totem.core import roles
from totem.core.edit_conflicts import version_token
from totem.core.models import JournalEntry
from totem.core.money import VAT_RATES
from totem.core.periods import DAY, Period
from totem.hubs.models import Hub, Role, TeamMember
from totem.spaces.actions import add_price
from totem.spaces.models import Price, Space
from totem.spaces.pricing import Quote, QuoteLine

MORNING = datetime(2027, 3, 4, 8, tzinfo=UTC)  # 9 h in Amiens
BEFORE = MORNING - timedelta(days=3)
HOUR = timedelta(hours=1)
database = pytest.mark.django_db


@pytest.fixture
def space() -> Space:
    """A room at 12 euros an hour, in a hub that sells."""
    space: Space = SpaceFactory(all_night=True, name="Salle Jules Verne")
    SellerFactory(organisation=space.hub.operator)
    PriceFactory(space=space)
    return space


def booked(space: Space, hours: int = 2, **more: Any) -> Booking:
    booking: Booking = BookingFactory(space=space, period=Period(MORNING, MORNING + hours * HOUR), **more)
    return booking


def drafted() -> list[tuple[str, Decimal]]:
    """The customer and the amount of each line."""
    return [(line.draft.customer.name, line.gross) for line in DraftLine.objects.select_related("draft__customer")]


def issued(booking: Booking) -> IssuedDocument:
    Customer.objects.update(street="1 rue des Jacobins", postcode="80000", city="Amiens")
    draft = Draft.objects.get(lines__source=f"booking:{booking.pk}")
    return issue(draft_id=draft.pk, by=None, now=BEFORE)


def seller_at(hub: Hub) -> Client:
    client = Client()
    client.force_login(TeamMemberFactory(hub=hub, role=Role.DESK).person)
    return client


# -- A line by itself -------------------------------------------------------------------------------------------------

LINES = st.builds(
    QuoteLine,
    per=st.sampled_from([60, 240, 1440]),
    count=st.integers(1, 90),
    amount=st.decimals(0, 9999, places=2),
    vat_rate=st.sampled_from(VAT_RATES),
)


@given(st.lists(LINES, min_size=1, max_size=6))
def test_the_lines_are_one_a_rate_and_add_up_to_the_price_to_the_cent(paid: list[QuoteLine]) -> None:
    price = Quote(tuple(paid)).total
    booking = Booking(space=Space(hub=Hub()), starts_at=MORNING, ends_at=MORNING + HOUR, price=price)
    booking.price_lines = [line.as_json() for line in paid]
    found = [DraftLine(**fields) for fields in invoicing.draft_lines(booking)]
    assert sum(line.gross for line in found) == price
    assert {line.vat_rate for line in found} == {line.vat_rate for line in paid if line.total}
    assert len({line.vat_rate for line in found}) == len(found)


@database
def test_it_says_what_is_booked_and_follows_it_until_it_is_cancelled(space: Space) -> None:
    booking = booked(space, person__name="Nadia")
    line = DraftLine.objects.get()
    assert line.label == "Salle Jules Verne, jeudi 4 mars 2027, de 9\N{NO-BREAK SPACE}h à 11\N{NO-BREAK SPACE}h"
    assert (line.gross, line.vat_rate, line.draft.customer.person) == (Decimal("24.00"), Decimal(20), booking.person)
    assert (line.starts_on, line.ends_on, line.source) == (MORNING.date(), MORNING.date(), f"booking:{booking.pk}")

    other = SpaceFactory(hub=space.hub, max_minutes=600)
    PriceFactory(space=other, amount="50.00", vat_rate="10.00")
    actions.move(booking=booking, space=other, period=booking.period, by=booking.person, now=BEFORE, by_team=False)
    Price.objects.filter(space=other).update(amount=60, vat_rate=20)
    team = TeamMemberFactory(hub=space.hub).person
    later = {"by": team, "now": MORNING + HOUR}
    booking = actions.change_end(booking=Booking.objects.get(), ends_at=MORNING + 3 * HOUR, by_team=True, **later)
    rows = DraftLine.objects.order_by("vat_rate")
    assert [(row.vat_rate, row.gross) for row in rows] == [(10, 100), (20, 60)]
    actions.mark_absent(booking=booking, **later)
    assert sum(row.gross for row in rows) == booking.price, "what nobody came for stays due"
    assert rows[0].label.endswith("de 9\N{NO-BREAK SPACE}h à 12\N{NO-BREAK SPACE}h")

    lost = booked(space)
    actions.cancel(booking=lost, by=lost.person, now=BEFORE, by_team=False)
    assert Draft.objects.count() == 1, "its draft held nothing else"


@database
def test_only_what_is_confirmed_and_has_a_price_in_a_hub_that_sells(space: Space) -> None:
    Space.objects.filter(pk=space.pk).update(needs_approval=True)
    asked = booked(space)
    option = booked(SpaceFactory(hub=space.hub, max_minutes=600), hold_for=HOUR)
    elsewhere = SpaceFactory(all_night=True)
    PriceFactory(space=elsewhere)
    booked(elsewhere)
    assert (asked.status, option.status, DraftLine.objects.count()) == (Status.PENDING, Status.HELD, 0)
    actions.approve(booking=asked, by=UserFactory(), now=BEFORE)
    actions.confirm_hold(booking=option, by=UserFactory(), now=BEFORE)
    assert [line.source for line in DraftLine.objects.all()] == [f"booking:{asked.pk}"], "the other is free of charge"


@database
def test_a_move_that_asks_for_approval_anew_takes_it_off_and_a_refusal_leaves_nothing(space: Space) -> None:
    booking = booked(space)
    Space.objects.filter(pk=space.pk).update(needs_approval=True)
    later = Period(booking.ends_at, booking.ends_at + HOUR)
    actions.move(booking=booking, space=space, period=later, by=booking.person, now=BEFORE, by_team=False)
    actions.refuse(booking=booking, by=UserFactory(), now=BEFORE, reason="asked")
    assert not Draft.objects.exists()


@database
def test_bookings_of_an_organisation_are_its_own_and_become_their_persons_when_they_leave(space: Space) -> None:
    member = AffiliationFactory(employee=True, person__name="Nadia", organisation__name="Lumen")
    booker = Booker.oneself(member.person, member.organisation)
    booking = actions.book(space=space, period=Period(MORNING, MORNING + HOUR), booker=booker, now=BEFORE)
    assert drafted() == [("Lumen", Decimal("12.00"))]
    member.delete()
    actions.leave_organisation(
        person=member.person, organisation=booking.organisation, by=member.person, now=BEFORE, cancel=False
    )
    assert drafted() == [("Nadia", Decimal("12.00"))]
    assert Draft.objects.count() == 1


def test_a_price_at_a_rate_that_invoices_do_not_know_is_booked_and_waits_in_the_list(committed_db: str) -> None:
    space = SpaceFactory(all_night=True)
    SellerFactory(organisation=space.hub.operator)
    PriceFactory(space=space)
    with pytest.raises(IntegrityError, match="no invoice has this rate"), transaction.atomic():
        Price.objects.update(vat_rate="19.60")
    with roles.as_owner(), connection.cursor() as cursor:  # as prices of before
        cursor.execute("ALTER TABLE spaces_price DISABLE TRIGGER USER; UPDATE spaces_price SET vat_rate = 19.6;")
        cursor.execute("ALTER TABLE spaces_price ENABLE TRIGGER USER")
    booking = booked(space)
    assert not Draft.objects.exists()
    assert list(invoicing.to_invoice(space.hub)) == [booking]
    assert invoicing.put_on_drafts(hub=space.hub, references=[booking.reference]) == 0
    client, desk = seller_at(space.hub), TeamMember.objects.get(hub=space.hub).person
    url = reverse("bookings:to_invoice", args=[space.hub.slug])
    shown = client.get(url).content.decode()
    assert "TVA à 19,6" in shown
    assert "Mettre sur un brouillon" not in shown
    Price.objects.update(ends_on=MORNING.date())
    later = {"space": space, "per": 60, "amount": Decimal(12), "vat_rate": Decimal(20), "by": booking.person}
    with pytest.raises(ValidationError, match="taux de TVA"):
        add_price(starts_on=MORNING.date() - 2 * DAY, ends_on=MORNING.date() - DAY, **later)

    why = reverse("bookings:not_invoiced", args=[space.hub.slug, booking.reference])
    assert client.post(why, {"reason": ""}).status_code == 422
    assert seller_at(HubFactory()).post(why, {"reason": "No"}).status_code == 404
    client.post(why, {"reason": "Facturée à la main"})
    booking.refresh_from_db()
    assert (booking.not_invoiced, booking.not_invoiced_by) == ("Facturée à la main", desk)
    assert "Facturée à la main" in client.get(url).content.decode()
    assert not invoicing.to_invoice(space.hub)
    client.post(url, {"take_in": booking.reference})
    assert list(invoicing.to_invoice(space.hub)) == [booking]
    verbs = JournalEntry.objects.filter(verb__contains="invoices").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["bookings.left_out_of_invoices", "bookings.taken_into_invoices"]


@database
def test_what_is_not_to_be_invoiced_stays_off_the_drafts_when_it_is_moved(space: Space) -> None:
    booking = booked(space)
    delete_draft(draft=Draft.objects.get(), by=booking.person)
    marked = {"hub": space.hub, "reference": booking.reference, "by": booking.person, "now": BEFORE}
    assert invoicing.leave_out(reason="Offerte", **marked)
    assert not invoicing.leave_out(reason="Again", **marked)
    longer = Period(booking.starts_at, booking.ends_at + HOUR)
    actions.move(booking=booking, space=space, period=longer, by=booking.person, now=BEFORE, by_team=False)
    assert not Draft.objects.exists()


@database
def test_a_booking_asks_one_statement_more_and_seven_where_its_hub_sells(space: Space) -> None:
    """Seller, customer, drafts, their lines, what is issued, the line, the draft's version."""
    person = UserFactory()
    booked(space, person=person)

    def statements(hours: int) -> int:
        with CaptureQueriesContext(connection) as met:
            BookingFactory(
                space=space, person=person, period=Period(MORNING + hours * HOUR, MORNING + (hours + 1) * HOUR)
            )
        return len([one for one in met.captured_queries if "SAVEPOINT" not in one["sql"]])

    sells = statements(10)
    VatPeriod.objects.all().delete()
    Seller.objects.all().delete()
    assert sells - statements(20) == 6


# -- What is issued ---------------------------------------------------------------------------------------------------


@database
def test_what_is_issued_stays_and_the_bookings_page_says_where_to_those_who_sell(space: Space) -> None:
    booking = booked(space)
    page = reverse("bookings:detail", args=[booking.reference])
    seller = seller_at(space.hub)
    assert "Sur un brouillon" in seller.get(page).content.decode()
    document = issued(booking)
    longer = Period(booking.starts_at, booking.ends_at + HOUR)
    actions.move(booking=booking, space=space, period=longer, by=booking.person, now=BEFORE, by_team=False)
    shown = seller.get(page).content.decode()
    assert document.reference in shown
    assert "rectifiez par un avoir" in shown
    own = Client()
    own.force_login(booking.person)
    assert document.reference not in own.get(page).content.decode()
    actions.cancel(booking=booking, by=booking.person, now=BEFORE, by_team=False)
    assert (IssuedLine.objects.get().gross, DraftLine.objects.count()) == (Decimal("24.00"), 0)
    assert not invoicing.to_invoice(space.hub)


@database
def test_what_a_deleted_draft_held_is_listed_and_put_on_a_draft_again(space: Space) -> None:
    booking, other = booked(space, person__name="Nadia"), booked(SpaceFactory(hub=space.hub, max_minutes=600))
    url = reverse("bookings:to_invoice", args=[space.hub.slug])
    client = seller_at(space.hub)
    assert "Il ne reste rien à facturer" in client.get(url).content.decode()
    draft = Draft.objects.get()
    assert [delete_draft(draft=draft, by=booking.person) for _twice in range(2)] == [True, False]
    shown = client.get(url).content.decode()
    assert booking.reference in shown
    assert other.reference not in shown
    seller_at(HubFactory()).post(url, {"one": booking.reference})
    assert not Draft.objects.exists(), "another hub's"
    for _twice in range(2):
        client.post(url, {"shown": booking.reference})
    assert drafted() == [("Nadia", Decimal("24.00"))]


@database
def test_the_list_asks_as_many_queries_for_three_bookings_as_for_one(
    space: Space, django_assert_num_queries: Any
) -> None:
    client = seller_at(space.hub)
    url = reverse("bookings:to_invoice", args=[space.hub.slug])
    for count in (1, 3):
        while Booking.objects.count() < count:
            start = MORNING + Booking.objects.count() * HOUR
            BookingFactory(space=space, period=Period(start, start + HOUR))
        Draft.objects.all().delete()
        with django_assert_num_queries(12):
            client.get(url)


@database
def test_a_line_that_comes_while_the_team_writes_is_neither_lost_nor_issued_unseen(space: Space) -> None:
    booking = booked(space)
    draft = Draft.objects.get()
    client = seller_at(space.hub)
    check = reverse("billing:draft_check", args=[space.hub.slug, draft.pk])
    seen = client.get(check).context["seen"]
    later = Period(booking.ends_at, booking.ends_at + HOUR)
    BookingFactory(space=space, person=booking.person, period=later)
    client.post(check, {"seen": seen})
    assert not IssuedDocument.objects.exists()
    draft.refresh_from_db()
    first = draft.lines.first()
    assert first is not None
    save_draft(draft=draft, seen=version_token(draft), lines=[first])
    assert draft.lines.count() == 2

    url = reverse("billing:draft", args=[space.hub.slug, draft.pk])
    seen = client.get(url).context["form"].initial["seen"]
    actions.cancel(booking=booking, by=booking.person, now=BEFORE, by_team=False)
    sent = {"id": first.pk, "label": first.label, "unit_price": "24"}
    answer = client.post(url, {"seen": seen, **lines(sent), "lignes-INITIAL_FORMS": 1})
    assert "Cette ligne a quitté le brouillon" in answer.content.decode()
    assert draft.lines.count() == 1


# -- Guests, erasure --------------------------------------------------------------------------------------------------


@database
def test_a_guest_is_one_customer_by_address_and_is_erased_with_their_bookings(space: Space) -> None:
    periods = [Period(MORNING + hours * HOUR, MORNING + (hours + 1) * HOUR) for hours in (0, 24)]
    first, second = (confirmed_guest(space, period) for period in periods)
    customer = Customer.objects.get()
    assert (customer.name, customer.email) == ("Camille Invitée", "camille@example.org")
    assert DraftLine.objects.count() == 2
    actions.anonymise_guests(now=first.ends_at + GUESTS_KEPT + HOUR)
    assert Customer.objects.get() == customer, "their second booking is not a year old"
    actions.anonymise_guests(now=second.ends_at + GUESTS_KEPT + HOUR)
    assert not Customer.objects.exists()
    assert not Draft.objects.exists()
    assert not invoicing.to_invoice(space.hub)


@database
def test_two_guests_of_one_name_without_an_address_are_two_customers(space: Space) -> None:
    team = TeamMemberFactory(hub=space.hub).person
    for day in (0, 1):
        period = Period(MORNING + day * DAY, MORNING + day * DAY + HOUR)
        booker = Booker(team, guest=Guest("Jean Martin"))
        actions.book(space=space, period=period, booker=booker, now=BEFORE)
    assert drafted() == [("Jean Martin", Decimal("12.00"))] * 2
    assert Customer.objects.count() == Draft.objects.count() == 2
    actions.anonymise_guests(now=MORNING + GUESTS_KEPT + 2 * HOUR)
    assert Customer.objects.count() == 1, "the second booking is not a year old"


@database
def test_of_a_guest_who_was_invoiced_the_contact_details_go(space: Space) -> None:
    booking = confirmed_guest(space, Period(MORNING, MORNING + HOUR))
    issued(booking)
    actions.anonymise_guests(now=booking.ends_at + GUESTS_KEPT + HOUR)
    customer = Customer.objects.get()
    assert (customer.email, customer.guest, customer.street) == ("", "", "")
    assert "camille@example.org" in IssuedDocument.objects.get().content


@database
def test_erasing_a_person_leaves_no_draft_and_nothing_to_invoice(space: Space) -> None:
    booking = booked(space)
    erase_person(person=booking.person, actor_id=booking.person.pk, now=booking.starts_at)
    assert not Customer.objects.exists()
    assert not Draft.objects.exists()
    assert not invoicing.to_invoice(space.hub)


# -- At the same moment -----------------------------------------------------------------------------------------------


def test_two_who_cancel_bookings_of_several_customers_in_opposite_order_do_not_wait_for_each_other(
    committed_db: None,
) -> None:
    room = SpaceFactory(all_night=True)
    SellerFactory(organisation=room.hub.operator)
    PriceFactory(space=room)
    companies, people = OrganisationFactory.create_batch(2), UserFactory.create_batch(2)
    for person in people:
        for company in companies:
            AffiliationFactory(person=person, organisation=company)
    for number in range(6):
        for turn, person in enumerate(people):
            start = MORNING + number * HOUR + turn * DAY
            booker = Booker.oneself(person, companies[(number + turn) % 2])
            actions.book(space=room, period=Period(start, start + HOUR), booker=booker, now=BEFORE)
    found = outcomes_at_once(
        *[lambda one=person: actions.anonymise_person(person=one, now=BEFORE) for person in people]  # type: ignore[misc]
    )
    assert found == {"done": 2}
    assert not Draft.objects.exists()


def test_what_is_cancelled_while_it_is_issued_is_on_the_invoice_or_nowhere(committed_db: None) -> None:
    space = SpaceFactory(all_night=True)
    SellerFactory(organisation=space.hub.operator)
    PriceFactory(space=space)
    person = UserFactory()
    for number in range(4):
        start = MORNING + number * 24 * HOUR
        first, second = (
            BookingFactory(space=space, person=person, period=Period(start + n * HOUR, start + (n + 1) * HOUR))
            for n in range(2)
        )
        Customer.objects.update(street="1 rue", postcode="80000", city="Amiens")
        draft = Draft.objects.get()
        third = Period(start + 5 * HOUR, start + 6 * HOUR)
        found = at_once(
            lambda pk=draft.pk: issue(draft_id=pk, by=None, now=BEFORE),  # type: ignore[misc]
            lambda one=first: actions.cancel(booking=one, by=person, now=BEFORE, by_team=False),  # type: ignore[misc]
            lambda one=third: BookingFactory(space=space, person=person, period=one),  # type: ignore[misc]
            lambda one=second: actions.cancel(booking=one, by=person, now=BEFORE, by_team=False),  # type: ignore[misc]
        )
        assert not [
            one
            for one in found
            if isinstance(one, Exception) and not isinstance(one, Draft.DoesNotExist | ValidationError)
        ], found
        kept = f"booking:{found[2].pk}"  # type: ignore[attr-defined]
        assert DraftLine.objects.filter(source=kept).count() + IssuedLine.objects.filter(source=kept).count() == 1
        Draft.objects.all().delete()
