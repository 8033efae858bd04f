"""Somebody comes in without a right to the day: a pass is sold and paid, spent for the day, and they are checked in."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.billing.models import Customer, Means
from totem.bookings import queries
from totem.bookings.actions.booking import Booker, Guest, SlotTakenError, book
from totem.bookings.actions.desk import check_in
from totem.bookings.costs import tariff_of
from totem.bookings.day_parts import HALF_DAY, longest_in
from totem.bookings.models import Booking
from totem.bookings.rules import RuleBrokenError
from totem.core import locks
from totem.core.periods import Period, ceil_to_step, intersect, local_day
from totem.hubs.models import Hub
from totem.memberships.actions import credits as ledger
from totem.memberships.actions import passes
from totem.memberships.actions.passes import PassBuyer
from totem.memberships.models import CreditUnit, Plan, PlanPrice
from totem.spaces import queries as space_queries
from totem.spaces.models import Audience, Space, SpaceKind
from totem.spaces.rules import step_under_way


@transaction.atomic
def receive(*, price: PlanPrice, buyer: PassBuyer, means: Means, by: User, now: datetime) -> Booking:
    """Sell the pass, book a desk on it until the hub closes (a half-day: four hours), and check its buyer in.

    The space is the first of the hub's desks that is free all that time. Raises ValidationError; then nothing is sold.
    """
    hub = price.plan.hub
    space, period = _place(hub, price.plan, now)
    person = buyer.person()
    guest = None if person else Guest(buyer.name, buyer.email, key=buyer.key)
    booker = Booker(by=by, person=person, guest=guest)
    # In the order of `core.locks`: what booking locks comes before what selling locks.
    locks.lock_shared(locks.LockKind.HUB, hub.pk)
    locks.lock(locks.LockKind.SPACE, space_queries.needed_space_ids(space.pk))
    own = Q(person=person) if person else Q(guest=buyer.key)
    customers = set(Customer.objects.filter(own, hub=hub).values_list("pk", flat=True))
    ledger.lock_customers(customers | tariff_of(space, period, 1, booker.payer).customers())
    passes.sell(price=price, buyer=buyer, means=means, by=by, now=now)
    try:
        booking = book(space=space, period=period, booker=booker, now=now)
    except SlotTakenError as error:
        raise ValidationError(_("They are received already, or the last desk has just been taken.")) from error
    except RuleBrokenError as error:
        raise ValidationError(error.message) from error
    if booking.price or not booking.credits_spent:
        raise ValidationError({"price": _("This pass does not pay for a desk today.")})
    return check_in(booking=booking, by=by, now=now)


def _place(hub: Hub, plan: Plan, now: datetime) -> tuple[Space, Period]:
    is_half = plan.benefits.filter(unit=CreditUnit.DAY, quantity=1).exists()
    day = local_day(now.astimezone(hub.zone).date(), hub.zone)
    rows = Space.objects.active().filter(
        hub=hub, kind=SpaceKind.HOT_DESKS, takes_credits=True, audience__in=[Audience.PUBLIC, Audience.SIGNED_IN]
    )
    spaces = list(rows.select_related("hub__commune__department").order_by("position", "name"))
    opening = space_queries.open_periods(spaces, day)
    for space in spaces:
        start = ceil_to_step(step_under_way(space, now), space.step, hub.zone)
        for stretch in intersect(opening[space.pk], [Period(start, day.ends_at)])[:1]:
            period = longest_in(space, stretch, HALF_DAY if is_half else timedelta(days=1))
            if period and queries.free_counts([space], period, now).get(space.pk):
                return space, period
    raise ValidationError(_("No desk that takes passes is free until the hub closes."))
