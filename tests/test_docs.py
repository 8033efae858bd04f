"""Files, modules, functions, links and commands that the documentation names exist."""

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from config import cli

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FOLDERS = "benchmarks|config|demo|deploy|docs|locale|requirements|scripts|static|tests|totem"
ROOMS = [name.removeprefix("totem.") for name in settings.ROOMS]
FILE = re.compile(r"\.(css|html|json|md|po|py|sh|sql|toml|txt)$")


def of_pages(pattern: str) -> Iterator[tuple[Path, re.Match[str]]]:
    """Each match in the pages' code: between backquotes, or in a block, fenced or indented."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for code in re.findall(r"^```\w*\n(.*?)^```$|^ {4}(.+?)$|`([^`\n]+)`", text, re.MULTILINE | re.DOTALL):
            for match in re.finditer(pattern, "".join(code), re.MULTILINE):
                yield page.relative_to(ROOT), match


def test_every_file_that_is_named_exists():
    """`ROOM`, `NAME` and the like are placeholders: a file that matches has to exist."""
    missing = set()
    for page, match in of_pages(rf"(?<![\w./])(?:{FOLDERS})/[\w./*-]*"):
        name = match[0].rstrip(".")
        if "vendor" not in name and not any(ROOT.glob(re.sub(r"\b[A-Z]{3,}\b", "*", name))):
            missing.add((str(page), name))
    assert missing == set()


def test_every_link_leads_to_a_file():
    missing = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            parts = urlsplit(target)
            if not parts.scheme and parts.path and not (page.parent / parts.path).exists():
                missing.append((page.name, target))
    assert missing == []


def test_every_module_and_function_that_is_named_exists():
    """`core.pages`, `bookings.actions.book`; a model may be named without `models`, a stored name is in the code."""
    missing = {
        (str(page), match[0])
        for page, match in of_pages(rf"(?<![\w./@-])(?:totem\.)?(?:{'|'.join(ROOMS)})(?:\.[A-Za-z]\w*)+(?![\w/:]|\.\w)")
        if not FILE.search(match[0])
        and not _is_code(match[0].removeprefix("totem."))
        and f'"{match[0]}' not in _source()
    }
    assert missing == set()


@cache
def _source() -> str:
    return "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "totem").rglob("*.py")))


@cache
def _is_code(dotted: str) -> bool:
    parts = dotted.split(".")
    for whole in (parts, [parts[0], "models", *parts[1:]]):
        for n in range(len(whole), 0, -1):
            try:
                found = import_module(f"totem.{'.'.join(whole[:n])}")
            except ImportError:
                continue
            for part in whole[n:]:
                found = getattr(found, part, None)
            if found is not None:
                return True
            break
    return False


def test_every_command_that_is_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    commands = {name for name in vars(cli) if name in cli._parser().format_help().split()}
    unknown = {(str(page), m[0]) for page, m in of_pages(r"(?<![\w/.-])make ([a-z-]+)") if m[1] not in targets}
    unknown |= {(str(page), m[0]) for page, m in of_pages(r"^\s*totem ([a-z][a-z-]*)") if m[1] not in commands}
    assert unknown == set()


def test_every_promise_has_a_proof_and_every_page_is_in_the_index():
    promises = (ROOT / "docs/promises.md").read_text(encoding="utf-8")
    assert [line for line in promises.splitlines() if line.startswith("- ") and "`" not in line] == []
    index = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("index.md", "guide/index.md"))
    pages = [page.name for page in PAGES if page.is_relative_to(ROOT / "docs") and page.name != "index.md"]
    assert [name for name in pages if name not in index] == []


def test_the_jobs_of_members_are_named_for_who_runs_it():
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    jobs = re.findall(r'name="(memberships\.\w+)", queue', _source())
    assert jobs
    assert [job for job in jobs if f"`{job}`" not in text] == []
