-- Moves of each year by the succession links, from a commune and into one. An end whose activity is not counted is no
-- commune (''): what changes activity enters or leaves what is counted in the same way.
SELECT m.year,
       COALESCE(CASE WHEN f.code IS NOT NULL THEN m.from_commune END, '') AS from_commune,
       COALESCE(CASE WHEN t.code IS NOT NULL THEN m.to_commune END, '') AS to_commune,
       CAST(SUM(m.n) AS INTEGER) AS n
FROM moves AS m
LEFT JOIN activity AS f ON f.code = m.from_code
LEFT JOIN activity AS t ON t.code = m.to_code
WHERE f.code IS NOT NULL OR t.code IS NOT NULL
GROUP BY m.year, COALESCE(CASE WHEN f.code IS NOT NULL THEN m.from_commune END, ''),
         COALESCE(CASE WHEN t.code IS NOT NULL THEN m.to_commune END, '')
