-- Addresses that are likely domiciliations: many open units of the chosen activities and not one that employs.
SELECT commune, address, CAST(count(DISTINCT siren) AS INTEGER) AS units
FROM chosen
WHERE open AND address IS NOT NULL AND commune IS NOT NULL
  AND (code IN (SELECT code FROM digital) OR code25 IN (SELECT code FROM digital))
GROUP BY commune, address
HAVING count(DISTINCT siren) >= getvariable('domiciliation_units')
   AND count(*) FILTER (coalesce(employer, false) OR coalesce(band NOT IN ('NN', '00'), false)) = 0
ORDER BY commune, units DESC, address
