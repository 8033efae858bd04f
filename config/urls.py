"""The addresses. Paths that people see are French; route names are English."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.static import serve

from totem.core import views as core

handler400 = "totem.core.views.bad_request"
handler404 = "totem.core.views.not_found"
handler500 = "totem.core.views.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", core.live, name="health_live"),
    path("health/ready", core.ready, name="health_ready"),
    path("health/metrics", core.metrics, name="health_metrics"),
    path("", include("totem.website.urls")),
    path("", include("totem.labels.urls")),
    path("", include("totem.observatory.urls")),
    path("", include("totem.bookings.urls")),
    path("", include("totem.memberships.urls")),
    path("", include("totem.spaces.urls")),
    path("", include("totem.hubs.urls")),
    path("", include("totem.billing.urls")),
    path("", include("totem.premises.urls")),
    path("", include("totem.organisations.urls")),
    path("", include("totem.territories.urls")),
    path("", include("totem.accounts.urls")),
    path("", include("totem.core.urls")),
    path("compte/", include("totem.accounts.sign_in_urls")),
]
if not settings.SECURE:
    # In production the reverse proxy of deploy/ serves uploaded files.
    urlpatterns.append(
        re_path(r"^media/(?P<path>.*)$", login_not_required(serve), {"document_root": settings.MEDIA_ROOT})
    )
