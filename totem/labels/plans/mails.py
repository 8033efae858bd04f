"""Reminders of what is due, to who has an account and is in charge."""

import datetime

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.core import mail, wording
from totem.labels.boards.judged import Judged
from totem.labels.boards.links import page_of
from totem.labels.boards.showing import ShownRequirement
from totem.labels.judging.evaluations import NoCharter, evaluate
from totem.labels.models import Board
from totem.labels.plans import queries
from totem.territories.places import PlaceNotFound


def remind(board_id: int, *, today: datetime.date) -> None:
    """Queue the reminders of what is due on a board within a week, or was in the last one, and is not met."""
    board = Board.objects.select_related("workspace", "perimeter", "hub").get(pk=board_id)
    due = {row.requirement: row for row in queries.due_around(today).filter(board=board)}
    try:
        judged = Judged.of(evaluate(board, day=today, workspace=board.workspace))
    except (NoCharter, PlaceNotFound):
        return
    for shown in judged.missing:
        row = due.get(shown.asked.id)
        if row is not None and row.person is not None and row.due_on is not None:
            key = f"labels.{'due_soon' if row.due_on > today else 'due'}:{row.pk}:{row.person.pk}:{row.due_on}"
            _write(key, shown, row.person, row.due_on)


def _write(key: str, shown: ShownRequirement, person: User, due_on: datetime.date) -> None:
    """Queue the mail of that key: one a week ahead and one of the day, each once for each due date."""
    board = shown.judged.board
    with translation.override(person.language):
        context = {
            "title": str(shown.asked.title),
            "due": wording.date_with_year(due_on),
            "gap": shown.gap,
            "action_label": _("See the plan"),
            "subject_name": str(board),
            "next": shown.next,
            "action_url": f"{settings.SITE_URL}{page_of(board, 'plan')}#plan-{shown.asked.id}",
        }
    mail.queue(key=key, to=person.email, language=person.language, template="labels/mail/due", context=context)
