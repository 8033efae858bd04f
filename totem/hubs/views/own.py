"""One's own hubs: memberships, roles and requests; asking to become a member; leaving a team."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.pages import SHOW_AND_SEND, errors_in, form_status
from totem.hubs import actions, queries
from totem.hubs.actions import LastManagerError
from totem.hubs.models import Membership, MembershipRequest, TeamMember
from totem.hubs.people_forms import JoinForm
from totem.hubs.permissions import hub_for
from totem.hubs.views.people import last_manager


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """The hubs where one is a member or in the team, and what one asked."""
    person = signed_in(request)
    held = Membership.objects.filter(person=person).select_related("hub").order_by("hub__name", "-starts_on")
    context = {
        "memberships": [(row, row.ends_on is None or row.ends_on >= clock.today(row.hub.zone)) for row in held],
        "roles": TeamMember.objects.filter(person=person).select_related("hub").order_by("hub__name", "pk"),
        "asked": MembershipRequest.objects.filter(person=person, declined_at=None).select_related("hub").order_by("pk"),
    }
    return render(request, "hubs/mine.html", context)


@require_http_methods(SHOW_AND_SEND)
def ask(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask to become a member."""
    hub = hub_for(request.user, slug)
    if not hub.accepts_requests:
        raise Http404
    person, now = signed_in(request), clock.now()
    reason = queries.not_asking(hub, person, now)
    form = JoinForm(request.POST or None)
    if form.is_valid():
        with errors_in(form):
            actions.ask_to_join(hub=hub, person=person, now=now, **form.cleaned_data)
            messages.success(request, _("The team has your request, and answers by mail."))
            return redirect("hubs:mine")
    context = {"hub": hub, "form": form, "reason": reason}
    return render(request, "hubs/join.html", context, status=form_status(request))


@require_POST
def withdraw_request(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back a request that waits."""
    person = signed_in(request)
    asked = get_object_or_404(MembershipRequest.objects.select_related("hub"), pk=pk, person=person, declined_at=None)
    actions.withdraw_request(request=asked, by=person)
    messages.success(request, _("The request is taken back."))
    return redirect("hubs:mine")


@require_POST
def leave_team(request: HttpRequest, pk: int) -> HttpResponse:
    """Give back one's own role."""
    person = signed_in(request)
    member = get_object_or_404(TeamMember.objects.select_related("hub"), pk=pk, person=person)
    try:
        actions.remove_team_member(member=member, by=person)
        messages.success(request, _("You no longer have this role."))
    except LastManagerError:
        messages.error(request, last_manager())
    return redirect("hubs:mine")
