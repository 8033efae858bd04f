-- Companies corrected by hand are taken out wherever their code would count them, then those counted by hand are put
-- back in the branch that was chosen.
SELECT a.branch, k.commune, k.activity, k.band, k.employer, k.born, k.head_office, k.diffusion,
       k.legal, k.estimated, k.placed, -1
FROM corrections AS k
JOIN activity AS a ON a.code = k.activity
WHERE k.open AND (k.commune IN (SELECT commune FROM place) OR k.siret IN (SELECT siret FROM inside))
UNION ALL
SELECT k.branch, k.commune, k.activity, k.band, k.employer, k.born, k.head_office, k.diffusion,
       k.legal, k.estimated, k.placed, 1
FROM corrections AS k
WHERE k.open AND k.branch IS NOT NULL
  AND (k.commune IN (SELECT commune FROM place) OR k.siret IN (SELECT siret FROM inside))
