"""Facts about people that the rooms above answer to."""

from django.dispatch import Signal

# Before a person is erased, inside the transaction. Sent with `person` and `now`. A receiver puts away what is its own,
# or raises `totem.accounts.actions.ErasureRefused` with the reason the person will read.
person_erasing = Signal()

# When a person asks for their data. Sent with `person`; a receiver returns {"name": JSON-able value}.
personal_data_asked = Signal()
