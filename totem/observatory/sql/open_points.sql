-- The establishments of an open-data file: those with a position, never under partial diffusion, never a sole trader's,
-- whose number and address are a person's.
SELECT c.siret, c.name, c.commune, c.activity, c.branch, c.band, c.category, c.born, c.head_office, c.lon, c.lat
FROM companies_here AS c
WHERE c.diffusion = 'O' AND c.lon IS NOT NULL AND c.lat IS NOT NULL AND c.legal <> '1'
ORDER BY c.commune, c.siret
LIMIT $limit
