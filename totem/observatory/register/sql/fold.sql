-- The commune codes that the register may hold, each with the current commune and department that it means and with the
-- projection of the coordinates there (NULL where none is known).
CREATE TABLE fold AS
SELECT code AS published, commune, department, epsg, meridian, northing
FROM (SELECT unnest(string_split($1, ' ')) AS code, unnest(string_split($2, ' ')) AS commune,
             unnest(string_split($3, ' ')) AS department)
LEFT JOIN projection ON prefix = CASE WHEN substr(code, 1, 2) IN ('97', '98') THEN substr(code, 1, 3) ELSE '' END
