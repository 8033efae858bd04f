"""What becomes of the memberships of a person who is erased."""

from datetime import datetime

from django.db import transaction
from django.db.models import Model, Q

from totem.accounts.models import User
from totem.core import locks
from totem.hubs.models import Hub
from totem.memberships.actions.agreements import offer_places
from totem.memberships.actions.standing import sync
from totem.memberships.models import OPEN, Admission, AgreementSeat, DuesState, DuesTerm, PlaceRequest, Plan

HELD: tuple[tuple[type[Model], str], ...] = (
    (DuesTerm, "hub"),
    (AgreementSeat, "agreement__hub"),
    (Admission, "hub"),
)


@transaction.atomic
def leave_memberships(*, person: User, now: datetime) -> None:
    """End today what makes them a member, remove what is to come, delete what they answered on joining.

    A place that they waited for goes to the next. Paid dues keep their document and amount; the run counts what an
    agreement owes, whose seats end.
    """
    hubs = {
        pk for model, path in HELD for pk in model._default_manager.filter(person=person).values_list(path, flat=True)
    }
    waited = PlaceRequest.objects.filter(person=person)
    hubs |= set(waited.values_list("plan__hub", flat=True))
    locks.lock(locks.LockKind.HUB, hubs)
    plans = list(Plan.objects.filter(waiting__person=person).select_related("hub"))
    waited.delete()
    for plan in plans:
        offer_places(plan=plan, now=now)
    terms = DuesTerm.objects.filter(person=person)
    terms.exclude(answers={}).update(answers={})
    terms.filter(state__in=OPEN).update(state=DuesState.ABANDONED)
    for hub in Hub.objects.filter(pk__in=hubs).order_by("pk"):
        today = now.astimezone(hub.zone).date()
        terms.valid().filter(hub=hub, starts_on__gt=today).update(state=DuesState.CANCELLED)
        for model, path in HELD:
            rows = model._default_manager.filter(person=person, **{path: hub.pk})
            if model is not DuesTerm:
                rows.filter(starts_on__gt=today).delete()
            still = Q(ends_on=None) | Q(ends_on__gt=today)
            rows.filter(still, starts_on__lte=today).update(ends_on=today)
        sync(hub=hub, person_ids=[person.pk])
