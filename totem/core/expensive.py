"""Work that takes much processor time or memory: how much of it a web process accepts; beyond that, 503 at once.

    @apart(most=2)                    a view that draws, outermost: it runs in a thread beside those of the pages
    with one_at_a_time(): ...         parsing or resizing inside an ordinary request

Of the threads that answer pages none waits for a drawing, and at most two (one works, one waits) parse or resize.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.cache import add_never_cache_headers, patch_vary_headers

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

RETRY_AFTER_SECONDS = 15


class BusyError(Exception):
    """This process, or this machine, does as much expensive work as it may."""


_thread = threading.local()
_places = threading.BoundedSemaphore(2)
_turn = threading.Lock()


def apart(
    *, most: int, instead: Callable[[HttpRequest], HttpResponseBase] | None = None
) -> Callable[[View[P]], View[P]]:
    """The view, of which a web process accepts `most` requests at the same time, worked or waiting, in another pool.

    `config.pools` reads `most_at_once`; a request that it did not accept there gets what `instead` answers, which has
    to be quick, or the busy page.
    """
    otherwise = instead or busy_page

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            return otherwise(request) if _answers_pages() else view(request, *args, **kwargs)

        answer.most_at_once = most  # type: ignore[attr-defined]
        return cast("View[P]", answer)

    return decorate


def answer_pages_only() -> None:
    """Declare this thread one of those that answer pages: it refuses views that are `apart`."""
    _thread.answers_pages = True


def _answers_pages() -> bool:
    return getattr(_thread, "answers_pages", False)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """One thread of this process works in the block, and one waits for it. Raises BusyError to any other."""
    if not _places.acquire(blocking=False):
        raise BusyError
    try:
        with _turn:
            yield
    finally:
        _places.release()


def busy_page(request: HttpRequest) -> HttpResponse:
    """A 503 that says when to try again, in the reader's language: no session, no user, no query."""
    language = translation.get_language_from_request(request)
    with translation.override(language):
        body = render_to_string("core/busy.html")
    response = HttpResponse(body, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    response["Content-Language"] = language
    add_never_cache_headers(response)
    patch_vary_headers(response, ["Accept-Language"])
    return response
