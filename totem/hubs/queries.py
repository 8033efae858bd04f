"""Queries of hubs: opening periods, open or closed now, a person's standing, areas of zones."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db import connection
from django.db.models import BigIntegerField, CharField, DateField, Q, Sum, Value
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.core import periods
from totem.core.compiled_queries import CompiledQuery, QueryParameter
from totem.core.periods import HoursLine, Period
from totem.core.wording import date_words
from totem.hubs.models import ExceptionalHours, Hub, Membership, MembershipRequest, Role, TeamMember, Zone
from totem.territories.public_holidays import holidays_between


def period_of(during: object) -> Period:
    """A database range as a period; an unbounded end becomes FAR."""
    far = datetime(9000, 1, 1, tzinfo=UTC)
    return Period(during.lower, during.upper or far)  # type: ignore[attr-defined]


def public_holidays(hub: Hub, window: Period) -> dict[date, str]:
    """The public holidays that touch `window`: those of the hub's department, and the customs it keeps, with names."""
    days = list(periods.local_days(Period(window.starts_at - periods.DAY, window.ends_at), hub.zone))
    return holidays_between(hub.commune.department, days[0], days[-1], customs=hub.customary_holidays)


def closing_reasons(hub: Hub, window: Period) -> list[str]:
    """Why the hub is closed out of the ordinary within `window`: reasons of closures, names of public holidays."""
    closures = ExceptionalHours.objects.filter(hub=hub, kind=ExceptionalHours.Kind.CLOSED, during__overlap=window)
    days = list(periods.local_days(window, hub.zone))
    holidays = public_holidays(hub, window) if hub.closed_on_public_holidays else {}
    reasons = [*closures.order_by("during").values_list("reason", flat=True), *(holidays.get(day, "") for day in days)]
    return [reason for reason in dict.fromkeys(reasons) if reason]


# Plain SQL, as this is asked before every availability: building two statements cost more than running them.
_HOURS = """
SELECT hub_id, weekday, opens_at, closes_at, NULL, NULL
  FROM hubs_openinghours WHERE hub_id = ANY(%(ids)s)
UNION ALL
SELECT hub_id, NULL, NULL, NULL, kind, during
  FROM hubs_exceptionalhours WHERE hub_id = ANY(%(ids)s) AND during && tstzrange(%(starts_at)s, %(ends_at)s)
"""


def _hours_of(
    hubs: list[Hub], window: Period
) -> tuple[dict[int, list[HoursLine]], dict[tuple[int, str], list[Period]]]:
    """The weeks of the hubs (by id), and by kind the exceptions that touch `window`."""
    weekly: dict[int, list[HoursLine]] = {hub.pk: [] for hub in hubs}
    exceptions: defaultdict[tuple[int, str], list[Period]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_HOURS, {"ids": list(weekly), "starts_at": window.starts_at, "ends_at": window.ends_at})
        for hub_id, weekday, opens_at, closes_at, kind, during in cursor.fetchall():
            if kind is None:
                weekly[hub_id].append(HoursLine(weekday, opens_at, closes_at))
            else:
                exceptions[hub_id, kind].append(period_of(during))
    return weekly, exceptions


def open_periods(hubs: Iterable[Hub], window: Period) -> dict[int, list[Period]]:
    """When each hub (by id) is open within `window`: one query for any number of hubs.

    (the week, less public holidays and closures), and exceptional openings whatever the rest says. The hubs come with
    their commune and department.
    """
    hubs = list(hubs)
    weekly, exceptions = _hours_of(hubs, window)
    opened = {}
    for hub in hubs:
        closed_days = public_holidays(hub, window) if hub.closed_on_public_holidays else ()
        usual = periods.expand_week(weekly[hub.pk], window, hub.zone, closed_days=closed_days)
        usual = periods.subtract(usual, exceptions[hub.pk, ExceptionalHours.Kind.CLOSED])
        extra = periods.intersect(exceptions[hub.pk, ExceptionalHours.Kind.OPEN], [window])
        opened[hub.pk] = periods.merge([*usual, *extra])
    return opened


@dataclass(frozen=True)
class Doors:
    """Whether a hub is open, until when; else when it opens next (within two weeks)."""

    is_open: bool
    until: datetime | None = None
    opens_at: datetime | None = None

    @property
    def state(self) -> str:
        """The badge that says it (see the components' `badge`)."""
        return "open" if self.is_open else "closed"


def doors(hubs: Sequence[Hub], now: datetime) -> dict[int, Doors]:
    """The state of each hub's doors (by id) at `now`."""
    opened = open_periods(hubs, Period(now, now + timedelta(days=14)))
    return {pk: doors_of(opening, now) for pk, opening in opened.items()}


def doors_of(opened: Iterable[Period], now: datetime) -> Doors:
    """The state at `now` of the doors of a hub that is open in these periods, sorted and apart."""
    period = next((period for period in opened if period.ends_at > now), None)
    if period is None:
        return Doors(is_open=False)
    if period.starts_at <= now:
        return Doors(is_open=True, until=period.ends_at)
    return Doors(is_open=False, opens_at=period.starts_at)


@dataclass(frozen=True)
class Standing:
    """A person's roles and memberships in a hub on a day."""

    roles: frozenset[str] = field(default_factory=frozenset)
    is_member: bool = False
    is_member_elsewhere: bool = False

    @property
    def is_team(self) -> bool:
        """Whether the person may book for others: any team role but reader."""
        return bool(self.roles - {Role.READER})


_PERSON = QueryParameter("person", BigIntegerField())
_STANDING = CompiledQuery(
    lambda: (
        TeamMember.objects.filter(person=_PERSON, hub=QueryParameter("hub", BigIntegerField()))
        .values_list("hub_id", "role")
        .union(
            Membership.objects.on(QueryParameter("day", DateField()))
            .filter(person=_PERSON)
            .values_list("hub_id", Value(None, CharField())),
            all=True,
        )
    )
)


def standing(person: User | None, hub: Hub, day: date) -> Standing:
    """The person's roles in the hub, and memberships here and elsewhere on `day`: one query."""
    if person is None:
        return Standing()
    rows = _STANDING.rows(hub=hub.pk, person=person.pk, day=day)
    member_of = {hub_id for hub_id, role in rows if role is None}
    return Standing(frozenset(role for _, role in rows if role), hub.pk in member_of, bool(member_of - {hub.pk}))


_STANDINGS = CompiledQuery(
    lambda: (
        TeamMember.objects.filter(person=_PERSON)
        .values_list("hub_id", "role", Value(None, DateField()), Value(None, DateField()))
        .union(
            Membership.objects.filter(person=_PERSON).values_list(
                "hub_id", Value(None, CharField()), "starts_on", "ends_on"
            ),
            all=True,
        )
    )
)


class Standings:
    """A person's standing in every hub on any day: one query in all, none for somebody who is not signed in."""

    def __init__(self, person: User | None) -> None:
        self._rows = _STANDINGS.rows(person=person.pk) if person else []

    def on(self, hub_id: int, day: date) -> Standing:
        """What `standing` returns of this hub and day."""
        member_of = {hub for hub, role, first, last in self._rows if role is None and first <= day <= (last or day)}
        roles = frozenset(role for hub, role, *_ in self._rows if role and hub == hub_id)
        return Standing(roles, hub_id in member_of, bool(member_of - {hub_id}))


# A membership that follows another of the same person without a day between is the same one, renewed.
_MEMBERS = """
WITH known AS (
    SELECT starts_on, coalesce(ends_on, 'infinity') AS ends_on,
           lag(ends_on) OVER by_person IS NOT DISTINCT FROM starts_on - 1 AS renews,
           lead(starts_on) OVER by_person IS NOT DISTINCT FROM ends_on + 1 AS is_renewed
      FROM hubs_membership WHERE hub_id = %(hub)s
    WINDOW by_person AS (PARTITION BY person_id ORDER BY starts_on)
)
SELECT count(*) FILTER (WHERE starts_on BETWEEN first AND last AND NOT renews),
       count(*) FILTER (WHERE ends_on BETWEEN first AND last AND NOT is_renewed),
       count(*) FILTER (WHERE last BETWEEN starts_on AND ends_on)
  FROM unnest(%(firsts)s::date[], %(lasts)s::date[]) WITH ORDINALITY AS asked (first, last, n) LEFT JOIN known ON true
 GROUP BY n ORDER BY n
"""


class MemberCounts(NamedTuple):
    """Of some days: memberships that began and that ended in them, renewals apart, and members on the last day."""

    arrivals: int
    departures: int
    members: int


def member_counts(hub: Hub, spans: Sequence[tuple[date, date]]) -> list[MemberCounts]:
    """The counts of each span of days, both ends included. One query for any number of them."""
    firsts, lasts = [first for first, _last in spans], [last for _first, last in spans]
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERS, {"hub": hub.pk, "firsts": firsts, "lasts": lasts})
        return list(map(MemberCounts._make, cursor.fetchall()))


ASKED_AGAIN_AFTER = timedelta(days=30)


def not_asking(hub: Hub, person: User, now: datetime) -> str:
    """Why the person cannot ask the hub for a membership now; empty where they can. At most two queries."""
    if not hub.accepts_requests:
        return _("This hub takes no requests to become a member.")
    if Membership.objects.filter(hub=hub, person=person).ending_from(now.astimezone(hub.zone).date()).exists():
        return _("You are a member already.")
    asked = MembershipRequest.objects.filter(hub=hub, person=person).first()
    if asked is None or (asked.declined_at is not None and asked.declined_at <= now - ASKED_AGAIN_AFTER):
        return ""
    if asked.declined_at is None:
        return _("You have asked: the team answers by mail.")
    again = date_words(asked.declined_at + ASKED_AGAIN_AFTER, hub.zone)
    return _("The team declined. You can ask again from %(day)s.") % {"day": again}


def visible_to(person: User | None) -> Q:
    """Which hubs a person may see: those shown to the public and those of their team."""
    shown = Q(is_published=True)
    if person is None:
        return shown
    return shown | Q(pk__in=TeamMember.objects.filter(person=person).values("hub"))


@dataclass(frozen=True)
class Areas:
    """The zones of a hub with their m²: those that are open, and those that are planned, by the day they open."""

    delivered: list[Zone]
    planned: list[Zone]

    @property
    def m2(self) -> Decimal:
        """Of the zones that are open."""
        return sum((zone.area for zone in self.delivered), Decimal(0))

    @property
    def m2_planned(self) -> Decimal:
        return sum((zone.area for zone in self.planned), Decimal(0))


def areas(zones: Iterable[Zone], day: date) -> Areas:
    """These zones as they are on that day, otherwise in the order given."""
    ordered = list(zones)
    planned = sorted((zone for zone in ordered if zone.is_planned(day)), key=lambda zone: zone.opens_on or day)
    return Areas([zone for zone in ordered if not zone.is_planned(day)], planned)


class PlannedArea(NamedTuple):
    """The m² of the zones of a hub that open on one day to come."""

    hub: int
    day: date
    m2: Decimal


def planned_areas(hubs: Iterable[Hub | int], on: date) -> list[PlannedArea]:
    """What these hubs (or ids of hubs) open after that day, in m², by hub and day. One query."""
    rows = Zone.objects.planned(on).filter(hub__in=[getattr(hub, "pk", hub) for hub in hubs])
    sums = rows.values("hub", "opens_on").annotate(m2=Sum("area")).order_by("hub", "opens_on")
    return list(map(PlannedArea._make, sums.values_list("hub", "opens_on", "m2")))
