-- One row a legal unit: its head office says what the establishment and the unit share.
WITH unit AS (
    SELECT *, unit_closed < DATE '2000-01-01' AND taste < 30 AS purged FROM site WHERE siege
)
SELECT
    siren,
    CASE WHEN masked THEN 'P' ELSE 'O' END AS statutDiffusionUniteLegale,
    CASE WHEN purged THEN true END AS unitePurgeeUniteLegale,
    CASE WHEN doubt = 'none' THEN NULL WHEN doubt = 'sure' THEN unit_born ELSE first_day END AS dateCreationUniteLegale,
    CASE WHEN masked THEN '[ND]' WHEN NOT person AND taste < 5 THEN 'SF' || u END AS sigleUniteLegale,
    CASE WHEN person THEN CASE WHEN masked THEN '[ND]' WHEN taste % 2 = 0 THEN 'F' ELSE 'M' END END AS sexeUniteLegale,
    CASE WHEN person AND NOT purged THEN nd(masked, 'NUMERO') END AS prenom1UniteLegale,
    CASE WHEN person AND masked THEN '[ND]' END AS prenom2UniteLegale,
    CASE WHEN person AND masked THEN '[ND]' END AS prenom3UniteLegale,
    CASE WHEN person AND masked THEN '[ND]' END AS prenom4UniteLegale,
    CASE WHEN person AND NOT purged THEN nd(masked, 'NUMERO') END AS prenomUsuelUniteLegale,
    CASE WHEN person AND masked THEN '[ND]' END AS pseudonymeUniteLegale,
    CASE WHEN legal = '9220' AND taste < 80 THEN 'W' || lpad((u % 1000000000)::VARCHAR, 9, '0') END AS identifiantAssociationUniteLegale,
    CASE WHEN unit_employer THEN bands()[unit_band] ELSE 'NN' END AS trancheEffectifsUniteLegale,
    CASE WHEN unit_employer THEN year(getvariable('stock')) - 2 END::BIGINT AS anneeEffectifsUniteLegale,
    CASE WHEN unit_open AND taste < 50 THEN moment(d) ELSE greatest(coalesce(unit_closed, unit_born) + 3, DATE '1990-01-02')::TIMESTAMP
         + to_seconds(6 * 3600 + part(d, 32, 50400)) END AS dateDernierTraitementUniteLegale,
    (1 + (NOT unit_open)::INTEGER + recoded::INTEGER)::BIGINT AS nombrePeriodesUniteLegale,
    CASE WHEN t_category IS NOT NULL THEN t_category WHEN NOT unit_open OR legal[1] = '7' THEN NULL
         WHEN unit_employer AND unit_band >= 14 THEN 'GE' WHEN unit_employer AND unit_band >= 10 THEN 'ETI'
         WHEN unit_employer OR taste < 60 THEN 'PME' END AS categorieEntreprise,
    CASE WHEN categorieEntreprise IS NOT NULL THEN year(getvariable('stock')) - 2 END::BIGINT AS anneeCategorieEntreprise,
    coalesce(unit_closed, last_day) AS dateDebut,
    CASE WHEN unit_open THEN 'A' ELSE 'C' END AS etatAdministratifUniteLegale,
    CASE WHEN person AND NOT purged THEN nd(masked, 'FICTIF ' || lpad(u::VARCHAR, 6, '0')) END AS nomUniteLegale,
    CASE WHEN person AND masked THEN '[ND]' END AS nomUsageUniteLegale,
    CASE WHEN NOT person AND NOT purged THEN nd(masked, CASE legal[1]
        WHEN '9' THEN 'ASSOCIATION FICTIVE ' || lpad(u::VARCHAR, 6, '0')
        WHEN '7' THEN 'COLLECTIVITE FICTIVE ' || lpad(u::VARCHAR, 6, '0') ELSE unit_name END) END AS denominationUniteLegale,
    nd(masked, NULL) AS denominationUsuelle1UniteLegale,
    nd(masked, NULL) AS denominationUsuelle2UniteLegale,
    nd(masked, NULL) AS denominationUsuelle3UniteLegale,
    legal::BIGINT AS categorieJuridiqueUniteLegale,
    shown_code AS activitePrincipaleUniteLegale,
    nomenclature AS nomenclatureActivitePrincipaleUniteLegale,
    nic AS nicSiegeUniteLegale,
    CASE WHEN legal[1] = '9' THEN 'O' WHEN unit_open AND NOT person THEN 'N' END AS economieSocialeSolidaireUniteLegale,
    CASE WHEN unit_open AND NOT person AND taste = 3 THEN 'O' WHEN unit_open AND NOT person THEN 'N' END AS societeMissionUniteLegale,
    flag AS caractereEmployeurUniteLegale,
    code25 AS activitePrincipaleNAF25UniteLegale
FROM unit
