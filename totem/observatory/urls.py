"""The observatory. `<where>` is a level and a code: `epci/248000531`, `region/32`, `perimetre/littoral@2`."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from totem.observatory.views import compare, drawing, maps, place
from totem.territories.places import LEVELS


class LevelConverter(StringConverter):
    """A level of territories, as `territories.places` names them."""

    regex = "|".join(LEVELS)


class CodeConverter(StringConverter):
    """A code, or a perimeter's name with its version."""

    regex = r"[0-9A-Za-z_-]{1,60}(?:@[0-9]{1,4})?"


register_converter(LevelConverter, "place_level")
register_converter(CodeConverter, "place_code")

app_name = "observatory"
ROOT = "observatoire/"
WHERE = f"{ROOT}<place_level:level>/<place_code:code>/"
urlpatterns = [
    path(ROOT, place.home, name="home"),
    path(f"{ROOT}dessin/", drawing.draw, name="draw"),
    path(WHERE, place.place, name="place"),
    path(f"{WHERE}carte/", maps.map_page, name="place_map"),
    path(f"{WHERE}carte.svg", maps.map_svg, name="map_svg"),
    path(f"{WHERE}contours.geojson", maps.map_outlines, name="map_outlines"),
    path(f"{WHERE}etablissements.geojson", maps.sites_geojson, name="sites_geojson"),
    path(f"{WHERE}comparer/", compare.compare, name="place_compare"),
    path(f"{WHERE}entreprises/", place.companies, name="place_companies"),
    path(f"{WHERE}acteurs/", place.actors, name="place_actors"),
    path(f"{WHERE}passerelle-naf/", place.bridge, name="place_bridge"),
    path(f"{WHERE}qualite/", place.quality, name="place_quality"),
]
