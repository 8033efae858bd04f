"""Context processor: the settings that every template may read."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:  # noqa: ARG001 (Django calls it with the request)
    """`demo`, `code_minutes` (of a mailed code), `site_url` and `languages`."""
    return {
        "demo": settings.DEMO,
        "code_minutes": settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60,
        "site_url": settings.SITE_URL,
        "languages": settings.LANGUAGES,
    }
