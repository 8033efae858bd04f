-- The transitions between the two nomenclatures that the register really shows, by department and size.
SELECT department, band, chosen.code, code25, CAST(count(*) AS INTEGER) AS n
FROM chosen LEFT JOIN fold ON fold.published = chosen.commune
WHERE open AND chosen.code IS NOT NULL AND code25 IS NOT NULL
GROUP BY ALL
ORDER BY department, chosen.code, code25, band
