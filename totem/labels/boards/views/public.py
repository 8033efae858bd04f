"""Labels for everybody: the charters, and the boards that territories show."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from totem.core import clock
from totem.core.components import Crumb
from totem.labels.boards.judged import Judged
from totem.labels.boards.views.judged import judged_or_why
from totem.labels.charters.wording import not_in_force_words
from totem.labels.judging.evaluations import charter_of
from totem.labels.models import CharterVersion
from totem.labels.permissions import public_board as public_board_for
from totem.labels.permissions import public_boards


def labels_crumb() -> Crumb:
    """The page of all labels, above the others."""
    return Crumb(_("Labels"), reverse("labels:index"))


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The charters, in force or not, and the boards that are shown to everybody."""
    today = clock.today()
    rows = CharterVersion.objects.for_day(today).defer("file")
    charters = [(row, charter_of(row), not_in_force_words(row.valid_from, row.valid_until, today)) for row in rows]
    titles = {row.slug: str(charter.title) for row, charter, _words in charters}
    boards = public_boards()
    shown = [(board, titles.get(board.charter, board.charter), str(board.hub or board.perimeter)) for board in boards]
    context = {"charters": charters, "boards": sorted(shown, key=lambda row: (row[1], row[2]))}
    return render(request, "labels/index.html", context)


@login_not_required
@require_safe
def public_board(request: HttpRequest, board: str) -> HttpResponse:
    """A board as what is published makes it."""
    row = public_board_for(board)
    judged = judged_or_why(request, row, public=True)
    if not isinstance(judged, Judged):
        return render(
            request, "labels/public_not_judged.html", {"why": judged, "board": row, "trail": [labels_crumb()]}
        )
    context = {"board": row, "judged": judged, "trail": [labels_crumb()]}
    return render(request, "labels/public_board.html", context)


@login_not_required
@require_safe
def public_criterion(request: HttpRequest, board: str, criterion: str) -> HttpResponse:
    """A criterion of a board that is shown, with the evidence that is published."""
    row = public_board_for(board)
    judged = judged_or_why(request, row, public=True)
    if not isinstance(judged, Judged):
        raise Http404
    context = {
        "board": row,
        "judged": judged,
        "criterion": judged.criterion(criterion),
        "trail": [labels_crumb(), Crumb(judged.heading, reverse("labels:public_board", args=[row.slug]))],
    }
    return render(request, "labels/public_criterion.html", context)
