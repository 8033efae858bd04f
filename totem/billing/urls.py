"""What a hub sells: customers, drafts, issued documents, payments, the drawer, months, and who sells."""

from django.urls import path

from totem.billing.views import collecting, customers, documents, drafts, own, payments, sellers, vat_due

app_name = "billing"
HERE = "lieux/<slug:slug>/facturation/"
urlpatterns = [
    path("mes-factures/", own.documents, name="mine"),
    path("mes-factures/<int:pk>/pdf/", own.pdf, name="mine_pdf"),
    path(HERE, documents.documents, name="documents"),
    path(f"{HERE}brouillons/nouveau/", drafts.start, name="draft_start"),
    path(f"{HERE}brouillons/<int:pk>/", drafts.draft, name="draft"),
    path(f"{HERE}brouillons/<int:pk>/verifier/", drafts.check, name="draft_check"),
    path(f"{HERE}brouillons/<int:pk>/supprimer/", drafts.delete, name="draft_delete"),
    path(f"{HERE}a-percevoir/", collecting.collect, name="collect"),
    path(f"{HERE}a-percevoir/<int:pk>.csv", collecting.export_file, {"extension": "csv"}, name="collected_csv"),
    path(f"{HERE}a-percevoir/<int:pk>.xlsx", collecting.export_file, {"extension": "xlsx"}, name="collected_xlsx"),
    path(f"{HERE}pieces/<str:reference>/", documents.document, name="document"),
    path(f"{HERE}pieces/<str:reference>/pdf/", documents.pdf, name="document_pdf"),
    path(f"{HERE}pieces/<str:reference>/suite/<str:kind>/", documents.follow, name="document_follow"),
    path(f"{HERE}pieces/<str:reference>/reglement/", payments.pay, name="pay"),
    path(f"{HERE}reglements/<int:pk>/recu/", payments.receipt, name="receipt"),
    path(f"{HERE}reglements/<int:pk>/annuler/", payments.cancel, name="payment_cancel"),
    path(f"{HERE}clients/", customers.customers, name="customers"),
    path(f"{HERE}clients/nouveau/", customers.add, name="customer_add"),
    path(f"{HERE}clients/<int:pk>/", customers.customer, name="customer"),
    path(f"{HERE}clients/<int:pk>/modifier/", customers.edit, name="customer_edit"),
    path(f"{HERE}caisse/", payments.drawer, name="drawer"),
    path(f"{HERE}mois/", payments.months, name="months"),
    path(f"{HERE}mois/tva/", vat_due.due, name="vat_due"),
    path(f"{HERE}mois/tva.csv", vat_due.export_file, {"extension": "csv"}, name="vat_due_csv"),
    path(f"{HERE}mois/tva.xlsx", vat_due.export_file, {"extension": "xlsx"}, name="vat_due_xlsx"),
    path(f"{HERE}vendeur/", sellers.seller, name="seller"),
    path(f"{HERE}vendeur/tva/", sellers.vat, name="seller_vat"),
    path(f"{HERE}vendeur/tva/<int:pk>/retirer/", sellers.remove_vat, name="seller_vat_remove"),
    path(f"{HERE}vendeur/mentions/", sellers.wording, name="seller_wording"),
]
