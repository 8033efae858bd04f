"""The observatory. `<where>` is a level and a code: `epci/248000531`, `region/32`, `perimetre/littoral@2`."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from totem.observatory.views import activities, compare, data, drawing, maps, pasted, place, stocks
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
ACTIVITIES = f"{ROOT}activites/"
ONE = f"{ACTIVITIES}<slug:slug>/"
STOCKS = f"{ROOT}stocks/"
urlpatterns = [
    path(ROOT, place.home, name="home"),
    path(f"{ROOT}methode/", data.method, name="method"),
    path(f"{ROOT}dessin/", drawing.draw, name="draw"),
    path(ACTIVITIES, activities.listed, name="activities"),
    path(f"{ACTIVITIES}codes/", activities.codes, name="activities_codes"),
    path(f"{ACTIVITIES}nouveau/", activities.create, name="activities_new"),
    path(ONE, activities.one, name="activities_one"),
    path(f"{ONE}<int:number>/", activities.one, name="activities_version"),
    path(f"{ONE}reglages/", activities.settings, name="activities_settings"),
    path(f"{ONE}nouvelle-version/", activities.revise, name="activities_revise"),
    path(f"{ONE}brouillon/", activities.draft, name="activities_draft"),
    path(f"{ONE}brouillon/codes/", activities.add_codes, name="activities_add_codes"),
    path(f"{ONE}brouillon/corrections/", activities.correct, name="activities_correct"),
    path(f"{ONE}brouillon/corrections/<str:siren>/retirer/", activities.uncorrect, name="activities_uncorrect"),
    path(f"{ONE}brouillon/publier/", activities.publish, name="activities_publish"),
    path(f"{ONE}brouillon/supprimer/", activities.drop, name="activities_drop"),
    path(STOCKS, stocks.listed, name="stocks"),
    path(f"{STOCKS}<int:pk>/", stocks.one, name="stock"),
    path(f"{STOCKS}<int:pk>/accepter/", stocks.accept, name="stock_accept"),
    path(f"{STOCKS}<int:pk>/refuser/", stocks.refuse, name="stock_refuse"),
    path(WHERE, place.place, name="place"),
    path(f"{WHERE}carte/", maps.map_page, name="place_map"),
    path(f"{WHERE}carte.svg", maps.map_svg, name="map_svg"),
    path(f"{WHERE}contours.geojson", maps.map_outlines, name="map_outlines"),
    path(f"{WHERE}etablissements.geojson", maps.sites_geojson, name="sites_geojson"),
    path(f"{WHERE}comparer/", compare.compare, name="place_compare"),
    path(f"{WHERE}entreprises/", place.companies, name="place_companies"),
    path(f"{WHERE}liste-de-siren/", pasted.pasted, name="place_pasted"),
    path(f"{WHERE}entreprises.csv", place.companies_file, {"extension": "csv"}, name="companies_csv"),
    path(f"{WHERE}entreprises.xlsx", place.companies_file, {"extension": "xlsx"}, name="companies_xlsx"),
    path(f"{WHERE}acteurs/", place.actors, name="place_actors"),
    path(f"{WHERE}passerelle-naf/", place.bridge, name="place_bridge"),
    path(f"{WHERE}qualite/", place.quality, name="place_quality"),
    path(f"{WHERE}donnees/", data.place_data, name="place_data"),
    path(f"{WHERE}donnees/<str:name>", data.place_data_file, name="place_data_file"),
    path(f"{WHERE}tableaux/<slug:name>.csv", data.table_csv, name="table_csv"),
    path(f"{WHERE}graphiques/<slug:name>.svg", data.table_chart, name="chart_svg"),
    path(f"{WHERE}fiche.pdf", data.place_pdf, name="place_pdf"),
]
