"""Who governs and who pays: bodies with their seats and meetings, offices, funding lines."""

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.core import clock, journal
from totem.core.edit_conflicts import EditConflict, check_version
from totem.core.models import assign_changes
from totem.core.wording import number
from totem.labels.governance.queries import in_force
from totem.labels.models import Appointment, Board, Body, FundingLine, Meeting, Seat
from totem.territories.approvals import check_may_publish
from totem.territories.models import Document, Workspace

Governed = TypeVar("Governed", Body, Appointment, FundingLine)
Row = TypeVar("Row", bound=Body | Seat | Meeting | Appointment | FundingLine)
NOTHING, WHOLE = Decimal(0), Decimal(100)

# Of each kind of row the verb of the journal that adds it, its name in the other verbs, and the fields that are
# written down: codes and days alone, as who sits and who is named may be a person's name.
VERBS: Mapping[type[models.Model], tuple[str, str, tuple[str, ...]]] = {
    Body: ("body_created", "body", ("kind", "legal_form")),
    Seat: ("seat_added", "seat", ("actor_class", "role")),
    Meeting: ("meeting_added", "meeting", ("held_on",)),
    Appointment: ("appointed", "appointment", ("office",)),
    FundingLine: ("funding_added", "funding", ("level", "purpose")),
}


@transaction.atomic
def add(
    model: type[Row], *, within: Board | Body, by: User | None, seen: str = "", together: bool = False, **values: Any
) -> Row:
    """A row of what the board is about, for its team alone, or a seat or a meeting of a body; `values` are its fields.

    Raises ValidationError, also where the seats would share more than the capital, where a meeting is to come or is
    there already, and, unless both are meant (`together`), where somebody else holds the office at the time;
    EditConflict where a row was `seen`: somebody else has taken it out.
    """
    type(within)._default_manager.select_for_update(of=("self",)).get(pk=within.pk)
    if isinstance(within, Body):
        row = model(body=within, **values)
    else:
        row = model(workspace=within.workspace, perimeter=within.perimeter, hub=within.hub, **values)
    check_version(row, seen)
    _save(row, together=together)
    verb, _name, names = VERBS[model]
    _record(verb, row, by, **{name: str(getattr(row, name)) for name in names})
    return row


@transaction.atomic
def change(*, row: Row, seen: str, by: User | None, together: bool = False, **values: Any) -> Row:
    """Change fields of a row. Raises ValidationError as `add`, EditConflict when it is not as `seen`, or taken out."""
    return _change(row, seen, by, f"{VERBS[type(row)][1]}_changed", values, together=together)


@transaction.atomic
def end_appointment(*, appointment: Appointment, seen: str, until: datetime.date, by: User | None) -> Appointment:
    """They no longer hold the office from that day on. Raises ValidationError, EditConflict."""
    return _change(appointment, seen, by, "appointment_ended", {"until": until}, together=True)


@transaction.atomic
def remove(*, row: Row, seen: str, by: User | None) -> None:
    """Take out what was noted by mistake; what is over has its end instead.

    Raises EditConflict as `change`, ValidationError for a general assembly with signed minutes.
    """
    held = _locked(row).first()
    if held is not None:
        check_version(held, seen)
        _check_not_signed(held)
        _verb, name, names = VERBS[type(row)]
        _record(f"{name}_removed", held, by, **{name: str(getattr(held, name)) for name in names})
        held.delete()


@transaction.atomic
def set_governed_public(*, row: Governed, seen: str, public: bool, by: User | None) -> None:
    """Show a body with its seats and meetings, an appointment or a funding line to everybody; or to the team alone.

    Documents stay where they were shown: minutes and acts may speak of people. Raises EditConflict as `change`.
    """
    held = _locked(row).get()
    check_version(held, seen)
    if held.public != public:
        if public:
            check_may_publish(held.workspace)
        held.public = public
        held.save(update_fields=["public", "updated_at"])
        _record(f"{held._meta.model_name}_public_set", held, by, public=public)


def _locked(row: Row) -> models.QuerySet[Row]:
    """The row as it stands, locked; before a seat or a meeting its body, as `add` does."""
    if isinstance(row, Seat | Meeting):
        Body.objects.select_for_update(of=("self",)).get(pk=row.body_id)
    return type(row)._default_manager.select_for_update(of=("self",)).filter(pk=row.pk)  # type: ignore[return-value]


def _change(row: Row, seen: str, by: User | None, verb: str, values: Mapping[str, Any], *, together: bool) -> Row:
    held = _locked(row).first()
    if held is None:
        raise EditConflict(type(row)())
    check_version(held, seen)
    _check_not_signed(held)
    changed = assign_changes(held, values)
    if changed:
        _save(held, together=together)
        _record(verb, held, by, fields=changed)
    return held


def _record(verb: str, row: Row, by: User | None, **facts: object) -> None:
    if isinstance(row, Seat | Meeting):
        facts["body"] = row.body_id
    journal.record(f"labels.{verb}", row, actor_id=by.pk if by else None, scope=_workspace(row), facts=facts)


def _workspace(row: Row) -> Workspace | None:
    return row.body.workspace if isinstance(row, Seat | Meeting) else row.workspace


# -- What is refused --------------------------------------------------------------------------------------------------


def _save(row: Row, *, together: bool) -> None:
    match row:
        case Seat():
            _check_capital(row)
        case Meeting():
            _check_day(row)
        case Appointment() if not together:
            _check_alone(row)
    if not isinstance(row, Seat):
        _check_document(row.document, _workspace(row))
    row.full_clean()
    row.save()


def _check_not_signed(row: Row) -> None:
    if isinstance(row, Meeting) and row.assembly_id is not None:
        raise ValidationError(_("This meeting is a general assembly, with signed minutes: it does not change."))


def _check_document(document: Document | None, workspace: Workspace | None) -> None:
    """A document that stands as evidence is the territory's own, or public."""
    if document is not None and not document.public and document.workspace_id != (workspace.pk if workspace else None):
        raise ValidationError({"document": _("This document is not one of the territory’s.")})


def _check_capital(seat: Seat) -> None:
    """The sum of shares is largest on the first day of one of the seats."""
    share = seat.capital_share or NOTHING
    seats = [*seat.body.seats.exclude(pk=seat.pk).exclude(capital_share=None), seat]
    days = [day for day in (one.since or datetime.date.min for one in seats) if in_force(seat, day)]
    sums = (sum(one.capital_share or NOTHING for one in seats if in_force(one, day)) for day in days)
    most = max(sums, default=NOTHING)
    if share and most > WHOLE:
        words = _("The shares of the seats would add up to %(sum)s %%: at most 100 %%, so %(left)s %% here.")
        left = number(max(WHOLE - most + share, NOTHING))
        raise ValidationError({"capital_share": words % {"sum": number(Decimal(most)), "left": left}})


def _check_day(meeting: Meeting) -> None:
    if meeting.held_on > clock.today():
        raise ValidationError({"held_on": _("A meeting is noted once it was held: this day is to come.")})
    if Meeting.objects.filter(body=meeting.body_id, held_on=meeting.held_on).exclude(pk=meeting.pk).exists():
        raise ValidationError({"held_on": _("A meeting of this day is noted already.")})


def _check_alone(appointment: Appointment) -> None:
    """Two people in one office are rarely meant: usually the first one's end was forgotten."""
    about = {"workspace": appointment.workspace, "perimeter": appointment.perimeter, "hub": appointment.hub}
    others = Appointment.objects.filter(office=appointment.office, **about).exclude(pk=appointment.pk)
    others = others.filter(Q(until=None) | Q(until__gt=appointment.since))
    if appointment.until is not None:
        others = others.filter(since__lt=appointment.until)
    if others.exists():
        words = _("Somebody else holds this office at that time. Note their end first, or say that both are meant.")
        raise ValidationError({"together": words})
