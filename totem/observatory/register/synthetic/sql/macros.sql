-- Sixty-four bits of chance for a unit (rank 0) or one of its sites; `use` tells apart what they serve for. One number is
-- hashed, never two: hashes of neighbouring pairs look alike.
CREATE OR REPLACE MACRO draw(u, rank, use) AS hash(((getvariable('seed')::BIGINT * 33554432 + u) * 256 + rank) * 16 + use);
-- A whole number from 0 to n - 1 out of sixteen bits of a hash.
CREATE OR REPLACE MACRO part(h, shift, n) AS (((h >> shift) & 65535) * n >> 16)::INTEGER;
-- Luhn: a digit that counts double is worth 2 d, less 9 above 4.
CREATE OR REPLACE MACRO twice(d) AS 2 * d - CASE WHEN d > 4 THEN 9 ELSE 0 END;
CREATE OR REPLACE MACRO digit(n, power) AS (n // power) % 10;
-- The ninth digit of a SIREN whose first eight are `base`.
CREATE OR REPLACE MACRO luhn_siren(base) AS (10 - (
    twice(digit(base, 1)) + digit(base, 10) + twice(digit(base, 100)) + digit(base, 1000)
    + twice(digit(base, 10000)) + digit(base, 100000) + twice(digit(base, 1000000)) + digit(base, 10000000)) % 10) % 10;
-- The fifth digit of a NIC: the fourteen digits of the SIRET pass the same test.
CREATE OR REPLACE MACRO luhn_nic(base, rank) AS (10 - (
    twice(luhn_siren(base)) + digit(base, 1) + twice(digit(base, 10)) + digit(base, 100) + twice(digit(base, 1000))
    + digit(base, 10000) + twice(digit(base, 100000)) + digit(base, 1000000) + twice(digit(base, 10000000))
    + twice(digit(rank, 1)) + digit(rank, 10) + twice(digit(rank, 100)) + digit(rank, 1000)) % 10) % 10;
CREATE OR REPLACE MACRO bands() AS
    ['00', '01', '02', '03', '11', '12', '21', '22', '31', '32', '41', '42', '51', '52', '53'];
CREATE OR REPLACE MACRO nd(masked, value) AS CASE WHEN masked THEN '[ND]' ELSE value END;
CREATE OR REPLACE MACRO nomenclature_of(day) AS CASE
    WHEN day >= DATE '2008-01-01' THEN 'NAFRev2' WHEN day >= DATE '2003-01-01' THEN 'NAFRev1'
    WHEN day >= DATE '1993-01-01' THEN 'NAF1993' ELSE 'NAP' END;
-- The code of that day's nomenclature: a few real ones of each old list, not a translation.
CREATE OR REPLACE MACRO code_of(code, day, chance) AS CASE
    WHEN day >= DATE '2008-01-01' THEN code
    WHEN day >= DATE '2003-01-01' THEN
        ['72.1Z', '72.2A', '72.2C', '72.3Z', '52.4L', '55.3A', '70.2A', '74.1G', '45.2B', '01.1A', '85.1E', '93.0D'][1 + chance % 12]
    WHEN day >= DATE '1993-01-01' THEN
        ['72.1Z', '72.2Z', '72.3Z', '52.4L', '55.3A', '70.2A', '74.1G', '45.2B', '01.1A', '85.1E'][1 + chance % 10]
    ELSE ['7703', '7704', '6442', '6701', '5571', '8402', '8708', '0120'][1 + chance % 8] END;
CREATE OR REPLACE MACRO moment(h) AS
    (getvariable('stock') - (part(h, 0, 65536)::BIGINT * part(h, 16, 65536) // 65536 // 24)::INTEGER)::TIMESTAMP
    + to_seconds(6 * 3600 + part(h, 32, 50400));
