-- Each branch of the activity perimeter, in its order: the three units, the establishments estimated active and the
-- jobs as an interval (`jobs_unknown` and `jobs_endless` establishments have no upper bound).
SELECT r.branch,
       COALESCE(SUM(CASE WHEN o.head_office THEN o.n ELSE 0 END), 0) AS head_offices,
       COALESCE(SUM(o.n), 0) AS establishments,
       COALESCE(SUM(CASE WHEN o.is_employer THEN o.n ELSE 0 END), 0) AS employers,
       COALESCE(SUM(CASE WHEN o.estimated THEN o.n ELSE 0 END), 0) AS establishments_estimated,
       COALESCE(SUM(o.n * o.jobs_low), 0) AS jobs_low,
       COALESCE(SUM(o.n * COALESCE(o.jobs_high, o.jobs_low)), 0) AS jobs_high,
       COALESCE(SUM(CASE WHEN o.jobs_high IS NULL AND o.jobs_low = 0 THEN o.n ELSE 0 END), 0) AS jobs_unknown,
       COALESCE(SUM(CASE WHEN o.jobs_high IS NULL AND o.jobs_low > 0 THEN o.n ELSE 0 END), 0) AS jobs_endless
FROM branch AS r
LEFT JOIN open_here AS o ON o.branch = r.branch
GROUP BY r.branch
ORDER BY r.branch
