-- Specialisation of the place against the country, by branch: the branch's share of all open establishments here, over
-- its share in the country (location quotient; 1 is the country's average). NULL where nothing can be divided.
SELECT b.branch, b.here, h.everything AS all_here, b.country, f.everything AS all_country,
       (CAST(b.here AS DOUBLE) / NULLIF(h.everything, 0)) / NULLIF(CAST(b.country AS DOUBLE) / NULLIF(f.everything, 0), 0)
           AS quotient
FROM (
    SELECT r.branch, COALESCE(l.n, 0) AS here, COALESCE(c.n, 0) AS country
    FROM branch AS r
    LEFT JOIN (SELECT branch, SUM(n) AS n FROM open_here GROUP BY branch) AS l ON l.branch = r.branch
    LEFT JOIN (
        SELECT u.branch, SUM(u.n) AS n
        FROM (
            SELECT a.branch, n.establishments AS n FROM nation AS n JOIN activity AS a ON a.code = n.activity
            UNION ALL
            SELECT a.branch, -1
            FROM corrections AS k
            JOIN activity AS a ON a.code = k.activity
            WHERE k.open AND k.commune IS NOT NULL
            UNION ALL
            SELECT branch, 1 FROM corrections WHERE open AND commune IS NOT NULL AND branch IS NOT NULL
        ) AS u
        GROUP BY u.branch
    ) AS c ON c.branch = r.branch
) AS b
CROSS JOIN (
    SELECT SUM(t.establishments) AS everything FROM totals AS t JOIN place AS p ON p.commune = t.commune
) AS h
CROSS JOIN (SELECT SUM(establishments) AS everything FROM totals) AS f
ORDER BY b.branch
