"""Agreements of a hub, for its team: the lists, a new one, its page, its contract, who waits for a place."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.models import User
from totem.accounts.permissions import signed_in
from totem.billing.permissions import SELL, row_for
from totem.billing.views.frame import ON_A_PAGE, billing_page
from totem.core import clock
from totem.core.components import Tab
from totem.core.edit_conflicts import conflict_as_message
from totem.core.expensive import BusyError
from totem.core.files import content_of
from totem.core.models import JournalEntry, SigningState
from totem.core.pages import SHOW_AND_SEND, errors_as_message, errors_in
from totem.core.signatures import shown_path
from totem.core.spreadsheets import ListColumn, spreadsheet
from totem.hubs.models import Hub
from totem.hubs.permissions import hub_for
from totem.memberships import contracts
from totem.memberships.actions import agreements as actions
from totem.memberships.actions.changes import affected_after_end, take_back_notice
from totem.memberships.aid.views import aid_facts
from totem.memberships.domiciliation.queries import lacking
from totem.memberships.forms.agreements import AgreementForm
from totem.memberships.models import OFFER_LASTS, Agreement, PlaceRequest, Plan
from totem.memberships.queries import agreements as queries
from totem.memberships.queries.deposits import deposit_held, deposits_owed
from totem.memberships.queries.own import change_words, waiting_change

HISTORY = 30


@never_cache
@require_safe
def agreements(request: HttpRequest, slug: str) -> HttpResponse:
    """What holds, what begins, changes or ends this month, what waits, and what is over; searched by name or plan."""
    hub = hub_for(request.user, slug, SELL)
    shown, search = _asked(request)
    today = clock.today(hub.zone)
    rows = queries.agreements_of(hub, shown, search, today)
    page: Page[Any] = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "shown": shown,
        "q": search,
        "page": page,
        "rows": [(one, queries.terms_on(one, today), queries.this_month(one, today)) for one in page],
        "lists": _lists(shown, queries.agreement_counts(hub, today)),
        "to_decide": queries.to_suspend(hub, today),
        "waiting": PlaceRequest.objects.filter(plan__hub=hub).count(),
        "owed": deposits_owed(hub),
        "gives_address": Plan.objects.filter(hub=hub, is_domiciliation=True).exists(),
        "gives_aid": Plan.objects.filter(hub=hub, is_incubation=True).exists(),
    }
    return billing_page(request, "memberships/agreements", hub, context)


def _asked(request: HttpRequest) -> tuple[str, str]:
    shown = request.GET.get("liste", "en-cours")
    if shown not in queries.LISTS:
        raise Http404
    return shown, request.GET.get("q", "").strip()[:100]


def _lists(shown: str, counts: dict[str, int]) -> list[Tab]:
    names = {
        "en-cours": _("In force and to come"),
        "ce-mois": _("This month"),
        "a-signer": _("To be signed"),
        "demandes": _("Requests"),
        "finis": _("Ended"),
    }
    return [
        Tab(label, f"?liste={name}", counts[name.replace("-", "_")], name == shown) for name, label in names.items()
    ]


@never_cache
@require_safe
def export(request: HttpRequest, slug: str, extension: str) -> HttpResponseBase:
    """The list that is shown, as CSV or XLSX."""
    hub = hub_for(request.user, slug, SELL)
    shown, search = _asked(request)
    today = clock.today(hub.zone)
    rows = ((one, queries.terms_on(one, today)) for one in queries.agreements_of(hub, shown, search, today))
    columns = (
        ListColumn[Any](_("Customer"), lambda row: row[0].customer.name),
        ListColumn[Any](pgettext("of a hub", "Plan"), lambda row: row[1].plan.name if row[1] else ""),
        ListColumn[Any](_("As"), lambda row: row[1].get_group_display() if row[1] else ""),
        ListColumn[Any](_("State"), lambda row: row[0].get_state_display()),
        ListColumn[Any](_("From"), lambda row: row[0].starts_on, "date"),
        ListColumn[Any](_("Until (included)"), lambda row: row[0].ends_on, "date"),
        ListColumn[Any](_("Desk, office"), lambda row: str(row[0].unit) if row[0].unit else ""),
        ListColumn[Any](_("Price, VAT included (€)"), lambda row: row[1].amount if row[1] else None, "amount"),
        ListColumn[Any](_("For one"), lambda row: row[1].get_months_display() if row[1] else ""),
    )
    return spreadsheet(extension, f"contrats-{hub.slug}-{today}", columns, rows, zone=hub.zone)


@require_http_methods(SHOW_AND_SEND)
def add(request: HttpRequest, slug: str) -> HttpResponse:
    """Make an agreement; where its plan is full, note that its customer waits for a place."""
    hub, now = hub_for(request.user, slug, SELL), clock.now()
    today = clock.today(hub.zone)
    initial = {"customer": request.GET.get("client"), "starts_on": today}
    form = AgreementForm(request.POST or None, hub=hub, today=today, initial=initial)
    if form.is_valid():
        with errors_in(form):
            if "wait" in request.POST:
                return _wait(request, hub, form)
            made = actions.make_agreement(by=signed_in(request), now=now, **form.cleaned_data)
            messages.success(request, _("The agreement is made: it waits for its signature."))
            return redirect("memberships:agreement", hub.slug, made.pk)
    is_full = any(error.code == "full" for errors in form.errors.as_data().values() for error in errors)
    plans = queries.of_agreement_kind(hub, today)
    return billing_page(request, "memberships/agreement_add", hub, {"form": form, "is_full": is_full, "plans": plans})


def _wait(request: HttpRequest, hub: Hub, form: AgreementForm) -> HttpResponse:
    person = form.cleaned_data["customer"].person
    if person is None:
        messages.error(request, _("This customer has no account: nobody could be offered the place."))
    else:
        actions.wait_for_place(plan=form.cleaned_data["chosen"].plan, person=person)
        messages.success(request, _("Noted: they wait for a place."))
    return redirect("memberships:waiting", hub.slug)


@never_cache
@require_safe
def agreement(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """An agreement: what holds and what comes next, its people, what was invoiced, its deposit and its history."""
    hub, row = _row(request, slug, pk)
    today = clock.today(hub.zone)
    signing = queries.signing_requests(row).prefetch_related("signatories__signature").first()
    history = JournalEntry.objects.filter(subject_model="memberships.agreement", subject_id=row.pk).order_by("-pk")
    entries = list(history[:HISTORY])
    names = User.objects.in_bulk([one.actor_id for one in entries if one.actor_id])
    context = {
        "agreement": row,
        "terms": queries.terms_on(row, today),
        "all_terms": row.terms.all(),
        "today": today,
        "next": queries.next_due(row, today) if row.state == "active" else [],
        "signing": signing,
        "signing_url": shown_path(signing) if signing and signing.state == SigningState.WAITING else "",
        "affected": affected_after_end(row, signed_in(request), clock.now()),
        "movements": row.deposit_movements.all(),
        "held": deposit_held(row),
        "domiciliation": lacking(row, today),
        "asked_change": change_words(waiting_change(row)),
        "aid": aid_facts(row, today),
        "may_give_notice": queries.may_give_notice(row, today),
        "suspension": next((one for one in row.suspensions.all() if one.ends_on is None), None),
        "history": [(one, queries.VERBS.get(one.verb, ""), names.get(one.actor_id or 0)) for one in entries],
    }
    return billing_page(request, "memberships/agreement", hub, context)


def _row(request: HttpRequest, slug: str, pk: int) -> tuple[Hub, Agreement]:
    hub, row = row_for(request.user, slug, Agreement, pk)
    rows = Agreement.objects.select_related("hub", "customer__person", "unit__space", "asked_by")
    lists = ("terms__plan", "pauses", "seats__person", "charges", "suspensions", "deposit_movements")
    return hub, rows.prefetch_related(*lists).get(pk=row.pk)


@require_POST
def answer(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Accept what was asked for: it waits for its signature."""
    hub, row = _row(request, slug, pk)
    with errors_as_message(request):
        actions.approve(agreement=row, by=signed_in(request), now=clock.now())
        messages.success(request, _("Accepted: send the contract to be signed, or have it signed on paper."))
    return redirect("memberships:agreement", hub.slug, row.pk)


@require_POST
def withdraw(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take back what is not signed."""
    hub, row = _row(request, slug, pk)
    with errors_as_message(request):
        actions.withdraw(agreement=row, by=signed_in(request), now=clock.now())
        messages.success(request, _("Withdrawn: its place is free."))
    return redirect("memberships:agreement", hub.slug, row.pk)


@require_POST
def notice_back(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take back the notice: the agreement goes on."""
    hub, row = _row(request, slug, pk)
    with errors_as_message(request):
        take_back_notice(agreement=row, by=signed_in(request), now=clock.now())
        messages.success(request, _("The notice is taken back, and a mail says so."))
    return redirect("memberships:agreement", hub.slug, row.pk)


@require_POST
def send(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Draw the contract and mail it to be signed, by the customer and then by who sends it."""
    hub, row = _row(request, slug, pk)
    try:
        with errors_as_message(request), conflict_as_message(request):
            contracts.send_contract(agreement=row, by=signed_in(request), now=clock.now())
            messages.success(request, _("The contract is mailed to the customer; when they have signed, to you."))
    except BusyError:
        messages.error(request, _("The contract could not be drawn now: try again in a minute."))
    return redirect("memberships:agreement", hub.slug, row.pk)


@never_cache
@require_safe
def contract(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The contract: what was signed on paper or is signed on line, byte for byte; before, as it would be."""
    hub, row = _row(request, slug, pk)
    return contract_answer(request, row) or redirect("memberships:agreement", hub.slug, row.pk)


def contract_answer(request: HttpRequest, row: Agreement) -> HttpResponse | None:
    """The contract as a file; None where it could not be drawn, which a message says."""
    signing = queries.signing_requests(row).filter(state__in=[SigningState.WAITING, SigningState.SIGNED]).first()
    kept, kind = row.signed_file_id or (signing.sha256 if signing else None), "application/pdf"
    content = content_of(kept) if kept else None
    try:
        with errors_as_message(request):
            content = content or contracts.contract_pdf(row)
    except BusyError:
        messages.error(request, _("The contract could not be drawn now: try again in a minute."))
    if content is None:
        return None
    if row.signed_file_id and not content.startswith(b"%PDF-"):
        kind = "application/octet-stream"
    disposition = "inline" if kind == "application/pdf" else "attachment"
    name = row.signed_name if row.signed_file_id else f"contrat-{row.pk}.pdf"
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'{disposition}; filename="{name}"'.encode("ascii", "ignore").decode()
    return response


@never_cache
@require_safe
def waiting(request: HttpRequest, slug: str) -> HttpResponse:
    """Who waits for a place of which plan, in their order."""
    hub = hub_for(request.user, slug, SELL)
    rows = PlaceRequest.objects.filter(plan__hub=hub).select_related("plan", "person").order_by("plan", "pk")
    page = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))
    return billing_page(request, "memberships/waiting", hub, {"page": page, "kept_since": clock.now() - OFFER_LASTS})


@require_POST
def stop_waiting(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take somebody out of the list: the next is offered their place."""
    hub = hub_for(request.user, slug, SELL)
    row = get_object_or_404(PlaceRequest.objects.select_related("plan__hub"), plan__hub=hub, pk=pk)
    actions.stop_waiting(request=row, by=signed_in(request), now=clock.now())
    messages.success(request, _("They are out of the list."))
    return redirect("memberships:waiting", hub.slug)
