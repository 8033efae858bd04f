"""How many requests to sign a person sends in a day, and how many codes a mailbox receives within an hour."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from totem.core import limits
from totem.core.limits import Limit, Scope, Taker
from totem.core.models import Mail, SigningRequest

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def _codes_sent(mailbox: Taker, now: datetime) -> Any:
    return Mail.objects.filter(key__startswith="core.signing_code:", created_at__gt=now - HOUR, to__iexact=mailbox.key)


def _next_code_at(mailbox: Taker, _scope: Scope, now: datetime) -> datetime | None:
    first: datetime | None = _codes_sent(mailbox, now).aggregate(first=Min("created_at"))["first"]
    return first + HOUR if first else None


ASKED = limits.register(
    Limit(
        "core.signing_requests",
        label=_("Files sent to be signed in a day"),
        defaults={"person": 200},
        words=lambda count: ngettext("%(count)s file", "%(count)s files", int(count)) % {"count": count},
        taken=lambda taker, _scope, now: SigningRequest.objects.filter(
            asked_by=int(taker.key), created_at__gt=now - DAY
        ).count(),
    )
)
CODES = limits.register(
    Limit(
        "core.signing_codes",
        label=_("Codes to sign, sent within an hour"),
        defaults={"mailbox": 20},
        words=lambda count: ngettext("%(count)s code", "%(count)s codes", int(count)) % {"count": count},
        taken=lambda mailbox, _scope, now: _codes_sent(mailbox, now).count(),
        frees_at=_next_code_at,
    )
)
