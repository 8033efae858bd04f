"""Pages of the installation's staff: what waits for their approval."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from totem.core.approvals import WaitingRequests
from totem.core.pages import staff_only

ON_A_PAGE = 50


@staff_only
@require_safe
def requests(request: HttpRequest) -> HttpResponse:
    """What waits for an answer of the staff, of every room, the oldest of each kind first."""
    waiting: Paginator[Any] = Paginator(WaitingRequests(), ON_A_PAGE)  # type: ignore[arg-type]
    page = waiting.get_page(request.GET.get("page"))
    return render(request, "core/operations/requests.html", {"page": page})
