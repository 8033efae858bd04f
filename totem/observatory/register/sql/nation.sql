-- Open establishments of the chosen activities in the whole country: establishments abroad are not in it.
SELECT code, code25, CAST(count(*) AS INTEGER) AS establishments,
       CAST(count(*) FILTER (head_office) AS INTEGER) AS head_offices,
       CAST(count(*) FILTER (coalesce(employer, false) OR coalesce(band NOT IN ('NN', '00'), false)) AS INTEGER) AS employers
FROM chosen
WHERE open AND commune IS NOT NULL
GROUP BY code, code25
ORDER BY code, code25
