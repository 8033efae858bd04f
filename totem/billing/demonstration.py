"""A year of invoices in two hubs of the demonstration (`demo/billing/*.toml`), written down day by day.

`totem.memberships.demonstration` loads it, with what it issues itself: the dates of a series never go back.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

from totem.accounts.models import User
from totem.billing.actions.customers import save_customer
from totem.billing.actions.drafts import draft_about
from totem.billing.actions.issuing import issue
from totem.billing.actions.payments import close_month, count_drawer, expected_in_drawer, record_payment
from totem.billing.actions.sellers import save_seller, start_vat_status
from totem.billing.models import (
    Customer,
    DocumentKind,
    Draft,
    DraftLine,
    IssuedDocument,
    Means,
    QuantityUnit,
    VatStatus,
)
from totem.core.demonstration import Sheet
from totem.core.periods import DAY, at_wall_clock, months_before
from totem.core.wording import month_words
from totem.hubs.models import Hub
from totem.organisations.models import Organisation

INVOICES = "billing/*.toml"
OPENS = time(9, 30)
CLOSED_ON = 10
"""The day of the month on which the one before is closed: it takes payments of its last days until then."""

FRIDAY = 4

Write = Callable[[datetime], Any]
Event = tuple[date, int, Write]
"""What is written down on a day, in the order of its number."""


@dataclass
class YearOfInvoices:
    """What one hub wrote down from `first` until the day before `today`, by its manager `by`."""

    hub: Hub
    sheet: Sheet
    first: date
    today: date
    by: User
    documents: dict[str, IssuedDocument] = field(default_factory=dict)

    def tell(self, also: Iterable[Event] = ()) -> int:
        """Write all of it, and what happened `also`, in the order of its days; how many documents were issued."""
        others = list(also)
        self.seller = save_seller(hub=self.hub, by=self.by, seen="", **self.sheet["seller"])
        since = date(min([self.first, *(day for day, _order, _write in others)]).year, 1, 1)
        start_vat_status(
            hub=self.hub, seller=self.seller, by=self.by, starts_on=since, status=VatStatus(self.sheet["vat"])
        )
        self.customers = {key: self._customer(row) for key, row in self.sheet["customers"].items()}
        told = (event for event in self._events() if self.first <= event[0] < self.today)
        for day, of_day in groupby(sorted([*told, *others], key=itemgetter(0, 1)), key=itemgetter(0)):
            for minute, (_day, _order, write) in enumerate(of_day):
                write(at_wall_clock(day, OPENS, self.hub.zone) + timedelta(minutes=minute))
        for row in self.sheet.get("drafts", []):
            self._draft(row)
        return len(self.documents)

    def _customer(self, row: Sheet) -> Customer:
        organisation = Organisation.objects.filter(name=row["organisation"]).first() if "organisation" in row else None
        return save_customer(hub=self.hub, by=self.by, **{**row, "organisation": organisation})

    # -- What happened on which day; of one day, what is counted and closed comes before what is issued, then paid -----

    def _events(self) -> Iterator[Event]:
        for number, (day, row) in enumerate(self._rows(), 10):
            key = row.get("key", str(number))
            yield day, number, partial(self._issue, key, row)
            if paid := row.get("paid"):
                yield _working_day(day + timedelta(days=paid["after"])), 1000 + number, partial(self._pay, key, paid)
        for row in self.sheet.get("refunds", []):
            refund = {**row, "amount": f"-{row['amount']}"}
            yield self._ago(row), 1000, partial(self._pay, row["of"], refund)
        for number, month in enumerate(self._months()):
            yield month, 0, partial(self._count, number)
            if self.first <= month < months_before(self.today.replace(day=1), 1):
                yield months_before(month, -1).replace(day=CLOSED_ON), 1, partial(self._close, month)

    def _rows(self) -> Iterator[tuple[date, Sheet]]:
        """Each document of the sheet with its day, those of every month once a month."""
        for row in self.sheet["documents"]:
            yield self._ago(row), row
        for row in self.sheet["monthly"]:
            for month in self._months():
                day = _working_day(month.replace(day=row["day"]))
                yield day, {**row, "lines": [_of_month(line, month) for line in row["lines"]]}

    def _months(self) -> Iterator[date]:
        month = self.first.replace(day=1)
        while month < self.today:
            yield month
            month = months_before(month, -1)

    def _ago(self, row: Sheet) -> date:
        return _working_day(self.today - timedelta(days=row["ago"]))

    # -- Writing it down; what is about something that came before the first day is left out -------------------------

    def _issue(self, key: str, row: Sheet, now: datetime) -> None:
        cited = [row[name] for name in ("about",) if name in row] + row.get("deposits", [])
        if all(name in self.documents for name in cited):
            self.documents[key] = issue(draft_id=self._draft(row).pk, by=self.by.pk, now=now)

    def _draft(self, row: Sheet) -> Draft:
        if "amount" in row:
            return self._credit(row)
        values = {name: row[name] for name in ("purchase_order", "commitment") if name in row}
        draft = Draft.objects.create(
            hub=self.hub,
            customer=self.customers[row["customer"]],
            kind=row.get("kind", DocumentKind.INVOICE),
            about=self.documents.get(row.get("about", "")),
            **values,
        )
        draft.deposits.set([self.documents[key] for key in row.get("deposits", [])])
        DraftLine.objects.bulk_create(
            DraftLine(**{"draft": draft, "vat_rate": self.sheet["vat_rate"], **line}) for line in row["lines"]
        )
        return draft

    def _credit(self, row: Sheet) -> Draft:
        """A credit note of that amount, with VAT, of the one line of the invoice."""
        draft = draft_about(document=self.documents[row["about"]], kind=DocumentKind.CREDIT_NOTE)
        draft.lines.update(unit_price=Decimal(row["amount"]))
        return draft

    def _pay(self, key: str, row: Sheet, now: datetime) -> None:
        document = self.documents.get(key)
        if document is not None:
            amount = row.get("amount") or document.gross - sum(one.deposit.gross for one in document.deductions.all())
            record_payment(
                document=document,
                amount=Decimal(amount),
                means=Means(row["means"]),
                received_on=now.astimezone(self.hub.zone).date(),
                by=self.by.pk,
                now=now,
            )

    def _count(self, number: int, now: datetime) -> None:
        drawer = self.sheet["drawer"]
        counted, _since = expected_in_drawer(self.hub)
        if not counted:
            return
        short = drawer.get("short", {})
        if number == short.get("month"):
            counted = max(counted - Decimal(short["by"]), Decimal(0))
        left = min(counted, Decimal(drawer["left"]))
        count_drawer(hub=self.hub, seller=self.seller, counted=counted, float_left=left, by=self.by.pk, now=now)

    def _close(self, month: date, now: datetime) -> None:
        close_month(seller=self.seller, month=month, by=self.by.pk, now=now)


def _working_day(day: date) -> date:
    """That day, or the Monday after where it falls on a weekend."""
    return day + DAY * max(7 - day.weekday(), 0) if day.weekday() > FRIDAY else day


def _of_month(line: Sheet, month: date) -> Sheet:
    """The line of that month, which it names where it is one of a whole month."""
    if line.get("unit") != QuantityUnit.MONTH:
        return line
    last = months_before(month, -1) - DAY
    return {**line, "label": f"{line['label']}, {month_words(month)}", "starts_on": month, "ends_on": last}
