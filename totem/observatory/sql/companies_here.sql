-- The open establishments counted here, row by row, corrections by hand made (see here.sql).
SELECT e.siret, e.siren, e.name, e.commune, e.activity, a.branch, e.band, e.employer, e.unit_band, e.category, e.born,
       e.head_office, SUBSTRING(e.legal, 1, 1) AS legal, e.estimated, e.diffusion, e.lon, e.lat
FROM establishments AS e
JOIN activity AS a ON a.code = e.activity
JOIN place AS p ON p.commune = e.commune
LEFT JOIN corrections AS k ON k.siret = e.siret
WHERE e.open AND k.siret IS NULL
UNION ALL
SELECT e.siret, e.siren, e.name, e.commune, e.activity, a.branch, e.band, e.employer, e.unit_band, e.category, e.born,
       e.head_office, SUBSTRING(e.legal, 1, 1) AS legal, e.estimated, e.diffusion, e.lon, e.lat
FROM establishments AS e
JOIN activity AS a ON a.code = e.activity
JOIN inside AS i ON i.siret = e.siret
LEFT JOIN corrections AS k ON k.siret = e.siret
WHERE e.open AND k.siret IS NULL
UNION ALL
SELECT k.siret, k.siren, k.name, k.commune, k.activity, k.branch, k.band, k.employer, k.unit_band, k.category, k.born,
       k.head_office, k.legal, k.estimated, k.diffusion, k.lon, k.lat
FROM corrections AS k
WHERE k.open AND k.branch IS NOT NULL
  AND (k.commune IN (SELECT commune FROM place) OR k.siret IN (SELECT siret FROM inside))
