"""One's own agreements and credits: what holds, what comes next, leaving; leaving a hub."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.permissions import signed_in
from totem.billing.views.frame import ON_A_PAGE
from totem.core import clock
from totem.core.components import Tab
from totem.core.pages import SHOW_AND_SEND, Confirmation, errors_as_message, errors_in, form_status
from totem.core.signatures import signing_path
from totem.hubs.models import Hub, Membership
from totem.memberships.actions import agreements as actions
from totem.memberships.actions import change_requests
from totem.memberships.forms.admissions import EndMembershipForm
from totem.memberships.forms.agreements import PauseForm
from totem.memberships.forms.offers import ChangeForm
from totem.memberships.models import Agreement, ChangeRequest, PlaceRequest, PlanKind
from totem.memberships.queries import agreements as queries
from totem.memberships.queries import credits as credit_queries
from totem.memberships.queries import own
from totem.memberships.queries.credits import CreditLotRow, Spender
from totem.memberships.queries.deposits import deposit_held
from totem.memberships.queries.monthly_run import month_after
from totem.memberships.queries.offers import benefit_words, offers
from totem.memberships.queries.plans import amount_words, charges_vat
from totem.memberships.views.agreement_changes import noticed
from totem.memberships.views.agreements import contract_answer
from totem.memberships.views.members import confirm_end
from totem.memberships.views.offers import position


@require_http_methods(SHOW_AND_SEND)
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """End one's own membership, today or on a day to come; the bookings that need it are shown before."""
    person = signed_in(request)
    membership = get_object_or_404(Membership.objects.select_related("hub"), pk=pk, person=person)
    today = clock.today(membership.hub.zone)
    if membership.ends_on is not None and membership.ends_on < today:
        raise Http404
    form = EndMembershipForm(request.POST or None, initial={"ends_on": max(today, membership.starts_on)})
    confirmation = Confirmation()
    if form.is_valid():
        if form.cleaned_data["ends_on"] < today:
            form.add_error("ends_on", _("From today on: what is past has been."))
        else:
            confirmation = confirm_end(form, membership, person)
        if confirmation.done:
            messages.success(request, _("You leave %(hub)s.") % {"hub": membership.hub})
            return redirect("hubs:mine")
    context = {"hub": membership.hub, "form": form, "confirmation": confirmation}
    return render(request, "memberships/leave.html", context, status=form_status(request, confirmation.status))


# -- Agreements -------------------------------------------------------------------------------------------------------


@never_cache
@require_safe
def agreements(request: HttpRequest) -> HttpResponse:
    """One's agreements, and the places that one waits for."""
    person, today = signed_in(request), clock.today()
    page: Page[Any] = Paginator(own.own_agreements(person, today), ON_A_PAGE).get_page(request.GET.get("page"))
    waits = PlaceRequest.objects.filter(person=person).select_related("plan__hub")
    context = {
        "page": page,
        "rows": [(one, queries.terms_on(one, today)) for one in page],
        "today": today,
        "waits": [(one, position(one)) for one in waits],
    }
    return render(request, "memberships/my_agreements.html", context)


def _own(request: HttpRequest, pk: int, *, pays: bool = True) -> Agreement:
    """The agreement of that id, if it is the person's; with `pays` only if they answer for it. Raises Http404."""
    rows = own.own_agreements(signed_in(request), clock.today())
    rows = rows.prefetch_related("pauses", "seats__person", "charges", "suspensions")
    return get_object_or_404(rows.filter(Q(pays=True)) if pays else rows, pk=pk)


@never_cache
@require_safe
def agreement(request: HttpRequest, pk: int) -> HttpResponse:
    """What holds and what comes next; who has a seat sees no amount, and not the others."""
    row, person = _own(request, pk, pays=False), signed_in(request)
    today = clock.today(row.hub.zone)
    terms = queries.terms_on(row, today)
    benefits = terms.plan.benefits.all() if terms else ()
    context = {
        "agreement": row,
        "terms": terms,
        "today": today,
        "may_give_notice": queries.may_give_notice(row, today),
        "included": [benefit_words(one, by_month=True) for one in benefits],
    }
    if row.pays:
        signing = queries.signing_requests(row).prefetch_related("signatories__signature").first()
        signatory = own.own_signatory(signing, person)
        context |= _what_is_owed(row, today, row.ends_on) | {
            "signatory": signatory,
            "signing_url": signing_path(signatory) if signatory else "",
            "asked_change": own.change_words(own.waiting_change(row)),
            "later": [one for one in row.terms.all() if one.starts_on > max(today, row.starts_on)],
            "pauses": [one for one in row.pauses.all() if one.ends_on is None or one.ends_on >= today],
            "seats": [one for one in row.seats.all() if one.ends_on is None or one.ends_on >= today],
            "is_suspended": any(one.ends_on is None for one in row.suspensions.all()),
        }
    return render(request, "memberships/my_agreement.html", context)


def _what_is_owed(row: Agreement, today: date, last: date | None) -> dict[str, Any]:
    """What is to pay next; of one that ends what is left to invoice, the credits that are left, the deposit held.

    Credits of the months after `last`, the last day, are given already and are not counted: nobody can use them.
    """
    taxed = charges_vat(row.hub, today)
    due = queries.next_due(row, today)
    if row.ends_on:
        due = queries.left_to_charge(row, row.ends_on)
    lots = row.credit_lots.unspent().select_related("plan").order_by("ends_on", "pk")
    lots = lots.filter(starts_on__lte=last) if last else lots
    return {
        "due": [(one, amount_words(abs(one.amount), one.vat[0] if taxed else Decimal(0))) for one in due],
        "lots": [CreditLotRow(lot, lot.left) for lot in lots if lot.ends_on is None or lot.ends_on >= today],
        "held": deposit_held(row),
    }


@never_cache
@require_safe
def contract(request: HttpRequest, pk: int) -> HttpResponse:
    """The contract: what was signed; before, as it would be."""
    row = _own(request, pk)
    return contract_answer(request, row) or redirect("memberships:my_agreement", row.pk)


@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back what one asked for, until it is signed."""
    row = _own(request, pk)
    with errors_as_message(request):
        actions.withdraw(agreement=row, by=signed_in(request), now=clock.now())
        messages.success(request, _("Your request is taken back: nothing is due."))
    return redirect("memberships:my_agreement", row.pk)


@require_POST
def wait_no_more(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave the list of who waits for a place."""
    row = get_object_or_404(PlaceRequest.objects.select_related("plan__hub"), pk=pk, person=signed_in(request))
    actions.stop_waiting(request=row, by=signed_in(request), now=clock.now())
    messages.success(request, _("You no longer wait for a place."))
    return redirect("memberships:my_agreements")


@never_cache
@require_http_methods(SHOW_AND_SEND)
def give_notice(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave: the last day by the notice and what is left to pay are shown, then confirmed."""
    row = _own(request, pk)
    if not queries.may_give_notice(row, clock.today(row.hub.zone)):
        raise Http404
    context, refused = noticed(request, row)
    if context is None:
        messages.success(request, _("Your notice is given; a mail confirms it. What comes next is below."))
        return redirect("memberships:my_agreement", row.pk)
    context |= _what_is_owed(row, clock.today(row.hub.zone), context["last"]) | {"due": context["due"]}
    return render(request, "memberships/my_notice.html", context, status=form_status(request, refused))


@require_http_methods(SHOW_AND_SEND)
def ask_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the team for another plan from a day on."""
    row = _own(request, pk)
    today = clock.today(row.hub.zone)
    now = queries.terms_on(row, today)
    held = (now.plan_id, now.group, now.months) if now else ()
    found = offers(row.hub, clock.now(), kind=PlanKind.AGREEMENT)
    prices = [one for offer in found for one in offer.prices]
    prices = [one for one in prices if (one.price.plan_id, one.price.group, one.price.months) != held]
    form = ChangeForm(request.POST or None, prices=prices, initial={"starts_on": month_after(today.replace(day=1))})
    texts = (_("Change my plan"), _("The day before keeps what you have. What is paid already is put right."))
    return _ask_page(request, row, form, texts)


@require_http_methods(SHOW_AND_SEND)
def ask_pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the team for days that are not invoiced and give nothing."""
    row = _own(request, pk)
    form = PauseForm(request.POST or None, initial={"starts_on": clock.today(row.hub.zone)})
    texts = (_("Ask for a pause"), _("Its days are not invoiced, and bring no credits nor a place."))
    return _ask_page(request, row, form, texts)


def _ask_page(request: HttpRequest, row: Agreement, form: forms.Form, texts: tuple[str, str]) -> HttpResponse:
    if row.state != "active" or (row.ends_on and row.ends_on < clock.today(row.hub.zone)):
        raise Http404
    if form.is_valid():
        data = dict(form.cleaned_data)
        price, _seen = data.pop("price", None), data.pop("seen", None)
        of_plan = {"plan": price.plan, "group": price.group, "months": price.months} if price else {}
        with errors_in(form):
            asked = ChangeRequest(agreement=row, **of_plan, **data)
            change_requests.ask_for_change(asked=asked, by=signed_in(request), now=clock.now())
            messages.success(request, _("The team has your request, and answers by mail."))
            return redirect("memberships:my_agreement", row.pk)
    title, lead = texts
    context = {"agreement": row, "form": form, "title": title, "lead": lead}
    return render(request, "memberships/my_change.html", context, status=form_status(request))


@require_POST
def change_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back a change that waits for its answer."""
    row = _own(request, pk)
    with errors_as_message(request):
        change_requests.take_back(agreement=row, by=signed_in(request))
        messages.success(request, _("It is no longer asked for."))
    return redirect("memberships:my_agreement", row.pk)


# -- Credits ----------------------------------------------------------------------------------------------------------


@never_cache
@require_safe
def my_credits(request: HttpRequest) -> HttpResponse:
    """What is left of one's credits at a hub until when, and what they were spent on; a tab for each hub."""
    person = signed_in(request)
    lots = own.lots_anywhere(person)
    hubs = list(Hub.objects.filter(pk__in=lots.values("hub")).order_by("name", "pk"))
    slug = request.GET.get("lieu")
    hub = next((one for one in hubs if slug in (None, one.slug)), None)
    if hub is None:
        if slug is not None:
            raise Http404
        return render(request, "memberships/my_credits.html", {"hub": None})
    spender = Spender(hub, person)
    context = {
        "hub": hub,
        "hubs": [Tab(one.name, f"?lieu={one.slug}", None, one == hub) for one in hubs] if hubs[1:] else [],
        "balances": credit_queries.balances(spender, clock.today(hub.zone)),
        "ledger": credit_queries.ledger(spender),
    }
    return render(request, "memberships/my_credits.html", context)
