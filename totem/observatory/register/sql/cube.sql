SELECT commune, code, code25, band, employer, born, closed, open, head_office, diffusion, form AS legal, estimated, placed,
       CAST(count(*) AS INTEGER) AS n
FROM chosen
GROUP BY ALL
ORDER BY commune, code
