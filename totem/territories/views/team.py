"""Workspaces and perimeters: a territory's team, and what it counts on."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.navigation import stand
from totem.core.pages import SHOW_AND_SEND, errors_as_message, errors_in, form_status
from totem.territories import actions, approvals
from totem.territories.actions import LastOfficerError
from totem.territories.cut_communes import commune_rows, missing_words, unknown_words
from totem.territories.forms import (
    ApprovalForm,
    MemberForm,
    WorkspaceForm,
    say_former_communes,
)
from totem.territories.models import CutRule, Perimeter, PerimeterVersion, Workspace, WorkspaceMember
from totem.territories.navigation import SETTINGS
from totem.territories.overlaps import RULE_WORDS
from totem.territories.permissions import EDIT, SEE, TEAM, perimeter_for, workspace_for
from totem.territories.places import (
    ShapesMissing,
    codes_by_part,
    part_refs,
    place_of_version,
    shape_from,
    version_of,
)
from totem.territories.shape_forms import PerimeterForm, PerimeterVersionForm
from totem.territories.shapes import as_geojson
from totem.territories.views import home_crumb

SAVE_VERSION = gettext_lazy("Save this version")


def _seen_by(public: bool) -> str:
    return _("Everybody sees it now.") if public else _("Only the team sees it now.")


def _say_saved(request: HttpRequest, number: int, public: bool) -> None:
    saved = _("Version %(number)s of the perimeter is saved.") % {"number": number}
    messages.success(request, f"{saved} {_seen_by(public)}")


def _last_officer() -> str:
    return _("A territory keeps at least one officer: give the role to somebody else first.")


# -- Workspaces -------------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def create(request: HttpRequest) -> HttpResponse:
    """A new workspace, asked for by anybody who is signed in."""
    form, person = WorkspaceForm(request.POST or None), signed_in(request)
    if form.is_valid():
        with errors_in(form):
            made = actions.create_workspace(by=person, trusted=person.is_staff, **form.cleaned_data)
            messages.success(request, _("The territory is there. You are its officer."))
            return redirect("territories:workspace", made.slug)
    context = {"form": form, "trail": [home_crumb()]}
    return render(request, "territories/workspace_create.html", context, status=form_status(request))


@require_safe
def workspace(request: HttpRequest, workspace: str) -> HttpResponse:
    """A territory's perimeters and its team."""
    row = workspace_for(request.user, workspace)
    return _workspace_page(request, row, MemberForm())


def _workspace_page(
    request: HttpRequest, row: Workspace, form: MemberForm, asking: ApprovalForm | None = None
) -> HttpResponse:
    context = {
        "workspace": row,
        "form": form,
        "asking": asking or ApprovalForm(),
        "perimeters": Perimeter.objects.filter(workspace=row),
        "team": row.members.select_related("person").order_by("person__sort_key", "pk"),
        "may_edit": request.user.has_perm(EDIT, row),
        "may_team": request.user.has_perm(TEAM, row),
    }
    return render(request, "territories/workspace.html", context, status=form_status(request))


@require_POST
def ask(request: HttpRequest, workspace: str) -> HttpResponse:
    """Ask the installation's staff to publish, or again for the approval that they refused."""
    row = workspace_for(request.user, workspace, TEAM)
    form = ApprovalForm(request.POST)
    if form.is_valid():
        with errors_in(form):
            approvals.ask(workspace=row, by=signed_in(request), now=clock.now(), **form.cleaned_data)
            messages.success(request, _("Asked. The answer comes by mail."))
            return redirect("territories:workspace", row.slug)
    return _workspace_page(request, row, MemberForm(), form)


@require_POST
def set_member(request: HttpRequest, workspace: str) -> HttpResponse:
    """Give somebody a role in the team."""
    row = workspace_for(request.user, workspace, TEAM)
    form = MemberForm(request.POST)
    if form.is_valid():
        try:
            with errors_in(form):
                actions.set_member(workspace=row, by=signed_in(request), **form.cleaned_data)
                messages.success(request, _("Saved."))
                # Whoever gave up the officer's role themselves still sees the page.
                return redirect("territories:workspace", row.slug)
        except LastOfficerError:
            form.add_error("role", _last_officer())
    return _workspace_page(request, row, form)


@require_POST
def remove_member(request: HttpRequest, workspace: str, pk: int) -> HttpResponse:
    """Take somebody out of the team."""
    row = workspace_for(request.user, workspace, TEAM)
    member = get_object_or_404(WorkspaceMember.objects.select_related("workspace"), workspace=row, pk=pk)
    try:
        actions.remove_member(member=member, by=signed_in(request))
    except LastOfficerError:
        messages.error(request, _last_officer())
        return redirect("territories:workspace", row.slug)
    messages.success(request, _("The role is taken away."))
    if member.person_id == request.user.pk:
        return redirect("territories:index")
    return redirect("territories:workspace", row.slug)


# -- Perimeters -------------------------------------------------------------------------------------------------------


def _content(form: PerimeterVersionForm) -> dict[str, Any]:
    """What the form says the perimeter is made of, as actions take it."""
    data = form.cleaned_data
    return {
        "parts": codes_by_part(data["places"]),
        "polygon": data["polygon"],
        "cut": data["cut"] or CutRule.INSIDE,
        "valid_from": data["valid_from"],
        "note": data["note"],
        "now": clock.now(),
    }


@require_http_methods(SHOW_AND_SEND)
def create_perimeter(request: HttpRequest, workspace: str) -> HttpResponse:
    """A new perimeter of the territory: places, or a shape drawn or sent."""
    row = workspace_for(request.user, workspace, EDIT)
    # The observatory's drawing page hands its shape over in the address.
    initial = {"valid_from": clock.today(), "shape": request.GET.get("shape", "")}
    form = PerimeterForm(request.POST or None, request.FILES or None, initial=initial)
    if form.is_valid():
        name, public = form.cleaned_data["name"], form.cleaned_data["public"]
        with errors_in(form):
            made = actions.create_perimeter(
                name=name, public=public, workspace=row, by=signed_in(request), **_content(form)
            )
            _say_saved(request, 1, public)
            say_former_communes(request, form)
            return redirect("territories:perimeter", made.slug)
    context = {
        "form": form,
        "title": _("New perimeter"),
        "verb": SAVE_VERSION,
        "back": reverse("territories:workspace", args=[row.slug]),
    }
    return render(request, "territories/perimeter_form.html", context, status=form_status(request))


def _stand(request: HttpRequest, row: Perimeter) -> None:
    """Its address is that of a public page: for its team it stands among what is the territory's."""
    if row.workspace is not None:
        stand(request, SETTINGS, row.workspace.slug)


@login_not_required
@require_safe
def perimeter(request: HttpRequest, perimeter: str) -> HttpResponse:
    """A perimeter as it is today, or in the version of `?version=`, with all of its versions."""
    row = perimeter_for(request.user, perimeter)
    _stand(request, row)
    versions = list(PerimeterVersion.objects.filter(perimeter=row).defer("polygon").order_by("-number"))
    asked = request.GET.get("version", "")
    current = version_of(row)
    number = int(asked) if asked.isdecimal() and len(asked) < 5 else None
    shown = (version_of(row, number) if number is not None else None) or current
    context: dict[str, Any] = {
        "perimeter": row,
        "versions": versions,
        "version": shown,
        "current": current,
        "parts": part_refs(shown) if shown and shown.polygon is None else [],
        "is_team": row.workspace is not None and request.user.has_perm(SEE, row.workspace),
        "may_edit": row.workspace is not None and request.user.has_perm(EDIT, row.workspace),
        "code": f"{row.slug}@{shown.number}" if shown else row.slug,
        **_communes(shown, row),
    }
    context["trail"] = [] if context["is_team"] else [home_crumb()]
    return render(request, "territories/perimeter.html", context)


def _communes(version: PerimeterVersion | None, perimeter: Perimeter) -> dict[str, Any]:
    """The communes of a version, its area (as published, else as it is known today), and whether limits are missing."""
    if version is None:
        return {}
    try:
        place = place_of_version(version, code=perimeter.slug, name=perimeter.name)
    except ShapesMissing:
        words, missing = missing_words(shape_from(version.polygon or b""))
        return {"area_km2": version.area_km2, "shapes_missing": missing, "nowhere": words}
    return {
        "communes": commune_rows(place),
        "area_km2": place.area_km2 if version.area_km2 is None else version.area_km2,
        "rule": RULE_WORDS if place.overlap else "",
        "unknown": unknown_words(place.overlap),
    }


@require_http_methods(SHOW_AND_SEND)
def publish(request: HttpRequest, perimeter: str) -> HttpResponse:
    """A new version of a perimeter, begun from the last one."""
    row = perimeter_for(request.user, perimeter, EDIT)
    _stand(request, row)
    last = row.versions.order_by("-number").first()
    initial: dict[str, Any] = {"valid_from": clock.today()}
    if last is not None and last.polygon is not None:
        initial |= {"shape": as_geojson(shape_from(last.polygon)), "cut": last.cut}
    elif last is not None:
        initial["places"] = part_refs(last)
    form = PerimeterVersionForm(request.POST or None, request.FILES or None, initial=initial)
    if form.is_valid():
        with errors_in(form):
            made = actions.publish_perimeter_version(perimeter=row, by=signed_in(request), **_content(form))
            _say_saved(request, made.number, row.public)
            say_former_communes(request, form)
            return redirect("territories:perimeter", row.slug)
    back = reverse("territories:perimeter", args=[row.slug])
    context = {
        "form": form,
        "title": _("New version of %(name)s") % {"name": row.name},
        "verb": SAVE_VERSION,
        "back": back,
        "trail": [(row.name, back)],
    }
    return render(request, "territories/perimeter_form.html", context, status=form_status(request))


@require_POST
def set_public(request: HttpRequest, perimeter: str) -> HttpResponse:
    """Show a perimeter to the public, or to its team alone."""
    row = perimeter_for(request.user, perimeter, EDIT)
    public = request.POST.get("public") == "yes"
    with errors_as_message(request):
        actions.set_public(perimeter=row, public=public, by=signed_in(request))
        messages.success(request, _seen_by(public))
    return redirect("territories:perimeter", row.slug)
