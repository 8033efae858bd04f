"""The way back on public pages."""

from django.urls import reverse
from django.utils.translation import pgettext_lazy

from totem.core.components import Crumb
from totem.hubs.models import Hub


def home_crumb() -> Crumb:
    """To the hubs."""
    return Crumb(pgettext_lazy("navigation", "Hubs"), reverse("website:home"))


def hub_crumbs(hub: Hub) -> list[Crumb]:
    """To the hubs, then to this one."""
    return [home_crumb(), Crumb(hub.name, reverse("website:hub", kwargs={"slug": hub.slug}))]
