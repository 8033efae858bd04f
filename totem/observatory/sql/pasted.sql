-- What the register holds of each number of a pasted list (table pasted: number, its SIREN, and its SIRET or an empty
-- text): how many establishments, open ones, those of the activities asked for, those here. The name, commune and activity
-- are of the head office where it is among them. Corrections by hand are made, as in companies_here.sql.
SELECT w.number, COUNT(t.siret) AS establishments, COALESCE(SUM(t.is_open), 0) AS open,
       COALESCE(SUM(t.is_digital), 0) AS digital, COALESCE(SUM(t.is_here), 0) AS here,
       COALESCE(SUM(t.is_digital * t.is_here), 0) AS digital_here,
       COALESCE(MAX(CASE WHEN t.diffusion = 'P' THEN 1 ELSE 0 END), 0) AS hidden,
       COALESCE(MAX(CASE WHEN t.head_office THEN t.name END), MAX(t.name)) AS name,
       COALESCE(MAX(CASE WHEN t.head_office THEN t.commune END), MAX(t.commune)) AS commune,
       COALESCE(MAX(CASE WHEN t.head_office THEN t.activity END), MAX(t.activity)) AS activity
FROM pasted AS w
LEFT JOIN (
    SELECT h.siret, h.siren, h.name, h.commune, h.activity, h.head_office, h.diffusion,
           CASE WHEN h.open THEN 1 ELSE 0 END AS is_open,
           CASE WHEN h.open AND h.branch IS NOT NULL THEN 1 ELSE 0 END AS is_digital,
           CASE WHEN h.open AND (p.commune IS NOT NULL OR i.siret IS NOT NULL) THEN 1 ELSE 0 END AS is_here
    FROM (
        SELECT e.siret, e.siren, e.name, e.commune, e.activity, a.branch, e.open, e.head_office, e.diffusion
        FROM establishments AS e
        LEFT JOIN activity AS a ON a.code = e.activity
        LEFT JOIN corrections AS k ON k.siret = e.siret
        WHERE k.siret IS NULL AND e.siren IN (SELECT siren FROM pasted)
        UNION ALL
        SELECT k.siret, k.siren, k.name, k.commune, k.activity, k.branch, k.open, k.head_office, k.diffusion
        FROM corrections AS k
        WHERE k.siren IN (SELECT siren FROM pasted)
    ) AS h
    LEFT JOIN place AS p ON p.commune = h.commune
    LEFT JOIN inside AS i ON i.siret = h.siret
) AS t ON t.siren = w.siren AND (w.siret = '' OR t.siret = w.siret)
GROUP BY w.number
ORDER BY w.number
