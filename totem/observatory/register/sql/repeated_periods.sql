-- Above 0 where there are periods without a proper SIRET, or that begin on the same day as another of the same establishment.
SELECT (SELECT count(*) FROM period WHERE siret IS NULL)
     + (SELECT count(*) FROM (SELECT 1 FROM run GROUP BY siret, first_day HAVING count(*) > 1))
