"""Who is asking."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from totem.accounts.models import User


def signed_in(request: HttpRequest) -> User:
    """The person of a closed page, where Django's middleware lets nobody else in; raises PermissionDenied otherwise."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
