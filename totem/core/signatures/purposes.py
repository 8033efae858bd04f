"""What files are signed for: each room registers its purposes, and learns by them how a request ended."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings

from totem.core.calendar_files import Party
from totem.core.components import Words
from totem.core.models import SigningRequest

Answer = Callable[[SigningRequest, datetime], None]


def _nothing(request: SigningRequest, now: datetime) -> None:
    """What a room does that has nothing to do."""


class SignatoryTerms(NamedTuple):
    """Somebody who is asked to sign; those of a lower `position` sign before the others."""

    name: str
    email: str
    capacity: str = ""
    position: int = 1
    language: str = settings.LANGUAGE_CODE


@dataclass(frozen=True, eq=False)
class SigningPurpose:
    """What files are signed for; `name` is kept in rows and never changed.

    `url` is where the request is read in a workplace, by those who may remind and withdraw (`may_manage`). `completed`
    is called in the transaction of the last signature, `ended` in that of a request that was declined, withdrawn or
    has expired: what they raise undoes it. `lock` is called before any row is locked, with the locks they need, in the
    order of `core.locks`. Mails come from `sender`.
    """

    name: str
    label: Words
    url: Callable[[SigningRequest], str]
    may_manage: Callable[[Any, SigningRequest], bool]
    completed: Answer
    ended: Answer = _nothing
    lock: Callable[[SigningRequest], None] = lambda request: None  # noqa: ARG005
    sender: Callable[[SigningRequest], Party | None] = lambda request: None  # noqa: ARG005


_purposes: dict[str, SigningPurpose] = {}


def register(purpose: SigningPurpose) -> SigningPurpose:
    """Register a purpose and return it. Raises ValueError when its name is taken."""
    if purpose.name in _purposes:
        raise ValueError(f"Two purposes of signatures are called {purpose.name}.")
    _purposes[purpose.name] = purpose
    return purpose


def purpose_of(request: SigningRequest) -> SigningPurpose:
    """The purpose of a request. Raises KeyError for one that no room registers any more."""
    return _purposes[request.purpose]
