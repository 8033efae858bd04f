"""Signals of organisations that receivers in the rooms above answer."""

from django.dispatch import Signal

# Sent while somebody leaves an organisation, or is taken out, inside the transaction, with `affiliation` (ended
# already), `by`, `now` and `cancel`. Receivers make what the person booked for it their own, or with `cancel` cancel
# what still can be, and return the list of it (`core.pages.Affected`).
leaving = Signal()
