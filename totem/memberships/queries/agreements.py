"""Agreements of a hub: the lists of its team, and what holds on a day."""

from datetime import date

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from totem.core.periods import months_before
from totem.hubs.models import Hub
from totem.memberships.models import Agreement, AgreementState, AgreementTerms

LISTS = ("en-cours", "ce-mois", "a-signer", "demandes", "finis")


def _lists(day: date) -> dict[str, Q]:
    """Which agreements each list holds on that day, which is the hub's today."""
    first, after = day.replace(day=1), months_before(day.replace(day=1), -1)
    active, over = Q(state=AgreementState.ACTIVE), Q(ends_on__lt=day)
    in_month = Q(starts_on__gte=first, starts_on__lt=after)
    changes = AgreementTerms.objects.filter(in_month, agreement=OuterRef("pk"), starts_on__gt=OuterRef("starts_on"))
    return {
        "en-cours": active & ~over,
        "ce-mois": active & (in_month | Q(ends_on__gte=first, ends_on__lt=after) | Q(Exists(changes))),
        "a-signer": Q(state=AgreementState.TO_SIGN),
        "demandes": Q(state=AgreementState.ASKED),
        "finis": (active & over) | Q(state__in=[AgreementState.REFUSED, AgreementState.WITHDRAWN]),
    }


def agreements_of(hub: Hub, shown: str, search: str, day: date) -> QuerySet[Agreement]:
    """The agreements of one of `LISTS`, latest first, with customer, unit, and terms with their plans."""
    rows = Agreement.objects.filter(_lists(day)[shown], hub=hub)
    if search:
        held = AgreementTerms.objects.filter(agreement=OuterRef("pk"), plan__name__icontains=search)
        rows = rows.filter(Q(customer__name__icontains=search) | Q(Exists(held)))
    return rows.select_related("customer", "unit__space").prefetch_related("terms__plan")


def agreement_counts(hub: Hub, day: date) -> dict[str, int]:
    """How many agreements each of `LISTS` holds."""
    asked = {name: Count("pk", filter=condition) for name, condition in _lists(day).items()}
    return Agreement.objects.filter(hub=hub).aggregate(
        **{name.replace("-", "_"): count for name, count in asked.items()}
    )


def terms_on(agreement: Agreement, day: date) -> AgreementTerms | None:
    """The terms that hold on that day; before the first day the first ones, after the last day the last ones."""
    terms = list(agreement.terms.all())
    begun = [one for one in terms if one.starts_on <= day]
    return begun[-1] if begun else next(iter(terms), None)
