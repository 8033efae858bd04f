"""The files of the register as INSEE publishes them: their columns, which of these are needed, and what a file is.

Which file is which is told by its columns, never by its name or their order. Source of the columns: INSEE's layouts of
the stock files (« dessins de fichier »). Those of 2019 had 48 columns of establishments and 33 of units. Since then
came societeMissionUniteLegale; the coordinates, identifiantAdresseEtablissement and the last number of a street (2024);
the code of NAF 2025 (16 December 2025). Files of before are read: of these columns, those that are read are optional.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class ImportRefused(Exception):
    """The register is not imported; the message is one line that says why. What was in service stays so."""


class FileKind(StrEnum):
    """The files that are read, named as INSEE names them."""

    ESTABLISHMENTS = "StockEtablissement"
    UNITS = "StockUniteLegale"
    HISTORY = "StockEtablissementHistorique"
    LINKS = "StockEtablissementLiensSuccession"
    GEOLOCATION = "GeolocalisationEtablissement"
    UNIT_HISTORY = "StockUniteLegaleHistorique"
    DUPLICATES = "StockDoublons"


@dataclass(frozen=True)
class Layout:
    """The columns of one kind of file, in the published order; `needed` are read; `optional` too, NULL when missing."""

    columns: tuple[str, ...]
    needed: frozenset[str]
    optional: frozenset[str]


def _layout(columns: str) -> Layout:
    """The layout of these columns, where « ! » marks those that are needed and « ? » the optional ones."""
    names = columns.split()
    needed, optional = (frozenset(name[:-1] for name in names if name.endswith(mark)) for mark in "!?")
    return Layout(tuple(name.rstrip("!?") for name in names), needed, optional)


LAYOUTS: dict[FileKind, Layout] = {
    FileKind.ESTABLISHMENTS: _layout(
        """siren! nic siret! statutDiffusionEtablissement! dateCreationEtablissement! trancheEffectifsEtablissement!
        anneeEffectifsEtablissement! activitePrincipaleRegistreMetiersEtablissement
        dateDernierTraitementEtablissement! etablissementSiege! nombrePeriodesEtablissement
        complementAdresseEtablissement numeroVoieEtablissement! indiceRepetitionEtablissement
        dernierNumeroVoieEtablissement indiceRepetitionDernierNumeroVoieEtablissement typeVoieEtablissement!
        libelleVoieEtablissement! codePostalEtablissement libelleCommuneEtablissement
        libelleCommuneEtrangerEtablissement distributionSpecialeEtablissement codeCommuneEtablissement!
        codeCedexEtablissement libelleCedexEtablissement codePaysEtrangerEtablissement!
        libellePaysEtrangerEtablissement identifiantAdresseEtablissement coordonneeLambertAbscisseEtablissement?
        coordonneeLambertOrdonneeEtablissement? complementAdresse2Etablissement numeroVoie2Etablissement
        indiceRepetition2Etablissement typeVoie2Etablissement libelleVoie2Etablissement codePostal2Etablissement
        libelleCommune2Etablissement libelleCommuneEtranger2Etablissement distributionSpeciale2Etablissement
        codeCommune2Etablissement codeCedex2Etablissement libelleCedex2Etablissement codePaysEtranger2Etablissement
        libellePaysEtranger2Etablissement dateDebut! etatAdministratifEtablissement! enseigne1Etablissement!
        enseigne2Etablissement enseigne3Etablissement denominationUsuelleEtablissement!
        activitePrincipaleEtablissement! nomenclatureActivitePrincipaleEtablissement!
        caractereEmployeurEtablissement! activitePrincipaleNAF25Etablissement?"""
    ),
    FileKind.UNITS: _layout(
        """siren! statutDiffusionUniteLegale! unitePurgeeUniteLegale dateCreationUniteLegale sigleUniteLegale
        sexeUniteLegale prenom1UniteLegale prenom2UniteLegale prenom3UniteLegale prenom4UniteLegale
        prenomUsuelUniteLegale pseudonymeUniteLegale identifiantAssociationUniteLegale trancheEffectifsUniteLegale!
        anneeEffectifsUniteLegale dateDernierTraitementUniteLegale? nombrePeriodesUniteLegale categorieEntreprise!
        anneeCategorieEntreprise dateDebut etatAdministratifUniteLegale! nomUniteLegale nomUsageUniteLegale
        denominationUniteLegale! denominationUsuelle1UniteLegale denominationUsuelle2UniteLegale
        denominationUsuelle3UniteLegale categorieJuridiqueUniteLegale! activitePrincipaleUniteLegale
        nomenclatureActivitePrincipaleUniteLegale nicSiegeUniteLegale economieSocialeSolidaireUniteLegale
        societeMissionUniteLegale caractereEmployeurUniteLegale activitePrincipaleNAF25UniteLegale"""
    ),
    FileKind.HISTORY: _layout(
        """siren nic siret! dateFin! dateDebut! etatAdministratifEtablissement!
        changementEtatAdministratifEtablissement enseigne1Etablissement enseigne2Etablissement
        enseigne3Etablissement changementEnseigneEtablissement denominationUsuelleEtablissement
        changementDenominationUsuelleEtablissement activitePrincipaleEtablissement!
        nomenclatureActivitePrincipaleEtablissement! changementActivitePrincipaleEtablissement
        caractereEmployeurEtablissement changementCaractereEmployeurEtablissement"""
    ),
    FileKind.LINKS: _layout(
        """siretEtablissementPredecesseur! siretEtablissementSuccesseur! dateLienSuccession! transfertSiege!
        continuiteEconomique! dateDernierTraitementLienSuccession"""
    ),
    FileKind.GEOLOCATION: _layout(
        """siret! x y qualite_xy! epsg plg_qp24 plg_iris plg_zus plg_qp15 plg_qva plg_code_commune distance_precision
        qualite_qp24 qualite_iris qualite_zus qualite_qp15 qualite_qva y_latitude! x_longitude!"""
    ),
    FileKind.UNIT_HISTORY: _layout(
        """siren dateFin dateDebut etatAdministratifUniteLegale changementEtatAdministratifUniteLegale nomUniteLegale
        changementNomUniteLegale nomUsageUniteLegale changementNomUsageUniteLegale denominationUniteLegale
        changementDenominationUniteLegale denominationUsuelle1UniteLegale denominationUsuelle2UniteLegale
        denominationUsuelle3UniteLegale changementDenominationUsuelleUniteLegale categorieJuridiqueUniteLegale
        changementCategorieJuridiqueUniteLegale activitePrincipaleUniteLegale
        nomenclatureActivitePrincipaleUniteLegale changementActivitePrincipaleUniteLegale nicSiegeUniteLegale
        changementNicSiegeUniteLegale economieSocialeSolidaireUniteLegale
        changementEconomieSocialeSolidaireUniteLegale societeMissionUniteLegale changementSocieteMissionUniteLegale
        caractereEmployeurUniteLegale changementCaractereEmployeurUniteLegale"""
    ),
    FileKind.DUPLICATES: _layout("siren sirenDoublon dateDernierTraitementDoublon"),
}
REQUIRED = (FileKind.ESTABLISHMENTS, FileKind.UNITS)
ALIKE = 0.5  # the share of columns in common from which a file is taken for a kind with columns missing


def recognise(name: str, header: Iterable[str]) -> FileKind:
    """The kind whose columns are nearest to this header (names stripped of blanks, as official files have them).

    Raises ImportRefused, naming `name`, when no kind is near, or when a needed column is missing, or one stands twice.
    """
    columns = [column.strip() for column in header]
    given = set(columns)
    kind = max(LAYOUTS, key=lambda kind: _likeness(given, LAYOUTS[kind]))
    layout = LAYOUTS[kind]
    missing = [column for column in layout.columns if column in layout.needed - given]
    if _likeness(given, layout) < ALIKE and not (layout.needed and not missing):
        raise ImportRefused(f"{name} is not a file of the register: its columns are those of none of them.")
    if missing:
        raise ImportRefused(f"{name}: {kind} lacks the column {', '.join(missing)}; nothing was changed.")
    if "" in given:
        raise ImportRefused(f"{name} has a column without a name (number {columns.index('') + 1}).")
    for place, column in enumerate(columns):  # DuckDB tells no capitals
        if column.lower() in map(str.lower, columns[:place]):
            raise ImportRefused(f"{name} has two columns {column}.")
    return kind


def _likeness(given: set[str], layout: Layout) -> float:
    known = set(layout.columns)
    return len(given & known) / len(given | known)
