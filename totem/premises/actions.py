"""Actions on buildings, their phases, lots and network offers."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, Sum
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.core import journal
from totem.core.edit_conflicts import check_version
from totem.core.models import assign_changes
from totem.organisations.models import Organisation
from totem.premises.models import Building, Lot, Offer, Phase, PhaseRevision, PhaseState
from totem.territories.approvals import check_may_publish
from totem.territories.models import Document, Workspace

Row = TypeVar("Row", Building, Lot)


def _record(verb: str, subject: Model, by: User | None, building: Building, **facts: object) -> None:
    journal.record(f"premises.{verb}", subject, actor_id=by.pk if by else None, scope=building.workspace, facts=facts)


def _held(building: Building) -> Building:
    """The building, its row locked: changes of its area are serialised."""
    return Building.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=building.pk)


def _shown(document: Document | None, building: Building) -> None:
    """Raises ValidationError for a document that is neither public nor the workspace's own."""
    if document is not None and not document.public and document.workspace_id != building.workspace_id:
        raise ValidationError({"document": _("This document is not one of this territory.")})


# -- Buildings --------------------------------------------------------------------------------------------------------


@transaction.atomic
def declare_building(*, workspace: Workspace | None, by: User | None, public: bool = False, **values: Any) -> Building:
    """A building of the territory, without a phase yet. Without a workspace it is the installation's, and public.

    `values` are fields of Building. Raises ValidationError, also for a second building of that name in the commune.
    """
    if public:
        check_may_publish(workspace)
    building = Building(workspace=workspace, public=public, **values)
    _shown(building.document, building)
    _clean(building)
    building.save(force_insert=True)
    _record("building_declared", building, by, building, public=public)
    return building


def _clean(building: Building) -> None:
    building.sort_key = Building._meta.get_field("sort_key").pre_save(building, add=False)  # what is once is the key
    building.full_clean()


@transaction.atomic
def change_building(*, building: Building, by: User, seen: str | None = None, **values: Any) -> Building:
    """Change fields of the building. `seen` is the version token that its author saw.

    Raises ValidationError, EditConflict.
    """
    row = _held(building)
    if seen is not None:
        check_version(row, seen)
    changed = assign_changes(row, values)
    if changed:
        _shown(row.document, row)
        _clean(row)
        row.save()
        _record("building_changed", row, by, row, fields=changed)
    return row


@transaction.atomic
def publish_building(*, building: Building, by: User) -> Building:
    """Make the building public, with all its declarations. Raises ValidationError where one of that name is public."""
    return _set_public(building, True, by)


@transaction.atomic
def unpublish_building(*, building: Building, by: User) -> Building:
    """Make the building visible to its workspace only. Raises ValidationError when it has none."""
    return _set_public(building, False, by)


def _set_public(building: Building, public: bool, by: User) -> Building:
    row = _held(building)
    if row.public != public:
        if public:
            check_may_publish(row.workspace)
        row.public = public
        _clean(row)
        row.save(update_fields=["public", "updated_at"])
        _record("building_published" if public else "building_unpublished", row, by, row)
    return row


# -- Phases -----------------------------------------------------------------------------------------------------------

# The fields that a phase and its announcements have in common.
PHASE_FIELDS = ("state", "usable_m2", "cost", "due_on", "delivered_on", "document")


@transaction.atomic
def add_phase(
    *,
    building: Building,
    name: str,
    state: str,
    usable_m2: Decimal,
    announced_on: date,
    by: User | None,
    now: datetime,
    due_on: date | None = None,
    delivered_on: date | None = None,
    cost: Decimal | None = None,
    source: str = "",
    document: Document | None = None,
) -> Phase:
    """A phase of the building, with its first announcement. Raises ValidationError."""
    row = _held(building)
    phase = Phase(
        building=row,
        name=name,
        state=state,
        usable_m2=usable_m2,
        cost=cost,
        due_on=due_on,
        delivered_on=delivered_on,
        document=document,
    )
    _shown(document, row)
    phase.full_clean()
    revision = _announcement(phase, announced_on=announced_on, source=source, reason="", now=now, by=by)
    revision.full_clean(exclude=["phase"])
    phase.save(force_insert=True)
    revision.phase = phase
    revision.save(force_insert=True)
    _record("phase_added", phase, by, row, state=state)
    return phase


def _announcement(
    phase: Phase, *, announced_on: date, source: str, reason: str, now: datetime, by: User | None
) -> PhaseRevision:
    values = {name: getattr(phase, name) for name in PHASE_FIELDS}
    if announced_on > timezone.localdate(now):
        raise ValidationError({"announced_on": _("This date is to come.")})
    if phase.delivered_on is not None and phase.delivered_on > timezone.localdate(now):
        raise ValidationError({"delivered_on": _("What is delivered was delivered by today: this date is to come.")})
    if phase.delivered_on is not None and phase.delivered_on > announced_on:
        raise ValidationError({"announced_on": _("A delivery is announced once it has taken place.")})
    return PhaseRevision(phase=phase, announced_on=announced_on, source=source, reason=reason, at=now, by=by, **values)


@transaction.atomic
def revise_phase(
    *,
    phase: Phase,
    state: str,
    usable_m2: Decimal,
    announced_on: date,
    by: User | None,
    now: datetime,
    due_on: date | None = None,
    delivered_on: date | None = None,
    cost: Decimal | None = None,
    source: str = "",
    document: Document | None = None,
    retained: bool = True,
    reason: str = "",
) -> PhaseRevision:
    """Add an announcement; the phase then takes the values of its newest retained announcement.

    One that is not `retained`, or older than the newest, is history. Raises ValidationError, also when the lots would
    no longer fit.
    """
    building = _held(phase.building)
    row = Phase.objects.get(pk=phase.pk)
    values = {
        "state": state,
        "usable_m2": usable_m2,
        "cost": cost,
        "due_on": due_on,
        "delivered_on": delivered_on,
        "document": document,
    }
    _shown(document, building)
    revised = Phase(building=building, name=row.name, **values)
    revised.full_clean(exclude=["building", "name"], validate_unique=False)
    revision = _announcement(revised, announced_on=announced_on, source=source, reason=reason, now=now, by=by)
    revision.phase, revision.retained = row, retained
    revision.full_clean()
    revision.save(force_insert=True)
    newest = row.revisions.filter(retained=True).order_by("-announced_on", "-pk").first()
    if newest == revision:
        assign_changes(row, values)
        _lots_fit(building, but=row, m2=NOTHING if state == PhaseState.CANCELLED else usable_m2)
        row.save()
    facts = {"announced_on": str(announced_on), "state": state, "retained": retained}
    _record("phase_revised", row, by, building, **facts)
    return revision


NOTHING = Decimal(0)


def _m2(rows: Any) -> Decimal:
    total: Decimal | None = rows.aggregate(total=Sum("usable_m2"))["total"]
    return total or NOTHING


def _lots_fit(building: Building, *, but: Model, m2: Decimal) -> None:
    """Raises ValidationError when the lots exceed the phases, with `m2` as the area of the phase or lot `but`."""
    phases = building.phases.exclude(state=PhaseState.CANCELLED)
    lots = building.lots.all()
    if isinstance(but, Phase):
        room, let = _m2(phases.exclude(pk=but.pk)) + m2, _m2(lots)
    else:
        room, let = _m2(phases), _m2(lots.exclude(pk=but.pk)) + m2
    if let > room:
        words = _("The lots would have %(let)s m² and the building's phases have %(room)s m².")
        raise ValidationError({"usable_m2": words % {"let": number_format(let), "room": number_format(room)}})


# -- Lots -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_lot(*, building: Building, by: User | None, **values: Any) -> Lot:
    """A lot of the building; `values` are fields of Lot. Raises ValidationError, also when it does not fit."""
    row = _held(building)
    lot = Lot(building=row, **values)
    _save_lot(lot, row)
    _record("lot_added", lot, by, row, lease_form=lot.lease_form)
    return lot


@transaction.atomic
def change_lot(*, lot: Lot, by: User, seen: str | None = None, **values: Any) -> Lot:
    """Change fields of the lot. Raises ValidationError, EditConflict."""
    building = _held(lot.building)
    row = Lot.objects.get(pk=lot.pk)
    if seen is not None:
        check_version(row, seen)
    changed = assign_changes(row, values)
    if changed:
        _save_lot(row, building)
        _record("lot_changed", row, by, building, fields=changed)
    return row


def _save_lot(lot: Lot, building: Building) -> None:
    _shown(lot.document, building)
    lot.full_clean()
    _lots_fit(building, but=lot, m2=lot.usable_m2)
    lot.save()


@transaction.atomic
def remove_lot(*, lot: Lot, by: User) -> None:
    """Delete the lot; agreements signed for it are unchanged."""
    building = _held(lot.building)
    row = Lot.objects.filter(pk=lot.pk).first()
    if row is not None:
        _record("lot_removed", row, by, building, usable_m2=str(row.usable_m2))
        row.delete()


# -- Offers -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_offer(*, building: Building, operator: Organisation, by: User | None, now: datetime, **values: Any) -> Offer:
    """A network offer in the building; `values` are fields of Offer. Raises ValidationError."""
    row = _held(building)
    offer = Offer(building=row, operator=operator, **values)
    if offer.attested_on is not None and offer.attested_on > timezone.localdate(now):
        raise ValidationError({"attested_on": _("This date is to come.")})
    _shown(offer.document, row)
    offer.full_clean()
    offer.save(force_insert=True)
    _record("offer_added", offer, by, row, network=offer.network, operator=operator.pk)
    return offer


@transaction.atomic
def end_offer(*, offer: Offer, on: date, by: User) -> Offer:
    """End the offer; `on` is the first day without it. Raises ValidationError when that is before its start."""
    building = _held(offer.building)
    row = Offer.objects.get(pk=offer.pk)
    if on < row.since:
        raise ValidationError({"on": _("The end comes before the start.")})
    row.until = on
    row.full_clean()
    row.save(update_fields=["until", "updated_at"])
    _record("offer_ended", row, by, building, until=str(on))
    return row
