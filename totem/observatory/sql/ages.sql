-- Open establishments by year of birth, and those estimated active; NULL where the date is missing, absurd or a placeholder.
SELECT born, SUM(n) AS establishments, COALESCE(SUM(CASE WHEN estimated THEN n ELSE 0 END), 0) AS establishments_estimated,
       COALESCE(SUM(CASE WHEN head_office THEN n ELSE 0 END), 0) AS head_offices
FROM open_here
GROUP BY born
HAVING SUM(n) > 0
ORDER BY born
