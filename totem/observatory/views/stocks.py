"""Editions of the register, for those who look after the installation: what serves, what was kept aside and why."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from totem.accounts.permissions import signed_in
from totem.core import clock
from totem.core.pages import staff_only
from totem.core.wording import date_with_year, number, percent
from totem.observatory import words
from totem.observatory.forms import DecisionForm
from totem.observatory.models import Stock
from totem.observatory.register import importing
from totem.observatory.register.published import ImportRefused

KINDS = {
    "date": gettext_lazy("Date of the edition"),
    "rows": gettext_lazy("Rows of the file"),
    "state": gettext_lazy("Establishments by state"),
    "department": gettext_lazy("Open establishments of the department"),
    "code": gettext_lazy("Open establishments of the activity"),
    "double_coded": gettext_lazy("Share coded in both NAF"),
    "whole": gettext_lazy("Establishments by state"),
}
LEFT_OUT = {
    "malformed": gettext_lazy("Not an identifier"),
    "repeated": gettext_lazy("The same identifier as another row, which is kept"),
}
STATES = {"A": gettext_lazy("open"), "F": gettext_lazy("closed")}


class LeftOutRow(NamedTuple):
    """Rows of a file that were left out: why, how many, the first ones as (line, identifier)."""

    file: str
    why: str
    rows: int
    examples: list[tuple[int, str]]


class DifferenceRow(NamedTuple):
    """A figure that moved further than allowed, in words."""

    what: str
    before: str
    after: str
    change: str
    allowed: str


@staff_only
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Every stock, the newest first; those that wait for a decision before all."""
    stocks = list(Stock.objects.order_by("-date", "-id"))
    context = {
        "aside": [stock for stock in stocks if stock.state == Stock.State.ASIDE],
        "serving": next((stock for stock in stocks if stock.state == Stock.State.SERVING), None),
        "others": [stock for stock in stocks if stock.state in {Stock.State.ARCHIVED, Stock.State.REFUSED}],
    }
    return render(request, "observatory/stocks.html", context)


@staff_only
@require_safe
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One stock: its sources, what was found in it, and what is not plausible in it."""
    return _page(request, get_object_or_404(Stock, pk=pk), DecisionForm())


@staff_only
@require_POST
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a stock that was kept aside in service, with the reason."""
    return _decide(request, pk, importing.accept, _("The edition is in service."))


@staff_only
@require_POST
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse a stock that was kept aside, with the reason."""
    return _decide(request, pk, importing.refuse, _("The edition is refused; the one in service stays."))


def _decide(request: HttpRequest, pk: int, action: Callable[..., Stock], done: str) -> HttpResponse:
    stock = get_object_or_404(Stock, pk=pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, stock, form, status=422)
    try:
        action(stock, by=signed_in(request), reason=form.cleaned_data["reason"], now=clock.now())
    except importing.NotAside:
        form.add_error(None, _("Nothing is to be decided any more: somebody has decided."))
    except ImportRefused:
        form.add_error(None, _("Another import is running: try again once it has ended."))
    else:
        messages.success(request, done)
        return redirect("observatory:stock", pk)
    return _page(request, Stock.objects.get(pk=pk), form, status=409)


def _page(request: HttpRequest, stock: Stock, form: DecisionForm, status: int = 200) -> HttpResponse:
    context = {
        "stock": stock,
        "day": date_with_year(stock.date),
        "form": form,
        "differences": [difference_words(difference) for difference in stock.differences],
        "beside_whole": any(difference["kind"] == "whole" for difference in stock.differences),
        "left_out": list(_left_out(stock.sources)),
        "quality": [(label, stock.quality[name]) for name, label in words.RULES.items() if name in stock.quality],
        "states": _states(stock.totals.get("state", {}).items()),
        "waits": stock.state == Stock.State.ASIDE,
        "serving": Stock.objects.serving(),
    }
    return render(request, "observatory/stock.html", context, status=status)


def difference_words(difference: dict[str, Any]) -> DifferenceRow:
    """A difference of `Stock.differences` as a line of the page."""
    kind, key, before, after, allowed = (difference[name] for name in ("kind", "key", "before", "after", "allowed"))
    what = f"{KINDS.get(kind, kind)} {STATES.get(key, key)}".strip()
    if kind == "date":
        first, second = (date_with_year(date.fromordinal(int(day))) for day in (before, after))
        return DifferenceRow(what, first, second, "", "")
    if kind == "double_coded":
        return DifferenceRow(what, *(percent(part, 1) for part in (before, after, after - before, allowed)))
    change = number(after - before)
    if before:
        change = f"{change} ({percent((after - before) / before, 1)})"
    return DifferenceRow(what, number(before), number(after), change, number(allowed))


def _left_out(sources: Iterable[dict[str, Any]]) -> Iterator[LeftOutRow]:
    for source in sources:
        for why, rows in source.get("left_out", {}).items():
            yield LeftOutRow(source["name"], str(LEFT_OUT[why]), rows["rows"], rows["examples"])


def _states(states: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return [(str(STATES.get(key, key)), count) for key, count in sorted(states)]
