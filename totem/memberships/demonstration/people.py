"""Who a sheet speaks of, and its days: both without dates and names, so that it is true on any day."""

from dataclasses import dataclass
from datetime import date, timedelta

from totem.accounts.demonstration import Crowd, InventedMember
from totem.accounts.models import DemoRole, User
from totem.billing.actions.customers import customer_for, save_customer
from totem.billing.models import Customer
from totem.core.demonstration import InventedWorld, Sheet
from totem.core.edit_conflicts import version_token
from totem.core.periods import DAY, months_before
from totem.hubs.models import Hub
from totem.organisations.models import Affiliation, Organisation

LONG = 400
STREETS = ("rue du Modem", "allée des Claviers", "place du Signal", "quai des Fichiers", "passage du Curseur")


@dataclass
class HubStory:
    """A hub with its sheet; `members` have been there for a year and stay, `newcomers` came within the year.

    `sells`: it has a seller, and a whole year to issue invoices in.
    """

    hub: Hub
    sheet: Sheet
    world: InventedWorld
    by: User
    members: list[InventedMember]
    visitors: list[User]
    demo_member: User | None
    sells: bool

    @classmethod
    def of(cls, hub: Hub, sheet: Sheet, crowd: Crowd, world: InventedWorld, *, sells: bool) -> "HubStory":
        """The hub's team does what its manager does; visitors are members of the other hubs."""
        group = crowd.groups[hub.slug]
        staying = [member for member in group.members if member.until is None]
        members = [one for one in staying if not one.role and (world.today - one.since).days >= LONG]
        demo = next((one.user for one in staying if one.role == DemoRole.MEMBER), None)
        visitors = [one.user for one in crowd.members_of_others(hub.slug) if one.until is None and not one.role]
        return cls(hub, sheet, world, group.team[0].user, members, visitors, demo, sells)

    @property
    def today(self) -> date:
        return self.world.today

    def day(self, row: Sheet) -> date:
        """`{ month = -2, day = 12 }` is the 12th of the month before the last one."""
        return months_before(self.today.replace(day=1), -row["month"]).replace(day=row.get("day", 1))

    def before(self, day: date, days: int) -> date:
        """So many days before, and before today."""
        return min(day - timedelta(days=days), self.today - DAY)

    def person(self, name: str | int) -> User:
        """`demo` is the member that one click makes; a number one of the members, in their order."""
        if name == "demo" and self.demo_member:
            return self.demo_member
        return self.members[int(name) % len(self.members)].user

    def colleagues(self, name: str, seats: int) -> list[User]:
        """The first people of an organisation of the demonstration who belong to the hub still."""
        rows = Affiliation.objects.filter(organisation__name=name).select_related("person").order_by("pk")
        return [row.person for row in rows[:seats]]

    def customer(self, row: Sheet) -> Customer:
        """The customer of a row of the sheet, whose address is invented where invoices need one."""
        name = row.get("organisation")
        organisation = Organisation.objects.get(name=name) if name else None
        person = None if organisation else self.person(row["person"])
        customer = customer_for(hub=self.hub, person=person, organisation=organisation)
        fields = dict(row.get("customer", {}))
        if self.sells and not customer.street and not row.get("no_address"):
            number = customer.pk % 40 + 1
            fields |= {"street": f"{number} {STREETS[number % len(STREETS)]}", "city": self.hub.commune.name}
            fields["postcode"] = self.hub.postcode
        if fields:
            customer = save_customer(
                hub=self.hub, by=self.by, customer=customer, seen=version_token(customer), **fields
            )
        return customer
