"""Pages of buildings: for a territory's team, and for everybody when public."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.models import User
from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.edit_conflicts import EditConflict, VersionedForm
from totem.core.models import Dated
from totem.core.pages import SHOW_AND_SEND, errors_at, errors_in, form_status
from totem.core.wording import area, date_words, money
from totem.premises import actions, queries
from totem.premises.forms import BuildingForm, EvidencedForm, LotForm, OfferEndForm, OfferForm, PhaseForm, RevisionForm
from totem.premises.models import Building, Lot, Offer, Phase, PhaseState
from totem.premises.permissions import building_for, part_for, public_building
from totem.territories.actions import add_document
from totem.territories.forms import say_former_communes
from totem.territories.models import Document, Perimeter, Workspace
from totem.territories.permissions import EDIT, workspace_for
from totem.territories.places import PERIMETER, ShapesMissing, place_for
from totem.territories.views import home_crumb


def _workspace(building: Building) -> Workspace:
    """The workspace of the building; 404 for one that came with public data, which nobody may change."""
    if building.workspace is None:
        raise Http404
    return building.workspace


def _home(building: Building) -> str:
    return reverse("premises:building", args=[_workspace(building).slug, building.pk])


# -- Pages ------------------------------------------------------------------------------------------------------------


@require_safe
def buildings(request: HttpRequest, workspace: str) -> HttpResponse:
    """The territory's buildings: m² delivered and planned, delays, and networks.

    With `?perimetre=`, those that stand in this perimeter of the territory, public ones of others among them.
    """
    row = workspace_for(request.user, workspace)
    perimeters = list(Perimeter.objects.filter(workspace=row, versions__isnull=False).distinct())
    chosen = request.GET.get("perimetre", "")
    within, shapes_missing = None, False
    if chosen:
        perimeter = next((known for known in perimeters if known.slug == chosen), None)
        if perimeter is None:
            raise Http404
        try:
            within = queries.buildings_inside(place_for(PERIMETER, perimeter.slug, user=request.user), row)
        except ShapesMissing:
            within, shapes_missing = queries.PremisesRows(), True
    listed = queries.building_summaries(row, clock.today(), within)
    sure = [line for line in listed if not line.undecided]
    context = {
        "workspace": row,
        "listed": listed,
        "delivered": sum(line.delivered_m2 for line in sure),
        "planned": sum(line.coming_m2 for line in sure),
        "undecided": sum(line.delivered_m2 for line in listed if line.undecided),
        "perimeters": perimeters,
        "chosen": chosen,
        "shapes_missing": shapes_missing,
        "may_edit": request.user.has_perm(EDIT, row),
    }
    return render(request, "premises/buildings.html", context)


@require_safe
def building(request: HttpRequest, workspace: str, building: int) -> HttpResponse:
    """A building with its phases and every announcement of them, its lots and its networks."""
    return _page(request, building_for(request.user, workspace, building))


@login_not_required
@require_safe
def public(request: HttpRequest, building: int) -> HttpResponse:
    """The page of a public building."""
    return _page(request, public_building(building), team=False)


class AnnouncementRow(NamedTuple):
    """An announcement, in words for the page."""

    when: str
    title: str
    meta: str
    shift: int
    document: Document | None


def _announcement(announced: queries.RevisionShift) -> AnnouncementRow:
    revision = announced.revision
    if revision.delivered_on is not None:
        title = _("Delivered on %(day)s") % {"day": date_words(revision.delivered_on)}
    elif revision.due_on is None or revision.state == PhaseState.CANCELLED:
        title = revision.get_state_display()
    else:
        day = date_words(revision.due_on)
        title = _("%(state)s, foreseen on %(day)s") % {"state": revision.get_state_display(), "day": day}
    words = [area(revision.usable_m2)]
    if revision.cost is not None:
        words.append(money(revision.cost))
    words.append(_("source: %(source)s") % {"source": revision.source} if revision.source else _("without a source"))
    if not revision.retained:
        words.append(_("not retained"))
    if revision.reason:
        words.append(revision.reason)
    return AnnouncementRow(
        date_words(revision.announced_on), title, " · ".join(words), announced.shift or 0, revision.document
    )


def _page(request: HttpRequest, row: Building, *, team: bool = True, problem: str = "") -> HttpResponse:
    today = clock.today()
    context = {
        "building": row,
        "detail": (detail := queries.building_detail(row, today)),
        "phases": [(history, [_announcement(shift) for shift in history.history]) for history in detail.phases],
        "today": today,
        "is_team": team,
        "may_edit": team and request.user.has_perm(EDIT, row.workspace),
        "problem": problem,
        "trail": [] if team else [home_crumb()],
    }
    return render(request, "premises/building.html", context, status=409 if problem else 200)


# -- Forms ------------------------------------------------------------------------------------------------------------

Act = Callable[[dict[str, Any]], Building]


def _answer(
    request: HttpRequest,
    form: EvidencedForm,
    act: Act,
    *,
    title: str,
    workspace: Workspace,
    building: Building | None = None,
    lead: str = "",
) -> HttpResponse:
    """The page of a form; once `act` has saved it, a redirect to the building."""
    form.of(workspace)
    status = form_status(request)
    if form.is_valid():
        try:
            with errors_in(form):
                made = _done(form, workspace, signed_in(request), act)
                messages.success(request, _("Saved."))
                say_former_communes(request, form)
                return redirect(_home(made))
        except EditConflict as conflict:
            _show_conflict(form, conflict.current)
            status = 409
    steps = [(building.name, _home(building))] if building else []
    back = steps[0][1] if steps else reverse("premises:buildings", args=[workspace.slug])
    context = {"form": form, "title": title, "lead": lead, "back": back, "trail": steps}
    return render(request, "premises/form.html", context, status=status)


@transaction.atomic
def _done(form: EvidencedForm, workspace: Workspace, by: User, act: Act) -> Building:
    """The building after the action, with the uploaded document; nothing is stored when the action is refused."""
    values = form.values
    if upload := form.cleaned_data["upload"]:
        with errors_at("upload"):
            values["document"] = add_document(workspace=workspace, checked=upload, title="", by=by)
    return act(values)


def _show_conflict(form: EvidencedForm, current: Dated) -> None:
    """Keep what was typed in the form and show, under each field that differs, what the other person saved.

    Sent once more, the form overwrites it: its author has seen it.
    """
    typed = form.values
    if isinstance(form, VersionedForm):
        form.accept_version(current)
    form.add_error(
        None,
        _(
            "Somebody else saved this while you were writing. What you typed is still here; under each field that "
            "differs stands what they wrote. Save once more to put yours in its place."
        ),
    )
    for name, value in typed.items():
        saved = getattr(current, name)
        if saved != value:
            words = getattr(current, f"get_{name}_display")() if hasattr(current, f"get_{name}_display") else saved
            nothing = words is None or words == ""
            form.add_error(name, _("Empty now.") if nothing else _("It says now: %(words)s") % {"words": words})


# -- Buildings --------------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def create(request: HttpRequest, workspace: str) -> HttpResponse:
    """A new building, visible to the territory's team until it is published."""
    row = workspace_for(request.user, workspace, EDIT)
    form = BuildingForm(request.POST or None, request.FILES or None)

    def act(values: dict[str, Any]) -> Building:
        return actions.declare_building(workspace=row, by=signed_in(request), **values)

    lead = _("Its usable area is said next, phase by phase: what is planned stays apart from what is delivered.")
    return _answer(request, form, act, title=_("New building"), workspace=row, lead=lead)


@require_http_methods(SHOW_AND_SEND)
def edit(request: HttpRequest, workspace: str, building: int) -> HttpResponse:
    """Change the identity and address of a building."""
    row = building_for(request.user, workspace, building, EDIT)
    form = BuildingForm(request.POST or None, request.FILES or None, instance=row)
    form.show_version(row)

    def act(values: dict[str, Any]) -> Building:
        return actions.change_building(building=row, by=signed_in(request), seen=form.cleaned_data["seen"], **values)

    return _of(request, form, act, row, title=_("Change %(name)s") % {"name": row.name})


def _of(request: HttpRequest, form: EvidencedForm, act: Act, building: Building, **page: str) -> HttpResponse:
    return _answer(request, form, act, workspace=_workspace(building), building=building, **page)


@require_POST
def set_public(request: HttpRequest, workspace: str, building: int) -> HttpResponse:
    """Show a building to everybody, or to its team alone."""
    row = building_for(request.user, workspace, building, EDIT)
    show = request.POST.get("public") == "yes"
    try:
        (actions.publish_building if show else actions.unpublish_building)(building=row, by=signed_in(request))
    except ValidationError as error:
        return _page(request, row, problem=" ".join(error.messages))
    messages.success(request, _("Everybody sees it now.") if show else _("Only the team sees it now."))
    return redirect(_home(row))


# -- Phases -----------------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def add_phase(request: HttpRequest, workspace: str, building: int) -> HttpResponse:
    """A new phase of a building."""
    row = building_for(request.user, workspace, building, EDIT)
    form = PhaseForm(request.POST or None, request.FILES or None, initial={"announced_on": clock.today()})

    def act(values: dict[str, Any]) -> Building:
        return actions.add_phase(building=row, by=signed_in(request), now=clock.now(), **values).building

    return _of(request, form, act, row, title=_("New phase of %(name)s") % {"name": row.name})


@require_http_methods(SHOW_AND_SEND)
def revise_phase(request: HttpRequest, workspace: str, building: int, pk: int) -> HttpResponse:
    """A new announcement about a phase, prefilled with its present values."""
    phase = part_for(request.user, workspace, building, Phase, pk)
    initial = {name: getattr(phase, name) for name in actions.PHASE_FIELDS if name != "document"}
    form = RevisionForm(request.POST or None, request.FILES or None, initial={**initial, "announced_on": clock.today()})

    def act(values: dict[str, Any]) -> Building:
        actions.revise_phase(phase=phase, by=signed_in(request), now=clock.now(), **values)
        return phase.building

    lead = _("What was said before stays: a date that slips is seen to slip.")
    return _of(
        request, form, act, phase.building, title=_("Announcement about %(name)s") % {"name": phase.name}, lead=lead
    )


# -- Lots -------------------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def add_lot(request: HttpRequest, workspace: str, building: int) -> HttpResponse:
    """A new lot of a building."""
    row = building_for(request.user, workspace, building, EDIT)
    form = LotForm(request.POST or None, request.FILES or None)

    def act(values: dict[str, Any]) -> Building:
        return actions.add_lot(building=row, by=signed_in(request), **values).building

    return _of(request, form, act, row, title=_("New lot of %(name)s") % {"name": row.name})


@require_http_methods(SHOW_AND_SEND)
def edit_lot(request: HttpRequest, workspace: str, building: int, pk: int) -> HttpResponse:
    """Change a lot."""
    lot = part_for(request.user, workspace, building, Lot, pk)
    within, name = lot.building, lot.name
    form = LotForm(request.POST or None, request.FILES or None, instance=lot)
    form.show_version(lot)

    def act(values: dict[str, Any]) -> Building:
        actions.change_lot(lot=lot, by=signed_in(request), seen=form.cleaned_data["seen"], **values)
        return within

    return _of(request, form, act, within, title=_("Change %(name)s") % {"name": name})


@require_POST
def remove_lot(request: HttpRequest, workspace: str, building: int, pk: int) -> HttpResponse:
    """Delete a lot."""
    lot = part_for(request.user, workspace, building, Lot, pk)
    actions.remove_lot(lot=lot, by=signed_in(request))
    messages.success(request, _("The lot is no longer there."))
    return redirect(_home(lot.building))


# -- Offers -----------------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def add_offer(request: HttpRequest, workspace: str, building: int) -> HttpResponse:
    """A new network offer in a building."""
    row = building_for(request.user, workspace, building, EDIT)
    form = OfferForm(request.POST or None, request.FILES or None)

    def act(values: dict[str, Any]) -> Building:
        return actions.add_offer(building=row, by=signed_in(request), now=clock.now(), **values).building

    return _of(request, form, act, row, title=_("New offer in %(name)s") % {"name": row.name})


@require_http_methods(SHOW_AND_SEND)
def end_offer(request: HttpRequest, workspace: str, building: int, pk: int) -> HttpResponse:
    """End a network offer."""
    offer = part_for(request.user, workspace, building, Offer, pk)
    form = OfferEndForm(request.POST or None, initial={"on": clock.today()})
    if form.is_valid():
        with errors_in(form):
            actions.end_offer(offer=offer, on=form.cleaned_data["on"], by=signed_in(request))
            messages.success(request, _("Saved."))
            return redirect(_home(offer.building))
    steps = [(offer.building.name, back := _home(offer.building))]
    context = {"form": form, "title": _("End of an offer"), "back": back, "trail": steps}
    return render(request, "premises/form.html", context, status=form_status(request))
