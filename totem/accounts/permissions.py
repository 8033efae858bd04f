"""The signed-in person of a request."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from totem.accounts.models import User


def signed_in(request: HttpRequest) -> User:
    """The signed-in person; raises PermissionDenied for anybody else, whom the login middleware redirects before."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
