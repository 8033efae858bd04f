"""The public stylesheet of a hub."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.http import require_safe

from totem.hubs.models import Hub
from totem.hubs.permissions import hub_for


@login_not_required
@require_safe
def accent(request: HttpRequest, slug: str) -> HttpResponse:
    """The hub's accent as a stylesheet, since pages hold no style of their own. Of a hidden hub: for its team only."""
    # The session is left alone where the hub is public, so that any cache may keep the answer.
    colour = Hub.objects.published().filter(slug=slug).values_list("accent", flat=True).first()
    is_public = colour is not None
    if colour is None:
        colour = hub_for(request.user, slug).accent
    response = HttpResponse(f":root {{ --accent: {colour}; }}\n", content_type="text/css; charset=utf-8")
    response.headers["ETag"] = f'"{colour}"'
    if is_public:
        patch_cache_control(response, public=True, max_age=300)
    else:
        patch_cache_control(response, private=True, max_age=0)
    return get_conditional_response(request, etag=response.headers["ETag"], response=response) or response
