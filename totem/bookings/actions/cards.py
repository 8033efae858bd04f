"""The cards that a hub gives its people."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.bookings.models import Card
from totem.core import journal
from totem.core.codes import parse
from totem.hubs.models import Hub


@transaction.atomic
def give_card(*, hub: Hub, person: User, number: str, by: User) -> None:
    """Note the number of the person's card, in place of a former one; an empty number takes the card back.

    Raises ValidationError for a number that is somebody else's.
    """
    cards = Card.objects.filter(hub=hub, person=person)
    if not (number := parse(number)):
        given = bool(cards.delete()[0])
    else:
        try:
            with transaction.atomic():
                given = cards.exclude(number=number).exists() or not cards.exists()
                Card.objects.update_or_create(hub=hub, person=person, defaults={"number": number})
        except IntegrityError as error:
            raise ValidationError(_("This card is somebody else’s.")) from error
    if given:
        journal.record("bookings.card_set", person, actor_id=by.pk, scope=hub, facts={"has_card": bool(number)})
