"""Declaring figures, correcting them, choosing among them; computing those that Totem can compute."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.core import journal
from totem.core.measures import Figure
from totem.core.subjects import things_inside
from totem.labels.figures import FigureDefinition, period_of
from totem.labels.models import Observation, ObservationVersion, Reading, Retention
from totem.labels.subjects import Subject
from totem.premises.figures import FIGURES
from totem.territories.approvals import check_may_publish
from totem.territories.models import Document, Workspace


class Outdated(Exception):
    """Somebody else changed it meanwhile; `latest` is what they wrote."""

    def __init__(self, latest: ObservationVersion) -> None:
        super().__init__(latest)
        self.latest = latest


@transaction.atomic
def declare(
    *,
    workspace: Workspace,
    subject: Subject,
    figured: FigureDefinition,
    values: dict[str, Any],
    documents: Sequence[Document] = (),
    public: bool = False,
    by: User | None,
    now: datetime.datetime,
) -> Observation:
    """An observation of a figure, shown to everybody with its documents if `public`.

    The only one that the workspace declares is retained for that. `values` are fields of ObservationVersion. Raises
    ValidationError, by field.
    """
    space = Workspace.objects.select_for_update().get(pk=workspace.pk)
    if public:
        check_may_publish(space)
    observation = Observation.objects.create(
        workspace=workspace, indicator=figured.name, declared_by=by, public=public, **subject.field
    )
    _write(observation, 1, figured, {**values, "written_by": by, "written_at": now}, documents)
    figure = {"subject": subject.key, "indicator": figured.name}
    retained = Retention.objects.filter(workspace=workspace, **figure).order_by("-pk").first()
    if retained is None or (retained.automatic and retained.observation and _latest(retained.observation).withdrawn):
        Retention.objects.create(
            workspace=workspace, **figure, observation=observation, automatic=True, made_by=by, made_at=now
        )
    _record("labels.observation_declared", observation, by, **figure, public=public)
    return observation


@transaction.atomic
def revise(
    *,
    observation: Observation,
    based_on: int,
    figured: FigureDefinition,
    values: dict[str, Any],
    documents: Sequence[Document] = (),
    by: User,
    now: datetime.datetime,
) -> ObservationVersion:
    """A version more, written over version `based_on`. Raises Outdated when that is not the last, ValidationError."""
    row, latest = _locked(observation)
    if latest.number != based_on:
        raise Outdated(latest)
    said = {**values, "written_by": by, "written_at": now}
    version = _write(row, latest.number + 1, figured, said, documents)
    _record("labels.observation_revised", row, by, number=version.number)
    return version


def _locked(observation: Observation) -> tuple[Observation, ObservationVersion]:
    """The observation, locked until the transaction ends, and what it says last."""
    row = Observation.objects.select_for_update().get(pk=observation.pk)
    return row, _latest(row)


def _latest(observation: Observation) -> ObservationVersion:
    return observation.versions.latest("number")


def _write(
    observation: Observation,
    number: int,
    figured: FigureDefinition,
    values: dict[str, Any],
    documents: Sequence[Document],
) -> ObservationVersion:
    version = ObservationVersion(observation=observation, number=number, **values)
    version.full_clean(exclude=["written_by"], validate_constraints=False)  # `_check` says them at their fields
    _check(version, figured, documents)
    version.save(force_insert=True)
    version.documents.set(documents)
    if observation.public:
        _publish_documents(version)
    return version


def _check(version: ObservationVersion, figured: FigureDefinition, documents: Sequence[Document]) -> None:
    """What no field can say by itself. Raises ValidationError, by field."""
    errors = _wrong_dates(version)
    value, (least, most) = version.value, figured.limits
    if value is None and not version.unavailable:
        errors["value"] = _("Give a value, or say why there is none.")
    if value is not None:
        if version.unavailable:
            errors["unavailable"] = _("There is a value: leave this empty, or take the value away.")
        if least is not None and value < least:
            errors["value"] = _("This figure cannot be under %(least)s.") % {"least": least}
        if most is not None and value > most:
            errors["value"] = _("This figure cannot be over %(most)s.") % {"most": most}
        if figured.travel:
            errors |= _not_measured(version)
    if figured.documents and value and not documents and not version.withdrawn:
        errors["documents"] = _("This figure is shown by a document: add it.")
    if any(document.workspace_id != version.observation.workspace_id for document in documents):
        errors["documents"] = _("This document is not one of the territory’s.")
    if errors:
        raise ValidationError(errors)


def _wrong_dates(version: ObservationVersion) -> dict[str, str]:
    errors = {}
    if version.starts_on and version.starts_on > version.ends_on:
        errors["ends_on"] = _("The period ends before it starts.")
    if version.ends_on > timezone.localdate(version.written_at):
        errors["ends_on"] = _("An observation tells of what was: not of a day to come.")
    if version.source_date and version.source_date > timezone.localdate(version.written_at):
        errors["source_date"] = _("A source is not of a day to come.")
    if version.valid_until and version.valid_until < version.ends_on:
        errors["valid_until"] = _("It cannot stop being valid before the period it tells of is over.")
    return errors


def _not_measured(version: ObservationVersion) -> dict[str, str]:
    words = {"method": _("Say how the time was measured."), "mode": _("Say how one travels.")}
    return {name: said for name, said in words.items() if not getattr(version, name)}


@transaction.atomic
def withdraw(*, observation: Observation, based_on: int, by: User, now: datetime.datetime) -> ObservationVersion:
    """The observation does not count any more; what it said is kept. Raises Outdated."""
    row, latest = _locked(observation)
    if latest.withdrawn:
        return latest
    if latest.number != based_on:
        raise Outdated(latest)
    documents = list(latest.documents.all())
    latest.pk, latest._state.adding = None, True
    latest.number, latest.withdrawn, latest.written_by, latest.written_at = based_on + 1, True, by, now
    latest.save(force_insert=True)
    latest.documents.set(documents)
    _record("labels.observation_withdrawn", row, by, number=latest.number)
    return latest


@transaction.atomic
def publish_observation(*, observation: Observation, public: bool, by: User) -> None:
    """Show it to everybody, with its documents; or to the workspace alone (documents stay where they were shown).

    Raises ValidationError for one that is withdrawn.
    """
    row, latest = _locked(observation)
    if row.public == public:
        return
    if public:
        if latest.withdrawn:
            raise ValidationError(_("This observation is withdrawn."))
        check_may_publish(row.workspace)
        _publish_documents(latest)
    row.public = public
    row.save(update_fields=["public", "updated_at"])
    _record("labels.observation_public_set", row, by, public=public)


def _publish_documents(version: ObservationVersion) -> None:
    Document.objects.filter(pk__in=version.documents.values("pk"), public=False).update(public=True)


@transaction.atomic
def retain(
    *,
    workspace: Workspace,
    subject: Subject,
    indicator: str,
    observation: Observation | None,
    reason: str,
    by: User,
    now: datetime.datetime,
) -> Retention:
    """Choose the observation that counts for a figure (None: the computed figure), and say why.

    Raises ValidationError when it is not of that figure or of nobody's concern here, or without a reason.
    """
    figure = {"subject": subject.key, "indicator": indicator}
    if observation is not None:
        if not Observation.objects.visible_to_workspace(workspace).filter(pk=observation.pk, **figure).exists():
            raise ValidationError({"observation": _("This observation is not of that figure.")})
        if _latest(observation).withdrawn:
            raise ValidationError({"observation": _("This observation is withdrawn.")})
    if not reason.strip():
        raise ValidationError({"reason": _("Say why this one.")})
    retention = Retention.objects.create(
        workspace=workspace, **figure, observation=observation, reason=reason.strip(), made_by=by, made_at=now
    )
    facts = {**figure, "observation": observation.pk if observation else None}
    journal.record("labels.figure_retained", workspace, actor_id=by.pk, scope=workspace, facts=facts)
    return retention


def _record(verb: str, observation: Observation, by: User | None, **facts: object) -> None:
    journal.record(verb, observation, actor_id=by.pk if by else None, scope=observation.workspace, facts=facts)


# -- Computed figures -------------------------------------------------------------------------------------------------


def take_readings(
    *,
    figures: Iterable[FigureDefinition],
    subjects: Sequence[Subject],
    day: datetime.date,
    now: datetime.datetime,
    parameters: str = "",
) -> int:
    """Compute the measures of these figures about these subjects as of that day, and keep them; how many there are.

    `parameters` choose the data of measures that take any (`core.measures.Basis`).
    Those of buildings are left out: they are read when a board is judged, as each workspace sees its own. Raises
    UnknownSubjectError for a measure about something that no room registers.
    """
    inside: dict[str, Mapping[str, Sequence[Any]]] = {}
    rows = []
    for figured in figures:
        measure = figured.measure
        if measure is None or measure.name in FIGURES:
            continue
        if measure.subject not in inside:
            inside[measure.subject] = things_inside(measure, subjects)
        things, period = inside[measure.subject], period_of(figured.period, day)
        rows += [
            _reading(figured, subject, measure.over(things[subject.key], period, parameters), day, now)
            for subject in subjects
            if subject.key in things
        ]
    rows.sort(key=lambda row: (row.subject, row.name, row.period))  # two who compute the same never wait in a ring
    unique = ["subject", "name", "period", "day"]
    updated = [field.name for field in Reading._meta.concrete_fields if field.name not in {"id", *unique}]
    made = Reading.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=unique, update_fields=updated, batch_size=500
    )
    return len(made)


def _reading(
    figured: FigureDefinition, subject: Subject, figure: Figure, day: datetime.date, now: datetime.datetime
) -> Reading:
    said = {name: getattr(figure, name) for name in ("value", "low", "high", "part", "whole")}
    basis = {"data_on": figure.basis.day, "parameters": figure.basis.parameters} if figure.basis else {}
    return Reading(
        name=figured.measure.name if figured.measure else "", subject=subject.key, period=figured.period,
        day=day, ids=sorted(figure.ids), computed_at=now, **said, **basis,
    )  # fmt: skip
