"""What a hub of the demonstration sells: its plans, passes at the desk, and the runs of the months before."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

from totem.billing.actions.payments import record_payment
from totem.billing.demonstration import Event
from totem.billing.models import IssuedDocument, Means
from totem.core.demonstration import Sheet
from totem.core.periods import at_wall_clock, months_before
from totem.memberships.actions.monthly_run import run_month
from totem.memberships.actions.passes import PassBuyer, order, sell
from totem.memberships.actions.plans import Included, save_plan, set_price
from totem.memberships.demonstration.agreements import Agreements
from totem.memberships.demonstration.people import HubStory
from totem.memberships.models import GRAIN, CreditUnit, MonthlyRun, Plan, PlanPrice, RunItem
from totem.spaces.models import Space

SINCE = timedelta(days=400)
MONTHS_RUN = 3
RUN, SOLD, RECEIVED = 3000, 3100, 3200
PAID_ON = 12
UNPAID_MONTHS = 2


def save_plans(story: HubStory) -> dict[str, Plan]:
    """The plans of the sheet with their prices, by their keys; they have been sold for more than a year."""
    day = story.today - SINCE
    now = at_wall_clock(day, story.world.now.time(), story.hub.zone)
    found: dict[str, Plan] = {}
    for position, row in enumerate(story.sheet["plans"]):
        found[row["key"]] = _save(story, {**row, "position": position}, found, day, now)
    return found


def _save(story: HubStory, row: Sheet, known: dict[str, Plan], day: date, now: datetime) -> Plan:
    fields = {
        key: value for key, value in row.items() if key not in {"key", "kind", "prices", "included", "reserved_to"}
    }
    if "space" in fields:
        fields["space"] = Space.objects.get(hub=story.hub, name=fields["space"])
    included = {
        unit: Included(int(one["quantity"] * GRAIN[CreditUnit(unit)]), one.get("rolls_over", False))
        for unit, one in row.get("included", {}).items()
    }
    plan = Plan(hub=story.hub, kind=row.get("kind", "agreement"))
    reserved = [known[key] for key in row.get("reserved_to", [])]
    plan = save_plan(plan=plan, included=included, reserved_to=reserved, by=story.by, now=now, **fields)
    for price in row["prices"]:
        values = {key: Decimal(price[key]) for key in ("amount", "minimum") if key in price}
        months = price.get("months", 0 if plan.kind == "pass" else 1)
        set_price(plan=plan, months=months, group=price.get("group", 0), starts_on=day, by=story.by, now=now, **values)
    return plan


@dataclass
class Runs:
    """The runs of the months before, paid but for some, and passes sold at the desk; this month's run is left to do."""

    story: HubStory
    agreements: Agreements

    def events(self) -> Iterator[Event]:
        """What happens on which day."""
        story = self.story
        for ago in range(MONTHS_RUN, 0, -1):
            month = months_before(story.today.replace(day=1), ago)
            yield month, RUN, partial(self._run, month)
            yield month.replace(day=PAID_ON), RECEIVED, partial(self._receive, month, ago)
        for number, row in enumerate(story.sheet.get("passes", [])):
            day = story.today - timedelta(days=row["ago"])
            yield day, SOLD + number, partial(self._sell, row)

    def _run(self, month: date, now: datetime) -> None:
        run = MonthlyRun.objects.create(hub=self.story.hub, month=month, started_by=self.story.by.pk, started_at=now)
        run_month(run=run, now=now)
        RunItem.objects.filter(run=run, document__isnull=False).exclude(customer__email="").update(mailed_at=now)

    def _receive(self, month: date, ago: int, now: datetime) -> None:
        rows = IssuedDocument.objects.filter(run_item__run__hub=self.story.hub, run_item__run__month=month)
        if ago <= UNPAID_MONTHS:
            rows = rows.exclude(customer__in=self.agreements.unpaid)
        received_on = now.astimezone(self.story.hub.zone).date()
        for document in rows.order_by("pk"):
            record_payment(
                document=document, amount=document.gross, means=Means.TRANSFER, received_on=received_on,
                by=self.story.by.pk, now=now,
            )  # fmt: skip

    def _sell(self, row: Sheet, now: datetime) -> None:
        price = PlanPrice.objects.filter(plan=self.agreements.plans[row["plan"]]).select_related("plan__hub")[0]
        if row.get("ordered"):
            order(price=price, person=self.story.person(row["person"]), now=now)
            return
        person = self.story.person(row["person"]) if "person" in row else None
        buyer = PassBuyer(person.name, person.email) if person else PassBuyer(row["name"])
        sell(price=price, buyer=buyer, means=Means(row["means"]), by=self.story.by, now=now)
