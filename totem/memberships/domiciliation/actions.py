"""Domiciliation: approvals, files and their papers, checks, mail, notices to the registry, lists, what is erased."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, Q
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.core import files, journal
from totem.core.canonical import canonical, digest
from totem.core.edit_conflicts import check_version
from totem.core.locks import LockKind, lock
from totem.core.models import assign_changes
from totem.core.periods import months_before
from totem.hubs.models import Hub
from totem.memberships.domiciliation import queries
from totem.memberships.domiciliation.lists import ListPeriod, list_rows
from totem.memberships.models import (
    Agreement,
    AgreementState,
    AuthoritiesList,
    AuthoritiesListSending,
    DomiciliationApproval,
    DomiciliationDocument,
    DomiciliationFile,
    MailCollection,
    RegistryNotice,
    VigilanceCheck,
)

KEPT_FOR = 60
"""Months after the end of the agreement (CMF, art. L561-12)."""
NEVER_BEGAN = timedelta(days=31)
"""What was kept of a company whose agreement was refused or withdrawn is erased after that."""


def _record(verb: str, subject: Model, hub: Hub, by: int | None, **facts: Any) -> None:
    journal.record(f"memberships.domiciliation_{verb}", subject, actor_id=by, scope=hub, facts=facts)


def _not_after(field: str, day: date, hub: Hub, now: datetime) -> None:
    """Raises ValidationError for a day to come."""
    if day > now.astimezone(hub.zone).date():
        raise ValidationError({field: _("This day is still to come.")})


# -- Approval ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def save_approval(
    *,
    hub: Hub,
    by: User,
    approval: DomiciliationApproval | None = None,
    seen: str = "",
    file: files.CheckedFile | None = None,
    **fields: Any,
) -> DomiciliationApproval:
    """A new approval of the hub, or one put right. Raises EditConflict, ValidationError."""
    lock(LockKind.HUB, [hub.pk])
    row = DomiciliationApproval.objects.get(pk=approval.pk) if approval else DomiciliationApproval(hub=hub)
    check_version(row, seen)
    changed = assign_changes(row, fields)
    if file is not None:
        row.stored, row.file_name, row.content_type = files.store(file), file.name, file.content_type
    row.full_clean()
    row.save()
    _record("approval_saved", row, hub, by.pk, fields=changed, ends_on=str(row.ends_on or ""))
    return row


# -- File -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def save_file(*, agreement: Agreement, by: User, seen: str = "", **fields: Any) -> DomiciliationFile:
    """The file of an agreement that gives an address, begun or changed. Raises EditConflict, ValidationError."""
    lock(LockKind.HUB, [agreement.hub_id])
    found = queries.addressed(agreement.hub).filter(pk=agreement.pk).first()
    if found is None:
        raise ValidationError(_("This agreement gives no company its address."))
    row = queries.file_of(found) or DomiciliationFile(agreement=found)
    check_version(row, seen)
    if row.emptied_at:
        raise ValidationError(_("This file was emptied: it was kept as long as the law asks."))
    changed = assign_changes(row, fields)
    row.full_clean(exclude=["agreement"])
    row.save()
    _record("file_saved", row, agreement.hub, by.pk, fields=changed)
    return row


@transaction.atomic
def add_document(
    *,
    file: DomiciliationFile,
    kind: str,
    upload: files.CheckedFile,
    dated_on: date,
    by: User,
    now: datetime,
    valid_until: date | None = None,
) -> DomiciliationDocument:
    """A paper of the file; those of the same kind stay. Raises ValidationError."""
    hub = file.agreement.hub
    _not_after("dated_on", dated_on, hub, now)
    if file.emptied_at:
        raise ValidationError(_("This file was emptied: it was kept as long as the law asks."))
    row = DomiciliationDocument(
        file=file, kind=kind, name=upload.name, content_type=upload.content_type, sha256=upload.sha256,
        stored=files.store(upload), dated_on=dated_on, valid_until=valid_until, added_at=now, added_by=by.pk,
    )  # fmt: skip
    row.full_clean(exclude=["file"])
    row.save(force_insert=True)
    _record("paper_added", row, hub, by.pk, kind=row.kind, file=file.pk)
    return row


@transaction.atomic
def read_document(*, document: DomiciliationDocument, by: User) -> bytes | None:
    """The bytes of a paper, once the journal says who reads it; None where they are erased."""
    if document.erased_at is not None:
        return None
    _record("paper_read", document, document.file.agreement.hub, by.pk, kind=document.kind, file=document.file_id)
    return files.content_of(document.sha256)


@transaction.atomic
def erase_mistaken(*, document: DomiciliationDocument, by: User, now: datetime) -> None:
    """Erase a paper that was sent by mistake: its row stays, and the journal says who erased it."""
    _erase(document, DomiciliationDocument.Erased.MISTAKE, now)
    _record("paper_erased", document, document.file.agreement.hub, by.pk, kind=document.kind, file=document.file_id)


def _erase(document: DomiciliationDocument, reason: DomiciliationDocument.Erased, now: datetime) -> None:
    files.lock_content(document.sha256)
    rows = DomiciliationDocument.objects.filter(pk=document.pk, erased_at=None)
    rows.update(stored=None, name="", erased_at=now, erased_for=reason)
    files.delete_content(document.sha256)


@transaction.atomic
def record_check(
    *, file: DomiciliationFile, checked_on: date, result: str, by: User, now: datetime, note: str = ""
) -> VigilanceCheck:
    """A check against money laundering; the last one counts. Raises ValidationError for a day to come."""
    hub = file.agreement.hub
    _not_after("checked_on", checked_on, hub, now)
    row = VigilanceCheck(file=file, checked_on=checked_on, result=result, note=note.strip(), by=by.pk)
    row.full_clean(exclude=["file"])
    row.save(force_insert=True)
    _record("checked", row, hub, by.pk, result=row.result, file=file.pk)
    return row


# -- Mail and the court registry --------------------------------------------------------------------------------------


@transaction.atomic
def record_collection(*, file: DomiciliationFile, collected_on: date, by: User, now: datetime) -> MailCollection:
    """The company took its mail that day. Raises ValidationError for a day to come, or outside of the domiciliation."""
    lock(LockKind.HUB, [file.agreement.hub_id])
    _not_after("collected_on", collected_on, file.agreement.hub, now)
    stay = queries.stay_of(file.agreement)
    if stay is None or not stay.first <= collected_on:
        raise ValidationError({"collected_on": _("The company was not domiciled here on that day.")})
    row = MailCollection(file=file, collected_on=collected_on, recorded_at=now, recorded_by=by.pk)
    row.full_clean()
    row.save(force_insert=True)
    return row


@transaction.atomic
def tell_registry(
    *, file: DomiciliationFile, reason: str, since: date, told_on: date, by: User, now: datetime
) -> RegistryNotice:
    """The registry was told on that day what it has to know (`queries.to_tell`). Raises ValidationError."""
    hub = file.agreement.hub
    lock(LockKind.HUB, [hub.pk])
    _not_after("told_on", told_on, hub, now)
    stay = queries.stay_of(file.agreement)
    asked = queries.to_tell(file, stay, now.astimezone(hub.zone).date()) if stay else []
    if (reason, since) not in [one[:2] for one in asked]:
        raise ValidationError(_("There is no such thing to tell the registry any more."))
    row = RegistryNotice(file=file, reason=reason, since=since, told_on=told_on, recorded_at=now, recorded_by=by.pk)
    if told_on < since:
        raise ValidationError({"told_on": _("This is before what the registry has to know.")})
    row.full_clean()
    row.save(force_insert=True)
    _record("registry_told", row, hub, by.pk, reason=reason, since=str(since), told_on=str(told_on), file=file.pk)
    return row


# -- Lists ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def make_list(*, hub: Hub, kind: str, starts_on: date, by: int | None, now: datetime) -> AuthoritiesList:
    """Freeze the list of a period that is over; where nothing differs from the last one, that one.

    Raises ValidationError for a period that is not over.
    """
    lock(LockKind.HUB, [hub.pk])
    period = ListPeriod(AuthoritiesList.Kind(kind), starts_on)
    if now.astimezone(hub.zone).date() <= period.ends_on:
        raise ValidationError(_("This period is not over: its list is made after its last day."))
    content = canonical(list_rows(queries.stays(hub), kind, starts_on)).decode()
    last = AuthoritiesList.objects.filter(hub=hub, kind=kind, starts_on=starts_on).first()
    if last is not None and last.content == content:
        return last
    row = AuthoritiesList(
        hub=hub, kind=kind, starts_on=starts_on, number=last.number + 1 if last else 1, content=content,
        sha256=digest(content), made_at=now, made_by=by,
    )  # fmt: skip
    row.full_clean()
    row.save(force_insert=True)
    _record("list_made", row, hub, by, kind=kind, starts_on=str(starts_on), number=row.number, sha256=row.sha256)
    return row


@transaction.atomic
def record_sending(
    *, made: AuthoritiesList, authority: str, sent_on: date, by: User, now: datetime
) -> AuthoritiesListSending:
    """The list was sent to that authority on that day. Raises ValidationError."""
    lock(LockKind.HUB, [made.hub_id])
    _not_after("sent_on", sent_on, made.hub, now)
    if sent_on < made.made_at.astimezone(made.hub.zone).date():
        raise ValidationError({"sent_on": _("The list was not made yet on that day.")})
    row = AuthoritiesListSending(list=made, authority=authority, sent_on=sent_on, recorded_at=now, recorded_by=by.pk)
    row.full_clean()
    row.save(force_insert=True)
    _record("list_sent", made, made.hub, by.pk, authority=authority, sent_on=str(sent_on))
    return row


# -- What is erased ---------------------------------------------------------------------------------------------------


def erase_kept(*, now: datetime) -> int:
    """Empty the files whose agreement ended five years ago, or never began; returns how many."""
    day = now.astimezone(UTC).date()
    ended = Q(agreement__state=AgreementState.ACTIVE, agreement__ends_on__lt=months_before(day, KEPT_FOR))
    never = [AgreementState.REFUSED, AgreementState.WITHDRAWN]
    unused = Q(agreement__state__in=never, agreement__updated_at__lt=now - NEVER_BEGAN)
    due = DomiciliationFile.objects.filter(ended | unused, emptied_at=None)
    found = list(due.select_related("agreement__hub"))
    for file in found:
        _empty(file, now)
    return len(found)


@transaction.atomic
def _empty(file: DomiciliationFile, now: datetime) -> None:
    for document in file.documents.filter(erased_at=None):
        _erase(document, DomiciliationDocument.Erased.RETENTION, now)
    file.checks.update(note="")
    emptied = (
        "siren", "representative", "representative_address", "representative_phone", "beneficial_owner",
        "accounts_place", "activity_places", "registry",
    )  # fmt: skip
    for name in emptied:
        setattr(file, name, "")
    file.company, file.emptied_at = "—", now
    file.save()
    _record("file_emptied", file, file.agreement.hub, None)
