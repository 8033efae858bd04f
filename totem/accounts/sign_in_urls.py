"""allauth's pages under French addresses, with the route names allauth expects; stands under `compte/`."""

from allauth.account import views as allauth
from django.urls import path, re_path

from totem.accounts.views import SignInView, refusing, set_language

urlpatterns = [
    path("connexion/", refusing(SignInView.as_view()), name="account_login"),
    path("connexion/code/", refusing(allauth.request_login_code), name="account_request_login_code"),
    path("connexion/code/confirmer/", refusing(allauth.confirm_login_code), name="account_confirm_login_code"),
    path("deconnexion/", allauth.logout, name="account_logout"),
    path("ferme/", allauth.account_inactive, name="account_inactive"),
    path("inscription/", refusing(allauth.signup), name="account_signup"),
    path("confirmer/", refusing(allauth.reauthenticate), name="account_reauthenticate"),
    path("adresse/", refusing(allauth.email), name="account_email"),
    path("adresse/code/", refusing(allauth.email_verification_sent), name="account_email_verification_sent"),
    path("mot-de-passe/", refusing(allauth.password_change), name="account_change_password"),
    path("mot-de-passe/choisir/", refusing(allauth.password_set), name="account_set_password"),
    path("mot-de-passe/oublie/", refusing(allauth.password_reset), name="account_reset_password"),
    path(
        "mot-de-passe/oublie/code/",
        refusing(allauth.confirm_password_reset_code),
        name="account_confirm_password_reset_code",
    ),
    path(
        "mot-de-passe/oublie/nouveau/",
        refusing(allauth.complete_password_reset),
        name="account_complete_password_reset",
    ),
    # By the link of `totem staff`; the site itself mails codes.
    re_path(
        r"^mot-de-passe/lien/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        refusing(allauth.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path("mot-de-passe/oublie/fait/", allauth.password_reset_from_key_done, name="account_password_reset_completed"),
    path("langue/", set_language, name="set_language"),
]
