-- How many legal units (SIREN) have an open establishment here, counted once each, with their number: F1 of the charters.
SELECT DISTINCT CAST(c.siren AS BIGINT) AS siren FROM sites_here AS c
