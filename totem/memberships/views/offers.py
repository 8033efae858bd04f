"""What a hub offers, for everybody, and asking for it on line."""

from datetime import date, datetime
from decimal import Decimal

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.components import Crumb
from totem.core.pages import SHOW_AND_SEND, errors_in, form_status
from totem.hubs.models import Hub
from totem.hubs.permissions import hub_for
from totem.memberships.actions import agreements as actions
from totem.memberships.forms.offers import AskForm
from totem.memberships.models import OFFER_LASTS, Agreement, DuesKind, PlaceRequest, PlanKind
from totem.memberships.queries import offers as queries
from totem.memberships.queries.agreements import free_from
from totem.memberships.queries.plans import amount_words, charges_vat
from totem.memberships.views.joining import amounts_on
from totem.organisations.models import Affiliation


def _crumbs(hub: Hub) -> list[Crumb]:
    hubs = Crumb(pgettext("navigation", "Hubs"), reverse("website:home"))
    return [hubs, Crumb(hub.name, reverse("website:hub", args=[hub.slug]))]


@login_not_required
@require_safe
def offers(request: HttpRequest, slug: str) -> HttpResponse:
    """What one can take at a hub: plans by the month, passes, and the dues of its association."""
    hub = hub_for(request.user, slug)
    found = queries.offers(hub, clock.now())
    dues = DuesKind.objects.filter(hub=hub, is_active=True).prefetch_related("amounts")
    context = {
        "hub": hub,
        "crumb_items": _crumbs(hub),
        "monthly": [one for one in found if one.plan.kind == PlanKind.AGREEMENT],
        "passes": [one for one in found if one.plan.kind == PlanKind.PASS],
        "dues": [(kind, amounts) for kind in dues if (amounts := amounts_on(kind, clock.today(hub.zone)))],
    }
    return render(request, "memberships/offers.html", context)


@never_cache
@require_http_methods(SHOW_AND_SEND)
def ask(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Ask for a plan: what is due first is shown, then confirmed; where it is full, wait for a place."""
    hub, person, now = hub_for(request.user, slug), signed_in(request), clock.now()
    found = queries.offers(hub, now, pk=pk, kind=PlanKind.AGREEMENT)
    if not found:
        raise Http404
    (offer,), today = found, clock.today(hub.zone)
    waits = PlaceRequest.objects.filter(plan=offer.plan, person=person).first()
    kept_from = _kept_from(waits, now, today)
    acting = Affiliation.objects.on(today).filter(person=person, can_book=True).values_list("organisation", flat=True)
    first, start = offer.prices[0].price, kept_from or today
    form = AskForm(
        request.POST or None, prices=offer.prices, organisations=acting,
        initial={"starts_on": start, "shown": _key(first.pk, start, first.amount)},
    )  # fmt: skip
    price, amount, refused = first, first.amount, 422
    if form.is_valid():
        data = form.cleaned_data
        start, price = data["chosen"].starts_on, data["price"]
        if price and data["chosen"].amount is not None:
            amount = data["chosen"].amount
        elif price:
            amount = price.amount
        if price is None or data["shown"] == _key(price.pk, start, amount):  # without a price it is refused
            with errors_in(form):
                made = actions.ask_for_agreement(
                    chosen=data["chosen"], person=person, now=now, organisation=data["organisation"]
                )
                messages.success(request, _asked_words(made))
                return redirect("memberships:my_agreements")
        else:
            refused = 200
            form.data = {**form.data.dict(), "shown": _key(price.pk, start, amount)}  # type: ignore[attr-defined]
    dues = queries.first_dues(offer.plan, price, amount, start) if price and (refused == 200 or not form.errors) else []
    rate = offer.plan.vat_rate if charges_vat(hub, start) else Decimal(0)
    context = {
        "hub": hub,
        "crumb_items": [*_crumbs(hub), Crumb(_("Offers"), reverse("memberships:offers", args=[hub.slug]))],
        "offer": offer,
        "form": form,
        "waits": waits,
        "position": position(waits) if waits else 0,
        "kept_from": kept_from,
        "dues": [(one, amount_words(one.amount, rate)) for one in dues],
        "is_shown_again": refused == 200,
    }
    return render(request, "memberships/ask.html", context, status=form_status(request, refused))


def _key(price: int, start: date, amount: Decimal) -> str:
    return f"{price}:{start}:{amount:.2f}"


def _kept_from(waits: PlaceRequest | None, now: datetime, today: date) -> date | None:
    """The day from which a place is kept for who waits; None where none is."""
    if waits is None or waits.offered_at is None or waits.offered_at <= now - OFFER_LASTS:
        return None
    return free_from(waits.plan, today)


def position(waits: PlaceRequest) -> int:
    """How many wait for a place of that plan until it is their turn, themselves included."""
    return PlaceRequest.objects.filter(plan=waits.plan_id, offered_at=None, pk__lte=waits.pk).count()


def _asked_words(made: Agreement | PlaceRequest) -> str:
    if isinstance(made, Agreement):
        return _("The team has your request, and answers by mail.")
    if made.offered_at is not None:
        return _("No place is free on that day: one is kept for you from the day that the mail names.")
    text = _("All places are held: you are number %(number)s of who waits. A mail tells you when one is free.")
    return text % {"number": position(made)}
