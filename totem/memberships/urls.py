"""Agreements, dues, plans and the monthly run of a hub; one's own."""

from django.urls import path

from totem.memberships.views import agreements, dues, dues_kinds, joining, members, monthly_run, own, passes

app_name = "memberships"
HERE = "lieux/<slug:slug>/"
MEMBERS = "lieux/<slug:slug>/gestion/membres/"
KINDS = "lieux/<slug:slug>/gestion/cotisations/"
urlpatterns = [
    path(f"{MEMBERS}ajouter/", members.add_member, name="member_add"),
    path(f"{MEMBERS}<int:pk>/fin/", members.end_membership, name="member_end"),
    path(f"{MEMBERS}ajouter/demandes/<int:pk>/", members.answer_request, name="request"),
    path(f"{MEMBERS}ajouter/demandes/<int:pk>/refuser/", members.decline_request, name="request_decline"),
    path("mes-lieux/<int:pk>/quitter/", own.leave, name="leave"),
    path(f"{HERE}cotisations/", dues.dues, name="dues"),
    path(f"{HERE}cotisations/liste.csv", dues.dues_csv, name="dues_csv"),
    path(f"{HERE}cotisations/ajouter/", dues.dues_add, name="dues_add"),
    path(f"{HERE}cotisations/<int:pk>/", dues.dues_term, name="dues_term"),
    path(f"{HERE}cotisations/<int:pk>/reponse/", dues.dues_answer, name="dues_answer"),
    path(f"{HERE}cotisations/<int:pk>/annuler/", dues.dues_cancel, name="dues_cancel"),
    path(KINDS, dues_kinds.dues_settings, name="dues_settings"),
    path(f"{KINDS}ajouter/", dues_kinds.dues_kind_add, name="dues_kind_add"),
    path(f"{KINDS}<int:pk>/", dues_kinds.dues_kind, name="dues_kind"),
    path(f"{KINDS}<int:pk>/modifier/", dues_kinds.dues_kind_edit, name="dues_kind_edit"),
    path(f"{KINDS}<int:pk>/questions/", dues_kinds.dues_questions, name="dues_questions"),
    path(f"{KINDS}questions/<int:pk>/retirer/", dues_kinds.dues_question_end, name="dues_question_end"),
    path(f"{HERE}adherer/", joining.join, name="join"),
    path(f"{HERE}adherer/<int:pk>/", joining.join_kind, name="join_kind"),
    path("mes-adhesions/", joining.my_dues, name="my_dues"),
    path("mes-adhesions/<int:pk>/virement/", joining.my_dues_announce, name="my_dues_announce"),
    path(f"{HERE}forfaits/vendre/", passes.sell, name="sell_pass"),
    path(f"{HERE}contrats/", agreements.agreements, name="agreements"),
    path(f"{HERE}facturation/premier-du-mois/", monthly_run.monthly_run, name="monthly_run"),
    path(
        f"{HERE}facturation/premier-du-mois.csv",
        monthly_run.monthly_run_file,
        {"extension": "csv"},
        name="monthly_run_csv",
    ),
    path(
        f"{HERE}facturation/premier-du-mois.xlsx",
        monthly_run.monthly_run_file,
        {"extension": "xlsx"},
        name="monthly_run_xlsx",
    ),
]
