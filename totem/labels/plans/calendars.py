"""The due dates of a board as entries of a calendar."""

import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from totem.core import clock
from totem.core.calendar_files import CalendarEntry
from totem.core.periods import Period
from totem.labels.judging.evaluations import charter_of, version_for
from totem.labels.models import Assignment, Board


def entries_of(board: Board) -> tuple[str, list[CalendarEntry]]:
    """The name of the calendar, and an entry for each due date. Raises NoCharter."""
    charter = charter_of(version_for(board.charter, clock.today()))
    titles = {one.id: str(one.title) for one in charter.requirements()}
    rows = (
        Assignment.objects.filter(board=board, due_on__isnull=False).select_related("person").order_by("due_on", "pk")
    )
    return f"{charter.title}, {board}", [_entry(board, row, titles.get(row.requirement, "")) for row in rows]


def _entry(board: Board, row: Assignment, title: str) -> CalendarEntry:
    workspace = board.workspace.slug if board.workspace else ""
    due_on = row.due_on or clock.today()
    return CalendarEntry(
        uid=f"label-{row.pk}",
        sequence=int(row.updated_at.timestamp()),  # grows with each change
        changed_at=row.updated_at,
        period=Period(_midnight(due_on), _midnight(due_on + datetime.timedelta(days=1))),
        summary=f"{title} ({row.owner})" if row.owner else title,
        location="",
        url=settings.SITE_URL + reverse("labels:plan", args=[workspace, board.slug]),
        status="CONFIRMED",
        all_day=True,
    )


def _midnight(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time()))
