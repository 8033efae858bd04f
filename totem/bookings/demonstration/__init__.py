"""A year of bookings in the hubs of the demonstration, around its today (`demo/bookings/rhythm.toml`)."""

from totem.accounts.demonstration import Crowd, saved_crowd
from totem.bookings.demonstration import days, scenes, writing
from totem.bookings.demonstration.bookables import bookables_of
from totem.bookings.demonstration.diary import Diary
from totem.bookings.models import Booking
from totem.core.demonstration import InventedWorld, part
from totem.hubs.demonstration import HUBS
from totem.hubs.models import Hub, Membership
from totem.organisations.models import Affiliation

RHYTHM = "bookings/rhythm.toml"


@part(RHYTHM, is_there=lambda _world: Booking.objects.exists())
def load(world: InventedWorld) -> None:
    crowd, rhythm = _crowd(world), world.sheet(RHYTHM)
    affiliations = Affiliation.objects.select_related("organisation").order_by("pk")
    organisations = {affiliation.person_id: affiliation.organisation for affiliation in affiliations}
    for sheet in world.sheets(HUBS):
        hub = Hub.objects.select_related("commune__department").get(slug=sheet["hub"]["slug"])
        diary = Diary(
            hub=hub,
            sheet=sheet,
            bookables=bookables_of(hub, sheet),
            group=crowd.groups[hub.slug],
            visitors=crowd.members_of_others(hub.slug),
            organisations=organisations,
            rhythm=rhythm,
            world=world,
            rng=crowd.rng,
        )
        scenes.play(diary)
        for day in world.days:
            days.live(diary, day)
        written = writing.write(diary)
        world.say(f"Demonstration: {hub.name}, {len(diary.bookables)} spaces, {written} bookings")


def _crowd(world: InventedWorld) -> Crowd:
    """Everybody, members from and until when their hub says: an earlier load may have been killed on another day."""
    crowd = saved_crowd(world)
    memberships = {membership.person_id: membership for membership in Membership.objects.all()}
    for group in crowd.groups.values():
        for member in group.members:
            membership = memberships[member.user.pk]
            member.since, member.until = membership.starts_on, membership.ends_on
    return crowd
