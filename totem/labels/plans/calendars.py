"""The due dates of a board as entries of a calendar."""

from totem.core import clock
from totem.core.calendar_files import CalendarEntry
from totem.labels.charters.format import PeriodKind
from totem.labels.figures import period_of
from totem.labels.judging.evaluations import charter_of, version_for
from totem.labels.models import Assignment, Board


def entries_of(board: Board, url: str) -> tuple[str, list[CalendarEntry]]:
    """The name of the calendar, and an entry for each due date of what the charter asks; `url` is the plan's page.

    Raises NoCharter.
    """
    charter = charter_of(version_for(board.charter, clock.today()))
    titles = {one.id: str(one.title) for one in charter.requirements()}
    rows = Assignment.objects.filter(board=board, due_on__isnull=False, requirement__in=titles).select_related("person")
    entries = [_entry(row, titles[row.requirement], url) for row in rows.order_by("due_on", "pk")]
    return f"{charter.title}, {board}", entries


def _entry(row: Assignment, title: str, url: str) -> CalendarEntry:
    return CalendarEntry(
        uid=f"label-{row.pk}",
        sequence=int(row.updated_at.timestamp()),  # grows with each change
        changed_at=row.updated_at,
        period=period_of(PeriodKind.DAY, row.due_on or clock.today()),
        summary=f"{title} ({row.owner})" if row.owner else title,
        location="",
        url=url,
        status="CONFIRMED",
        all_day=True,
    )
