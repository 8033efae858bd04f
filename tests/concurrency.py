"""Several actions that start at the same moment, each in a thread with a database connection of its own."""

from collections import Counter
from collections.abc import Callable
from threading import Barrier, Thread

from django.db import connections


def at_once(*actions: Callable[[], object]) -> list[object]:
    """What each action returned, or the exception that it raised, in the order of the actions.

    Where they write, the test takes `committed_db`: each thread sees only what the others have committed.
    """
    start = Barrier(len(actions))
    results: list[object] = [None] * len(actions)

    def run(place: int) -> None:
        try:
            start.wait()
            results[place] = actions[place]()
        except Exception as error:
            results[place] = error
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=[place]) for place in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def outcomes_at_once(*actions: Callable[[], object]) -> Counter[str]:
    """How often each outcome came: "done", or the class name of the exception."""
    return Counter(type(one).__name__ if isinstance(one, Exception) else "done" for one in at_once(*actions))
