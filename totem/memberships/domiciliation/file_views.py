"""The file of a domiciled company, for the team of the hub alone: papers, checks, mail, the court registry."""

from datetime import date
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.models import User
from totem.accounts.permissions import signed_in
from totem.billing.permissions import SELL
from totem.billing.views.frame import billing_page
from totem.core import clock
from totem.core.expensive import BusyError
from totem.core.models import JournalEntry
from totem.core.pages import SHOW_AND_SEND, errors_as_message
from totem.hubs.models import Hub
from totem.hubs.permissions import hub_for
from totem.memberships.domiciliation import actions, forms, queries
from totem.memberships.domiciliation.letters import registry_letter
from totem.memberships.domiciliation.views import file_response, form_page
from totem.memberships.models import Agreement, DomiciliationDocument, DomiciliationFile, RegistryNotice

READINGS = 30
READ = {
    "memberships.domiciliation_paper_added": gettext_lazy("added"),
    "memberships.domiciliation_paper_read": gettext_lazy("opened"),
    "memberships.domiciliation_paper_erased": gettext_lazy("erased"),
}


def _agreement(request: HttpRequest, slug: str, pk: int) -> tuple[Hub, Agreement]:
    hub = hub_for(request.user, slug, SELL)
    return hub, get_object_or_404(queries.addressed(hub), pk=pk)


def _file(request: HttpRequest, slug: str, pk: int) -> tuple[Hub, DomiciliationFile]:
    hub, agreement = _agreement(request, slug, pk)
    file = queries.file_of(agreement)
    if file is None:
        raise Http404
    return hub, file


def _back(hub: Hub, agreement_pk: int) -> str:
    return reverse("memberships:domiciliation_file", args=[hub.slug, agreement_pk])


@never_cache
@require_safe
def file(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What is kept of the company, what is missing, its mail, what the registry is to be told, who opened what."""
    hub, agreement = _agreement(request, slug, pk)
    row, stay, today = queries.file_of(agreement), queries.stay_of(agreement), clock.today(hub.zone)
    papers = list(row.documents.all()) if row else []
    entries = JournalEntry.objects.filter(
        subject_model="memberships.domiciliationdocument", subject_id__in=[one.pk for one in papers], verb__in=READ
    )
    shown = list(entries.order_by("-pk")[:READINGS])
    checks = list(row.checks.all()) if row else []
    names = User.objects.in_bulk({one.actor_id or 0 for one in shown} | {one.by for one in checks})
    kinds = {one.pk: one.get_kind_display() for one in papers}
    context = {
        "agreement": agreement,
        "file": row,
        "stay": stay,
        "is_open_ended": stay is None or stay.last == date.max,
        "missing": queries.missing(agreement, today),
        "papers": papers,
        "checks": [(one, names.get(one.by)) for one in checks],
        "collections": list(row.collections.all())[:12] if row else [],
        "seen_on": queries.mail_seen_on(row, stay) if row and stay else None,
        "to_tell": queries.to_tell(row, stay, today) if row and stay else [],
        "notices": row.registry_notices.all() if row else [],
        "readings": [(one, READ[one.verb], kinds[one.subject_id], names.get(one.actor_id or 0)) for one in shown],
    }
    return billing_page(request, "memberships/domiciliation_file", hub, context)


@require_http_methods(SHOW_AND_SEND)
def file_edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Begin the file of a company, or change it."""
    hub, agreement = _agreement(request, slug, pk)
    customer = agreement.customer
    row = queries.file_of(agreement) or DomiciliationFile(
        agreement=agreement, company=customer.name, siren=customer.siren
    )
    form = forms.DomiciliationFileForm(request.POST or None, instance=row, hub_id=hub.pk)
    form.show_version(row)

    def act(**values: Any) -> None:
        actions.save_file(agreement=agreement, **values)

    lead = _("What the law asks of who takes a company’s address. It is kept for five years after the end.")
    texts = (_("File of domiciliation"), _("Save the file"), _("The file is saved."))
    return form_page(request, hub, form, act, texts, back=_back(hub, pk), kicker=customer.name, lead=lead)


def _about(
    request: HttpRequest,
    where: tuple[str, int],
    form: django_forms.Form,
    action: Any,
    texts: tuple[str, str, str],
    **more: Any,
) -> HttpResponse:
    hub, row = _file(request, *where)

    def act(**values: Any) -> None:
        action(file=row, now=clock.now(), **values)

    return form_page(request, hub, form, act, texts, back=_back(hub, where[1]), kicker=row.company, **more)


def _today(slug: str, request: HttpRequest) -> date:
    return clock.today(hub_for(request.user, slug, SELL).zone)


@require_http_methods(SHOW_AND_SEND)
def paper_add(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Add a paper to the file."""
    form = forms.PaperUploadForm(
        request.POST or None, request.FILES or None, initial={"kind": request.GET.get("piece")}
    )
    texts = (_("Add a paper"), _("Add it"), _("The paper is in the file."))
    lead = _("Only the team reads it, and the file says who opened it and when.")
    return _about(request, (slug, pk), form, actions.add_document, texts, lead=lead)


@require_http_methods(SHOW_AND_SEND)
def check(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Note a check against money laundering."""
    form = forms.VigilanceCheckForm(request.POST or None, initial={"checked_on": _today(slug, request)})
    texts = (_("Check against money laundering"), _("Note the check"), _("The check is noted, in your name."))
    lead = _("Before the contract is signed, and again when something changes. The last one counts.")
    return _about(request, (slug, pk), form, actions.record_check, texts, lead=lead)


@require_http_methods(SHOW_AND_SEND)
def collection(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Note that the company took its mail."""
    form = forms.CollectionForm(request.POST or None, initial={"collected_on": _today(slug, request)})
    texts = (_("Mail collected"), _("Note it"), _("Noted: the three months begin again."))
    lead = _("A day that is noted does not change. After three months without any, the court registry is to be told.")
    return _about(request, (slug, pk), form, actions.record_collection, texts, lead=lead)


@require_http_methods(SHOW_AND_SEND)
def told(request: HttpRequest, slug: str, pk: int, reason: str) -> HttpResponse:
    """Note that the registry was told."""
    hub, row = _file(request, slug, pk)
    why, since = _to_tell(hub, row, reason)
    form = forms.ToldForm(request.POST or None, initial={"told_on": clock.today(hub.zone)})

    def act(**values: Any) -> None:
        actions.tell_registry(file=row, reason=why, since=since, now=clock.now(), **values)

    texts = (_("The court registry was told"), _("Note it"), _("Noted: the registry was told."))
    return form_page(request, hub, form, act, texts, back=_back(hub, pk), kicker=row.company, lead=why.label)


def _to_tell(hub: Hub, row: DomiciliationFile, reason: str) -> tuple[RegistryNotice.Reason, date]:
    """Raises Http404 where there is nothing of that kind to tell."""
    stay = queries.stay_of(row.agreement)
    asked = queries.to_tell(row, stay, clock.today(hub.zone)) if stay else []
    found = next(((why, since) for why, since, _known in asked if why == reason), None)
    if found is None:
        raise Http404
    return found


@never_cache
@require_safe
def letter(request: HttpRequest, slug: str, pk: int, reason: str) -> HttpResponse:
    """The letter to the registry (PDF)."""
    hub, row = _file(request, slug, pk)
    why, since = _to_tell(hub, row, reason)
    pdf = b""
    try:
        with errors_as_message(request):
            pdf = registry_letter(row, why, since, clock.today(hub.zone))
    except BusyError:
        messages.error(request, _("The letter could not be drawn now: try again in a minute."))
    return file_response(pdf, f"greffe-{pk}.pdf", "application/pdf") if pdf else redirect(_back(hub, pk))


def _paper(request: HttpRequest, slug: str, pk: int) -> tuple[Hub, DomiciliationDocument]:
    hub = hub_for(request.user, slug, SELL)
    rows = DomiciliationDocument.objects.select_related("file__agreement__hub")
    return hub, get_object_or_404(rows, file__agreement__hub=hub, pk=pk)


@never_cache
@require_safe
def paper(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A paper; the journal keeps who opened it."""
    _hub, row = _paper(request, slug, pk)
    content = actions.read_document(document=row, by=signed_in(request))
    return file_response(content, row.name, row.content_type)


@require_POST
def paper_erase(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Erase a paper that was sent by mistake."""
    hub, row = _paper(request, slug, pk)
    actions.erase_mistaken(document=row, by=signed_in(request), now=clock.now())
    messages.success(request, _("The paper is erased; the file says that it was sent by mistake."))
    return redirect(_back(hub, row.file.agreement_id))
