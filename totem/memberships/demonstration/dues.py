"""Dues of a hub of the demonstration: who is up to date, late, exempt, or waits for an answer."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

from django.db.models import Min

from totem.accounts.models import User
from totem.billing.demonstration import Event
from totem.core.demonstration import Sheet
from totem.core.periods import DAY
from totem.hubs.models import Hub
from totem.memberships.actions.dues import ChosenDues, exempt, join, pay
from totem.memberships.actions.dues_kinds import add_question, save_kind, set_amount
from totem.memberships.actions.standing import set_rule, sync
from totem.memberships.demonstration.people import HubStory
from totem.memberships.models import (
    Admission,
    AgreementSeat,
    AgreementState,
    AskedFor,
    DuesKind,
    DuesPeriod,
    DuesTerm,
)
from totem.memberships.queries.standing import asked_for

MEANS = ("card", "transfer", "cheque", "cash")
PAID = 2300


class Dues:
    """Those of the sheet: kinds without an amount to pay need no invoice."""

    def __init__(self, story: HubStory) -> None:
        self.story, self.free = story, iter(story.members)
        set_rule(hub=story.hub, asked_for=story.sheet["asked_for"], by=story.by)

    def events(self) -> Iterator[Event]:
        """What happens on which day."""
        for position, row in enumerate(self.story.sheet["dues"]):
            yield from self._events_of(self._kind(position, row), row)

    def _kind(self, position: int, row: Sheet) -> DuesKind:
        story, by = self.story, self.story.by
        kind = save_kind(kind=DuesKind(hub=story.hub), by=by, position=position, **row["kind"])
        for amount in row["amounts"]:
            values = {name: Decimal(amount[name]) for name in ("amount", "minimum") if name in amount}
            since = story.today - timedelta(days=1200)
            set_amount(kind=kind, group=amount.get("group", 0), starts_on=since, by=by, **values)
        for question in row.get("questions", []):
            add_question(kind=kind, by=by, **question)
        return kind

    def _events_of(self, kind: DuesKind, row: Sheet) -> Iterator[Event]:
        story = self.story
        since = _period_start(kind, story.today)
        passed = (story.today - since).days
        is_free = "choose" in row
        for number in range(row.get("paid", 0)):
            day = since + timedelta(days=2 + passed * number // row["paid"])
            person = next(self.free).user
            if day < story.today and (is_free or story.sells):
                yield day, PAID, partial(self._pay, kind, person, number, row)
        for number in range(row.get("late", 0)):  # last year's was free
            day, person = since - timedelta(days=20 + 30 * number), next(self.free).user
            if kind.period == DuesPeriod.ROLLING:
                day -= timedelta(days=40)
            yield day, PAID, partial(self._exempt, kind, person, row["late_reason"])
        for reason in row.get("exempt", []):
            day, person = max(since, story.today - timedelta(days=200)), next(self.free).user
            yield min(day, story.today - DAY), PAID, partial(self._exempt, kind, person, reason)
        for number in range(row.get("asked", 0)):  # by themselves
            day, person = story.today - timedelta(days=2 + 3 * number), story.visitors[number * 7]
            yield day, PAID, partial(self._join, kind, person, person, row)
        for _number in range(row.get("to_pay", 0)):
            yield story.today - timedelta(days=6), PAID, partial(self._join, kind, next(self.free).user, story.by, row)

    def _join(self, kind: DuesKind, person: User, by: User, row: Sheet, now: datetime) -> DuesTerm:
        amount = Decimal(row["choose"]) if "choose" in row else None
        return join(
            chosen=ChosenDues(kind, amount=amount, answers=row.get("answers", {})), person=person, by=by, now=now
        )

    def _pay(self, kind: DuesKind, person: User, number: int, row: Sheet, now: datetime) -> None:
        term = self._join(kind, person, self.story.by, row, now)
        if term.amount:
            received_on = now.astimezone(self.story.hub.zone).date()
            means = MEANS[number % len(MEANS)]
            pay(term=term, means=means, received_on=received_on, by=self.story.by, now=now)

    def _exempt(self, kind: DuesKind, person: User, reason: str, now: datetime) -> None:
        exempt(kind=kind, person=person, reason=reason, by=self.story.by, now=now)


def _period_start(kind: DuesKind, day: date) -> date:
    """The first day of the period that runs on that day; of a rolling one the day from which it would."""
    if kind.period == DuesPeriod.CIVIL:
        return day.replace(month=1, day=1)
    if kind.period == DuesPeriod.SCHOOL:
        return date(day.year - (day.month < 9), 9, 1)
    return day - timedelta(days=330)


def shorten_admissions(hub: Hub) -> None:
    """Who has what the hub asks for is a member by it from its first day on, and no longer because the team says so."""
    terms = dict(DuesTerm.objects.valid().filter(hub=hub).values_list("person").annotate(Min("starts_on")))
    rows = AgreementSeat.objects.filter(agreement__hub=hub, agreement__state=AgreementState.ACTIVE)
    seats = dict(rows.values_list("person").annotate(Min("starts_on")))
    both = {person: max(seats[person], terms[person]) for person in terms.keys() & seats.keys()}
    asked = asked_for(hub)
    either = {**seats, **terms, **{person: min(seats[person], terms[person]) for person in both}}
    starts = {AskedFor.DUES: terms, AskedFor.AGREEMENT: seats, AskedFor.EITHER: either, AskedFor.BOTH: both}
    first_days = starts[AskedFor(asked)]
    for admission in Admission.objects.filter(hub=hub, ends_on=None, person__in=first_days):
        # It overlaps by a day, so that both are one membership.
        admission.ends_on = max(admission.starts_on, first_days[admission.person_id])
        admission.save()
    sync(hub=hub, person_ids=list(first_days))
