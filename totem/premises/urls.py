"""The buildings of a territory, for its team; public ones for everybody."""

from django.urls import path

from totem.premises import views
from totem.territories.urls import WORKSPACE

app_name = "premises"
BUILDINGS = f"{WORKSPACE}batiments/"
BUILDING = f"{BUILDINGS}<int:building>/"
urlpatterns = [
    path("batiments/<int:building>/", views.public, name="public"),
    path(BUILDINGS, views.buildings, name="buildings"),
    path(f"{BUILDINGS}nouveau/", views.create, name="building_create"),
    path(BUILDING, views.building, name="building"),
    path(f"{BUILDING}modifier/", views.edit, name="building_edit"),
    path(f"{BUILDING}public/", views.set_public, name="building_public"),
    path(f"{BUILDING}nouvelle-phase/", views.add_phase, name="phase_add"),
    path(f"{BUILDING}phases/<int:pk>/annonce/", views.revise_phase, name="phase_revise"),
    path(f"{BUILDING}nouveau-lot/", views.add_lot, name="lot_add"),
    path(f"{BUILDING}lots/<int:pk>/", views.edit_lot, name="lot_edit"),
    path(f"{BUILDING}lots/<int:pk>/retirer/", views.remove_lot, name="lot_remove"),
    path(f"{BUILDING}nouvelle-offre/", views.add_offer, name="offer_add"),
    path(f"{BUILDING}offres/<int:pk>/fin/", views.end_offer, name="offer_end"),
]
