-- Without the history file: one life from creation to closing, in the activity of today (of closed ones: the last).
SELECT
    TRY_CAST(siret AS BIGINT) AS siret,
    commune,
    code,
    coalesce(created, DATE '1900-01-01') AS first_day,
    CASE WHEN NOT open THEN make_date(closed, 1, 1) - 1 END AS last_day,
    created AS opened,
    CASE WHEN NOT open THEN make_date(closed, 1, 1) END AS ended,
    false AS old_nomenclature,
    false AS absurd_date
FROM chosen
WHERE code IN (SELECT code FROM wanted) AND (open OR closed IS NOT NULL)
