"""Two bookings for the last hour of credits at the same moment."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

from tests.concurrency import at_once
from tests.factories.memberships import AgreementFactory
from tests.factories.spaces import PriceFactory, SpaceFactory
from totem.bookings import actions
from totem.bookings.actions import Booker
from totem.bookings.models import Booking
from totem.core.periods import Period
from totem.memberships.actions import credits as ledger
from totem.memberships.models import CreditEntry, CreditLot

NOW = datetime(2027, 3, 1, 7, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_the_last_hour_covers_one_of_them_and_the_other_pays(committed_db: None) -> None:
    agreement = AgreementFactory.create()
    person = agreement.customer.person
    assert person is not None
    [lot, *_others] = ledger.grant_period(agreement=agreement, period=ledger.Days(NOW.date(), NOW.date()), now=NOW)
    ledger.spend(lots=CreditLot.objects.all(), quantity=540, source="test:1", now=NOW)
    rooms = [SpaceFactory.create(hub=agreement.hub, hub__always_open=True) for _ in range(3)]
    for room in rooms:
        PriceFactory.create(space=room)
    CreditLot.objects.filter(pk=lot.pk).update(ends_on=None)

    def book(room: object) -> Booking:
        period = Period(NOW + 2 * HOUR, NOW + 3 * HOUR)
        return actions.book(space=room, period=period, booker=Booker.oneself(person), now=NOW)  # type: ignore[arg-type]

    made = at_once(*(partial(book, room) for room in rooms))
    assert all(isinstance(booking, Booking) for booking in made), made
    found = Booking.objects.order_by("price").values_list("price", "credits_spent")
    assert list(found) == [(Decimal(0), 60), (Decimal(12), 0), (Decimal(12), 0)]
    assert sum(CreditEntry.objects.values_list("quantity", flat=True)) == 0
