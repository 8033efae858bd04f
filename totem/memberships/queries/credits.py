"""Reads of credits: what somebody may spend on a day, what is left, and the ledger in words."""

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from totem.accounts.models import User
from totem.billing.models import Customer
from totem.billing.queries import customers
from totem.core import wording
from totem.hubs.models import Hub
from totem.memberships.models import (
    GRAIN,
    Agreement,
    AgreementPause,
    AgreementSeat,
    CreditEntry,
    CreditLot,
    CreditUnit,
    Suspension,
)
from totem.memberships.models.credits import CreditLotQuerySet
from totem.organisations.models import Organisation


@dataclass(frozen=True)
class Spender:
    """Whose credits of a hub are spent: a person's, or those of a guest by their key (`Customer.guest`).

    With an organisation only its own are, and only by who has a seat under one of its agreements.
    """

    hub: Hub
    person: User | None = None
    guest: str = ""
    organisation: Organisation | None = None


def spendable(spender: Spender, unit: str, day: date) -> CreditLotQuerySet:
    """The lots of which the spender may use what is left on that day, in the order in which they are spent.

    Their own, and those of the customers under whose agreements they have a seat. A lot counts on the days that it is
    for, and what an agreement gave only while it is in force, neither paused nor suspended.
    """
    free = _usable_agreements(spender.hub, day)
    owned = Q(customer__guest=spender.guest) if spender.guest else Q(pk=None)
    if spender.person is not None:
        seated = free.filter(Exists(_on(AgreementSeat, day).filter(person=spender.person)))
        shared = Q(agreement__in=seated) | Q(agreement=None, customer__in=seated.values("customer"))
        owned = shared | Q(customer__person=spender.person)
    if spender.organisation is not None:
        owned &= Q(customer__organisation=spender.organisation)
    counts = Q(ends_on=None) | Q(ends_on__gte=day)
    lots = CreditLot.objects.filter(counts, owned, hub=spender.hub, unit=unit, starts_on__lte=day)
    return lots.filter(Q(agreement=None) | Q(agreement__in=free)).in_order()


def _on(model: type[Model], day: date) -> QuerySet[Any]:
    """The rows of an agreement that hold on that day, for Exists."""
    holds = Q(ends_on=None) | Q(ends_on__gte=day)
    return model._default_manager.filter(holds, agreement=OuterRef("pk"), starts_on__lte=day)


def _usable_agreements(hub: Hub, day: date) -> QuerySet[Agreement]:
    stopped = Exists(_on(AgreementPause, day)) | Exists(_on(Suspension, day))
    return Agreement.objects.in_force(day).filter(~stopped, hub=hub)


def left(lots: CreditLotQuerySet) -> int:
    """What is left of these lots together, in grains of their unit."""
    return sum(lot.left for lot in lots.unspent())


# -- In words ---------------------------------------------------------------------------------------------------------


def quantity_words(unit: str, quantity: int) -> str:
    """« 2 h », « 1 h 30 », « 1 jour et demi », « 3 événements »: so many grains, without a sign."""
    if unit in {CreditUnit.ROOM, CreditUnit.MACHINE}:
        return wording.minutes_words(quantity) if quantity else _("0 h")
    if unit == CreditUnit.EVENT:
        return ngettext("%(count)s event", "%(count)s events", quantity) % {"count": quantity}
    days, half = divmod(quantity, GRAIN[CreditUnit.DAY])
    if not half:
        return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}
    return (
        ngettext("%(count)s day and a half", "%(count)s days and a half", days) % {"count": days}
        if days
        else _("half a day")
    )


SpentOn = Callable[[Collection[int]], dict[int, str]]
_spent_on: dict[str, SpentOn] = {}


def describe_source(prefix: str) -> Callable[[SpentOn], SpentOn]:
    """Register how what spent credits is called: of the ids in "PREFIX:ID" its words, in one query."""

    def register(function: SpentOn) -> SpentOn:
        _spent_on[prefix] = function
        return function

    return register


@dataclass(frozen=True)
class CreditLotRow:
    """A lot of which something is left; `quantity` in grains."""

    lot: CreditLot
    quantity: int

    @property
    def words(self) -> str:
        """« 6 h jusqu’au 31 octobre »."""
        words = {"quantity": quantity_words(self.lot.unit, self.quantity)}
        if self.lot.ends_on is None:
            return words["quantity"]
        return _("%(quantity)s until %(day)s") % {**words, "day": wording.date_words(self.lot.ends_on)}


@dataclass(frozen=True)
class BalanceRow:
    """What is left of a unit, and of which lots, in the order in which they are spent."""

    unit: CreditUnit
    lots: list[CreditLotRow]

    @property
    def quantity(self) -> int:
        return sum(row.quantity for row in self.lots)

    @property
    def words(self) -> str:
        return quantity_words(self.unit, self.quantity)


@dataclass(frozen=True)
class LedgerRow:
    """An entry in words: when it was written, what for, and how much with its sign (« −2 h »)."""

    entry: CreditEntry
    label: str
    amount: str

    @property
    def at(self) -> datetime:
        return self.entry.at


def lots_of(spender: Spender) -> CreditLotQuerySet:
    """Every lot that the spender sees: of their own, and of the agreements under which they have or had a seat."""
    seated = Q(agreement__seats__person=spender.person) if spender.person else Q(pk=None)
    own = Q(customer__person=spender.person) if spender.person else Q(customer__guest=spender.guest)
    pks = CreditLot.objects.filter(own | seated, hub=spender.hub).values("pk")
    return CreditLot.objects.filter(pk__in=pks).in_order()


def balances(spender: Spender, day: date) -> list[BalanceRow]:
    """What the spender may spend on that day, by unit; those of which nothing is left are not here."""
    rows: list[BalanceRow] = []
    for unit in CreditUnit:
        found = spendable(spender, unit, day).select_related("plan", "customer").unspent()
        if kept := [CreditLotRow(lot, lot.left) for lot in found]:
            rows.append(BalanceRow(unit, kept))
    return rows


def ledger(spender: Spender, *, most: int = 200) -> list[LedgerRow]:
    """The latest entries of the lots that the spender sees, newest first; the number of queries is constant."""
    return ledger_rows(list(entries_of(lots_of(spender))[:most]))


def entries_of(lots: CreditLotQuerySet) -> QuerySet[CreditEntry]:
    """The entries of these lots with what `ledger_rows` reads, newest first."""
    return (
        CreditEntry.objects.filter(lot__in=lots.order_by().values("pk"))
        .select_related("lot__plan")
        .order_by("-at", "-pk")
    )


def ledger_rows(entries: Collection[CreditEntry]) -> list[LedgerRow]:
    """These entries in words; the number of queries is constant."""
    labels = _labels(entries)
    return [LedgerRow(entry, _label(entry, labels), _signed(entry)) for entry in entries]


def usable(today: date) -> CreditLotQuerySet:
    """The lots of which something is left and whose days are not over."""
    return CreditLot.objects.filter(Q(ends_on=None) | Q(ends_on__gte=today)).unspent()


def holders(hub: Hub, today: date, search: str = "") -> QuerySet[Customer]:
    """The customers of the hub who have credits left, by name."""
    having = usable(today).filter(hub=hub).order_by().values("customer")
    return customers(hub, search).filter(pk__in=having)


def left_by_customer(pks: Collection[int], today: date) -> dict[int, list[str]]:
    """What is left to each, by unit, without the months to come: « heures de salle : 6 h »."""
    left: defaultdict[int, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for lot in usable(today).filter(customer__in=pks).order_by("unit"):
        left[lot.customer_id][lot.unit] += lot.left if lot.starts_on <= today else 0
    return {
        pk: [
            _("%(unit)s: %(quantity)s")
            % {"unit": CreditUnit(unit).label, "quantity": quantity_words(unit, left[pk][unit])}
            for unit in left[pk]
        ]
        for pk in pks
    }


def _labels(entries: Collection[CreditEntry]) -> dict[str, str]:
    """The words of each source of the entries; one query a prefix."""
    ids: defaultdict[str, set[int]] = defaultdict(set)
    for entry in entries:
        prefix, _colon, number = entry.source.partition(":")
        if number.isdecimal():
            ids[prefix].add(int(number))
    named = ((prefix, _spent_on[prefix](found)) for prefix, found in ids.items() if prefix in _spent_on)
    return {f"{prefix}:{pk}": words for prefix, of_prefix in named for pk, words in of_prefix.items()}


def _label(entry: CreditEntry, labels: dict[str, str]) -> str:
    """« Mois complet », « 12 octobre, salle Jules-Verne, 2 h », « Corrigé par l’équipe : une panne »."""
    what = labels.get(entry.source) or entry.reason or entry.lot.plan.name
    if entry.kind == CreditEntry.Kind.SPEND:
        return what
    return _("%(kind)s: %(what)s") % {"kind": entry.get_kind_display(), "what": what}


def _signed(entry: CreditEntry) -> str:
    words = quantity_words(entry.lot.unit, abs(entry.quantity))
    return f"+{words}" if entry.quantity > 0 else f"−{words}"
