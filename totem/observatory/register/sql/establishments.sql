-- Every establishment with what its legal unit adds: the columns of establishments.parquet, then one boolean a rule of
-- `layout.RULES`. One pass over each published file.
--
-- Estimated active: nobody has to declare an end, so that of 8.9 million units of INSEE's field open in 2022 only 5.5
-- were economically active (INSEE, SIDE, figures 7741730 and 8304292). An open establishment of an open unit is estimated
-- active when it employs; or is younger than 3 years (a person) or 5 years (a company, an association); or was processed
-- by the register in the last 3 years (a person) or 6 years. Years of `layout.Estimate`. It is an estimate and is shown
-- beside what is registered, never in its place.
WITH published AS (
    SELECT
        *,
        CASE WHEN nomenclatureActivitePrincipaleEtablissement = 'NAFRev2'
             THEN nullif(activitePrincipaleEtablissement, '00.00Z') END AS code,
        coalesce(etatAdministratifEtablissement = 'A', false) AS open,
        statutDiffusionEtablissement IS DISTINCT FROM 'O' AS partial
    FROM source_establishments
), chosen AS (
    SELECT *, coalesce(code IN (SELECT code FROM wanted), false)
              OR coalesce(activitePrincipaleNAF25Etablissement IN (SELECT code FROM wanted), false) AS digital
    FROM published
), establishment AS (
    SELECT
        siret,
        siren,
        nullif(codeCommuneEtablissement, '[ND]') AS commune_published,
        codePaysEtrangerEtablissement AS country,
        nomenclatureActivitePrincipaleEtablissement AS nomenclature,
        code,
        activitePrincipaleNAF25Etablissement AS code25,
        CASE WHEN trancheEffectifsEtablissement IN ('NN', '00', '01', '02', '03', '11', '12', '21', '22', '31', '32', '41',
                                                    '42', '51', '52', '53')
             THEN trancheEffectifsEtablissement END AS band,
        TRY_CAST(anneeEffectifsEtablissement AS SMALLINT) AS band_year,
        CASE WHEN caractereEmployeurEtablissement IN ('O', 'N') THEN caractereEmployeurEtablissement = 'O' END AS employer,
        open,
        TRY_CAST(etablissementSiege AS BOOLEAN) IS TRUE AS head_office,
        partial,
        dateCreationEtablissement IS NOT NULL AS created_published,
        TRY_CAST(dateCreationEtablissement AS DATE) AS created_read,
        NOT open AND dateDebut IS NOT NULL AS closed_published,
        CASE WHEN NOT open THEN TRY_CAST(dateDebut AS DATE) END AS closed_read,
        TRY_CAST(substr(CAST(dateDernierTraitementEtablissement AS VARCHAR), 1, 4) AS SMALLINT) AS processed,
        open AND NOT partial AND coordonneeLambertAbscisseEtablissement = '[ND]' AS masked,
        CASE WHEN open AND NOT partial THEN TRY_CAST(coordonneeLambertAbscisseEtablissement AS DOUBLE) END AS x,
        CASE WHEN open AND NOT partial THEN TRY_CAST(coordonneeLambertOrdonneeEtablissement AS DOUBLE) END AS y,
        CASE WHEN NOT partial THEN coalesce(denominationUsuelleEtablissement, enseigne1Etablissement) END AS sign,
        digital,
        CASE WHEN digital AND open AND NOT partial
             THEN concat_ws(' ', numeroVoieEtablissement, typeVoieEtablissement, libelleVoieEtablissement) END AS address
    FROM chosen
), unit AS (
    SELECT
        siren AS unit_siren,
        statutDiffusionUniteLegale IS DISTINCT FROM 'O' AS unit_partial,
        trancheEffectifsUniteLegale AS unit_band,
        categorieEntreprise AS category,
        coalesce(etatAdministratifUniteLegale = 'A', false) AS unit_open,
        denominationUniteLegale AS denomination,
        CASE WHEN length(CAST(categorieJuridiqueUniteLegale AS VARCHAR)) = 4
             THEN CAST(categorieJuridiqueUniteLegale AS VARCHAR) END AS legal
    FROM source_units
), geolocated AS (
    SELECT
        CAST(siret AS VARCHAR) AS geolocated_siret,
        TRY_CAST(qualite_xy AS SMALLINT) AS quality_xy,
        TRY_CAST(x_longitude AS DOUBLE) AS longitude_published,
        TRY_CAST(y_latitude AS DOUBLE) AS latitude_published
    FROM source_geolocation
), joined AS (
    SELECT
        establishment.*,
        unit.*,
        geolocated.*,
        fold.commune,
        fold.epsg,
        fold.meridian,
        fold.northing,
        partial OR unit_partial IS TRUE AS hidden,
        believable(created_read) AS created,
        believable(closed_read) AS closed_on
    FROM establishment
    LEFT JOIN unit ON unit.unit_siren = establishment.siren
    LEFT JOIN geolocated ON geolocated.geolocated_siret = establishment.siret
    LEFT JOIN fold ON fold.published = establishment.commune_published
), placeable AS (
    SELECT *, open AND NOT hidden AND quality_xy IS DISTINCT FROM 33 AS placeable FROM joined
), by_projection AS (
    SELECT
        *,
        placeable AND longitude_published IS NULL AND epsg = 2154 AS conic,
        placeable AND longitude_published IS NULL AND meridian IS NOT NULL AS utm
    FROM placeable
), flat AS (
    SELECT
        *,
        CASE WHEN utm THEN utm_over(y - northing) END AS xi_0,
        CASE WHEN utm THEN utm_over(x - 500000) END AS eta_0
    FROM by_projection
), foot AS (
    SELECT *, CASE WHEN utm THEN utm_xi(xi_0, eta_0) END AS xi, CASE WHEN utm THEN utm_eta(xi_0, eta_0) END AS eta FROM flat
), sphere AS (
    SELECT *, CASE WHEN conic THEN conic_chi(x, y) WHEN utm THEN utm_chi(xi, eta) END AS chi FROM foot
), projected AS (
    SELECT
        *,
        CASE WHEN conic THEN conic_lon(x, y) WHEN utm THEN utm_lon(xi, eta, meridian)
             WHEN placeable THEN longitude_published END AS lon_read,
        CASE WHEN chi IS NOT NULL THEN degrees(geodetic(chi)) WHEN placeable THEN latitude_published END AS lat_read
    FROM sphere
), placed AS (
    SELECT *, longitude_published IS NOT NULL OR within(epsg, lon_read, lat_read) AS there FROM projected
)
SELECT
    siret,
    siren,
    CASE WHEN NOT hidden THEN coalesce(denomination, sign) END AS name,
    commune,
    code,
    nomenclature,
    code25,
    band,
    band_year,
    employer,
    open,
    CASE WHEN hidden THEN 'P' ELSE 'O' END AS diffusion,
    head_office,
    CAST(year(created) AS SMALLINT) AS born,
    CAST(year(closed_on) AS SMALLINT) AS closed,
    processed,
    legal,
    unit_band,
    category,
    unit_open,
    coalesce(
        open AND unit_open IS NOT FALSE AND (
            employer IS TRUE
            OR band NOT IN ('NN', '00')
            OR year(getvariable('stock_date')) - year(created)
               <= CASE WHEN legal LIKE '1%' THEN getvariable('young_person') ELSE getvariable('young_company') END
            OR year(getvariable('stock_date')) - processed
               <= CASE WHEN legal LIKE '1%' THEN getvariable('seen_person') ELSE getvariable('seen_company') END
        ), false) AS estimated,
    CASE WHEN there THEN round(lon_read, 6) END AS lon,
    CASE WHEN there THEN round(lat_read, 6) END AS lat,
    created,
    CASE WHEN digital AND NOT hidden THEN nullif(address, '') END AS address,
    -- The rules
    band = 'NN' AS non_employer,
    band IS NULL AS band_unknown,
    employer IS TRUE AND (band IS NULL OR band = 'NN') AS employer_flag_without_band,
    employer IS FALSE AND band NOT IN ('NN', '00') AS band_without_employer_flag,
    (created_published AND created IS NULL AND created_read IS DISTINCT FROM DATE '1900-01-01')
        OR (closed_published AND closed_on IS NULL AND closed_read IS DISTINCT FROM DATE '1900-01-01') AS absurd_date,
    created_read = DATE '1900-01-01' OR closed_read = DATE '1900-01-01' AS placeholder_date,
    NOT created_published AS no_date,
    hidden AS partial_diffusion,
    masked AS masked_coordinates,
    open AND quality_xy = 33 AS random_coordinates,
    placeable AND longitude_published IS NULL AND x IS NULL AND masked IS NOT TRUE AS no_coordinates,
    placeable AND lon_read IS NOT NULL AND there IS NOT TRUE AS impossible_coordinates,
    nomenclature <> 'NAFRev2' AS old_nomenclature,
    code IS NULL AND coalesce(nomenclature = 'NAFRev2', true) AS no_activity,
    open AND code IS NOT NULL AND code25 IS NOT NULL AS double_coded,
    commune <> commune_published AS folded_communes,
    commune_published IS NOT NULL AND commune IS NULL AS unknown_commune,
    commune_published IS NULL AND country IS NOT NULL AS abroad,
    commune_published IS NULL AND country IS NULL AS no_commune,
    unit_siren IS NULL AS no_unit,
    open AND unit_open IS FALSE AS open_of_closed_unit,
    open AND NOT estimated AS registered_only
FROM placed
