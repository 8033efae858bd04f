"""Actors added by list: each line of a table is an organisation and what it does in the territory."""

from collections.abc import Sequence
from itertools import chain

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from totem.core import clock
from totem.core.expensive import apart
from totem.core.pages import SHOW_AND_SEND, form_status
from totem.core.tables import LineOutcome, TableLine, TableOutcome, choice_of, errors_of, save_table
from totem.organisations.forms import ActorLineForm, ActorsListForm, WhoForm, label_of
from totem.organisations.models import Organisation, OrganisationKind, RelationKind
from totem.organisations.numbers import compact_siret
from totem.organisations.queries import OrganisationMatches
from totem.organisations.templatetags.actors import relation_words
from totem.organisations.views.actors import declared
from totem.territories.models import Workspace
from totem.territories.permissions import EDIT, workspace_for


@apart(most=2)
@require_http_methods(SHOW_AND_SEND)
def add_list(request: HttpRequest, workspace: str) -> HttpResponse:
    """What several organisations do in the territory: shown line by line first, then saved together."""
    row = workspace_for(request.user, workspace, EDIT)
    sent = request.POST if request.method == "POST" else None
    form = ActorsListForm(sent, request.FILES or None, workspace=row, initial={"since": clock.today()})
    outcome = TableOutcome()
    back = reverse("organisations:actors", args=[row.slug])
    if form.is_valid():
        outcome = save_table(form, lambda lines: _written(request, row, form, lines))
        if outcome.saved:
            words = ngettext("%(count)s line is noted.", "%(count)s lines are noted.", len(outcome.lines))
            said = _("Only your team sees it until you publish it.")
            messages.success(request, f"{words % {'count': len(outcome.lines)}} {said}")
            return redirect(back)
    context = {
        "form": form,
        "outcome": outcome,
        "title": _("Add actors by list"),
        "kicker": row.name,
        "lead": _("Paste a list or send a file: each line is checked and shown before anything is saved."),
        "back": back,
        "workspace": row,
        "words_known": [
            (_("What it is"), OrganisationKind.choices),
            (_("What it does"), RelationKind.choices),
        ],
    }
    refused = outcome.refused or not outcome.lines
    return render(request, "core/table_page.html", context, status=form_status(request) if refused else 200)


def _written(
    request: HttpRequest, workspace: Workspace, form: ActorsListForm, lines: Sequence[TableLine]
) -> list[LineOutcome]:
    known = known_of(lines, workspace)
    return [_one(request, workspace, form, line, known) for line in lines]


def _one(
    request: HttpRequest, workspace: Workspace, shared: ActorsListForm, line: TableLine, known: OrganisationMatches
) -> LineOutcome:
    said = shared.cleaned_data
    who = who_form(line, said["organisation_kind"], workspace, known)
    form = ActorLineForm(
        {
            "kind": choice_of(line.get("role"), RelationKind.choices) or said["kind"],
            "since": line.get("since", said["since"]),
            "source": line.get("source", said["source"]),
        }
    )
    if all([who.is_valid(), form.is_valid()]):
        values = {**form.cleaned_data, "perimeter": said["perimeter"], "commune": said["commune"]}
        made = declared(request, workspace, who, form, values)
        if made is not None:
            words = f"{made.get_kind_display()} · {relation_words(made)}"
            return LineOutcome(line, label_of(made.organisation), words, noted(who, made.organisation, known))
    return LineOutcome(line, line.get("name") or line.get("number"), errors=errors_of(who, form))


def noted(who: WhoForm, organisation: Organisation, known: OrganisationMatches) -> bool:
    """Whether the organisation of a saved line is new; those below find it then."""
    if isinstance(who.cleaned_data["organisation"], Organisation):
        return False
    known.add(organisation)
    return True


def known_of(lines: Sequence[TableLine], workspace: Workspace) -> OrganisationMatches:
    """What the lines may mean, read for all; the organisations are locked in id order: two lists cannot deadlock."""
    numbers = [_number(line) for line in lines]
    known = Organisation.objects.filter(siren__in={siren for _all, siren in numbers if siren})
    list(known.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    return OrganisationMatches([*(line.get("name") for line in lines), *chain(*numbers)], workspace)


def _number(line: TableLine) -> tuple[str, str]:
    """The number of a line without spaces, and the SIREN that it is or begins with; a wrong SIRET is left as it is."""
    number = "".join(line.get("number").split())
    try:
        return number, compact_siret(number)[:9] if len(number) == 14 else number
    except ValidationError:
        return number, number


def who_form(line: TableLine, kind: str, workspace: Workspace, known: OrganisationMatches) -> WhoForm:
    """The form of the organisation of a line, sent its number where the territory knows it, else its name.

    A new one is of that kind where the line does not say.
    """
    number, siren = _number(line)
    meant = next((one for one in (number, siren) if one and known.of(one)), "")
    said = choice_of(line.get("type"), OrganisationKind.choices) or kind
    data = {"organisation": meant or line.get("name"), "siren": siren, "kind": said}
    return WhoForm(data, workspace=workspace, known=known)
