-- One establishment carried on by another: the head office was moved, or the business goes on.
SELECT
    number_of(siretEtablissementPredecesseur) AS predecessor,
    number_of(siretEtablissementSuccesseur) AS successor,
    believable(TRY_CAST(dateLienSuccession AS DATE)) AS day
FROM source_links
WHERE (TRY_CAST(transfertSiege AS BOOLEAN) OR TRY_CAST(continuiteEconomique AS BOOLEAN))
  AND siretEtablissementPredecesseur IS DISTINCT FROM siretEtablissementSuccesseur
