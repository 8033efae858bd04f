"""What the team sets of dues: the kinds, their dated amounts, the questions on joining."""

from datetime import date
from decimal import Decimal
from itertools import chain, count
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from totem.accounts.models import User
from totem.core import journal
from totem.core.locks import LockKind, lock
from totem.core.models import assign_changes
from totem.memberships.models import DuesAmount, DuesKind, DuesQuestion
from totem.memberships.periods import DAY


@transaction.atomic
def set_amount(
    *, kind: DuesKind, group: int, amount: Decimal, starts_on: date, by: User, minimum: Decimal | None = None
) -> DuesAmount:
    """What the group pays from that day on; the amount before ends the day before. Raises ValidationError."""
    lock(LockKind.HUB, [kind.hub_id])
    later = kind.amounts.filter(group=group, starts_on__gt=starts_on).order_by("starts_on").first()
    row = kind.amounts.filter(group=group, starts_on=starts_on).first() or DuesAmount(
        kind=kind, group=group, starts_on=starts_on
    )
    kind.amounts.filter(group=group, starts_on__lt=starts_on).exclude(ends_on__lt=starts_on).update(
        ends_on=starts_on - DAY
    )
    row.amount, row.minimum, row.ends_on = amount, minimum, later.starts_on - DAY if later else None
    row.full_clean()
    row.save()
    facts = {"kind": kind.pk, "group": int(group), "amount": str(amount), "starts_on": str(starts_on)}
    journal.record("memberships.dues_amount_set", kind, actor_id=by.pk, scope=kind.hub, facts=facts)
    return row


@transaction.atomic
def save_kind(*, kind: DuesKind, by: User, **fields: Any) -> DuesKind:
    """A new kind of dues, or one changed; what is paid keeps its dates. Raises ValidationError."""
    changed = assign_changes(kind, fields)
    kind.full_clean()
    kind.save()
    journal.record("memberships.dues_kind_saved", kind, actor_id=by.pk, scope=kind.hub, facts={"fields": changed})
    return kind


@transaction.atomic
def add_question(*, kind: DuesKind, label: str, by: User, **fields: Any) -> DuesQuestion:
    """A question asked on joining; its key is made of its words and never changes. Raises ValidationError."""
    lock(LockKind.HUB, [kind.hub_id])
    stem = slugify(label)[:30].strip("-") or "question"
    taken = set(kind.questions.values_list("key", flat=True))
    key = next(key for key in chain([stem], (f"{stem}-{n}" for n in count(2))) if key not in taken)
    question = DuesQuestion(kind=kind, key=key, label=label, position=len(taken), **fields)
    question.full_clean(exclude=["kind"])
    question.save()
    journal.record("memberships.dues_question_added", kind, actor_id=by.pk, scope=kind.hub, facts={"key": key})
    return question


@transaction.atomic
def stop_asking(*, question: DuesQuestion, by: User) -> None:
    """Ask it no longer; the answers that were given are kept."""
    question.is_active = False
    question.save(update_fields=["is_active", "updated_at"])
    kind, facts = question.kind, {"key": question.key}
    journal.record("memberships.dues_question_ended", kind, actor_id=by.pk, scope=kind.hub, facts=facts)
