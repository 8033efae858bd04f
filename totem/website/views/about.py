"""About Totem, accessibility statement and legal notice."""

import importlib.metadata
from datetime import date

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from totem.core.mail import BODY_RETENTION
from totem.hubs.models import Hub

# When the statement was last held against the tests; the law wants it looked at again every three years.
ACCESSIBILITY_STATED_ON = date(2026, 11, 22)


@login_not_required
@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """What Totem is, the address of its source (AGPL, article 13), and what is invented in the demonstration."""
    context = {"version": importlib.metadata.version("totem"), "source_url": settings.SOURCE_URL}
    return render(request, "website/about.html", context)


@login_not_required
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """The accessibility statement: loi n° 2005-102, article 47, in the form of the RGAA 4.1.

    Without an audit the state of conformity is « non conforme », whatever automatic tests find.
    """
    context = {"publisher": settings.PUBLISHER, "stated_on": ACCESSIBILITY_STATED_ON}
    return render(request, "website/accessibility.html", context)


@login_not_required
@require_safe
def legal(request: HttpRequest) -> HttpResponse:
    """The legal notice (LCEN, article 1-1) and what is kept of people (GDPR, article 13), true to the code."""
    context = {
        "publisher": settings.PUBLISHER,
        "missing": [name for name, value in settings.PUBLISHER.items() if not value],
        "hubs": Hub.objects.published().select_related("operator").order_by("name"),
        "mails_kept_days": BODY_RETENTION.days,
        "session_days": settings.SESSION_COOKIE_AGE // 86400,
        "map_origins": settings.MAP_ORIGINS,
    }
    return render(request, "website/legal.html", context)
