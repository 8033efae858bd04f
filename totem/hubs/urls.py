"""A hub's colour, and the screens where its managers look after it."""

from django.urls import path

from totem.hubs.views import public

app_name = "hubs"
urlpatterns = [
    path("lieux/<slug:slug>/couleur.css", public.accent, name="accent"),
]
