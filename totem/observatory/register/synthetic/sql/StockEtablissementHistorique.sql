-- One row a period: from each day something changed to the eve of the next; the last has no end.
WITH day AS (
    SELECT *, list_sort([first_day, recoded_on, hired, paused_on, resumed_on, closed]) [1:periods] AS days FROM site
), period AS (
    SELECT *, unnest(range(1, periods + 1)) AS number FROM day
), dated AS (
    SELECT *, days[number] AS since, days[number + 1] - 1 AS until FROM period
)
SELECT
    siren,
    nic,
    siret,
    CASE WHEN number < periods THEN until END AS dateFin,
    since AS dateDebut,
    CASE WHEN since >= closed OR (since >= paused_on AND since < resumed_on) THEN 'F' ELSE 'A' END AS etatAdministratifEtablissement,
    coalesce(number > 1 AND (since = closed OR since = paused_on OR since = resumed_on), false) AS changementEtatAdministratifEtablissement,
    CASE WHEN masked THEN '[ND]' WHEN taste < 12 THEN 'ENSEIGNE FICTIVE ' || u END AS enseigne1Etablissement,
    nd(masked, NULL) AS enseigne2Etablissement,
    nd(masked, NULL) AS enseigne3Etablissement,
    false AS changementEnseigneEtablissement,
    CASE WHEN masked THEN '[ND]' WHEN person AND taste < 35 THEN 'ATELIER FICTIF ' || u END AS denominationUsuelleEtablissement,
    false AS changementDenominationUsuelleEtablissement,
    CASE WHEN number = periods THEN shown_code ELSE code_of(code, since, part(c, 16, 65536)) END AS activitePrincipaleEtablissement,
    CASE WHEN number = periods THEN nomenclature ELSE nomenclature_of(since) END AS nomenclatureActivitePrincipaleEtablissement,
    coalesce(number > 1 AND since = recoded_on, false) AS changementActivitePrincipaleEtablissement,
    CASE WHEN since >= closed THEN flag WHEN employer AND (hired IS NULL OR since >= hired) THEN 'O'
         WHEN employer THEN 'N' ELSE flag END AS caractereEmployeurEtablissement,
    coalesce(number > 1 AND since = hired, false) AS changementCaractereEmployeurEtablissement
FROM dated
