"""Agreements of a hub of the demonstration, each step on its day: made, signed, changed, paused, ended."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from totem.billing.demonstration import Event
from totem.billing.models import Means
from totem.core.demonstration import Sheet
from totem.memberships.actions.agreements import (
    ChosenTerms,
    ask_for_agreement,
    make_agreement,
    sign_on_paper,
    wait_for_place,
)
from totem.memberships.actions.changes import announce_price, change_terms, give_notice, pause
from totem.memberships.actions.deposits import move_deposit
from totem.memberships.aid.actions import declare_aid
from totem.memberships.demonstration.domiciliation import collect_mail, complete_file
from totem.memberships.demonstration.people import HubStory
from totem.memberships.domiciliation.actions import save_file
from totem.memberships.models import Agreement, DepositMovement, Plan

MADE, SIGNED, CHANGED = 2000, 2100, 2200
BY_PLAN = {"pauses": pause}


@dataclass
class Agreements:
    """Those of the sheet; `made` are by the place of their row, `unpaid` the customers who pay late."""

    story: HubStory
    plans: dict[str, Plan]
    made: dict[int, Agreement] = field(default_factory=dict)
    unpaid: set[int] = field(default_factory=set)

    def events(self) -> Iterator[Event]:
        """What happens on which day, in the order of each agreement."""
        story, number = self.story, 0
        for row in story.sheet["agreements"]:
            for person in row.get("people", [row.get("person")]):
                number += 1
                yield from self._events_of(number, {**row, "person": person})
        for row in story.sheet.get("waiting", []):
            for person in row["people"]:
                on = story.before(story.today, 12 + person % 9)
                yield on, CHANGED, partial(self._wait, self.plans[row["plan"]], person)

    def _events_of(self, number: int, row: Sheet) -> Iterator[Event]:
        story, begins = self.story, self.story.day(row["starts"])
        if row.get("asked"):
            yield story.before(story.today, 1), MADE, partial(self._ask, row)
            return
        signed = story.before(begins, 3)
        made = story.before(signed, 4)
        if late := row.get("signed"):  # the paper came back weeks later
            signed = story.before(story.day(late), 0)
        yield made, MADE, partial(self._make, number, row)
        if row.get("to_sign"):
            return
        yield signed, SIGNED, partial(self._sign, number, row)
        for ago in row.get("mail_taken", []):  # days before the load
            yield story.before(story.today, ago), CHANGED, partial(self._take_mail, number)
        steps: dict[str, Any] = {
            "pause": self._pause, "change": self._change, "ends": self._end, "price": self._announce,
        }  # fmt: skip
        for step, write in steps.items():
            if step in row:
                on = max(story.before(story.day(row[step]), row[step].get("ahead", 10)), signed)
                yield on, CHANGED, partial(write, number, row[step])

    def _chosen(self, row: Sheet, starts_on: date) -> ChosenTerms:
        amount = Decimal(row["amount"]) if "amount" in row else None
        return ChosenTerms(self.plans[row["plan"]], row.get("group", 0), row.get("months", 1), starts_on, amount)

    def _make(self, number: int, row: Sheet, now: datetime) -> None:
        story, chosen = self.story, self._chosen(row, self.story.day(row["starts"]))
        customer = story.customer(row)
        people = story.colleagues(row["organisation"], row["seats"]) if "organisation" in row else ()
        self.made[number] = make_agreement(customer=customer, chosen=chosen, people=people, by=story.by, now=now)
        if file := row.get("file"):
            save_file(agreement=self.made[number], by=story.by, **file)
        if row.get("unpaid"):
            self.unpaid.add(customer.pk)

    def _sign(self, number: int, row: Sheet, now: datetime) -> None:
        agreement, by, today = self.made[number], self.story.by, now.astimezone(self.story.hub.zone).date()
        if self.plans[row["plan"]].is_incubation:
            declare_aid(
                customer=agreement.customer, aid=[], declared_on=today, declared_by=agreement.customer.name,
                activity="62.01Z", linked=[], by=by, now=now,
            )  # fmt: skip
        if complete := row.get("complete"):
            complete_file(self.story, agreement, now, **complete)
        sign_on_paper(agreement=agreement, signed_on=today, by=by, now=now)
        if agreement.deposit:
            move_deposit(
                agreement=agreement, kind=DepositMovement.Kind.RECEIVED, amount=agreement.deposit,
                means=Means.TRANSFER, moved_on=today, by=by, now=now,
            )  # fmt: skip

    def _take_mail(self, number: int, now: datetime) -> None:
        collect_mail(self.story, self.made[number], now)

    def _ask(self, row: Sheet, now: datetime) -> None:
        person, starts_on = self.story.person(row["person"]), self.story.day(row["starts"])
        ask_for_agreement(chosen=self._chosen(row, starts_on), person=person, now=now)

    def _wait(self, plan: Plan, person: int, _now: datetime) -> None:
        wait_for_place(plan=plan, person=self.story.person(person))

    # -- Changes ------------------------------------------------------------------------------------------------------

    def _pause(self, number: int, row: Sheet, now: datetime) -> None:
        story = self.story
        ends_on = story.day(row["until"])
        pause(agreement=self.made[number], starts_on=story.day(row), ends_on=ends_on, by=story.by, now=now)

    def _change(self, number: int, row: Sheet, now: datetime) -> None:
        chosen = self._chosen(row, self.story.day(row))
        change_terms(agreement=self.made[number], chosen=chosen, by=self.story.by, now=now)

    def _end(self, number: int, row: Sheet, now: datetime) -> None:
        ends_on, why = self.story.day(row), row.get("reason", "")
        give_notice(agreement=self.made[number], ends_on=ends_on, reason=why, by=self.story.by, now=now)

    def _announce(self, number: int, row: Sheet, now: datetime) -> None:
        amount, starts_on = Decimal(row["amount"]), self.story.day(row)
        announce_price(agreement=self.made[number], amount=amount, starts_on=starts_on, by=self.story.by, now=now)
