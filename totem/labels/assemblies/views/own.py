"""One's own convocations: the notice, giving a proxy and taking it back, the signed minutes."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.files import content_of
from totem.core.pages import SHOW_AND_SEND, errors_as_message, errors_in, form_status
from totem.labels.assemblies import actions, queries
from totem.labels.assemblies.forms import OwnProxyForm
from totem.labels.assemblies.minutes import minutes_title
from totem.labels.assemblies.views.team import PDF, file_answer
from totem.labels.models import Voter


def _own(request: HttpRequest, pk: int) -> Voter:
    """One's own vote. Raises Http404."""
    return get_object_or_404(queries.convocations_of(signed_in(request)), pk=pk)


@require_safe
def my_assemblies(request: HttpRequest) -> HttpResponse:
    """The general assemblies that one is convened to, or was."""
    voters = queries.convocations_of(signed_in(request))
    return render(request, "labels/assemblies/mine.html", {"voters": voters})


@never_cache
@require_http_methods(SHOW_AND_SEND)
def my_assembly(request: HttpRequest, pk: int) -> HttpResponse:
    """One's notice; until it begins, to whom one gives one's vote, and whom one represents."""
    voter, now, by = _own(request, pk), clock.now(), signed_in(request)
    form = OwnProxyForm(request.POST or None)
    if form.is_valid():
        holder = Voter.objects.filter(assembly=voter.assembly_id, person__email=form.cleaned_data["holder"]).first()
        with errors_in(form):
            if holder is None:
                form.add_error("holder", _("Nobody who is convened to this assembly has this address."))
            else:
                actions.give_proxy(giver=voter, holder=holder, by=by, now=now)
                messages.success(request, _("Your proxy is given. You can take it back until the assembly begins."))
                return redirect("labels:my_assembly", pk)
    context = {
        "voter": voter,
        "assembly": voter.assembly,
        "hub": voter.assembly.hub,
        "documents": voter.assembly.documents.all(),
        "form": form,
        "given": queries.live_proxies().filter(giver=voter).select_related("holder__person").first(),
        "held": queries.held_by(voter),
        "is_to_come": voter.assembly.is_open and now < voter.assembly.starts_at,
    }
    return render(request, "labels/assemblies/my_assembly.html", context, status=form_status(request))


@require_POST
def my_proxy_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one's proxy back."""
    voter = _own(request, pk)
    with errors_as_message(request):
        proxy = get_object_or_404(queries.live_proxies(), giver=voter)
        actions.take_back(proxy=proxy, by=signed_in(request), now=clock.now())
        messages.success(request, _("Your proxy is taken back: you vote yourself."))
    return redirect("labels:my_assembly", pk)


@require_safe
def my_assembly_document(request: HttpRequest, pk: int, document: int) -> HttpResponse:
    """A document of the notice."""
    row = get_object_or_404(_own(request, pk).assembly.documents, pk=document)
    return file_answer(content_of(row.stored_id), row.name, row.content_type)


@require_safe
def my_assembly_minutes(request: HttpRequest, pk: int) -> HttpResponse:
    """The signed minutes of an assembly that one was convened to."""
    assembly = _own(request, pk).assembly
    content = content_of(assembly.minutes_id) if assembly.minutes_id else None
    return file_answer(content, f"{minutes_title(assembly)}.pdf", PDF)
