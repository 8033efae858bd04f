-- Open establishments by headcount band of the establishment itself (not of its legal unit). Three values: a band, « NN »
-- (non-employer) and no band at all. Non-employers that have declared themselves employers since stand apart.
SELECT band, headcount_unknown, SUM(n) AS establishments
FROM open_here
GROUP BY band, headcount_unknown
HAVING SUM(n) > 0
ORDER BY band, headcount_unknown
