"""One's organisations; the actors of a territory, for its team."""

from django.urls import path

from totem.organisations.views import actors, listed, own
from totem.territories.urls import WORKSPACE

app_name = "organisations"
ACTORS = f"{WORKSPACE}acteurs/"
ACTOR = f"{ACTORS}<int:pk>/"
FIGURES = f"{ACTOR}chiffres/<int:figures_pk>/"
RELATION = f"{ACTOR}relations/<int:relation_pk>/"
urlpatterns = [
    path("organisations/", own.index, name="list"),
    path("organisations/nouvelle/", own.create, name="create"),
    path("organisations/<int:pk>/", own.detail, name="detail"),
    path("organisations/<int:pk>/modifier/", own.edit, name="edit"),
    path("organisations/<int:pk>/personnes/<int:affiliation_pk>/retirer/", own.remove, name="remove"),
    path(ACTORS, actors.index, name="actors"),
    path(f"{ACTORS}ajouter/", actors.add, name="actor_add"),
    path(f"{ACTORS}ajouter-par-liste/", listed.add_list, name="actors_list"),
    path(ACTOR, actors.actor, name="actor"),
    path(f"{ACTOR}chiffres/ajouter/", actors.add_figures, name="figures_add"),
    path(FIGURES, actors.edit_figures, name="figures_edit"),
    path(f"{FIGURES}public/", actors.publish_figures, name="figures_public"),
    path(RELATION, actors.edit_relation, name="relation_edit"),
    path(f"{RELATION}fin/", actors.end_relation, name="relation_end"),
    path(f"{RELATION}public/", actors.publish_relation, name="relation_public"),
]
