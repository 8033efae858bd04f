-- Open periods of establishments, with the activity of that time: an older nomenclature's code is not known (NULL).
SELECT
    number_of(siret) AS siret,
    coalesce(believable(TRY_CAST(dateDebut AS DATE)), DATE '1900-01-01') AS first_day,
    TRY_CAST(dateFin AS DATE) AS last_day,
    wanted.id AS activity,
    nomenclatureActivitePrincipaleEtablissement IS DISTINCT FROM 'NAFRev2' AS old_nomenclature,
    dateDebut IS NOT NULL AND believable(TRY_CAST(dateDebut AS DATE)) IS NULL AS absurd_date
FROM source_history
LEFT JOIN wanted ON nomenclatureActivitePrincipaleEtablissement = 'NAFRev2'
    AND wanted.code = activitePrincipaleEtablissement
WHERE etatAdministratifEtablissement = 'A'
