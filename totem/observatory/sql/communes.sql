-- Each commune that the place touches: the three units and all its open establishments, digital or not.
SELECT p.commune,
       COALESCE(c.head_offices, 0) AS head_offices,
       COALESCE(c.establishments, 0) AS establishments,
       COALESCE(c.employers, 0) AS employers,
       COALESCE(t.establishments, 0) AS all_establishments
FROM touched AS p
LEFT JOIN (
    SELECT commune,
           SUM(CASE WHEN head_office THEN n ELSE 0 END) AS head_offices,
           SUM(n) AS establishments,
           SUM(CASE WHEN is_employer THEN n ELSE 0 END) AS employers
    FROM open_here
    GROUP BY commune
) AS c ON c.commune = p.commune
LEFT JOIN totals AS t ON t.commune = p.commune
ORDER BY establishments DESC, p.commune
