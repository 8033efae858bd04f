"""The page of a form of a board: shown, sent, refused, or in conflict with what somebody else saved."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from totem.core.edit_conflicts import EditConflict, VersionedForm, differences
from totem.core.models import Dated
from totem.core.pages import errors_in, form_status
from totem.labels.boards.views.frame import board_frame
from totem.labels.models import Board


@dataclass(frozen=True)
class FormPage:
    """A form of a board: what it is called, the page it comes from, the row it changes and where that is taken out.

    `back` is its label and address; the label is empty for the page of an entry of the bar, which is no breadcrumb.
    """

    board: Board
    title: str
    back: tuple[str, str]
    lead: str = ""
    row: Dated | None = None
    remove_url: str = ""
    remove_words: str = ""  # what taking it out means, where it is not for mistakes alone


def said(form: Form) -> dict[str, Any]:
    """What an action takes of a form: its values but the version token."""
    return {name: value for name, value in form.cleaned_data.items() if name != "seen"}


def answer_form(
    request: HttpRequest,
    page: FormPage,
    form: Form,
    act: Callable[[], str],
    values: Callable[[Any], dict[str, Any]] = said,
    **context: Any,
) -> HttpResponse:
    """The page, or once `act` has done what the valid form says, the address that it returns.

    409 with both texts when somebody else has saved the row of the page since it was shown, or removed it.
    """
    status, current, theirs = form_status(request), None, None
    if page.row is not None and isinstance(form, VersionedForm):
        form.show_version(page.row)
    if form.is_valid():
        try:
            with errors_in(form):
                where = act()
                messages.success(request, _("Saved."))
                return redirect(where)
        except EditConflict as conflict:
            status, current = 409, conflict.current
            theirs = differences(form, values(form), current)
            if isinstance(form, VersionedForm):
                form.accept_version(current)
    context |= {
        **board_frame(request, page.board, *([page.back] if page.back[0] else [])),
        "form": form,
        "page": page,
        "theirs": theirs,
        "removed": current is not None and current.pk is None,
    }
    return render(request, "labels/form_page.html", context, status=status)
