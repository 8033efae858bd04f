"""The language of a page: the person's choice, else the browser's cookie, else its Accept-Language header."""

from collections.abc import Callable

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers


class LanguageMiddleware:
    """Comes after the authentication middleware: a signed-in person's choice is on their row, which is read anyway."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = language_of(request)
        translation.activate(language)
        request.LANGUAGE_CODE = language
        response = self.get_response(request)
        patch_vary_headers(response, ["Accept-Language", "Cookie"])
        response.headers.setdefault("Content-Language", language)
        return response


def language_of(request: HttpRequest) -> str:
    """The code of a language of the site. Asks the database only for a browser that is signed in."""
    if request.session.get(SESSION_KEY) and request.user.is_authenticated:
        return request.user.language
    return translation.get_language_from_request(request)
