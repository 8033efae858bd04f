"""A board judged as the address asks: on which day, by which version, as whom."""

import datetime

from django.http import HttpRequest
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from totem.core import clock
from totem.core.measures import UnknownMeasureError
from totem.core.pages import NotFound
from totem.core.periods import parse_day
from totem.core.subjects import UnknownSubjectError
from totem.labels.boards.forms import EARLIEST
from totem.labels.boards.judged import Judged
from totem.labels.judging.evaluations import NoCharter, evaluate, version_for
from totem.labels.models import Board, CharterVersion
from totem.labels.permissions import EDIT, JUDGE
from totem.territories.places import PlaceNotFound


def day_asked(request: HttpRequest) -> datetime.date:
    """The day of `?le=2015-03-31`, or today. Raises NotFound for what is no day, to come, or too long ago."""
    said = request.GET.get("le", "")
    today = clock.today()
    if not said:
        return today
    try:
        day = parse_day(said)
    except ValueError as unreadable:
        raise _not_judged(request, _("A day is written like 2026-03-12.")) from unreadable
    if day > today:
        raise _not_judged(request, _("A board is judged as of today or a day before: this one is still to come."))
    if day < EARLIEST:
        raise _not_judged(request, _("Nothing is known of a day so long ago."))
    return day


def _not_judged(request: HttpRequest, said: str) -> NotFound:
    return NotFound(said, link=(_("See the board as of today"), request.path))


def _version_asked(request: HttpRequest, board: Board, day: datetime.date) -> CharterVersion:
    """The version of `?charte=2014`, or the one in force that day. Raises NotFound when there is no such one."""
    try:
        return version_for(board.charter, day, request.GET.get("charte", "")[:20])
    except NoCharter as none:
        raise _not_judged(request, _("The charter has no such version, or none was in force that day.")) from none


def no_version() -> str:
    """Why a perimeter that was never published cannot be judged."""
    return _("Nothing says yet what the perimeter is made of: publish it first.")


def judged_or_why(request: HttpRequest, board: Board, *, public: bool = False) -> Judged | str:
    """The board judged as asked in the address; or why it cannot be. Raises Http404 for what is asked wrongly."""
    day = day_asked(request)
    version = _version_asked(request, board, day)
    try:
        evaluated = evaluate(board, day=day, workspace=None if public else board.workspace, version=version)
    except PlaceNotFound:
        return no_version()
    except (UnknownMeasureError, UnknownSubjectError) as unknown:
        message = _("The charter asks for the figure « %(name)s », which this installation does not compute.")
        return message % {"name": unknown.args[0]}
    said = {name: request.GET[name] for name in ("le", "charte") if request.GET.get(name)}
    return Judged.of(
        evaluated,
        team=not public,
        may_judge=not public and request.user.has_perm(JUDGE, board.workspace),
        may_edit=not public and request.user.has_perm(EDIT, board.workspace),
        asked_as=f"?{urlencode(said)}" if said else "",
    )
