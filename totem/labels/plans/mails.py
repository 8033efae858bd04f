"""Reminders of what is due, to who has an account and is in charge."""

import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from totem.core import mail, wording
from totem.labels.boards.showing import ShownRequirement, missing
from totem.labels.boards.views.judged import Judged
from totem.labels.judging.evaluations import NoCharter, evaluate
from totem.labels.models import Assignment
from totem.labels.plans import queries
from totem.territories.places import PlaceNotFound


def remind(board_id: int, *, today: datetime.date) -> None:
    """Queue the reminders of what is due on a board within a week, or was in the last one, and is not met."""
    rows = queries.due_between(today - queries.REMINDED_AHEAD, today + queries.REMINDED_AHEAD)
    due = list(rows.filter(board=board_id))
    if not due:
        return
    board = due[0].board
    try:
        judged = Judged.of(evaluate(board, day=today, workspace=board.workspace), team=True)
    except (NoCharter, PlaceNotFound):
        return
    for assignment in due:
        if assignment.person is not None and assignment.due_on is not None:
            with translation.override(assignment.person.language):
                open_ = {one.shown.asked.id: one.shown for one in missing(judged.criteria())}
                if assignment.requirement in open_:
                    ahead = assignment.due_on > today
                    _write(assignment, open_[assignment.requirement], ahead=ahead)


def _write(assignment: Assignment, shown: ShownRequirement, *, ahead: bool) -> None:
    """Queue the mail a while ahead, or the one of the day; each once for each due date.

    The person's language is active.
    """
    board, person = assignment.board, assignment.person
    if person is None or board.workspace is None or assignment.due_on is None:
        return
    mail.queue(
        key=f"labels.{'due_soon' if ahead else 'due'}:{assignment.pk}:{person.pk}:{assignment.due_on}",
        to=person.email,
        language=person.language,
        template="labels/mail/due",
        context={
            "title": str(shown.asked.title),
            "due": wording.date_with_year(assignment.due_on),
            "gap": shown.gap,
            "action_label": _("See the plan"),
            "subject_name": str(board),
            "next": shown.next,
            "action_url": settings.SITE_URL + reverse("labels:plan", args=[board.workspace.slug, board.slug]),
        },
    )
