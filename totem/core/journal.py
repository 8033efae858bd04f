"""The journal: who did what to which thing, and when. Append-only (see `JournalEntry`)."""

from collections.abc import Iterable
from typing import Any

from django.db import models

from totem.core import clock
from totem.core.models import JournalEntry, JournalPersonalValue


def record(
    verb: str,
    subject: models.Model,
    *,
    actor_id: int | None,
    scope: models.Model | None = None,
    facts: dict[str, Any] | None = None,
    personal: dict[str, Any] | None = None,
    person_id: int | None = None,
) -> JournalEntry:
    """Write one entry inside the caller's transaction and return it.

    `facts` holds ids, field names and non-personal values only, as JSON; `personal` goes to the side table that the
    erasure of `person_id` empties.
    """
    entry = _entry(verb, subject, facts or {}, actor_id, scope)
    entry.save(force_insert=True)
    if personal:
        JournalPersonalValue.objects.create(entry=entry, person_id=person_id, values=personal)
    return entry


def record_all(
    verb: str,
    subjects: Iterable[tuple[models.Model, dict[str, Any]]],
    *,
    actor_id: int | None,
    scope: models.Model | None = None,
) -> None:
    """Write one entry for each subject with its facts, as `record` does, in one statement."""
    JournalEntry.objects.bulk_create(_entry(verb, subject, facts, actor_id, scope) for subject, facts in subjects)


def _entry(
    verb: str, subject: models.Model, facts: dict[str, Any], actor_id: int | None, scope: models.Model | None
) -> JournalEntry:
    return JournalEntry(
        at=clock.now(),
        actor_id=actor_id,
        verb=verb,
        subject_model=subject._meta.label_lower,
        subject_id=subject.pk,
        scope=f"{scope._meta.model_name}:{scope.pk}" if scope is not None else "",
        facts=facts,
    )
