"""Accounts for the installation's staff: who belongs to it, and finding somebody to give or take that."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts import actions, claiming
from totem.accounts.models import User
from totem.accounts.permissions import signed_in
from totem.core.pages import SHOW_AND_SEND, errors_as_message, staff_only
from totem.core.sort_keys import words_begin

ON_A_PAGE = 50


@staff_only
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """The staff; with `q`, the accounts whose address holds it or whose name has each of its words."""
    asked = request.GET.get("q", "").strip()[:150]
    found = Q(email__icontains=asked) | words_begin(asked) if asked else Q(is_staff=True)
    people = User.objects.filter(found, is_active=True)
    page = Paginator(people, ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "accounts/staff.html", {"page": page, "asked": asked})


@require_http_methods(SHOW_AND_SEND)
def claim(request: HttpRequest, code: str) -> HttpResponse:
    """The link that makes the first of the staff; it does not exist for any other code, nor a second time."""
    person = signed_in(request)
    if request.method == "POST" and claiming.claim(person=person, code=code):
        messages.success(request, _("You look after this installation. Now its first hub."))
        return redirect("hubs:create")
    if not claiming.opens(code):
        raise Http404
    return render(request, "accounts/claim.html")


@staff_only
@require_POST
def set_staff(request: HttpRequest, pk: int) -> HttpResponse:
    """Let somebody look after the installation, or no longer."""
    person = get_object_or_404(User, pk=pk, is_active=True)
    with errors_as_message(request):
        actions.set_staff(person=person, is_staff=request.POST.get("staff") == "yes", by=signed_in(request))
        messages.success(request, _("Saved."))
    return redirect("accounts:staff")
