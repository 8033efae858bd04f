"""What is to be entered in the central register of de minimis aid (Regulation (EU) 2023/2831, article 6)."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from totem.billing.queries import seller_of
from totem.hubs.models import Hub
from totem.memberships.aid.queries import aid_by_month, month_end
from totem.memberships.models import Agreement, AgreementState, AidDeclaration
from totem.memberships.periods import DAY, Days
from totem.territories.public_holidays import holidays_between

SINCE = date(2026, 1, 1)
"""Aid granted from that day on is entered."""
WORKING_DAYS = 20
"""Within so many working days after it is granted (paragraph 3)."""
SATURDAY = 6


@dataclass(frozen=True)
class RegisterRow:
    """The aid of a month of an agreement that is not entered yet; a correction where what was entered has changed."""

    agreement: Agreement
    month: date
    granted_on: date
    amount: Decimal
    number: int
    due_by: date
    activity: str

    @property
    def key(self) -> str:
        """What a form names it by: another amount is another row."""
        return f"{self.agreement.pk}:{self.month}:{self.amount}"


def register_due(hub: Hub, day: date) -> list[RegisterRow]:
    """What was granted until that day and is still to enter, the most urgent first."""
    rows = Agreement.objects.filter(hub=hub, state=AgreementState.ACTIVE, terms__market_value__isnull=False).distinct()
    rows = rows.select_related("customer").prefetch_related("terms__plan", "pauses", "aid_entries")
    activities = dict(AidDeclaration.objects.filter(hub=hub).order_by("pk").values_list("customer", "activity"))
    holidays = holidays_between(hub.commune.department, SINCE, day + timedelta(days=60))
    found = [
        RegisterRow(
            agreement,
            month,
            granted,
            amount,
            number,
            _due_by(granted, holidays),
            activities.get(agreement.customer_id, ""),
        )
        for agreement in rows
        for month, granted, amount, number in _differences(agreement, day)
    ]
    return sorted(found, key=lambda row: (row.due_by, row.agreement.customer.sort_key, row.month))


def _differences(agreement: Agreement, day: date) -> Iterator[tuple[date, date, Decimal, int]]:
    """The month, the day of granting, what is to enter of it, and how many entries it has."""
    given = {one.days.first.replace(day=1): one for one in aid_by_month(agreement, Days(SINCE, month_end(day)))}
    entered: dict[date, list[Decimal]] = {}
    granted_on = {}
    for entry in agreement.aid_entries.all():
        entered.setdefault(entry.month, []).append(entry.amount)
        granted_on[entry.month] = entry.granted_on
    for month in sorted({*given, *entered}):
        known = entered.get(month, [])
        aid = given[month].aid if month in given else Decimal(0)
        granted = granted_on.get(month) or max(given[month].days.first, agreement.signed_on or SINCE)
        if (amount := aid - sum(known)) and granted <= day:
            yield month, granted, amount, len(known)


def _due_by(granted_on: date, holidays: Collection[date]) -> date:
    """The last of the working days: neither Saturday, Sunday nor public holiday (Regulation 1182/71, article 2)."""
    day, left = granted_on, WORKING_DAYS
    while left:
        day += DAY
        left -= day.isoweekday() < SATURDAY and day not in holidays
    return day


def granting_authority(hub: Hub) -> str:
    """Who grants the aid: who sells, or else the operator of the hub."""
    seller = seller_of(hub)
    return seller.name if seller else hub.operator.name
