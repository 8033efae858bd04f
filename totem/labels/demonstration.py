"""The demonstration's boards, read from `demo/labels/*.toml`: what is sourced, what is invented and said so.

A sheet has two times: what was known a month ago, then what came since (`later = true`). The board is evaluated after
each, so that what changed this month is what really changed between the two.
"""

import hashlib
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

from django.utils import timezone

from totem.accounts.demonstration import demo_person
from totem.accounts.models import DemoRole, User
from totem.core.demonstration import InventedWorld, part
from totem.core.edit_conflicts import version_token
from totem.core.files import CheckedFile
from totem.hubs.models import Hub
from totem.labels.assemblies.demonstration import save_assembly
from totem.labels.boards import actions as board_actions
from totem.labels.coalitions import actions as coalition_actions
from totem.labels.evidence import actions as evidence_actions
from totem.labels.figures import figures_of
from totem.labels.governance import actions as governance_actions
from totem.labels.jobs import refresh
from totem.labels.judging.evaluations import charter_of, evaluate, version_for
from totem.labels.models import Assembly, Board, Body, FundingLine, Meeting, Seat
from totem.labels.subjects import subject_of
from totem.organisations.actions import declare_figures, declare_relation, note_organisation
from totem.organisations.actions import set_public as show_declared
from totem.organisations.models import Organisation
from totem.premises.actions import add_lot, add_offer, add_phase, declare_building, revise_phase
from totem.territories.actions import add_document, create_perimeter, create_workspace, set_member
from totem.territories.models import Commune, Document, Perimeter, Workspace

EARLIER = timedelta(days=35)  # the first evaluation: more than a month before today
BOARDS = "labels/*.toml"
ASSEMBLIES = "assemblies/*.toml"

Row = dict[str, Any]


@part(BOARDS, is_there=lambda _world: Board.objects.exists())
def load(world: InventedWorld) -> None:
    """The charters that the boards ask for have to be published."""
    officer = demo_person(DemoRole.OFFICER)
    boards = [
        board for sheet in world.sheets(BOARDS) for board in _SheetLoader(_exact(sheet), officer, world.now).load()
    ]
    world.say(f"Demonstration: {len(boards)} boards of labels")


@part(ASSEMBLIES, is_there=lambda _world: Assembly.objects.exists())
def load_assemblies(world: InventedWorld) -> None:
    """The dues of their hubs have to be there."""
    for sheet in world.sheets(ASSEMBLIES):
        hub = Hub.objects.select_related("operator").get(slug=sheet["hub"])
        saved = sum(save_assembly(hub, row, world.now) for row in sheet["assemblies"])
        world.say(f"Demonstration: {hub.name}, {saved} general assemblies")


def _exact(value: Any) -> Any:
    """What a sheet says, with its numbers as decimals."""
    if isinstance(value, dict):
        return {key: _exact(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_exact(one) for one in value]
    return Decimal(str(value)) if isinstance(value, float) else value


class _SheetLoader:
    """One workspace and what it gathers."""

    def __init__(self, sheet: Row, officer: User, now: datetime) -> None:
        self.sheet, self.officer, self.today = sheet, officer, now
        self.now = now - EARLIER  # moves to today once the first evaluation is kept
        self.boards: dict[str, Board] = {}
        self.documents: dict[str, Document] = {}
        self.revisions: list[Callable[[], object]] = []

    def load(self) -> list[Board]:
        for row in self.rows("members"):
            for person in User.objects.filter(demo_role=DemoRole(row["demo"])):
                set_member(workspace=self.workspace, email=person.email, role=row["role"], by=self.officer)
        for row in self.rows("organisations"):
            note_organisation(by=self.officer, workspace=self.workspace, **row)
        for row in self.rows("documents"):
            self.documents[row["key"]] = self.add_document(row)
        for row in self.rows("perimeters"):
            self.add_perimeter(row)
        for row in self.rows("boards"):
            self.boards[row["key"]] = self.add_board(row)
        self.gather(later=False)
        for board in self.boards.values():
            refresh(board, now=self.now)
        self.now = self.today
        self.gather(later=True)
        for revise in self.revisions:
            revise()
        for row in self.rows("boards"):
            self.finish(row, self.boards[row["key"]])
        return list(self.boards.values())

    def gather(self, *, later: bool) -> None:
        """Everything that was known then."""
        for name, add in (
            ("buildings", self.add_building),
            ("relations", self.add_relation),
            ("years", self.add_year),
            ("observations", self.add_observation),
            ("bodies", self.add_body),
            ("funding", self.add_funding),
            ("judgements", self.add_judgement),
        ):
            for row in self.rows(name):
                if row.pop("later", False) is later:
                    add(row)

    def rows(self, name: str) -> list[Row]:
        return [dict(row) for row in self.sheet.get(name, [])]

    def read(self, row: Row) -> Row:
        """A row with things in the place of their names, and with the days of « so many days ago », « this year »."""
        kinds: dict[str, Callable[[Any], object]] = {
            **dict.fromkeys(("organisation", "operator", "funder"), self.organisation),
            "board": self.boards.__getitem__,
            "commune": lambda code: Commune.objects.get(pk=code),
            "hub": lambda slug: Hub.objects.get(slug=slug),
            "perimeter": self.perimeter,
            "documents": lambda keys: [self.documents[key] for key in keys],
        }
        values = {name: kinds[name](value) if name in kinds else value for name, value in row.items()}
        for name, year in (("last_year", self.now.year - 1), ("this_year", self.today.year)):
            if values.pop(name, False):
                values |= {"starts_on": date(year, 1, 1), "ends_on": date(year, 12, 31)}
        return values

    def ago(self, days: int) -> date:
        return timezone.localdate(self.today) - timedelta(days=days)

    # -- Who and where ------------------------------------------------------------------------------------------------

    @cached_property
    def workspace(self) -> Workspace:
        name = self.sheet["workspace"]
        known = Workspace.objects.filter(name=name).first()
        return known or create_workspace(name=name, by=self.officer, trusted=True)

    def organisation(self, name: str) -> Organisation:
        """The one of that name, the first that was noted where two bear it."""
        return Organisation.objects.filter(name=name).order_by("pk")[0]

    def perimeter(self, name: str) -> Perimeter:
        return self.workspace.perimeters.get(name=name)

    def add_document(self, row: Row) -> Document:
        content = row["text"].encode()
        checked = CheckedFile(row["name"], "text/plain", len(content), hashlib.sha256(content).hexdigest(), content)
        return add_document(workspace=self.workspace, checked=checked, title=row["title"], by=self.officer)

    def add_perimeter(self, row: Row) -> None:
        import shapely  # noqa: PLC0415 - only where shapes are

        polygon = [(float(east), float(north)) for east, north in row.pop("polygon", [])]
        epci = row.pop("epci", None)
        create_perimeter(
            workspace=self.workspace,
            by=self.officer,
            now=self.now,
            parts={"epci": epci} if epci else None,
            polygon=shapely.Polygon(polygon) if polygon else None,
            **row,
        )

    def add_board(self, row: Row) -> Board:
        version = version_for(row["charter"], timezone.localdate(self.today))
        about = self.read({name: row[name] for name in ("hub", "perimeter") if name in row})
        board = board_actions.create_board(workspace=self.workspace, charter=version, by=self.officer, **about)
        if row.get("public", False):
            board_actions.set_board_public(board=board, public=True, by=self.officer)
        return board

    def finish(self, row: Row, board: Board) -> None:
        """Figures and the evaluation of today; what is frozen; a search for partners with its answer."""
        refresh(board, now=self.today)
        for frozen in row.get("frozen", []):
            evaluated = evaluate(board, day=frozen["day"], workspace=self.workspace)
            board_actions.freeze(evaluated=evaluated, note=frozen["note"], by=self.officer, now=self.today)
        for asked in row.get("searches", []):
            search = coalition_actions.ask_for_partners(board=board, by=self.officer, day=self.ago(0), **asked)
            coalition_actions.search_partners(search=search)

    # -- Evidence -----------------------------------------------------------------------------------------------------

    def add_observation(self, row: Row) -> None:
        values = self.read(row)
        board = values.pop("board")
        charter = charter_of(version_for(board.charter, timezone.localdate(self.today)))
        subject, figured = subject_of(board, timezone.localdate(self.now)), figures_of(charter)[values.pop("figure")]
        retained, revised, documents = (
            values.pop("retained", ""),
            values.pop("revised", {}),
            values.pop("documents", []),
        )
        public = values.pop("public", False)
        if "days_ago" in values:
            values["ends_on"] = self.ago(values.pop("days_ago"))
        own: Row = {"workspace": self.workspace, "subject": subject, "by": self.officer, "now": self.now}
        observation = evidence_actions.declare(
            **own, figured=figured, values=values, documents=documents, public=public
        )
        if revised:
            corrected: Row = {"figured": figured, "values": values | revised, "documents": documents, "now": self.today}
            revise = partial(evidence_actions.revise, observation=observation, based_on=1, by=self.officer)
            self.revisions.append(partial(revise, **corrected))
        if retained:
            evidence_actions.retain(**own, indicator=figured.name, observation=observation, reason=retained)

    def add_relation(self, row: Row) -> None:
        public = row.pop("public", False)
        relation = declare_relation(workspace=self.workspace, by=self.officer, **self.read(row))
        if public:
            show_declared(row=relation, public=True, by=self.officer)

    def add_year(self, row: Row) -> None:
        """Figures of the year closed so many years ago, on 31 December."""
        closed = date(self.now.year - row.pop("years_ago"), 12, 31)
        declare_figures(workspace=self.workspace, by=self.officer, now=self.now, closing_date=closed, **self.read(row))

    def add_building(self, row: Row) -> None:
        phases, lots, offers = (row.pop(name, []) for name in ("phases", "lots", "offers"))
        row |= {name: float(row[name]) for name in ("latitude", "longitude") if name in row}
        building = declare_building(workspace=self.workspace, by=self.officer, **self.read(row))
        for one in phases:
            first, *others = one["announced"]
            phase = add_phase(building=building, name=one["name"], by=self.officer, now=self.now, **first)
            for announced in others:
                revise_phase(phase=phase, by=self.officer, now=self.now, **announced)
        for one in lots:
            add_lot(building=building, by=self.officer, **one)
        for one in offers:
            add_offer(building=building, by=self.officer, now=self.now, **self.read(one))

    # -- Governance ---------------------------------------------------------------------------------------------------

    def add_body(self, row: Row) -> None:
        public, seats, meetings = (row.pop(name, ()) for name in ("public", "seats", "meetings"))
        values = self.read(row)
        body = governance_actions.add(Body, within=values.pop("board"), by=self.officer, **values)
        for one in seats:
            governance_actions.add(Seat, within=body, by=self.officer, **self.read(one))
        for one in meetings:
            held_on = one.get("held_on") or self.ago(one["days_ago"])
            governance_actions.add(Meeting, within=body, by=self.officer, held_on=held_on, subject=one["subject"])
        if public:
            governance_actions.set_governed_public(row=body, seen=version_token(body), public=True, by=self.officer)

    def add_funding(self, row: Row) -> None:
        values = self.read(row)
        governance_actions.add(FundingLine, within=values.pop("board"), by=self.officer, **values)

    def add_judgement(self, row: Row) -> None:
        values = self.read(row)
        version = version_for(values["board"].charter, timezone.localdate(self.today))
        board_actions.record_judgement(version=version, by=self.officer, now=self.now, **values)
