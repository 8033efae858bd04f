-- In the communes cut by the edge of a drawn place: open establishments that have no position, so that nobody can say
-- whether they are inside. Companies corrected by hand are taken out, then put back, as in here_corrected.sql.
SELECT COALESCE(SUM(c.n), 0) AS establishments,
       COALESCE(SUM(CASE WHEN c.head_office THEN c.n ELSE 0 END), 0) AS head_offices,
       COALESCE(SUM(CASE WHEN COALESCE(b.employs, FALSE) OR COALESCE(c.employer, FALSE) THEN c.n ELSE 0 END), 0)
           AS employers
FROM (
    SELECT commune, band, employer, head_office, n
    FROM cells
    WHERE open AND NOT placed AND activity IN (SELECT code FROM activity)
    UNION ALL
    SELECT commune, band, employer, head_office, -1
    FROM corrections
    WHERE open AND NOT placed AND activity IN (SELECT code FROM activity)
    UNION ALL
    SELECT commune, band, employer, head_office, 1
    FROM corrections
    WHERE open AND NOT placed AND branch IS NOT NULL
) AS c
JOIN edge AS e ON e.commune = c.commune
LEFT JOIN bands AS b ON b.band = c.band
