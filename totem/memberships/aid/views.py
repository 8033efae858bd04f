"""Aid of the incubator, for the team: totals by customer, the register, declarations, decisions, attestations."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from totem.accounts.permissions import signed_in
from totem.billing.models import Customer
from totem.billing.permissions import KEEP_BOOKS, SELL, row_for
from totem.billing.views.frame import ON_A_PAGE, billing_page
from totem.core import clock
from totem.core.expensive import BusyError
from totem.core.files import content_of
from totem.core.pages import SHOW_AND_SEND, errors_in
from totem.core.spreadsheets import ListColumn, spreadsheet
from totem.hubs.models import Hub
from totem.hubs.permissions import hub_for
from totem.memberships.aid import actions, forms, queries
from totem.memberships.aid.register import RegisterRow, granting_authority, register_due
from totem.memberships.models import Agreement, AidAttestation, AidDecision, AidDeclaration, AidEntry


@never_cache
@require_http_methods(SHOW_AND_SEND)
def aid(request: HttpRequest, slug: str) -> HttpResponse:
    """The total of each beneficiary, and what is to enter in the register; sent, what was entered."""
    hub = hub_for(request.user, slug, SELL)
    today = clock.today(hub.zone)
    due = register_due(hub, today)
    form = forms.EnteredForm(request.POST or None, due=due, today=today)
    if form.is_valid():
        with errors_in(form):
            number = actions.enter_aid(hub=hub, by=signed_in(request), now=clock.now(), **form.cleaned_data)
            messages.success(request, _("Noted as entered: %(number)s.") % {"number": number})
            return redirect("memberships:aid", hub.slug)
    page = Paginator(queries.beneficiaries(hub), ON_A_PAGE).get_page(request.GET.get("page"))
    standings = queries.standings(hub, list(page)) if page else {}
    context = {
        "page": page,
        "rows": [(one, standings[one.pk].total(today), standings[one.pk].declaration) for one in page],
        "due": due,
        "form": form,
        "today": today,
        "chosen": forms.BeneficiaryForm(hub=hub),
        "has_entries": AidEntry.objects.filter(agreement__hub=hub).exists(),
    }
    return billing_page(request, "memberships/aid", hub, context)


@never_cache
@require_safe
def choose(request: HttpRequest, slug: str) -> HttpResponse:
    """To the page of the customer that was chosen."""
    hub = hub_for(request.user, slug, SELL)
    form = forms.BeneficiaryForm(request.GET, hub=hub)
    if not form.is_valid():
        return redirect("memberships:aid", hub.slug)
    return redirect("memberships:aid_of", hub.slug, form.cleaned_data["customer"].pk)


@never_cache
@require_http_methods(SHOW_AND_SEND)
def aid_of(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The aid of a customer: its total, months, declarations, decisions and attestations; sent, an attestation."""
    hub, customer = row_for(request.user, slug, Customer, pk)
    today = clock.today(hub.zone)
    days = queries.three_years_until(queries.month_end(today))
    months = queries.aid_in_hub(customer, days)
    attestations = AidAttestation.objects.filter(customer=customer)
    form = forms.AttestationForm(request.POST or None, initial=_to_attest(months, attestations, today))
    if form.is_valid():
        try:
            with errors_in(form):
                actions.attest_aid(customer=customer, by=signed_in(request), now=clock.now(), **form.cleaned_data)
                messages.success(request, _("The attestation is issued, and mailed where the customer has an address."))
                return redirect("memberships:aid_of", hub.slug, customer.pk)
        except BusyError:
            form.add_error(None, _("The attestation could not be drawn now: try again in a minute."))
    standing = queries.standing_of(customer)
    context = {
        "customer": customer,
        "aid": standing.total(today),
        "ceiling": queries.CEILING,
        "since": days.first,
        "months": months,
        "declaration": standing.declaration,
        "declarations": AidDeclaration.objects.filter(customer=customer).prefetch_related("aid"),
        "decisions": AidDecision.objects.filter(customer=customer).select_related("plan"),
        "attestations": attestations,
        "form": form,
    }
    return billing_page(request, "memberships/aid_of", hub, context)


def _to_attest(months: list[queries.MonthOfAid], known: QuerySet[AidAttestation], today: date) -> dict[str, date]:
    """The days that are not attested yet, until the end of the last month, or of this one where it is the first."""
    last = max((one.ends_on for one in known), default=date.min)
    left = [one.days for one in months if one.days.first > last]
    over = [one for one in left if one.last < today]
    return {"starts_on": left[0].first, "ends_on": (over or left)[-1].last} if left else {}


@require_http_methods(SHOW_AND_SEND)
def declare(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Note what a customer declares: everything is said again, beginning with what was declared last."""
    hub, customer = row_for(request.user, slug, Customer, pk)
    last = queries.standing_of(customer).declaration
    initial: dict[str, Any] = {"declared_on": clock.today(hub.zone)}
    known: list[dict[str, Any]] = []
    if last:
        initial |= {"activity": last.activity, "linked": ", ".join(last.linked)}
        known = [dict(one) for one in last.aid.values("granted_on", "amount", "body", "measure")]
    form = forms.DeclarationForm(request.POST or None, initial=initial)
    lines = forms.OtherAidFormSet(request.POST or None, initial=None if request.POST else known, prefix="aides")
    if form.is_valid() and lines.is_valid():
        with errors_in(form):
            values = forms.declared_values(form, lines)
            actions.declare_aid(customer=customer, by=signed_in(request), now=clock.now(), **values)
            messages.success(request, _("The declaration is noted."))
            return redirect("memberships:aid_of", hub.slug, customer.pk)
    return billing_page(request, "memberships/aid_declare", hub, {"customer": customer, "form": form, "lines": lines})


@require_http_methods(SHOW_AND_SEND)
def decide(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Decide to grant a place without a declaration, or under another regime: for a manager."""
    hub, customer = row_for(request.user, slug, Customer, pk, KEEP_BOOKS)
    form = forms.AidDecisionForm(request.POST or None, hub=hub)
    if form.is_valid():
        with errors_in(form):
            actions.decide_aid(customer=customer, by=signed_in(request), now=clock.now(), **form.cleaned_data)
            messages.success(request, _("The decision is noted."))
            return redirect("memberships:aid_of", hub.slug, customer.pk)
    return billing_page(request, "memberships/aid_decide", hub, {"customer": customer, "form": form})


# -- Files ------------------------------------------------------------------------------------------------------------


@never_cache
@require_safe
def attestation(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """An attestation as it was issued, byte for byte."""
    hub = hub_for(request.user, slug, SELL)
    return _pdf(get_object_or_404(AidAttestation, hub=hub, pk=pk))


@never_cache
@require_safe
def own_attestation(request: HttpRequest, pk: int) -> HttpResponse:
    """The same, for who receives the aid or acts for the organisation that does."""
    return _pdf(get_object_or_404(queries.attestations_of(signed_in(request), clock.today()), pk=pk))


def _pdf(row: AidAttestation) -> HttpResponse:
    content = content_of(row.file_id)
    if content is None:
        raise Http404
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="attestation-aide-{row.number}.pdf"'
    return response


@never_cache
@require_safe
def register_file(request: HttpRequest, slug: str, extension: str) -> HttpResponseBase:
    """What is to enter in the register, or with `liste=inscrites` what was entered, as CSV or XLSX."""
    hub = hub_for(request.user, slug, SELL)
    today = clock.today(hub.zone)
    if request.GET.get("liste") == "inscrites":
        entries = AidEntry.objects.filter(agreement__hub=hub).select_related("agreement__customer").order_by("pk")
        entered = ListColumn[Any](gettext_lazy("Entered on"), lambda row: row.entered_on, "date")
        return spreadsheet(
            extension, f"aides-inscrites-{hub.slug}-{today}", (*_columns(hub), entered), entries, zone=hub.zone
        )
    due: tuple[ListColumn[Any], ...] = (
        ListColumn(gettext_lazy("Sector (NACE or APE)"), lambda row: row.activity),
        ListColumn(gettext_lazy("To enter by"), lambda row: row.due_by, "date"),
        ListColumn(gettext_lazy("Correction"), lambda row: _("yes") if row.number else ""),
    )
    return spreadsheet(
        extension,
        f"aides-a-inscrire-{hub.slug}-{today}",
        (*_columns(hub), *due),
        register_due(hub, today),
        zone=hub.zone,
    )


def _columns(hub: Hub) -> tuple[ListColumn[Any], ...]:
    """What article 6, paragraph 1 asks for, of a `RegisterRow` or an `AidEntry`."""
    authority, instrument = granting_authority(hub), _("place in an incubator below the market price")

    def customer(row: RegisterRow | AidEntry) -> Customer:
        return row.agreement.customer

    return (
        ListColumn(gettext_lazy("Beneficiary"), lambda row: customer(row).name),
        ListColumn(gettext_lazy("SIREN"), lambda row: customer(row).siren),
        ListColumn(gettext_lazy("Aid (gross grant equivalent)"), lambda row: row.amount, "amount"),
        ListColumn(gettext_lazy("Granted on"), lambda row: row.granted_on, "date"),
        ListColumn(gettext_lazy("Granting authority"), lambda _row: authority),
        ListColumn(gettext_lazy("Instrument"), lambda _row: instrument),
        ListColumn(gettext_lazy("Agreement"), lambda row: row.agreement.pk, "number"),
    )


def aid_facts(agreement: Agreement, day: date) -> dict[str, Any] | None:
    """What the page of an agreement says of its aid; None where no plan of it is of the incubator."""
    if not any(one.market_value is not None for one in agreement.terms.all()):
        return None
    standing = queries.standing_of(agreement.customer)
    return {"total": standing.total(day), "declaration": standing.declaration, "ceiling": queries.CEILING}
