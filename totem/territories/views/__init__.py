"""Pages of places, of a territory's team and of its documents."""

from django.urls import reverse
from django.utils.translation import gettext as _

from totem.core.components import Crumb


def trail(*steps: tuple[str, str]) -> list[Crumb]:
    """The way back, from the territories down; without the page itself."""
    return [Crumb(_("Territories"), reverse("territories:index")), *(Crumb(*step) for step in steps)]
