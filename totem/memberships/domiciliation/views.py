"""Domiciliation, for the team of the hub alone: what is to be done, approvals, lists for the authorities."""

from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from totem.accounts.permissions import signed_in
from totem.billing.permissions import SELL, row_for
from totem.billing.views.frame import billing_page
from totem.core import clock
from totem.core.edit_conflicts import EditConflict, VersionedForm
from totem.core.files import content_of
from totem.core.pages import SHOW_AND_SEND, errors_in
from totem.core.spreadsheets import spreadsheet
from totem.hubs.models import Hub
from totem.hubs.permissions import hub_for
from totem.memberships.domiciliation import actions, forms, queries
from totem.memberships.domiciliation.lists import COLUMNS, EVENTS, list_rows, list_words, rows_of
from totem.memberships.models import AuthoritiesList, DomiciliationApproval


@never_cache
@require_http_methods(SHOW_AND_SEND)
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """What is to be done, the approvals, the companies and the lists of the hub; sent, a list is made."""
    hub = hub_for(request.user, slug, SELL)
    today = clock.today(hub.zone)
    form = forms.ListPeriodForm(request.POST or None, today=today)
    if form.is_valid():
        with errors_in(form):
            made = actions.make_list(hub=hub, by=signed_in(request).pk, now=clock.now(), **form.values())
            messages.success(request, _("The list is made, and changes no more."))
            return redirect("memberships:authorities_list", hub.slug, made.pk)
    rows = queries.addressed(hub)
    lists = AuthoritiesList.objects.filter(hub=hub).prefetch_related("sendings")[:20]
    context = {
        "today": today,
        "tasks": queries.tasks(hub, today),
        "approvals": DomiciliationApproval.objects.filter(hub=hub),
        "rows": [(row, queries.file_of(row), len(queries.missing(row, today)), *_stay(row)) for row in rows],
        "lists": [(one, list_words(one.kind, one.starts_on), len(rows_of(one))) for one in lists],
        "form": form,
    }
    return billing_page(request, "memberships/domiciliation", hub, context)


def _stay(row: Any) -> tuple[Any, Any]:
    """From when to when, and the last collection of mail."""
    stay, file = queries.stay_of(row), queries.file_of(row)
    return stay, queries.mail_seen_on(file, stay) if file and stay else None


def form_page(
    request: HttpRequest,
    hub: Hub,
    form: django_forms.Form,
    act: Any,
    texts: tuple[str, str, str],
    *,
    back: str,
    **more: Any,
) -> HttpResponse:
    """A form of domiciliation; `texts` are its title, its button and what is said once `act` is done."""
    conflict = False
    if form.is_valid():
        try:
            with errors_in(form):
                act(by=signed_in(request), **form.cleaned_data)
                messages.success(request, texts[2])
                return redirect(back)
        except EditConflict as met:
            conflict = True
            assert isinstance(form, VersionedForm)  # noqa: S101
            form.accept_version(met.current)
    title, verb, _done = texts
    context = {"form": form, "title": title, "verb": verb, "back": back, "conflict": [] if conflict else None, **more}
    return billing_page(request, "memberships/domiciliation_form", hub, context, refused=409 if conflict else 422)


# -- Approval ---------------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def approval(request: HttpRequest, slug: str, pk: int | None = None) -> HttpResponse:
    """A new approval, or one that is put right or ended."""
    hub = hub_for(request.user, slug, SELL)
    row = get_object_or_404(DomiciliationApproval, hub=hub, pk=pk) if pk else DomiciliationApproval(hub=hub)
    form = forms.DomiciliationApprovalForm(request.POST or None, request.FILES or None, instance=row)
    form.show_version(row)

    def act(**values: Any) -> None:
        actions.save_approval(hub=hub, approval=row if row.pk else None, **values)

    lead = _(
        "An approval holds for six years. Public bodies and their associations need none: say so, with the reason."
    )
    texts = (_("Approval of domiciliation"), _("Save it"), _("The approval is saved."))
    return form_page(
        request, hub, form, act, texts, back=reverse("memberships:domiciliation", args=[hub.slug]), lead=lead
    )


@never_cache
@require_safe
def approval_file(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The approval as it was sent."""
    _hub, row = row_for(request.user, slug, DomiciliationApproval, pk)
    return file_response(row.stored_id and content_of(row.stored_id), row.file_name, row.content_type)


def file_response(content: bytes | str | None, name: str, content_type: str) -> HttpResponse:
    """A PDF or an image in the browser, anything else as an attachment. Raises Http404 where there is none."""
    if not content:
        raise Http404
    is_shown = content_type == "application/pdf" or content_type.startswith("image/")
    response = HttpResponse(content, content_type=content_type)
    where = "inline" if is_shown else "attachment"
    response["Content-Disposition"] = f'{where}; filename="{name}"'.encode("ascii", "ignore").decode()
    return response


# -- Lists ------------------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(SHOW_AND_SEND)
def authorities_list(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A list as it was made; sent, to whom it went."""
    hub, made = row_for(request.user, slug, AuthoritiesList, pk)
    form = forms.SendingForm(request.POST or None, initial={"sent_on": clock.today(hub.zone)})
    if form.is_valid():
        with errors_in(form):
            actions.record_sending(made=made, by=signed_in(request), now=clock.now(), **form.cleaned_data)
            messages.success(request, _("Noted as sent."))
            return redirect("memberships:authorities_list", hub.slug, made.pk)
    rows = rows_of(made)
    context = {
        "made": made,
        "title": list_words(made.kind, made.starts_on),
        "rows": [(row["company"], row["siren"], EVENTS[row["event"]], row["on"]) for row in _dated(rows)],
        "sendings": made.sendings.all(),
        "is_newest": not AuthoritiesList.objects.filter(
            hub=hub, kind=made.kind, starts_on=made.starts_on, number__gt=made.number
        ).exists(),
        "is_current": rows == list_rows(queries.stays(hub), made.kind, made.starts_on),
        "period": f"{made.kind}:{made.starts_on}",
        "form": form,
    }
    return billing_page(request, "memberships/authorities_list", hub, context)


def _dated(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "on": COLUMNS[-1].value(row)} for row in rows]


@never_cache
@require_safe
def authorities_list_file(request: HttpRequest, slug: str, pk: int, extension: str) -> HttpResponseBase:
    """The same lines as CSV or XLSX."""
    hub, made = row_for(request.user, slug, AuthoritiesList, pk)
    name = f"domiciliation-{made.kind}-{made.starts_on}-{made.number}"
    return spreadsheet(extension, name, COLUMNS, rows_of(made), zone=hub.zone)
