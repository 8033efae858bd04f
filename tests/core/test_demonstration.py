"""The registry of the demonstration: a room takes part by one module, and what was loaded is not loaded twice."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.factories.accounts import UserFactory
from tests.factories.hubs import HubFactory
from totem.accounts.models import User
from totem.core.demonstration import LOCK, InventedWorld, load
from totem.hubs.models import Hub
from totem.spaces.models import Space
from totem.territories.models import Region

DEMO = Path(__file__).parents[2] / "demo"
NOW = datetime(2026, 11, 24, 9, 40, tzinfo=UTC)
TOY = """
from totem.core.demonstration import InventedWorld, part
from totem.hubs.models import Hub
from totem.spaces.models import Space
from totem.territories.models import Region

seen = []

@part("toys/*.toml", is_there=lambda world: Region.objects.filter(code="TOY").exists())
def load(world):
    [sheet] = world.sheets("toys/*.toml")
    seen.append((world, Hub.objects.count(), Space.objects.count()))
    Region.objects.create(code="TOY", name=sheet["name"])
    after_loading()

def after_loading():
    pass
"""

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of one hub, without its bookings and without parts that need all communes of France."""
    elsewhere = ("caen.toml", "le-havre.toml", "rouen.toml", "territories", "bookings", "observatory", "labels")
    return shutil.copytree(DEMO, tmp_path / "demo", ignore=shutil.ignore_patterns(*elsewhere))


@pytest.fixture(scope="module")
def toy_room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The module `demonstration` of a room that has no other module."""
    home = tmp_path_factory.mktemp("rooms")
    (home / "toy_room").mkdir()
    (home / "toy_room" / "__init__.py").touch()
    (home / "toy_room" / "demonstration.py").write_text(TOY)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(home)
        yield import_module("toy_room.demonstration")


@pytest.fixture
def toys(folder: Path, toy_room: ModuleType, settings) -> ModuleType:
    """The same module, of a room installed between hubs and spaces, with a file in the folder."""
    above = settings.ROOMS.index("totem.spaces")
    settings.ROOMS = [*settings.ROOMS[:above], "toy_room", *settings.ROOMS[above:]]
    (folder / "toys").mkdir()
    (folder / "toys" / "box.toml").write_text('name = "Jouets inventés"')
    toy_room.seen.clear()
    return toy_room


def test_a_room_joins_by_one_module_and_is_loaded_in_its_turn(folder: Path, toys: ModuleType) -> None:
    world = InventedWorld(folder=folder, now=NOW, length=2)
    assert load(world).is_new
    [(shared, hubs, spaces)] = toys.seen
    assert shared is world
    assert (hubs, spaces) == (1, 0)  # after the hubs, before the spaces
    assert Space.objects.exists()
    assert Region.objects.get(code="TOY").name == "Jouets inventés"


def test_the_folder_may_be_relative(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    [amiens] = InventedWorld(folder=Path(folder.name), now=NOW).sheets("hubs/*.toml")
    assert amiens["hub"]["slug"] == "amiens"


def test_a_room_without_its_files_adds_nothing(folder: Path, toys: ModuleType) -> None:
    shutil.rmtree(folder / "toys")
    load(InventedWorld(folder=folder, now=NOW, length=2))
    assert not toys.seen


def test_a_room_that_is_new_is_added_to_what_is_there(folder: Path, toys: ModuleType) -> None:
    aside = (folder / "toys" / "box.toml").rename(folder / "box.toml")
    load(InventedWorld(folder=folder, now=NOW, length=2))
    before = set(User.objects.values_list("pk", "password"))
    aside.rename(folder / "toys" / "box.toml")
    assert load(InventedWorld(folder=folder, now=NOW, length=2)).is_new
    assert Region.objects.filter(code="TOY").exists()
    assert set(User.objects.values_list("pk", "password")) == before
    assert not load(InventedWorld(folder=folder, now=NOW, length=2)).is_new
    assert len(toys.seen) == 1


def test_a_load_that_breaks_off_leaves_no_half_of_a_part_and_the_next_one_goes_on(
    folder: Path, toys: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(toys, "after_loading", _break)
        with pytest.raises(RuntimeError):
            load(InventedWorld(folder=folder, now=NOW, length=2))
    assert Hub.objects.count() == 1
    assert not Region.objects.filter(code="TOY").exists()
    assert not Space.objects.exists()
    load(InventedWorld(folder=folder, now=NOW, length=2))
    assert Region.objects.filter(code="TOY").exists()
    assert Space.objects.exists()


def _break() -> None:
    raise RuntimeError


def test_of_two_loads_at_once_the_second_waits(folder: Path, toys: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    free: list[bool] = []
    other = connection.copy()
    monkeypatch.setattr(toys, "after_loading", lambda: free.append(_is_free(other)))
    load(InventedWorld(folder=folder, now=NOW, length=2))
    assert free == [False]
    assert _is_free(other)
    other.close()


def _is_free(other) -> bool:
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        return cursor.fetchone()[0]


@pytest.mark.parametrize("mine", [UserFactory, HubFactory], ids=["people", "a hub"])
def test_a_database_with_real_data_is_left_alone(mine: Callable[..., object]) -> None:
    mine(**{"slug": "amiens"} if mine is HubFactory else {})
    before = User.objects.count(), Hub.objects.count(), Region.objects.count()
    with pytest.raises(CommandError, match="real people"):
        call_command("load_demo", days=5)
    assert (User.objects.count(), Hub.objects.count(), Region.objects.count()) == before


def test_production_refuses_it(settings) -> None:
    settings.SECURE = True
    with pytest.raises(CommandError, match="production"):
        call_command("load_demo", days=5)
    assert not User.objects.exists()
