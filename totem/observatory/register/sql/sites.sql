SELECT siret, siren, commune, code, code25, band, employer, born, head_office, diffusion, form AS legal, estimated, category,
       lon, lat
FROM chosen
WHERE open
ORDER BY commune, code, siret
