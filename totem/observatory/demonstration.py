"""The demonstration: a register made up from `demo/register.toml`, imported like a real one and said to be synthetic,
and what a territory has made its own (`demo/territories.toml`).
"""

import tempfile
import tomllib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from totem.accounts.models import User
from totem.core.edit_conflicts import version_token
from totem.observatory import actions, queries
from totem.observatory.activities import activities_of
from totem.observatory.engine import Scope
from totem.observatory.models import ActivityVersion, Stock
from totem.observatory.register.importing import import_register
from totem.observatory.synthetic import read_targets, reference_from_database, synthesise
from totem.territories.actions import create_perimeter, create_workspace
from totem.territories.models import Perimeter, Workspace
from totem.territories.places import place_for

Say = Callable[[str], None]


def load_register(sheet: Path, *, now: datetime, say: Say) -> Stock | None:
    """Make and import the register that the sheet describes, unless a stock is there already; the stock made.

    Raises synthetic.TargetsWrong, published.ImportRefused.
    """
    if Stock.objects.exists():
        return None
    reference = reference_from_database()
    targets = read_targets(sheet, reference)
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
            made.files, stock_date=targets.stock, synthetic=True, now=now, progress=lambda _line: None
        )
    say(f"Demonstration: a synthetic register of {stock.rows} establishments")
    return stock


def load_territories(sheet: Path, *, officer: User, now: datetime) -> Workspace | None:
    """The workspace of the sheet with its perimeters and activities, for this officer, unless there is one already.

    A stock has to be in service: a company of it is left out by hand.
    """
    if Workspace.objects.exists():
        return None
    told = tomllib.loads(sheet.read_text(encoding="utf-8"))
    workspace = create_workspace(name=told["workspace"], by=officer)
    perimeters = [_perimeter(row, workspace, officer, now) for row in told["perimeters"]]
    for row in told["activities"]:
        _activities(row, workspace, perimeters[0], officer, now)
    return workspace


def _perimeter(row: dict[str, Any], workspace: Workspace, officer: User, now: datetime) -> Perimeter:
    return create_perimeter(
        name=row["name"],
        workspace=workspace,
        public=row["public"],
        by=officer,
        now=now,
        valid_from=row["valid_from"],
        parts={"epci": row["epci"]},
        note=row["note"],
    )


def _activities(row: dict[str, Any], workspace: Workspace, place: Perimeter, officer: User, now: datetime) -> None:
    start = ActivityVersion.objects.get(perimeter__slug=row["start"], number=1)
    perimeter = actions.create_activity_perimeter(
        workspace=workspace, name=row["name"], name_en=row["name_en"], public=row["public"], start=start, by=officer,
        now=now,
    )  # fmt: skip
    draft = actions.draft_version(perimeter=perimeter, by=officer, now=now)
    draft.source, draft.note = row["source"], row["note"]
    draft.save()
    left_out = row["left_out"]
    counted = activities_of(start)
    scope = Scope(queries.serving_stock(), counted, place_for("perimetre", place.slug, user=officer))
    branch = draft.branches.get(name=left_out["branch"]).position
    company = queries.companies(scope, branch=branch, limit=1)[0]
    actions.add_correction(
        perimeter=perimeter, siren=company.siren, branch_name=None, reason=left_out["reason"], by=officer
    )
    perimeter.refresh_from_db()
    actions.publish_version(perimeter=perimeter, seen=version_token(perimeter), by=officer, now=now)
