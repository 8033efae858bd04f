-- Stock on 31 December (of the last year: on the stock's date), births and closures, by commune, activity and year.
--
-- An establishment that carries on another is not born, and one that is carried on does not close: such are moves. A link
-- and the event that it explains are of the same year, or less than a quarter apart.
WITH open_years AS (
    SELECT
        commune,
        code,
        greatest(year(first_day), getvariable('first_year')) AS first,
        CASE WHEN last_day IS NULL OR last_day >= getvariable('stock_date') THEN year(getvariable('stock_date'))
             ELSE year(last_day + 1) - 1 END AS last
    FROM run
    WHERE code IS NOT NULL AND first_day <= getvariable('stock_date')
), standing AS (
    SELECT commune, code, CAST(year AS SMALLINT) AS year, count(*) AS stock, 0 AS births, 0 AS closures
    FROM (SELECT commune, code, unnest(range(first, last + 1)) AS year FROM open_years WHERE first <= last)
    GROUP BY ALL
), births AS (
    SELECT commune, code, CAST(year(opened) AS SMALLINT) AS year, 0 AS stock, count(*) AS births, 0 AS closures
    FROM run
    WHERE code IS NOT NULL AND opened IS NOT NULL AND opened <= getvariable('stock_date')
      AND year(opened) >= getvariable('first_year')
      AND NOT EXISTS (
          SELECT 1 FROM link
          WHERE link.successor = run.siret
            AND (year(link.day) = year(opened) OR abs(link.day - opened) <= getvariable('link_days')))
    GROUP BY ALL
), closures AS (
    SELECT commune, code, CAST(year(ended) AS SMALLINT) AS year, 0 AS stock, 0 AS births, count(*) AS closures
    FROM run
    WHERE code IS NOT NULL AND ended IS NOT NULL AND ended <= getvariable('stock_date')
      AND year(ended) >= getvariable('first_year')
      AND NOT EXISTS (
          SELECT 1 FROM link
          WHERE link.predecessor = run.siret
            AND (year(link.day) = year(ended) OR abs(link.day - ended) <= getvariable('link_days')))
    GROUP BY ALL
)
SELECT commune, code, year, CAST(sum(stock) AS INTEGER) AS stock, CAST(sum(births) AS INTEGER) AS births,
       CAST(sum(closures) AS INTEGER) AS closures
FROM (FROM standing UNION ALL FROM births UNION ALL FROM closures)
GROUP BY commune, code, year
ORDER BY commune, code, year
