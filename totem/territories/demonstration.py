"""The workspace of a territory, with its perimeters (`demo/territories/workspaces.toml`)."""

from totem.accounts.demonstration import demo_person
from totem.accounts.models import DemoRole
from totem.core.demonstration import InventedWorld, part
from totem.territories.actions import create_perimeter, create_workspace
from totem.territories.models import Workspace

WORKSPACES = "territories/workspaces.toml"


@part(WORKSPACES, is_there=lambda _world: Workspace.objects.exists())
def load(world: InventedWorld) -> None:
    """For the officer. The communes of the perimeters have to be loaded."""
    sheet, officer = world.sheet(WORKSPACES), demo_person(DemoRole.OFFICER)
    workspace = create_workspace(name=sheet["workspace"], by=officer, trusted=True)
    for row in sheet["perimeters"]:
        create_perimeter(
            name=row["name"],
            workspace=workspace,
            public=row["public"],
            by=officer,
            now=world.now,
            valid_from=row["valid_from"],
            parts={"epci": row["epci"]},
            note=row["note"],
        )
