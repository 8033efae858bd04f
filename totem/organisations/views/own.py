"""One's organisations: who they are, and who is in them. An organisation one is not in does not exist (404)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts import invitations
from totem.accounts.answering import invite_from
from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.pages import SHOW_AND_SEND, errors_in, form_status, run_or_confirm
from totem.organisations import actions, queries
from totem.organisations.forms import InvitationForm, LeavingForm, OrganisationForm
from totem.organisations.invitations import PERSON
from totem.organisations.models import Affiliation, Organisation
from totem.territories.forms import say_former_communes


def _edited(request: HttpRequest, pk: int) -> Organisation:
    return get_object_or_404(queries.edited_by(signed_in(request), clock.today()), pk=pk)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The organisations one is in, and the invitations to answer."""
    person = signed_in(request)
    context = {
        "affiliations": queries.affiliations_of(person, clock.today()),
        "invitations": invitations.waiting_for(person),
    }
    return render(request, "organisations/list.html", context)


@require_http_methods(SHOW_AND_SEND)
def create(request: HttpRequest) -> HttpResponse:
    """A new organisation, represented by whoever makes it."""
    form = OrganisationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with errors_in(form):
            made = actions.create_organisation(by=signed_in(request), now=clock.now(), **form.cleaned_data)
            messages.success(request, _("%(name)s is here. You represent it.") % {"name": made.name})
            say_former_communes(request, form)
            return redirect("organisations:detail", made.pk)
    return render(request, "organisations/form.html", {"form": form}, status=form_status(request))


@require_http_methods(SHOW_AND_SEND)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Who the organisation is, for those who represent it."""
    organisation = _edited(request, pk)
    # The form fills the instance it is given: the page keeps the name that holds.
    form = OrganisationForm(request.POST or None, instance=_edited(request, pk))
    if request.method == "POST" and form.is_valid():
        with errors_in(form):
            actions.update_organisation(organisation=organisation, by=signed_in(request), **form.cleaned_data)
            messages.success(request, _("Saved."))
            say_former_communes(request, form)
            return redirect("organisations:detail", pk)
    context = {"form": form, "organisation": organisation}
    return render(request, "organisations/form.html", context, status=form_status(request))


@require_http_methods(SHOW_AND_SEND)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The organisation and its people; those who represent it invite others here."""
    person, today = signed_in(request), clock.today()
    if request.method == "POST":
        organisation = _edited(request, pk)
        form = InvitationForm(request.POST)
        if form.is_valid() and _invite(request, organisation, form):
            return redirect("organisations:detail", pk)
    else:
        organisation = get_object_or_404(queries.organisations_of(person, today).select_related("commune"), pk=pk)
        form = InvitationForm()
    people = list(queries.people_of(organisation, today))
    context = {
        "organisation": organisation,
        "people": people,
        "form": form,
        "editable": any(
            row.person_id == person.pk and row.role == Affiliation.Role.REPRESENTATIVE and row.since <= today
            for row in people
        ),
        "waiting": invitations.waiting_at([PERSON], organisation),
    }
    return render(request, "organisations/detail.html", context, status=form_status(request))


def _invite(request: HttpRequest, organisation: Organisation, form: InvitationForm) -> bool:
    offer = {name: form.cleaned_data[name] for name in ("role", "can_book")}
    return invite_from(request, form, PERSON, organisation, offer)


@require_POST
def remove(request: HttpRequest, pk: int, affiliation_pk: int) -> HttpResponse:
    """Take somebody out (a representative), or leave (oneself); the bookings for the organisation are shown before."""
    person, today = signed_in(request), clock.today()
    affiliation = get_object_or_404(
        Affiliation.objects.current_or_coming(today).select_related("organisation"),
        pk=affiliation_pk,
        organisation=get_object_or_404(queries.organisations_of(person, today), pk=pk),
    )
    leaving = affiliation.person_id == person.pk
    if not leaving:
        _edited(request, pk)
    form = LeavingForm(request.POST)
    cancel = form.is_valid() and form.cleaned_data["bookings"] == LeavingForm.CANCEL
    try:
        confirmation = run_or_confirm(
            form,
            lambda: actions.remove_person(affiliation=affiliation, by=person, now=clock.now(), cancel=cancel),
        )
    except actions.LastRepresentativeError:
        messages.error(request, _("An organisation keeps one representative: invite another one first."))
        return redirect("organisations:detail", pk)
    if not confirmation.done:
        context = {"affiliation": affiliation, "leaving": leaving, "form": form, "confirmation": confirmation}
        return render(request, "organisations/leave.html", context, status=confirmation.status)
    return redirect("organisations:list") if leaving else redirect("organisations:detail", pk)
