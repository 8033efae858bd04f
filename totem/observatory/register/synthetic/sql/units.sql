-- What is drawn once for a legal unit. `source` has one row a unit or a site: u (number of the unit), sites (how many it has).
-- Everything is a function of (u, seed): two files, or two threads, that draw the same unit find the same values.
-- A row of `target` (demonstration) replaces what chance would have given.
CREATE OR REPLACE MACRO units(source) AS TABLE
WITH drawn AS (
    SELECT s.*, t.u IS NOT NULL AS chosen, t.band AS t_band, t.flag AS t_flag, t.category AS t_category, t.open AS t_open,
        draw(s.u, 0, 1) AS a,
        draw(s.u, 0, 2) AS b,
        draw(s.u, 0, 3) AS c,
        coalesce(t.place, (draw(s.u, 0, 4) & getvariable('place_mask'))::INTEGER) AS unit_place,
        coalesce(t.activity, (draw(s.u, 0, 5) & getvariable('activity_mask'))::INTEGER) AS unit_activity
    FROM query_table(source) s LEFT JOIN target t ON t.u = s.u
), legal AS (
    SELECT *,
        CASE
            WHEN chosen AND part(a, 0, 1000) >= 400 THEN CASE WHEN part(c, 48, 100) < 55 THEN '5710' ELSE '5499' END
            WHEN chosen OR part(a, 0, 1000) < 550 THEN '1000'
            WHEN part(a, 0, 1000) < 700 THEN '5499'
            WHEN part(a, 0, 1000) < 800 THEN '5710'
            WHEN part(a, 0, 1000) < 806 THEN '5599'
            WHEN part(a, 0, 1000) < 895 THEN '6540'
            WHEN part(a, 0, 1000) < 905 THEN '6599'
            WHEN part(a, 0, 1000) < 965 THEN '9220'
            WHEN part(a, 0, 1000) < 982 THEN '9110'
            WHEN part(a, 0, 1000) < 988 THEN '7210'
            WHEN part(a, 0, 1000) < 992 THEN '7490'
            ELSE '3120'
        END AS legal,
        coalesce(t_open, part(a, 32, 1000) < 484) AS unit_open,
        -- Ages: many young ones, a long tail.
        -ln((part(a, 48, 65535) + 1) / 65536.0) AS spread,
        -- Days since the closing: spread over some thirty years, more of late.
        15 + (CASE WHEN NOT chosen THEN 14000 * (1 - sqrt(1 - part(b, 32, 65535) / 65536.0))
              ELSE part(b, 32, 6000) END)::INTEGER AS ceased
    FROM drawn
), dated AS (
    SELECT *,
        legal = '1000' AS person,
        (CASE
            WHEN unit_open AND chosen THEN 20 + least(spread, 6.0) * 3000
            WHEN unit_open THEN 3 + least(spread, 9.0) * 4300
            ELSE ceased + 10 + least(spread, 7.0) * 2200
        END)::INTEGER AS age
    FROM legal
), spanned AS (
    SELECT *,
        CASE WHEN legal = '1000' THEN part(c, 0, 1000) < 424 ELSE part(c, 0, 1000) < 15 END AS masked,
        getvariable('stock') - age AS unit_born,
        CASE WHEN NOT unit_open THEN getvariable('stock') - ceased END AS unit_closed,
        CASE WHEN chosen THEN coalesce(t_band, 0) > 0 ELSE unit_open AND part(b, 16, 1000) < CASE WHEN person THEN 32 ELSE 285 END END AS unit_employer,
        -- Index in the list of bands (1 is '00'), as drawn for the main site.
        CASE
            WHEN chosen THEN coalesce(t_band, 0)
            WHEN part(b, 48, 10000) < 400 THEN 1
            WHEN part(b, 48, 10000) < 4500 THEN 2
            WHEN part(b, 48, 10000) < 6600 THEN 3
            WHEN part(b, 48, 10000) < 7900 THEN 4
            WHEN part(b, 48, 10000) < 8950 THEN 5
            WHEN part(b, 48, 10000) < 9640 THEN 6
            WHEN part(b, 48, 10000) < 9850 THEN 7
            WHEN part(b, 48, 10000) < 9935 THEN 8
            WHEN part(b, 48, 10000) < 9950 THEN 9
            WHEN part(b, 48, 10000) < 9980 THEN 10
            WHEN part(b, 48, 10000) < 9992 THEN 11
            WHEN part(b, 48, 10000) < 9997 THEN 12
            WHEN part(b, 48, 10000) < 9999 THEN 13
            ELSE 14
        END AS main_band
    FROM dated
)
SELECT *,
    getvariable('first_siren') + u::INTEGER * getvariable('siren_step') + part(c, 16, getvariable('siren_step')) AS base,
    lpad((base * 10 + luhn_siren(base))::VARCHAR, 9, '0') AS siren,
    coalesce(unit_closed, getvariable('stock')) AS unit_end,
    -- Only units of some years have moved their head office, or carried an activity from one site to the next.
    sites >= 2 AND unit_end - unit_born > 1200 AND part(b, 0, 100) < 60 AS moved,
    sites >= 3 AND unit_end - unit_born > 1200 AND part(b, 0, 100) BETWEEN 60 AND 79 AS continued,
    CASE WHEN moved THEN sites ELSE 1 END AS siege_rank,
    -- The day of the last move: the closing of the old site and the opening of the next.
    unit_born + floor((coalesce(unit_closed, getvariable('stock')) - unit_born)
        * (sites - 1 + part(c, 32, 65535) / 65536.0) / sites)::INTEGER AS moved_on,
    -- Dates nobody believes, kept as the register keeps them; the demonstration's own companies have none.
    CASE
        WHEN chosen THEN 'sure'
        WHEN part(hash(c), 0, 10000) < 120 THEN '1900'
        WHEN part(hash(c), 0, 10000) < 121 THEN '0001'
        WHEN part(hash(c), 0, 10000) < 122 THEN '2925'
        WHEN part(hash(c), 0, 10000) < 220 THEN 'none'
        ELSE 'sure'
    END AS doubt,
    CASE
        WHEN NOT unit_employer THEN NULL
        WHEN chosen AND t_category = 'GE' THEN 14
        WHEN sites = 1 OR main_band <= 1 THEN least(main_band + CASE WHEN t_category = 'ETI' THEN 1 ELSE 0 END, 15)
        ELSE least(main_band + 1 + (sites >= 12)::INTEGER + (sites >= 40)::INTEGER, 15)
    END AS unit_band
FROM spanned;
