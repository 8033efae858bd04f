-- The current communes and their departments: a stock can be read by itself.
SELECT published AS commune, department FROM fold WHERE published = commune ORDER BY commune
