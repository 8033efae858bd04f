"""Dues: their amounts on a day, what a member has paid until, who is up to date."""

from collections.abc import Sequence
from datetime import date

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from totem.accounts.models import User
from totem.hubs.models import Hub
from totem.memberships.models import OPEN, DuesAmount, DuesKind, DuesState, DuesTerm, MemberGroup, MembershipRule
from totem.memberships.models.dues import DuesTermQuerySet
from totem.memberships.periods import Days, days_of
from totem.organisations.models import Organisation

LISTS = ("a-jour", "pas-a-jour", "en-attente", "finies")


def amount_on(kind: DuesKind, group: int, day: date) -> DuesAmount | None:
    """What the group pays on that day: its own amount, or that of everybody."""
    rows = kind.amounts.filter(Q(ends_on=None) | Q(ends_on__gte=day), starts_on__lte=day)
    return rows.filter(group__in=[group, MemberGroup.EVERYBODY]).order_by("-group").first()


def of_member(hub: Hub, person: User, organisation: Organisation | None) -> DuesTermQuerySet:
    """The terms of a person, or of an organisation whoever represents it."""
    if organisation is not None:
        return DuesTerm.objects.filter(hub=hub, organisation=organisation)
    return DuesTerm.objects.filter(hub=hub, person=person, organisation=None)


def held_periods(hub: Hub, person: User, organisation: Organisation | None) -> list[Days]:
    """The periods that the member has paid, or was exempt for, in order."""
    return sorted(map(days_of, of_member(hub, person, organisation).valid()))


def up_to_date(hub: Hub, day: date) -> DuesTermQuerySet:
    """The terms of who is up to date with their dues on that day; one a member, as periods do not overlap."""
    return DuesTerm.objects.valid().on(day).filter(hub=hub)


def listed(hub: Hub, shown: str, day: date, search: str = "") -> QuerySet[DuesTerm]:
    """The terms of one of `LISTS` on that day, by name: paid, lapsed (the last one of each), waiting, and over."""
    rows = DuesTerm.objects.filter(hub=hub)
    if shown == "a-jour":
        rows = up_to_date(hub, day)
    elif shown == "pas-a-jour":
        rows = lapsed(hub, day)
    elif shown == "en-attente":
        rows = rows.filter(state__in=OPEN)
    else:
        rows = rows.filter(state__in=[DuesState.REFUSED, DuesState.ABANDONED, DuesState.CANCELLED])
    if search:
        rows = rows.filter(Q(person__name__icontains=search) | Q(organisation__name__icontains=search))
    return rows.select_related("person", "organisation", "kind", "document").order_by("person__sort_key", "-starts_on")


def lapsed(hub: Hub, day: date) -> DuesTermQuerySet:
    """The last term of each member who was up to date before that day and is not on it."""
    valid = DuesTerm.objects.valid().filter(hub=hub)
    later = valid.filter(starts_on__lte=day, starts_on__gt=OuterRef("starts_on")).alias(
        member=Coalesce(F("organisation_id"), F("person_id") * -1)
    )
    same = later.filter(member=Coalesce(OuterRef("organisation_id"), OuterRef("person_id") * -1))
    return valid.filter(~Exists(same), ends_on__lt=day)


def rule_of(hub: Hub) -> MembershipRule:
    """What the hub asks of its members; not saved where it never said."""
    return MembershipRule.objects.filter(hub=hub).first() or MembershipRule(hub=hub)


def kinds_to_join(hub: Hub) -> Sequence[DuesKind]:
    """The kinds that can be joined, with their questions."""
    return list(DuesKind.objects.filter(hub=hub, is_active=True).prefetch_related("questions"))
