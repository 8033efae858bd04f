"""The terms of docs/naming.md: a class name stands in one module, and words that were replaced do not come back."""

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DJANGOS = {"Command"}  # the name that Django looks for in each management command
REPLACED = re.compile(
    r"last wall|See the package|A raw pattern|ChangedMeanwhile|\bput_away\b|core\.(meanwhile|outage|names|statements)\b"
    r"|\bhits_of_|hubs[./]management\b|_free_slug|website[./](freedom|finding|pages|crumbs)\b"
)


def in_scope(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return "migrations" not in parts and path != Path(__file__)


def test_a_class_name_stands_in_one_module():
    modules: dict[str, list[str]] = defaultdict(list)
    for path in filter(in_scope, sorted((ROOT / "totem").rglob("*.py"))):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name not in DJANGOS:
                modules[node.name].append(path.relative_to(ROOT).as_posix())
    assert {name: where for name, where in modules.items() if len(where) > 1} == {}


def test_replaced_words_do_not_come_back():
    paths = [*(ROOT / "totem").rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "config").rglob("*.py")]
    paths += [path for path in (ROOT / "docs").rglob("*.md") if path.name != "naming.md"]
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in filter(in_scope, sorted(paths))
        if (match := REPLACED.search(path.read_text(encoding="utf-8")))
    ]
    assert found == []
