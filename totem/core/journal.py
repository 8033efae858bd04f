"""The journal: who did what to which thing, and when. Append-only (see `JournalEntry`)."""

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
    entry = JournalEntry.objects.create(
        at=clock.now(),
        actor_id=actor_id,
        verb=verb,
        subject_model=subject._meta.label_lower,
        subject_id=subject.pk,
        scope=f"{scope._meta.model_name}:{scope.pk}" if scope is not None else "",
        facts=facts or {},
    )
    if personal:
        JournalPersonalValue.objects.create(entry=entry, person_id=person_id, values=personal)
    return entry
