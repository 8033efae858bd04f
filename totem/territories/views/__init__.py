"""Pages of places, of a territory's team and of its documents."""

from django.urls import reverse
from django.utils.translation import gettext as _

from totem.core.components import Crumb


def home_crumb() -> Crumb:
    """To the territories, from what everybody sees of them."""
    return Crumb(_("Territories"), reverse("territories:index"))
