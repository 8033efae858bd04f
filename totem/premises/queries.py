"""Queries of buildings, in a fixed number of statements for any number of territories.

Rows are plain values that serialise to JSON, so that an evaluation can be frozen and computed again.
`premises_figures` is a pure function of them.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

import msgspec
from django.db import connection
from django.db.models import Prefetch

from totem.premises.models import Building, Lot, Network, Offer, Phase, PhaseRevision, PhaseState
from totem.territories.models import Workspace
from totem.territories.places import Place

MONTHLY = Decimal(1)  # charter of the Quartier numérique, criterion 2: agreements by the month
EVERYWHERE = Decimal(95)  # from that coverage (%) on, a building counts as covered by a mobile network: ours, no source
NOTHING = Decimal(0)


# -- Rows -------------------------------------------------------------------------------------------------------------


class PhaseRow(msgspec.Struct, frozen=True):
    """A phase as it is known today; `usable_m2` in m², `cost` in EUR."""

    pk: int
    building: int
    name: str
    state: str
    usable_m2: Decimal
    cost: Decimal | None
    due_on: date | None
    delivered_on: date | None
    document: int | None

    def delivered(self, on: date) -> bool:
        return self.delivered_on is not None and self.delivered_on <= on

    def coming(self, on: date) -> date | None:
        """The planned delivery date as of that day; None when delivered by then, or cancelled."""
        if self.state == PhaseState.CANCELLED or self.delivered(on):
            return None
        return self.delivered_on or self.due_on


class LotRow(msgspec.Struct, frozen=True):
    """A lot; periods in months."""

    pk: int
    building: int
    usable_m2: Decimal
    lease_form: str
    period_months: Decimal
    notice_months: Decimal
    document: int | None

    @property
    def monthly(self) -> bool:
        return self.period_months <= MONTHLY and self.notice_months <= MONTHLY


class OfferRow(msgspec.Struct, frozen=True):
    """An operator's offer, in force from `since` until, not including, `until`."""

    pk: int
    building: int
    operator: int
    network: str
    generation: int | None
    mbits_down: Decimal | None
    coverage_percent: Decimal | None
    since: date
    until: date | None
    attested_on: date | None
    document: int | None

    def holds(self, on: date) -> bool:
        return self.since <= on and (self.until is None or on < self.until)


class BuildingRow(msgspec.Struct, frozen=True):
    """A building with its phases, lots and offers."""

    pk: int
    name: str
    key: str
    commune: str
    latitude: float | None
    longitude: float | None
    workspace: int | None
    public: bool
    document: int | None
    phases: tuple[PhaseRow, ...] = ()
    lots: tuple[LotRow, ...] = ()
    offers: tuple[OfferRow, ...] = ()

    def delivered_m2(self, on: date) -> Decimal:
        return sum((phase.usable_m2 for phase in self.phases if phase.delivered(on)), NOTHING)

    def coming_m2(self, on: date) -> Decimal:
        return sum((phase.usable_m2 for phase in self.phases if phase.coming(on)), NOTHING)

    def stands(self, on: date) -> bool:
        """Whether any phase is delivered by that day."""
        return any(phase.delivered(on) for phase in self.phases)

    def best_fixed(self, on: date) -> Decimal | None:
        """Mbit/s down of the best fixed offer in force; None when none is known."""
        held = (offer for offer in self.offers if offer.network == Network.FIXED and offer.holds(on))
        return max((offer.mbits_down for offer in held if offer.mbits_down is not None), default=None)

    def best_generation(self, on: date) -> Decimal | None:
        """The newest mobile generation that covers the building; None when no offer of a mobile network is known."""
        held = [offer for offer in self.offers if offer.network == Network.MOBILE and offer.holds(on)]
        covering = (o.generation for o in held if o.coverage_percent is not None and o.coverage_percent >= EVERYWHERE)
        return Decimal(max((g for g in covering if g is not None), default=0)) if held else None


class PremisesRows(msgspec.Struct, frozen=True):
    """The buildings of a place: `inside` for certain, and `undecided` (no position, in a commune cut by the limit)."""

    inside: tuple[BuildingRow, ...] = ()
    undecided: tuple[BuildingRow, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.inside or self.undecided)


# -- Reading ----------------------------------------------------------------------------------------------------------

# Written by hand: this is read for every evaluation, and the ORM would take ten times as long for one territory. A
# building is in the commune of today, which may have been merged since; one that is public and that the workspace
# declared too (same name, same commune) is read once, as the workspace says. Of a drawn place whose communes nobody
# knows, as their outlines are not loaded, the box is read.
_BUILDINGS = """
SELECT b.id, b.name, b.sort_key, coalesce(c.code, b.commune_id), b.latitude, b.longitude, b.workspace_id, b.public,
       b.document_id
  FROM premises_building b
  LEFT JOIN territories_formercommune f ON f.code = b.commune_id
  LEFT JOIN territories_commune c ON c.code = f.current_id AND c.current
 WHERE (b.workspace_id = %(workspace)s
        OR b.public AND NOT EXISTS (SELECT FROM premises_building own WHERE own.workspace_id = %(workspace)s
                                       AND own.commune_id = b.commune_id AND own.sort_key = b.sort_key))
   AND (coalesce(c.code, b.commune_id) = ANY(%(communes)s)
        OR EXISTS (SELECT FROM unnest(%(west)s::float[], %(south)s::float[], %(east)s::float[], %(north)s::float[])
                       AS box(west, south, east, north)
                    WHERE b.longitude BETWEEN west AND east AND b.latitude BETWEEN south AND north))
 ORDER BY b.id
"""
_PHASES = """
SELECT id, building_id, name, state, usable_m2, cost, due_on, delivered_on, document_id
  FROM premises_phase WHERE building_id = ANY(%(buildings)s) ORDER BY id
"""
_LOTS = """
SELECT id, building_id, usable_m2, lease_form, period_months, notice_months, document_id
  FROM premises_lot WHERE building_id = ANY(%(buildings)s) ORDER BY id
"""
_OFFERS = """
SELECT id, building_id, operator_id, network, generation, mbits_down, coverage_percent, since, until, attested_on,
       document_id
  FROM premises_offer WHERE building_id = ANY(%(buildings)s) ORDER BY id
"""


def read_premises(places: Sequence[Place], workspace: Workspace | None = None) -> dict[str, PremisesRows]:
    """The buildings of each place, by the place's key, in four statements for any number of places.

    These are the public buildings and the workspace's own. Of one that is both (same name, same commune) the
    workspace's row is read.
    """
    communes = sorted({code for place in places for code in place.communes})
    boxes = [place.polygon.bounds for place in places if place.polygon is not None and not place.communes]
    sides = zip(("west", "south", "east", "north"), zip(*boxes, strict=True) if boxes else [()] * 4, strict=True)
    asked = {"workspace": workspace.pk if workspace else None, "communes": communes}
    of_commune: dict[str, list[BuildingRow]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_BUILDINGS, asked | {side: list(degrees) for side, degrees in sides})
        rows = cursor.fetchall()
        buildings = {"buildings": [row[0] for row in rows]}
        phases = _by_building(PhaseRow, cursor, _PHASES, buildings)
        lots = _by_building(LotRow, cursor, _LOTS, buildings)
        offers = _by_building(OfferRow, cursor, _OFFERS, buildings)
    for values in rows:
        pk = values[0]
        theirs = (tuple(phases.get(pk, ())), tuple(lots.get(pk, ())), tuple(offers.get(pk, ())))
        row = BuildingRow(*(*values, *theirs))
        of_commune.setdefault(row.commune, []).append(row)
    return {place.key: _in_place(place, of_commune) for place in places}


def buildings_inside(place: Place, workspace: Workspace | None = None) -> PremisesRows:
    """The buildings of the place that are visible to the workspace."""
    return read_premises([place], workspace)[place.key]


Row = TypeVar("Row", PhaseRow, LotRow, OfferRow)


def _by_building(
    make: Callable[..., Row], cursor: Any, sql: str, buildings: dict[str, list[int]]
) -> dict[int, list[Row]]:
    cursor.execute(sql, buildings)
    found: dict[int, list[Row]] = {}
    for values in cursor.fetchall():
        row = make(*values)
        found.setdefault(row.building, []).append(row)
    return found


def _in_place(place: Place, of_commune: Mapping[str, Sequence[BuildingRow]]) -> PremisesRows:
    near = place.communes or (() if place.polygon is None else of_commune)
    rows = [row for code in near for row in of_commune.get(code, ())]
    if place.polygon is None:
        return PremisesRows(tuple(rows))
    held = [(place.holds(row.commune, row.longitude, row.latitude), row) for row in rows]
    return PremisesRows(
        tuple(row for inside, row in held if inside), tuple(row for inside, row in held if inside is None)
    )


# -- Pages ------------------------------------------------------------------------------------------------------------


def months_between(first: date, last: date) -> int:
    """Months from one date to the other, ignoring days: announcements are made by the month."""
    return (last.year - first.year) * 12 + last.month - first.month


class RevisionShift(NamedTuple):
    """An announcement, and by how many months it moved the previous date (None: the first, or without a date)."""

    revision: PhaseRevision
    shift: int | None


class PhaseHistory(NamedTuple):
    """A phase with its announcements, the first announced date, and its delay from that date in months."""

    phase: Phase
    history: list[RevisionShift]
    first_due: date | None
    slip: int | None


def phase_history(phase: Phase) -> PhaseHistory:
    """The phase with its announcements in order; those not retained do not count in the delay."""
    history: list[RevisionShift] = []
    before: date | None = None
    first: date | None = None
    for revision in sorted(phase.revisions.all(), key=lambda row: (row.announced_on, row.pk)):
        day = revision.delivered_on or revision.due_on
        if not revision.retained or day is None or revision.state == PhaseState.CANCELLED:
            history.append(RevisionShift(revision, None))
            continue
        history.append(RevisionShift(revision, None if before is None else months_between(before, day)))
        first, before = first or revision.due_on, day
    return PhaseHistory(phase, history, first, months_between(first, before) if first and before else None)


class BuildingSummary(NamedTuple):
    """A building in a list: m², when all that is planned is due, longest delay in months, best Mbit/s.

    `due_on` is the last of the planned dates.
    """

    building: Building
    delivered_m2: Decimal
    coming_m2: Decimal
    due_on: date | None
    overdue: bool
    slip: int
    speed: Decimal | None
    undecided: bool = False


def building_summaries(workspace: Workspace, on: date, within: PremisesRows | None = None) -> list[BuildingSummary]:
    """The territory's buildings by name, or those of a place visible to it, in four statements."""
    rows = Building.objects.filter(workspace=workspace)
    undecided: frozenset[int] = frozenset()
    if within is not None:
        undecided = frozenset(row.pk for row in within.undecided)
        rows = Building.objects.filter(pk__in=[*undecided, *(row.pk for row in within.inside)])
    rows = rows.select_related("commune").prefetch_related("phases__revisions", "offers")
    return [_summary(row, on, row.pk in undecided) for row in rows]


def _summary(building: Building, on: date, undecided: bool) -> BuildingSummary:
    phases = list(building.phases.all())
    delivered = [phase for phase in phases if phase.state == PhaseState.DELIVERED]
    coming = [phase_history(phase) for phase in phases if phase.state in {PhaseState.PLANNED, PhaseState.UNDER_WAY}]
    due = max((row.phase.due_on for row in coming if row.phase.due_on is not None), default=None)
    held = [offer for offer in building.offers.all() if offer.network == Network.FIXED and offer.holds(on)]
    return BuildingSummary(
        building,
        sum((phase.usable_m2 for phase in delivered), NOTHING),
        sum((row.phase.usable_m2 for row in coming), NOTHING),
        due,
        due is not None and due < on,
        max((row.slip for row in coming if row.slip), default=0),
        max((offer.mbits_down for offer in held if offer.mbits_down is not None), default=None),
        undecided,
    )


class BuildingDetail(NamedTuple):
    """The content of a building's page."""

    phases: list[PhaseHistory]
    lots: list[Lot]
    offers: list[Offer]
    delivered_m2: Decimal
    coming_m2: Decimal


def building_detail(building: Building, on: date) -> BuildingDetail:
    """The content of a building's page, in four statements; offers that ended before that day come last."""
    phases = [
        phase_history(phase)
        for phase in building.phases.select_related("document__workspace").prefetch_related(
            Prefetch("revisions", PhaseRevision.objects.select_related("document__workspace"))
        )
    ]
    lots = list(building.lots.select_related("document__workspace"))
    offers = building.offers.select_related("operator", "document__workspace")
    states = [(row.phase.state, row.phase.usable_m2) for row in phases]
    coming = (PhaseState.PLANNED, PhaseState.UNDER_WAY)
    return BuildingDetail(
        phases,
        lots,
        sorted(offers, key=lambda offer: not offer.holds(on) and offer.since <= on),
        sum((m2 for state, m2 in states if state == PhaseState.DELIVERED), NOTHING),
        sum((m2 for state, m2 in states if state in coming), NOTHING),
    )
