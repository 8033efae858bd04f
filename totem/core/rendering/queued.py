"""Views that draw: what the machine cannot draw at once is queued for a worker, and the address says so meanwhile.

    @drawn(most=12)       outermost, of a view that calls chart_svgs, document_pdf or choropleth_svg, or gives GeoJSON

Meanwhile the answer is 202: one line in place of an image, which the page asks for again beside its table
(`static/js/totem.js`, `map.js`); in place of a document a page that opens it as soon as it is there. What a worker
drew, or that it could not, is kept ten minutes for its address, language and person.
"""

import hashlib
import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core.cache import caches
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import resolve
from django.utils import translation
from django.utils.cache import add_never_cache_headers
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext
from django_htmx.http import HttpResponseClientRedirect

from totem.core.client_address import client_address
from totem.core.expensive import apart
from totem.core.pages import render_page, request_of_a_worker, wants_partial
from totem.core.rendering import RenderingBusy, RenderingFailed, patient

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

MOST_WAITING = 120
"""How many drawings wait for a worker at most: some three minutes of one."""
MOST_OF_ONE_CLIENT = 40
KEPT_SECONDS = 600
ASK_AGAIN_SECONDS = 3
WORKER_PATIENCE = 60

logger = logging.getLogger(__name__)


def drawn(*, most: int) -> Callable[[View[P]], View[P]]:
    """The view, in the thread of drawings, which holds `most` requests; 202 for what it does not draw, never 503.

    A drawing that fails is answered 500 in one line: its page has the same figures as a table.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def answer(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if wants_partial(request):  # the page that waits for a document asks whether it is there
                return drawn_later(request)
            try:
                return view(request, *args, **kwargs)
            except RenderingBusy:
                return drawn_later(request)
            except RenderingFailed:
                logger.exception("Not drawn: %s", request.path)
                text = gettext("This drawing could not be made; the table holds the same figures.")
                return HttpResponse(text, status=500, content_type="text/plain; charset=utf-8")

        return apart(most=most, instead=drawn_later)(cast("View[P]", answer))

    return decorate


# -- In a web process -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """A drawing that somebody waits for: its address with all parameters, in which language, for whom."""

    address: str
    language: str
    person: int | None

    @property
    def key(self) -> str:
        text = json.dumps(asdict(self), sort_keys=True)
        return f"drawing:{hashlib.sha256(text.encode()).hexdigest()}"


def drawn_later(request: HttpRequest) -> HttpResponse:
    """What a worker answered to this request, or 202 while it waits for one, and where too many wait already."""
    wanted = Wanted(request.get_full_path(), translation.get_language() or "", request.user.pk)
    kept = caches["rendering"].get(wanted.key)
    if kept is None:
        return _meanwhile(request, is_queued=_queue(wanted, request))
    if wants_partial(request):
        return HttpResponseClientRedirect(wanted.address)
    content, headers, status = kept
    return HttpResponse(content, headers=headers, status=status)


def _queue(wanted: Wanted, request: HttpRequest) -> bool:
    """Queue the drawing unless it waits already; False where too many wait, in all or of this client."""
    from procrastinate.contrib.django import app  # noqa: PLC0415 - its models, once Django is set up
    from procrastinate.exceptions import AlreadyEnqueued  # noqa: PLC0415

    client = salted_hmac("core.drawings", client_address(request)).hexdigest()[:16]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE args ->> 'client' = %s), bool_or(queueing_lock = %s)"
            " FROM procrastinate_jobs WHERE status = 'todo' AND task_name = 'core.draw'",
            [client, wanted.key],
        )
        waiting, of_client, is_waiting = cursor.fetchone()
    if is_waiting:
        return True
    if waiting >= MOST_WAITING or of_client >= MOST_OF_ONE_CLIENT:
        return False
    try:
        with transaction.atomic():
            app.configure_task("core.draw", queueing_lock=wanted.key).defer(client=client, **asdict(wanted))
    except AlreadyEnqueued:
        pass  # queued since
    return True


def _meanwhile(request: HttpRequest, *, is_queued: bool) -> HttpResponse:
    if "text/html" in request.headers.get("Accept", ""):
        context = {"is_queued": is_queued, "address": request.get_full_path(), "seconds": ASK_AGAIN_SECONDS}
        answer = render_page(request, "core/drawing.html", context, partial="waiting", status=202)
    else:
        text = gettext("This drawing is being prepared; the table holds the same figures.")
        answer = HttpResponse(text, status=202, content_type="text/plain; charset=utf-8")
    answer["Retry-After"] = str(ASK_AGAIN_SECONDS)
    add_never_cache_headers(answer)
    return answer


# -- In a worker ------------------------------------------------------------------------------------------------------


def draw(wanted: Wanted) -> None:
    """Answer the request as its view would for that person, and keep the drawing; nothing where there is none."""
    person: object = AnonymousUser()
    if wanted.person is not None:
        person = get_user_model().objects.filter(pk=wanted.person).first()
    if person is None:
        return  # erased since
    with translation.override(wanted.language), patient(WORKER_PATIENCE):
        answer = _answered(wanted.address, person)
    if answer is not None and answer.status_code in {200, 500}:
        headers = {name: answer[name] for name in ("Content-Type", "Content-Disposition") if name in answer}
        caches["rendering"].set(wanted.key, (answer.content, headers, answer.status_code), KEPT_SECONDS)


def _answered(address: str, person: object) -> HttpResponse | None:
    request = request_of_a_worker(address, person)
    try:
        request.resolver_match = match = resolve(request.path)
        return cast(HttpResponse, match.func(request, *match.args, **match.kwargs))
    except Http404:
        return None
