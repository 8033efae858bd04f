"""What is computed for labels while nobody waits: figures and evaluations of the day."""

from datetime import UTC, datetime

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from totem.labels import actions
from totem.labels.evaluating import NoCharter, charter_of, version_for
from totem.labels.indicators import figures_of
from totem.labels.models import Board, Search
from totem.labels.subjects import subject_of
from totem.territories.places import PlaceNotFound

RETRY = RetryStrategy(max_attempts=5, exponential_wait=4)


@app.periodic(cron="27 4 * * *")
@app.task(name="labels.every_board", queueing_lock="labels.every_board")
def every_board(timestamp: int) -> None:  # noqa: ARG001 - procrastinate hands it over
    """Once a night: a job for each board."""
    for pk in Board.objects.values_list("pk", flat=True):
        refresh_board.configure(queueing_lock=f"labels.board:{pk}").defer(board_id=pk)


@app.task(name="labels.refresh_board", retry=RETRY)
def refresh_board(board_id: int) -> None:
    """Compute the figures of a board as of today, and keep its evaluation where it changed."""
    board = Board.objects.select_related("workspace", "perimeter", "hub").filter(pk=board_id).first()
    if board is not None:
        refresh(board, now=datetime.now(UTC))


def refresh(board: Board, *, now: datetime) -> None:
    """Compute the figures of a board as of that day, and keep its evaluation where it changed."""
    day = timezone.localdate(now)
    try:
        subject = subject_of(board, day)
        charter = charter_of(version_for(board.charter, day))
    except (NoCharter, PlaceNotFound):
        return
    actions.take_readings(figures=figures_of(charter).values(), subjects=[subject], day=day, now=now)
    actions.keep_daily(board=board, day=day, now=now)


@app.task(name="labels.search_partners", retry=RetryStrategy(max_attempts=2))
def search_partners(search_id: int) -> None:
    """Answer a search for partners."""
    search = Search.objects.select_related("board__workspace", "board__perimeter", "board__hub", "charter_version")
    found = search.filter(pk=search_id).first()
    if found is not None:
        actions.search_partners(search=found)
