"""The national business register, from the files as INSEE publishes them to the layout that answers.

`published` knows the files, `sources` fetches and opens them, `layout` converts them, `plausibility` compares a stock
with the last one, `importing` puts it in service.
"""
