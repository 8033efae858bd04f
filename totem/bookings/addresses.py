"""The addresses of a space's pages, the public one and the one that books it, and of a taker's limits at the desk."""

from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from totem.core.limits import Taker
from totem.core.periods import Period
from totem.core.wording import instant_iso
from totem.hubs.models import Hub
from totem.spaces.models import Space


def space_url(space: Space) -> str:
    """The public page of `space`."""
    return _url("website:space", space)


def book_url(space: Space, period: Period | None = None, *, quantity: int = 1, **more: str) -> str:
    """The booking page of `space`, with the form filled in for `period` and `more` of its fields."""
    url = _url("bookings:book", space)
    if period is None:
        return url
    asked: dict[str, Any] = {"start": instant_iso(period.starts_at), "minutes": period.minutes, **more}
    if quantity > 1:
        asked["quantity"] = quantity
    return f"{url}?{urlencode(asked, safe=':')}"


def _url(route: str, space: Space) -> str:
    before, after = _around_space(route, space.hub.slug)
    return f"{before}/{space.slug}/{after}"


@lru_cache(maxsize=1024)
def _around_space(route: str, hub: str) -> tuple[str, str]:
    """What stands before and after the space: `reverse()` is slow, and a list of spaces has two addresses a line."""
    before, _mark, after = reverse(route, kwargs={"slug": hub, "space": "_"}).rpartition("/_/")
    return before, after


def limits_url(hub: Hub, taker: Taker) -> str:
    """The page of a taker's limits at the desk of the hub."""
    return f"{reverse('bookings:limits', args=[hub.slug])}?{urlencode({'taker': str(taker)})}"
