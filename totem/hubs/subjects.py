"""What figures are about in this room: a hub."""

from collections.abc import Sequence

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from totem.core import subjects
from totem.core.subjects import Area, AreaKind, SubjectKind
from totem.hubs.models import Hub

HUB = "hubs.hub"


def hubs_inside(areas: Sequence[Area]) -> dict[str, list[Hub]]:
    """The published hubs of each area, by its key, in one query; of a hub, itself."""
    own = {area.key: pk for area in areas if (pk := _own(area)) is not None}
    hubs = list(Hub.objects.filter(Q(is_published=True) | Q(pk__in=own.values())))
    of_commune: dict[str, list[Hub]] = {}
    for hub in hubs:
        of_commune.setdefault(hub.commune_id, []).append(hub)
    return {
        area.key: [hub for hub in hubs if hub.pk == own[area.key]]
        if area.key in own
        else _published_in(area, hubs, of_commune)
        for area in areas
    }


def _own(area: Area) -> int | None:
    kind, _colon, pk = area.key.partition(":")
    return int(pk) if kind == AreaKind.HUB else None


def _published_in(area: Area, hubs: list[Hub], of_commune: dict[str, list[Hub]]) -> list[Hub]:
    place = area.place
    if place.polygon is None:
        inside = [hub for code in place.communes for hub in of_commune.get(code, ())]
    else:
        inside = [hub for hub in hubs if place.holds(hub.commune_id, float(hub.longitude), float(hub.latitude))]
    return [hub for hub in inside if hub.is_published]


subjects.register(SubjectKind(HUB, _("a hub"), _("hubs"), hubs_inside))
