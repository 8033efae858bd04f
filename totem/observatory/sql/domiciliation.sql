-- Addresses of the place where many units of the sector are registered and none employs: domiciliation, more often than
-- work. The addresses stand without names.
SELECT d.commune, d.address, d.units
FROM addresses AS d
JOIN touched AS p ON p.commune = d.commune
ORDER BY d.units DESC, d.commune, d.address
LIMIT $limit
