"""The public pages."""

from django.urls import path

from totem.website.views import about, calendars, figures, places, search

app_name = "website"
urlpatterns = [
    path("", places.home, name="home"),
    path("trouver/", search.find, name="find"),
    path("a-propos/", about.about, name="about"),
    path("accessibilite/", about.accessibility, name="accessibility"),
    path("mentions-legales/", about.legal, name="legal"),
    path("lieux/<slug:slug>/", places.hub, name="hub"),
    path("lieux/<slug:slug>/semaine/", calendars.hub_week, name="hub_week"),
    path("lieux/<slug:slug>/jour/", calendars.hub_day, name="hub_day"),
    path("lieux/<slug:slug>/libre/", search.free, name="free"),
    path("lieux/<slug:slug>/espaces/<slug:space>/", calendars.space, name="space"),
    path("lieux/<slug:slug>/chiffres/", figures.figures, name="figures"),
    path("lieux/<slug:slug>/chiffres/semaine.svg", figures.week_chart, name="figures_week"),
    path("lieux/<slug:slug>/chiffres/<slug:name>.csv", figures.figures_file, {"extension": "csv"}, name="figures_csv"),
    path(
        "lieux/<slug:slug>/chiffres/<slug:name>.xlsx", figures.figures_file, {"extension": "xlsx"}, name="figures_xlsx"
    ),
    path("lieux/<slug:slug>/chiffres/annee/", figures.year, name="figures_year"),
]
