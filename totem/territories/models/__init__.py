"""Places of France, workspaces of territories with their perimeters, and what they declare.

Migrations name CommuneKeyField and PHONE_REGIONS here.
"""

from totem.territories.models.documents import Declared, DeclaredQuerySet, Document, ErasureReason
from totem.territories.models.perimeters import (
    CutRule,
    Perimeter,
    PerimeterPart,
    PerimeterQuerySet,
    PerimeterVersion,
)
from totem.territories.models.places import (
    PHONE_REGIONS,
    Commune,
    Department,
    Edition,
    Epci,
    FormerCommune,
    FormerRegion,
    Level,
    Outline,
    Region,
)
from totem.territories.models.workspaces import (
    WAITING_STATES,
    Workspace,
    WorkspaceMember,
    WorkspaceRole,
    WorkspaceState,
)
from totem.territories.name_keys import CommuneKeyField

__all__ = [
    "PHONE_REGIONS",
    "WAITING_STATES",
    "Commune",
    "CommuneKeyField",
    "CutRule",
    "Declared",
    "DeclaredQuerySet",
    "Department",
    "Document",
    "Edition",
    "Epci",
    "ErasureReason",
    "FormerCommune",
    "FormerRegion",
    "Level",
    "Outline",
    "Perimeter",
    "PerimeterPart",
    "PerimeterQuerySet",
    "PerimeterVersion",
    "Region",
    "Workspace",
    "WorkspaceMember",
    "WorkspaceRole",
    "WorkspaceState",
]
