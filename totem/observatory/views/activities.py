"""Activity perimeters: what is counted as digital, for everybody to read and for a territory's team to change."""

from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.forms.models import model_to_dict
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.components import Crumb
from totem.core.edit_conflicts import EditConflict, version_token
from totem.core.navigation import stand
from totem.core.pages import SHOW_AND_SEND, errors_in, form_status, render_page
from totem.core.sort_keys import sort_key
from totem.observatory import actions
from totem.observatory.forms import (
    ActivityPerimeterForm,
    BranchFormSet,
    CodesForm,
    CorrectionForm,
    NewPerimeterForm,
    PerimeterDraftForm,
    initial_branches,
)
from totem.observatory.models import Activity, ActivityPerimeter, ActivityVersion, Nomenclature
from totem.observatory.permissions import may_change, perimeter_for, perimeters_seen, workspaces_of
from totem.territories.navigation import TERRITORY

FOUND_AT_MOST = 60


def _trail(*perimeters: ActivityPerimeter) -> list[Crumb]:
    return [
        Crumb(_("Observatory"), reverse("observatory:home")),
        Crumb(_("Activity perimeters"), reverse("observatory:activities")),
        *(Crumb(str(p), reverse("observatory:activities_one", args=[p.slug])) for p in perimeters),
    ]


class PerimeterRow(NamedTuple):
    """A perimeter in the list: its newest published version, and whether this person has a draft to go on with."""

    perimeter: ActivityPerimeter
    latest: ActivityVersion | None
    has_draft: bool


def _listed(perimeter: ActivityPerimeter, mine: set[int]) -> PerimeterRow:
    versions = list(perimeter.versions.all())
    latest = next((version for version in versions if version.published_at), None)
    return PerimeterRow(perimeter, latest, perimeter.workspace_id in mine and any(not v.published_at for v in versions))


# -- Reading ----------------------------------------------------------------------------------------------------------


@login_not_required
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """The perimeters that this person sees: the public ones, and their territories' own."""
    mine = set(workspaces_of(request.user).values_list("pk", flat=True))
    perimeters = perimeters_seen(request.user).prefetch_related("versions").order_by("name")
    lines = [_listed(perimeter, mine) for perimeter in perimeters]
    context = {
        "shipped": [line for line in lines if line.perimeter.workspace_id is None],
        "own": [line for line in lines if line.perimeter.workspace_id is not None],
        "may_create": bool(mine),
        "crumb_items": _trail()[:1],
    }
    return render(request, "observatory/activities.html", context)


@login_not_required
@require_safe
def one(request: HttpRequest, slug: str, number: int | None = None) -> HttpResponse:
    """A perimeter, its newest published version or the one asked for: what it counts, and who was corrected by hand."""
    perimeter = _perimeter(request, slug)
    published = perimeter.versions.filter(published_at__isnull=False).order_by("-number")
    version = get_object_or_404(published, number=number) if number is not None else published.first()
    changing = may_change(request.user, perimeter)
    context = {
        "perimeter": perimeter,
        "version": version,
        "versions": published,
        "branches": _branches(version) if version else [],
        "corrections": version.corrections.select_related("branch") if version else [],
        "may_change": changing,
        "draft": actions.draft_of(perimeter) if changing else None,
        "crumb_items": _trail(),
        "is_latest": version is not None and version == published.first(),
    }
    return render(request, "observatory/activities_one.html", context)


def _branches(version: ActivityVersion) -> list[dict[str, Any]]:
    """Each branch with its activities in both nomenclatures."""
    activities: dict[int, dict[str, list[Activity]]] = {}
    for code in version.codes.select_related("activity").order_by("activity__code"):
        of_branch = activities.setdefault(code.branch_id, {naf: [] for naf in Nomenclature.values})
        of_branch[code.activity.nomenclature].append(code.activity)
    return [
        {
            "branch": branch,
            "rev2": activities.get(branch.pk, {}).get(Nomenclature.REV2, []),
            "naf2025": activities.get(branch.pk, {}).get(Nomenclature.NAF2025, []),
        }
        for branch in version.branches.order_by("position")
    ]


@login_not_required
@require_safe
def codes(request: HttpRequest) -> HttpResponse:
    """The activities of both nomenclatures, looked for by code or words."""
    typed = request.GET.get("q", "")[:80]
    context = {
        "typed": typed,
        "found": find_activities(typed),
        "total": Activity.objects.count(),
        "crumb_items": _trail(),
    }
    return render_page(request, "observatory/activities_codes.html", context, partial="found")


def _perimeter(request: HttpRequest, slug: str, *, to_change: bool = False) -> ActivityPerimeter:
    """The perimeter, if this person may see or change it; its team keeps the bar of the territory. Raises Http404."""
    perimeter = perimeter_for(request.user, slug, to_change=to_change)
    if perimeter.workspace is not None:
        stand(request, TERRITORY, perimeter.workspace.slug)
    return perimeter


def find_activities(typed: str) -> list[Activity]:
    """Activities whose code begins so or whose wording holds each word, accents or not; none for under two letters."""
    words, code = sort_key(typed).split(), typed.strip().upper().replace(".", "")
    if len(code) < 2:
        return []

    def meant(activity: Activity) -> bool:
        label = sort_key(activity.label)
        return activity.code.replace(".", "").startswith(code) or (
            bool(words) and all(f" {word}" in f" {label}" for word in words)
        )

    return [activity for activity in Activity.objects.all() if meant(activity)][:FOUND_AT_MOST]


# -- Making -----------------------------------------------------------------------------------------------------------


@require_http_methods(SHOW_AND_SEND)
def create(request: HttpRequest) -> HttpResponse:
    """A new perimeter of one of this person's territories."""
    person = signed_in(request)
    if not workspaces_of(person).exists():
        raise Http404
    form = NewPerimeterForm(request.POST or None, user=person)
    if form.is_valid():
        with errors_in(form):
            made = actions.create_activity_perimeter(by=person, now=clock.now(), **form.cleaned_data)
            messages.success(request, _("The draft is there: give it its branches and codes, then publish it."))
            return redirect("observatory:activities_draft", made.slug)
    context = {"form": form, "crumb_items": _trail()}
    return render(request, "observatory/activities_new.html", context, status=form_status(request))


@require_http_methods(SHOW_AND_SEND)
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    """The perimeter's names, and whether it is public."""
    perimeter = _perimeter(request, slug, to_change=True)
    form = ActivityPerimeterForm(request.POST or None, instance=perimeter_for(request.user, slug, to_change=True))
    if form.is_valid():
        with errors_in(form):
            actions.change_activity_perimeter(perimeter=perimeter, by=signed_in(request), **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("observatory:activities_one", perimeter.slug)
    context = {"form": form, "perimeter": perimeter, "crumb_items": _trail(perimeter)}
    return render(request, "observatory/activities_settings.html", context, status=form_status(request))


@require_POST
def revise(request: HttpRequest, slug: str) -> HttpResponse:
    """Begin the next version."""
    perimeter = _perimeter(request, slug, to_change=True)
    actions.draft_version(perimeter=perimeter, by=signed_in(request), now=clock.now())
    return redirect("observatory:activities_draft", perimeter.slug)


@require_http_methods(SHOW_AND_SEND)
def draft(request: HttpRequest, slug: str) -> HttpResponse:
    """The draft: its branches and codes. Somebody else's newer text is shown, never overwritten."""
    perimeter, version = _drafted(request, slug)
    if request.method != "POST":
        return _draft_page(request, perimeter, version)
    form, branches = PerimeterDraftForm(request.POST), BranchFormSet(request.POST, prefix="branches")
    status, theirs = 422, []
    if form.is_valid() and branches.is_valid():
        cleaned = form.cleaned_data
        seen = cleaned.pop("seen")
        words = actions.DraftWords(**cleaned, branches=branches.branches)
        try:
            with errors_in(form):
                actions.save_draft(perimeter=perimeter, words=words, seen=seen, by=signed_in(request))
                messages.success(request, _("The draft is saved."))
                return redirect("observatory:activities_draft", perimeter.slug)
        except EditConflict:
            status, theirs = 409, _branches(version)
            form = _reread(request, perimeter)
    return _draft_page(request, perimeter, version, status=status, form=form, branches=branches, theirs=theirs)


def _reread(request: HttpRequest, perimeter: ActivityPerimeter) -> PerimeterDraftForm:
    """What this person typed, over what the other saved: sending it again is a choice, not an accident."""
    again = PerimeterDraftForm({**request.POST.dict(), "seen": version_token(perimeter)})
    again.is_valid()
    again.add_error(
        None,
        _(
            "Somebody else saved this draft after you opened it: nothing of yours was written. Their branches stand"
            " below; bring over what you need, then save again."
        ),
    )
    return again


def _draft_page(
    request: HttpRequest, perimeter: ActivityPerimeter, version: ActivityVersion, *, status: int = 200, **parts: Any
) -> HttpResponse:
    seen = version_token(perimeter)
    if "form" not in parts:
        parts["form"] = PerimeterDraftForm(
            initial={**model_to_dict(version, PerimeterDraftForm.base_fields), "seen": seen}
        )
        first = initial_branches(actions.words_of(version))
        parts["branches"] = BranchFormSet(initial=first, prefix="branches")
    typed = request.GET.get("q", "")[:80]
    context = {
        "perimeter": perimeter,
        "version": version,
        "seen": seen,
        "corrections": version.corrections.select_related("branch"),
        "correction_form": CorrectionForm(draft=version, prefix="correction"),
        "typed": typed,
        "found": find_activities(typed),
        "branch_choices": version.branches.order_by("position"),
        "crumb_items": _trail(perimeter),
        **parts,
    }
    return render(request, "observatory/activities_draft.html", context, status=status)


@require_POST
def add_codes(request: HttpRequest, slug: str) -> HttpResponse:
    """Put the activities that were ticked in a branch of the draft."""
    perimeter, version = _drafted(request, slug)
    form = CodesForm(request.POST, draft=version)
    status = 422
    if form.is_valid():
        sent = form.cleaned_data
        try:
            with errors_in(form):
                actions.add_codes(
                    perimeter=perimeter, branch_name=sent["branch"], activities=sent["activities"], seen=sent["seen"],
                    by=signed_in(request),
                )  # fmt: skip
                messages.success(request, _("Added to the draft."))
                return redirect("observatory:activities_draft", perimeter.slug)
        except EditConflict:
            words = _("Somebody else saved this draft after you opened it: look at it, then add them again.")
            form.add_error(None, words)
            status = 409
    return _draft_page(request, perimeter, version, status=status, codes_form=form)


@require_POST
def correct(request: HttpRequest, slug: str) -> HttpResponse:
    """Count a company by hand, or leave it out."""
    perimeter, version = _drafted(request, slug)
    form = CorrectionForm(request.POST, draft=version, prefix="correction")
    if form.is_valid():
        with errors_in(form):
            actions.add_correction(
                perimeter=perimeter,
                siren=form.cleaned_data["siren"],
                branch_name=form.cleaned_data["branch"] or None,
                reason=form.cleaned_data["reason"],
                by=signed_in(request),
            )
            messages.success(request, _("The correction is in the draft."))
            return redirect(reverse("observatory:activities_draft", args=[perimeter.slug]) + "#corrections")
    return _draft_page(request, perimeter, version, status=422, correction_form=form)


@require_POST
def uncorrect(request: HttpRequest, slug: str, siren: str) -> HttpResponse:
    """Take a correction back."""
    perimeter, _version = _drafted(request, slug)
    actions.remove_correction(perimeter=perimeter, siren=siren, by=signed_in(request))
    return redirect(reverse("observatory:activities_draft", args=[perimeter.slug]) + "#corrections")


@require_POST
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    """Publish the draft as it was read."""
    perimeter, version = _drafted(request, slug)
    try:
        made = actions.publish_version(
            perimeter=perimeter, seen=request.POST.get("seen", ""), by=signed_in(request), now=clock.now()
        )
    except EditConflict:
        return _changed_since(request, perimeter, version)
    except ValidationError as refused:
        return _draft_page(request, perimeter, version, status=422, refusal=" ".join(refused.messages))
    messages.success(
        request,
        _("Version %(number)s is saved. New activities are counted in a few minutes; their yearly"
          " series begins with the next edition of the register.")
        % {"number": made.number},
    )  # fmt: skip
    return redirect("observatory:activities_one", perimeter.slug)


def _changed_since(request: HttpRequest, perimeter: ActivityPerimeter, version: ActivityVersion) -> HttpResponse:
    why = _("Somebody else changed this draft: read it again first.")
    return _draft_page(request, perimeter, version, status=409, refusal=why)


@require_POST
def drop(request: HttpRequest, slug: str) -> HttpResponse:
    """Give the draft up."""
    perimeter, version = _drafted(request, slug)
    try:
        actions.drop_draft(perimeter=perimeter, seen=request.POST.get("seen", ""), by=signed_in(request))
    except EditConflict:
        return _changed_since(request, perimeter, version)
    messages.success(request, _("The draft is gone."))
    return redirect("observatory:activities")


# -- Their parts ------------------------------------------------------------------------------------------------------


def _drafted(request: HttpRequest, slug: str) -> tuple[ActivityPerimeter, ActivityVersion]:
    """The perimeter that this person may change, and its draft. Raises Http404."""
    perimeter = _perimeter(request, slug, to_change=True)
    version = actions.draft_of(perimeter)
    if version is None:
        raise Http404
    return perimeter, version
