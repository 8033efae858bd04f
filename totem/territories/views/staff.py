"""Territories for the installation's staff: what each asks, what it holds, the answer, the quota of its documents."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.permissions import signed_in
from totem.core.files import MEGABYTE
from totem.core.pages import SHOW_AND_SEND, errors_in, form_status, staff_only
from totem.territories import actions, approvals
from totem.territories.forms import AnswerForm, QuotaForm
from totem.territories.models import Document, Perimeter, Workspace
from totem.territories.permissions import SEE
from totem.territories.queries import quota_of, with_stored_bytes

ON_A_PAGE = 50


@staff_only
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Every territory by name, with its state and what its documents weigh."""
    page = Paginator(with_stored_bytes(Workspace.objects.all()), ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "territories/staff_workspaces.html", {"page": page})


@staff_only
@require_http_methods(SHOW_AND_SEND)
def one(request: HttpRequest, workspace: str) -> HttpResponse:
    """What a territory asks and holds; the answer."""
    row = get_object_or_404(with_stored_bytes(Workspace.objects.all()), slug=workspace)
    form = AnswerForm(request.POST or None, initial={"seen": row.state})
    if form.is_valid():
        with errors_in(form):
            yes = request.POST.get("answer") == "yes"
            approvals.answer(workspace=row, yes=yes, by=signed_in(request), **form.cleaned_data)
            messages.success(request, _("Answered. Its officers receive a mail."))
            return redirect("territories:staff_workspace", row.slug)
    return _page(request, row, form)


def _page(
    request: HttpRequest, row: Workspace, form: AnswerForm | None = None, quota: QuotaForm | None = None
) -> HttpResponse:
    context = {
        "workspace": row,
        "form": form or AnswerForm(initial={"seen": row.state}),
        "quota_form": quota or QuotaForm(initial={"megabytes": row.quota and row.quota // MEGABYTE}),
        "officers": row.members.select_related("person").order_by("role", "pk")[:ON_A_PAGE],
        "quota": quota_of(row),
        "documents": Document.objects.filter(workspace=row, erased_at=None)[:ON_A_PAGE],
        "perimeters": Perimeter.objects.filter(workspace=row)[:ON_A_PAGE],
        "can_read": request.user.has_perm(SEE, row),
        "can_approve": row.state in approvals.YES,
        "can_refuse": row.state in approvals.NO,
    }
    return render(request, "territories/staff_workspace.html", context, status=form_status(request))


@staff_only
@require_POST
def set_quota(request: HttpRequest, workspace: str) -> HttpResponse:
    """Another quota of documents for one territory."""
    row = get_object_or_404(with_stored_bytes(Workspace.objects.all()), slug=workspace)
    form = QuotaForm(request.POST)
    if not form.is_valid():
        return _page(request, row, quota=form)
    actions.set_quota(workspace=row, megabytes=form.cleaned_data["megabytes"], by=signed_in(request))
    messages.success(request, _("Saved."))
    return redirect("territories:staff_workspace", row.slug)
