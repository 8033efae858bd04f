"""What the menu of every page knows about the person who reads it."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from totem.accounts.models import User
from totem.hubs.models import Hub
from totem.hubs.permissions import roles_of
from totem.hubs.queries import hubs_of


def own_hubs(request: HttpRequest) -> dict[str, Any]:
    """`own_hubs`, where the person holds a role, by name.

    Asked for when the menu is rendered and not before: visitors, redirects and parts of pages cost no query.
    """
    return {"own_hubs": SimpleLazyObject(lambda: _hubs(request))}


def _hubs(request: HttpRequest) -> list[Hub]:
    person = getattr(request, "user", None)
    return hubs_of(person) if isinstance(person, User) and roles_of(person) else []
