"""Jobs of the observatory."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from totem.core.queues import LONG
from totem.observatory.corrections import write_all_corrections
from totem.observatory.models import Stock

RETRY = RetryStrategy(max_attempts=5, exponential_wait=4)


@app.task(name="observatory.widen_cube", queue=LONG, queueing_lock="observatory.widen_cube", retry=RETRY)
def widen_cube() -> None:
    """Make the cube of the stock in service again, with the codes of every published perimeter."""
    from totem.observatory.register import importing  # noqa: PLC0415 - reading and writing the files of a stock

    stock = Stock.objects.serving()
    if stock is not None:
        importing.rebuild_cube(stock)
        # Of a version published while the folder was copied, whose corrections went to the former one.
        write_all_corrections(stock)
