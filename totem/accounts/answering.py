"""Pages of invitations: what one is invited to, and the buttons of who invites; a room's page shows those it sent."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from totem.accounts import invitations
from totem.accounts.invitations import InvitationKind, Offer
from totem.accounts.models import Invitation
from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.pages import errors_as_message, errors_at, errors_in


@require_safe
def invitations_page(request: HttpRequest) -> HttpResponse:
    """The invitations that wait for one's answer."""
    return render(request, "accounts/invitations.html", {"invitations": invitations.waiting_for(signed_in(request))})


@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Join what one was invited to, and go there."""
    invitation = _mine(request, pk)
    with errors_as_message(request):
        home = invitations.accept(invitation=invitation, person=signed_in(request), now=clock.now())
        messages.success(request, _("Welcome."))
        return HttpResponseRedirect(home)
    return redirect("accounts:invitations")


@require_POST
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    """Not join."""
    invitations.decline(invitation=_mine(request, pk), by=signed_in(request), now=clock.now())
    messages.success(request, _("Declined. You are not written to again about this."))
    return redirect("accounts:invitations")


def _mine(request: HttpRequest, pk: int) -> Invitation:
    return get_object_or_404(Invitation.objects.waiting(), pk=pk, email=signed_in(request).email)


# -- By who invites ---------------------------------------------------------------------------------------------------


def invite_from(request: HttpRequest, form: BaseForm, kind: InvitationKind, subject: Model, offer: Offer) -> bool:
    """Invite the address of a valid form, for the page of a room; False where the form says why not."""
    with errors_in(form), errors_at("email"):
        now, email = clock.now(), form.cleaned_data["email"]
        sent = invitations.invite(kind=kind, subject=subject, email=email, offer=offer, by=signed_in(request), now=now)
        written = _("Invited. A mail is on its way.")
        known = _("They were invited before: the invitation says what you chose now. You can send it again.")
        messages.success(request, written if sent.sent_at == now else known)
        return True
    return False


@require_POST
def send_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the mail once more."""
    invitation, address = _managed(request, pk)
    with errors_as_message(request):
        invitations.send_again(invitation=invitation, by=signed_in(request), now=clock.now())
        messages.success(request, _("Sent again."))
    return HttpResponseRedirect(address)


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back an invitation that was not answered."""
    invitation, address = _managed(request, pk)
    invitations.withdraw(invitation=invitation, by=signed_in(request), now=clock.now())
    messages.success(request, _("The invitation is withdrawn."))
    return HttpResponseRedirect(address)


def _managed(request: HttpRequest, pk: int) -> tuple[Invitation, str]:
    """An invitation that waits, and the page where whoever asks manages it; Http404 for anybody else."""
    invitation: Any = get_object_or_404(Invitation.objects.waiting(), pk=pk)
    try:
        kind, subject = invitations.kind_and_subject(invitation)
    except ObjectDoesNotExist:
        raise Http404 from None
    if not kind.may_invite(signed_in(request), subject):
        raise Http404
    return invitation, kind.managed_at(subject)
