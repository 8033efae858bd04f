-- The figures that matter, in one row: the three units registered as open, the same estimated active, and how much of
-- them is not known (partial diffusion, no headcount band, no birth date).
SELECT COALESCE(SUM(CASE WHEN head_office THEN n ELSE 0 END), 0) AS head_offices,
       COALESCE(SUM(n), 0) AS establishments,
       COALESCE(SUM(CASE WHEN is_employer THEN n ELSE 0 END), 0) AS employers,
       COALESCE(SUM(CASE WHEN estimated AND head_office THEN n ELSE 0 END), 0) AS head_offices_estimated,
       COALESCE(SUM(CASE WHEN estimated THEN n ELSE 0 END), 0) AS establishments_estimated,
       COALESCE(SUM(CASE WHEN estimated AND is_employer THEN n ELSE 0 END), 0) AS employers_estimated,
       COALESCE(SUM(CASE WHEN diffusion = 'P' THEN n ELSE 0 END), 0) AS partial_diffusion,
       COALESCE(SUM(CASE WHEN headcount_unknown THEN n ELSE 0 END), 0) AS headcount_unknown,
       COALESCE(SUM(CASE WHEN born IS NULL THEN n ELSE 0 END), 0) AS birth_unknown,
       COALESCE(SUM(CASE WHEN NOT placed THEN n ELSE 0 END), 0) AS not_placed,
       COALESCE(SUM(n * jobs_low), 0) AS jobs_low,
       COALESCE(SUM(n * COALESCE(jobs_high, jobs_low)), 0) AS jobs_high,
       COALESCE(SUM(CASE WHEN jobs_high IS NULL AND jobs_low = 0 THEN n ELSE 0 END), 0) AS jobs_unknown,
       COALESCE(SUM(CASE WHEN jobs_high IS NULL AND jobs_low > 0 THEN n ELSE 0 END), 0) AS jobs_endless
FROM open_here
