"""What one asks about bookings: what is free, the desk's day, and whose they are."""

from totem.bookings.queries.activity import BookingCounts, counts, first_booking_at, hours_by_weekday
from totem.bookings.queries.availability import (
    Slot,
    first_slots,
    free_counts,
    free_times,
    free_units,
    free_until,
    start_windows,
)
from totem.bookings.queries.desk import DeskDay, DeskRow, desk_day, desk_rows, list_of
from totem.bookings.queries.hub_people import people_known_to
from totem.bookings.queries.listing import NO_SHOW, BookingFilter, BookingTotals, booking_totals, bookings_of
from totem.bookings.queries.lookup import Identified, Matches, look_up
from totem.bookings.queries.nearby import Alternatives, alternatives
from totem.bookings.queries.outages import outages_by_booking
from totem.bookings.queries.people import (
    needing_membership,
    own_around,
    own_times,
    people_to_book_for,
    same_booking,
    to_remind,
)
from totem.bookings.queries.pools import units_free_in, units_free_over_time
from totem.bookings.queries.requests import request_frequency, told_of_each_request, waiting_requests

__all__ = [
    "NO_SHOW",
    "Alternatives",
    "BookingCounts",
    "BookingFilter",
    "BookingTotals",
    "DeskDay",
    "DeskRow",
    "Identified",
    "Matches",
    "Slot",
    "alternatives",
    "booking_totals",
    "bookings_of",
    "counts",
    "desk_day",
    "desk_rows",
    "first_booking_at",
    "first_slots",
    "free_counts",
    "free_times",
    "free_units",
    "free_until",
    "hours_by_weekday",
    "list_of",
    "look_up",
    "needing_membership",
    "outages_by_booking",
    "own_around",
    "own_times",
    "people_known_to",
    "people_to_book_for",
    "request_frequency",
    "same_booking",
    "start_windows",
    "to_remind",
    "told_of_each_request",
    "units_free_in",
    "units_free_over_time",
    "waiting_requests",
]
