"""Who is a member of a hub, on which days: derived from admissions, dues and agreements, as the hub's rule says."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date

from totem.hubs.models import Hub, Membership
from totem.memberships.models import Admission, AgreementSeat, AgreementState, AskedFor, DuesTerm, MembershipRule
from totem.memberships.periods import Days, days_of

DUES = (AskedFor.DUES, AskedFor.EITHER)
SEATS = (AskedFor.AGREEMENT, AskedFor.EITHER)

DaysOfPeople = dict[int, list[Days]]
"""By the id of a person."""


def asked_for(hub: Hub) -> str:
    """What the hub asks of its members (`AskedFor`)."""
    rule = MembershipRule.objects.filter(hub=hub).first()
    return rule.asked_for if rule else AskedFor.TEAM


def derived(hub: Hub, person_ids: Collection[int] | None = None) -> DaysOfPeople:
    """The days on which each of these people (None: everybody) is a member, in order and apart.

    Days that overlap become one period; a period that follows another, as next year's dues do, stays one of its own.
    """
    people = {} if person_ids is None else {"person__in": person_ids}
    asked = asked_for(hub)
    terms = DuesTerm.objects.valid().filter(hub=hub, **people)
    counted = terms if asked in (*DUES, AskedFor.BOTH) else terms.none()
    dues = _by_person((row.person_id, days_of(row)) for row in counted)
    seats = _by_person(_seats(hub, people)) if asked in (*SEATS, AskedFor.BOTH) else {}
    found = _by_person((row.person_id, days_of(row)) for row in Admission.objects.filter(hub=hub, **people))
    for source, counts in ((dues, asked in DUES), (seats, asked in SEATS)):
        for person, days in source.items() if counts else ():
            found[person] += days
    if asked == AskedFor.BOTH:
        for person in dues.keys() & seats.keys():
            found[person] += [both for one in dues[person] for other in seats[person] if (both := one.within(other))]
    return {person: list(_united(days)) for person, days in found.items()}


def differing(hub: Hub) -> list[int]:
    """The ids of the people whose `hubs.Membership` rows are not what is derived, in order."""
    kept: dict[int, list[tuple[date, date]]] = defaultdict(list)
    for row in Membership.objects.filter(hub=hub).order_by("starts_on"):
        days = days_of(row)
        kept[row.person_id].append((days.first, days.last))
    wanted = {person: [(one.first, one.last) for one in days] for person, days in derived(hub).items() if days}
    return sorted(person for person in kept.keys() | wanted.keys() if kept.get(person) != wanted.get(person))


def _seats(hub: Hub, people: dict[str, Collection[int]]) -> Iterator[tuple[int, Days]]:
    """The days of seats within signed agreements, without pauses and suspensions."""
    rows = AgreementSeat.objects.filter(agreement__hub=hub, agreement__state=AgreementState.ACTIVE, **people)
    for seat in rows.select_related("agreement").prefetch_related("agreement__pauses", "agreement__suspensions"):
        agreement = seat.agreement
        off = [*map(days_of, agreement.pauses.all()), *map(days_of, agreement.suspensions.all())]
        if held := days_of(seat).within(days_of(agreement)):
            for days in held.without(off):
                yield seat.person_id, days


def _by_person(rows: Iterable[tuple[int, Days]]) -> DaysOfPeople:
    found: DaysOfPeople = defaultdict(list)
    for person, days in rows:
        found[person].append(days)
    return found


def _united(days: Iterable[Days]) -> Iterator[Days]:
    last: Days | None = None
    for one in sorted(days):
        if last and one.first <= last.last:
            last = Days(last.first, max(last.last, one.last))
            continue
        if last:
            yield last
        last = one
    if last:
        yield last
