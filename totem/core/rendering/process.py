"""The child that draws: a list of jobs as JSON on standard input, the drawings on standard output.

The answer is a line with the length of each drawing, then the drawings. Django is not set up here, and nothing
is read but the fonts and the templates. Errors are one line on standard error and the exit status 1.
"""

import json
import os
import resource
import sys
from typing import Any

from totem.core.rendering.fonts import FONTS

CPU_SECONDS = 30  # when the parent dies first
NICE = 10  # pages go first


def drawn(job: dict[str, Any]) -> bytes:
    """One drawing. Libraries are imported by the first job that needs them."""
    if job["kind"] == "chart":
        return _chart(job["spec"])
    if job["kind"] == "invoice":
        from totem.core.rendering import invoices  # noqa: PLC0415

        return invoices.pdf(job["template"], job["data"], job["terms"])
    from totem.core.rendering import documents  # noqa: PLC0415

    charts = {name: _chart(spec).decode() for name, spec in job["charts"].items()}
    return documents.pdf(job["template"], job["data"], {**job["images"], **charts})


def _chart(spec: dict[str, Any]) -> bytes:
    import vl_convert  # noqa: PLC0415

    from totem.core.rendering import charts  # noqa: PLC0415

    if FONTS.is_dir():
        vl_convert.register_font_directory(str(FONTS))
    return charts.svg(spec)


def main() -> int:
    os.nice(NICE)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    try:
        drawings = [drawn(job) for job in json.load(sys.stdin.buffer)]
    except Exception as error:
        line = str(error).strip().split("\n", 1)[0]
        print(f"{type(error).__name__}: {line}", file=sys.stderr)  # noqa: T201 - to the parent
        return 1
    sys.stdout.buffer.write(" ".join(str(len(drawing)) for drawing in drawings).encode() + b"\n")
    for drawing in drawings:
        sys.stdout.buffer.write(drawing)
    return 0


if __name__ == "__main__":
    sys.exit(main())
