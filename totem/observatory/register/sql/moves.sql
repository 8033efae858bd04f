-- Links of succession of which an end has a chosen activity, by year; an end that is not in the register is NULL.
WITH ends AS (
    SELECT TRY_CAST(siret AS BIGINT) AS siret, commune, code FROM establishments
    WHERE TRY_CAST(siret AS BIGINT) IN (SELECT predecessor FROM link UNION ALL SELECT successor FROM link)
)
SELECT CAST(year(day) AS SMALLINT) AS year, origin.commune AS from_commune, origin.code AS from_code,
       target.commune AS to_commune, target.code AS to_code, CAST(count(*) AS INTEGER) AS n
FROM (SELECT DISTINCT predecessor, successor, day FROM link) AS link
LEFT JOIN ends AS origin ON origin.siret = predecessor
LEFT JOIN ends AS target ON target.siret = successor
WHERE day <= getvariable('stock_date') AND year(day) >= getvariable('first_year')
  AND (origin.code IN (SELECT code FROM wanted) OR target.code IN (SELECT code FROM wanted))
GROUP BY ALL
ORDER BY year, from_commune, to_commune, from_code, to_code
