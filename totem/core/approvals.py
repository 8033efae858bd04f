"""What waits for the approval of the installation's staff. A room registers its kind of requests in `approvals.py`:

add_request_kind(RequestKind(_("Territory"), waiting=waiting_workspaces, row=request_of))
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import QuerySet

from totem.core.components import Words


class WaitingRequest(NamedTuple):
    """A request on the page of the staff: what it is about, the address where it is read and answered, since when."""

    label: Words
    url: str
    asked_at: datetime.datetime
    detail: Words = ""


@dataclass(frozen=True, eq=False)
class RequestKind:
    """A kind of requests: those that wait, in the order they are shown, and how one of them is shown."""

    label: Words
    waiting: Callable[[], "QuerySet[Any]"]
    row: Callable[[Any], WaitingRequest]


_kinds: list[RequestKind] = []


def add_request_kind(kind: RequestKind) -> RequestKind:
    """Register a kind of requests."""
    _kinds.append(kind)
    return kind


class WaitingRequests:
    """All that waits, kind by kind, as (kind, request), for a paginator: a page reads its own rows only."""

    def __init__(self) -> None:
        found = [(kind, kind.waiting()) for kind in _kinds]
        self._found = [(kind, rows, rows.count()) for kind, rows in found]

    def __len__(self) -> int:
        return sum(count for _kind, _rows, count in self._found)

    def __getitem__(self, part: slice) -> list[tuple[RequestKind, WaitingRequest]]:
        start, stop, shown = part.start or 0, len(self) if part.stop is None else part.stop, []
        for kind, rows, count in self._found:
            shown += [(kind, kind.row(one)) for one in rows[max(start, 0) : max(stop, 0)]]
            start, stop = start - count, stop - count
        return shown
