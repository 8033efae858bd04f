"""Addresses of the core."""

from django.urls import path

from totem.core import samples
from totem.core.design import design

app_name = "core"
urlpatterns = [
    path("design/", design, name="design"),
    path("design/graphiques/<slug:kind>-<int:width>.svg", samples.design_chart, name="design_chart"),
    path("design/contours.geojson", samples.design_outlines, name="design_outlines"),
]
