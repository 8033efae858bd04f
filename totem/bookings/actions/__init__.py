"""Writes of bookings, by what they are about."""

from totem.bookings.actions.answers import (
    WrongCodeError,
    approve,
    cancel,
    confirm_hold,
    confirm_with_code,
    expire_requests,
    refuse,
    send_code,
)
from totem.bookings.actions.booking import (
    AudienceError,
    Booker,
    Guest,
    SlotTakenError,
    book,
    move,
    release_expired_holds,
)
from totem.bookings.actions.cards import give_card
from totem.bookings.actions.desk import check_in, check_out, mark_absent, undo_check_in
from totem.bookings.actions.ending import change_end, undo_absent, undo_check_out
from totem.bookings.actions.leaving import leave_organisation
from totem.bookings.actions.notifications import choose_notifications
from totem.bookings.actions.paying import PriceChangedError
from totem.bookings.actions.privacy import anonymise_guests, anonymise_person, erase_clients
from totem.bookings.actions.receiving import receive
from totem.bookings.actions.state import WrongStateError
from totem.bookings.actions.time_zone import move_to_zone

__all__ = [
    "AudienceError",
    "Booker",
    "Guest",
    "PriceChangedError",
    "SlotTakenError",
    "WrongCodeError",
    "WrongStateError",
    "anonymise_guests",
    "anonymise_person",
    "approve",
    "book",
    "cancel",
    "change_end",
    "check_in",
    "check_out",
    "choose_notifications",
    "confirm_hold",
    "confirm_with_code",
    "erase_clients",
    "expire_requests",
    "give_card",
    "leave_organisation",
    "mark_absent",
    "move",
    "move_to_zone",
    "receive",
    "refuse",
    "release_expired_holds",
    "send_code",
    "undo_absent",
    "undo_check_in",
    "undo_check_out",
]
