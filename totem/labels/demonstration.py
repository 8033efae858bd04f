"""The demonstration's boards, read from `demo/labels/*.toml`: what is sourced, what is invented and said so.

A sheet tells a story in two times: what was known a month ago, then what came since (`later = true`). The board is
evaluated after each, so that what changed this month is what really changed between the two.
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
from totem.core.files import CheckedFile
from totem.hubs.models import Hub
from totem.labels.boards import actions as board_actions
from totem.labels.coalitions import actions as coalition_actions
from totem.labels.evidence import actions as evidence_actions
from totem.labels.figures import FigureDefinition, figures_of
from totem.labels.governance import actions as governance_actions
from totem.labels.jobs import refresh
from totem.labels.judging.evaluations import charter_of, evaluate, version_for
from totem.labels.models import Appointment, Board, Body, FundingLine, Meeting, Seat
from totem.labels.subjects import Subject, subject_at, subject_of
from totem.organisations.actions import declare_figures, declare_relation, note_organisation
from totem.organisations.actions import set_public as show_declared
from totem.organisations.models import Organisation
from totem.premises.actions import add_lot, add_offer, add_phase, declare_building, revise_phase
from totem.territories.actions import add_document, create_perimeter, create_workspace, set_member
from totem.territories.models import Commune, Document, Perimeter, Workspace

EARLIER = timedelta(days=35)  # the first evaluation: more than a month before today
BOARDS = "labels/*.toml"

Row = dict[str, Any]


@part(BOARDS, is_there=lambda _world: Board.objects.exists())
def load(world: InventedWorld) -> None:
    """The charters that the boards ask for have to be published."""
    officer = demo_person(DemoRole.OFFICER)
    boards = [board for told in world.sheets(BOARDS) for board in _Sheet(_exact(told), officer, world.now).load()]
    world.say(f"Demonstration: {len(boards)} boards of labels")


def _exact(told: Any) -> Any:
    """What a sheet says, with its numbers as decimals."""
    if isinstance(told, dict):
        return {key: _exact(value) for key, value in told.items()}
    if isinstance(told, list):
        return [_exact(value) for value in told]
    return Decimal(str(told)) if isinstance(told, float) else told


class _Sheet:
    """One workspace and what it gathers."""

    def __init__(self, told: Row, officer: User, now: datetime) -> None:
        self.told, self.officer, self.today = told, officer, now
        self.now = now - EARLIER  # moves to today once the first evaluation is kept
        self.boards: dict[str, Board] = {}
        self.perimeters: dict[str, Perimeter] = {}
        self.documents: dict[str, Document] = {}
        self.revisions: list[Callable[[], object]] = []

    def load(self) -> list[Board]:
        for row in self.told.get("members", []):
            self.add_member(row)
        for row in self.told.get("organisations", []):
            note_organisation(by=self.officer, workspace=self.workspace, **row)
        for row in self.told.get("documents", []):
            self.documents[row["key"]] = self.add_document(row)
        for row in self.told.get("perimeters", []):
            self.perimeters[row["name"]] = self.add_perimeter(row)
        for row in self.told["boards"]:
            self.boards[row["key"]] = self.add_board(row)
        self.gather(later=False)
        for board in self.boards.values():
            refresh(board, now=self.now)
        self.now = self.today
        self.gather(later=True)
        for revise in self.revisions:
            revise()
        for row in self.told["boards"]:
            self.finish(row, self.boards[row["key"]])
        return list(self.boards.values())

    def gather(self, *, later: bool) -> None:
        """Everything that was told then."""
        for name, add in (
            ("buildings", self.add_building),
            ("relations", self.add_relation),
            ("years", self.add_year),
            ("observations", self.add_observation),
            ("bodies", self.add_body),
            ("appointments", self.add_appointment),
            ("funding", self.add_funding),
            ("judgements", self.add_judgement),
        ):
            for row in self.told.get(name, []):
                if row.get("later", False) is later:
                    add({key: value for key, value in row.items() if key != "later"})

    # -- Who and where ------------------------------------------------------------------------------------------------

    @cached_property
    def workspace(self) -> Workspace:
        name = self.told["workspace"]
        known = Workspace.objects.filter(name=name).first()
        return known or create_workspace(name=name, by=self.officer, trusted=True)

    def add_member(self, row: Row) -> None:
        person = User.objects.filter(demo_role=DemoRole(row["demo"])).first()
        if person is not None:
            set_member(workspace=self.workspace, email=person.email, role=row["role"], by=self.officer)

    def organisation(self, name: str) -> Organisation:
        """The one of that name, the first that was noted where two bear it."""
        return Organisation.objects.filter(name=name).order_by("pk")[0]

    def add_document(self, row: Row) -> Document:
        content = row["text"].encode()
        checked = CheckedFile(row["name"], "text/plain", len(content), hashlib.sha256(content).hexdigest(), content)
        return add_document(
            workspace=self.workspace,
            checked=checked,
            title=row["title"],
            by=self.officer,
            public=row.get("public", False),
        )

    def add_perimeter(self, row: Row) -> Perimeter:
        polygon = None
        if "polygon" in row:
            import shapely  # noqa: PLC0415 - only where shapes are

            polygon = shapely.Polygon([(float(east), float(north)) for east, north in row["polygon"]])
        return create_perimeter(
            name=row["name"],
            workspace=self.workspace,
            public=row["public"],
            by=self.officer,
            now=self.now,
            valid_from=row["valid_from"],
            parts={"epci": row["epci"]} if "epci" in row else None,
            polygon=polygon,
            note=row["note"],
        )

    def add_board(self, row: Row) -> Board:
        version = version_for(row["charter"], timezone.localdate(self.today))
        about: Row = {"hub": Hub.objects.get(slug=row["hub"])} if "hub" in row else {}
        if "perimeter" in row:
            named = self.workspace.perimeters.filter(name=row["perimeter"]).get()
            about = {"perimeter": self.perimeters.get(row["perimeter"], named)}
        board = board_actions.create_board(workspace=self.workspace, charter=version, by=self.officer, **about)
        if row.get("public", False):
            board_actions.set_board_public(board=board, public=True, by=self.officer)
        return board

    def finish(self, row: Row, board: Board) -> None:
        """Figures and the evaluation of today; what is frozen; a search for partners with its answer."""
        day = timezone.localdate(self.today)
        refresh(board, now=self.today)
        for frozen in row.get("frozen", []):
            evaluated = evaluate(board, day=frozen["day"], workspace=self.workspace)
            board_actions.freeze(evaluated=evaluated, note=frozen["note"], by=self.officer, now=self.today)
        for asked in row.get("searches", []):
            search = coalition_actions.ask_for_partners(
                board=board, scope=asked["scope"], most=asked["most"], by=self.officer, day=day
            )
            coalition_actions.search_partners(search=search)

    # -- Evidence -----------------------------------------------------------------------------------------------------

    def subject(self, row: Row) -> Subject:
        """What a row is about: its board's subject, or a part of it."""
        if "about" in row:
            return subject_at(row["about"])
        return subject_of(self.boards[row["board"]], timezone.localdate(self.now))

    def figured(self, row: Row) -> FigureDefinition:
        charter = charter_of(version_for(self.boards[row["board"]].charter, timezone.localdate(self.today)))
        return figures_of(charter)[row["figure"]]

    def dated(self, row: Row) -> Row:
        """The row with its dates: some are told as « last year », or as so many days ago."""
        told = dict(row)
        if told.pop("last_year", False):
            year = self.now.year - 1
            told |= {"starts_on": date(year, 1, 1), "ends_on": date(year, 12, 31)}
        if "days_ago" in told:
            told["ends_on"] = timezone.localdate(self.today) - timedelta(days=told.pop("days_ago"))
        return told

    def add_observation(self, row: Row) -> None:
        told = self.dated(row)
        subject, figured = self.subject(told), self.figured(told)
        retained, revised = told.pop("retained", ""), told.pop("revised", {})
        documents = [self.documents[key] for key in told.pop("documents", [])]
        values = {key: value for key, value in told.items() if key not in {"board", "figure", "about", "public"}}
        observation = evidence_actions.declare(
            workspace=self.workspace,
            subject=subject,
            figured=figured,
            values=values,
            documents=documents,
            public=told.get("public", False),
            by=self.officer,
            now=self.now,
        )
        if revised:
            said = {"figured": figured, "values": values | revised, "documents": documents}
            corrected = partial(
                evidence_actions.revise, observation=observation, based_on=1, by=self.officer, now=self.today
            )
            self.revisions.append(partial(corrected, **said))
        if retained:
            evidence_actions.retain(
                workspace=self.workspace,
                subject=subject,
                indicator=figured.name,
                observation=observation,
                reason=retained,
                by=self.officer,
                now=self.now,
            )

    def named(self, row: Row, *names: str) -> Row:
        """The row with organisations and its document in the place of what names them."""
        found: Row = {name: self.organisation(row[name]) for name in names if name in row}
        if "document" in row:
            found["document"] = self.documents[row["document"]]
        return row | found

    def add_relation(self, row: Row) -> None:
        told = self.named(row, "organisation", "partner")
        public = told.pop("public", False)
        if "commune" in told:
            told["commune"] = Commune.objects.get(pk=told["commune"])
        if "perimeter" in told:
            told["perimeter"] = self.workspace.perimeters.get(name=told["perimeter"])
        relation = declare_relation(workspace=self.workspace, by=self.officer, **told)
        if public:
            show_declared(row=relation, public=True, by=self.officer)

    def add_year(self, row: Row) -> None:
        """Figures of the year closed so many years ago, on 31 December."""
        told = self.named(row, "organisation")
        closed = date(self.now.year - told.pop("years_ago"), 12, 31)
        declare_figures(workspace=self.workspace, by=self.officer, now=self.now, closing_date=closed, **told)

    # -- Buildings ----------------------------------------------------------------------------------------------------

    def add_building(self, row: Row) -> None:
        told = self.named(row, "owner")
        phases, lots, offers = (told.pop(name, []) for name in ("phases", "lots", "offers"))
        told["commune"] = Commune.objects.get(pk=told["commune"])
        building = declare_building(workspace=self.workspace, by=self.officer, **_degrees(told))
        for one in phases:
            first, *others = one["announced"]
            phase = add_phase(building=building, name=one["name"], by=self.officer, now=self.now, **first)
            for announced in others:
                revise_phase(phase=phase, by=self.officer, now=self.now, **announced)
        for one in lots:
            add_lot(building=building, by=self.officer, **one)
        for one in offers:
            add_offer(building=building, by=self.officer, now=self.now, **self.named(one, "operator"))

    # -- Governance ---------------------------------------------------------------------------------------------------

    def add_body(self, row: Row) -> None:
        told = self.named(row, "organisation")
        public, seats, meetings = (told.pop(name, ()) for name in ("public", "seats", "meetings"))
        body = governance_actions.add(Body, within=self.boards[told.pop("board")], by=self.officer, **told)
        for one in seats:
            governance_actions.add(Seat, within=body, by=self.officer, **self.named(one, "organisation"))
        for one in meetings:
            held_on = one.get("held_on") or timezone.localdate(self.today) - timedelta(days=one["days_ago"])
            governance_actions.add(Meeting, within=body, by=self.officer, held_on=held_on, subject=one["subject"])
        if public:
            governance_actions.set_governed_public(row=body, public=True, by=self.officer)

    def add_appointment(self, row: Row) -> None:
        told = self.named(row, "company", "appointed_by")
        governance_actions.add(Appointment, within=self.boards[told.pop("board")], by=self.officer, **told)

    def add_funding(self, row: Row) -> None:
        told = self.named(row, "funder")
        if told.pop("this_year", False):
            year = self.today.year
            told |= {"starts_on": date(year, 1, 1), "ends_on": date(year, 12, 31)}
        governance_actions.add(FundingLine, within=self.boards[told.pop("board")], by=self.officer, **told)

    def add_judgement(self, row: Row) -> None:
        board = self.boards[row["board"]]
        board_actions.record_judgement(
            board=board,
            version=version_for(board.charter, timezone.localdate(self.today)),
            requirement=row["requirement"],
            verdict=row["verdict"],
            reason=row["reason"],
            conflicts=row["conflicts"],
            by=self.officer,
            now=self.now,
        )


def _degrees(told: Row) -> Row:
    return {key: float(value) if key in {"latitude", "longitude"} else value for key, value in told.items()}
