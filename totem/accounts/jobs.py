"""Nightly work of the accounts."""

from procrastinate.contrib.django import app

from totem.accounts import invitations
from totem.core import clock
from totem.core.queues import LONG


@app.periodic(cron="27 3 * * *")
@app.task(
    name="organisations.forget", queue=LONG, queueing_lock="organisations.forget"
)  # named when they alone invited
def forget(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute it was due, by a worker's clock
    """Delete old invitations."""
    invitations.forget(now=clock.now())
