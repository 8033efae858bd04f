"""How much one person may ask for in a day: searches for partners, and figures of places computed at once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy, ngettext

from totem.core import limits
from totem.core.limits import Amount, Limit, Taker
from totem.core.measures import Text
from totem.core.models import JournalEntry
from totem.labels.models import Search

DAY = timedelta(days=1)
PARTNER_COMPUTED = "labels.partner_computed"


Moments = Callable[[int, datetime], QuerySet[Any, datetime]]


def _in_a_day(name: str, label: Text, most: int, words: Callable[[Amount], str], moments: Moments) -> Limit:
    """At most so many in 24 hours; `moments` are those of a person since then, the oldest first."""

    def taken(taker: Taker, now: datetime) -> QuerySet[Any, datetime]:
        return moments(int(taker.key), now - DAY)

    return limits.register(
        Limit(
            name,
            label,
            defaults={"person": most},
            words=words,
            taken=lambda taker, _scope, now: taken(taker, now).count(),
            frees_at=lambda taker, _scope, now: next((one + DAY for one in taken(taker, now)[:1]), None),
        )
    )


def _searches(person: int, since: datetime) -> QuerySet[Search, datetime]:
    return (
        Search.objects.filter(made_by=person, made_at__gt=since).order_by("made_at").values_list("made_at", flat=True)
    )


def _partners(person: int, since: datetime) -> QuerySet[JournalEntry, datetime]:
    mine = JournalEntry.objects.filter(verb=PARTNER_COMPUTED, actor_id=person, at__gt=since)
    return mine.order_by("at").values_list("at", flat=True)


# Each takes a worker for minutes.
SEARCHES = _in_a_day(
    "labels.searches",
    gettext_lazy("Searches for partners in 24 hours"),
    10,
    lambda amount: ngettext("%(n)s search", "%(n)s searches", int(amount)) % {"n": amount},
    _searches,
)
# Each takes tens of milliseconds a figure while a page is waited for.
PARTNERS = _in_a_day(
    "labels.partners",
    gettext_lazy("Partners whose figures are computed in 24 hours"),
    40,
    lambda amount: ngettext("%(n)s partner", "%(n)s partners", int(amount)) % {"n": amount},
    _partners,
)
