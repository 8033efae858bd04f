"""Facts that bookings announce to the rooms above. Each is sent inside the transaction, with `booking` and `now`."""

from django.dispatch import Signal

made = Signal()
confirmed = Signal()
refused = Signal()
moved = Signal()
cancelled = Signal()
checked_in = Signal()
