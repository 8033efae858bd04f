"""How somebody of a hub's team is told of requests."""

from datetime import datetime

from django.db import transaction

from totem.accounts.models import User
from totem.bookings.models import RequestFrequency, RequestNotification
from totem.bookings.rules import DIGEST_HOUR
from totem.core import journal
from totem.hubs.models import Hub


@transaction.atomic
def choose_notifications(*, hub: Hub, person: User, frequency: RequestFrequency, now: datetime) -> RequestNotification:
    """Keep the choice of the person; a first digest comes on the next morning."""
    local = now.astimezone(hub.zone)
    choice, _new = RequestNotification.objects.select_for_update().get_or_create(
        hub=hub,
        person=person,
        defaults={"frequency": frequency, "digest_on": local.date() if local.hour >= DIGEST_HOUR else None},
    )
    choice.frequency = frequency
    choice.save(update_fields=["frequency", "updated_at"])
    facts = {"frequency": str(frequency)}
    journal.record("bookings.notifications_chosen", choice, actor_id=person.pk, scope=hub, facts=facts)
    return choice
