"""Management of a hub's team: invitations and roles."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from totem.accounts import invitations
from totem.accounts.answering import invite_from
from totem.accounts.permissions import signed_in
from totem.core.pages import SHOW_AND_SEND, errors_in, form_status
from totem.hubs import actions
from totem.hubs.actions import LastManagerError
from totem.hubs.invitations import TEAM
from totem.hubs.models import TeamMember
from totem.hubs.people_forms import RoleForm, TeamInvitationForm
from totem.hubs.permissions import MANAGE, hub_for


def last_manager() -> str:
    """What is said to whoever would leave a hub without a manager."""
    return _("A hub keeps at least one manager: give the role to somebody else first.")


# -- Team -------------------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def team(request: HttpRequest, slug: str) -> HttpResponse:
    """The team with its roles, and a form to invite somebody."""
    hub = hub_for(request.user, slug, MANAGE)
    form = TeamInvitationForm(request.POST or None)
    if form.is_valid() and invite_from(request, form, TEAM, hub, {"role": form.cleaned_data["role"]}):
        return redirect("hubs:team", hub.slug)
    rows = TeamMember.objects.filter(hub=hub).select_related("person").order_by("person__sort_key", "pk")
    context = {"hub": hub, "team": rows, "form": form, "waiting": invitations.waiting_at([TEAM], hub)}
    return render(request, "hubs/team.html", context, status=form_status(request))


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
            form.add_error("role", last_manager())
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
        messages.error(request, last_manager())
        return redirect("hubs:team", hub.slug)
    messages.success(request, _("The role is taken away."))
    # Who removed their own role may no longer see this page.
    return redirect("website:hub" if member.person_id == request.user.pk else "hubs:team", hub.slug)
