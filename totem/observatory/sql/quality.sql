-- How well what is counted here is known: open establishments, and those among them with each flaw.
SELECT COALESCE(SUM(n), 0) AS establishments,
       COALESCE(SUM(CASE WHEN band = 'NN' THEN n ELSE 0 END), 0) AS non_employer,
       COALESCE(SUM(CASE WHEN band IS NULL THEN n ELSE 0 END), 0) AS band_missing,
       COALESCE(SUM(CASE WHEN band = 'NN' AND is_employer THEN n ELSE 0 END), 0) AS employer_without_band,
       COALESCE(SUM(CASE WHEN diffusion = 'P' THEN n ELSE 0 END), 0) AS partial_diffusion,
       COALESCE(SUM(CASE WHEN NOT placed THEN n ELSE 0 END), 0) AS not_placed,
       COALESCE(SUM(CASE WHEN born IS NULL THEN n ELSE 0 END), 0) AS birth_unknown,
       COALESCE(SUM(CASE WHEN NOT estimated THEN n ELSE 0 END), 0) AS perhaps_inactive
FROM open_here
