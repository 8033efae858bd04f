"""The baseline pages: every address of the product, answered from memory.

The first request to an address runs the product's view and keeps the template and the context it rendered. All others
render that template with that context, behind the same middleware and with the session and the person of the request.
What is left out is what the view does: its queries and its arithmetic. A header of each answer says how many queries
the template itself asked for, whatever feeds it.

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

KIND = "HTTP_X_BASELINE"  # of several answers of one address (booked, refused), which one is meant
View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Memory:
    """What a view answered: a page with its context, or an answer without a page (a redirect).

    `person`: what the view left on the person of the request (their roles), which the template finds there.
    """

    answer: HttpResponse
    template: Any = None
    context: Any = None
    person: dict[str, Any] = field(default_factory=dict)


_known: dict[tuple[str, ...], Memory] = {}
_rendered = threading.local()
_render = Template.render


def _spy(self: Template, context: Any = None, request: HttpRequest | None = None) -> str:
    # Pages are rendered for a request; parts of them (fields of forms) are not, or inside of it.
    inside = getattr(_rendered, "inside", False)
    left = {} if request is None or inside else _left_on_person(request)
    _rendered.inside = True
    try:
        return _render(self, context, request)
    finally:
        _rendered.inside = inside
        if request is not None and not inside:
            _rendered.last = self, context, left


def _left_on_person(request: HttpRequest) -> dict[str, Any]:
    known: set[str] = getattr(_rendered, "known", set())
    return {name: value for name, value in _person(request).items() if name not in known}


def _person(request: HttpRequest) -> dict[str, Any]:
    """What stands on the person of the request, who is looked up here as every page does."""
    assert request.user.pk or request.user.is_anonymous
    wrapped = getattr(request.user, "_wrapped", request.user)
    return wrapped.__dict__


Template.render = _spy  # type: ignore[method-assign,assignment]


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
        # A redirect is the same whatever it follows.
        key = (request.method or "", "" if kind.startswith("3") else request.get_full_path(), kind)
        memory = _known.get(key)
        if memory is None:
            _rendered.last = None
            _rendered.known = set(_person(request))
            answer = view(request, *args, **kwargs)
            # A file is kept whole; what is rendered is rendered again each time.
            content = b"" if _rendered.last else answer.content
            kept = HttpResponse(content, status=answer.status_code, headers=dict(answer.headers))
            if key[2] in ("", str(answer.status_code)):
                _known[key] = Memory(kept, *(_rendered.last or ()))
            return answer
        _person(request).update(memory.person)
        counter = _Counter()
        with connection.execute_wrapper(counter):
            content = memory.template.render(memory.context, request) if memory.template else memory.answer.content
        response = HttpResponse(content, status=memory.answer.status_code, headers=dict(memory.answer.headers))
        response.headers["X-Queries"] = str(counter.number)
        return response

    return answer


def _remember(patterns: Iterable[URLPattern | URLResolver]) -> None:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            _remember(pattern.url_patterns)
        elif not pattern.pattern.regex.pattern.startswith("health"):
            pattern.callback = _from_memory(pattern.callback)


handler500 = product.handler500
urlpatterns = product.urlpatterns
_remember(urlpatterns)
