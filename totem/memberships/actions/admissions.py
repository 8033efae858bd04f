"""Members that the team of a hub takes in, without dues or agreement: the start, the end, the answer to a request."""

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.core import limits, locks
from totem.core.limits import Taker
from totem.hubs.actions.hub import record
from totem.hubs.actions.people import waiting_request
from totem.hubs.mails import write_answer
from totem.hubs.models import Hub, Membership, MembershipRequest
from totem.hubs.signals import AffectedBooking
from totem.memberships.actions.standing import affected, sync
from totem.memberships.models import Admission


@transaction.atomic
def add_membership(*, hub: Hub, person: User, starts_on: date, by: User, ends_on: date | None = None) -> Membership:
    """A membership, both days included; what the person asked of the hub is answered by it. Raises ValidationError."""
    _check_order(starts_on, ends_on)
    limits.lock(Taker.person(person.pk))
    admission = Admission(hub=hub, person=person, starts_on=starts_on, ends_on=ends_on)
    admission.full_clean()
    admission.save(force_insert=True)
    sync(hub=hub, person_ids=[person.pk])
    membership: Membership = Membership.objects.on(starts_on).get(hub=hub, person=person)
    MembershipRequest.objects.filter(hub=hub, person=person).delete()
    last = str(ends_on) if ends_on else None
    facts = {"membership": membership.pk, "person": person.pk, "starts_on": str(starts_on), "ends_on": last}
    record("hubs.membership_added", hub, by, **facts)
    return membership


@transaction.atomic
def end_membership(
    *, membership: Membership, ends_on: date, by: User, now: datetime, cancel: bool = False
) -> list[AffectedBooking]:
    """Set the last day of what the team gave, earlier or later than before.

    Returns the bookings after it that are for members alone: they stay, or are cancelled where `cancel` says so and
    their deadline allows it. Raises ValidationError before its start, over another one of the same person, and where
    the membership comes from dues or an agreement.
    """
    locks.lock(locks.LockKind.HUB, [membership.hub_id])  # no booking comes in between
    limits.lock(Taker.person(membership.person_id))
    row = Membership.objects.select_related("hub").filter(pk=membership.pk).first()
    admission = _given(row) if row else None
    if row is None or admission is None:
        raise ValidationError(_("This membership comes from dues or an agreement, and ends with them."))
    _check_order(admission.starts_on, ends_on)
    admission.ends_on = ends_on
    admission.full_clean()
    admission.save(update_fields=["ends_on", "updated_at"])
    changes = sync(hub=row.hub, person_ids=[row.person_id])
    record("hubs.membership_ended", row.hub, by, membership=row.pk, ends_on=str(ends_on))
    return affected(changes, by=by, now=now, cancel=cancel)


def _given(membership: Membership) -> Admission | None:
    """The last admission among the days of the membership."""
    rows = Admission.objects.filter(hub=membership.hub_id, person=membership.person_id)
    if membership.ends_on:
        rows = rows.filter(starts_on__lte=membership.ends_on)
    rows = rows.filter(Q(ends_on=None) | Q(ends_on__gte=membership.starts_on))
    return rows.order_by("starts_on").last()


def _check_order(starts_on: date, ends_on: date | None) -> None:
    if ends_on is not None and ends_on < starts_on:
        raise ValidationError({"ends_on": _("The end is before the start.")})


@transaction.atomic
def accept_request(*, request: MembershipRequest, starts_on: date, by: User, ends_on: date | None = None) -> Membership:
    """Make whoever asked a member, and tell them. Raises ValidationError."""
    limits.lock(Taker.person(request.person_id))
    row = waiting_request(request)
    membership = add_membership(hub=row.hub, person=row.person, starts_on=starts_on, ends_on=ends_on, by=by)
    write_answer(row.hub, row.person, f"hubs.request_accepted:{request.pk}", membership=membership)
    return membership
