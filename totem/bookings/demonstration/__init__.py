"""A year of bookings in the hubs of the demonstration, around its today (`demo/bookings/rhythm.toml`)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from totem.accounts.demonstration import Crowd, saved_crowd
from totem.bookings.actions import paying
from totem.bookings.costs import Payer, tariff_of
from totem.bookings.demonstration import days, going_on, scenes, writing
from totem.bookings.demonstration.bookables import bookables_of
from totem.bookings.demonstration.diary import Diary
from totem.bookings.invoicing import put_on_drafts, to_invoice
from totem.bookings.models import Booking, Status
from totem.core.demonstration import InventedWorld, part
from totem.hubs.demonstration import HUBS
from totem.hubs.models import Hub, Membership
from totem.memberships.models import AgreementSeat
from totem.organisations.models import Affiliation

RHYTHM = "bookings/rhythm.toml"
LEFT_TO_INVOICE = 3
SPENDING = 40  # bookings of a hub at most
SOME_DAYS = 6  # enough to know when the hubs open next


def keep_alive(world: InventedWorld) -> None:
    """Bookings around now where a hub that is open lacks them, and arrivals and departures since the last time."""
    for diary in _diaries(replace(world, length=SOME_DAYS)):
        going_on.keep_alive(diary)


@part(RHYTHM, is_there=lambda _world: Booking.objects.exists(), keep_alive=keep_alive)
def load(world: InventedWorld) -> None:
    for diary in _diaries(world):
        scenes.play(diary)
        for day in world.days:
            days.live(diary, day)
        written = writing.write(diary)
        _spend_credits(diary.hub, world.now)
        _put_on_drafts(diary.hub)
        world.say(f"Demonstration: {diary.hub.name}, {len(diary.bookables)} spaces, {written} bookings")


def _spend_credits(hub: Hub, now: datetime) -> None:
    """Bookings of this month and the next ones spend the credits of who works under an agreement."""
    month = now.astimezone(hub.zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    holders = AgreementSeat.objects.filter(agreement__hub=hub).values("person")
    rows = Booking.objects.filter(hub=hub, status=Status.CONFIRMED, price__gt=0, starts_at__gte=month)
    rows = rows.filter(person__in=holders).select_related("hub", "space__hub", "person", "organisation")
    for booking in rows.order_by("starts_at", "pk")[:SPENDING]:
        tariff = tariff_of(booking.space, booking.period, booking.quantity, Payer.of(booking))
        paying.cover(booking, tariff, keeps_price=True, now=now, by=booking.made_by_id)
        if booking.credits_spent:
            booking.save()
            paying.spend(booking, tariff, now=now, by=booking.made_by_id)


def _put_on_drafts(hub: Hub) -> None:
    """What is booked for later is on drafts, as it is once the seller is set up; the last few are left to do."""
    waiting = list(to_invoice(hub).values_list("reference", flat=True))
    put_on_drafts(hub=hub, references=waiting[:-LEFT_TO_INVOICE])


def _diaries(world: InventedWorld) -> Iterator[Diary]:
    """An empty diary for each hub of the sheets that is there and has a team."""
    crowd, rhythm = _crowd(world), world.sheet(RHYTHM)
    affiliations = Affiliation.objects.select_related("organisation").order_by("pk")
    organisations = {affiliation.person_id: affiliation.organisation for affiliation in affiliations}
    hubs = {hub.slug: hub for hub in Hub.objects.select_related("commune__department")}
    for sheet in world.sheets(HUBS):
        hub = hubs.get(sheet["hub"]["slug"])
        if hub is not None and crowd.groups[hub.slug].team:
            yield Diary(
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


def _crowd(world: InventedWorld) -> Crowd:
    """Everybody, members from and until when their hub says: an earlier load may have been killed on another day."""
    crowd = saved_crowd(world)
    memberships = {membership.person_id: membership for membership in Membership.objects.all()}
    for group in crowd.groups.values():
        group.members[:] = [member for member in group.members if member.user.pk in memberships]
        for member in group.members:
            membership = memberships[member.user.pk]
            member.since, member.until = membership.starts_on, membership.ends_on
    return crowd
