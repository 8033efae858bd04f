"""Agreements, dues, plans and the monthly run of a hub; one's own."""

from django.urls import path

from totem.memberships.views import agreements

app_name = "memberships"
HERE = "lieux/<slug:slug>/"
urlpatterns = [
    path(f"{HERE}contrats/", agreements.agreements, name="agreements"),
]
