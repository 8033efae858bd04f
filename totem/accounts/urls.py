"""The account's own pages."""

from django.urls import path

from totem.accounts import lifting, staff, views

app_name = "accounts"
urlpatterns = [
    path("compte/", views.landing, name="landing"),
    path("compte/profil/", views.profile, name="profile"),
    path("compte/profil/donnees.json", views.export, name="export"),
    path("compte/profil/effacer/", views.erase, name="erase"),
    path("installation/comptes/", staff.listed, name="staff"),
    path("installation/comptes/<int:pk>/equipe/", staff.set_staff, name="staff_set"),
    path("installation/comptes/limites/", lifting.amounts, name="limits"),
    path("installation/comptes/limites/lever/", lifting.lift, name="lift"),
    path("installation/comptes/limites/fin/", lifting.end_lift, name="end_lift"),
    path("demo/essayer/<slug:role>/", views.demo_login, name="demo_login"),
    path("demo/courriels/", views.outbox, name="outbox"),
]
