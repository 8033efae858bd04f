-- Sites, in the communes cut by the edge of a drawn place, that have a position in the box around it; once each, as a
-- company corrected by hand may be among the sites already.
SELECT s.siret, s.lon, s.lat
FROM sites AS s
JOIN edge AS e ON e.commune = s.commune
WHERE s.lon BETWEEN $west AND $east AND s.lat BETWEEN $south AND $north
UNION
SELECT k.siret, k.lon, k.lat
FROM corrections AS k
JOIN edge AS e ON e.commune = k.commune
WHERE k.open AND k.lon BETWEEN $west AND $east AND k.lat BETWEEN $south AND $north
