"""Addresses of the core."""

from django.urls import path

from totem.core import views as of_site
from totem.core.design import views
from totem.core.operations import views as operations

app_name = "core"
urlpatterns = [
    path("adresse.css", of_site.site_address, name="site_address"),
    path("installation/etat/", operations.state, name="state"),
    path("installation/etat/sauvegardes/", operations.backups, name="backups"),
    path("installation/demandes/", operations.requests, name="requests"),
    path("installation/taches/", operations.jobs, name="jobs"),
    path("installation/taches/<int:pk>/relancer/", operations.retry_job, name="job_retry"),
    path("installation/courriels/", operations.mails, name="mails"),
    path("installation/courriels/<int:pk>/renvoyer/", operations.send_again, name="mail_send"),
    path("design/", views.design, name="design"),
    path("design/graphiques/<slug:kind>-<int:width>.svg", views.design_chart, name="design_chart"),
    path("design/contours.geojson", views.design_outlines, name="design_outlines"),
]
