"""Views that draw or write files: what a web process has no time for waits for a worker, and is answered 202 meanwhile.

    @drawn(most=12)       outermost, of a view that draws, or makes a file that takes time; it is asked for by GET

In place of an image the answer is one line, and the page asks again beside its table (`static/js/totem.js`, `map.js`);
in place of a document or a file it is a page that gives it as soon as it is there. What was made, or that it could not
be, is kept ten minutes for its address, language and person. Workers take the clients in turn: whoever asks for much
waits behind whoever asks for little.
"""

import hashlib
import json
import logging
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, Literal, ParamSpec, cast

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core.cache import caches
from django.db import connection, transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import resolve
from django.utils import translation
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext
from django_htmx.http import HttpResponseClientRedirect

from totem.core import locks
from totem.core.expensive import apart
from totem.core.limits import Taker, address_digest
from totem.core.pages import render_page, request_of_a_worker, wants_partial
from totem.core.rendering import RenderingBusy, RenderingFailed, patient

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

MOST_WAITING, MOST_OF_ONE_CLIENT = 120, 40
"""How many drawings wait for a worker at most (some three minutes of one), and how many of them for one client."""
LARGEST_KEPT = 1_000_000
"""Bytes of what a web process made up to which it is kept too."""
KEPT_SECONDS = 600
ASK_AGAIN_SECONDS = 3
WORKER_PATIENCE = 60

logger = logging.getLogger(__name__)


def drawn(*, most: int) -> Callable[[View[P]], View[P]]:
    """The view, in the thread of drawings, which holds `most` requests; 202 for what it does not make, never 503.

    A drawing that fails is answered 500 in one line: its page has the same figures as a table.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if wants_partial(request):  # the page that waits for a document asks whether it is there
                return drawn_later(request)
            try:
                made = view(request, *args, **kwargs)
            except RenderingBusy:
                return drawn_later(request)
            except RenderingFailed:
                logger.exception("Not drawn: %s", request.path)
                text = gettext("This drawing could not be made; the table holds the same figures.")
                return HttpResponse(text, status=500, content_type="text/plain; charset=utf-8")
            _keep_small(Wanted.by(request), made)
            return made

        return apart(most=most, instead=drawn_later)(cast("View[P]", answer))

    return decorate


# -- In a web process -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """A drawing that somebody waits for: its address with all parameters, in which language, for whom."""

    address: str
    language: str
    person: int | None

    @classmethod
    def by(cls, request: HttpRequest) -> "Wanted":
        return cls(request.get_full_path(), translation.get_language() or "", request.user.pk)

    @property
    def key(self) -> str:
        text = json.dumps(asdict(self), sort_keys=True)
        return f"made:{hashlib.sha256(text.encode()).hexdigest()}"


def drawn_later(request: HttpRequest) -> HttpResponse:
    """What is kept for this request, or 202 while it waits for a worker, and where too many wait already."""
    wanted = Wanted.by(request)
    kept = caches["rendering"].get(wanted.key)
    if kept is None:
        return _meanwhile(request, "queued" if _queue(wanted, request) else "full")
    content, headers, status = kept
    if not wants_partial(request):
        return HttpResponse(zlib.decompress(content), headers=headers, status=status)
    if "attachment" in headers.get("Content-Disposition", ""):  # a browser stays on the page that is sent to one
        return _meanwhile(request, "ready")
    return HttpResponseClientRedirect(wanted.address)


def _keep_small(wanted: Wanted, made: HttpResponseBase) -> None:
    """Keep what a web process made, so that it is there for the next one whatever the load."""
    small = isinstance(made, HttpResponse) and len(made.content) <= LARGEST_KEPT
    if small and made.status_code == HTTPStatus.OK and wanted.key not in caches["rendering"]:
        _keep(wanted, made)


def _keep(wanted: Wanted, made: HttpResponseBase) -> None:
    headers = {name: made[name] for name in ("Content-Type", "Content-Disposition") if name in made}
    content = zlib.compress(made.getvalue(), 1)
    caches["rendering"].set(wanted.key, (content, headers, made.status_code), KEPT_SECONDS)


_WAITS = """
SELECT EXISTS (SELECT FROM procrastinate_jobs
 WHERE status IN ('todo', 'doing') AND task_name = 'core.draw' AND queueing_lock = %s)
"""
# The first job of every client goes before the second of any; of too many, the last of whoever has most are dropped.
_TURNS = """
WITH waiting AS (
    SELECT id, row_number() OVER (PARTITION BY args ->> 'client' ORDER BY id) AS turn
    FROM procrastinate_jobs WHERE status = 'todo' AND task_name = 'core.draw'
), ranked AS (
    SELECT id, turn, turn <= %(of_one)s AND row_number() OVER (ORDER BY turn, id) <= %(in_all)s AS stays FROM waiting
), dropped AS (
    DELETE FROM procrastinate_jobs AS job USING ranked WHERE job.id = ranked.id AND NOT stays AND status = 'todo'
)
UPDATE procrastinate_jobs AS job SET priority = %(of_one)s + 1 - turn
FROM ranked WHERE job.id = ranked.id AND stays AND status = 'todo'
"""


def _queue(wanted: Wanted, request: HttpRequest) -> bool:
    """Queue the drawing unless it waits or is drawn already; False where too many wait, in all or of this client."""
    from procrastinate.contrib.django import app  # noqa: PLC0415 - its models, once Django is set up
    from procrastinate.exceptions import AlreadyEnqueued  # noqa: PLC0415

    client = Taker.person(wanted.person) if wanted.person else Taker.address(address_digest(request))
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute(_WAITS, [wanted.key])
        if cursor.fetchone()[0]:
            return True
        try:
            with transaction.atomic():
                app.configure_task("core.draw", queueing_lock=wanted.key).defer(client=str(client), **asdict(wanted))
        except AlreadyEnqueued:  # queued since
            return True
        _take_turns()
        cursor.execute(_WAITS, [wanted.key])
        return bool(cursor.fetchone()[0])


@transaction.atomic
def _take_turns() -> None:
    """Order what waits by turns of its clients, and drop what is too much."""
    locks.lock(locks.LockKind.DRAWINGS, [0])
    with connection.cursor() as cursor:
        cursor.execute(_TURNS, {"of_one": MOST_OF_ONE_CLIENT, "in_all": MOST_WAITING})


def _meanwhile(request: HttpRequest, state: Literal["queued", "full", "ready"]) -> HttpResponse:
    if "text/html" in request.headers.get("Accept", ""):
        context = {"state": state, "address": request.get_full_path(), "seconds": ASK_AGAIN_SECONDS}
        answer = render_page(request, "core/drawing.html", context, partial="waiting", status=HTTPStatus.ACCEPTED)
    else:
        text = gettext("This is being prepared: ask for it again in a few seconds.")
        answer = HttpResponse(text, status=HTTPStatus.ACCEPTED, content_type="text/plain; charset=utf-8")
    answer["Retry-After"] = str(ASK_AGAIN_SECONDS)
    add_never_cache_headers(answer)
    return answer


# -- In a worker ------------------------------------------------------------------------------------------------------


def draw(wanted: Wanted) -> None:
    """Answer the request as its view would for that person, and keep the drawing; nothing where there is none."""
    _take_turns()
    person: object = AnonymousUser()
    if wanted.person is not None:
        person = get_user_model().objects.filter(pk=wanted.person).first()
    if person is None:
        return  # erased since
    with translation.override(wanted.language), patient(WORKER_PATIENCE):
        answer = _answered(wanted.address, person)
    if answer is not None and answer.status_code in {200, 500}:
        _keep(wanted, answer)
        if isinstance(answer, FileResponse) and answer.file_to_stream is not None:
            answer.file_to_stream.close()  # `answer.close` would end the request, and with it the worker's connection


def _answered(address: str, person: object) -> HttpResponseBase | None:
    request = request_of_a_worker(address, person)
    try:
        request.resolver_match = match = resolve(request.path)
        return cast(HttpResponseBase, match.func(request, *match.args, **match.kwargs))
    except Http404:
        return None
