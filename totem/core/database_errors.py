"""The database is unavailable: which exceptions say so, and the 503 page that is rendered without a query."""

import logging

import psycopg
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.cache import add_never_cache_headers, patch_vary_headers

RETRY_AFTER_SECONDS = 10
# Connection exceptions (08), out of resources (53), the server starts, stops or was stopped (57P0x).
UNAVAILABLE = ("08", "53", "57P01", "57P02", "57P03", "57P05")

logger = logging.getLogger(__name__)


def is_database_unavailable(exception: BaseException | None) -> bool:
    """Whether this exception, or one that led to it, says that the database cannot be used at the moment.

    A deadlock or a statement that took too long are OperationalErrors too; they do not count.
    """
    while exception is not None:
        if isinstance(exception, psycopg.OperationalError | psycopg.InterfaceError):
            # Without a code the connection was refused, or broke on the way.
            return exception.sqlstate is None or exception.sqlstate.startswith(UNAVAILABLE)
        exception = exception.__cause__ or exception.__context__
    return False


def unavailable_page(request: HttpRequest) -> HttpResponse:
    """A 503 in the reader's language: no session, no user, no query."""
    logger.error("The database is unavailable: %s %s answered 503.", request.method, request.path)
    language = translation.get_language_from_request(request)
    with translation.override(language):
        body = render_to_string("core/database_unavailable.html")
    response = HttpResponse(body, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    response["Content-Language"] = language
    add_never_cache_headers(response)
    patch_vary_headers(response, ["Accept-Language"])
    return response
