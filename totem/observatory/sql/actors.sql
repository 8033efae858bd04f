-- Candidates for a kind of actor: open establishments of its activities in the place, of its legal categories where the
-- kind names some ($any_legal otherwise). Named only where diffusion allows it; `total` counts them all.
SELECT e.siret, e.siren, CASE WHEN e.diffusion = 'O' THEN e.name END AS name, e.commune, e.code AS activity, e.band,
       e.head_office, COUNT(*) OVER () AS total
FROM establishments AS e
JOIN place AS p ON p.commune = e.commune
JOIN actor_code AS k ON k.code = e.code
LEFT JOIN bands AS b ON b.band = e.band
WHERE e.open AND ($any_legal OR SUBSTRING(e.legal, 1, 2) IN (SELECT legal FROM actor_legal))
ORDER BY COALESCE(b.low, -1) DESC, name NULLS LAST, e.siret
LIMIT $limit
