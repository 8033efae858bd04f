"""Each benchmark runs on its smallest data set and prints what is promised; times are not looked at.

`make bench-check` runs these; `make test` does not, because each starts servers of its own for about a minute.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("name", ["contention", "availability", "startup", "profiles", "coalition", "evaluate"])
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
    said = json.loads(run.stdout.splitlines()[-1])
    assert list(said) == ["name", "size", "figures", "baselines", "ratios", "targets", "ok"]
    assert (said["name"], said["size"]) == (name, "tiny")
    assert said["figures"]
    assert said["baselines"]
    assert said["ratios"]
    # What does not depend on the machine holds here too.
    assert all(target["ok"] for target in said["targets"].values() if "exactly" in target), said["targets"]
    assert said["ok"] == all(target["ok"] for target in said["targets"].values())
    assert run.returncode == (0 if said["ok"] else 1)
