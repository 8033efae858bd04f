"""What the team changes of an agreement, a page or a button each: terms, price, pauses, people, notice, deposit."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from totem.accounts.permissions import signed_in
from totem.billing.permissions import SELL, row_for
from totem.billing.queries import seller_of
from totem.billing.views.frame import billing_page
from totem.core import clock
from totem.core.edit_conflicts import EditConflict, VersionedForm
from totem.core.pages import SHOW_AND_SEND, errors_as_message, errors_in
from totem.hubs.models import Hub
from totem.hubs.permissions import hub_for
from totem.memberships.actions import agreements as actions
from totem.memberships.actions import change_requests, changes, deposits
from totem.memberships.forms import agreements as f
from totem.memberships.models import Agreement, AgreementPause, AgreementSeat, DepositMovement, Suspension
from totem.memberships.queries import agreements as queries


def _page(
    request: HttpRequest,
    found: tuple[Hub, Agreement],
    form: forms.Form,
    action: Callable[..., object],
    texts: tuple[str, str, str],
    *,
    lead: str = "",
) -> HttpResponse:
    """A form about an agreement; `texts` are its title, its button and what is said once it is done."""
    (hub, row), (title, verb, done) = found, texts
    is_conflict = False
    if isinstance(form, VersionedForm):
        form.show_version(row)
    if form.is_valid():
        try:
            with errors_in(form):
                action(agreement=row, by=signed_in(request), now=clock.now(), **form.cleaned_data)
                messages.success(request, done)
                return redirect("memberships:agreement", hub.slug, row.pk)
        except EditConflict as met:
            is_conflict = True
            assert isinstance(form, VersionedForm)  # noqa: S101
            form.accept_version(met.current)
    context = {
        "agreement": row, "form": form, "title": title, "verb": verb, "lead": lead,
        "conflict": [] if is_conflict else None,
    }  # fmt: skip
    return billing_page(request, "memberships/agreement_form", hub, context, refused=409 if is_conflict else 422)


@require_http_methods(SHOW_AND_SEND)
def terms(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Another plan, group or period from a day on."""
    hub, row = found = row_for(request.user, slug, Agreement, pk)
    today = clock.today(hub.zone)
    now = queries.terms_on(row, today)
    initial = {"plan": now.plan_id, "group": now.group, "months": now.months, "starts_on": today} if now else {}
    form = f.TermsForm(request.POST or None, hub=hub, today=today, initial=initial)
    lead = _("The day before keeps what holds now. What is invoiced already is put right on the next invoice.")
    texts = (_("Change the plan"), _("Change it"), _("The change is noted."))
    return _page(request, found, form, changes.change_terms, texts, lead=lead)


@require_POST
def terms_back(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take back the changes that are to come."""
    hub, row = row_for(request.user, slug, Agreement, pk)
    with errors_as_message(request):
        changes.take_back_change(agreement=row, by=signed_in(request), now=clock.now())
        messages.success(request, _("What was planned does not take place."))
    return redirect("memberships:agreement", hub.slug, row.pk)


@require_POST
def change_accept(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Make the change that the customer asked for."""
    hub, row = row_for(request.user, slug, Agreement, pk)
    with errors_as_message(request):
        change_requests.accept(agreement=row, by=signed_in(request), now=clock.now())
        messages.success(request, _("The change is noted, and mailed to the customer."))
    return redirect("memberships:agreement", hub.slug, row.pk)


@require_http_methods(SHOW_AND_SEND)
def change_refuse(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Refuse the change that the customer asked for, by mail."""
    found = row_for(request.user, slug, Agreement, pk)
    texts = (_("Refuse"), _("Refuse and mail it"), _("Refused: a mail says so."))
    return _page(request, found, f.RefusalForm(request.POST or None), change_requests.refuse, texts)


@require_http_methods(SHOW_AND_SEND)
def price(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Announce another price: a mail says it, and until when one may leave before."""
    hub, row = found = row_for(request.user, slug, Agreement, pk)
    earliest = changes.earliest_price(row, clock.today(hub.zone))
    form = f.AnnouncedPriceForm(request.POST or None, initial={"starts_on": earliest})
    lead = _("The customer is told by mail today. The price holds after the notice at the earliest.")
    texts = (_("Announce another price"), _("Announce it"), _("The price is announced by mail."))
    return _page(request, found, form, changes.announce_price, texts, lead=lead)


@require_http_methods(SHOW_AND_SEND)
def pause(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Days that are not invoiced."""
    found = row_for(request.user, slug, Agreement, pk)
    form = f.PauseForm(request.POST or None, initial={"starts_on": clock.today(found[0].zone)})
    texts = (_("Pause"), _("Pause it"), _("The pause is noted: its days are not invoiced."))
    return _page(request, found, form, changes.pause, texts)


@require_POST
def pause_end(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """End a pause yesterday, or take it back."""
    row = _of_agreement(request, slug, AgreementPause, pk)
    with errors_as_message(request):
        changes.end_pause(pause=row, by=signed_in(request), now=clock.now())
        messages.success(request, _("The pause is ended."))
    return redirect("memberships:agreement", slug, row.agreement_id)


def _of_agreement(request: HttpRequest, slug: str, model: Any, pk: int) -> Any:
    """A row of an agreement of that hub. Raises Http404."""
    hub = hub_for(request.user, slug, SELL)
    rows = model.objects.select_related("agreement__hub__operator", "agreement__customer")
    return get_object_or_404(rows, agreement__hub=hub, pk=pk)


@require_http_methods(SHOW_AND_SEND)
def seat(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Somebody more works under the agreement."""
    hub, row = found = row_for(request.user, slug, Agreement, pk)
    initial = {"starts_on": max(clock.today(hub.zone), row.starts_on)}
    form = f.AgreementSeatForm(request.POST or None, agreement=row, initial=initial)
    texts = (_("Add somebody"), _("Add them"), _("They work under this agreement now."))
    return _page(request, found, form, changes.add_seat, texts)


@require_http_methods(SHOW_AND_SEND)
def seat_end(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The last day of somebody under the agreement."""
    row = _of_agreement(request, slug, AgreementSeat, pk)
    hub = row.agreement.hub
    form = f.LastSeatDayForm(request.POST or None, initial={"ends_on": clock.today(hub.zone)})

    def end(agreement: Agreement, **values: Any) -> None:
        changes.end_seat(seat=row, **values)

    texts = (_("Last day of %(name)s") % {"name": row.person.name}, _("Save"), _("Their last day is noted."))
    return _page(request, (hub, row.agreement), form, end, texts)


@never_cache
@require_http_methods(SHOW_AND_SEND)
def notice(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Give notice: the last day with what is left to invoice is shown, then confirmed."""
    hub, row = row_for(request.user, slug, Agreement, pk)
    context, refused = noticed(request, row)
    if context is None:
        messages.success(request, _("The end is noted, and mailed to the customer."))
        return redirect("memberships:agreement", hub.slug, row.pk)
    return billing_page(request, "memberships/agreement_notice", hub, context, refused=refused)


def noticed(request: HttpRequest, row: Agreement) -> tuple[dict[str, Any] | None, int]:
    """Give notice once what is left to invoice was shown for that last day: None then; else the page and its status."""
    earliest = queries.earliest_end(row, clock.today(row.hub.zone))
    form = f.NoticeForm(request.POST or None, initial={"ends_on": earliest, "shown": earliest.isoformat()})
    form.show_version(row)
    last, refused, is_conflict = earliest, 422, False
    if form.is_valid():
        data = dict(form.cleaned_data)
        last = data["ends_on"]
        if data.pop("shown") == last.isoformat():
            try:
                with errors_in(form):
                    changes.give_notice(agreement=row, by=signed_in(request), now=clock.now(), **data)
                    return None, 0
            except EditConflict as met:
                refused, is_conflict = 409, True
                form.accept_version(met.current)
        else:
            refused = 200
            form.data = {**form.data.dict(), "shown": last.isoformat()}  # type: ignore[attr-defined]
    due = queries.left_to_charge(row, last) if last >= row.starts_on else []
    affected = changes.affected_by_end(agreement=row, ends_on=last, by=signed_in(request), now=clock.now())
    context = {
        "agreement": row, "form": form, "last": last, "earliest": earliest, "due": due,
        "affected": affected,
        "conflict": [] if is_conflict else None,
        "total": sum((one.amount for one in due), Decimal("0.00")),
    }  # fmt: skip
    return context, refused


@require_http_methods(SHOW_AND_SEND)
def refuse(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Refuse what was asked for, by mail."""
    found = row_for(request.user, slug, Agreement, pk)
    texts = (_("Refuse"), _("Refuse and mail it"), _("Refused: a mail says so."))
    return _page(request, found, f.RefusalForm(request.POST or None), actions.refuse, texts)


@require_http_methods(SHOW_AND_SEND)
def paper(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The contract was signed on paper."""
    hub, row = found = row_for(request.user, slug, Agreement, pk)
    form = f.PaperForm(request.POST or None, request.FILES or None, initial={"signed_on": clock.today(hub.zone)})
    texts = (_("Signed on paper"), _("Save"), _("The agreement is signed."))
    return _page(request, found, form, actions.sign_on_paper, texts, lead=row.customer.name)


# -- Unpaid -----------------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def suspend(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Suspend what the agreement gives: a person decides, and can undo it."""
    found = row_for(request.user, slug, Agreement, pk)
    form = f.SuspensionForm(request.POST or None, initial={"reason": request.GET.get("facture", "")[:100]})
    lead = _("From today on it gives nothing, and is invoiced as before. It can be lifted at any time.")
    return _page(request, found, form, changes.suspend, (_("Suspend"), _("Suspend it"), _("Suspended.")), lead=lead)


@require_POST
def lift(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Lift a suspension."""
    row = _of_agreement(request, slug, Suspension, pk)
    with errors_as_message(request):
        changes.lift(suspension=row, by=signed_in(request), now=clock.now())
        messages.success(request, _("The suspension is lifted."))
    return redirect("memberships:agreement", slug, row.agreement_id)


# -- Deposits ---------------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def deposit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A deposit is received, or given back."""
    hub, row = found = row_for(request.user, slug, Agreement, pk)
    initial = {"kind": "received", "amount": row.deposit or None, "moved_on": clock.today(hub.zone)}
    form = f.DepositForm(request.POST or None, initial=initial)
    texts = (_("Security deposit"), _("Write it down"), _("Written down: its receipt can be printed."))
    return _page(request, found, form, deposits.move_deposit, texts, lead=_("It is no sale: there is no VAT on it."))


@require_http_methods(SHOW_AND_SEND)
def deposit_keep(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Keep a part of the deposit: it pays an invoice."""
    _hub, row = found = row_for(request.user, slug, Agreement, pk)
    lead = _("What is damaged is invoiced apart first; what is kept is written down as its payment, VAT included.")
    texts = (_("Keep of the deposit"), _("Keep it"), _("It is kept, and written down as a payment of the invoice."))
    form = f.KeepDepositForm(request.POST or None, agreement=row)
    return _page(request, found, form, deposits.keep_deposit, texts, lead=lead)


@never_cache
@require_POST
def deposit_receipt(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A receipt to print: each print is logged, and from the second on says that it is a duplicate."""
    row = _of_agreement(request, slug, DepositMovement, pk)
    hub = row.agreement.hub
    printed = deposits.print_receipt(movement=row, by=signed_in(request), now=clock.now())
    context = {"movement": row, "amount": abs(row.amount), "printed": printed, "by": seller_of(hub)}
    return billing_page(request, "memberships/deposit_receipt", hub, context, refused=200)
