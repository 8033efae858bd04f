-- The establishments counted here that may stand on a map: those with a position, never under partial diffusion; the
-- largest first by their own band.
SELECT c.siret, c.name, c.branch, c.band, c.lon, c.lat
FROM companies_here AS c
LEFT JOIN bands AS b ON b.band = c.band
WHERE c.diffusion = 'O' AND c.lon IS NOT NULL AND c.lat IS NOT NULL
ORDER BY COALESCE(b.low, -1) DESC, c.siret
LIMIT $limit
