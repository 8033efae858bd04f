-- The open establishments among what is counted, with their headcount as an interval: bounds of the band, never a
-- midpoint. « NN » is a non-employer in the reference year: no job, unless it has declared itself an employer since,
-- which says at least nothing and at most nobody knows.
SELECT h.branch, h.commune, h.activity, h.band, h.born, h.head_office, h.diffusion, h.legal, h.estimated, h.placed, h.n,
       COALESCE(b.employs, FALSE) OR COALESCE(h.employer, FALSE) AS is_employer,
       h.band IS NULL OR (h.band = 'NN' AND COALESCE(h.employer, FALSE)) AS headcount_unknown,
       COALESCE(b.low, 0) AS jobs_low,
       CASE WHEN h.band = 'NN' AND COALESCE(h.employer, FALSE) THEN NULL ELSE b.high END AS jobs_high
FROM here AS h
LEFT JOIN bands AS b ON b.band = h.band
