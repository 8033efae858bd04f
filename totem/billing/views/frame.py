"""What all pages of billing share: the hub's frame, what is saved over, and what a customer owes."""

import functools
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from totem.billing.models import Seller, VatPeriod, VatStatus
from totem.billing.permissions import KEEP_BOOKS, keeps_all_books
from totem.billing.queries import seller_of, vat_period
from totem.billing.thresholds import Turnover, turnover
from totem.core import clock
from totem.core.pages import form_status, render_page
from totem.hubs.models import Hub

ON_A_PAGE = 50


def billing_page(
    request: HttpRequest,
    template: str,
    hub: Hub,
    context: dict[str, Any] | None = None,
    *,
    refused: int = 422,
    partial: str = "",
) -> HttpResponse:
    """The page in the hub's frame, or for HTMX its `partial` where it has one.

    It says what is missing before anything can be invoiced, and to whom it may. `template` is one of this room, or of
    a room above with its folder ("bookings/to_invoice").
    """
    seller = seller_of(hub)
    today = clock.today(hub.zone)
    period = vat_period(seller, today) if seller else None
    shared = {
        "hub": hub,
        "seller": seller,
        "vat_status": VatStatus(period.status) if period else None,
        "turnover": functools.partial(_turnover, request, hub, seller, period),  # counted where a page shows it
        "may_keep_books": request.user.has_perm(KEEP_BOOKS, hub),
    }
    name = f"{template}.html" if "/" in template else f"billing/{template}.html"
    context, code = {**shared, **(context or {})}, form_status(request, refused)
    if partial:
        return render_page(request, name, context, partial=partial, status=code)
    return render(request, name, context, status=code)


def _turnover(request: HttpRequest, hub: Hub, seller: Seller | None, period: VatPeriod | None) -> Turnover | None:
    found = turnover(seller, period, clock.today(hub.zone)) if seller else None
    return found if found and keeps_all_books(request.user, hub) else None
