"""Nightly work of the organisations."""

from procrastinate.contrib.django import app

from totem.core import clock
from totem.core.queues import LONG
from totem.organisations.actions import forget_invitations


@app.periodic(cron="27 3 * * *")
@app.task(name="organisations.forget", queue=LONG, queueing_lock="organisations.forget")
def forget(timestamp: int) -> None:  # noqa: ARG001 - procrastinate gives the minute it was due, by a worker's clock
    """Delete old invitations."""
    forget_invitations(now=clock.now())
