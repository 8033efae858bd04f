"""Agreements, dues, plans and the monthly run of a hub; one's own."""

from django.urls import path

from totem.memberships.views import (
    agreement_changes,
    agreements,
    dues,
    dues_kinds,
    joining,
    members,
    monthly_run,
    own,
    passes,
)

app_name = "memberships"
HERE = "lieux/<slug:slug>/"
AGREEMENTS = "lieux/<slug:slug>/contrats/"
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
    path(AGREEMENTS, agreements.agreements, name="agreements"),
    path(f"{AGREEMENTS}liste.csv", agreements.export, {"extension": "csv"}, name="agreements_csv"),
    path(f"{AGREEMENTS}liste.xlsx", agreements.export, {"extension": "xlsx"}, name="agreements_xlsx"),
    path(f"{AGREEMENTS}nouveau/", agreements.add, name="agreement_add"),
    path(f"{AGREEMENTS}attente/", agreements.waiting, name="waiting"),
    path(f"{AGREEMENTS}attente/<int:pk>/retirer/", agreements.stop_waiting, name="waiting_end"),
    path(f"{AGREEMENTS}<int:pk>/", agreements.agreement, name="agreement"),
    path(f"{AGREEMENTS}<int:pk>/contrat/", agreements.contract, name="agreement_contract"),
    path(f"{AGREEMENTS}<int:pk>/accepter/", agreements.answer, name="agreement_answer"),
    path(f"{AGREEMENTS}<int:pk>/refuser/", agreement_changes.refuse, name="agreement_refuse"),
    path(f"{AGREEMENTS}<int:pk>/envoyer/", agreements.send, name="agreement_send"),
    path(f"{AGREEMENTS}<int:pk>/papier/", agreement_changes.paper, name="agreement_paper"),
    path(f"{AGREEMENTS}<int:pk>/retirer/", agreements.withdraw, name="agreement_withdraw"),
    path(f"{AGREEMENTS}<int:pk>/offre/", agreement_changes.terms, name="agreement_terms"),
    path(f"{AGREEMENTS}<int:pk>/offre/annuler/", agreement_changes.terms_back, name="agreement_terms_back"),
    path(f"{AGREEMENTS}<int:pk>/prix/", agreement_changes.price, name="agreement_price"),
    path(f"{AGREEMENTS}<int:pk>/pause/", agreement_changes.pause, name="agreement_pause"),
    path(f"{AGREEMENTS}pauses/<int:pk>/fin/", agreement_changes.pause_end, name="pause_end"),
    path(f"{AGREEMENTS}<int:pk>/personnes/", agreement_changes.seat, name="agreement_seat"),
    path(f"{AGREEMENTS}personnes/<int:pk>/fin/", agreement_changes.seat_end, name="seat_end"),
    path(f"{AGREEMENTS}<int:pk>/preavis/", agreement_changes.notice, name="agreement_notice"),
    path(f"{AGREEMENTS}<int:pk>/suspendre/", agreement_changes.suspend, name="agreement_suspend"),
    path(f"{AGREEMENTS}suspensions/<int:pk>/lever/", agreement_changes.lift, name="suspension_lift"),
    path(f"{AGREEMENTS}<int:pk>/depot/", agreement_changes.deposit, name="agreement_deposit"),
    path(f"{AGREEMENTS}<int:pk>/depot/garder/", agreement_changes.deposit_keep, name="agreement_deposit_keep"),
    path(f"{AGREEMENTS}depots/<int:pk>/recu/", agreement_changes.deposit_receipt, name="deposit_receipt"),
]
