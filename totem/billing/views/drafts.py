"""Drafts: started for a customer, written, checked, issued."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from totem.accounts.permissions import signed_in
from totem.billing import content, queries, signals
from totem.billing.actions import drafts as actions
from totem.billing.actions.issuing import due_day, issue
from totem.billing.drawing import document_shown
from totem.billing.forms import DraftLines, InvoiceDraftForm, StartDraftForm
from totem.billing.models import Customer, DocumentKind, Draft
from totem.billing.permissions import SELL, row_for
from totem.billing.views.frame import billing_page
from totem.billing.wording import texts_on
from totem.core import clock
from totem.core.edit_conflicts import EditConflict, version_token
from totem.core.pages import SHOW_AND_SEND, errors_as_message, errors_in
from totem.core.wording import money
from totem.hubs.models import Hub
from totem.hubs.permissions import hub_for


@require_http_methods(SHOW_AND_SEND)
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose the customer and what to write; a public body that asks for it is invoiced with its commitment number."""
    hub = hub_for(request.user, slug, SELL)
    customers = Customer.objects.filter(hub=hub)
    initial = {"customer": request.GET.get("client"), "kind": request.GET.get("piece", DocumentKind.QUOTE)}
    form = StartDraftForm(request.POST or None, customers=customers, initial=initial)
    if form.is_valid():
        with errors_in(form):
            draft = actions.start_draft(**form.cleaned_data)
            return redirect("billing:draft", hub.slug, draft.pk)
    return billing_page(request, "draft_start", hub, {"form": form, "has_customers": customers.exists()})


@require_http_methods(SHOW_AND_SEND)
def draft(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Write the draft: its head and its lines; saved, it is checked before it is issued."""
    hub, row = row_for(request.user, slug, Draft, pk)
    deposits = queries.deposits_to_deduct(row.customer)
    form = InvoiceDraftForm(request.POST or None, instance=row, deposits=deposits)
    lines = DraftLines(request.POST or None, instance=row, prefix="lignes")
    form.show_version(row)
    is_conflict = False
    if form.is_valid() and lines.is_valid():
        try:
            with errors_as_message(request):
                kept = [
                    line.instance
                    for line in lines
                    if line not in lines.deleted_forms and (line.has_changed() or line.instance.pk)
                ]
                removed = [line.instance.pk for line in lines.deleted_forms if line.instance.pk]
                saved = actions.save_draft(draft=row, lines=kept, removed=removed, **form.cleaned_data)
                if "check" in request.POST:
                    return redirect("billing:draft_check", hub.slug, row.pk)
                total = money(saved.gross)
                messages.success(request, _("The draft is saved: %(total)s with VAT.") % {"total": total})
                return redirect("billing:draft", hub.slug, row.pk)
        except EditConflict as met:
            is_conflict = True
            form.accept_version(met.current)
    context = {"draft": row, "form": form, "lines": lines, "is_conflict": is_conflict, **_figures(hub, row)}
    return billing_page(request, "draft", hub, context, refused=409 if is_conflict else 422)


@require_http_methods(SHOW_AND_SEND)
def check(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What would be issued today, as it would stand for ever; issuing it is the button of this page."""
    hub, row = row_for(request.user, slug, Draft, pk)
    if request.method == "POST":
        if request.POST.get("seen") != version_token(row):
            messages.error(request, _("Somebody has changed this draft since: look at it again before it is issued."))
            return redirect("billing:draft_check", hub.slug, row.pk)
        with errors_as_message(request):
            document = issue(draft_id=row.pk, by=signed_in(request).pk, now=clock.now())
            messages.success(request, _("%(document)s is issued.") % {"document": document.reference})
            return redirect("billing:document", hub.slug, document.reference)
        return redirect("billing:draft", hub.slug, row.pk)
    context = {"draft": row, "seen": version_token(row), "taken_back": _taken_back(row), **_document(hub, row)}
    return billing_page(request, "draft_check", hub, context)


def _taken_back(row: Draft) -> list[str]:
    """What other rooms take back with a credit note, in words."""
    if row.kind != DocumentKind.CREDIT_NOTE:
        return []
    answers: list[tuple[Any, Any]] = signals.credit_shown.send(Draft, draft=row)
    return [words for _receiver, found in answers for words in found]


def _document(hub: Hub, row: Draft) -> dict[str, object]:
    """What the document would say if it were issued today; nothing without lines, or where who sells is not set up."""
    seller, today = queries.seller_of(hub), clock.today(hub.zone)
    found = _figures(hub, row).get("figures")
    if seller is None or not isinstance(found, content.Figures) or not found.lines:
        return {}
    frozen = content.content(
        row,
        seller,
        found,
        reference="",
        issued_on=today,
        due_on=due_day(row, seller, today),
        texts=texts_on(seller, today),
        deposits=list(queries.deposits_of(row)),
    )
    shown = document_shown(frozen)
    return {"shown": shown, "lines": [list(zip(shown["head"], cells, strict=True)) for cells in shown["rows"]]}


@require_POST
def delete(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Delete a draft: it has no number, nothing is missing afterwards."""
    hub, row = row_for(request.user, slug, Draft, pk)
    held_sales = actions.delete_draft(draft=row, by=signed_in(request))
    messages.success(request, _("The draft is deleted."))
    if held_sales:
        messages.info(request, _("The bookings that it held can be put on another: see “Bookings to invoice”."))
    return redirect("billing:documents", hub.slug)


def _figures(hub: Hub, row: Draft) -> dict[str, object]:
    """What the saved lines add up to for today's VAT status; nothing where it is not set up."""
    seller = queries.seller_of(hub)
    status = queries.vat_status(seller, clock.today(hub.zone)) if seller else None
    if status is None:
        return {}
    found = content.figures(list(row.lines.all()), status)
    return {"figures": found, "rows": list(zip(found.lines, found.totals.nets, strict=True))}
