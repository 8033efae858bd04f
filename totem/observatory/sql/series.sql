-- Stock at the end of each year, births and closures of the year, since 2010: establishments, at the address they have
-- today. Those that only moved (succession links) are neither born nor closed: see moves.sql.
SELECT s.year, SUM(s.stock) AS stock, SUM(s.births) AS births, SUM(s.closures) AS closures
FROM series AS s
JOIN touched AS p ON p.commune = s.commune
JOIN activity AS a ON a.code = s.code
GROUP BY s.year
ORDER BY s.year
