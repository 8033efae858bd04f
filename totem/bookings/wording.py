"""How bookings are written for people."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from totem.bookings.costs import spent_words
from totem.bookings.models import EARLY_ARRIVAL, Booking, Status
from totem.bookings.proposals import EndOption
from totem.bookings.queries import DeskRow
from totem.core import wording
from totem.core.periods import MINUTE
from totem.hubs.models import Membership
from totem.spaces.wording import outage_words


def outcome_words(booking: Booking) -> str:
    """The message after an action: what happened to the booking and what comes next."""
    if booking.status == Status.CONFIRMED:
        if not booking.email:
            return _("Booked. No mail is sent: no address was given.")
        return _("Booked. A confirmation is on its way to %(address)s.") % {"address": booking.email}
    if booking.status == Status.PENDING:
        return _("Requested. The team will answer at %(address)s; the space is kept for you meanwhile.") % {
            "address": booking.email
        }
    if booking.hold_expires_at is not None:
        zone = booking.space.hub.zone
        until = wording.day_words(booking.hold_expires_at, zone), wording.hour(booking.hold_expires_at, zone)
        return _("Option laid, until %(day)s at %(hour)s.") % {"day": until[0], "hour": until[1]}
    return ""


def moved_words(booking: Booking) -> str:
    """The message after a booking was moved."""
    when = wording.period(*booking.period, booking.space.hub.zone)
    if booking.status == Status.PENDING:
        return _("Moved: %(space)s, %(when)s. The team has to approve it again.") % {
            "space": booking.space.name,
            "when": when,
        }
    return _("Moved: %(space)s, %(when)s.") % {"space": booking.space.name, "when": when}


def end_words(option: EndOption, booking: Booking, now: datetime) -> str:
    """An end that a booking under way may have, with what it adds to the price."""
    when = _end_when(option.ends_at, booking.space.hub.zone, now)
    if option.ends_at <= now:
        return _("Now (the rest is free at once)")
    if option.ends_at == booking.ends_at:
        return _("%(when)s, as booked") % {"when": when}
    added = [wording.money(option.added)] if option.added else []
    added += [option.credits] if option.credits else []
    return _("%(when)s, %(price)s more") % {"when": when, "price": " + ".join(added)} if added else when


def _end_when(ends_at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """The hour; with its day where that is not today's, and midnight at the end of today."""
    today, last = now.astimezone(zone).date(), (ends_at - timedelta.resolution).astimezone(zone).date()
    is_midnight = ends_at.astimezone(zone).time() == time(0)
    hour = wording.midnight() if is_midnight else wording.hour(ends_at, zone)
    return hour if last == today else f"{wording.day_words(last, now=now)}, {hour}"


def end_changed_words(before: Booking, after: Booking) -> str:
    """The message after a booking under way was lengthened or shortened."""
    when = wording.period(*after.period, after.space.hub.zone)
    if after.ends_at == before.ends_at:
        return _("Nothing has changed.")
    if after.ends_at < before.ends_at:
        return _("Shortened: %(when)s. The rest is free for others.") % {"when": when}
    if after.price == before.price:
        return _("Lengthened: %(when)s.") % {"when": when}
    price = wording.money(after.price - before.price)
    return _("Lengthened: %(when)s. To pay at the desk: %(price)s more.") % {"when": when, "price": price}


def state_of(booking: Booking, now: datetime) -> str:
    """The state of a booking for the `badge` component."""
    if booking.hold_has_run_out(now) or booking.has_lapsed(now):
        return "expired"
    if booking.status != Status.CONFIRMED:
        return str(booking.status)
    if booking.no_show_at is not None:
        return "no_show"
    if booking.checked_out_at is not None or booking.ends_at <= now:
        return "finished"
    return "confirmed" if booking.checked_in_at is None else "arrived"


def refused_words(booking: Booking) -> str:
    """The message after a refusal: whether anybody is told."""
    words = {"who": booking.who, "space": booking.space.name}
    if not booking.email:
        return _("Refused: %(who)s, %(space)s. No mail is sent: no address was given.") % words
    return _("Refused: %(who)s, %(space)s. They are told by mail.") % words


# -- In the list of all bookings --------------------------------------------------------------------------------------


def listed_state(booking: Booking, now: datetime) -> str:
    """The state for the team, who also sees that nobody came."""
    state = state_of(booking, now)
    return "no_show" if state == "finished" and booking.checked_in_at is None else state


def listed_when(booking: Booking, zone: ZoneInfo) -> str:
    """The day and the hours of a booking."""
    return wording.period(*booking.period, zone)


def listed_meta(booking: Booking) -> str:
    """Space, quantity, organisation, purpose and price, on one line."""
    return _meta(booking, wording.money(booking.price))


def _meta(booking: Booking, price: str) -> str:
    count = ngettext("%(count)s place", "%(count)s places", booking.quantity) % {"count": booking.quantity}
    parts = [
        booking.space.name,
        count if booking.quantity > 1 else "",
        booking.organisation.name if booking.organisation else "",
        booking.purpose,
        spent_words(booking.credit_unit, booking.credits_spent) if booking.credits_spent else "",
        price if booking.price else "",
    ]
    return " · ".join(part for part in parts if part)


# -- At the front desk ------------------------------------------------------------------------------------------------


def desk_when(booking: Booking, zone: ZoneInfo, *, with_day: bool) -> str:
    """The hours of a booking of the day; with its day where the list holds several, or where it spans two."""
    first, last = booking.starts_at.astimezone(zone).date(), booking.ends_at.astimezone(zone).date()
    hours = wording.hours_range(*booking.period, zone)
    if (last - first).days > 1:
        return wording.period(*booking.period, zone)
    return f"{wording.day_words(booking.starts_at, zone)}, {hours}" if with_day else hours


def desk_meta(booking: Booking) -> str:
    """Space, quantity, organisation, purpose and what is to pay, on one line."""
    return _meta(booking, _("to pay: %(amount)s") % {"amount": wording.money(booking.price)})


def given_back_words(deed: str, booking: Booking, now: datetime) -> str:
    """After a departure, an absence or its undoing: from when on the place is not theirs; empty where it all is."""
    if booking.priced_until is None:
        return ""
    when = {"hour": wording.hour(booking.ends_at, booking.space.hub.zone)}
    if deed in {"check_out", "mark_absent"}:
        if booking.ends_at <= now:
            return _("The space is free.")
        return _("The space is free from %(hour)s on.") % when
    if deed in {"undo_check_out", "undo_absent"}:
        return _("It is theirs until %(hour)s only: what follows is booked, or was given back.") % when
    return ""


def desk_state(row: DeskRow, now: datetime) -> tuple[str, str]:
    """The state of a row for `badge`, and its word where it differs from the usual one."""
    booking = row.booking
    if row.outages:
        what = ", ".join(outage_words(outage) for outage in row.outages)
        return "out_of_order", _("Out of order: %(what)s") % {"what": what}
    if booking.hold_expires_at is not None:
        zone = booking.hub.zone
        until = f"{wording.day_words(booking.hold_expires_at, zone)} {wording.hour(booking.hold_expires_at, zone)}"
        return "held", _("Until %(when)s") % {"when": until}
    if booking.status != Status.CONFIRMED:
        return str(booking.status), ""
    if booking.checked_in_at is None:
        return _not_here(row, now)
    if row.is_late:
        return "arrived", _("Over since %(hour)s") % {"hour": wording.hour(booking.ends_at, booking.hub.zone)}
    return ("arrived" if booking.checked_out_at is None and booking.ends_at > now else "finished"), ""


def answer_words(bookings: Sequence[Booking], zone: ZoneInfo, now: datetime) -> tuple[str, str]:
    """Whether whoever stands at the desk is expected, for `notice`, and the sentence that says so or why not."""
    own = [booking for booking in bookings if booking.status == Status.CONFIRMED]
    for booking in own:
        if booking.checked_in_at is not None and booking.checked_out_at is None:
            return "good", _("Here since %(hour)s.") % {"hour": wording.hour(booking.checked_in_at, zone)}
    for booking in own:
        if booking.is_awaited and booking.ends_at > now:
            return _expected_words(booking, zone, now)
    if any(booking.status == Status.PENDING for booking in bookings):
        return "warn", _("Their request has no answer yet.")
    if any(booking.status == Status.HELD for booking in bookings):
        return "warn", _("An option is kept for them; it is not firm.")
    over = [booking for booking in own if booking.ends_at.astimezone(zone).date() == now.astimezone(zone).date()]
    if over:
        return "warn", _("What they had booked is over since %(hour)s.") % {
            "hour": wording.hour(over[-1].ends_at, zone)
        }
    return "warn", _("Nothing is booked today.")


def _expected_words(booking: Booking, zone: ZoneInfo, now: datetime) -> tuple[str, str]:
    words = {"space": booking.space.name, "when": wording.period(*booking.period, zone)}
    if booking.starts_at.astimezone(zone).date() > now.astimezone(zone).date():
        return "warn", _("Not today: %(space)s, %(when)s.") % words
    words["when"] = wording.hours_range(*booking.period, zone)
    if now < booking.starts_at - EARLY_ARRIVAL:
        return "warn", _("Early: expected in %(space)s, %(when)s.") % words
    return "good", _("Expected in %(space)s, %(when)s.") % words


def membership_words(membership: Membership | None, today: date) -> str:
    """Until when somebody is a member of the hub, or that they are none."""
    if membership is None:
        return _("none in this hub")
    if membership.ends_on is None:
        return _("in force, without an end")
    words = {"day": wording.date_with_year(membership.ends_on)}
    if membership.ends_on < today:
        return _("over since %(day)s") % words
    return _("valid until %(day)s") % words


def _not_here(row: DeskRow, now: datetime) -> tuple[str, str]:
    if row.booking.ends_at <= now or row.booking.no_show_at is not None:
        return "no_show", ""
    if row.is_late:
        minutes = max(1, (now - row.booking.starts_at) // MINUTE)
        return "pending", _("Late by %(length)s") % {"length": wording.minutes_words(minutes)}
    return "confirmed", ""
