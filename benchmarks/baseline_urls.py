"""The baseline pages: every address of the product, answered from memory.

The first request to an address runs the product's view and keeps the template and the context it rendered. All others
render that template with that context, behind the same middleware and with the session and the person of the request.
What is left out is what the view does: its queries and its arithmetic. The header `X-Queries` of each answer is the
number of queries that the template itself makes.

Nothing here is part of the product: `benchmarks/baseline_settings.py` alone names this module.
"""

import functools
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template.backends.django import Template
from django.urls import URLPattern, URLResolver

from config import urls as product

KIND = "HTTP_X_BASELINE"  # which of several answers of one address is meant, by its status (booked, refused)
View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class KeptAnswer:
    """The answer of a view: a page with its context, or an answer without a page (a redirect).

    `person`: the attributes that the view cached on the person of the request (their roles), for the template.
    """

    answer: HttpResponse
    template: Any = None
    context: Any = None
    person: dict[str, Any] = field(default_factory=dict)


_kept_answers: dict[tuple[str, ...], KeptAnswer] = {}
_rendered = threading.local()
_render = Template.render


def _render_recorded(self: Template, context: Any = None, request: HttpRequest | None = None) -> str:
    # Pages are rendered for a request; form fields are rendered without one, or inside a page.
    inside = getattr(_rendered, "inside", False)
    left = {} if request is None or inside else _cached_on_person(request)
    _rendered.inside = True
    try:
        return _render(self, context, request)
    finally:
        _rendered.inside = inside
        if request is not None and not inside:
            _rendered.last = self, context, left


def _cached_on_person(request: HttpRequest) -> dict[str, Any]:
    known: set[str] = getattr(_rendered, "known", set())
    return {name: value for name, value in _person(request).items() if name not in known}


def _person(request: HttpRequest) -> dict[str, Any]:
    """The attributes of the person of the request, who is loaded here as every page does."""
    assert request.user.pk or request.user.is_anonymous
    wrapped = getattr(request.user, "_wrapped", request.user)
    return wrapped.__dict__


Template.render = _render_recorded  # type: ignore[method-assign,assignment]


class _Counter:
    def __init__(self) -> None:
        self.number = 0

    def __call__(self, execute: Any, *arguments: Any) -> Any:
        self.number += 1
        return execute(*arguments)


def _from_memory(view: View) -> View:
    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        kind = request.META.get(KIND, "")
        # A redirect is the same for every address.
        key = (request.method or "", "" if kind.startswith("3") else request.get_full_path(), kind)
        found = _kept_answers.get(key)
        if found is None:
            _rendered.last = None
            _rendered.known = set(_person(request))
            answer = view(request, *args, **kwargs)
            # A file is kept whole; what is rendered is rendered again each time.
            content = b"" if _rendered.last else answer.content
            kept = HttpResponse(content, status=answer.status_code, headers=dict(answer.headers))
            if key[2] in ("", str(answer.status_code)):
                _kept_answers[key] = KeptAnswer(kept, *(_rendered.last or ()))
            return answer
        _person(request).update(found.person)
        counter = _Counter()
        with connection.execute_wrapper(counter):
            content = found.template.render(found.context, request) if found.template else found.answer.content
        response = HttpResponse(content, status=found.answer.status_code, headers=dict(found.answer.headers))
        response.headers["X-Queries"] = str(counter.number)
        return response

    return answer


def _remember(patterns: Iterable[URLPattern | URLResolver]) -> None:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            _remember(pattern.url_patterns)
        elif not str(pattern.pattern).startswith("health"):  # answered before there is a person
            pattern.callback = _from_memory(pattern.callback)


handler500 = product.handler500
urlpatterns = product.urlpatterns
_remember(urlpatterns)
