"""Signals of bookings for the rooms above, sent inside the transaction with `booking` and `now`."""

from django.dispatch import Signal

made = Signal()
confirmed = Signal()
refused = Signal()
moved = Signal()
cancelled = Signal()
made_personal = Signal()  # it was for an organisation that its person has left
checked_in = Signal()
