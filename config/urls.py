"""Every address. Those for people are French; route names are English."""

from importlib import util

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.static import serve

from totem.core import views as core

handler500 = "totem.core.views.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", core.live, name="health_live"),
    path("health/ready", core.ready, name="health_ready"),
    *(path("", include(f"{room}.urls")) for room in settings.ROOMS if util.find_spec(f"{room}.urls") is not None),
    path("compte/", include("totem.accounts.sign_in_urls")),
]
if not settings.SECURE:
    # In production the reverse proxy of deploy/ serves what people have sent in.
    urlpatterns.append(
        re_path(r"^media/(?P<path>.*)$", login_not_required(serve), {"document_root": settings.MEDIA_ROOT})
    )
