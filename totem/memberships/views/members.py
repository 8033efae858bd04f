"""Members that the team of a hub takes in: invitations, requests, the end of a membership."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from totem.accounts import invitations
from totem.accounts.answering import invite_from
from totem.accounts.models import User
from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.pages import (
    SHOW_AND_SEND,
    Confirmation,
    errors_as_message,
    errors_in,
    form_status,
    run_or_confirm,
)
from totem.hubs.actions import decline_request as decline
from totem.hubs.models import Hub, Membership, MembershipRequest
from totem.hubs.permissions import MANAGE, hub_for
from totem.memberships.actions import admissions
from totem.memberships.forms.admissions import DeclineForm, EndMembershipForm, MemberInvitationForm, MembershipForm
from totem.memberships.invitations import MEMBER, days_offered


@require_http_methods(SHOW_AND_SEND)
def add_member(request: HttpRequest, slug: str) -> HttpResponse:
    """Invite somebody to become a member; the invitations and the requests that wait."""
    hub = hub_for(request.user, slug, MANAGE)
    form = MemberInvitationForm(request.POST or None, initial={"starts_on": clock.today(hub.zone)})
    if form.is_valid():
        offer = days_offered(form.cleaned_data["starts_on"], form.cleaned_data["ends_on"])
        if invite_from(request, form, MEMBER, hub, offer):
            return redirect("memberships:member_add", hub.slug)
    asked = MembershipRequest.objects.filter(hub=hub, declined_at=None).select_related("person").order_by("pk")
    context = {"hub": hub, "form": form, "asked": asked, "waiting": invitations.waiting_at([MEMBER], hub)}
    return render(request, "memberships/joining.html", context, status=form_status(request))


@require_http_methods(SHOW_AND_SEND)
def answer_request(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Somebody asks to become a member: accept from a day on."""
    hub = hub_for(request.user, slug, MANAGE)
    asked = _asked(hub, pk)
    form = MembershipForm(request.POST or None, initial={"starts_on": clock.today(hub.zone)})
    if form.is_valid():
        with errors_in(form):
            admissions.accept_request(request=asked, by=signed_in(request), **form.cleaned_data)
            messages.success(request, _("They are a member, and receive a mail."))
            return redirect("memberships:member_add", hub.slug)
    context = {"hub": hub, "asked": asked, "form": form, "decline": DeclineForm()}
    return render(request, "memberships/request.html", context, status=form_status(request))


@require_POST
def decline_request(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Decline, with a reason or without."""
    hub = hub_for(request.user, slug, MANAGE)
    asked, form = _asked(hub, pk), DeclineForm(request.POST)
    if not form.is_valid():
        context = {"hub": hub, "asked": asked, "form": MembershipForm(), "decline": form}
        return render(request, "memberships/request.html", context, status=422)
    with errors_as_message(request):
        decline(request=asked, by=signed_in(request), now=clock.now(), **form.cleaned_data)
        messages.success(request, _("The request is declined, and a mail says so."))
    return redirect("memberships:member_add", hub.slug)


def _asked(hub: Hub, pk: int) -> MembershipRequest:
    return get_object_or_404(
        MembershipRequest.objects.select_related("person", "hub"), hub=hub, pk=pk, declined_at=None
    )


@require_http_methods(SHOW_AND_SEND)
def end_membership(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Set the last day of a membership; the bookings for members alone after it are shown before it is saved."""
    hub = hub_for(request.user, slug, MANAGE)
    membership = get_object_or_404(Membership.objects.select_related("person"), hub=hub, pk=pk)
    back = reverse("bookings:person", args=[hub.slug, membership.person_id])
    form = EndMembershipForm(request.POST or None, initial={"ends_on": membership.ends_on or clock.today(hub.zone)})
    confirmation = Confirmation()
    if form.is_valid():
        confirmation = confirm_end(form, membership, signed_in(request))
        if confirmation.done:
            messages.success(request, _("The membership has its last day."))
            return redirect(back)
    context = {"hub": hub, "membership": membership, "form": form, "confirmation": confirmation, "back": back}
    return render(request, "memberships/member_end.html", context, status=form_status(request, confirmation.status))


def confirm_end(form: EndMembershipForm, membership: Membership, by: User) -> Confirmation:
    """End the membership as the valid form says, once the bookings that it affects were shown."""
    return run_or_confirm(
        form, lambda: admissions.end_membership(membership=membership, by=by, now=clock.now(), **form.cleaned_data)
    )
