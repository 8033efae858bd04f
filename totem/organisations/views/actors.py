"""The actors of a territory, for its team: who does what there, and the figures of their closed years."""

from datetime import timedelta
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.edit_conflicts import EditConflict, differences, version_token
from totem.core.pages import SHOW_AND_SEND, add_errors, errors_as_message, errors_at, errors_in, form_status
from totem.organisations import actions, queries
from totem.organisations.forms import (
    ActorsFilterForm,
    FiguresForm,
    RelationEndForm,
    RelationForm,
    WhoForm,
    label_of,
)
from totem.organisations.models import LegalForm, Organisation, Relation, RelationKind, YearFigures
from totem.territories.actions import add_document
from totem.territories.forms import say_former_communes
from totem.territories.models import Workspace
from totem.territories.permissions import EDIT, workspace_for

ON_A_PAGE = 50
NAMES_PROPOSED = 200


def _address(workspace: Workspace, organisation: Organisation) -> str:
    return reverse("organisations:actor", args=[workspace.slug, organisation.pk])


def _seen(workspace: Workspace, pk: int) -> Organisation:
    found = queries.visible_organisation(workspace, pk)
    if found is None:
        raise Http404
    return found


@require_safe
def index(request: HttpRequest, workspace: str) -> HttpResponse:
    """Who does what in the territory, by what they do."""
    row = workspace_for(request.user, workspace)
    form = ActorsFilterForm(request.GET or None)
    chosen = form.cleaned_data if form.is_valid() else {}
    relations = queries.relations_of_workspace(row)
    if chosen.get("when") != "all":
        relations = relations.on(clock.today())
    if chosen.get("kind"):
        relations = relations.filter(kind=chosen["kind"])
    context = {
        "workspace": row,
        "form": form,
        "filtered": bool(chosen.get("kind") or chosen.get("when")),
        "page": Paginator(relations.order_by("kind", "organisation__sort_key", "-since", "pk"), ON_A_PAGE).get_page(
            request.GET.get("page")
        ),
        "may_edit": request.user.has_perm(EDIT, row),
    }
    return render(request, "organisations/actors.html", context)


@require_safe
def actor(request: HttpRequest, workspace: str, pk: int) -> HttpResponse:
    """An organisation as the territory sees it: its relations, its years with growth, each with who says it."""
    row = workspace_for(request.user, workspace)
    organisation = _seen(row, pk)
    context = {
        "workspace": row,
        "organisation": organisation,
        "relations": queries.relations_of(organisation, row),
        "years": queries.years_of(organisation, row),
        "today": clock.today(),
        "may_edit": request.user.has_perm(EDIT, row),
    }
    return render(request, "organisations/actor.html", context)


# -- Relations --------------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def add(request: HttpRequest, workspace: str) -> HttpResponse:
    """What an organisation does in the territory; the organisation is chosen by name or number, or noted on the way."""
    row = workspace_for(request.user, workspace, EDIT)
    sent = request.POST if request.method == "POST" else None
    who = WhoForm(sent, prefix="who", workspace=row, initial=_proposed_who(request, row))
    form = RelationForm(sent, request.FILES or None, workspace=row, initial=_proposed_relation(request))
    if sent is not None and all([who.is_valid(), form.is_valid()]):
        made = declared(request, row, who, form)
        if made is not None:
            messages.success(request, _("It is noted. Only your team sees it until you publish it."))
            say_former_communes(request, who)
            say_former_communes(request, form)
            return redirect(_address(row, made.organisation))
    context = {"who": who, "title": _("Add an actor"), "verb": _("Add")}
    return _form_page(request, row, form, "organisations/relation_form.html", context)


def _proposed_who(request: HttpRequest, workspace: Workspace) -> dict[str, Any]:
    """The organisation from whose page one comes, or the company of the register that one comes from."""
    asked, siren = request.GET.get("organisation", ""), request.GET.get("siren", "")
    if asked.isdecimal() and len(asked) < 10:
        return {"organisation": queries.visible_organisation(workspace, int(asked))}
    if not siren:
        return {}
    known = queries.match_organisations(siren[:14], workspace)
    new = {"organisation": request.GET.get("nom", "")[:150], "siren": siren[:9]}
    return {"organisation": known[0]} if known else new | {"commune": request.GET.get("commune", "")[:5]}


def _proposed_relation(request: HttpRequest) -> dict[str, Any]:
    """What the address proposes: a kind of relation, a commune, where it is read."""
    kind = request.GET.get("nature", "")
    proposed = {
        "kind": kind if kind in RelationKind.values else "",
        "commune": request.GET.get("commune", "")[:5],
        "source": request.GET.get("source", "")[:300],
    }
    return {"since": clock.today()} | {name: value for name, value in proposed.items() if value}


def declared(
    request: HttpRequest, workspace: Workspace, who: WhoForm, form: Form, values: dict[str, Any] | None = None
) -> Relation | None:
    """The relation, with the organisations it needed; None, with nothing written and the reason in its form.

    Its values are those of a RelationForm, where they are not given.
    """
    try:
        with transaction.atomic():
            organisation = organisation_of(request, workspace, who)
            if values is None:
                values = _values(request, workspace, cast("RelationForm", form))
            return actions.declare_relation(
                workspace=workspace, by=signed_in(request), organisation=organisation, **values
            )
    except ValidationError as error:
        if not who.errors:
            add_errors(form, error)
        return None


def organisation_of(request: HttpRequest, workspace: Workspace, who: WhoForm) -> Organisation:
    """The organisation meant, or a new one that nobody represents. Raises ValidationError, shown in its form."""
    data = who.cleaned_data
    if isinstance(data["organisation"], Organisation):
        return data["organisation"]
    try:
        return actions.note_organisation(
            by=signed_in(request), workspace=workspace, name=data["organisation"], siren=data["siren"],
            kind=data["kind"], legal_form=data["legal_form"] or LegalForm.OTHER, commune=data["commune"],
        )  # fmt: skip
    except ValidationError as error:
        add_errors(who, error)
        raise


def _values(request: HttpRequest, workspace: Workspace, form: RelationForm | FiguresForm) -> dict[str, Any]:
    """What the form says, with the other organisation noted and the document kept where they are new."""
    values = form.values
    if isinstance(values.get("partner"), str):
        values["partner"] = actions.note_organisation(
            by=signed_in(request), workspace=workspace, name=values["partner"],
            kind=form.cleaned_data["partner_kind"], legal_form=LegalForm.OTHER,
        )  # fmt: skip
    if form.cleaned_data["file"] is not None:
        checked, title = form.cleaned_data["file"], values["source"][:200]
        with errors_at("file"):
            values["document"] = add_document(workspace=workspace, checked=checked, title=title, by=signed_in(request))
    return values


def _relation(workspace: Workspace, pk: int, relation_pk: int) -> Relation:
    rows = Relation.objects.select_related("organisation", "partner", "perimeter", "commune__department", "document")
    return get_object_or_404(rows, workspace=workspace, organisation=pk, pk=relation_pk)


@require_http_methods(SHOW_AND_SEND)
def edit_relation(request: HttpRequest, workspace: str, pk: int, relation_pk: int) -> HttpResponse:
    """Change what the territory declared of an organisation. Somebody else's newer text is shown, never lost."""
    row = workspace_for(request.user, workspace, EDIT)
    relation = _relation(row, pk, relation_pk)
    initial = {"seen": version_token(relation), "partner": relation.partner}
    # The form fills the instance it is given: the page keeps what holds.
    form = RelationForm(
        request.POST or None, request.FILES or None, workspace=row, instance=_relation(row, pk, relation_pk),
        initial=initial,
    )  # fmt: skip
    return _changed(request, row, relation, form, title=relation.get_kind_display())


@require_http_methods(SHOW_AND_SEND)
def end_relation(request: HttpRequest, workspace: str, pk: int, relation_pk: int) -> HttpResponse:
    """The day from which a relation no longer holds."""
    row = workspace_for(request.user, workspace, EDIT)
    relation = _relation(row, pk, relation_pk)
    form = RelationEndForm(request.POST or None, initial={"until": clock.today()})
    if form.is_valid():
        with errors_in(form):
            actions.end_relation(relation=relation, until=form.cleaned_data["until"], by=signed_in(request))
            messages.success(request, _("Saved."))
            return redirect(_address(row, relation.organisation))
    context = {"organisation": relation.organisation, "title": relation.get_kind_display(), "verb": _("End it")}
    return _form_page(request, row, form, "organisations/declared_form.html", context)


@require_POST
def publish_relation(request: HttpRequest, workspace: str, pk: int, relation_pk: int) -> HttpResponse:
    """Show a relation to everybody, or to the team alone."""
    row = workspace_for(request.user, workspace, EDIT)
    return _published(request, row, _relation(row, pk, relation_pk))


# -- Figures by closed year -------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def add_figures(request: HttpRequest, workspace: str, pk: int) -> HttpResponse:
    """Figures of a closed year of an organisation."""
    row = workspace_for(request.user, workspace, EDIT)
    organisation = _seen(row, pk)
    closing = clock.today().replace(month=1, day=1) - timedelta(days=1)
    form = FiguresForm(request.POST or None, request.FILES or None, workspace=row, initial={"closing_date": closing})
    if form.is_valid() and _figures_declared(request, row, organisation, form):
        messages.success(request, _("It is noted. Only your team sees it until you publish it."))
        return redirect(_address(row, organisation))
    context = {"organisation": organisation, "title": _("Figures of a closed year"), "verb": _("Add")}
    return _form_page(request, row, form, "organisations/figures_form.html", context)


def _figures_declared(
    request: HttpRequest, workspace: Workspace, organisation: Organisation, form: FiguresForm
) -> bool:
    with errors_in(form), transaction.atomic():
        actions.declare_figures(
            workspace=workspace, by=signed_in(request), now=clock.now(), organisation=organisation,
            **_values(request, workspace, form),
        )  # fmt: skip
        return True
    return False


def _figures(workspace: Workspace, pk: int, figures_pk: int) -> YearFigures:
    rows = YearFigures.objects.select_related("organisation", "document")
    return get_object_or_404(rows, workspace=workspace, organisation=pk, pk=figures_pk)


@require_http_methods(SHOW_AND_SEND)
def edit_figures(request: HttpRequest, workspace: str, pk: int, figures_pk: int) -> HttpResponse:
    """The figures the territory gave, corrected. Somebody else's newer ones are shown, never lost."""
    row = workspace_for(request.user, workspace, EDIT)
    figures = _figures(row, pk, figures_pk)
    form = FiguresForm(
        request.POST or None, request.FILES or None, workspace=row, instance=_figures(row, pk, figures_pk),
        initial={"seen": version_token(figures)},
    )  # fmt: skip
    return _changed(request, row, figures, form, title=_("Figures of %(year)s") % {"year": figures.year})


@require_POST
def publish_figures(request: HttpRequest, workspace: str, pk: int, figures_pk: int) -> HttpResponse:
    """Show figures to everybody, or to the team alone."""
    row = workspace_for(request.user, workspace, EDIT)
    return _published(request, row, _figures(row, pk, figures_pk))


# -- Both -------------------------------------------------------------------------------------------------------------


def _changed(
    request: HttpRequest,
    workspace: Workspace,
    row: Relation | YearFigures,
    form: RelationForm | FiguresForm,
    *,
    title: str,
) -> HttpResponse:
    """Save what the form says; 409 with both texts when somebody else has saved since it was shown."""
    status, context = form_status(request), {"organisation": row.organisation, "title": title, "verb": _("Save")}
    if form.is_valid():
        by, seen = signed_in(request), form.cleaned_data["seen"]
        try:
            with errors_in(form), transaction.atomic():
                values = _values(request, workspace, form)
                if isinstance(row, Relation):
                    actions.change_relation(relation=row, seen=seen, by=by, **values)
                else:
                    actions.change_figures(figures=row, seen=seen, by=by, now=clock.now(), **values)
                messages.success(request, _("Saved."))
                say_former_communes(request, form)
                return redirect(_address(workspace, row.organisation))
        except EditConflict as conflict:
            status = 409
            context["theirs"] = differences(form, form.values, conflict.current)
            # Sending it again is a choice: what stands now has been seen.
            form.data = {**request.POST.dict(), "seen": version_token(conflict.current)}
    template = "relation_form" if isinstance(row, Relation) else "figures_form"
    return _form_page(request, workspace, form, f"organisations/{template}.html", {**context, "status": status})


def _published(request: HttpRequest, workspace: Workspace, row: Relation | YearFigures) -> HttpResponse:
    public = request.POST.get("public") == "yes"
    with errors_as_message(request):
        actions.set_public(row=row, public=public, by=signed_in(request))
        messages.success(request, _("Everybody sees it now.") if public else _("Only the team sees it now."))
    return redirect(_address(workspace, row.organisation))


def _form_page(
    request: HttpRequest,
    workspace: Workspace,
    form: Form,
    template: str,
    context: dict[str, Any],
) -> HttpResponse:
    """The page of a form; `context` holds its title and verb, and `status` where it is not the usual one."""
    organisation = context.get("organisation")
    back = _address(workspace, organisation) if organisation else reverse("organisations:actors", args=[workspace.slug])
    known = Organisation.objects.filter(relations__in=queries.relations_of_workspace(workspace)).distinct()[
        :NAMES_PROPOSED
    ]
    context |= {
        "workspace": workspace,
        "form": form,
        "back": back,
        "known": [label_of(one) for one in known],
        "trail": [(organisation.name, _address(workspace, organisation))] if organisation else [],
    }
    return render(request, template, context, status=context.get("status", form_status(request)))
