"""Signals of billing, for the rooms that sell: deposits in the drawer, and what credit notes take back of passes."""

from django.dispatch import Signal

# Asked when the cash of a hub's drawer is computed, with `hub` and `since`, the id of the link of a chain (0: none).
# Receivers return the euros in cash, less those given back, that they keep in links after it: security deposits.
drawer_cash_asked = Signal()

# Asked where a draft of a credit note is shown before it is issued, with `draft`, which has lines and `about`.
# Receivers return the sentences, in a list, that say what else it takes back.
credit_shown = Signal()

# Sent before invoices are credited, or credit notes about them neutralised, with their ids `invoices` and before any of
# them is locked: receivers take their own locks, in the order of `core.locks`.
crediting = Signal()

# Sent in the same transaction once it is done, with `references` (that of the document, by the invoice's id), `by` and
# `now`.
credited = Signal()
