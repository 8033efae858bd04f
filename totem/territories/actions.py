"""Actions on workspaces, perimeters and documents."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Max
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from totem.accounts.models import User
from totem.core import clock, files, journal, limits
from totem.core.slugs import free_slug
from totem.territories import approvals
from totem.territories.approvals import check_may_publish
from totem.territories.limits import REQUESTS
from totem.territories.models import (
    CutRule,
    Document,
    ErasureReason,
    Perimeter,
    PerimeterPart,
    PerimeterVersion,
    Workspace,
    WorkspaceMember,
    WorkspaceRole,
    WorkspaceState,
)
from totem.territories.places import ShapesMissing, area_km2, place_drawn, place_of_parts
from totem.territories.queries import quota_of, with_stored_bytes

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


class LastOfficerError(Exception):
    """The change would leave a workspace that has members without an officer."""


def _record(verb: str, subject: models.Model, by: User | None, workspace: Workspace | None, **facts: object) -> None:
    journal.record(verb, subject, actor_id=by.pk if by else None, scope=workspace, facts=facts)


# -- Workspaces -------------------------------------------------------------------------------------------------------


@limits.atomic()
def create_workspace(*, name: str, by: User, request: str = "", trusted: bool = False) -> Workspace:
    """A workspace whose first officer is `by`, and which waits for its approval unless it is trusted.

    Its address is made of its name. Raises ValidationError, also where enough of theirs wait.
    """
    if not trusted:
        limits.require(REQUESTS, limits.Taker.person(by.pk), now=clock.now())
    workspace = Workspace(name=name, slug=free_slug(Workspace.objects.all(), name), request=request)
    workspace.state = WorkspaceState.TRUSTED if trusted else WorkspaceState.REQUESTED
    workspace.full_clean()
    workspace.save(force_insert=True)
    WorkspaceMember.objects.create(workspace=workspace, person=by, role=WorkspaceRole.OFFICER)
    facts = {"state": str(workspace.state)}
    entry = journal.record("territories.workspace_created", workspace, actor_id=by.pk, scope=workspace, facts=facts)
    if not trusted:
        approvals.tell_staff(workspace, entry)
    return workspace


@transaction.atomic
def set_member(*, workspace: Workspace, email: str, role: str, by: User) -> WorkspaceMember:
    """Give that role to the person who signs in with the address, in place of the one they had.

    Raises ValidationError when nobody does, LastOfficerError.
    """
    if _lock_team(workspace).state in (WorkspaceState.REQUESTED, WorkspaceState.REFUSED):
        raise ValidationError({"email": _("The team can grow once the territory is approved.")})
    person = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if person is None:
        words = _("Nobody signs in with this address. Ask them to create an account first.")
        raise ValidationError({"email": words})
    member = WorkspaceMember.objects.filter(workspace=workspace, person=person).first()
    if member is None:
        member = WorkspaceMember(workspace=workspace, person=person)
    elif role != WorkspaceRole.OFFICER:
        _check_officer_remains(member)
    before, member.role = member.role, role
    member.full_clean()
    member.save()
    facts = {"person": person.pk, "from": before or None, "to": str(role)}
    _record("territories.member_set", workspace, by, workspace, **facts)
    return member


@transaction.atomic
def remove_member(*, member: WorkspaceMember, by: User) -> None:
    """Remove somebody from the team. Raises LastOfficerError."""
    _lock_team(member.workspace)
    row = WorkspaceMember.objects.select_related("workspace").filter(pk=member.pk).first()
    if row is None:
        return
    _check_officer_remains(row)
    row.delete()
    _record("territories.member_removed", row.workspace, by, row.workspace, person=row.person_id, role=row.role)


@transaction.atomic
def leave_workspaces(*, person: User) -> None:
    """Remove an erased person from every team. Raises LastOfficerError where others would be left without an officer.

    A workspace of which they were the only member stays, without members.
    """
    for member in WorkspaceMember.objects.filter(person=person).select_related("workspace").order_by("workspace"):
        if member.workspace.members.exclude(pk=member.pk).exists():
            remove_member(member=member, by=person)
        else:
            member.delete()
            _record("territories.member_removed", member.workspace, person, member.workspace, person=person.pk)


def _lock_team(workspace: Workspace) -> Workspace:
    """Lock the team's row: of two officers who leave at the same time, the second sees that the first has left."""
    return Workspace.objects.select_for_update().get(pk=workspace.pk)


def _check_officer_remains(member: WorkspaceMember) -> None:
    others = WorkspaceMember.objects.filter(
        workspace=member.workspace_id, role=WorkspaceRole.OFFICER, person__is_active=True
    )
    if member.role == WorkspaceRole.OFFICER and not others.exclude(pk=member.pk).exists():
        raise LastOfficerError


# -- Perimeters -------------------------------------------------------------------------------------------------------

Parts = Mapping[str, Sequence[str]]


@transaction.atomic
def create_perimeter(
    *,
    name: str,
    workspace: Workspace | None,
    public: bool,
    by: User | None,
    now: datetime,
    valid_from: date,
    parts: Parts | None = None,
    polygon: "BaseGeometry | None" = None,
    cut: str = CutRule.INSIDE,
    note: str = "",
    slug: str = "",
) -> Perimeter:
    """A perimeter and its first version. Without a workspace it is the installation's, and public.

    Raises ValidationError.
    """
    if public:
        check_may_publish(workspace)
    perimeter = Perimeter(
        name=name, slug=slug or free_slug(Perimeter.objects.all(), name), workspace=workspace, public=public
    )
    perimeter.full_clean()
    perimeter.save(force_insert=True)
    _record("territories.perimeter_created", perimeter, by, workspace, public=public)
    publish_perimeter_version(
        perimeter=perimeter, by=by, now=now, valid_from=valid_from, parts=parts, polygon=polygon, cut=cut, note=note
    )
    return perimeter


@transaction.atomic
def publish_perimeter_version(
    *,
    perimeter: Perimeter,
    by: User | None,
    now: datetime,
    valid_from: date,
    parts: Parts | None = None,
    polygon: "BaseGeometry | None" = None,
    cut: str = CutRule.INSIDE,
    note: str = "",
) -> PerimeterVersion:
    """Publish what the perimeter is made of from that day on: `parts` (codes by name of the part) or a valid `polygon`.

    `cut` says what counts of the communes that the edge of the polygon cuts. A version never changes. Area and
    population are those known at publication, None where unknown. Raises ValidationError when neither or both of
    `parts` and `polygon` are given, or nothing would count.
    """
    row = Perimeter.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=perimeter.pk)
    named = {name: sorted(set(codes)) for name, codes in (parts or {}).items() if codes}
    if bool(named) == (polygon is not None):
        raise ValidationError(_("Name at least one place, or draw one shape."), code="content")
    last = PerimeterVersion.objects.filter(perimeter=row).aggregate(last=Max("number"))["last"] or 0
    area, population = _measured(named, polygon, cut)
    version = PerimeterVersion(
        perimeter=row,
        number=last + 1,
        valid_from=valid_from,
        polygon=None if polygon is None else polygon.wkb,
        cut=cut,
        part_count=sum(map(len, named.values())),
        area_km2=area,
        population=population,
        note=note,
        created_at=now,
        created_by=by,
    )
    version.full_clean(exclude=["created_by", "polygon", "area_km2", "population"])  # any may be unknown
    version.save(force_insert=True)
    PerimeterPart.objects.bulk_create(
        PerimeterPart(version=version, **{f"{name}_id": code}) for name, codes in named.items() for code in codes
    )
    Perimeter.objects.filter(pk=row.pk).update(updated_at=now)
    facts = {"number": version.number, "valid_from": str(valid_from), "parts": version.part_count}
    _record("territories.perimeter_version_published", row, by, row.workspace, **facts)
    return version


def _measured(parts: Parts, polygon: "BaseGeometry | None", cut: str) -> tuple[float | None, int | None]:
    """Area in km² and population, each None when it is not known. Raises ValidationError where nothing would count."""
    if polygon is None:
        place = place_of_parts(parts)
        return place.area_km2, place.population
    try:
        place = place_drawn(polygon, cut=cut)
    except ShapesMissing:
        return area_km2(polygon), None
    if not place.communes:
        raise ValidationError({"cut": _("No commune would count: choose something else.")})
    return place.area_km2, place.population


@transaction.atomic
def set_public(*, perimeter: Perimeter, public: bool, by: User) -> Perimeter:
    """Show the perimeter to the public, or to its workspace alone. Raises ValidationError when it has none."""
    row = Perimeter.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=perimeter.pk)
    _set_public(row, public, by, "territories.perimeter_public_set")
    return row


def _set_public(row: Perimeter | Document, public: bool, by: User, verb: str) -> None:
    """`row` is locked."""
    if row.public == public:
        return
    if public:
        check_may_publish(row.workspace)
    row.public = public
    row.full_clean()
    row.save(update_fields=["public", "updated_at"])
    _record(verb, row, by, row.workspace, public=public)


# -- Documents --------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_document(
    *,
    workspace: Workspace | None,
    checked: files.CheckedFile,
    title: str,
    by: User | None,
    public: bool = False,
    within_quota: bool = True,
) -> Document:
    """Store the document, visible to its workspace only unless `public`; without a workspace it is public data.

    Bytes that the workspace uploaded before give the existing document, unchanged. Raises ValidationError, also
    for more than its quota, unless what Totem itself made is kept in any case (`within_quota`).
    """
    if workspace is not None:
        workspace = Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
    if public:
        check_may_publish(workspace)
    stored = files.store(checked)
    known = Document.objects.filter(workspace=workspace, stored=stored).first()
    if known is not None:
        return known
    if workspace is not None and within_quota:
        _check_quota(workspace, checked.size)
    document = Document(
        workspace=workspace,
        public=public or workspace is None,
        name=checked.name,
        title=title,
        content_type=checked.content_type,
        size=checked.size,
        sha256=checked.sha256,
        stored=stored,
        added_by=by,
    )
    document.full_clean()
    document.save(force_insert=True)
    # Its name may be personal: the journal identifies it by its digest.
    facts = {"sha256": document.sha256, "size": document.size, "type": document.content_type}
    _record("territories.document_added", document, by, workspace, **facts)
    return document


def _check_quota(workspace: Workspace, size: int) -> None:
    """`workspace` is locked. Counted in a statement of its own: one that waits for a lock reads what was before it."""
    stored = with_stored_bytes(Workspace.objects.all()).get(pk=workspace.pk).stored_bytes  # type: ignore[attr-defined]
    most = quota_of(workspace)
    if stored + size > most:
        words = _(
            "The territory’s documents take %(stored)s of %(most)s, and this one %(size)s more: "
            "erase some, or ask the installation’s team for more room."
        )
        sizes = {"stored": filesizeformat(stored), "most": filesizeformat(most), "size": filesizeformat(size)}
        raise ValidationError(words % sizes, code="quota")


@transaction.atomic
def set_quota(*, workspace: Workspace, megabytes: int | None, by: User) -> None:
    """The workspace's own quota of documents in megabytes, or (None) the setting's."""
    row = Workspace.objects.select_for_update().get(pk=workspace.pk)
    row.quota = None if megabytes is None else megabytes * files.MEGABYTE
    row.save(update_fields=["quota", "updated_at"])
    _record("territories.quota_set", row, by, row, bytes=row.quota)


@transaction.atomic
def publish_document(*, document: Document, by: User, public: bool = True) -> Document:
    """Show the document to everybody, or to its workspace alone again. Raises ValidationError when it has none."""
    row = Document.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=document.pk)
    _set_public(row, public, by, "territories.document_public_set")
    return row


@transaction.atomic
def erase_document(*, document: Document, reason: ErasureReason, title: str, by: User, now: datetime) -> Document:
    """Erase the bytes and the name of the document; `title` stays as its description, with its digest and the day.

    Another workspace that uploaded the same bytes keeps them: theirs is another document. Idempotent.
    """
    files.lock_content(document.sha256)  # before the row, as in add_document
    row = Document.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=document.pk)
    if row.erased_at is not None:
        return row
    row.name = f"document.{row.name.rpartition('.')[2]}"
    row.title, row.stored, row.erased_at = title, None, now
    row.full_clean()
    row.save(update_fields=["name", "title", "stored", "erased_at", "updated_at"])
    gone = files.delete_content(row.sha256)
    facts = {"sha256": row.sha256, "reason": str(reason), "bytes_deleted": gone}
    _record("territories.document_erased", row, by, row.workspace, **facts)
    return row
