-- Territories side by side: the three units, those estimated active, jobs as an interval, and all open establishments, digital or not. `territory`
-- says which territory each commune of the place belongs to.
SELECT k.territory, COALESCE(c.head_offices, 0) AS head_offices, COALESCE(c.establishments, 0) AS establishments,
       COALESCE(c.employers, 0) AS employers, COALESCE(c.estimated, 0) AS establishments_estimated,
       COALESCE(c.jobs_low, 0) AS jobs_low, COALESCE(c.jobs_high, 0) AS jobs_high,
       COALESCE(c.jobs_unknown, 0) AS jobs_unknown, COALESCE(c.jobs_endless, 0) AS jobs_endless,
       COALESCE(k.everything, 0) AS all_establishments
FROM (
    SELECT m.territory, SUM(t.establishments) AS everything
    FROM territory AS m
    LEFT JOIN totals AS t ON t.commune = m.commune
    GROUP BY m.territory
) AS k
LEFT JOIN (
    SELECT m.territory,
           SUM(CASE WHEN o.head_office THEN o.n ELSE 0 END) AS head_offices,
           SUM(o.n) AS establishments,
           SUM(CASE WHEN o.is_employer THEN o.n ELSE 0 END) AS employers,
           SUM(CASE WHEN o.estimated THEN o.n ELSE 0 END) AS estimated,
           SUM(o.n * o.jobs_low) AS jobs_low,
           SUM(o.n * COALESCE(o.jobs_high, o.jobs_low)) AS jobs_high,
           SUM(CASE WHEN o.jobs_high IS NULL AND o.jobs_low = 0 THEN o.n ELSE 0 END) AS jobs_unknown,
           SUM(CASE WHEN o.jobs_high IS NULL AND o.jobs_low > 0 THEN o.n ELSE 0 END) AS jobs_endless
    FROM open_here AS o
    JOIN territory AS m ON m.commune = o.commune
    GROUP BY m.territory
) AS c ON c.territory = k.territory
ORDER BY establishments DESC, k.territory
