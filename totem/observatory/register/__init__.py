"""The national business register, from the files as INSEE publishes them to the layout that answers.

`published` knows the files, `fetching` brings them, `sources` opens them, `reading` reads them, `layout` converts them
(`sql/`), `identifiers` leaves rows out, `plausibility` compares a stock with the last one, `importing` puts it in
service; `census` counts the whole country. `synthetic` makes such files up.
"""
