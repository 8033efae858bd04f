"""Communes, places and their outlines; workspaces, perimeters and documents."""

from django.urls import path

from totem.territories.views import documents, public, staff, team

app_name = "territories"
WORKSPACE = "territoires/espaces/<slug:workspace>/"
PERIMETER = "territoires/perimetres/<slug:perimeter>/"
STAFF = "installation/territoires/<slug:workspace>/"
urlpatterns = [
    path("communes/", public.communes, name="communes"),
    path("territoires/", public.index, name="index"),
    path("territoires/chercher/", public.find, name="find"),
    path("territoires/contours/<slug:level>/<str:code>.geojson", public.contours, name="contours"),
    path("territoires/nouvel-espace/", team.create, name="workspace_create"),
    path(WORKSPACE, team.workspace, name="workspace"),
    path(f"{WORKSPACE}demande/", team.ask, name="approval_ask"),
    path(f"{WORKSPACE}equipe/", team.set_member, name="member_set"),
    path(f"{WORKSPACE}equipe/<int:pk>/retirer/", team.remove_member, name="member_remove"),
    path(f"{WORKSPACE}nouveau-perimetre/", team.create_perimeter, name="perimeter_create"),
    path(f"{WORKSPACE}documents/", documents.documents, name="documents"),
    path(f"{WORKSPACE}documents/<int:pk>/", documents.document, name="document"),
    path(f"{WORKSPACE}documents/<int:pk>/public/", documents.set_public, name="document_public"),
    path(f"{WORKSPACE}documents/<int:pk>/effacer/", documents.erase, name="document_erase"),
    path("territoires/documents/<int:pk>/", documents.document, name="public_document"),
    path("installation/territoires/", staff.listed, name="staff_workspaces"),
    path(STAFF, staff.one, name="staff_workspace"),
    path(f"{STAFF}quota/", staff.set_quota, name="staff_quota"),
    path(PERIMETER, team.perimeter, name="perimeter"),
    path(f"{PERIMETER}nouvelle-version/", team.publish, name="perimeter_publish"),
    path(f"{PERIMETER}public/", team.set_public, name="perimeter_public"),
]
