"""Agreements, dues, plans and the monthly run of a hub; one's own."""

from django.urls import path

from totem.memberships.views import agreements, members, own

app_name = "memberships"
HERE = "lieux/<slug:slug>/"
MEMBERS = "lieux/<slug:slug>/gestion/membres/"
urlpatterns = [
    path(f"{MEMBERS}ajouter/", members.add_member, name="member_add"),
    path(f"{MEMBERS}<int:pk>/fin/", members.end_membership, name="member_end"),
    path(f"{MEMBERS}ajouter/demandes/<int:pk>/", members.answer_request, name="request"),
    path(f"{MEMBERS}ajouter/demandes/<int:pk>/refuser/", members.decline_request, name="request_decline"),
    path("mes-lieux/<int:pk>/quitter/", own.leave, name="leave"),
    path(f"{HERE}contrats/", agreements.agreements, name="agreements"),
]
