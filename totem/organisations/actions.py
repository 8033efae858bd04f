"""Actions on organisations, on the people in them, and on what territories declare of them."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn, TypeVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from totem.accounts.models import User
from totem.core import journal
from totem.core.edit_conflicts import check_version, version_token
from totem.core.models import assign_changes
from totem.core.pages import Affected
from totem.organisations.models import Affiliation, Organisation, Relation, YearFigures
from totem.organisations.numbers import compact_siren, compact_siret, of_one_company
from totem.organisations.queries import affiliations_of, organisations_of
from totem.organisations.signals import leaving
from totem.territories.approvals import check_may_publish
from totem.territories.models import Workspace


class LastRepresentativeError(Exception):
    """The change would leave the organisation without a representative."""


@transaction.atomic
def create_organisation(*, by: User, now: datetime.datetime, **values: Any) -> Organisation:
    """A new organisation, of which `by` becomes the representative.

    `values` are fields of Organisation. Raises ValidationError, by field, for a number that is wrong, or of an
    organisation that `by` is in. That others are here with it is not told.
    """
    organisation = Organisation(**values)
    _check_not_represented(organisation, by, now)
    _save(organisation)
    Affiliation.objects.create(
        person=by, organisation=organisation, role=Affiliation.Role.REPRESENTATIVE, since=timezone.localdate(now)
    )
    journal.record("organisations.created", organisation, actor_id=by.pk, facts={"kind": organisation.kind})
    return organisation


@transaction.atomic
def update_organisation(*, organisation: Organisation, by: User, **values: Any) -> Organisation:
    """The organisation with some fields changed. Raises ValidationError as `create_organisation` does."""
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    changed = assign_changes(organisation, values)
    if changed:
        _save(organisation)
        journal.record("organisations.updated", organisation, actor_id=by.pk, facts={"fields": changed})
    return organisation


def _check_not_represented(organisation: Organisation, by: User, now: datetime.datetime) -> None:
    field = "siret" if organisation.siret else "siren"
    number = getattr(organisation, field)
    same = {"siren": of_one_company(number, ""), "siret": ""} if field == "siren" else {"siret": number}
    if number and organisations_of(by, timezone.localdate(now)).filter(**same).exists():
        raise ValidationError({field: _("You are in an organisation with this number already.")})


def _save(organisation: Organisation) -> None:
    organisation.clean_fields(exclude=[field.name for field in organisation._meta.fields if field.name != "name"])
    organisation.siret = compact_siret(organisation.siret)
    organisation.siren = of_one_company(compact_siren(organisation.siren), organisation.siret)
    try:
        organisation.save()
    except IntegrityError as error:
        _raise_at_its_field(error)


def _raise_at_its_field(error: IntegrityError) -> NoReturn:
    for constraint, field, words in (
        ("organisation_siret_once", "siret", _("Your territory has noted an organisation with this SIRET already.")),
        ("organisation_siren_once", "siren", _("Your territory has noted an organisation with this SIREN already.")),
    ):
        if constraint in str(error):
            raise ValidationError({field: words}) from error
    raise error


@transaction.atomic
def join_organisation(
    *, organisation: Organisation, person: User, role: str, can_book: bool, now: datetime.datetime
) -> Affiliation:
    """The person is in the organisation from today; an existing affiliation is left unchanged."""
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    today = timezone.localdate(now)
    affiliation = affiliations_of(person, today).filter(organisation=organisation).first()
    if affiliation is None:
        affiliation = Affiliation.objects.create(
            person=person, organisation=organisation, role=role, can_book=can_book, since=today
        )
        facts = {"person": person.pk, "role": role, "can_book": can_book}
        journal.record("organisations.joined", organisation, actor_id=person.pk, facts=facts)
    return affiliation


@transaction.atomic
def remove_person(
    *, affiliation: Affiliation, by: User, now: datetime.datetime, cancel: bool = False
) -> list[Affected]:
    """End the affiliation today (one that has not begun never begins).

    Returns what the person booked for the organisation: it becomes their own, or is cancelled where it still can be.
    Raises LastRepresentativeError.
    """
    organisation = Organisation.objects.select_for_update().get(pk=affiliation.organisation_id)
    affiliation = Affiliation.objects.select_for_update().get(pk=affiliation.pk)
    today = timezone.localdate(now)
    others = Affiliation.objects.on(today).filter(organisation=organisation, role=Affiliation.Role.REPRESENTATIVE)
    if affiliation.role == Affiliation.Role.REPRESENTATIVE and not others.exclude(pk=affiliation.pk).exists():
        raise LastRepresentativeError
    _end(affiliation, today)
    journal.record("organisations.left", organisation, actor_id=by.pk, facts={"person": affiliation.person_id})
    answers: list[tuple[Any, Any]] = leaving.send(
        sender=Organisation, affiliation=affiliation, by=by, now=now, cancel=cancel
    )
    return [one for _receiver, affected in answers for one in affected]


def _end(affiliation: Affiliation, day: datetime.date) -> None:
    affiliation.until = max(day, affiliation.since)
    affiliation.save(update_fields=["until", "updated_at"])


@transaction.atomic
def leave_organisations(*, person: User, now: datetime.datetime) -> None:
    """End all affiliations of a person who is erased.

    Raises LastRepresentativeError, with the organisation's name, where others would be left without one.
    """
    today = timezone.localdate(now)
    for affiliation in (
        Affiliation.objects.current_or_coming(today).filter(person=person).select_related("organisation")
    ):
        others = Affiliation.objects.on(today).filter(organisation_id=affiliation.organisation_id)
        others = others.exclude(person=person)
        if others.exists() and not others.filter(role=Affiliation.Role.REPRESENTATIVE).exists():
            raise LastRepresentativeError(affiliation.organisation.name)
        _end(affiliation, today)


# -- What territories and public data say of organisations ------------------------------------------------------------


@transaction.atomic
def note_organisation(*, by: User, workspace: Workspace, **values: Any) -> Organisation:
    """An organisation that a territory declares facts about. It has no representative: its author does not join it.

    Raises ValidationError as `create_organisation` does.
    """
    organisation = Organisation(noted_by=workspace, **values)
    _save(organisation)
    journal.record(
        "organisations.noted", organisation, actor_id=by.pk, scope=workspace, facts={"kind": organisation.kind}
    )
    return organisation


@transaction.atomic
def declare_relation(*, workspace: Workspace, by: User, **values: Any) -> Relation:
    """A relation declared by a territory, visible to its team only. Raises ValidationError, by field."""
    relation = Relation(workspace=workspace, **values)
    _lock_relations(relation)
    _save_declared(relation)
    facts = {"organisation": relation.organisation_id, "kind": relation.kind}
    journal.record("organisations.relation_declared", relation, actor_id=by.pk, scope=workspace, facts=facts)
    return relation


@transaction.atomic
def change_relation(*, relation: Relation, seen: str, by: User, **values: Any) -> Relation:
    """Change fields of the relation. Raises ValidationError, EditConflict when it is newer than `seen`."""
    _lock_relations(relation)
    row = Relation.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=relation.pk)
    return _change(row, seen, by, "organisations.relation_changed", values)


@transaction.atomic
def end_relation(*, relation: Relation, until: datetime.date, by: User) -> Relation:
    """End the relation; `until` is the first day without it. Raises ValidationError."""
    _lock_relations(relation)
    row = Relation.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=relation.pk)
    return _change(row, version_token(row), by, "organisations.relation_ended", {"until": until})


@transaction.atomic
def declare_figures(*, workspace: Workspace, by: User, now: datetime.datetime, **values: Any) -> YearFigures:
    """Figures of a closed year declared by a territory, visible to its team only. Raises ValidationError, by field."""
    figures = YearFigures(workspace=workspace, **_of_closed_year(values, now))
    _save_declared(figures)
    facts = {"organisation": figures.organisation_id, "year": figures.year}
    journal.record("organisations.figures_declared", figures, actor_id=by.pk, scope=workspace, facts=facts)
    return figures


@transaction.atomic
def change_figures(*, figures: YearFigures, seen: str, by: User, now: datetime.datetime, **values: Any) -> YearFigures:
    """Change fields of the figures. Raises ValidationError, EditConflict when they are newer than `seen`."""
    row = YearFigures.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=figures.pk)
    return _change(row, seen, by, "organisations.figures_changed", _of_closed_year(values, now))


@transaction.atomic
def set_public(*, row: Relation | YearFigures, public: bool, by: User) -> None:
    """Show it to everybody, or to its territory alone.

    Raises ValidationError where a relation names a perimeter that only its team sees, and where nobody declares it.
    """
    row = type(row).objects.select_for_update(of=("self",)).select_related("workspace").get(pk=row.pk)
    if row.public == public:
        return
    if row.workspace is None:
        raise ValidationError(_("What came with public data stays public."))
    if public:
        check_may_publish(row.workspace)
    if public and isinstance(row, Relation) and row.perimeter is not None and not row.perimeter.public:
        raise ValidationError(_("Publish its perimeter first: this names it."))
    row.public = public
    row.save(update_fields=["public", "updated_at"])
    facts = {"public": public}
    journal.record("organisations.public_set", row, actor_id=by.pk, scope=row.workspace, facts=facts)


def _lock_relations(relation: Relation) -> None:
    """Serialise changes of an organisation's relations: with the exclusion constraint alone two could deadlock."""
    Organisation.objects.select_for_update(no_key=True).get(pk=relation.organisation_id)


DeclaredRow = TypeVar("DeclaredRow", Relation, YearFigures)


def _change(row: DeclaredRow, seen: str, by: User, verb: str, values: dict[str, Any]) -> DeclaredRow:
    check_version(row, seen)
    changed = assign_changes(row, values)
    if changed:
        _save_declared(row)
        journal.record(verb, row, actor_id=by.pk, scope=row.workspace, facts={"fields": changed})
    return row


def _of_closed_year(values: dict[str, Any], now: datetime.datetime) -> dict[str, Any]:
    """The values with the year of the closing date. Raises ValidationError while the year runs."""
    closing = values["closing_date"]
    if closing >= timezone.localdate(now):
        raise ValidationError({"closing_date": _("This year is not closed yet: figures are of closed years.")})
    return values | {"year": closing.year}


# The form field of each constraint's message; constraints that are not here concern the whole form.
FIELDS = {
    "year_figures_once": "closing_date",
    "year_figures_staff_band": "staff_high",
    "year_figures_share_in_percent": "international_share",
    "relation_not_with_itself": "partner",
    "relation_ends_after_it_starts": "until",
    "relation_stage_of_an_investor": "stage",
    "relation_amount_positive": "amount",
}


def _save_declared(row: Relation | YearFigures) -> None:
    """Save a row; ValidationError, by field, where it names what its territory may not see or breaks a constraint."""
    for field in ("document", "perimeter"):
        named = getattr(row, field, None)
        if named is not None and not named.public and named.workspace_id != row.workspace_id:
            raise ValidationError({field: _("This is not your territory’s, and not public.")})
    try:
        row.save()
    except IntegrityError as error:
        for constraint in row._meta.constraints:
            if constraint.name in str(error):
                words = constraint.get_violation_error_message()
                raise ValidationError({FIELDS.get(constraint.name, NON_FIELD_ERRORS): words}) from error
        raise


# -- Filed accounts ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FiledYear:
    """Figures of one company and one closed year from a public file. `staff` is exact, the share in percent."""

    siren: str
    closing_date: datetime.date
    accounts: str
    revenue: Decimal | None
    staff: int | None = None
    international_share: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """How many rows of figures were added, changed, the same, or left because they were entered by hand."""

    added: int = 0
    changed: int = 0
    same: int = 0
    left: int = 0


@transaction.atomic
def import_figures(*, filed: Iterable[FiledYear], source: str, imported_from: str) -> ImportCounts:
    """Import public figures of the organisations with these SIREN, one row a year; idempotent.

    Each establishment of a company that is an organisation here gets the company's figures. Public figures that were
    not imported are left unchanged.
    """
    years = {(row.siren, row.closing_date.year): row for row in filed}
    known: dict[str, list[int]] = {}
    for pk, siren in Organisation.objects.filter(siren__in={siren for siren, _year in years}).values_list(
        "pk", "siren"
    ):
        known.setdefault(siren, []).append(pk)
    here = {
        (row.organisation_id, row.year): row
        for row in YearFigures.objects.select_for_update().filter(
            workspace=None, organisation__in=[pk for pks in known.values() for pk in pks]
        )
    }
    counts = dict.fromkeys(ImportCounts.__slots__, 0)
    for (siren, year), row in sorted(years.items()):
        values = {
            "closing_date": row.closing_date,
            "accounts": row.accounts,
            "revenue": row.revenue,
            "staff_low": row.staff,
            "staff_high": row.staff,
            "international_share": row.international_share,
            "source": source,
            "imported_from": imported_from,
        }
        for pk in known.get(siren, ()):
            counts[_import(here.get((pk, year)), {"organisation_id": pk, "year": year}, values)] += 1
    return ImportCounts(**counts)


def _import(row: YearFigures | None, key: dict[str, int], values: dict[str, Any]) -> str:
    """Import one row; returns the name of the field of ImportCounts that counts it."""
    if row is not None and not row.imported_from:
        return "left"
    if row is not None and all(getattr(row, field) == value for field, value in values.items()):
        return "same"
    verb = "changed" if row is not None else "added"
    row = row or YearFigures(public=True, **key)
    for field, value in values.items():
        setattr(row, field, value)
    row.save()
    facts = {"organisation": row.organisation_id, "year": row.year, "what": verb}
    journal.record("organisations.figures_imported", row, actor_id=None, facts=facts)
    return verb
