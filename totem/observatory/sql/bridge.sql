-- What the register itself says of the passage from NAF rev. 2 to NAF 2025: open establishments that carry both codes, in
-- the departments of the place, by pair of codes, for the activities asked for in either list.
SELECT b.code, b.code25, SUM(b.n) AS establishments
FROM bridge AS b
JOIN department AS d ON d.department = b.department
WHERE b.code IN (SELECT code FROM activity_rev2) OR b.code25 IN (SELECT code FROM activity_2025)
GROUP BY b.code, b.code25
ORDER BY b.code, establishments DESC, b.code25
