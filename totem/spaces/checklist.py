"""What the spaces of a hub still need before it opens to the public."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from totem.core import clock
from totem.hubs.checklist import MissingItem, add_check
from totem.hubs.models import Hub
from totem.spaces.models import Price, Space


def _spaces(hub: Hub) -> Iterator[MissingItem]:
    spaces = Space.objects.filter(hub=hub, is_active=True)
    if not spaces.exists():
        words = _("Add a space: a room, desks, a machine that can be booked.")
        yield MissingItem(words, reverse("spaces:create", args=[hub.slug]))
    priced = Price.objects.on(clock.today(hub.zone)).values("space")
    for space in spaces.filter(free_of_charge=False).exclude(pk__in=priced).order_by("position", "name"):
        words = _("Say what “%(name)s” costs, or that it is free of charge: until then the public cannot book it.")
        url = reverse("spaces:prices", args=[hub.slug, space.slug])
        yield MissingItem(words % {"name": space.name}, url)


add_check(20, _spaces)
