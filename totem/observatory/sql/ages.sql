-- Open establishments by year of birth; NULL where the date is missing, absurd or a placeholder.
SELECT born, SUM(n) AS establishments, COALESCE(SUM(CASE WHEN head_office THEN n ELSE 0 END), 0) AS head_offices
FROM open_here
GROUP BY born
HAVING SUM(n) > 0
ORDER BY born
