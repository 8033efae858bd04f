"""Third-party files that pages need, copied from node_modules; the fonts of documents; the compiled
catalogues; the collected static files.

`python -m config.assets` does the first three, `python -m config.assets catalogues` the second only. None of these
files is in the repository.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parent.parent

FONTS = [
    *(
        ("@fontsource/inter", f"inter-{script}-{weight}-normal.woff2")
        for script in ("latin", "latin-ext")
        for weight in (400, 500, 600)
    ),
    *(
        ("@fontsource/bricolage-grotesque", f"bricolage-grotesque-{script}-600-normal.woff2")
        for script in ("latin", "latin-ext")
    ),
]
# From node_modules to static/vendor.
FILES = {
    "bootstrap/dist/css/bootstrap.min.css": "bootstrap/bootstrap.min.css",
    "bootstrap/LICENSE": "bootstrap/LICENSE",
    "htmx.org/dist/htmx.min.js": "htmx/htmx.min.js",
    "htmx.org/LICENSE": "htmx/LICENSE",
    "maplibre-gl/dist/maplibre-gl-csp.js": "maplibre/maplibre-gl-csp.js",
    "maplibre-gl/dist/maplibre-gl-csp-worker.js": "maplibre/maplibre-gl-csp-worker.js",
    "maplibre-gl/dist/maplibre-gl.css": "maplibre/maplibre-gl.css",
    "maplibre-gl/LICENSE.txt": "maplibre/LICENSE.txt",
    "terra-draw/dist/terra-draw.umd.js": "terra-draw/terra-draw.js",
    "terra-draw-maplibre-gl-adapter/dist/terra-draw-maplibre-gl-adapter.umd.js": (
        "terra-draw/terra-draw-maplibre-gl-adapter.js"
    ),
    "@fontsource/inter/LICENSE": "fonts/LICENSE-inter",
    "@fontsource/bricolage-grotesque/LICENSE": "fonts/LICENSE-bricolage-grotesque",
    "world-atlas/LICENSE": "geo/LICENSE-world-atlas",
    **{f"{package}/files/{name}": f"fonts/{name}" for package, name in FONTS},
}
OUTLINE = "geo/france.geojson"
# France in ISO 3166-1 numeric; overseas departments are part of it. The coasts of its neighbours in Europe, coarser
# (0.01 degree), so that Kent and Belgium are not the sea.
OUTLINE_SCRIPT = """
const atlas = JSON.parse(require("fs").readFileSync(require.resolve("world-atlas/countries-10m.json"), "utf8"));
const { feature } = require("topojson-client");
const NEIGHBOURS = ["056", "276", "380", "442", "492", "528", "020", "724", "756", "826", "831", "832", "040", "438"];
const rounded = (value, n) => Array.isArray(value) ? value.map((v) => rounded(v, n)) : Math.round(value * n) / n;
const isNear = (polygon) => polygon[0].some(([lng, lat]) => lng > -9 && lng < 12 && lat > 40 && lat < 54);
const drawn = (id) => {
  const { geometry } = feature(atlas, atlas.objects.countries.geometries.find((country) => country.id === id));
  return geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
};
const shape = (coordinates, properties) =>
  ({ type: "Feature", properties, geometry: { type: "MultiPolygon", coordinates } });
const neighbours = NEIGHBOURS.map((id) => shape(rounded(drawn(id).filter(isNear), 100), { neighbour: true }));
const france = shape(rounded(drawn("250"), 1000), { name: "France" });
process.stdout.write(JSON.stringify({ type: "FeatureCollection", features: [...neighbours, france] }));
"""
# The same fonts as TrueType, for charts and PDF: family and weight. They are not served over HTTP.
FACES = [("inter", "Inter", 400), ("inter", "Inter", 500), ("inter", "Inter", 600),
         ("bricolage-grotesque", "Bricolage Grotesque", 600)]  # fmt: skip
FACES_FOLDER = Path("totem") / "core" / "documents" / "fonts"
NARROW_NBSP, FAMILY_NAMES = 0x202F, {1: "{family}", 4: "{family} {weight}", 16: "{family}"}
SOURCE_MAP = re.compile(rb"(/\*|//)[#@]\s*sourceMappingURL=[^\r\n]*")


class MissingAssetsError(Exception):
    """A file of node_modules is missing; the message says what to run."""


def copy_vendor(root: Path = ROOT) -> None:
    """Fill static/vendor from node_modules. Raises MissingAssetsError."""
    modules, vendor = root / "node_modules", root / "static" / "vendor"
    fresh = vendor.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for source, target in FILES.items():
        try:
            content = (modules / source).read_bytes()
        except FileNotFoundError:
            raise MissingAssetsError(f"node_modules/{source} is missing: run `make setup`.") from None
        (fresh / target).parent.mkdir(parents=True, exist_ok=True)
        # Source maps are not copied, and the hashed file names of production need every file that is referenced.
        is_code = target.endswith((".css", ".js"))
        (fresh / target).write_bytes(SOURCE_MAP.sub(b"", content) if is_code else content)
    try:
        outline = subprocess.run(
            ["node", "-e", OUTLINE_SCRIPT],
            cwd=root,
            capture_output=True,
            check=True,
        ).stdout
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        raise MissingAssetsError(f"The outline of France could not be drawn ({error}): run `make setup`.") from None
    (fresh / OUTLINE).write_bytes(outline)
    shutil.rmtree(vendor, ignore_errors=True)
    fresh.rename(vendor)


def make_faces(root: Path = ROOT) -> None:
    """Write the TrueType fonts of FACES, each merged from its web subsets. Raises MissingAssetsError."""
    from fontTools.merge import Merger  # noqa: PLC0415 - not at every start of `totem`
    from fontTools.ttLib import TTFont  # noqa: PLC0415

    folder = root / FACES_FOLDER
    fresh = folder.with_name("fonts.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for package, family, weight in FACES:
        parts = []
        for script in ("latin", "latin-ext"):
            name = f"@fontsource/{package}/files/{package}-{script}-{weight}-normal.woff2"
            try:
                font = TTFont(root / "node_modules" / name)
            except FileNotFoundError:
                raise MissingAssetsError(f"node_modules/{name} is missing: run `make setup`.") from None
            font.flavor = None
            parts.append(fresh / f"{package}-{script}.part")
            font.save(parts[-1])
        face = Merger().merge([str(part) for part in parts])
        _name_face(face, family, weight)
        _add_narrow_space(face)
        face.save(fresh / _face_file(package, weight))
        for part in parts:
            part.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def _face_file(package: str, weight: int) -> str:
    return f"{package}-{weight}.ttf"


def _name_face(face: "TTFont", family: str, weight: int) -> None:
    """Set the plain family name: one face is an instance of a variable font, and has the instance's name."""
    for number, pattern in FAMILY_NAMES.items():
        face["name"].setName(pattern.format(family=family, weight=weight), number, 3, 1, 0x409)


def _add_narrow_space(face: "TTFont") -> None:
    """The narrow no-break space of French numbers, which the web's subsets leave out: two thirds of a space."""
    table, space = face.getBestCmap(), face.getBestCmap()[ord(" ")]
    if NARROW_NBSP in table:
        return
    name = "narrownbspace"
    width, bearing = face["hmtx"][space]
    face.setGlyphOrder([*face.getGlyphOrder(), name])
    face["glyf"][name] = face["glyf"][space]
    face["hmtx"][name] = (round(width * 2 / 3), bearing)
    for subtable in face["cmap"].tables:
        if subtable.isUnicode():
            subtable.cmap[NARROW_NBSP] = name


def missing(root: Path = ROOT) -> list[str]:
    """The files made at set-up that are missing, as paths under the checkout."""
    vendored = (Path("static") / "vendor" / target for target in (*FILES.values(), OUTLINE))
    faces = (FACES_FOLDER / _face_file(package, weight) for package, _family, weight in FACES)
    return [str(path) for path in (*vendored, *faces) if not (root / path).exists()]


def stale_catalogues(root: Path = ROOT) -> list[str]:
    """The languages whose .mo is missing or older than its .po."""
    return [
        source.parent.parent.name
        for source in sorted((root / "locale").glob("*/LC_MESSAGES/*.po"))
        if not (target := source.with_suffix(".mo")).exists() or target.stat().st_mtime < source.stat().st_mtime
    ]


def compile_catalogues(root: Path = ROOT) -> None:
    """Write the .mo beside each .po that is newer."""
    from babel.messages.mofile import write_mo  # noqa: PLC0415 - not at every start of `totem`
    from babel.messages.pofile import read_po  # noqa: PLC0415

    for source in sorted((root / "locale").glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parent.parent.name)
        partial = target.with_suffix(".mo.new")
        with partial.open("wb") as file:
            write_mo(file, catalogue)
        partial.replace(target)


def collect(static_root: Path) -> None:
    """Django's collectstatic, when a file has changed since the last time."""
    from django.contrib.staticfiles.finders import get_finders  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            digest.update(f"{path}:{found.st_size}:{found.st_mtime_ns}\n".encode())
    stamp = static_root / ".collected"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(digest.hexdigest())


def main(arguments: list[str]) -> int:
    """Copy and compile; 0, or 1 after one line on standard error."""
    try:
        if arguments != ["catalogues"]:
            make_faces()
            copy_vendor()
    except MissingAssetsError as error:
        print(error, file=sys.stderr)
        return 1
    compile_catalogues()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
