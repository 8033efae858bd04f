-- Open establishments and head offices by first digit of the legal category (INSEE): 1 natural persons, 5 companies...
SELECT legal, SUM(n) AS establishments, COALESCE(SUM(CASE WHEN head_office THEN n ELSE 0 END), 0) AS head_offices
FROM open_here
GROUP BY legal
HAVING SUM(n) > 0
ORDER BY establishments DESC, legal
