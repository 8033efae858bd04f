"""The general assemblies of a hub's association, for its team: prepared, convened, held, their minutes."""

from datetime import time
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.models import User
from totem.accounts.permissions import signed_in
from totem.billing.permissions import row_for
from totem.core import clock
from totem.core.edit_conflicts import EditConflict, differences
from totem.core.expensive import BusyError
from totem.core.files import content_of
from totem.core.models import SigningRequest, SigningState
from totem.core.pages import SHOW_AND_SEND, errors_as_message, errors_in, form_status
from totem.core.signatures import shown_path
from totem.hubs.models import Hub
from totem.hubs.permissions import MANAGE, WORK_DESK, hub_for
from totem.labels.assemblies import actions, queries
from totem.labels.assemblies.forms import AssemblyDocumentForm, AssemblyForm, MinutesForm, ProxyForm, VoteForm
from totem.labels.assemblies.minutes import minutes_title, quorum_words, sheet_pdf
from totem.labels.models import Assembly, AssemblyDocument, AssemblyKind, Decision, Proxy, Voter
from totem.labels.signatures import MINUTES

PDF = "application/pdf"


def _assembly(request: HttpRequest, slug: str, pk: int, permission: str = MANAGE) -> Assembly:
    """The assembly of that hub. Raises Http404."""
    hub, assembly = row_for(request.user, slug, Assembly, pk, permission)
    assembly.hub = hub
    return assembly


def _number(asked: str) -> int:
    """The id that is asked for; 0, of nothing, for any other text."""
    return int(asked) if asked.isdecimal() and len(asked) < 19 else 0


def _page(request: HttpRequest, name: str, hub: Hub, context: dict[str, Any], *, refused: int = 422) -> HttpResponse:
    context = {"hub": hub, "manages": request.user.has_perm(MANAGE, hub), **context}
    status = form_status(request, refused)
    return render(request, f"labels/assemblies/{name}.html", context, status=status)


def file_answer(content: bytes | None, name: str, content_type: str) -> HttpResponse:
    """The bytes, to be saved and never shown inside the site. Raises Http404 without any."""
    if content is None:
        raise Http404
    response = HttpResponse(content, content_type=content_type, headers={"X-Content-Type-Options": "nosniff"})
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["Content-Security-Policy"] = "sandbox"
    return response


@require_safe
def assemblies(request: HttpRequest, slug: str) -> HttpResponse:
    """The assemblies of the hub, the last ones first."""
    hub = hub_for(request.user, slug, WORK_DESK)
    return _page(request, "list", hub, {"assemblies": Assembly.objects.filter(hub=hub)})


# -- Before -----------------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def assembly_form(request: HttpRequest, slug: str, pk: int | None = None) -> HttpResponse:
    """Prepare an assembly with what the last one of the hub had, or the second convening of one; or change it."""
    hub, by = hub_for(request.user, slug, MANAGE), signed_in(request)
    row = _assembly(request, slug, pk) if pk is not None else None
    if row is not None and row.convened_on is not None:
        return redirect("labels:assembly", hub.slug, row.pk)
    asked = request.GET.get("seconde", "")
    first = row.second_of if row else _assembly(request, slug, _number(asked)) if asked else None
    if (
        row is None
        and first is not None
        and request.method != "POST"
        and not actions.may_have_second(first, clock.now())
    ):
        return redirect("labels:assembly", hub.slug, first.pk)
    known = row or first or Assembly.objects.filter(hub=hub, kind=AssemblyKind.ORDINARY).first()
    form = AssemblyForm(
        request.POST or None,
        instance=row or Assembly(hub=hub),
        bodies=queries.bodies_for(hub, by),
        is_second=first is not None,
        initial=None if row else _initial(known, first),
    )
    status, theirs = 422, None
    if row is not None:
        form.show_version(row)
    if form.is_valid():
        values = {name: value for name, value in form.cleaned_data.items() if name != "seen"}
        try:
            with errors_in(form):
                if row is not None:
                    made = actions.change(assembly=row, seen=form.cleaned_data["seen"], by=by, **values)
                elif first is not None:
                    made = actions.prepare_second(first=first, by=by, now=clock.now(), **values)
                else:
                    made = actions.prepare(hub=hub, by=by, **values)
                messages.success(request, _("Saved. Nobody is written to until you convene it."))
                return redirect("labels:assembly", hub.slug, made.pk)
        except EditConflict as conflict:
            status, theirs = 409, differences(form, values, conflict.current)
            form.accept_version(conflict.current)
    context = {"assembly": row, "first": first, "form": form, "theirs": theirs}
    return _page(request, "form", hub, context, refused=status)


def _initial(known: Assembly | None, first: Assembly | None) -> dict[str, Any]:
    """The place and the statutes of the last ordinary assembly; of a first convening its agenda too."""
    if known is None:
        return {"hour": time(18)}
    names = [*actions.COPIED, "quorum", "second_without_quorum", "hour"]
    values = {name: getattr(known, name) for name in names if first is not None or name != "agenda"}
    return values | ({"quorum": actions.quorum_of_second(first)} if first is not None else {})


@never_cache
@require_http_methods(SHOW_AND_SEND)
def assembly(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One assembly: its notice, who is convened, the quorum, decisions, minutes; while it is prepared its documents."""
    row, now = _assembly(request, slug, pk, WORK_DESK), clock.now()
    manages = request.user.has_perm(MANAGE, row.hub)
    form = None
    if row.convened_on is None and manages:
        form = AssemblyDocumentForm(request.POST or None, request.FILES or None)
        if form.is_valid():
            with errors_in(form):
                actions.attach(assembly=row, checked=form.cleaned_data["file"], by=signed_in(request))
                messages.success(request, _("The document is added to the notice."))
                return redirect("labels:assembly", slug, pk)
    elif request.method == "POST":
        raise Http404
    counted = queries.tally(row)
    request_to_sign = _request_to_sign(row)
    context = {
        "assembly": row,
        "documents": row.documents.all(),
        "form": form,
        "tally": counted,
        "quorum": quorum_words(row, counted),
        "to_convene": queries.electorate(row, clock.today(row.hub.zone)).count() if row.convened_on is None else 0,
        "mailed": queries.mailed(row),
        "has_begun": now >= row.starts_at,
        "is_the_day": clock.today(row.hub.zone) >= row.held_on,
        "decisions": [(one, queries.is_adopted(one, counted.votes)) for one in row.decisions.all()],
        "may_have_second": actions.may_have_second(row, now),
        "second": Assembly.objects.filter(second_of=row).first(),
        "signing": request_to_sign,
        "signing_url": shown_path(request_to_sign) if request_to_sign else "",
    }
    return _page(request, "assembly", row.hub, context)


def _request_to_sign(assembly: Assembly) -> SigningRequest | None:
    """The request to sign its minutes that waits or is signed."""
    rows = SigningRequest.objects.of_source(queries.SIGNING, queries.source_of(assembly))
    return rows.filter(state__in=[SigningState.WAITING, SigningState.SIGNED]).first()


@require_POST
def assembly_step(request: HttpRequest, slug: str, pk: int, step: str) -> HttpResponse:
    """Convene it, cancel it, or delete one that was not convened."""
    row, by, now = _assembly(request, slug, pk), signed_in(request), clock.now()
    with errors_as_message(request):
        if step == "convoquer":
            actions.convene(assembly=row, by=by, now=now)
            messages.success(request, _("It is convened: the notice is being mailed to each voter."))
        elif step == "annuler":
            actions.cancel(assembly=row, by=by, now=now)
            messages.success(request, _("It is cancelled: a mail tells each voter."))
        elif step == "supprimer":
            actions.drop(assembly=row, by=by)
            return redirect("labels:assemblies", slug)
        else:
            raise Http404
    return redirect("labels:assembly", slug, pk)


@require_safe
def assembly_document(request: HttpRequest, slug: str, pk: int, document: int) -> HttpResponse:
    """A document of the notice, as it was sent."""
    row = get_object_or_404(AssemblyDocument, assembly=_assembly(request, slug, pk, WORK_DESK), pk=document)
    return file_answer(content_of(row.stored_id), row.name, row.content_type)


@require_POST
def assembly_detach(request: HttpRequest, slug: str, pk: int, document: int) -> HttpResponse:
    """Take a document out, before the convening."""
    row = get_object_or_404(AssemblyDocument, assembly=_assembly(request, slug, pk), pk=document)
    with errors_as_message(request):
        actions.detach(document=row, by=signed_in(request))
    return redirect("labels:assembly", slug, pk)


# -- Who comes --------------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(SHOW_AND_SEND)
def attendance(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The voters, by name: who is signed in, whom they represent, and the quorum as it stands."""
    row = _assembly(request, slug, pk, WORK_DESK)
    search = request.GET.get("q", "").strip()[:100]
    if request.method == "POST":
        return redirect(f"{request.get_full_path()}#voter-{_note_presence(request, row).pk}")
    counted, voters = queries.tally(row), queries.voters_of(row)
    context = {
        "assembly": row,
        "voters": [one for one in voters if search.casefold() in str(one).casefold()],
        "q": search,
        "tally": counted,
        "quorum": quorum_words(row, counted),
        "is_the_day": clock.today(row.hub.zone) >= row.held_on,
    }
    return _page(request, "attendance", row.hub, context)


def _note_presence(request: HttpRequest, assembly: Assembly) -> Voter:
    asked = request.POST.get("voter", "")
    voter = get_object_or_404(Voter, assembly=assembly, pk=_number(asked))
    with errors_as_message(request):
        if "out" in request.POST:
            actions.sign_out(voter=voter, by=signed_in(request))
        else:
            actions.sign_in(voter=voter, by=signed_in(request), now=clock.now())
    return voter


@never_cache
@require_safe
def sheet(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The attendance sheet to print, with the proxies as they are."""
    row = _assembly(request, slug, pk, WORK_DESK)
    try:
        return file_answer(sheet_pdf(row), f"emargement-{row.held_on}.pdf", PDF)
    except BusyError:
        messages.error(request, _("The file could not be drawn now: try again in a minute."))
        return redirect("labels:assembly", slug, pk)


@require_http_methods(SHOW_AND_SEND)
def proxy_add(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Note a proxy that was given on paper."""
    row = _assembly(request, slug, pk, WORK_DESK)
    voters = row.voters.select_related("person", "organisation").order_by("person__sort_key", "pk")
    form = ProxyForm(request.POST or None, voters=voters, initial={"giver": request.GET.get("votant")})
    if form.is_valid():
        with errors_in(form):
            actions.give_proxy(**form.cleaned_data, by=signed_in(request), now=clock.now())
            messages.success(request, _("The proxy is noted."))
            return redirect("labels:attendance", slug, pk)
    return _page(request, "simple_form", row.hub, {"assembly": row, "form": form, "title": _("Note a proxy")})


@require_POST
def proxy_end(request: HttpRequest, slug: str, pk: int, proxy: int) -> HttpResponse:
    """Take back a proxy, for who gave it."""
    row = _assembly(request, slug, pk, WORK_DESK)
    with errors_as_message(request):
        found = get_object_or_404(Proxy, giver__assembly=row, pk=proxy)
        actions.take_back(proxy=found, by=signed_in(request), now=clock.now())
    return redirect("labels:attendance", slug, pk)


# -- What is decided --------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def decision_form(request: HttpRequest, slug: str, pk: int, decision: int | None = None) -> HttpResponse:
    """Note a decision with its votes, or correct it."""
    row = _assembly(request, slug, pk)
    found = None if decision is None else get_object_or_404(Decision, assembly=row, pk=decision)
    instance = Decision(assembly=row, majority=row.majority) if found is None else Decision.objects.get(pk=found.pk)
    form = VoteForm(request.POST or None, instance=instance)
    if form.is_valid():
        with errors_in(form):
            actions.decide(assembly=row, by=signed_in(request), now=clock.now(), decision=found, **form.cleaned_data)
            messages.success(request, _("The decision is noted."))
            return redirect("labels:assembly", slug, pk)
    counted = queries.tally(row)
    context = {
        "assembly": row,
        "form": form,
        "title": _("Note a decision") if found is None else _("Correct a decision"),
        "lead": quorum_words(row, counted),
    }
    return _page(request, "simple_form", row.hub, context)


@require_POST
def decision_remove(request: HttpRequest, slug: str, pk: int, decision: int) -> HttpResponse:
    """Take out a decision that was noted by mistake."""
    found = get_object_or_404(Decision, assembly=_assembly(request, slug, pk), pk=decision)
    with errors_as_message(request):
        actions.remove_decision(decision=found, by=signed_in(request))
    return redirect("labels:assembly", slug, pk)


@require_http_methods(SHOW_AND_SEND)
def minutes_send(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Who signs the minutes, which are made from what is noted; they are asked by mail."""
    row = _assembly(request, slug, pk)
    team = User.objects.filter(pk__in=row.hub.team.values("person"))
    people = (User.objects.filter(pk__in=row.voters.values("person")) | team).filter(erased_at=None)
    form = MinutesForm(request.POST or None, people=people.order_by("sort_key", "pk"))
    if form.is_valid():
        try:
            with errors_in(form):
                actions.send_minutes(
                    assembly=row, purpose=MINUTES, by=signed_in(request), now=clock.now(), **form.cleaned_data
                )
                messages.success(request, _("The minutes are made. The president is asked by mail to sign them."))
                return redirect("labels:assembly", slug, pk)
        except BusyError:
            form.add_error(None, _("The file could not be drawn now: try again in a minute."))
    context = {
        "assembly": row,
        "form": form,
        "title": _("Make the minutes"),
        "verb": _("Make the minutes"),
        "lead": _("From what is noted: attendance, proxies, quorum, decisions. While they wait, nothing is noted."),
    }
    return _page(request, "simple_form", row.hub, context)


@require_safe
def minutes_file(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The minutes, signed or that wait for their signatures, byte for byte."""
    row = _assembly(request, slug, pk, WORK_DESK)
    asked = _request_to_sign(row)
    return file_answer(content_of(asked.sha256) if asked else None, f"{minutes_title(row)}.pdf", PDF)
