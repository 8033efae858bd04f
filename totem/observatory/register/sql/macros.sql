-- Dates that can be believed, and the inverses of the projections that the register uses, as plain closed forms: each in
-- steps, a step reading the column that the one before made (`establishments.sql`), since a macro repeats its arguments.
--
-- A year outside 1800..stock's + 1 is a slip of the pen (0001, 2925); 1 January 1900 stands for « not known ».
CREATE MACRO believable(day) AS
    CASE WHEN day >= DATE '1800-01-01' AND day <> DATE '1900-01-01'
              AND day <= getvariable('stock_date') + INTERVAL 1 YEAR THEN day END;
-- GRS 80 throughout: n = f / (2 - f) = 0.0016792203946287445. Conformal to geodetic latitude, in radians: Krüger's
-- series to the fourth power of n (C. F. F. Karney, Transverse Mercator with an accuracy of a few nanometers, 2011).
CREATE MACRO geodetic(chi) AS
    chi + 0.003356551485597 * sin(2 * chi) + 0.000006571873148 * sin(4 * chi)
        + 0.000000017646564 * sin(6 * chi) + 0.000000000054005 * sin(8 * chi);
-- Lambert-93 (EPSG:2154; IGN, NT/G 71 and the parameters of RGF93): conformal latitude, longitude.
CREATE MACRO conic_chi(x, y) AS
    atan(sinh(-ln(sqrt((x - 700000) * (x - 700000) + (12655612.049876 - y) * (12655612.049876 - y)) / 11754255.426096)
              / 0.7256077650532670));
CREATE MACRO conic_lon(x, y) AS 3 + degrees(atan((x - 700000) / (12655612.049876 - y)) / 0.7256077650532670);
-- UTM, scale 0.9996: metres over k0 A, then xi and eta without the footpoint series.
CREATE MACRO utm_over(metres) AS metres / 6364902.166113;
CREATE MACRO utm_xi(xi, eta) AS
    xi - 0.000837732168164 * sin(2 * xi) * cosh(2 * eta) - 0.000000059058696 * sin(4 * xi) * cosh(4 * eta)
       - 0.000000000167349 * sin(6 * xi) * cosh(6 * eta) - 0.000000000000217 * sin(8 * xi) * cosh(8 * eta);
CREATE MACRO utm_eta(xi, eta) AS
    eta - 0.000837732168164 * cos(2 * xi) * sinh(2 * eta) - 0.000000059058696 * cos(4 * xi) * sinh(4 * eta)
        - 0.000000000167349 * cos(6 * xi) * sinh(6 * eta) - 0.000000000000217 * cos(8 * xi) * sinh(8 * eta);
CREATE MACRO utm_chi(xi, eta) AS asin(sin(xi) / cosh(eta));
CREATE MACRO utm_lon(xi, eta, meridian) AS meridian + degrees(atan2(sinh(eta), cos(xi)));
-- Wide envelopes: they only refuse what cannot be a place of the territory.
CREATE MACRO within(epsg, lon, lat) AS
    CASE WHEN epsg = 2154 THEN lon BETWEEN -6 AND 10 AND lat BETWEEN 41 AND 52
         WHEN epsg = 5490 THEN lon BETWEEN -64 AND -60 AND lat BETWEEN 14 AND 19
         WHEN epsg = 2972 THEN lon BETWEEN -55 AND -51 AND lat BETWEEN 2 AND 6
         WHEN epsg = 2975 THEN lon BETWEEN 55 AND 56 AND lat BETWEEN -22 AND -20
         WHEN epsg = 4471 THEN lon BETWEEN 44 AND 46 AND lat BETWEEN -14 AND -12 ELSE false END;
-- Identifiers as text: fourteen or nine digits, and nothing that a spreadsheet would have made of them.
CREATE MACRO is_siret(text) AS regexp_full_match(text, '[0-9]{14}');
CREATE MACRO is_siren(text) AS regexp_full_match(text, '[0-9]{9}');
CREATE MACRO number_of(siret) AS CASE WHEN is_siret(siret) THEN CAST(siret AS BIGINT) END;
