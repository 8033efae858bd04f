-- In the communes cut by the edge of a drawn place: open establishments that have no position, so that nobody can say
-- whether they are inside.
SELECT COALESCE(SUM(c.n), 0) AS establishments,
       COALESCE(SUM(CASE WHEN c.head_office THEN c.n ELSE 0 END), 0) AS head_offices,
       COALESCE(SUM(CASE WHEN COALESCE(b.employs, FALSE) OR COALESCE(c.employer, FALSE) THEN c.n ELSE 0 END), 0)
           AS employers
FROM cells AS c
JOIN edge AS e ON e.commune = c.commune
JOIN activity AS a ON a.code = c.activity
LEFT JOIN bands AS b ON b.band = c.band
WHERE c.open AND NOT c.placed
