-- The communes that the place touches: those wholly in it, and those cut by its edge.
SELECT p.commune FROM place AS p
UNION ALL
SELECT e.commune FROM edge AS e
