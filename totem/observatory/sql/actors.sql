-- Candidates for a kind of actor: open establishments of its activities in the place, of its legal categories where the
-- kind names some ($any_legal otherwise). `total` counts them all; those that diffusion allows to show (O) come first.
SELECT e.siret, e.siren, e.name, e.commune, e.code AS activity, e.band, e.head_office, e.diffusion,
       COUNT(*) OVER () AS total
FROM establishments AS e
JOIN actor_code AS k ON k.code = e.code
LEFT JOIN bands AS b ON b.band = e.band
WHERE e.open
  AND (e.commune IN (SELECT commune FROM place) OR e.siret IN (SELECT siret FROM inside))
  AND ($any_legal OR SUBSTRING(e.legal, 1, 2) IN (SELECT legal FROM actor_legal))
ORDER BY e.diffusion, COALESCE(b.low, -1) DESC, e.name NULLS LAST, e.siret
LIMIT $limit
