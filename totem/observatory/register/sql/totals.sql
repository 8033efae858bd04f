-- Open establishments of every activity, by commune: what the chosen ones are compared with.
SELECT commune, CAST(count(*) AS INTEGER) AS establishments,
       CAST(count(*) FILTER (head_office) AS INTEGER) AS head_offices,
       CAST(count(*) FILTER (coalesce(employer, false) OR coalesce(band NOT IN ('NN', '00'), false)) AS INTEGER) AS employers
FROM establishments
WHERE open AND commune IS NOT NULL
GROUP BY commune
ORDER BY commune
