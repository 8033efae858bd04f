"""The members of the demonstration's hubs, from the sheet of each (`demo/hubs/*.toml`): their teams took them in."""

from totem.accounts.demonstration import saved_crowd
from totem.core.demonstration import InventedWorld, part
from totem.hubs.demonstration import HUBS
from totem.hubs.models import Hub
from totem.memberships.actions.standing import sync
from totem.memberships.models import Admission


def _members_are_there(world: InventedWorld) -> bool:
    slugs = [sheet["hub"]["slug"] for sheet in world.sheets(HUBS)]
    return Admission.objects.filter(hub__slug__in=slugs).exists()


@part(HUBS, is_there=_members_are_there)
def load(world: InventedWorld) -> None:
    crowd = saved_crowd(world)
    for hub in Hub.objects.filter(slug__in=[sheet["hub"]["slug"] for sheet in world.sheets(HUBS)]).order_by("pk"):
        members = crowd.groups[hub.slug].members
        Admission.objects.bulk_create(
            Admission(hub=hub, person=member.user, starts_on=member.since, ends_on=member.until) for member in members
        )
        sync(hub=hub, person_ids=[member.user.pk for member in members])
