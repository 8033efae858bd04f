-- Who is here: open establishments of the activities asked for, the largest first by their own band. Under partial
-- diffusion a company is counted and never named. $branch is 0 for all branches; $employers_only keeps employers.
SELECT c.siret, c.siren, c.name, c.commune, c.activity, c.branch, c.band, c.unit_band, c.category, c.born, c.head_office,
       c.legal, c.estimated
FROM companies_here AS c
LEFT JOIN bands AS b ON b.band = c.band
WHERE c.diffusion = 'O'
  AND ($branch = 0 OR c.branch = $branch)
  AND (NOT $employers_only OR COALESCE(b.employs, FALSE) OR COALESCE(c.employer, FALSE))
ORDER BY COALESCE(b.low, -1) DESC, c.head_office DESC, c.name NULLS LAST, c.siret
LIMIT $limit OFFSET $offset
