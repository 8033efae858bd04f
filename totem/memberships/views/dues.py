"""Dues of a hub, for its team: who is up to date, who joins at the desk, who pays."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.models import User
from totem.accounts.permissions import signed_in
from totem.billing.models import Customer
from totem.billing.permissions import SELL, row_for
from totem.billing.views.frame import ON_A_PAGE, billing_page
from totem.core import clock
from totem.core.components import Tab
from totem.core.pages import SHOW_AND_SEND, Confirmation, errors_as_message, errors_in, form_status, run_or_confirm
from totem.core.periods import parse_day
from totem.core.spreadsheets import ListColumn, spreadsheet
from totem.hubs.models import Hub
from totem.hubs.permissions import MANAGE, hub_for
from totem.memberships.actions import dues as actions
from totem.memberships.actions.dues import ChosenDues
from totem.memberships.forms.dues import CancelForm, DeskJoinForm, PayForm, RefuseForm
from totem.memberships.models import VALID, DuesKind, DuesState, DuesTerm
from totem.memberships.queries import dues as queries


@never_cache
@require_safe
def dues(request: HttpRequest, slug: str) -> HttpResponse:
    """Who is up to date on a day, who is not, what waits and what is over; searched by name."""
    hub = hub_for(request.user, slug, SELL)
    shown, day, search = _asked(request, hub)
    page: Page[Any] = Paginator(queries.listed(hub, shown, day, search), ON_A_PAGE).get_page(request.GET.get("page"))
    names = {
        "a-jour": _("Up to date"),
        "pas-a-jour": _("Not up to date"),
        "en-attente": _("Waiting"),
        "finies": _("Refused, abandoned, cancelled"),
    }
    context = {
        "shown": shown,
        "day": day,
        "q": search,
        "page": page,
        "lists": [
            Tab(label, f"?liste={name}&le={day}", queries.listed(hub, name, day).count(), name == shown)
            for name, label in names.items()
        ],
        "manages": request.user.has_perm(MANAGE, hub),
    }
    return billing_page(request, "memberships/dues", hub, context)


@never_cache
@require_safe
def dues_csv(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The list that is shown, as CSV."""
    hub = hub_for(request.user, slug, SELL)
    shown, day, search = _asked(request, hub)
    columns = (
        ListColumn[DuesTerm](_("Name"), lambda term: term.person.name),
        ListColumn[DuesTerm](_("E-mail"), lambda term: term.person.email),
        ListColumn[DuesTerm](_("Organisation"), lambda term: term.organisation.name if term.organisation else ""),
        ListColumn[DuesTerm](_("Dues"), lambda term: term.kind.name),
        ListColumn[DuesTerm](_("As"), lambda term: term.get_group_display()),
        ListColumn[DuesTerm](_("State"), lambda term: term.get_state_display()),
        ListColumn[DuesTerm](_("From"), lambda term: term.starts_on, "date"),
        ListColumn[DuesTerm](_("Until (included)"), lambda term: term.ends_on, "date"),
        ListColumn[DuesTerm](_("Amount, VAT included (€)"), lambda term: term.amount, "amount"),
        ListColumn[DuesTerm](_("Invoice"), lambda term: term.document.reference if term.document else ""),
    )
    rows = queries.listed(hub, shown, day, search)
    return spreadsheet("csv", f"adhesions-{hub.slug}-{day}", columns, rows, zone=hub.zone)


def _asked(request: HttpRequest, hub: Hub) -> tuple[str, date, str]:
    """Which list, on which day, and the words that are searched."""
    shown = request.GET.get("liste", queries.LISTS[0])
    if shown not in queries.LISTS:
        raise Http404
    try:
        day = parse_day(request.GET.get("le") or str(clock.today(hub.zone)))
    except ValueError:
        day = clock.today(hub.zone)
    return shown, day, request.GET.get("q", "").strip()[:100]


@require_http_methods(SHOW_AND_SEND)
def dues_add(request: HttpRequest, slug: str) -> HttpResponse:
    """Somebody joins at the desk: their account, the dues, the amount; or a member who is exempt."""
    hub, by, now = hub_for(request.user, slug, SELL), signed_in(request), clock.now()
    form = DeskJoinForm(request.POST or None)
    form.fields["kind"].queryset = DuesKind.objects.filter(hub=hub, is_active=True)  # type: ignore[attr-defined]
    if form.is_valid():
        data = form.cleaned_data
        person = User.objects.filter(email=data["email"], is_active=True, erased_at__isnull=True).first()
        if person is None:
            form.add_error("email", _("Nobody has an account with this address: invite them first."))
        else:
            with errors_in(form):
                if data["reason"]:
                    term = actions.exempt(kind=data["kind"], person=person, reason=data["reason"], by=by, now=now)
                else:
                    chosen = ChosenDues(data["kind"], data["group"], data["amount"])
                    term = actions.join(chosen=chosen, person=person, by=by, now=now)
                return redirect("memberships:dues_term", hub.slug, term.pk)
    return billing_page(request, "memberships/dues_add", hub, {"form": form})


@require_http_methods(SHOW_AND_SEND)
def dues_term(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One membership: its dates, amount and answers; the payment is typed here."""
    hub, term = _term(request, slug, pk)
    today, by = clock.today(hub.zone), signed_in(request)
    form = None
    if term.state == DuesState.TO_PAY:
        who = {"organisation": term.organisation} if term.organisation else {"person": term.person}
        customer = Customer.objects.filter(hub=hub, **who).first()
        form = PayForm(request.POST or None, customer=customer, initial={"received_on": today})
        if form.is_valid():
            with errors_in(form):
                actions.pay(term=term, by=by, now=clock.now(), **form.cleaned_data)
                messages.success(request, _("Paid: the invoice is issued, and they are a member."))
                return redirect("memberships:dues_term", hub.slug, term.pk)
    labels = dict(term.kind.questions.values_list("key", "label"))
    context = {
        "term": term,
        "form": form,
        "refuse": RefuseForm(),
        "answers": [(labels.get(key, key), value) for key, value in term.answers.items()],
        "is_valid": term.state in VALID,
    }
    return billing_page(request, "memberships/dues_term", hub, context)


@require_POST
def dues_answer(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Approve, refuse, or note that a transfer is announced."""
    hub, term = _term(request, slug, pk)
    by, now, form = signed_in(request), clock.now(), RefuseForm(request.POST)
    with errors_as_message(request):
        if "approve" in request.POST:
            actions.approve(term=term, by=by, now=now)
        elif "announce" in request.POST:
            actions.announce_transfer(term=term, by=by, now=now)
        elif form.is_valid():
            actions.refuse(term=term, reason=form.cleaned_data["reason"], by=by, now=now)
        messages.success(request, _("Saved."))
    return redirect("memberships:dues_term", hub.slug, term.pk)


@require_http_methods(SHOW_AND_SEND)
def dues_cancel(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take a membership back; the bookings that it affects are shown before."""
    hub, term = _term(request, slug, pk)
    if term.state not in VALID:
        raise Http404
    form = CancelForm(request.POST or None, is_paid=term.document is not None)
    confirmation = Confirmation()
    if form.is_valid():
        by = signed_in(request)
        confirmation = run_or_confirm(
            form, lambda: actions.cancel(term=term, by=by, now=clock.now(), **form.cleaned_data)
        )
        if confirmation.done:
            messages.success(request, _("The membership is cancelled."))
            return redirect("memberships:dues_term", hub.slug, term.pk)
    context = {"term": term, "form": form, "confirmation": confirmation}
    return billing_page(
        request, "memberships/dues_cancel", hub, context, refused=form_status(request, confirmation.status)
    )


def _term(request: HttpRequest, slug: str, pk: int) -> tuple[Hub, DuesTerm]:
    hub, term = row_for(request.user, slug, DuesTerm, pk)
    return hub, term
