-- The open sites counted here, row by row and without names: like companies_here.sql, from the file sorted by commune.
SELECT s.siret, s.siren, s.commune, a.branch, s.band, s.employer, s.born, s.head_office, s.category, s.estimated,
       s.diffusion, s.lon, s.lat
FROM sites AS s
JOIN place AS p ON p.commune = s.commune
JOIN activity AS a ON a.code = s.activity
LEFT JOIN corrections AS k ON k.siret = s.siret
WHERE k.siret IS NULL
UNION ALL
SELECT s.siret, s.siren, s.commune, a.branch, s.band, s.employer, s.born, s.head_office, s.category, s.estimated,
       s.diffusion, s.lon, s.lat
FROM sites AS s
JOIN inside AS i ON i.siret = s.siret
JOIN activity AS a ON a.code = s.activity
LEFT JOIN corrections AS k ON k.siret = s.siret
WHERE k.siret IS NULL
UNION ALL
SELECT k.siret, k.siren, k.commune, k.branch, k.band, k.employer, k.born, k.head_office, k.category, k.estimated,
       k.diffusion, k.lon, k.lat
FROM corrections AS k
WHERE k.open AND k.branch IS NOT NULL
  AND (k.commune IN (SELECT commune FROM place) OR k.siret IN (SELECT siret FROM inside))
