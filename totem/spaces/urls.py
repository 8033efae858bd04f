"""The screens where a hub's spaces are looked after."""

from django.urls import path

from totem.spaces.views import outages, prices, spaces

app_name = "spaces"
MANAGE = "lieux/<slug:slug>/gestion/"
SPACE = f"{MANAGE}espaces/<slug:space>/"
urlpatterns = [
    path(f"{MANAGE}espaces/", spaces.index, name="list"),
    path(f"{MANAGE}nouvel-espace/", spaces.create, name="create"),
    path(SPACE, spaces.edit, name="edit"),
    path(f"{SPACE}quantite/", spaces.quantity, name="quantity"),
    path(f"{SPACE}composition/", spaces.parts, name="parts"),
    path(f"{SPACE}horaires/", spaces.hours, name="hours"),
    path(f"{SPACE}photos/", spaces.photos, name="photos"),
    path(f"{SPACE}photos/<int:pk>/retirer/", spaces.remove_photo, name="photo_remove"),
    path(f"{SPACE}service/", spaces.service, name="service"),
    path(f"{SPACE}prix/", prices.prices, name="prices"),
    path(f"{SPACE}prix/gratuit/", prices.free, name="free"),
    path(f"{SPACE}prix/<int:pk>/fin/", prices.end, name="price_end"),
    path(f"{SPACE}prix/<int:pk>/retirer/", prices.remove, name="price_remove"),
    path(f"{MANAGE}pannes/", outages.outages, name="outages"),
    path(f"{MANAGE}pannes/<int:pk>/fin/", outages.end, name="outage_end"),
]
