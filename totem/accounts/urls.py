"""The account's own pages."""

from django.urls import path

from totem.accounts import answering, lifting, staff, views

app_name = "accounts"
urlpatterns = [
    path("compte/", views.landing, name="landing"),
    path("compte/profil/", views.profile, name="profile"),
    path("compte/profil/code/", views.renew_desk_code, name="renew_desk_code"),
    path("compte/profil/donnees.json", views.export, name="export"),
    path("compte/profil/effacer/", views.erase, name="erase"),
    path("compte/invitations/", answering.invitations_page, name="invitations"),
    path("compte/invitations/<int:pk>/accepter/", answering.accept, name="invitation_accept"),
    path("compte/invitations/<int:pk>/refuser/", answering.decline, name="invitation_decline"),
    path("compte/invitations/<int:pk>/renvoyer/", answering.send_again, name="invitation_send_again"),
    path("compte/invitations/<int:pk>/retirer/", answering.withdraw, name="invitation_withdraw"),
    path("installation/premier-compte/<slug:code>/", staff.claim, name="claim"),
    path("installation/comptes/", staff.listed, name="staff"),
    path("installation/comptes/<int:pk>/equipe/", staff.set_staff, name="staff_set"),
    path("installation/comptes/limites/", lifting.amounts, name="limits"),
    path("installation/comptes/limites/lever/", lifting.lift, name="lift"),
    path("installation/comptes/limites/fin/", lifting.end_lift, name="end_lift"),
    path("demo/essayer/<slug:role>/", views.demo_login, name="demo_login"),
    path("demo/courriels/", views.outbox, name="outbox"),
]
