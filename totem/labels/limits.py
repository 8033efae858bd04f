"""How many searches for partners one person may ask for in a day: each takes a worker for minutes."""

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy, ngettext

from totem.core import limits
from totem.core.limits import Amount, Limit, Scope, Taker
from totem.labels.models import Search

DAY = timedelta(days=1)


def _of_a_day(taker: Taker, now: datetime) -> QuerySet[Search]:
    return Search.objects.filter(made_by=int(taker.key), made_at__gt=now - DAY)


def _taken(taker: Taker, scope: Scope, now: datetime) -> int:  # noqa: ARG001
    return _of_a_day(taker, now).count()


def _frees_at(taker: Taker, scope: Scope, now: datetime) -> datetime | None:  # noqa: ARG001
    oldest = _of_a_day(taker, now).order_by("made_at").first()
    return oldest.made_at + DAY if oldest else None


def _words(amount: Amount) -> str:
    return ngettext("%(n)s search", "%(n)s searches", int(amount)) % {"n": amount}


SEARCHES = limits.register(
    Limit(
        "labels.searches",
        gettext_lazy("Searches for partners in 24 hours"),
        defaults={"person": 10},
        words=_words,
        taken=_taken,
        frees_at=_frees_at,
    )
)
