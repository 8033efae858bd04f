-- What is counted: the open cells of the activities asked for, in the place asked for. Drawn places and companies corrected by
-- hand add to it: here_inside.sql, here_corrected.sql.
SELECT a.branch, c.commune, c.activity, c.band, c.employer, c.born, c.head_office, c.diffusion,
       c.legal, c.estimated, c.placed, c.n
FROM cells AS c
JOIN place AS p ON p.commune = c.commune
JOIN activity AS a ON a.code = c.activity
WHERE c.open
