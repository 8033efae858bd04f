-- The national census: open establishments of the chosen activities by code, size band, department and year of creation.
-- NULL is not known; the department is NULL abroad too.
SELECT e.code, band, department, born, CAST(count(*) AS INTEGER) AS establishments
FROM establishments AS e
LEFT JOIN places ON places.commune = e.commune
WHERE open AND e.code IN (SELECT code FROM digital)
GROUP BY e.code, band, department, born
