"""What the observatory adds to the demonstration: a synthetic register, imported like a real one and said to be
synthetic, and the activities that a territory made its own.
"""

import tempfile
from pathlib import Path

from django.conf import settings

from totem.accounts.demonstration import demo_person
from totem.accounts.models import DemoRole
from totem.core.demonstration import InventedWorld, part
from totem.core.edit_conflicts import version_token
from totem.observatory import actions, queries
from totem.observatory.activities import activities_of
from totem.observatory.engine import Scope
from totem.observatory.models import ActivityPerimeter, ActivityVersion, Stock
from totem.observatory.register.importing import import_register
from totem.observatory.register.synthetic.files import synthesise
from totem.observatory.register.synthetic.reference import reference_from_database
from totem.observatory.register.synthetic.targets import read_targets
from totem.territories.models import Workspace
from totem.territories.places import place_for

REGISTER = "observatory/register.toml"
ACTIVITIES = "observatory/activities.toml"


@part(REGISTER, is_there=lambda _world: Stock.objects.exists())
def load_register(world: InventedWorld) -> None:
    """Make and import the register that the sheet describes.

    Raises targets.TargetsWrong, published.ImportRefused.
    """
    reference = reference_from_database()
    targets = read_targets(world.folder / REGISTER, reference)
    root = Path(settings.OBSERVATORY_DIR)
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix="demonstration-") as folder:
        made = synthesise(
            Path(folder),
            rows=targets.rows,
            seed=targets.seed,
            reference=reference,
            targets=targets,
            stock=targets.stock,
        )
        stock = import_register(
            made.files, stock_date=targets.stock, synthetic=True, now=world.now, progress=lambda _line: None
        )
    world.say(f"Demonstration: a synthetic register of {stock.rows} establishments")


@part(ACTIVITIES, is_there=lambda _world: ActivityPerimeter.objects.exclude(workspace=None).exists())
def load_activities(world: InventedWorld) -> None:
    """A stock has to be in service: a company of it is left out by hand."""
    sheet, officer = world.sheet(ACTIVITIES), demo_person(DemoRole.OFFICER)
    workspace = Workspace.objects.get(name=sheet["workspace"])
    place = place_for("perimetre", workspace.perimeters.get(name=sheet["perimeter"]).slug, user=officer)
    for row in sheet["activities"]:
        start = ActivityVersion.objects.get(perimeter__slug=row["start"], number=1)
        perimeter = actions.create_activity_perimeter(
            workspace=workspace, name=row["name"], name_en=row["name_en"], public=row["public"], start=start,
            by=officer, now=world.now,
        )  # fmt: skip
        draft = actions.draft_version(perimeter=perimeter, by=officer, now=world.now)
        draft.source, draft.note = row["source"], row["note"]
        draft.save()
        left_out = row["left_out"]
        branch = draft.branches.get(name=left_out["branch"]).position
        company = queries.companies(
            Scope(queries.serving_stock(), activities_of(start), place), branch=branch, limit=1
        )[0]
        actions.add_correction(
            perimeter=perimeter, siren=company.siren, branch_name=None, reason=left_out["reason"], by=officer
        )
        perimeter.refresh_from_db()
        actions.publish_version(perimeter=perimeter, seen=version_token(perimeter), by=officer, now=world.now)
