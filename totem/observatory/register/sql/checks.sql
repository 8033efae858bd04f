-- What a stock is compared with the next one by: rows by state; open rows by code and by department.
SELECT 'state' AS kind, CASE WHEN open THEN 'A' ELSE 'F' END AS key, count(*) AS n FROM establishments GROUP BY 2
UNION ALL
SELECT 'code', code, count(*) FROM establishments WHERE open AND code IS NOT NULL GROUP BY 2
UNION ALL
SELECT 'department', department, sum(n)
FROM (SELECT commune, count(*) AS n FROM establishments WHERE open GROUP BY commune) AS counted
JOIN fold ON fold.published = counted.commune
GROUP BY 2
