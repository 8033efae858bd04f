"""The clock of the pages, stopped where a test says so."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.utils import timezone


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], datetime]:
    """`at("2026-11-26T10:00+01:00")`: from here on it is then."""

    def stop(instant: str) -> datetime:
        now = datetime.fromisoformat(instant).astimezone(UTC)
        monkeypatch.setattr(timezone, "now", lambda: now)
        return now

    return stop


@pytest.fixture
def thursday(at: Callable[[str], datetime]) -> datetime:
    """An ordinary Thursday, ten in the morning in Paris."""
    return at("2026-11-26T10:00+01:00")
