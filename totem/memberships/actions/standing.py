"""The one writer of `hubs.Membership`: makes its rows what is derived from admissions, dues and agreements."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import NamedTuple

from django.db import transaction

from totem.accounts.models import User
from totem.core import limits, locks
from totem.core.limits import Taker
from totem.hubs.actions.hub import record
from totem.hubs.models import Hub, Membership
from totem.hubs.signals import AffectedBooking, affected_by_ending
from totem.memberships.models import MembershipRule
from totem.memberships.periods import DAY, LAST_DAY
from totem.memberships.queries.standing import derived, differing


class Shortened(NamedTuple):
    """A membership with its new end, before its start where nothing is left, and its last day before (None: no end)."""

    membership: Membership
    until: date | None


@transaction.atomic
def sync(*, hub: Hub, person_ids: Collection[int]) -> list[Shortened]:
    """Make the memberships of these people what is derived; returns those that end earlier now.

    A row whose start is the same is kept, as pages and mails refer to it. Called by who changed what they are derived
    from, under the hub's lock where it ends something.
    """
    ids = sorted(set(person_ids))
    for person in ids:
        limits.lock(Taker.person(person))
    wanted = {
        (person, one.first): None if one.last == LAST_DAY else one.last
        for person, days in derived(hub, ids).items()
        for one in days
    }
    rows = {(row.person_id, row.starts_on): row for row in Membership.objects.filter(hub=hub, person__in=ids)}
    shortened, changed = [], []
    for key, row in rows.items():
        until, row.ends_on = row.ends_on, wanted.get(key, row.starts_on - DAY)
        if row.ends_on != until and key in wanted:
            changed.append(row)
        if (row.ends_on or LAST_DAY) < (until or LAST_DAY):
            shortened.append(Shortened(row, until))
    # What ends comes first, so that no two rows overlap in between.
    Membership.objects.filter(pk__in=[row.pk for key, row in rows.items() if key not in wanted]).delete()
    ending = {one.membership for one in shortened}
    for row in sorted(changed, key=lambda row: row not in ending):
        row.save(update_fields=["ends_on", "updated_at"])
    Membership.objects.bulk_create(
        Membership(hub=hub, person_id=person, starts_on=first, ends_on=last)
        for (person, first), last in wanted.items()
        if (person, first) not in rows
    )
    return shortened


def affected(changes: Iterable[Shortened], *, by: User, now: datetime, cancel: bool = False) -> list[AffectedBooking]:
    """The bookings for members alone that memberships which end earlier no longer cover; cancelled where asked."""
    return [
        booking
        for membership, until in changes
        for booking in affected_by_ending(membership, until, by=by, now=now, cancel=cancel)
    ]


@transaction.atomic
def set_rule(*, hub: Hub, asked_for: str, by: User, reminds: bool = True) -> list[Shortened]:
    """What the hub asks of its members from now on, and whether it reminds who no longer pays.

    Returns the memberships that end earlier by it.
    """
    locks.lock(locks.LockKind.HUB, [hub.pk])
    rule = MembershipRule.objects.filter(hub=hub).first() or MembershipRule(hub=hub)
    before, rule.asked_for = rule.asked_for, asked_for
    rule.reminds = reminds
    rule.full_clean()
    rule.save()
    record("memberships.rule_changed", hub, by, **{"from": str(before), "to": str(asked_for)})
    return sync(hub=hub, person_ids=differing(hub))


def sync_all() -> None:
    """Each night: write again what differs, hub by hub."""
    for hub in Hub.objects.order_by("pk"):
        with transaction.atomic():
            locks.lock(locks.LockKind.HUB, [hub.pk])
            if people := differing(hub):
                sync(hub=hub, person_ids=people)
