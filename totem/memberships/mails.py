"""Mails about memberships."""

from django.conf import settings
from django.utils import translation

from totem.core import mail
from totem.core.calendar_files import Party
from totem.memberships.models import CreditLot
from totem.memberships.queries.credits import quantity_words


def write_credits_ending(lot: CreditLot, left: int) -> None:
    """Queue the mail, once a lot, that what was bought ends soon."""
    person = lot.customer.person
    language = person.language if person else settings.LANGUAGE_CODE
    with translation.override(language):
        quantity = quantity_words(lot.unit, left)
    mail.queue(
        key=f"memberships.credits_ending:{lot.pk}",
        to=lot.customer.email,
        language=language,
        template="memberships/mail/credits_ending",
        context={"hub": lot.hub, "plan": lot.plan.name, "quantity": quantity, "unit": lot.unit, "ends_on": lot.ends_on},
        sender=Party(lot.hub.name, lot.hub.email),
    )
