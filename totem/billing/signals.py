"""Signals of billing."""

from django.dispatch import Signal

# Asked when the cash of a hub's drawer is computed, with `hub` and `since`, the id of the link of a chain (0: none).
# Receivers return the euros in cash, less those given back, that they keep in links after it: security deposits.
drawer_cash_asked = Signal()
