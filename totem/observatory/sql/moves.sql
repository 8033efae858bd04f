-- Moves of each year by the succession links: into the place, out of it and inside it. One that changes activity enters
-- or leaves what is counted in the same way.
SELECT m.year,
       SUM(CASE WHEN NOT (f.commune IS NOT NULL AND fa.code IS NOT NULL) THEN m.n ELSE 0 END) AS arrivals,
       SUM(CASE WHEN NOT (t.commune IS NOT NULL AND ta.code IS NOT NULL) THEN m.n ELSE 0 END) AS departures,
       SUM(CASE WHEN f.commune IS NOT NULL AND fa.code IS NOT NULL AND t.commune IS NOT NULL AND ta.code IS NOT NULL
                THEN m.n ELSE 0 END) AS inside
FROM moves AS m
LEFT JOIN touched AS f ON f.commune = m.from_commune
LEFT JOIN activity AS fa ON fa.code = m.from_code
LEFT JOIN touched AS t ON t.commune = m.to_commune
LEFT JOIN activity AS ta ON ta.code = m.to_code
WHERE (f.commune IS NOT NULL AND fa.code IS NOT NULL) OR (t.commune IS NOT NULL AND ta.code IS NOT NULL)
GROUP BY m.year
ORDER BY m.year
