"""Addresses of the core."""

from django.urls import path

from totem.core.design import design

app_name = "core"
urlpatterns = [path("design/", design, name="design")]
