"""The documents of a territory: sent as evidence, shown, served as they came, erased."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.files import content_of
from totem.core.pages import SHOW_AND_SEND, errors_as_message, errors_at, errors_in, form_status
from totem.territories import actions
from totem.territories.forms import DocumentForm, ErasureForm
from totem.territories.models import Document, Workspace
from totem.territories.permissions import EDIT, SEE, TEAM, document_for, workspace_for

DOCUMENTS_ON_A_PAGE = 50


@require_http_methods(SHOW_AND_SEND)
def documents(request: HttpRequest, workspace: str) -> HttpResponse:
    """The territory's documents; one more by those who may."""
    sent = request.method == "POST"
    row = workspace_for(request.user, workspace, EDIT if sent else SEE)
    form = DocumentForm(request.POST, request.FILES) if sent else DocumentForm()
    if form.is_valid():
        checked, title = form.cleaned_data["file"], form.cleaned_data["title"]
        with errors_in(form), errors_at("file"):
            made = actions.add_document(workspace=row, checked=checked, title=title, by=signed_in(request))
            if made.public:
                messages.success(request, _("The document is there, and shown to the public."))
            else:
                messages.success(request, _("The document is there. Only the team sees it until you publish it."))
            return _back(row, made)
    return render(request, "territories/documents.html", _list(request, row, form), status=form_status(request))


def _back(workspace: Workspace, document: Document) -> HttpResponse:
    """To the document's line in the list."""
    return redirect(f"{reverse('territories:documents', args=[workspace.slug])}#document-{document.pk}")


def _list(request: HttpRequest, workspace: Workspace, form: DocumentForm) -> dict[str, Any]:
    rows = Document.objects.filter(workspace=workspace).select_related("added_by")
    return {
        "workspace": workspace,
        "form": form,
        "page": Paginator(rows, DOCUMENTS_ON_A_PAGE).get_page(request.GET.get("page")),
        "may_edit": request.user.has_perm(EDIT, workspace),
        "may_erase": request.user.has_perm(TEAM, workspace),
    }


@login_not_required
@require_safe
def document(request: HttpRequest, pk: int, workspace: str | None = None) -> HttpResponseBase:
    """The bytes as they were sent, to be saved and never shown inside the site; 410 once they are erased."""
    row = document_for(request.user, workspace, pk)
    # Asked for again each time: what is withdrawn or erased is not given from a cache.
    response = get_conditional_response(request, etag=f'"{row.sha256}"') if row.stored_id else None
    if response is None:
        content = content_of(row.sha256) if row.stored_id else None
        if content is None:
            return render(request, "territories/document_erased.html", {"document": row}, status=410)
        response = HttpResponse(content, content_type=row.content_type)
    response["ETag"] = f'"{row.sha256}"'
    response["Content-Disposition"] = content_disposition_header(True, row.name)
    response["Content-Security-Policy"] = "sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    patch_cache_control(response, private=True, no_cache=True)
    patch_vary_headers(response, ["Cookie"])
    return response


@require_POST
def set_public(request: HttpRequest, workspace: str, pk: int) -> HttpResponse:
    """Show a document to the public, or to its team alone."""
    row = document_for(request.user, workspace, pk, EDIT)
    public = request.POST.get("public") == "yes"
    with errors_as_message(request):
        actions.publish_document(document=row, public=public, by=signed_in(request))
        messages.success(request, _("Everybody sees it now.") if public else _("Only the team sees it now."))
    return _back(workspace_for(request.user, workspace), row)


@require_http_methods(SHOW_AND_SEND)
def erase(request: HttpRequest, workspace: str, pk: int) -> HttpResponse:
    """Ask why, then erase the content of a document."""
    row = document_for(request.user, workspace, pk, TEAM)
    space = workspace_for(request.user, workspace, TEAM)
    form = ErasureForm(request.POST if request.method == "POST" else None, initial={"title": row.title})
    if form.is_valid():
        with errors_in(form):
            actions.erase_document(document=row, by=signed_in(request), now=clock.now(), **form.cleaned_data)
            messages.success(request, _("The content is erased. Its sum and the day stay."))
            return _back(space, row)
    context = {"workspace": space, "document": row, "form": form}
    return render(request, "territories/document_erase.html", context, status=form_status(request))
