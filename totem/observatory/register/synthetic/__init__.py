"""A made-up business register that looks like the published one: same files, columns, types, value forms and faults.

DuckDB draws every row from hashes of its number and the seed (`sql/`), so that a seed always gives the same bytes, and
any size streams through bounded memory. The proportions are those reported of the real files (38 % of establishments
open, 5.6 % open and employers, 24 % of partial diffusion, 95 % of `NN`...).

Nothing here is anybody's: names say that they are fictional, and below 2.9 million rows the SIREN begin with 28 or 29,
in the range that is kept for public bodies, so that no company can be taken for one of these.
`reference` has the real places and activities that it draws from, `targets` what a demonstration wants, `files` writes.
"""
