"""Management of a hub's team and members."""

from datetime import date

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.components import Tab
from totem.core.pages import SHOW_AND_SEND, errors_in, form_status
from totem.core.sort_keys import words_begin
from totem.hubs import actions
from totem.hubs.actions import LastManagerError
from totem.hubs.forms import LastDayForm, MemberSearchForm, MembershipForm, RoleForm, TeamMemberForm
from totem.hubs.models import Hub, Membership, MembershipQuerySet, TeamMember
from totem.hubs.permissions import MANAGE, hub_for

MEMBERS_ON_A_PAGE = 50


def _last_manager() -> str:
    return _("A hub keeps at least one manager: give the role to somebody else first.")


# -- Team -------------------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def team(request: HttpRequest, slug: str) -> HttpResponse:
    """The team with its roles, and a form to add somebody."""
    hub = hub_for(request.user, slug, MANAGE)
    form = TeamMemberForm(request.POST or None)
    if form.is_valid():
        with errors_in(form):
            actions.add_team_member(hub=hub, by=signed_in(request), **form.cleaned_data)
            messages.success(request, _("The team has grown."))
            return redirect("hubs:team", hub.slug)
    rows = TeamMember.objects.filter(hub=hub).select_related("person").order_by("person__sort_key", "pk")
    return render(request, "hubs/team.html", {"hub": hub, "team": rows, "form": form}, status=form_status(request))


@require_http_methods(SHOW_AND_SEND)
def role(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Change a role, or remove it."""
    hub = hub_for(request.user, slug, MANAGE)
    member = get_object_or_404(TeamMember.objects.select_related("person"), hub=hub, pk=pk)
    form = RoleForm(request.POST or None, initial={"role": member.role})
    if form.is_valid():
        try:
            with errors_in(form):
                actions.change_team_role(member=member, by=signed_in(request), **form.cleaned_data)
                messages.success(request, _("Saved."))
                return redirect("hubs:team", hub.slug)
        except LastManagerError:
            form.add_error("role", _last_manager())
    context = {
        "hub": hub,
        "form": form,
        "title": member.person.name or member.person.email,
        "back": reverse("hubs:team", args=[hub.slug]),
        "verb": _("Save"),
        "remove": reverse("hubs:role_remove", args=[hub.slug, member.pk]),
        "remove_label": _("Take this role away"),
        "remove_question": _("They keep their account and their bookings."),
    }
    return render(request, "hubs/form.html", context, status=form_status(request))


@require_POST
def remove_from_team(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Remove a role."""
    hub = hub_for(request.user, slug, MANAGE)
    member = get_object_or_404(TeamMember, hub=hub, pk=pk)
    try:
        actions.remove_team_member(member=member, by=signed_in(request))
    except LastManagerError:
        messages.error(request, _last_manager())
        return redirect("hubs:team", hub.slug)
    messages.success(request, _("The role is taken away."))
    # Who removed their own role may no longer see this page.
    return redirect("website:hub" if member.person_id == request.user.pk else "hubs:team", hub.slug)


# -- Members ----------------------------------------------------------------------------------------------------------


def _groups(hub: Hub, today: date) -> dict[str, MembershipQuerySet]:
    """Memberships by the filter in the address: current, to come, past."""
    rows = Membership.objects.filter(hub=hub)
    return {
        "": rows.on(today),
        "a-venir": rows.filter(starts_on__gt=today),
        "passes": rows.filter(ends_on__lt=today),
    }


@require_safe
def members(request: HttpRequest, slug: str) -> HttpResponse:
    """Members, present, future and past; searched by name or address."""
    hub = hub_for(request.user, slug, MANAGE)
    today = clock.today(hub.zone)
    form = MemberSearchForm(request.GET or None)
    typed = form.cleaned_data["q"].strip() if form.is_valid() else ""
    groups = _groups(hub, today)
    which = request.GET.get("qui", "")
    which = which if which in groups else ""
    if typed:
        found = Q(person__email__icontains=typed) | words_begin(typed, "person__sort_key")
        groups = {name: rows.filter(found) for name, rows in groups.items()}
    labels = {"": _("Members"), "a-venir": _("To come"), "passes": _("Past")}
    rows = groups[which].select_related("person").order_by("person__sort_key", "-starts_on", "pk")
    context = {
        "hub": hub,
        "form": form,
        "typed": typed,
        "which": which,
        "page": Paginator(rows, MEMBERS_ON_A_PAGE).get_page(request.GET.get("page")),
        "tabs": [
            Tab(label, f"?{urlencode({'qui': name, 'q': typed})}", groups[name].count(), current=name == which)
            for name, label in labels.items()
        ],
    }
    return render(request, "hubs/members.html", context)


@require_http_methods(SHOW_AND_SEND)
def add_member(request: HttpRequest, slug: str) -> HttpResponse:
    """A new membership."""
    hub = hub_for(request.user, slug, MANAGE)
    today = clock.today(hub.zone)
    form = MembershipForm(request.POST or None, initial={"starts_on": today})
    if form.is_valid():
        with errors_in(form):
            actions.add_membership(hub=hub, by=signed_in(request), **form.cleaned_data)
            messages.success(request, _("The membership is written down."))
            return redirect("hubs:members", hub.slug)
    context = {
        "hub": hub,
        "form": form,
        "title": _("Add a member"),
        "back": reverse("hubs:members", args=[hub.slug]),
        "verb": _("Add"),
    }
    return render(request, "hubs/form.html", context, status=form_status(request))


@require_http_methods(SHOW_AND_SEND)
def end_membership(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Set the last day of a membership."""
    hub = hub_for(request.user, slug, MANAGE)
    membership = get_object_or_404(Membership.objects.select_related("person"), hub=hub, pk=pk)
    today = clock.today(hub.zone)
    form = LastDayForm(request.POST or None, initial={"ends_on": membership.ends_on or today})
    if form.is_valid():
        with errors_in(form):
            actions.end_membership(membership=membership, by=signed_in(request), **form.cleaned_data)
            messages.success(request, _("The membership has its last day."))
            return redirect("hubs:members", hub.slug)
    context = {
        "hub": hub,
        "form": form,
        "title": membership.person.name or membership.person.email,
        "lead": _("The last day counts; from the next one on they book as anybody does."),
        "back": reverse("hubs:members", args=[hub.slug]),
        "verb": _("End the membership"),
    }
    return render(request, "hubs/form.html", context, status=form_status(request))
