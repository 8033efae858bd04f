-- In the communes cut by the edge of a drawn place, the sites found inside it are counted one by one.
SELECT a.branch, s.commune, s.activity, s.band, s.employer, s.born, s.head_office, s.diffusion,
       s.legal, s.estimated, TRUE, 1
FROM sites AS s
JOIN inside AS i ON i.siret = s.siret
JOIN activity AS a ON a.code = s.activity
