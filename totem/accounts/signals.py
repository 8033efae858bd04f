"""Signals about people that receivers in the rooms above answer."""

from django.dispatch import Signal

# Before a person is erased, inside the transaction. Sent with `person` and `now`. A receiver anonymises its own rows
# or raises `totem.accounts.actions.ErasureRefused` with the reason that the person will read.
person_erasing = Signal()

# When a person exports their data. Sent with `person`; a receiver returns {"name": JSON-serialisable value}.
personal_data_requested = Signal()
