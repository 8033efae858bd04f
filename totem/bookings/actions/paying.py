"""The price of a booking and the credits that it spends, in the transaction that makes, moves or cancels it.

Credits are locked after the spaces and before drafts. A booking spends them once it is a request or confirmed, not
while it is held; cancelled, refused or expired they are given back to their lots. What is left early or not used, and
what its own author has cancelled too late through the team, is not.
"""

from datetime import datetime

from django.utils.translation import gettext as _

from totem.bookings.actions.state import source_of
from totem.bookings.costs import Payer, Tariff, cost_key, lengthened, tariff_of
from totem.bookings.models import Booking
from totem.bookings.rules import RuleBrokenError
from totem.core.periods import Period
from totem.memberships.actions import credits as ledger
from totem.spaces.pricing import Quote, QuoteLine, UnpricedError


class PriceChangedError(Exception):
    """What it costs is no longer what was shown: a price, or credits that somebody else has spent."""


def unpriced(field: str = "day") -> RuleBrokenError:
    """The refusal of a time without a price."""
    return RuleBrokenError(_("No price is known yet for this date. Please ask the team."), field)


def set_price(booking: Booking, tariff: Tariff) -> None:
    """Set today's price, without credits. Raises RuleBrokenError where none is known."""
    try:
        _set(booking, tariff.quote(tariff.period))
    except UnpricedError as error:
        raise unpriced() from error


def cover(
    booking: Booking, tariff: Tariff, *, shown: str = "", keeps_price: bool = False, now: datetime, by: int | None
) -> None:
    """Lower the price that is set by what credits cover, under their locks; what it had spent is given back first.

    `keeps_price`: where none cover it. Raises PriceChangedError where `shown` (`Cost.key`) says something else. `spend`
    follows, once the row is saved.
    """
    had = booking.credits_spent
    if had or (booking.price and tariff.lots is not None):
        customers = tariff.customers()
        ledger.lock_customers(customers | (ledger.customers_of([source_of(booking)]) if had else set()))
        if had:
            _give_back(booking, now, by)
        cost = tariff.cost() if customers else None
        if cost is not None and (cost.spent or not keeps_price):
            _set(booking, cost.due)
            booking.credit_unit, booking.credits_spent = (cost.unit, cost.spent) if cost.spent else ("", 0)
    if shown and shown != cost_key(booking.price, booking.credits_spent):
        raise PriceChangedError


def spend(booking: Booking, tariff: Tariff, *, now: datetime, by: int | None) -> None:
    """Write down in the ledger what `cover` has set."""
    if booking.credits_spent and tariff.lots is not None:
        spent = booking.credits_spent
        ledger.spend(lots=tariff.lots, quantity=spent, source=source_of(booking), now=now, by=by)


def lengthen(booking: Booking, ends_at: datetime, *, now: datetime, by: int | None) -> None:
    """Add what a later end costs to the price, and spend the credits that cover it. Raises RuleBrokenError."""
    tariff = tariff_of(booking.space, Period(booking.starts_at, ends_at), booking.quantity, Payer.of(booking))
    ledger.lock_customers(tariff.customers())
    try:
        line, more = lengthened(booking, ends_at, tariff)
    except UnpricedError as error:
        raise unpriced("end") from error
    if line is not None:
        booking.price_lines = [*booking.price_lines, line.as_json()]
        booking.price += line.total
        booking.vat = Quote(tuple(map(QuoteLine.from_json, booking.price_lines))).vat
    if more and tariff.lots is not None:
        ledger.spend(lots=tariff.lots, quantity=more, source=source_of(booking), now=now, by=by)
        booking.credits_spent += more
        booking.credit_unit = tariff.unit


def return_credits(booking: Booking, *, now: datetime, by: int | None) -> None:
    """Give back what it spent, and save that it spends nothing."""
    if booking.credits_spent:
        _give_back(booking, now, by)
        booking.save(update_fields=["credits_spent", "credit_unit", "updated_at"])


def _give_back(booking: Booking, now: datetime, by: int | None) -> None:
    ledger.give_back(source=source_of(booking), now=now, by=by)
    booking.credits_spent, booking.credit_unit = 0, ""


def _set(booking: Booking, due: Quote) -> None:
    booking.price, booking.vat = due.total, due.vat
    booking.price_lines = [line.as_json() for line in due.lines]
