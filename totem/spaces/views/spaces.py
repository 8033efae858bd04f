"""Managing spaces: what they are, their rules, number, parts, hours and photos."""

from collections import defaultdict

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.pages import SHOW_AND_SEND, Confirmation, errors_in, form_status, run_or_confirm
from totem.core.periods import Period
from totem.hubs.opening_forms import WeekForm
from totem.hubs.permissions import MANAGE, hub_for
from totem.hubs.signals import FAR, AffectedBooking, affected_by_closing
from totem.hubs.views.photos import gallery, remove_from_gallery
from totem.spaces import actions
from totem.spaces.actions import BookedError
from totem.spaces.forms import NewSpaceForm, PartsForm, QuantityForm, SpaceForm
from totem.spaces.models import Outage, Price, Space
from totem.spaces.views.frame import space_for, space_frame, space_page
from totem.spaces.wording import capacity_words, quantity_words

COPY = "copy"


@require_safe
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """The hub's spaces, those out of service last."""
    hub = hub_for(request.user, slug, MANAGE)
    now = clock.now()
    rows = Space.objects.filter(hub=hub).select_related("zone").order_by("-is_active", "position", "name")
    broken: defaultdict[int, set[int | None]] = defaultdict(set)
    outages = Outage.objects.filter(space__hub=hub, during__contains=now)
    for space_id, unit_id in outages.values_list("space_id", "unit_id"):
        broken[space_id].add(unit_id)
    priced = set(Price.objects.on(clock.today(hub.zone)).filter(space__hub=hub).values_list("space_id", flat=True))
    context = {
        "hub": hub,
        "spaces": [(space, _said_of(space), _broken_word(space, broken[space.pk])) for space in rows],
        "without_price": [space for space in rows if space.is_active and space.pk not in priced],
    }
    return render(request, "spaces/list.html", context)


def _broken_word(space: Space, units: set[int | None]) -> str:
    """Empty where everything works; `units` are those out of order, None for all of them."""
    if not units:
        return ""
    if None in units or not space.is_pool:
        return _("Out of order")
    return _("%(number)s of %(all)s out of order") % {"number": len(units), "all": space.quantity}


def _said_of(space: Space) -> list[str]:
    """What a row says of a space, in short words."""
    return [
        str(space.get_kind_display()),
        quantity_words(space) if space.is_pool else "",
        capacity_words(space),
        space.zone.name if space.zone else "",
        str(space.get_audience_display()),
    ]


@require_http_methods(SHOW_AND_SEND)
def create(request: HttpRequest, slug: str) -> HttpResponse:
    """A new space."""
    hub = hub_for(request.user, slug, MANAGE)
    form = NewSpaceForm(request.POST or None, hub=hub)
    if form.is_valid():
        with errors_in(form):
            made = actions.create_space(hub=hub, by=signed_in(request), **form.cleaned_data)
            messages.success(request, _("The space is there. Now its price."))
            return redirect("spaces:prices", hub.slug, made.slug)
    return render(request, "spaces/new.html", {"hub": hub, "form": form}, status=form_status(request))


@require_http_methods(SHOW_AND_SEND)
def edit(request: HttpRequest, slug: str, space: str) -> HttpResponse:
    """A space and its rules; they hold for the bookings made from now on."""
    row = space_for(request, slug, space)
    # The form fills the instance it is given: the page keeps the name that holds.
    form = SpaceForm(request.POST or None, hub=row.hub, instance=Space.objects.get(pk=row.pk))
    if form.is_valid():
        with errors_in(form):
            actions.update_space(space=row, by=signed_in(request), **form.cleaned_data)
            messages.success(request, _("Saved. Bookings made before keep the rules they were made under."))
            return redirect("spaces:edit", slug, space)
    return space_page(request, "spaces/edit.html", row, "spaces:edit", {"form": form}, status=form_status(request))


@require_http_methods(SHOW_AND_SEND)
def quantity(request: HttpRequest, slug: str, space: str) -> HttpResponse:
    """How many units; refused with the bookings in the way when too few are free."""
    row = space_for(request, slug, space)
    form = QuantityForm(request.POST or None, initial={"quantity": row.quantity})
    affected: list[AffectedBooking] = []
    if form.is_valid():
        try:
            with errors_in(form):
                actions.set_quantity(space=row, by=signed_in(request), now=clock.now(), **form.cleaned_data)
                messages.success(request, _("Saved."))
                return redirect("spaces:quantity", slug, space)
        except BookedError as error:
            affected = error.affected
            form.add_error("quantity", _("Too many of them are booked."))
    context = {"form": form, "affected": affected, "units": row.units.filter(is_active=True).order_by("number")}
    status = form_status(request, 409 if affected else 422)
    return space_page(request, "spaces/quantity.html", row, "spaces:quantity", context, status=status)


@require_http_methods(SHOW_AND_SEND)
def parts(request: HttpRequest, slug: str, space: str) -> HttpResponse:
    """What a space is made of; refused where whole and part are promised for the same time."""
    row = space_for(request, slug, space)
    form = PartsForm(request.POST or None, space=row)
    sent = request.method == "POST"
    if sent and not request.POST.getlist("parts"):
        form = PartsForm({"parts": []}, space=row)
    affected: list[AffectedBooking] = []
    if form.is_valid():
        try:
            with errors_in(form):
                actions.set_parts(space=row, by=signed_in(request), now=clock.now(), **form.cleaned_data)
                messages.success(request, _("Saved."))
                return redirect("spaces:parts", slug, space)
        except BookedError as error:
            affected = error.affected
            form.add_error("parts", _("The whole and a part are both promised for the same time."))
    wholes = Space.objects.filter(parts__part=row).order_by("name")
    context = {"form": form, "affected": affected, "wholes": wholes}
    status = form_status(request, 409 if affected else 422)
    return space_page(request, "spaces/parts.html", row, "spaces:parts", context, status=status)


@require_http_methods(SHOW_AND_SEND)
def hours(request: HttpRequest, slug: str, space: str) -> HttpResponse:
    """Hours narrower than the hub's. What they would affect is shown before they are saved."""
    row = space_for(request, slug, space)
    form = WeekForm(request.POST or None, lines=row.hours.all())
    if form.is_valid() and COPY in request.POST:
        return space_page(request, "spaces/hours.html", row, "spaces:hours", {"form": form.copied()})
    confirmation = Confirmation()
    if form.is_valid():
        confirmation = run_or_confirm(
            form,
            lambda: actions.set_hours(space=row, by=signed_in(request), now=clock.now(), **form.cleaned_data),
        )
        if confirmation.done:
            messages.success(request, _("The hours are saved."))
            return redirect("spaces:hours", slug, space)
    context, status = {"form": form, "confirmation": confirmation}, form_status(request, confirmation.status)
    return space_page(request, "spaces/hours.html", row, "spaces:hours", context, status=status)


@require_http_methods(SHOW_AND_SEND)
def photos(request: HttpRequest, slug: str, space: str) -> HttpResponse:
    """The photos of the space; one more is added here."""
    row = space_for(request, slug, space)
    why = _("One sees at once how large the table is, and where the screen hangs.")
    return gallery(request, row, space_frame(row, "spaces:photos"), [slug, space], title=row.name, why=why)


@require_POST
def remove_photo(request: HttpRequest, slug: str, space: str, pk: int) -> HttpResponse:
    """Take a photo away."""
    return remove_from_gallery(request, space_for(request, slug, space), pk, [slug, space])


@require_http_methods(SHOW_AND_SEND)
def service(request: HttpRequest, slug: str, space: str) -> HttpResponse:
    """Take a space out of service for good, with the bookings to come in sight, or put it back."""
    row = space_for(request, slug, space)
    now = clock.now()
    if request.method == "POST":
        said = _("Out of service: nobody books it any more.") if row.is_active else _("Back in service.")
        actions.set_active(space=row, is_active=not row.is_active, by=signed_in(request), now=now)
        messages.success(request, said)
        return redirect("spaces:service", slug, space)
    affected = affected_by_closing(row.hub, [Period(now, FAR)], now=now, space_id=row.pk)
    return space_page(request, "spaces/service.html", row, "spaces:service", {"affected": affected})
