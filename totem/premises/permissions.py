"""Permissions on buildings: those of the workspace. Fetching and authorising are one call; otherwise a 404."""

from typing import TypeVar

from django.db.models import Model
from django.http import Http404
from django.shortcuts import get_object_or_404

from totem.premises.models import Building
from totem.territories.permissions import EDIT, SEE, Person, workspace_for

Row = TypeVar("Row", bound=Model)


def building_for(person: Person, slug: str, pk: int, permission: str = SEE) -> Building:
    """The building of the workspace at `slug` if the person may do that there. Raises Http404 for anything else."""
    workspace = workspace_for(person, slug, permission)
    rows = Building.objects.select_related("workspace", "commune", "owner", "document")
    return get_object_or_404(rows, workspace=workspace, pk=pk)


def part_for(person: Person, slug: str, building: int, model: type[Row], pk: int) -> Row:
    """A phase, a lot or an offer of such a building, for those who may change it. Raises Http404 for anything else."""
    within = building_for(person, slug, building, EDIT)
    row = model._default_manager.select_related("building__workspace").filter(building=within, pk=pk).first()
    if row is None:
        raise Http404
    return row


def public_building(pk: int) -> Building:
    """The building if everybody may see it. Raises Http404 for anything else."""
    rows = Building.objects.select_related("workspace", "commune", "owner", "document")
    return get_object_or_404(rows, public=True, pk=pk)
