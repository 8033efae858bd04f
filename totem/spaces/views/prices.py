"""Managing what a space costs."""

from datetime import date

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.pages import SHOW_AND_SEND, SeeOther, errors_as_message, errors_in, form_status
from totem.hubs.forms import LastDayForm
from totem.spaces import actions
from totem.spaces.forms import PriceForm
from totem.spaces.models import Price
from totem.spaces.views.frame import space_for, space_page
from totem.spaces.wording import price_words, rule_words


def _when(price: Price, today: date) -> str:
    if price.starts_on > today:
        return "to_come"
    return "past" if price.ends_on is not None and price.ends_on < today else "now"


@require_http_methods(SHOW_AND_SEND)
def prices(request: HttpRequest, slug: str, space: str) -> HttpResponse:
    """The prices of a space, past and to come; new ones end the former of their unit the day before."""
    row = space_for(request, slug, space)
    today = clock.today(row.hub.zone)
    form = PriceForm(request.POST or None, initial={"starts_on": today})
    if form.is_valid():
        if form.cleaned_data["starts_on"] < today:
            form.add_error("starts_on", _("This day is past: a price starts today at the earliest."))
        else:
            with errors_in(form), transaction.atomic():
                for per, amount in form.cleaned_data.pop("amounts").items():
                    actions.add_price(space=row, by=signed_in(request), per=per, amount=amount, **form.cleaned_data)
                messages.success(request, _("The prices are written down. Bookings made before keep theirs."))
                return redirect("spaces:prices", slug, space)
    rows = [
        (price, ", ".join(filter(None, [price_words(price), rule_words(price)])), _when(price, today))
        for price in row.prices.order_by("per", "for_members", "-starts_on")
    ]
    context = {
        "form": form,
        "prices": rows,
        "has_price": any(when == "now" and not price.is_off_peak for price, _title, when in rows),
    }
    return space_page(request, "spaces/prices.html", row, "spaces:prices", context, status=form_status(request))


@require_POST
def free(request: HttpRequest, slug: str, space: str) -> HttpResponse:
    """Say that the space is free of charge where no price holds, or that it is not."""
    row = space_for(request, slug, space)
    actions.update_space(space=row, by=signed_in(request), free_of_charge="free" in request.POST)
    messages.success(request, _("It is written down."))
    return SeeOther(reverse("spaces:prices", args=[slug, space]))


@require_http_methods(SHOW_AND_SEND)
def end(request: HttpRequest, slug: str, space: str, pk: int) -> HttpResponse:
    """Say which day is the last of a price."""
    row = space_for(request, slug, space)
    price = get_object_or_404(Price.objects.select_related("space"), space=row, pk=pk)
    today = clock.today(row.hub.zone)
    form = LastDayForm(request.POST or None, initial={"ends_on": price.ends_on or max(today, price.starts_on)})
    if form.is_valid():
        if form.cleaned_data["ends_on"] < today:
            form.add_error("ends_on", _("This day is past: a price ends today at the earliest."))
        else:
            with errors_in(form):
                actions.end_price(price=price, by=signed_in(request), **form.cleaned_data)
                messages.success(request, _("The price has its last day."))
                return redirect("spaces:prices", slug, space)
    context = {
        "form": form,
        "title": row.name,
        "lead": _("Where no price is left, the space is free of charge from the day after.")
        if row.free_of_charge
        else _("Where no price is left, the public cannot book from the day after."),
        "back": reverse("spaces:prices", args=[slug, space]),
        "verb": _("End this price"),
    }
    return space_page(request, "hubs/form.html", row, "spaces:prices", context, status=form_status(request))


@require_POST
def remove(request: HttpRequest, slug: str, space: str, pk: int) -> HttpResponse:
    """Drop a price that has not begun; the one before it goes on."""
    row = space_for(request, slug, space)
    price = get_object_or_404(Price.objects.select_related("space"), space=row, pk=pk)
    with errors_as_message(request):
        actions.remove_price(price=price, by=signed_in(request), today=clock.today(row.hub.zone))
        messages.success(request, _("The price is removed."))
    return redirect("spaces:prices", slug, space)
