"""Addresses of the core."""

from django.urls import path

from totem.core.design import views
from totem.core.operations import views as operations

app_name = "core"
urlpatterns = [
    path("installation/demandes/", operations.requests, name="requests"),
    path("design/", views.design, name="design"),
    path("design/graphiques/<slug:kind>-<int:width>.svg", views.design_chart, name="design_chart"),
    path("design/contours.geojson", views.design_outlines, name="design_outlines"),
]
