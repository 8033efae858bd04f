"""The periods of an agreement and what is due for them: pure functions of its dates, terms and pauses.

Days are counted one by one, both ends included: who joins on 16 September owes 15 days of 30. Each period starts as
many months after the anchor as its number says, never from the period before: from 31 January the next ones start on
28 February and 31 March.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import count, pairwise
from typing import Protocol

from dateutil.relativedelta import relativedelta

from totem.core.money import to_cents
from totem.memberships.models import Cycle

DAY = timedelta(days=1)
LAST_DAY = date.max - DAY
"""The last day of what has no end."""


@dataclass(frozen=True, order=True)
class Days:
    """From one day until another, both included; never empty."""

    first: date
    last: date

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def within(self, other: "Days") -> "Days | None":
        """The days that both have."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Days(first, last) if first <= last else None

    def without(self, others: Iterable["Days"]) -> list["Days"]:
        """What is left of these days, in order."""
        left, first = [], self.first
        for other in sorted(others):
            if other.first > first and first <= self.last:
                left.append(Days(first, min(self.last, other.first - DAY)))
            first = max(first, other.last + DAY)
        return [*left, Days(first, self.last)] if first <= self.last else left


class DatedRow(Protocol):
    """A row that holds from one day until another, both included."""

    starts_on: date
    ends_on: date | None


def days_of(row: DatedRow) -> Days:
    """Its days; those without an end last as long as dates do."""
    return Days(row.starts_on, row.ends_on or LAST_DAY)


class TermsRow(DatedRow, Protocol):
    """What `AgreementTerms` says of a price."""

    months: int
    amount: Decimal
    vat_rate: Decimal
    exemption: str


VatKey = tuple[Decimal, str]
"""A VAT rate in percent and the ground of an exemption, or ""."""


@dataclass(frozen=True)
class Charged:
    """Days charged before, with what was charged in all, by VAT, in euros with VAT."""

    days: Days
    totals: dict[VatKey, Decimal]


@dataclass(frozen=True)
class Due:
    """What is to charge: `amount` euros with VAT; negative where less is due than was charged for these days."""

    days: Days
    vat: VatKey
    amount: Decimal
    is_adjustment: bool = False


def anchor_of(cycle: str, starts_on: date) -> date:
    """The day from which the periods of an agreement are counted."""
    return starts_on.replace(day=1) if cycle == Cycle.CALENDAR else starts_on


def months_between(anchor: date, day: date) -> int:
    """How many whole months after the anchor the day is; it is not before it."""
    since = relativedelta(day, anchor)
    return int(since.years * 12 + since.months)


def periods(anchor: date, within: Days, *, months: int = 1, begin: int = 0) -> Iterator[Days]:
    """The periods of so many months that touch `within`, whole; the first starts `begin` months after the anchor."""
    starts = (anchor + relativedelta(months=begin + months * number) for number in count())
    for first, following in pairwise(starts):
        if first > within.last:
            return
        if following > within.first:
            yield Days(first, following - DAY)


@dataclass(frozen=True)
class Timeline:
    """An agreement as its amounts see it: from `starts_on` until `ends_on`, both included."""

    anchor: date
    starts_on: date
    ends_on: date | None
    terms: Sequence[TermsRow]
    pauses: Sequence[DatedRow] = ()

    def due(self, through: date, charged: Sequence[Charged] = ()) -> list[Due]:
        """What is to charge of all periods that start on or before `through`, in order of its days.

        What was charged is charged once; where less or more is due for it now, by an end, a pause or other terms, the
        difference is.
        """
        found = [*self._differences(charged), *self._uncharged(through, charged)]
        return sorted(found, key=lambda due: due.days)

    def _differences(self, charged: Sequence[Charged]) -> Iterator[Due]:
        for one in charged:
            now = self._amounts(one.days)
            for vat in sorted({*one.totals, *now}):
                if difference := now.get(vat, Decimal(0)) - one.totals.get(vat, Decimal(0)):
                    yield Due(one.days, vat, difference, is_adjustment=True)

    def _uncharged(self, through: date, charged: Sequence[Charged]) -> Iterator[Due]:
        if through < self.starts_on:
            return
        known = [one.days for one in charged]
        for terms in self.terms:
            for whole in self._periods(terms, Days(self.starts_on, through)):
                held = self._held(terms, whole)
                for days in held.without(known) if held else []:
                    if amount := self._amount(terms, whole, days):
                        yield Due(days, (terms.vat_rate, terms.exemption), amount)

    def _amounts(self, days: Days) -> dict[VatKey, Decimal]:
        """What is due for these days, by VAT."""
        totals: defaultdict[VatKey, Decimal] = defaultdict(Decimal)
        for terms in self.terms:
            for whole in self._periods(terms, days):
                if (held := self._held(terms, whole)) and (part := held.within(days)):
                    totals[terms.vat_rate, terms.exemption] += self._amount(terms, whole, part)
        return totals

    def _periods(self, terms: TermsRow, days: Days) -> Iterator[Days]:
        """The periods of these terms that touch those days: counted from the month in which the terms start."""
        if part := days_of(terms).within(days):
            begin = months_between(self.anchor, max(terms.starts_on, self.anchor))
            yield from periods(self.anchor, part, months=terms.months, begin=begin)

    def _held(self, terms: TermsRow, whole: Days) -> Days | None:
        """The days of the period under these terms, pauses included."""
        under = days_of(terms).within(Days(self.starts_on, self.ends_on or LAST_DAY))
        return under.within(whole) if under else None

    def _amount(self, terms: TermsRow, whole: Days, days: Days) -> Decimal:
        """The price of these days of the period, without those of pauses, rounded to the cent once."""
        counted = sum(len(part) for part in days.without(days_of(pause) for pause in self.pauses))
        return to_cents(terms.amount * counted / len(whole))
