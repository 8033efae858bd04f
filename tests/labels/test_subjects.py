"""A room brings a new kind of subject and a figure about it: charters may ask for it, and boards are judged by it."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from tests.factories.labels import BoardFactory, CharterVersionFactory, content_of, requirement
from tests.factories.territories import CommuneFactory, EpciFactory, WorkspaceMemberFactory
from totem.core import measures, subjects
from totem.core.measures import Combine, Figure, measure
from totem.core.periods import Period
from totem.core.subjects import Area, AreaKind, SubjectKind, UnknownSubjectError
from totem.labels import jobs
from totem.labels.charters.manual import measure_rows
from totem.labels.charters.parsing import CharterErrors, read_charter
from totem.labels.judging.evaluations import evaluate
from totem.labels.judging.facts import State
from totem.labels.models import Board, CharterVersion, Reading
from totem.territories.actions import publish_perimeter_version

DAY = datetime.date(2026, 11, 1)
NOW = datetime.datetime(2026, 11, 1, 9, tzinfo=datetime.UTC)
HEAD = """format = 1
slug = "essai"
version = "1"
valid_from = 2020-01-01
title = { fr = "Essai", en = "Trial" }
summary = { fr = "Un essai.", en = "A trial." }
[sources]
[[criteria]]
id = "premier"
title = { fr = "Premier", en = "First" }
[[criteria.requirements]]
id = "trains"
kind = "measure"
indicator = "wagons"
at_least = 5
unit = "wagons"
title = { fr = "Trains", en = "Trains" }
rule = { fr = "Cinq wagons.", en = "Five wagons." }
"""
ASKED = content_of([requirement("trains", "measure", indicator="wagons", at_least=5, unit="wagons")])


@dataclass(frozen=True)
class ToyTrain:
    """What the toy room is about: a train in a commune."""

    commune: str
    wagons: int


TRAINS = [ToyTrain("80021", 2), ToyTrain("80021", 3), ToyTrain("59350", 40)]


def trains_inside(areas: Sequence[Area]) -> dict[str, list[ToyTrain]]:
    return {area.key: [train for train in TRAINS if train.commune in area.place.communes] for area in areas}


def wagons(train: ToyTrain, _period: Period) -> Figure:
    return Figure.of(train.wagons)


@pytest.fixture
def registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is forgotten after it."""
    monkeypatch.setattr(subjects, "_registry", dict(subjects._registry))
    monkeypatch.setattr(measures, "_registry", dict(measures._registry))


def add_figure(subject: str = "toys.train") -> None:
    measure("wagons", subject=subject, label="Wagons", unit="wagons", method="Counted.", combine=Combine.SUM)(wagons)


@pytest.fixture
def toys(registries: None) -> None:
    """The two registrations of the toy room."""
    subjects.register(SubjectKind("toys.train", "a train", "trains", trains_inside, frozenset({AreaKind.TERRITORY})))
    add_figure()


@pytest.fixture
def version(db: None) -> CharterVersion:
    return CharterVersionFactory(data=ASKED)


@pytest.fixture
def board(version: CharterVersion) -> Board:
    CommuneFactory(epci=EpciFactory())
    board = BoardFactory()
    assert board.perimeter
    parts = {"epci": ["248000531"]}
    publish_perimeter_version(perimeter=board.perimeter, by=None, now=NOW, valid_from=DAY, parts=parts)
    return board


def refused(text: str) -> list[tuple[str, str]]:
    with override("en"), pytest.raises(CharterErrors) as found:
        read_charter(text)
    return [(problem.word, problem.message) for problem in found.value.problems]


def test_its_figure_is_asked_for_computed_and_judged(toys: None, board: Board) -> None:
    assert read_charter(HEAD).criteria
    assert "wagons" in {known.name for known, subject, _combined in measure_rows() if subject == "a train"}
    jobs.refresh(board, now=NOW)
    reading = Reading.objects.get(name="wagons")
    assert (reading.subject, reading.value) == (f"perimetre:{board.perimeter_id}", 5)
    found = evaluate(board, day=DAY, workspace=board.workspace).result.finding("trains")
    assert (found.state, found.value) == (State.MET, 5)


def test_of_an_area_without_any_it_is_not_known(toys: None, board: Board, monkeypatch) -> None:
    monkeypatch.setattr("tests.labels.test_subjects.TRAINS", [])
    jobs.refresh(board, now=NOW)
    assert evaluate(board, day=DAY, workspace=board.workspace).result.finding("trains").state is State.UNKNOWN


def test_a_charter_about_hubs_does_not_ask_for_what_is_of_territories(toys: None) -> None:
    text = HEAD.replace("format = 1", 'format = 1\nsubject = "hub"')
    assert refused(text) == [("wagons", "« wagons » is about trains; this charter is about hubs (subject).")]


def test_what_is_found_in_hubs_too_is_asked_of_hubs(registries: None) -> None:
    subjects.register(SubjectKind("toys.train", "a train", "trains", trains_inside))
    add_figure()
    assert read_charter(HEAD.replace("format = 1", 'format = 1\nsubject = "hub"'))


def test_what_is_found_in_no_area_is_asked_by_no_charter(registries: None) -> None:
    subjects.register(SubjectKind("toys.train", "a train", "trains"))
    add_figure()
    assert refused(HEAD) == [("wagons", "« wagons » is a figure of trains one by one: no charter asks for it.")]


class TestASubjectThatNobodyRegisters:
    """It is said by name, wherever its figure is asked for."""

    @pytest.fixture(autouse=True)
    def figure(self, registries: None) -> None:
        add_figure("toys.plane")

    def test_when_a_charter_is_checked(self) -> None:
        message = "« wagons » is about « toys.plane », a subject that no room of this installation registers."
        assert refused(HEAD) == [("wagons", message)]

    def test_when_a_board_is_judged(self, board: Board) -> None:
        with pytest.raises(UnknownSubjectError, match=r"wagons is about toys\.plane"):
            evaluate(board, day=DAY, workspace=board.workspace)

    def test_when_its_figures_are_computed(self, board: Board) -> None:
        with pytest.raises(UnknownSubjectError, match=r"wagons is about toys\.plane"):
            jobs.refresh(board, now=NOW)

    def test_on_the_page_of_the_board(self, board: Board, client: Client) -> None:
        client.force_login(WorkspaceMemberFactory(workspace=board.workspace, person__language="en").person)
        page = client.get(reverse("labels:board", args=[board.workspace.slug, board.slug]))
        assert page.status_code == 200
        assert "asks for the figure « wagons », which this installation does not compute" in page.content.decode()

    def test_when_totem_starts(self) -> None:
        with pytest.raises(UnknownSubjectError, match=r"wagons is about toys\.plane"):
            apps.get_app_config("core").ready()


def test_a_figure_that_no_room_computes_any_more_is_said_on_the_page(board: Board, client: Client) -> None:
    client.force_login(WorkspaceMemberFactory(workspace=board.workspace, person__language="en").person)
    page = client.get(reverse("labels:board", args=[board.workspace.slug, board.slug]))
    assert "asks for the figure « wagons »" in page.content.decode()


def test_a_kind_is_registered_once(toys: None) -> None:
    with pytest.raises(ValueError, match=r"toys\.train"):
        subjects.register(SubjectKind("toys.train", "a train", "trains"))
