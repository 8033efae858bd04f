"""What a benchmark prints: one JSON object on one line, last on standard output."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks import dataset


@dataclass
class Report:
    """The figures of a run. Times are in milliseconds, memory in MiB."""

    name: str
    size: str
    figures: dict[str, Any] = field(default_factory=dict)
    baselines: dict[str, Any] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)

    def at_most(self, name: str, value: float, limit: float) -> None:
        self.targets[name] = {"value": rounded(value), "at_most": limit, "ok": value <= limit}

    def exactly(self, name: str, value: float, expected: float) -> None:
        self.targets[name] = {"value": value, "exactly": expected, "ok": value == expected}

    @property
    def ok(self) -> bool:
        return bool(self.targets) and all(target["ok"] for target in self.targets.values())

    def line(self) -> str:
        return json.dumps(
            {
                "name": self.name,
                "size": self.size,
                "figures": rounded(self.figures),
                "baselines": rounded(self.baselines),
                "ratios": rounded(self.ratios),
                "targets": self.targets,
                "ok": self.ok,
            },
            ensure_ascii=False,
        )


def rounded(value: Any) -> Any:
    """Values with two decimals, which is more than the measurements are precise."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return round(value, 2) if isinstance(value, float) else value


def main(name: str, run: Callable[[dataset.Size], Report]) -> None:
    """Read the command line, run, print; exit 0 only if every target holds."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--size", choices=list(dataset.SIZES), default="S", help="tiny is for the tests: no figures")
    finish(run(dataset.SIZES[parser.parse_args().size]))


def finish(report: Report) -> None:
    """Print the report and end the process: 0 only if every target holds."""
    for target, held in report.targets.items():
        if not held["ok"]:
            print(f"missed: {target} {held}", file=sys.stderr)
    print(report.line(), flush=True)
    sys.exit(0 if report.ok else 1)
