"""What a hub drafted and issued: the list, a document's page, its PDF, and what follows it."""

import json
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from totem.billing import queries
from totem.billing.actions.drafts import draft_about
from totem.billing.models import DocumentKind, Draft, IssuedDocument, IssuedFile
from totem.billing.permissions import SELL, document_for
from totem.billing.views.frame import ON_A_PAGE, billing_page
from totem.core import clock
from totem.core.components import Tab
from totem.core.pages import errors_as_message
from totem.hubs.permissions import hub_for

ASKS_AGAIN = timedelta(minutes=2)
"""How long after issuing the page of a document asks for its PDF by itself; it takes seconds on a calm machine."""
LISTS = ("emis", "brouillons", "devis", "a-payer", "en-retard", "a-reprendre")


@never_cache
@require_safe
def documents(request: HttpRequest, slug: str) -> HttpResponse:
    """Drafts, and what is issued: all, quotes, to be paid, overdue, turned down; searched by number or name."""
    hub = hub_for(request.user, slug, SELL)
    shown = request.GET.get("liste", "emis")
    if shown not in LISTS:
        raise Http404
    search = request.GET.get("q", "").strip()[:100]
    today = clock.today(hub.zone)
    rows: QuerySet[Draft] | QuerySet[IssuedDocument] = queries.documents_of(hub, shown, search, today)
    if shown == "brouillons":
        rows = queries.drafts_of(hub).filter(customer__name__icontains=search)
    is_due = shown in {"a-payer", "en-retard"}
    page: Page[Any] = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "shown": shown,
        "q": search,
        "page": page,
        "due_in_all": rows.aggregate(total=Sum("balance"))["total"] if is_due else None,
        "lists": _lists(shown, queries.counts(hub, today)),
        "today": today,
    }
    return billing_page(request, "documents", hub, context)


def _lists(shown: str, counts: dict[str, int]) -> list[Tab]:
    names = {
        "emis": (_("All issued"), None),
        "brouillons": (_("Drafts"), counts["drafts"]),
        "devis": (_("Quotes"), None),
        "a-payer": (_("To be paid"), counts["due"]),
        "en-retard": (_("Overdue"), counts["overdue"]),
    }
    if counts["to_redo"] or shown == "a-reprendre":
        names["a-reprendre"] = (_("Rejected or refused"), counts["to_redo"])
    return [Tab(label, f"?liste={name}", count, name == shown) for name, (label, count) in names.items()]


@never_cache
@require_safe
def document(request: HttpRequest, slug: str, reference: str) -> HttpResponse:
    """A document as it was issued, what is due of it, and what may follow."""
    hub, row = document_for(request.user, slug, reference)
    balanced = queries.with_balance(IssuedDocument.objects.filter(pk=row.pk)).get()
    context = {
        "document": balanced,
        "content": json.loads(row.content),
        "following": row.followed_by.order_by("pk"),
        "payments": queries.payments_of(row),
        "is_owed": row.kind in queries.OWED,
        "still_due": abs(balanced.balance),
        "next": queries.what_may_follow(balanced),
        "is_recent": clock.now() - row.issued_at < ASKS_AGAIN,
        "has_pdf": IssuedFile.objects.filter(document=row).exists(),
        "transmissions": row.transmissions.all(),
        "is_to_redo": queries.to_redo(hub).filter(pk=row.pk).exists(),
    }
    return billing_page(request, "document", hub, context, partial="pdf")


@never_cache
@require_safe
def pdf(request: HttpRequest, slug: str, reference: str) -> HttpResponse:
    """The PDF; while it is being drawn, the document's page, which says so."""
    hub, row = document_for(request.user, slug, reference)
    file = IssuedFile.objects.select_related("stored", "document").filter(document=row).first()
    if file is None:
        messages.info(request, _("The PDF is not drawn yet: it is drawn by itself."))
        return redirect("billing:document", hub.slug, row.reference)
    return pdf_answer(file)


def pdf_answer(file: IssuedFile) -> HttpResponse:
    """The PDF of what was issued, shown in the browser."""
    answer = HttpResponse(bytes(file.stored.content), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{file.document.reference}.pdf"'
    return answer


@require_POST
def follow(request: HttpRequest, slug: str, reference: str, kind: str) -> HttpResponse:
    """Start the draft of what credits, replaces or cancels the document, or invoices the quote."""
    hub, row = document_for(request.user, slug, reference)
    if kind not in DocumentKind.values:
        raise Http404
    with errors_as_message(request):
        draft = draft_about(document=row, kind=DocumentKind(kind))
        return redirect("billing:draft", hub.slug, draft.pk)
    return redirect("billing:document", hub.slug, row.reference)
