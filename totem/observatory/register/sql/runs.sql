-- Periods of the establishments that ever had a chosen activity; periods that join end to end are one life, so that
-- `opened` and `ended` (the day of closing: that after the last open one) are NULL inside it. A reopening opens.
WITH mine AS (
    SELECT DISTINCT siret FROM period WHERE activity IS NOT NULL
), ordered AS (
    SELECT *,
        lag(last_day) OVER of_siret AS before,
        lead(first_day) OVER of_siret AS after
    FROM period SEMI JOIN mine USING (siret)
    WINDOW of_siret AS (PARTITION BY siret ORDER BY first_day, last_day)
), place AS (
    SELECT TRY_CAST(siret AS BIGINT) AS siret, commune FROM establishments
)
SELECT
    ordered.siret,
    commune,
    wanted.code,
    first_day,
    last_day,
    CASE WHEN before IS NULL OR before + 1 < first_day THEN first_day END AS opened,
    CASE WHEN last_day IS NOT NULL AND (after IS NULL OR last_day + 1 < after) THEN last_day + 1 END AS ended,
    old_nomenclature,
    absurd_date
FROM ordered
JOIN place ON place.siret = ordered.siret
LEFT JOIN wanted ON wanted.id = ordered.activity
