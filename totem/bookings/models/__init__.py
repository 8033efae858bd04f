"""Bookings with their occupancy, cards, and how the team is told of requests."""

from totem.bookings.models.booking import (
    EARLY_ARRIVAL,
    LIVE,
    Booking,
    BookingQuerySet,
    Guard,
    Occupancy,
    Status,
)
from totem.bookings.models.cards import Card
from totem.bookings.models.requests import RequestFrequency, RequestNotification
from totem.core.codes import new_reference

__all__ = [
    "EARLY_ARRIVAL",
    "LIVE",
    "Booking",
    "BookingQuerySet",
    "Card",
    "Guard",
    "Occupancy",
    "RequestFrequency",
    "RequestNotification",
    "Status",
    "new_reference",
]
