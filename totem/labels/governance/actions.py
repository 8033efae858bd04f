"""Who governs and who pays: bodies with their seats and meetings, offices, funding lines."""

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.core import journal
from totem.core.edit_conflicts import check_version
from totem.core.models import assign_changes
from totem.core.wording import number
from totem.labels.models import Appointment, Board, Body, FundingLine, Meeting, Seat
from totem.territories.approvals import check_may_publish
from totem.territories.models import Document, Workspace

Governed = TypeVar("Governed", Body, Appointment, FundingLine)
NOTHING, WHOLE = Decimal(0), Decimal(100)


def _record(verb: str, subject: models.Model, by: User | None, workspace: Workspace | None, **facts: object) -> None:
    """One line of the journal. Facts are codes and field names: who sits and who is named may be a person's name."""
    journal.record(f"labels.{verb}", subject, actor_id=by.pk if by else None, scope=workspace, facts=facts)


def _own(document: Document | None, workspace: Workspace | None) -> None:
    """A document that stands as evidence is the territory's own, or public."""
    if document is not None and not document.public and document.workspace_id != (workspace.pk if workspace else None):
        raise ValidationError({"document": _("This document is not one of the territory’s.")})


def _new(model: type[Governed], board: Board, by: User | None, verb: str, values: Mapping[str, Any]) -> Governed:
    """A row about what the board is about, for its team alone."""
    row = model(workspace=board.workspace, perimeter=board.perimeter, hub=board.hub, **values)
    _own(row.document, row.workspace)
    row.full_clean()
    row.save(force_insert=True)
    _record(verb, row, by, row.workspace, **_codes(row))
    return row


def _codes(row: Body | Appointment | FundingLine) -> dict[str, str]:
    names = {Body: ("kind", "legal_form"), Appointment: ("office",), FundingLine: ("level", "purpose")}[type(row)]
    return {name: str(getattr(row, name)) for name in names}


def _change(row: Governed, seen: str, by: User | None, verb: str, values: Mapping[str, Any]) -> Governed:
    """The row, which the caller holds, with other values."""
    check_version(row, seen)
    changed = assign_changes(row, values)
    if changed:
        _own(row.document, row.workspace)
        row.full_clean()
        row.save()
        _record(verb, row, by, row.workspace, fields=changed)
    return row


def _held(row: Governed) -> Governed:
    rows: models.QuerySet[Governed] = type(row)._default_manager.select_for_update(of=("self",))
    return rows.select_related("workspace").get(pk=row.pk)


@transaction.atomic
def set_governed_public(*, row: Governed, public: bool, by: User | None) -> None:
    """Show a body with its seats and meetings, an appointment or a funding line to everybody; or to the team alone.

    Documents stay where they were shown: minutes and acts may speak of people.
    """
    held = _held(row)
    if held.public != public:
        if public:
            check_may_publish(held.workspace)
        held.public = public
        held.save(update_fields=["public", "updated_at"])
        _record(f"{held._meta.model_name}_public_set", held, by, held.workspace, public=public)


# -- Bodies -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def create_body(*, board: Board, by: User | None, **values: Any) -> Body:
    """A body of what the board is about, for its team alone; `values` are fields of Body. Raises ValidationError."""
    return _new(Body, board, by, "body_created", values)


@transaction.atomic
def change_body(*, body: Body, seen: str, by: User | None, **values: Any) -> Body:
    """Change fields of a body. Raises ValidationError, EditConflict when it is not as `seen`."""
    return _change(_held(body), seen, by, "body_changed", values)


@transaction.atomic
def add_seat(*, body: Body, by: User | None, **values: Any) -> Seat:
    """A seat of a body; `values` are fields of Seat. Raises ValidationError, also where shares go beyond 100 %."""
    held = _held(body)
    seat = Seat(body=held, **values)
    _save_seat(seat)
    _record("seat_added", seat, by, held.workspace, body=held.pk, actor_class=str(seat.actor_class))
    return seat


@transaction.atomic
def change_seat(*, seat: Seat, seen: str, by: User | None, **values: Any) -> Seat:
    """Change fields of a seat. Raises ValidationError, EditConflict."""
    held = _held(seat.body)
    row = Seat.objects.select_for_update().get(pk=seat.pk)
    check_version(row, seen)
    changed = assign_changes(row, values)
    if changed:
        _save_seat(row)
        _record("seat_changed", row, by, held.workspace, body=held.pk, fields=changed)
    return row


def _save_seat(seat: Seat) -> None:
    seat.full_clean()
    most = _largest_sum(seat)
    if most > WHOLE:
        words = _("The shares of the seats would add up to %(sum)s %%: at most 100 %%, so %(left)s %% here.")
        left = max(WHOLE - most + (seat.capital_share or NOTHING), NOTHING)
        raise ValidationError({"capital_share": words % {"sum": number(most), "left": number(left)}})
    seat.save()


def _largest_sum(seat: Seat) -> Decimal:
    """The largest sum of shares at one time, with this seat: it is reached on the first day of one of the seats."""
    if not seat.capital_share:
        return NOTHING
    seats = [*seat.body.seats.exclude(pk=seat.pk).exclude(capital_share=None), seat]
    return max(_sum_on(one.since or datetime.date.min, seats) for one in seats if _holds(seat, one.since))


def _holds(seat: Seat, day: datetime.date | None) -> bool:
    on = day or datetime.date.min
    return (seat.since or datetime.date.min) <= on and (seat.until is None or on < seat.until)


def _sum_on(day: datetime.date, seats: list[Seat]) -> Decimal:
    return sum((seat.capital_share or NOTHING for seat in seats if _holds(seat, day)), NOTHING)


@transaction.atomic
def remove_seat(*, seat: Seat, by: User | None) -> None:
    """Take out a seat that was noted by mistake; one that is over has its end instead."""
    held = _held(seat.body)
    row = Seat.objects.select_for_update().filter(pk=seat.pk).first()
    if row is not None:
        _record("seat_removed", row, by, held.workspace, body=held.pk, actor_class=row.actor_class, role=row.role)
        row.delete()


# -- Meetings ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_meeting(*, body: Body, now: datetime.datetime, by: User | None, **values: Any) -> Meeting:
    """A meeting that was held; `values` are fields of Meeting. Raises ValidationError: a day to come, twice a day."""
    held = _held(body)
    meeting = Meeting(body=held, **values)
    _save_meeting(meeting, held, now)
    _record("meeting_added", meeting, by, held.workspace, body=held.pk, held_on=str(meeting.held_on))
    return meeting


@transaction.atomic
def change_meeting(*, meeting: Meeting, seen: str, now: datetime.datetime, by: User | None, **values: Any) -> Meeting:
    """Change fields of a meeting. Raises ValidationError, EditConflict."""
    held = _held(meeting.body)
    row = Meeting.objects.select_for_update().get(pk=meeting.pk)
    check_version(row, seen)
    changed = assign_changes(row, values)
    if changed:
        _save_meeting(row, held, now)
        _record("meeting_changed", row, by, held.workspace, body=held.pk, fields=changed)
    return row


def _save_meeting(meeting: Meeting, body: Body, now: datetime.datetime) -> None:
    _own(meeting.document, body.workspace)
    if meeting.held_on > timezone.localdate(now):
        raise ValidationError({"held_on": _("A meeting is noted once it was held: this day is to come.")})
    same_day = Meeting.objects.filter(body=body, held_on=meeting.held_on).exclude(pk=meeting.pk)
    if same_day.exists():
        raise ValidationError({"held_on": _("A meeting of this day is noted already.")})
    meeting.full_clean()
    meeting.save()


@transaction.atomic
def remove_meeting(*, meeting: Meeting, by: User | None) -> None:
    """Take out a meeting that was noted by mistake."""
    held = _held(meeting.body)
    row = Meeting.objects.select_for_update().filter(pk=meeting.pk).first()
    if row is not None:
        _record("meeting_removed", row, by, held.workspace, body=held.pk, held_on=str(row.held_on))
        row.delete()


# -- Offices ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def appoint(*, board: Board, by: User | None, together: bool = False, **values: Any) -> Appointment:
    """Somebody named to an office, for the team alone; `values` are fields of Appointment.

    Raises ValidationError, at `together` where somebody else holds the office meanwhile and it is not said to be meant.
    """
    Board.objects.select_for_update().get(pk=board.pk)
    _alone(Appointment(workspace=board.workspace, perimeter=board.perimeter, hub=board.hub, **values), together)
    return _new(Appointment, board, by, "appointed", values)


@transaction.atomic
def change_appointment(
    *, appointment: Appointment, seen: str, by: User | None, together: bool = False, **values: Any
) -> Appointment:
    """Change fields of an appointment. Raises ValidationError as `appoint`, EditConflict."""
    row = _held(appointment)
    check_version(row, seen)
    before = {name: getattr(row, name) for name in values}
    assign_changes(row, values)
    _alone(row, together)
    assign_changes(row, before)
    return _change(row, seen, by, "appointment_changed", values)


@transaction.atomic
def end_appointment(*, appointment: Appointment, seen: str, until: datetime.date, by: User | None) -> Appointment:
    """They no longer hold the office from that day on. Raises ValidationError, EditConflict."""
    return _change(_held(appointment), seen, by, "appointment_ended", {"until": until})


def _alone(appointment: Appointment, together: bool) -> None:
    """Two people in one office are rarely meant: usually the first one's end was forgotten."""
    if together or not appointment.since:
        return
    about = {"workspace": appointment.workspace, "perimeter": appointment.perimeter, "hub": appointment.hub}
    others = Appointment.objects.filter(office=appointment.office, **about).exclude(pk=appointment.pk)
    others = others.filter(Q(until=None) | Q(until__gt=appointment.since))
    if appointment.until is not None:
        others = others.filter(since__lt=appointment.until)
    if others.exists():
        words = _("Somebody else holds this office at that time. Note their end first, or say that both are meant.")
        raise ValidationError({"together": words})


# -- Money ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_funding(*, board: Board, by: User | None, **values: Any) -> FundingLine:
    """A funding line, for the team alone; `values` are fields of FundingLine. Raises ValidationError."""
    return _new(FundingLine, board, by, "funding_added", values)


@transaction.atomic
def change_funding(*, line: FundingLine, seen: str, by: User | None, **values: Any) -> FundingLine:
    """Change fields of a funding line. Raises ValidationError, EditConflict."""
    return _change(_held(line), seen, by, "funding_changed", values)


@transaction.atomic
def remove_funding(*, line: FundingLine, by: User | None) -> None:
    """Take out a funding line that was noted by mistake."""
    row = FundingLine.objects.select_for_update(of=("self",)).select_related("workspace").filter(pk=line.pk).first()
    if row is not None:
        _record("funding_removed", row, by, row.workspace, **_codes(row))
        row.delete()
