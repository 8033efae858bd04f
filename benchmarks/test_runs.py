"""Each benchmark runs on its smallest data set and prints its report; times are not checked.

`make bench-check` runs these; `make test` does not, because each starts servers of its own for about a minute.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    "name",
    [
        "contention",
        "availability",
        "figures",
        "startup",
        "profiles",
        "drawings",
        "coalition",
        "evaluate",
        "backup",
        "issue",
        "monthly_run",
    ],
)
def test_a_run_ends_with_one_line_of_json(name):
    """On a database, web processes and free ports of its own."""
    run = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--size", "tiny"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )

    assert run.stdout, run.stderr
    report = json.loads(run.stdout.splitlines()[-1])
    assert list(report) == ["name", "size", "figures", "baselines", "ratios", "targets", "ok"]
    assert (report["name"], report["size"]) == (name, "tiny")
    assert report["figures"]
    assert report["baselines"]
    assert report["ratios"]
    # Exact targets do not depend on the machine.
    assert all(target["ok"] for target in report["targets"].values() if "exactly" in target), report["targets"]
    assert report["ok"] == all(target["ok"] for target in report["targets"].values())
    assert run.returncode == (0 if report["ok"] else 1)
