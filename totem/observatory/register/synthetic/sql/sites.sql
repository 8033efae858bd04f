-- One row an establishment, with every value the published files show; the four files are read from here.
CREATE OR REPLACE VIEW site AS
WITH drawn AS (
    SELECT *,
        draw(u, rank, 6) AS d,
        draw(u, rank, 7) AS e,
        rank = siege_rank AS siege,
        (moved OR continued) AND rank = sites - 1 AS left_behind
    FROM units('site_rows')
), placed AS (
    SELECT *,
        unit_open AND (siege OR (NOT left_behind AND part(d, 0, 100) < CASE WHEN unit_end - unit_born > 1200 THEN 16 ELSE 95 END)) AS open,
        CASE WHEN rank = 1 THEN unit_born
             WHEN rank = sites THEN moved_on
             ELSE unit_born + floor((unit_end - unit_born) * (rank - 1 + part(c, 32, 65535) / 65536.0) / sites)::INTEGER
        END AS born,
        -- Where: with the head office, near it (codes of neighbours follow one another), or anywhere in proportion to people.
        CASE
            WHEN siege OR (chosen AND NOT left_behind) OR part(d, 16, 100) < 30 THEN unit_place
            WHEN part(d, 16, 100) < 75 AND unit_place > getvariable('place_mask')
                THEN least(greatest(unit_place + part(d, 32, 60) - 30, getvariable('place_mask') + 1), getvariable('places') - 1)
            WHEN part(d, 16, 100) < 75
                THEN least(greatest(unit_place + part(d, 32, 4000) - 2000, 0), getvariable('place_mask'))
            ELSE (hash(d) & getvariable('place_mask'))::INTEGER
        END AS place,
        CASE WHEN siege OR chosen OR part(d, 48, 100) < 85 THEN unit_activity
             ELSE (hash(e) & getvariable('activity_mask'))::INTEGER END AS activity
    FROM drawn
), located AS (
    SELECT p.*, c.code AS commune, c.name AS commune_name, c.postcode, c.abroad, c.reserved AND n.reserved AND open AND NOT chosen AS excluded,
        CASE WHEN excluded THEN '82.99Z' ELSE n.code END AS code,
        n.word, n.digital AND NOT excluded AS digital,
        CASE WHEN excluded THEN '82.99Y' ELSE n25.code END AS chance_code25,
        c.x + c.radius * (part(e, 0, 2000) + part(e, 16, 2000) - 2000) / 2000.0 AS x,
        c.y + c.radius * (part(e, 32, 2000) + part(e, 48, 2000) - 2000) / 2000.0 AS y,
        CASE
            WHEN open THEN NULL
            WHEN left_behind THEN greatest(moved_on, born + 1)
            WHEN siege THEN greatest(unit_closed, born + 1)
            ELSE born + 1 + floor((unit_end - born) * (0.2 + part(d, 0, 65535) / 90000.0))::INTEGER
        END AS closed
    FROM placed p
    JOIN place c ON c.slot = p.place
    JOIN activity n ON n.slot = p.activity
    LEFT JOIN activity25 n25 ON n25.slot = n.id * 64 + part(c, 0, 64)
), living AS (
    SELECT *,
        unit_employer AND open AND (siege OR part(e, 0, 100) < 70) AS employer,
        doubt = 'sure' AND born < DATE '2008-01-01' AND (open OR closed > DATE '2008-01-02') AS recoded,
        CASE doubt WHEN '1900' THEN DATE '1900-01-01' WHEN '0001' THEN DATE '0001-01-01' WHEN '2925' THEN DATE '2925-01-01'
             ELSE born END AS first_day
    FROM located
), lived AS (
    SELECT *,
        CASE WHEN siege THEN main_band ELSE greatest(main_band - 1 - part(e, 16, 2), least(main_band, 2)) END AS band_rank,
        -- The days on which something of the establishment changed; never two on one day.
        CASE WHEN recoded THEN DATE '2008-01-01' END AS recoded_on,
        CASE WHEN employer AND doubt = 'sure' AND NOT chosen AND unit_end - born > 40
             THEN born + 9 + ((unit_end - born) / 4)::INTEGER END AS hired,
        open AND NOT employer AND NOT recoded AND doubt = 'sure' AND unit_end - born > 400 AND part(e, 32, 100) = 7 AS paused,
        part(hash(e), 16, 100) AS taste,
        -- Companies that exist on paper only share an address.
        open AND siege AND NOT employer AND (digital OR code IN ('64.20Z', '70.10Z'))
            AND part(hash(e), 0, 100) < CASE WHEN chosen THEN 14 ELSE 4 END AS domiciled
    FROM living
)
SELECT * REPLACE (CASE WHEN hired = recoded_on THEN hired + 1 ELSE hired END AS hired),
    lpad((rank * 10 + luhn_nic(base, rank))::VARCHAR, 5, '0') AS nic,
    siren || nic AS siret,
    CASE WHEN paused THEN born + ((unit_end - born) * 0.3)::INTEGER END AS paused_on,
    CASE WHEN paused THEN born + ((unit_end - born) * 0.5)::INTEGER END AS resumed_on,
    1 + recoded::INTEGER + (closed IS NOT NULL)::INTEGER + (hired IS NOT NULL)::INTEGER + 2 * paused::INTEGER AS periods,
    greatest(first_day, recoded_on, closed, hired, resumed_on) AS last_day,
    CASE WHEN domiciled THEN '1' ELSE (1 + part(hash(d), 0, 180))::VARCHAR END AS house,
    CASE WHEN domiciled THEN 'DE LA DOMICILIATION FICTIVE'
         ELSE ['DU MODELE', 'DES EXEMPLES', 'DE LA FICTION', 'DU REGISTRE', 'DES ESSAIS', 'DE LA MAQUETTE'][1 + part(hash(d), 16, 6)]
    END AS street,
    -- What the register calls things: plainly made up.
    word || ' ' || lpad(u::VARCHAR, 6, '0') AS unit_name,
    CASE WHEN employer THEN 'O'
         WHEN open AND chosen THEN coalesce(t_flag, 'N')
         WHEN open THEN CASE WHEN born > getvariable('stock') - 700 AND taste < 4 THEN 'O' ELSE 'N' END
         WHEN closed >= DATE '2005-01-01' THEN 'N' END AS flag,
    CASE WHEN employer THEN bands()[band_rank]
         WHEN chosen THEN 'NN'
         WHEN part(hash(e), 32, 1000) < 2 THEN NULL
         WHEN NOT open AND part(hash(e), 32, 1000) < 5 THEN '00'
         ELSE 'NN' END AS band,
    -- A closed row keeps the nomenclature of its day.
    nomenclature_of(CASE WHEN open THEN getvariable('stock') ELSE closed END) AS nomenclature,
    code_of(code, CASE WHEN open THEN getvariable('stock') ELSE closed END, part(c, 16, 65536)) AS shown_code,
    CASE WHEN nomenclature = 'NAFRev2' AND (open OR taste < 60) AND (chosen OR part(hash(e), 48, 1000) >= 5) THEN chance_code25 END AS code25
FROM lived;
