"""The order of the rooms where the import linter does not see it: relations between models, settings, file names."""

import re
import tomllib
from pathlib import Path

import pgtrigger
from django.apps import apps
from django.conf import settings
from procrastinate.contrib.django import app

from totem.core.queues import QUEUES
from totem.core.triggers import Trigger

ROOT = Path(__file__).resolve().parent.parent
VAGUE_NAMES = {"utils", "helpers", "common", "manager", "misc", "services", "selectors"}


def layers() -> list[set[str]]:
    """The rooms from the bottom up, as the configuration of the import linter has them."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    return [{room.strip(" ()") for room in layer.split("|")} for layer in reversed(contract["layers"])]


def height(label: str) -> int:
    return next(n for n, rooms in enumerate(layers()) if label in rooms)


def relations():
    for model in apps.get_models():
        if not model.__module__.startswith("totem."):
            continue
        for field in model._meta.get_fields():
            target = getattr(field, "related_model", None)
            if target and field.concrete and target.__module__.startswith("totem.") and target is not model:
                yield model, field, target


def test_models_relate_downwards_only():
    upwards = [
        str(field)
        for model, field, target in relations()
        if target._meta.label != settings.AUTH_USER_MODEL  # everybody may point at a person
        and height(target._meta.app_label) > height(model._meta.app_label)
    ]
    assert upwards == []


def test_every_room_is_in_the_order_of_the_house():
    rooms = {path.name for path in (ROOT / "totem").iterdir() if (path / "__init__.py").exists()}
    assert {f"totem.{room}" for room in rooms} == set(settings.ROOMS)
    assert all(height(room) >= 0 for room in rooms)


def test_a_room_stands_in_the_settings_after_those_it_may_use():
    """The demonstration is loaded in that order."""
    heights = [height(room.removeprefix("totem.")) for room in settings.ROOMS]
    assert heights == sorted(heights)


def test_no_module_has_a_vague_name():
    assert not [path for path in (ROOT / "totem").rglob("*.py") if path.stem in VAGUE_NAMES]


def test_triggers_of_models_are_those_that_no_setting_switches_off():
    others = [
        trigger.get_uri(model)
        for model, trigger in pgtrigger.registered()
        if model.__module__.startswith("totem.") and not isinstance(trigger, Trigger)
    ]
    assert others == []


def test_every_task_declares_its_queue():
    """Without one its jobs would wait where no worker looks."""
    ours = {name: task.queue for name, task in app.tasks.items() if not name.startswith(("builtin", "procrastinate"))}
    assert {name: queue for name, queue in ours.items() if queue not in QUEUES} == {}
    assert len(ours) > 10


WRITES = re.compile(r"(?<!class )\bMembership(\.objects\.(bulk_|create|get_or|update)|\()")


def test_who_is_a_member_is_written_by_memberships_alone():
    """`hubs.Membership` is derived: a row written elsewhere would be taken away by the next change."""
    sources = {path: path.read_text() for path in (ROOT / "totem").rglob("*.py")}
    writers = {path.relative_to(ROOT / "totem").parts[0] for path, text in sources.items() if WRITES.search(text)}
    assert writers == {"memberships"}
