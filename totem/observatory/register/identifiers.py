"""Rows that name nobody: an identifier that is none, or that stands in the file twice. They are counted and left out.

A SIRET has fourteen digits and begins with its SIREN, which has nine (Code de commerce, R123-221). What a spreadsheet
made of it (4.20821E+13, thirteen digits) is not guessed. Of rows with the same identifier the one that the register
processed last is kept; of those processed at the same time, the first of the file.
"""

from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Any, NamedTuple

from totem.observatory.register.published import FileKind
from totem.observatory.register.reading import VIEWS, create_view, number, sql
from totem.observatory.register.sources import RegisterFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EXAMPLES = 5
WITHOUT_UNIT = "SELECT count(*) FROM establishments WHERE unit_open IS NULL"
JOINED = (
    FileKind.UNITS,
    FileKind.GEOLOCATION,
)  # to establishments: a row whose identifier is none is joined to nothing
LeftOut = dict[str, dict[str, Any]]


class Identifier(NamedTuple):
    """In SQL: whether a row's identifier is one, what is shown of it, what no two rows share, which row is kept."""

    sound: str
    shown: str
    unique: str
    processed: str = "NULL"


IDENTIFIERS = {
    FileKind.ESTABLISHMENTS: Identifier(
        "is_siret(siret) AND siren = substr(siret, 1, 9)",
        "CASE WHEN is_siret(siret) AND siren IS DISTINCT FROM substr(siret, 1, 9) THEN siren ELSE siret END",
        "siret",
        "dateDernierTraitementEtablissement",
    ),
    FileKind.UNITS: Identifier("is_siren(siren)", "siren", "siren", "dateDernierTraitementUniteLegale"),
    FileKind.HISTORY: Identifier("is_siret(siret)", "siret", "concat_ws(' ', siret, dateDebut)"),
    FileKind.LINKS: Identifier(
        "is_siret(siretEtablissementPredecesseur) AND is_siret(siretEtablissementSuccesseur)",
        "CASE WHEN is_siret(siretEtablissementPredecesseur) THEN siretEtablissementSuccesseur "
        "ELSE siretEtablissementPredecesseur END",
        "concat_ws(' ', siretEtablissementPredecesseur, siretEtablissementSuccesseur, dateLienSuccession)",
    ),
    FileKind.GEOLOCATION: Identifier("is_siret(siret)", "siret", "siret"),
}


def suspects(connection: "DuckDBPyConnection", sources: Mapping[FileKind, RegisterFile]) -> Set[FileKind]:
    """The files that may hold such rows, told from `establishments`, made of them, and from what is joined to it.

    A CSV of legal units is not read again for those that have no establishment: they are in no figure.
    """
    if number(connection, sql("suspects")):
        return {FileKind.ESTABLISHMENTS, *JOINED}
    again = {kind for kind in JOINED if kind in sources}
    if not sources[FileKind.UNITS].parquet and not number(connection, WITHOUT_UNIT):
        again.remove(FileKind.UNITS)
    return {kind for kind in again if _has_malformed(connection, kind)}


def _has_malformed(connection: "DuckDBPyConnection", kind: FileKind) -> bool:
    sound = f"SELECT count(*) FROM {VIEWS[kind]} WHERE ({IDENTIFIERS[kind].sound}) IS NOT TRUE"  # noqa: S608 - ours
    return number(connection, sound) > 0


def leave_out(
    connection: "DuckDBPyConnection", sources: Mapping[FileKind, RegisterFile], kinds: Set[FileKind]
) -> dict[FileKind, LeftOut]:
    """Make the views of these files again without such rows: {malformed|repeated: {rows, examples}} of those with any.

    An example is (line of a CSV file or row of a Parquet file, identifier). Slow: only for files that need it.
    """
    connection.execute("SET preserve_insertion_order = true")  # rows are numbered as they stand in the file
    found = {kind: _left_out(connection, kind, sources[kind]) for kind in kinds if kind in sources}
    return {kind: left for kind, left in found.items() if left}


def _left_out(connection: "DuckDBPyConnection", kind: FileKind, source: RegisterFile) -> LeftOut:
    table, identifier = f"left_out_of_{kind}", IDENTIFIERS[kind]
    connection.execute(
        f"CREATE OR REPLACE TABLE {table} AS {sql('left_out').format(view=VIEWS[kind], **identifier._asdict())}"
    )
    rows = connection.execute(
        f"SELECT fault, count(*), list(struct_pack(row, shown) ORDER BY row)[:{EXAMPLES}] FROM {table} "  # noqa: S608
        "GROUP BY fault ORDER BY fault"
    ).fetchall()
    if rows:
        create_view(connection, kind, source, without=table)
    header = 0 if source.parquet else 1
    return {
        fault: {"rows": count, "examples": [[found["row"] + header, found["shown"] or ""] for found in examples]}
        for fault, count, examples in rows
    }
