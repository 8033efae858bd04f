"""What hubs issued to a person, and to the organisations that they represent."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from totem.accounts.permissions import signed_in
from totem.billing import queries
from totem.billing.models import IssuedDocument, IssuedFile
from totem.billing.views.documents import pdf_answer
from totem.billing.views.frame import ON_A_PAGE
from totem.core import clock


@never_cache
@require_safe
def documents(request: HttpRequest) -> HttpResponse:
    """One's quotes, invoices and credit notes, the latest first, with what is due of each."""
    today = clock.today()
    rows = IssuedDocument.objects.filter(customer__in=queries.paid_by(signed_in(request), today))
    rows = queries.with_balance(rows).select_related("hub", "customer", "file").order_by("-issued_at", "-pk")
    page: Page[Any] = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "billing/mine.html", {"page": page, "today": today})


@never_cache
@require_safe
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The PDF of one of them."""
    found = IssuedFile.objects.select_related("stored", "document")
    return pdf_answer(
        get_object_or_404(found, document=pk, document__customer__in=queries.paid_by(signed_in(request), clock.today()))
    )
