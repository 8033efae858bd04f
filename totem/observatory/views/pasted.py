"""A pasted list of SIREN and SIRET, matched with the register: a page, and its CSV."""

from typing import cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import ResolverMatch
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from totem.core.expensive import apart
from totem.core.pages import SHOW_AND_SEND, form_status
from totem.core.spreadsheets import ListColumn, spreadsheet
from totem.observatory.engine import Scope
from totem.observatory.open_data import definition_columns, file_stem
from totem.observatory.pasted import MOST_LINES, PastedLine, counts, match_list
from totem.observatory.surroundings import commune_names
from totem.observatory.views.frame import framed
from totem.observatory.views.scopes import about_place


class PastedForm(forms.Form):
    """The list, one company a line."""

    numbers = forms.CharField(
        label=gettext_lazy("SIREN or SIRET, one a line"),
        max_length=200_000,
        widget=forms.Textarea({"rows": 8, "spellcheck": "false", "autocomplete": "off"}),
        help_text=gettext_lazy("As a spreadsheet has them, with other columns or without: the first number counts."),
    )

    def clean_numbers(self) -> str:
        """The text, of at most MOST_LINES lines."""
        text: str = self.cleaned_data["numbers"]
        if len(text.splitlines()) > MOST_LINES:
            raise ValidationError(_("At most %(most)s lines.") % {"most": MOST_LINES}, code="many")
        return text


@about_place
def _page(request: HttpRequest, scope: Scope, *, is_busy: bool = False) -> HttpResponseBase:
    form = PastedForm(request.POST or None)
    if is_busy and form.is_valid():
        form.add_error("numbers", _("Other lists are being looked up: send yours again in a few seconds."))
    lines = match_list(scope, form.cleaned_data["numbers"]) if form.is_valid() else []
    names = commune_names(line.held["commune"] for line in lines if line.held)
    for line in lines:
        line.held["commune"] = names.get(line.held.get("commune", ""), line.held.get("commune") or "")
    if lines and request.POST.get("format") == "csv":
        columns = [*COLUMNS, *definition_columns(scope)]
        return spreadsheet("csv", f"{file_stem(scope)}-liste", columns, lines, zone=timezone.get_current_timezone())
    context = framed(request, scope, "place_pasted", form=form, lines=lines, counts=counts(lines))
    return render(request, "observatory/place_pasted.html", context, status=form_status(request) if not lines else 200)


def _form_only(request: HttpRequest) -> HttpResponseBase:
    """The page without looking a list up, which takes seconds: what was typed stays in its field."""
    return _page(request, is_busy=True, **cast("ResolverMatch", request.resolver_match).kwargs)


@apart(most=2, instead=_form_only)
@require_http_methods(SHOW_AND_SEND)
def pasted(request: HttpRequest, level: str, code: str) -> HttpResponseBase:
    """Which companies of a list are in the register, in the activities, and in the place. Nothing is kept."""
    return _page(request, level, code)


COLUMNS: tuple[ListColumn[PastedLine], ...] = (
    ListColumn(gettext_lazy("Line"), lambda line: line.line, "number"),
    ListColumn(gettext_lazy("What it says"), lambda line: line.text),
    ListColumn(gettext_lazy("SIREN or SIRET"), lambda line: line.number),
    ListColumn(gettext_lazy("What is known"), lambda line: line.standing.label),
    ListColumn(gettext_lazy("Why"), lambda line: line.why),
    ListColumn(gettext_lazy("Name"), lambda line: line.held.get("name") or ""),
    ListColumn(gettext_lazy("Commune"), lambda line: line.held["commune"]),
    ListColumn(gettext_lazy("Activity"), lambda line: line.held.get("activity") or ""),
    ListColumn(gettext_lazy("Open establishments"), lambda line: line.held.get("open"), "number"),
    ListColumn(gettext_lazy("Open establishments here"), lambda line: line.held.get("here"), "number"),
)
