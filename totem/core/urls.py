"""Addresses of the core."""

from django.urls import path

from totem.core import views as of_site
from totem.core.design import views
from totem.core.operations import views as operations
from totem.core.signatures import views as signing

app_name = "core"
LINK = "signer/<int:pk>/<str:key>/"
urlpatterns = [
    path("adresse.css", of_site.site_address, name="site_address"),
    path("installation/etat/", operations.state, name="state"),
    path("installation/etat/sauvegardes/", operations.backups, name="backups"),
    path("installation/demandes/", operations.requests, name="requests"),
    path("installation/taches/", operations.jobs, name="jobs"),
    path("installation/taches/<int:pk>/relancer/", operations.retry_job, name="job_retry"),
    path("installation/courriels/", operations.mails, name="mails"),
    path("installation/courriels/<int:pk>/renvoyer/", operations.send_again, name="mail_send"),
    path(LINK, signing.sign, name="sign"),
    path(f"{LINK}code/", signing.sign_code, name="sign_code"),
    path(f"{LINK}refuser/", signing.sign_decline, name="sign_decline"),
    path(f"{LINK}document.pdf", signing.sign_file, name="sign_file"),
    path(f"{LINK}attestation.pdf", signing.sign_certificate, name="sign_certificate"),
    path("signatures/", signing.signing_check, name="signing_check"),
    path("signatures/<slug:reference>/", signing.signing_shown, name="signing_shown"),
    path("signatures/<slug:reference>/document.pdf", signing.signing_file, name="signing_file"),
    path("signatures/<slug:reference>/attestation.pdf", signing.signing_certificate, name="signing_certificate"),
    path("signatures/<slug:reference>/rappeler/<int:pk>/", signing.signing_remind, name="signing_remind"),
    path("signatures/<slug:reference>/retirer/", signing.signing_withdraw, name="signing_withdraw"),
    path("design/", views.design, name="design"),
    path("design/graphiques/<slug:kind>-<int:width>.svg", views.design_chart, name="design_chart"),
    path("design/contours.geojson", views.design_outlines, name="design_outlines"),
]
