"""Agreements of a hub, for its team: the lists."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from totem.billing.permissions import SELL
from totem.billing.views.frame import ON_A_PAGE, billing_page
from totem.core import clock
from totem.core.components import Tab
from totem.hubs.permissions import hub_for
from totem.memberships.queries import agreements as queries


@never_cache
@require_safe
def agreements(request: HttpRequest, slug: str) -> HttpResponse:
    """What holds, what begins, changes or ends this month, what waits, and what is over; searched by name or plan."""
    hub = hub_for(request.user, slug, SELL)
    shown = request.GET.get("liste", "en-cours")
    if shown not in queries.LISTS:
        raise Http404
    search = request.GET.get("q", "").strip()[:100]
    today = clock.today(hub.zone)
    rows = queries.agreements_of(hub, shown, search, today)
    page: Page[Any] = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "shown": shown,
        "q": search,
        "page": page,
        "rows": [(one, queries.terms_on(one, today)) for one in page],
        "lists": _lists(shown, queries.agreement_counts(hub, today)),
    }
    return billing_page(request, "memberships/agreements", hub, context)


def _lists(shown: str, counts: dict[str, int]) -> list[Tab]:
    names = {
        "en-cours": _("In force and to come"),
        "ce-mois": _("This month"),
        "a-signer": _("To be signed"),
        "demandes": _("Asked for"),
        "finis": _("Ended"),
    }
    return [
        Tab(label, f"?liste={name}", counts[name.replace("-", "_")], name == shown) for name, label in names.items()
    ]
