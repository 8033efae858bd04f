"""What figures are about in this room: a place, whatever it is made of."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from totem.core import subjects
from totem.core.subjects import Area, AreaKind, SubjectKind
from totem.territories.places import Place

PLACE = "territories.place"


def places_inside(areas: Sequence[Area]) -> dict[str, list[Place]]:
    """The place that each area is; one without any commune is of unknown extent and left out."""
    return {area.key: [area.place] for area in areas if area.place.communes}


subjects.register(
    SubjectKind(PLACE, _("a territory"), _("territories"), places_inside, frozenset({AreaKind.TERRITORY}))
)
