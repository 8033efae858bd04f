"""Receivers of the signals about people: export and erasure of personal data."""

import datetime
from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from totem.accounts.actions import ErasureRefused
from totem.accounts.models import User
from totem.accounts.signals import person_erasing, personal_data_requested
from totem.organisations.actions import LastRepresentativeError, leave_organisations
from totem.organisations.models import Affiliation


@receiver(person_erasing, dispatch_uid="organisations.leave")
def leave_when_erased(person: User, now: datetime.datetime, **_kwargs: object) -> None:
    """An erased person leaves their organisations; refused where others would lose their only representative."""
    try:
        leave_organisations(person=person, now=now)
    except LastRepresentativeError as last:
        raise ErasureRefused(
            _("You are the only representative of %(name)s: invite another one first.") % {"name": last}
        ) from last


@receiver(personal_data_requested, dispatch_uid="organisations.affiliations")
def give_affiliations(person: User, **_kwargs: object) -> dict[str, Any]:
    """The person's organisations, past ones too."""
    rows = Affiliation.objects.filter(person=person).select_related("organisation")
    return {
        "organisations": [
            {
                "name": row.organisation.name,
                "role": row.role,
                "can_book": row.can_book,
                "since": row.since.isoformat(),
                "until": row.until.isoformat() if row.until else None,
            }
            for row in rows
        ]
    }
