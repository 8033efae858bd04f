"""Charters, and the boards of the territories that want a label."""

from django.urls import URLPattern, path

from totem.labels.assemblies.views import own as own_assemblies
from totem.labels.assemblies.views import team as of_assemblies
from totem.labels.boards.views import public as of_everybody
from totem.labels.boards.views import team as of_boards
from totem.labels.charters import views as of_charters
from totem.labels.coalitions import views as coalition_views
from totem.labels.evidence.views import figures as of_figures
from totem.labels.evidence.views import observations as of_observations
from totem.labels.governance.views import editing, pages, seats_list
from totem.labels.plans import views as of_plans
from totem.territories.urls import WORKSPACE

app_name = "labels"
BOARD = f"{WORKSPACE}labels/<slug:board>/"
FIGURE = f"{BOARD}chiffres/<str:name>/"
OBSERVATION = f"{BOARD}observations/<int:pk>/"
GOVERNANCE = f"{BOARD}gouvernance/"
BODY = f"{GOVERNANCE}instances/<int:body>/"
APPOINTMENT = f"{GOVERNANCE}nominations/<int:pk>/"
FUNDING = f"{GOVERNANCE}financements/<int:pk>/"
ASSEMBLIES = "lieux/<slug:slug>/assemblees/"
ASSEMBLY = f"{ASSEMBLIES}<int:pk>/"
MINE = "mes-assemblees/"

# Charters: charters/views.py; boards that are shown to everybody: boards/views/public.py
public: list[URLPattern] = [
    path("labels/", of_everybody.index, name="index"),
    path("labels/charte.schema.json", of_charters.charter_schema, name="schema"),
    path("labels/format/", of_charters.charter_format, name="format"),  # no board: their slugs have a hyphen
    path("labels/chartes/<slug:charter>/", of_charters.charter, name="charter"),
    path("labels/chartes/<slug:charter>/<str:version>.toml", of_charters.charter_file, name="charter_file"),
    path("labels/chartes/<slug:charter>/<str:version>.json", of_charters.charter_json, name="charter_json"),
    path("labels/chartes/<slug:charter>/<str:version>/", of_charters.charter_version, name="charter_version"),
    path("labels/plans/<slug:board>/<str:key>/", of_plans.shared_plan, name="shared_plan"),
    path("labels/plans/<slug:board>/<str:key>/calendrier.ics", of_plans.shared_calendar, name="shared_calendar"),
    path("labels/<slug:board>/", of_everybody.public_board, name="public_board"),
    path("labels/<slug:board>/criteres/<slug:criterion>/", of_everybody.public_criterion, name="public_criterion"),
]
# Boards, criteria, judgements, evaluations: boards/views/team.py
boards: list[URLPattern] = [
    path(f"{WORKSPACE}labels/", of_boards.boards, name="boards"),
    path(f"{WORKSPACE}labels/nouveau/", of_boards.create, name="board_create"),
    path(BOARD, of_boards.board, name="board"),
    path(f"{BOARD}public/", of_boards.set_public, name="board_public"),
    path(f"{BOARD}actualiser/", of_boards.refresh, name="refresh"),
    path(f"{BOARD}criteres/<slug:criterion>/", of_boards.criterion, name="criterion"),
    path(f"{BOARD}exigences/<slug:requirement>/jugement/", of_boards.judge, name="judge"),
    path(f"{BOARD}evaluations/", of_boards.evaluations, name="evaluations"),
    path(f"{BOARD}evaluations/geler/", of_boards.freeze, name="freeze"),
    path(f"{BOARD}evaluations/<int:pk>/", of_boards.evaluation, name="evaluation"),
    path(f"{BOARD}evaluations/<int:pk>.json", of_boards.evaluation_json, name="evaluation_json"),
]
# Who does what is missing, until when
plans: list[URLPattern] = [
    path(f"{BOARD}plan/", of_plans.plan, name="plan"),
    path(f"{BOARD}plan/calendrier.ics", of_plans.calendar, name="plan_calendar"),
    path(f"{BOARD}plan/lien/", of_plans.share, name="plan_share"),
    path(f"{BOARD}plan/<slug:requirement>/", of_plans.assign, name="assign"),
    path(f"{BOARD}plan/<slug:requirement>/retirer/", of_plans.unassign, name="unassign"),
    path(f"{BOARD}contact/", of_plans.describe, name="describe"),
]
# Figures and observations: evidence/views/
evidence: list[URLPattern] = [
    path(f"{BOARD}chiffres/", of_figures.figures, name="figures"),
    path(f"{BOARD}chiffres/repertoire/edition/", of_figures.register, name="register"),
    path(FIGURE, of_figures.figure, name="figure"),
    path(f"{FIGURE}declarer/", of_observations.declare, name="declare"),
    path(f"{FIGURE}retenir/", of_figures.retain, name="retain"),
    path(OBSERVATION, of_observations.observation, name="observation"),
    path(f"{OBSERVATION}corriger/", of_observations.observation_edit, name="observation_edit"),
    path(f"{OBSERVATION}public/", of_observations.observation_public, name="observation_public"),
    path(f"{OBSERVATION}retirer/", of_observations.observation_withdraw, name="observation_withdraw"),
]
# Bodies, offices, money: governance/views.py
governance: list[URLPattern] = [
    path(GOVERNANCE, pages.governance, name="governance"),
    path(f"{GOVERNANCE}instances/nouvelle/", editing.body_form, name="body_create"),
    path(f"{GOVERNANCE}instances/<int:pk>/", pages.body, name="body"),
    path(f"{GOVERNANCE}instances/<int:pk>/modifier/", editing.body_form, name="body_edit"),
    path(f"{GOVERNANCE}instances/<int:pk>/public/", editing.body_public, name="body_public"),
    path(f"{BODY}sieges/nouveau/", editing.seat_form, name="seat_create"),
    path(f"{BODY}sieges/par-liste/", seats_list.seats_list, name="seats_list"),
    path(f"{BODY}sieges/<int:pk>/modifier/", editing.seat_form, name="seat_edit"),
    path(f"{BODY}sieges/<int:pk>/retirer/", editing.seat_remove, name="seat_remove"),
    path(f"{BODY}reunions/nouvelle/", editing.meeting_form, name="meeting_create"),
    path(f"{BODY}reunions/<int:pk>/modifier/", editing.meeting_form, name="meeting_edit"),
    path(f"{BODY}reunions/<int:pk>/retirer/", editing.meeting_remove, name="meeting_remove"),
    path(f"{GOVERNANCE}nominations/nouvelle/", editing.appointment_form, name="appointment_create"),
    path(f"{APPOINTMENT}modifier/", editing.appointment_form, name="appointment_edit"),
    path(f"{APPOINTMENT}fin/", editing.appointment_end, name="appointment_end"),
    path(f"{APPOINTMENT}public/", editing.appointment_public, name="appointment_public"),
    path(f"{GOVERNANCE}financements/nouveau/", editing.funding_form, name="funding_create"),
    path(f"{FUNDING}modifier/", editing.funding_form, name="funding_edit"),
    path(f"{FUNDING}public/", editing.funding_public, name="funding_public"),
    path(f"{FUNDING}retirer/", editing.funding_remove, name="funding_remove"),
]
# The matrix and the search for partners: coalitions/views.py
coalitions: list[URLPattern] = [
    path(f"{BOARD}ensemble/", coalition_views.together, name="together"),
    path(f"{BOARD}ensemble/chercher/", coalition_views.search, name="search"),
    path(f"{BOARD}ensemble/recherches/<int:pk>/", coalition_views.search_result, name="search_result"),
]
# General assemblies of a hub's association, and one's own convocations: assemblies/views/
assemblies: list[URLPattern] = [
    path(ASSEMBLIES, of_assemblies.assemblies, name="assemblies"),
    path(f"{ASSEMBLIES}nouvelle/", of_assemblies.assembly_form, name="assembly_create"),
    path(ASSEMBLY, of_assemblies.assembly, name="assembly"),
    path(f"{ASSEMBLY}modifier/", of_assemblies.assembly_form, name="assembly_edit"),
    path(f"{ASSEMBLY}etape/<slug:step>/", of_assemblies.assembly_step, name="assembly_step"),
    path(f"{ASSEMBLY}documents/<int:document>/", of_assemblies.assembly_document, name="assembly_document"),
    path(f"{ASSEMBLY}documents/<int:document>/retirer/", of_assemblies.assembly_detach, name="assembly_detach"),
    path(f"{ASSEMBLY}emargement/", of_assemblies.attendance, name="attendance"),
    path(f"{ASSEMBLY}emargement.pdf", of_assemblies.sheet, name="attendance_sheet"),
    path(f"{ASSEMBLY}pouvoirs/", of_assemblies.proxy_add, name="proxy_add"),
    path(f"{ASSEMBLY}pouvoirs/<int:proxy>/reprendre/", of_assemblies.proxy_end, name="proxy_end"),
    path(f"{ASSEMBLY}decisions/", of_assemblies.decision_form, name="decision_create"),
    path(f"{ASSEMBLY}decisions/<int:decision>/", of_assemblies.decision_form, name="decision_edit"),
    path(f"{ASSEMBLY}decisions/<int:decision>/retirer/", of_assemblies.decision_remove, name="decision_remove"),
    path(f"{ASSEMBLY}proces-verbal/", of_assemblies.minutes_send, name="minutes_send"),
    path(f"{ASSEMBLY}proces-verbal.pdf", of_assemblies.minutes_file, name="minutes_file"),
    path(MINE, own_assemblies.my_assemblies, name="my_assemblies"),
    path(f"{MINE}<int:pk>/", own_assemblies.my_assembly, name="my_assembly"),
    path(f"{MINE}<int:pk>/reprendre/", own_assemblies.my_proxy_end, name="my_proxy_end"),
    path(f"{MINE}<int:pk>/documents/<int:document>/", own_assemblies.my_assembly_document, name="my_assembly_document"),
    path(f"{MINE}<int:pk>/proces-verbal.pdf", own_assemblies.my_assembly_minutes, name="my_assembly_minutes"),
]

urlpatterns = [*public, *boards, *plans, *evidence, *governance, *coalitions, *assemblies]
