"""One's organisations."""

from django.urls import path

from totem.organisations import views

app_name = "organisations"
urlpatterns = [
    path("organisations/", views.index, name="list"),
    path("organisations/nouvelle/", views.create, name="create"),
    path("organisations/<int:pk>/", views.detail, name="detail"),
    path("organisations/<int:pk>/modifier/", views.edit, name="edit"),
    path("organisations/<int:pk>/personnes/<int:affiliation_pk>/retirer/", views.remove, name="remove"),
    path("organisations/<int:pk>/invitations/<int:invitation_pk>/retirer/", views.withdraw, name="withdraw"),
    path("organisations/invitations/<int:invitation_pk>/accepter/", views.accept, name="accept"),
    path("organisations/invitations/<int:invitation_pk>/refuser/", views.decline, name="decline"),
]
