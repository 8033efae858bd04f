-- Stock at the end of each year, births and closures of the year, since 2010, by commune: establishments, at the address
-- they have today. Those that only moved (succession links) are neither born nor closed: see moves.sql.
SELECT s.commune, s.year, SUM(s.stock) AS stock, SUM(s.births) AS births, SUM(s.closures) AS closures
FROM series AS s
JOIN activity AS a ON a.code = s.code
WHERE s.commune IS NOT NULL
GROUP BY s.commune, s.year
