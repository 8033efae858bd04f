-- Above 0 where an establishment has no proper identifier, or stands twice: in its file, or by what was joined to it.
SELECT count(*) FILTER ((is_siret(siret) AND siren = substr(siret, 1, 9)) IS NOT TRUE)
     + count(*) - count(DISTINCT TRY_CAST(siret AS BIGINT))
FROM establishments
