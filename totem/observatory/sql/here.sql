-- What is counted: the cells of the activities asked for, in the place asked for.
-- Companies corrected by hand are taken out wherever their code would count them, then those counted by hand are put
-- back in the branch that was chosen. In a drawn place the communes cut by its edge count the sites found inside it.
SELECT a.branch, c.commune, c.activity, c.band, c.employer, c.born, c.closed, c.open, c.head_office, c.diffusion,
       c.legal, c.estimated, c.placed, c.n
FROM cells AS c
JOIN place AS p ON p.commune = c.commune
JOIN activity AS a ON a.code = c.activity
UNION ALL
SELECT a.branch, s.commune, s.activity, s.band, s.employer, s.born, NULL, TRUE, s.head_office, s.diffusion,
       s.legal, s.estimated, TRUE, 1
FROM sites AS s
JOIN inside AS i ON i.siret = s.siret
JOIN activity AS a ON a.code = s.activity
UNION ALL
SELECT a.branch, k.commune, k.activity, k.band, k.employer, k.born, k.closed, k.open, k.head_office, k.diffusion,
       k.legal, k.estimated, k.placed, -1
FROM corrections AS k
JOIN activity AS a ON a.code = k.activity
WHERE k.commune IN (SELECT commune FROM place) OR k.siret IN (SELECT siret FROM inside)
UNION ALL
SELECT k.branch, k.commune, k.activity, k.band, k.employer, k.born, k.closed, k.open, k.head_office, k.diffusion,
       k.legal, k.estimated, k.placed, 1
FROM corrections AS k
WHERE k.branch IS NOT NULL AND (k.commune IN (SELECT commune FROM place) OR k.siret IN (SELECT siret FROM inside))
