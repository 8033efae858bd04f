"""Hubs inside an area: by their commune, and by their position where the edge of a shape cuts it."""

from types import SimpleNamespace

import pytest
import shapely

from tests.factories.hubs import HubFactory
from tests.territories.grid import draw
from totem.hubs.subjects import hubs_inside
from totem.territories.models import Commune, CutRule
from totem.territories.places import Place, place_drawn

pytestmark = pytest.mark.django_db


def test_hubs_are_found_by_the_rule_of_the_area(tmp_path):
    draw(tmp_path)
    inside, outside = (
        HubFactory(commune=Commune.objects.get(pk="80021"), longitude=2.05, latitude=latitude, slug=slug)
        for slug, latitude in (("dans", "49.12"), ("hors", "49.19"))
    )
    shape = shapely.box(2.0, 49.0, 2.1, 49.16)  # 80001 whole, 80021 six tenths

    def found(place: Place) -> set[str]:
        return {hub.slug for hub in hubs_inside([SimpleNamespace(key="x", place=place)])["x"]}

    assert found(place_drawn(shape)) == {inside.slug}
    assert found(place_drawn(shape, cut=CutRule.MAJORITY)) == {inside.slug, outside.slug}
    assert found(place_drawn(shape, cut=CutRule.NONE)) == set()
    assert found(Place("perimetre", "vide", "Vide", (), None, None, None, (), ())) == set()
