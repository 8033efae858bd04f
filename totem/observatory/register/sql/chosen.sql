-- The establishments that the chosen activities are about, open or not: everything smaller is made from these.
SELECT * EXCLUDE (name, nomenclature, band_year, processed, unit_band, unit_open, rules),
       lon IS NOT NULL AS placed, substr(legal, 1, 1) AS form
FROM establishments
WHERE code IN (SELECT code FROM wanted) OR code25 IN (SELECT code FROM wanted)
