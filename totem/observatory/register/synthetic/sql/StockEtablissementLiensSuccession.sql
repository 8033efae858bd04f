-- A unit's last site follows the one before it: its head office moved, or its activity went on elsewhere.
SELECT
    siret AS siretEtablissementPredecesseur,
    siren || lpad((sites * 10 + luhn_nic(base, sites))::VARCHAR, 5, '0') AS siretEtablissementSuccesseur,
    moved_on AS dateLienSuccession,
    moved AS transfertSiege,
    NOT moved OR taste < 90 AS continuiteEconomique,
    (moved_on + 4)::TIMESTAMP + to_seconds(6 * 3600 + part(d, 32, 50400)) AS dateDernierTraitementLienSuccession
FROM site
WHERE left_behind
