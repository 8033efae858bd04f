-- The rows of a file that are left out, by their numbers: those whose identifier is none, and of those that share one all
-- but the row that was processed last. Formatted with an `identifiers.Identifier`.
WITH numbered AS MATERIALIZED (
    SELECT row_number() OVER () AS row, {shown} AS shown, coalesce({sound}, false) AS sound, {unique} AS name,
           CAST({processed} AS VARCHAR) AS processed
    FROM {view}
), ranked AS (
    SELECT row, shown, row_number() OVER (PARTITION BY name ORDER BY processed DESC NULLS LAST, row) AS rank
    FROM numbered
    WHERE sound AND name IN (SELECT name FROM numbered WHERE sound GROUP BY name HAVING count(*) > 1)
)
SELECT row, shown, 'malformed' AS fault FROM numbered WHERE NOT sound
UNION ALL
SELECT row, shown, 'repeated' FROM ranked WHERE rank > 1
