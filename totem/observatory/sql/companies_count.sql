-- The legal units (SIREN) that have an open establishment here, once each: F1 of the charters. $category is PME, ETI, GE
-- (category of the company, decree 2008-1354), or empty for all;
-- $active leaves out the companies none of whose establishments here is estimated active.
SELECT DISTINCT CAST(s.siren AS BIGINT) AS siren
FROM sites_here AS s
WHERE ($category = '' OR s.category = $category) AND (s.estimated OR NOT $active)
