"""A hub's colour, and the screens where its managers look after it."""

from django.urls import path

from totem.hubs.views import founding, opening, own, partners, people, photos, place, public

app_name = "hubs"
MANAGE = "lieux/<slug:slug>/gestion/"
urlpatterns = [
    path("lieux/<slug:slug>/couleur.css", public.accent, name="accent"),
    path("gestion/nouveau-lieu/", founding.create, name="create"),
    path("installation/demandes/lieux/<int:pk>/", founding.answer, name="founding_request"),
    path(MANAGE, place.overview, name="manage"),
    path(f"{MANAGE}visible/", place.publish, name="publish"),
    path(f"{MANAGE}reglages/", place.settings, name="settings"),
    path(f"{MANAGE}limites/", place.limits, name="limits"),
    path(f"{MANAGE}horaires/", opening.hours, name="hours"),
    path(f"{MANAGE}fermetures/", opening.closures, name="closures"),
    path(f"{MANAGE}fermetures/<int:pk>/retirer/", opening.remove_closure, name="closure_remove"),
    path(f"{MANAGE}zones/", place.zones, name="zones"),
    path(f"{MANAGE}zones/<int:pk>/", place.zone, name="zone"),
    path(f"{MANAGE}zones/<int:pk>/retirer/", place.remove_zone, name="zone_remove"),
    path(f"{MANAGE}partenaires/", partners.partners, name="partners"),
    path(f"{MANAGE}partenaires/<int:pk>/retirer/", partners.remove_partner, name="partner_remove"),
    path(f"{MANAGE}photos/", photos.photos, name="photos"),
    path(f"{MANAGE}photos/<int:pk>/retirer/", photos.remove_photo, name="photo_remove"),
    path(f"{MANAGE}equipe/", people.team, name="team"),
    path(f"{MANAGE}equipe/<int:pk>/", people.role, name="role"),
    path(f"{MANAGE}equipe/<int:pk>/retirer/", people.remove_from_team, name="role_remove"),
    path("lieux/<slug:slug>/rejoindre/", own.ask, name="ask"),
    path("mes-lieux/", own.mine, name="mine"),
    path("mes-lieux/equipe/<int:pk>/quitter/", own.leave_team, name="leave_team"),
    path("mes-lieux/demandes/<int:pk>/retirer/", own.withdraw_request, name="request_withdraw"),
]
