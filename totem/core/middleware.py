"""Middleware of every request: health checks, an unavailable database, too much to do, wrong methods, caches, NUL."""

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import resolve
from django.utils.cache import has_vary_header, patch_cache_control

from totem.core.database_errors import is_database_unavailable, unavailable_page
from totem.core.expensive import BusyError, busy_page


class HealthMiddleware:
    """Answers `/health/` before all others: to any Host, without a redirect to https, a session or a language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/health/"):
            return self.get_response(request)
        found = resolve(request.path_info)
        answer: HttpResponse = found.func(request, *found.args, **found.kwargs)
        return answer


class DatabaseUnavailableMiddleware:
    """Answers 503 with a plain page when a view cannot reach the database.

    Exceptions of other middleware do not pass here: `totem.core.views.server_error` gives the same page for those.
    Nothing is remembered: the next request connects again (`CONN_HEALTH_CHECKS`).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page for an exception that says the database is unavailable; None for any other."""
        return unavailable_page(request) if is_database_unavailable(exception) else None


class BusyMiddleware:
    """Answers 503 with a plain page when a view would do more expensive work than the process accepts."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page for a BusyError; None for any other exception."""
        return busy_page(request) if isinstance(exception, BusyError) else None


class WrongMethodMiddleware:
    """Gives a page to the empty 405 of a view: the address of a form is opened after signing in, or typed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405 or response.content:
            return response
        page = render(request, "405.html", status=405)
        page["Allow"] = response["Allow"]
        return page


class PrivateMiddleware:
    """Keeps out of shared caches an answer that sets a cookie, and one that depends on cookies and says no more."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        stated = response.headers.get("Cache-Control", "")
        # A page with a name or the token of a form: not every shared cache heeds Vary.
        if (response.cookies and "public" in stated) or (has_vary_header(response, "Cookie") and not stated):
            patch_cache_control(response, private=True)
        return response


class NulMiddleware:
    """Answers 400 to an address with a NUL: PostgreSQL text cannot hold one, so any look-up would fail.

    A cookie with one is as good as none. Form fields refuse it themselves.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("NUL")
        request.COOKIES = {name: value for name, value in request.COOKIES.items() if "\x00" not in value}
        return self.get_response(request)
