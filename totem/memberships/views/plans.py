"""The plans of a hub, for its team: the list, a plan, its prices."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.permissions import signed_in
from totem.billing.permissions import SELL, row_for
from totem.billing.views.frame import billing_page
from totem.core import clock
from totem.core.edit_conflicts import EditConflict, differences
from totem.core.pages import SHOW_AND_SEND, errors_as_message, errors_at, errors_in
from totem.hubs.permissions import MANAGE, hub_for
from totem.memberships.actions import plans as actions
from totem.memberships.forms.plans import PlanForm, PlanPriceForm
from totem.memberships.models import Plan, PlanPrice
from totem.memberships.queries import plans as queries
from totem.memberships.starting_points import STARTING_POINTS


@never_cache
@require_safe
def plans(request: HttpRequest, slug: str) -> HttpResponse:
    """Every plan with its price, what it includes and how many hold it; for managers, what to begin one from."""
    hub = hub_for(request.user, slug, SELL)
    manages = request.user.has_perm(MANAGE, hub)
    rows = queries.plan_rows(hub, clock.today(hub.zone))
    context = {"rows": rows, "manages": manages, "starting_points": STARTING_POINTS if manages else {}}
    return billing_page(request, "memberships/plans", hub, context)


@require_http_methods(SHOW_AND_SEND)
def new_plan(request: HttpRequest, slug: str, start: str) -> HttpResponse:
    """A plan that begins as one of the usual ones."""
    hub = hub_for(request.user, slug, MANAGE)
    if start not in STARTING_POINTS:
        raise Http404
    begun = STARTING_POINTS[start]
    initial = {"name": begun.name, **begun.values} if begun.values else {}
    form = PlanForm(request.POST or None, instance=Plan(hub=hub, kind=begun.kind), initial=initial)
    if form.is_valid():
        now, by = clock.now(), signed_in(request)
        with errors_in(form), transaction.atomic():
            plan = actions.save_plan(plan=Plan(hub=hub, kind=begun.kind), by=by, now=now, **form.values())
            for price in form.new_prices():
                with errors_at(price.pop("field")):
                    actions.set_price(plan=plan, starts_on=clock.today(hub.zone), by=by, now=now, **price)
            messages.success(request, _("The plan is saved."))
            return redirect("memberships:plans", hub.slug)
    return billing_page(request, "memberships/plan", hub, {"form": form, "title": _("New plan")})


@require_http_methods(SHOW_AND_SEND)
def plan(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A plan, what it includes, and its prices past and to come."""
    hub, row = row_for(request.user, slug, Plan, pk, MANAGE)
    form, conflict = PlanForm(request.POST or None, instance=row), None
    form.show_version(row)
    if form.is_valid():
        values = form.values()
        try:
            with errors_in(form):
                actions.save_plan(plan=row, by=signed_in(request), now=clock.now(), **values)
                messages.success(request, _("The plan is saved. Running agreements keep their price."))
                return redirect("memberships:plan", hub.slug, row.pk)
        except EditConflict as met:
            conflict = differences(
                form, {name: values[name] for name in form.Meta.fields if name in values}, met.current
            )
            form.accept_version(met.current)
    today = clock.today(hub.zone)
    price_form = PlanPriceForm(instance=PlanPrice(plan=row), initial={"starts_on": today})
    context = _about(row) | {"form": form, "conflict": conflict, "price_form": price_form}
    return billing_page(request, "memberships/plan", hub, context, refused=409 if conflict is not None else 422)


@require_http_methods(SHOW_AND_SEND)
def price(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A price of the plan from a day on."""
    hub, row = row_for(request.user, slug, Plan, pk, MANAGE)
    today = clock.today(hub.zone)
    form = PlanPriceForm(request.POST or None, instance=PlanPrice(plan=row), initial={"starts_on": today})
    if form.is_valid():
        with errors_in(form):
            actions.set_price(plan=row, by=signed_in(request), now=clock.now(), **form.cleaned_data)
            messages.success(request, _("The price is saved. Running agreements keep theirs."))
            return redirect("memberships:plan", hub.slug, row.pk)
    return billing_page(request, "memberships/plan_price", hub, _about(row) | {"price_form": form})


def _about(row: Plan) -> dict[str, object]:
    """The plan's name, its prices from today on, and how many agreements hold it."""
    today = clock.today(row.hub.zone)
    taxed = queries.charges_vat(row.hub, today)
    open_prices = [one for one in row.prices.all() if one.ends_on is None or one.ends_on >= today]
    return {
        "title": row.name,
        "plan": row,
        "today": today,
        "prices": [queries.PriceRow(one, row.vat_rate, taxed) for one in open_prices],
        "held": queries.agreements_under(row, today),
    }


@require_POST
def end_price(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """End a price today, or take back one to come."""
    hub = hub_for(request.user, slug, MANAGE)
    row = get_object_or_404(PlanPrice.objects.select_related("plan__hub"), plan__hub=hub, pk=pk)
    with errors_as_message(request):
        actions.end_price(price=row, by=signed_in(request), now=clock.now())
        messages.success(request, _("The price ends."))
    return redirect("memberships:plan", hub.slug, row.plan_id)
