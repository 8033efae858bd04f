"""Permissions in a territory's workspace. Fetching and authorising are one call; what is not allowed is a 404."""

from typing import TypeVar

import rules
from django.contrib.auth.models import AnonymousUser
from django.http import Http404

from totem.accounts.models import User
from totem.territories.models import Document, Perimeter, Workspace, WorkspaceMember, WorkspaceRole, WorkspaceState

Person = User | AnonymousUser
Row = TypeVar("Row", Perimeter, Document)
KNOWN = "_workspaces_with_roles"

SEE = "territories.see_workspace"  # its perimeters and its team
EDIT = "territories.edit_perimeters"  # make perimeters and publish their versions; what else is the territory's own
TEAM = "territories.manage_team"


def _posts_of(person: Person) -> dict[int, WorkspaceMember]:
    """The person's part in each workspace (by its id), by name; asked once a request, as it stays on the person."""
    if not isinstance(person, User) or not person.is_active:
        return {}
    # By name: `request.user` is not the person but stands for them, and both are asked.
    known: dict[int, WorkspaceMember] | None = getattr(person, KNOWN, None)
    if known is None:
        held = (
            WorkspaceMember.objects.filter(person=person).select_related("workspace").order_by("workspace__name", "pk")
        )
        known = {post.workspace_id: post for post in held}
        setattr(person, KNOWN, known)
    return known


def workspaces_of(person: Person) -> list[Workspace]:
    """The workspaces whose team the person is in, by name."""
    return [post.workspace for post in _posts_of(person).values()]


def role_in(person: Person, workspace: Workspace | None) -> str:
    """The person's role in the workspace; empty when they have none."""
    post = _posts_of(person).get(workspace.pk) if workspace else None
    return post.role if post else ""


def _holds(*roles: WorkspaceRole) -> rules.Predicate:
    return rules.predicate(lambda person, workspace: role_in(person, workspace) in roles)


def _asked_to_read(person: Person, workspace: Workspace | None) -> bool:
    """A team that asks to publish lets the installation's staff read what it holds, until the answer."""
    asks = workspace is not None and workspace.state == WorkspaceState.ASKS_TO_PUBLISH
    return asks and isinstance(person, User) and person.is_active and person.is_staff


rules.add_perm(SEE, _holds(*WorkspaceRole) | rules.predicate(_asked_to_read))
rules.add_perm(EDIT, _holds(WorkspaceRole.OFFICER, WorkspaceRole.AGENT))
rules.add_perm(TEAM, _holds(WorkspaceRole.OFFICER))


def workspace_for(person: Person, slug: str, permission: str = SEE) -> Workspace:
    """The workspace at `slug` if the person may do that there. Raises Http404 for anything else."""
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None or not person.has_perm(permission, workspace):
        raise Http404
    return workspace


def perimeter_for(person: Person, slug: str, permission: str | None = None) -> Perimeter:
    """The perimeter at `slug` if the person may do that in its workspace; without a permission, if they may see it.

    Raises Http404 for anything else: what is not yours does not exist.
    """
    return _allowed(Perimeter.objects.select_related("workspace").filter(slug=slug).first(), person, permission)


def document_for(person: Person, slug: str | None, pk: int, permission: str | None = None) -> Document:
    """The document of the workspace at `slug` (None: public data) if the person may do that there.

    Without a permission, if they may see it: its team, or everybody once it is public. Raises Http404 otherwise.
    """
    rows = Document.objects.select_related("workspace").filter(workspace__slug=slug, pk=pk)
    return _allowed(rows.first(), person, permission)


def _allowed(row: Row | None, person: Person, permission: str | None) -> Row:
    if row is None:
        raise Http404
    if permission is None and row.public:
        return row
    if row.workspace is None or not person.has_perm(permission or SEE, row.workspace):
        raise Http404
    return row
