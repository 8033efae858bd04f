"""The breadcrumbs of public pages."""

from django.urls import reverse
from django.utils.translation import pgettext_lazy

from totem.core.components import Crumb
from totem.hubs.models import Hub


def home_crumb() -> Crumb:
    """The link to the list of hubs."""
    return Crumb(pgettext_lazy("navigation", "Hubs"), reverse("website:home"))


def hub_crumbs(hub: Hub) -> list[Crumb]:
    """The links to the list of hubs and to this hub."""
    return [home_crumb(), Crumb(hub.name, reverse("website:hub", kwargs={"slug": hub.slug}))]
