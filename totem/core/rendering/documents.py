"""Documents set by Typst. Runs in the child process only.

What people typed reaches Typst as JSON in `sys.inputs` and is placed as text: it is never part of the markup, so that
a company called `#import "x"` is printed as it is written.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typst

from totem.core.rendering.fonts import FONTS

ROOMS = Path(__file__).resolve().parents[2]


def pdf(template: str, data: Mapping[str, Any], images: Mapping[str, str], xml: str = "") -> bytes:
    """The PDF/A-3b, PDF/UA-1 file of a room's template: "core/report" is `totem/core/documents/report.typ`.

    `images` are SVG texts by name; `xml` is for a template that attaches it. Raises typst.TypstError.

    A character that no font has is not allowed in PDF/A: it is replaced by « ? ».
    """
    try:
        return _compiled(template, data, images, xml)
    except typst.TypstError:
        drawable = _drawable()
        images = {name: _replaced(image, drawable) for name, image in images.items()}
        return _compiled(template, _replaced(data, drawable), images, xml)


def _compiled(template: str, data: Mapping[str, Any], images: Mapping[str, str], xml: str) -> bytes:
    room, _, name = template.partition("/")
    made = typst.compile(
        ROOMS / room / "documents" / f"{name}.typ",
        root=ROOMS,
        font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[FONTS]),
        ignore_system_fonts=True,
        sys_inputs={
            "data": json.dumps(data, ensure_ascii=False),
            "images": json.dumps(images, ensure_ascii=False),
            "xml": xml,
        },
        pdf_standards=["a-3b", "ua-1"],
    )
    return bytes(made)


def _drawable() -> frozenset[int]:
    """The characters that every font has."""
    from fontTools.ttLib import TTFont  # noqa: PLC0415 - rarely needed

    faces = [frozenset(TTFont(path).getBestCmap()) for path in sorted(FONTS.glob("*.ttf"))]
    return frozenset.intersection(*faces) | {ord("\n"), ord("\t")}


def _replaced(value: Any, drawable: frozenset[int]) -> Any:
    if isinstance(value, Mapping):
        return {name: _replaced(item, drawable) for name, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, drawable) for item in value]
    if isinstance(value, str):
        return "".join(c if ord(c) in drawable else "?" for c in value)
    return value
