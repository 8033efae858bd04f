"""What is computed for labels while nobody waits: figures and evaluations of the day."""

from contextlib import suppress
from datetime import datetime

from django.db import OperationalError, transaction
from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from totem.core import clock
from totem.core.queues import LONG
from totem.labels.assemblies.mails import write_to_all
from totem.labels.boards import actions as board_actions
from totem.labels.coalitions import actions as coalition_actions
from totem.labels.evidence import actions as evidence_actions
from totem.labels.evidence.similar import similar_to
from totem.labels.figures import figures_of
from totem.labels.judging.evaluations import NoCharter, charter_of, version_for
from totem.labels.models import Board, Search
from totem.labels.plans.mails import remind
from totem.labels.plans.queries import due_around
from totem.labels.subjects import subject_of
from totem.territories.places import PlaceNotFound

RETRY = RetryStrategy(max_attempts=5, exponential_wait=4)


@app.periodic(cron="27 4 * * *")
@app.task(name="labels.every_board", queue=LONG, queueing_lock="labels.every_board")
def every_board(timestamp: int) -> None:  # noqa: ARG001 - procrastinate hands it over
    """Once a night: a job for each board."""
    for pk in Board.objects.values_list("pk", flat=True):
        with suppress(AlreadyEnqueued), transaction.atomic():  # the job that waits will do
            refresh_board.configure(queueing_lock=f"labels.board:{pk}").defer(board_id=pk)


@app.task(name="labels.refresh_board", queue=LONG, retry=RETRY)
def refresh_board(board_id: int) -> None:
    """Compute the figures of a board as of today, and keep its evaluation where it changed."""
    board = Board.objects.select_related("workspace", "perimeter", "hub").filter(pk=board_id).first()
    if board is not None:
        refresh(board, now=clock.now())
        compute_similar(board, now=clock.now())


def refresh(board: Board, *, now: datetime) -> None:
    """Compute the figures of a board as of that day, and keep its evaluation where it changed.

    A measure that fails leaves the others their figures; then raises ExceptionGroup, for the job to be tried again.
    """
    day = timezone.localdate(now)
    try:
        subject = subject_of(board, day)
        charter = charter_of(version_for(board.charter, day))
    except (NoCharter, PlaceNotFound):
        return
    failed: list[Exception] = []
    for figured in figures_of(charter).values():
        try:
            with transaction.atomic():
                evidence_actions.take_readings(
                    figures=[figured], subjects=[subject], day=day, now=now, parameters=board.parameters
                )
        except Exception as error:
            failed.append(error)
    board_actions.keep_daily(board=board, day=day, now=now)
    if failed:
        raise ExceptionGroup(f"Measures of {board}", failed)


def compute_similar(board: Board, *, now: datetime) -> None:
    """Compute the same figures of similar territories, for the mean that stands beside each."""
    day = timezone.localdate(now)
    with suppress(NoCharter, PlaceNotFound):
        figures = figures_of(charter_of(version_for(board.charter, day))).values()
        similar = similar_to(subject_of(board, day))
        evidence_actions.take_readings(figures=figures, subjects=similar, day=day, now=now)


@app.periodic(cron="37 5 * * *")
@app.task(name="labels.remind_owners", queue=LONG, queueing_lock="labels.remind_owners")
def remind_owners(timestamp: int) -> None:  # noqa: ARG001 - procrastinate hands it over
    """Once a day: a job for each board on which something is due within a week, or was due in the last one."""
    for pk in due_around(clock.today()).order_by("board").values_list("board", flat=True).distinct():
        with suppress(AlreadyEnqueued), transaction.atomic():
            remind_board.configure(queueing_lock=f"labels.remind:{pk}").defer(board_id=pk)


@app.task(name="labels.remind_board", queue=LONG, retry=RETRY)
def remind_board(board_id: int) -> None:
    """Write to those in charge of what is due on a board and is not met; the mails' keys keep it to once each."""
    remind(board_id, today=clock.today())


@app.task(
    name="labels.search_partners",
    queue=LONG,
    retry=RetryStrategy(max_attempts=2, retry_exceptions=[OperationalError]),
)
def search_partners(search_id: int) -> None:
    """Answer a search for partners; one that breaks says so to whoever waits for it."""
    search = Search.objects.select_related("board__workspace", "board__perimeter", "board__hub", "charter_version")
    found = search.filter(pk=search_id).first()
    if found is None:
        return
    try:
        coalition_actions.search_partners(search=found)
    except OperationalError:
        raise  # the database is away for a while: tried again
    except Exception:
        coalition_actions.give_up_search(search=found)
        raise


@app.task(name="labels.mail_convocations", queue=LONG, retry=RETRY)
def mail_convocations(assembly_id: int) -> None:
    """Write to each voter of a general assembly, once: its notice, or that it is cancelled."""
    write_to_all(assembly_id)
