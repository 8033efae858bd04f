"""Signals of memberships, sent inside the transaction and under the hub's lock."""

from django.dispatch import Signal

# Sent when who has dues, an agreement or an admission of a hub changes, with `hub`, `person_ids` (those that it is
# about), `by` (an id, or None) and `now`.
holders_changed = Signal()

# Asked before an agreement takes a unit of a space, with `space`, `days` (`memberships.periods.Days`) and `now`, under
# the hub's lock. Receivers return the ids of the units that are taken on one of those days.
unit_days_asked = Signal()
