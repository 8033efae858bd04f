"""Founding a hub, asking the installation's staff for one, and their answer."""

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from totem.accounts.models import User
from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.pages import SHOW_AND_SEND, errors_in, form_status, staff_only
from totem.hubs import founding
from totem.hubs.forms import FoundingAnswerForm, FoundingForm, NewHubForm
from totem.hubs.models import FoundingRequest, Hub
from totem.organisations.models import Organisation
from totem.organisations.queries import edited_by
from totem.territories.forms import say_former_communes


@require_http_methods(SHOW_AND_SEND)
def create(request: HttpRequest) -> HttpResponse:
    """A new hub, hidden until its manager shows it; for who may not found one, the request for it."""
    person = signed_in(request)
    if not founding.may_found(person):
        return _ask(request, person)
    granted = founding.granted_to(person).first()
    form = NewHubForm(
        request.POST or None, operators=_operators(person), initial={"name": granted.name if granted else ""}
    )
    if form.is_valid():
        with errors_in(form):
            made = founding.found(by=person, now=clock.now(), **form.cleaned_data)
            messages.success(request, _("The hub is there, hidden from the public. You are its manager."))
            say_former_communes(request, form)
            return redirect("hubs:manage", made.slug)
    return render(request, "hubs/new.html", {"form": form}, status=form_status(request))


def _operators(person: User) -> QuerySet[Organisation]:
    """The organisations that the person represents; for the staff, those that run a hub too."""
    known = Q(pk__in=edited_by(person, clock.today()))
    if person.is_staff:
        known |= Q(pk__in=Hub.objects.values("operator"))
    return Organisation.objects.filter(known)


def _ask(request: HttpRequest, person: User) -> HttpResponse:
    last = FoundingRequest.objects.filter(person=person, hub=None).order_by("-pk").first()
    form = FoundingForm(request.POST or None)
    if form.is_valid():
        with errors_in(form):
            founding.ask(person=person, **form.cleaned_data)
            messages.success(request, _("Asked. The answer comes by mail."))
            return redirect("hubs:create")
    return render(request, "hubs/ask.html", {"form": form, "last": last}, status=form_status(request))


@staff_only
@require_http_methods(SHOW_AND_SEND)
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """What somebody asks, and the answer."""
    row = get_object_or_404(FoundingRequest.objects.select_related("person"), pk=pk)
    form = FoundingAnswerForm(request.POST or None)
    if form.is_valid():
        with errors_in(form):
            yes = request.POST.get("answer") == "yes"
            founding.answer(request=row, yes=yes, by=signed_in(request), **form.cleaned_data)
            messages.success(request, _("Answered. The person receives a mail."))
            return redirect("core:requests")
    return render(request, "hubs/founding_request.html", {"asked": row, "form": form}, status=form_status(request))
