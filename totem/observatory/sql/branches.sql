-- Each branch of the activity perimeter, in its order: the three units, the establishments estimated active and the
-- jobs as an interval (`jobs_unbounded` rows have no upper bound).
SELECT r.branch,
       COALESCE(SUM(CASE WHEN o.head_office THEN o.n ELSE 0 END), 0) AS head_offices,
       COALESCE(SUM(o.n), 0) AS establishments,
       COALESCE(SUM(CASE WHEN o.is_employer THEN o.n ELSE 0 END), 0) AS employers,
       COALESCE(SUM(CASE WHEN o.estimated THEN o.n ELSE 0 END), 0) AS establishments_estimated,
       COALESCE(SUM(o.n * o.jobs_low), 0) AS jobs_low,
       COALESCE(SUM(o.n * o.jobs_high), 0) AS jobs_high,
       COALESCE(SUM(CASE WHEN o.n IS NOT NULL AND o.jobs_high IS NULL THEN o.n ELSE 0 END), 0) AS jobs_unbounded
FROM branch AS r
LEFT JOIN open_here AS o ON o.branch = r.branch
GROUP BY r.branch
ORDER BY r.branch
