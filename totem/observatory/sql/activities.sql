-- Each activity code found here: the three units, the most numerous first.
SELECT activity,
       COALESCE(SUM(CASE WHEN head_office THEN n ELSE 0 END), 0) AS head_offices,
       SUM(n) AS establishments,
       COALESCE(SUM(CASE WHEN is_employer THEN n ELSE 0 END), 0) AS employers
FROM open_here
GROUP BY activity
HAVING SUM(n) > 0
ORDER BY establishments DESC, activity
