"""The members of the demonstration's hubs, what they pay and sign (`demo/memberships/*.toml`), and the invoices.

What memberships issue is written down day by day with the invoices of `demo/billing/*.toml`, as the dates of a series
never go back.
"""

from datetime import timedelta
from operator import itemgetter

from totem.accounts.demonstration import Crowd, saved_crowd
from totem.billing.demonstration import INVOICES, OPENS, Event, YearOfInvoices
from totem.billing.models import Seller
from totem.core.demonstration import YEAR, InventedWorld, Sheet, part
from totem.core.periods import at_wall_clock
from totem.hubs.demonstration import HUBS
from totem.hubs.models import Hub
from totem.memberships.actions.credits import grant_all_due
from totem.memberships.actions.standing import sync
from totem.memberships.demonstration.agreements import Agreements
from totem.memberships.demonstration.domiciliation import approve
from totem.memberships.demonstration.dues import Dues, shorten_admissions
from totem.memberships.demonstration.people import HubStory
from totem.memberships.demonstration.selling import Runs, save_plans
from totem.memberships.models import Admission, Plan

MEMBERSHIPS = "memberships/*.toml"


def _members_are_there(world: InventedWorld) -> bool:
    slugs = [sheet["hub"]["slug"] for sheet in world.sheets(HUBS)]
    return Admission.objects.filter(hub__slug__in=slugs).exists()


@part(HUBS, is_there=_members_are_there)
def load_members(world: InventedWorld) -> None:
    crowd = saved_crowd(world)
    for hub in Hub.objects.filter(slug__in=[sheet["hub"]["slug"] for sheet in world.sheets(HUBS)]).order_by("pk"):
        members = crowd.groups[hub.slug].members
        Admission.objects.bulk_create(
            Admission(hub=hub, person=member.user, starts_on=member.since, ends_on=member.until) for member in members
        )
        sync(hub=hub, person_ids=[member.user.pk for member in members])


def _is_there(_world: InventedWorld) -> bool:
    return Plan.objects.exists() or Seller.objects.exists()


@part(MEMBERSHIPS, is_there=_is_there)
def load(world: InventedWorld) -> None:
    crowd = saved_crowd(world)
    hubs = {hub.slug: hub for hub in Hub.objects.select_related("operator", "commune")}
    invoices = {sheet["hub"]: sheet for sheet in world.sheets(INVOICES)}
    for sheet in world.sheets(MEMBERSHIPS):
        hub = hubs.get(sheet["hub"])
        if hub is not None and crowd.groups[hub.slug].team:
            _load_hub(world, hub, sheet, crowd, invoices.get(hub.slug))
    grant_all_due(now=world.now)


def _load_hub(world: InventedWorld, hub: Hub, sheet: Sheet, crowd: Crowd, invoices: Sheet | None) -> None:
    story = HubStory.of(hub, sheet, crowd, world, sells=invoices is not None and world.length >= YEAR)
    approve(story)
    agreements = Agreements(story, save_plans(story))
    dues = Dues(story)
    events = [*agreements.events(), *dues.events()]
    if story.sells:
        events += Runs(story, agreements).events()
    if invoices is not None:
        first = world.today - timedelta(days=world.length)
        written = YearOfInvoices(hub, invoices, first, world.today, story.by).tell(events)
        world.say(f"Demonstration: {hub.name}, {written} invoices, quotes and credit notes")
    else:
        _tell(events, hub)
    shorten_admissions(hub)
    world.say(f"Demonstration: {hub.name}, {hub.plans.count()} plans, {hub.agreements.count()} agreements")


def _tell(events: list[Event], hub: Hub) -> None:
    for minute, (day, _order, write) in enumerate(sorted(events, key=itemgetter(0, 1))):
        write(at_wall_clock(day, OPENS, hub.zone) + timedelta(seconds=minute))
