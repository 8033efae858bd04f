"""Who may see and change the observatory's activity perimeters. Reading and authorising are one call.

A perimeter of a territory is its team's: officers and agents change it, readers see it, and everybody when it is
public. Those that come with Totem have no team: everybody sees them, nobody changes them.
"""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404

from totem.observatory.models import ActivityPerimeter, ActivityVersion
from totem.territories.models import Workspace, WorkspaceRole
from totem.territories.permissions import EDIT

CHANGING = (WorkspaceRole.OFFICER, WorkspaceRole.AGENT)


def _person(user: Any) -> int | None:
    return user.pk if getattr(user, "is_authenticated", False) and user.is_active else None


def workspaces_of(user: Any) -> QuerySet[Workspace]:
    """The territories whose activity perimeters this person may make and change."""
    return Workspace.objects.filter(members__person=_person(user), members__role__in=CHANGING).distinct()


def perimeters_seen(user: Any) -> QuerySet[ActivityPerimeter]:
    """The public ones that have been published, and those of this person's territories."""
    published = ActivityVersion.objects.filter(published_at__isnull=False).values("perimeter")
    seen = Q(public=True, pk__in=published)
    if person := _person(user):
        seen |= Q(workspace__members__person=person)
    return ActivityPerimeter.objects.filter(seen).select_related("workspace").distinct()


def versions_seen(user: Any) -> QuerySet[ActivityVersion]:
    """The published versions of the perimeters that this person sees, by name, the newest first."""
    seen = ActivityVersion.objects.filter(published_at__isnull=False, perimeter__in=perimeters_seen(user))
    return seen.select_related("perimeter").order_by("perimeter__name", "-number")


def perimeter_for(user: Any, slug: str, *, to_change: bool = False) -> ActivityPerimeter:
    """The perimeter at that address, if this person may see it, or change it. Raises Http404 for anything else."""
    perimeter = perimeters_seen(user).filter(slug=slug).first()
    if perimeter is None or (to_change and not may_change(user, perimeter)):
        raise Http404
    return perimeter


def may_change(user: Any, perimeter: ActivityPerimeter) -> bool:
    """Whether this person is an officer or agent of the perimeter's territory."""
    return perimeter.workspace is not None and bool(user.has_perm(EDIT, perimeter.workspace))
