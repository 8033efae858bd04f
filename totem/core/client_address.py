"""The client's network address behind the reverse proxies, and what `totem doctor` reports of a wrong TOTEM_PROXIES."""

import logging
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import BadRequest
from django.http import HttpRequest

LAST_MISMATCH = "core.client_address.mismatch"
MISMATCH_KEPT = timedelta(days=1)

logger = logging.getLogger(__name__)


class ProxyMismatchError(BadRequest):
    """The request did not come through the proxies that TOTEM_PROXIES counts: answered 400."""


def client_address(request: HttpRequest) -> str:
    """The address that limits count by: the client's IPv4 address, or the first of its IPv6 /64, which one client has.

    It is the one that the outermost of our reverse proxies appended to X-Forwarded-For; the client may have invented
    those before it. Raises ProxyMismatchError where it is missing or is no address.
    """
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    ours = settings.TRUSTED_PROXY_COUNT
    if len(forwarded) < ours:
        raise _mismatch(f"{len(forwarded)} forwarded addresses for TOTEM_PROXIES={ours}")
    try:
        address = _parsed(forwarded[-ours] if ours else request.META["REMOTE_ADDR"])
    except ValueError:
        raise _mismatch("a forwarded address that is none") from None
    if len(forwarded) > ours and not address.is_global:
        # Answered: on the network of a hub this may be its client. Behind one proxy more all clients look like one.
        _keep(f"a private address for TOTEM_PROXIES={ours}, behind {len(forwarded)} forwarded ones")
    return str(address if address.version == 4 else ip_network((address, 64), strict=False).network_address)


def recent_mismatch() -> str:
    """What the last request of the last day that did not fit TOTEM_PROXIES showed, in words for operators; or empty."""
    found: str = cache.get(LAST_MISMATCH, "")
    return found


def _parsed(text: str) -> IPv4Address | IPv6Address:
    """An address, with or without a port; an IPv4 address that is written as IPv6 is IPv4. Raises ValueError."""
    try:
        address = ip_address(text)
    except ValueError:
        address = ip_address(urlsplit(f"//{text}").hostname or "")
    return getattr(address, "ipv4_mapped", None) or address


def _mismatch(what: str) -> ProxyMismatchError:
    logger.error("TOTEM_PROXIES does not fit: a request came with %s.", what)
    _keep(what)
    return ProxyMismatchError(what)


def _keep(what: str) -> None:
    cache.set(LAST_MISMATCH, what, MISMATCH_KEPT.total_seconds())
