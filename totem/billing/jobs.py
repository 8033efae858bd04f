"""Drawing the PDFs of what was issued and handing them over: after the commit, and every ten minutes."""

import contextlib

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from totem.billing import drawing
from totem.billing.actions import transmitting
from totem.billing.actions.payments import close_day
from totem.billing.queries import seller_of
from totem.core import clock
from totem.core.queues import LONG, waits
from totem.core.rendering import RenderingBusy, patient
from totem.hubs.models import Hub

PATIENCE = 60


@app.periodic(cron="*/10 * * * *")
@app.task(
    name="billing.draw",
    queue=LONG,
    lock="billing.draw",
    queueing_lock="billing.draw",
    retry=RetryStrategy(max_attempts=3, exponential_wait=4, retry_exceptions={RenderingBusy}),
)
def draw(timestamp: int = 0) -> None:  # noqa: ARG001 - procrastinate gives the minute it was due
    """Draw the PDF of every issued document that has none; what is electronic is handed over then."""
    with patient(PATIENCE):
        drawing.draw_missing(now=clock.now())
    with contextlib.suppress(AlreadyEnqueued):
        transmit.defer()


def draw_soon() -> None:
    """Queue the drawing, unless it waits already; asked first, as to be refused costs several times as much."""
    if not waits(draw.queueing_lock or ""):
        with contextlib.suppress(AlreadyEnqueued):
            draw.defer()


@app.periodic(cron="*/10 * * * *")
@app.task(name="billing.transmit", queue=LONG, lock="billing.transmit", queueing_lock="billing.transmit")
def transmit(timestamp: int = 0) -> None:  # noqa: ARG001 - procrastinate gives the minute it was due
    """Record what the e-invoicing platform says, hand over what it has not had, and tell it what is paid."""
    transmitting.transmit(now=clock.now())


@app.periodic(cron="20 * * * *")
@app.task(name="billing.close_days", queue=LONG, queueing_lock="billing.close_days")
def close_days(timestamp: int = 0) -> None:  # noqa: ARG001 - procrastinate gives the minute it was due
    """Close the day that is over in each hub in which something was written down since the last one."""
    for hub in Hub.objects.filter(payments__isnull=False).distinct().order_by("pk"):
        if seller := seller_of(hub):
            close_day(hub=hub, seller=seller, now=clock.now())
